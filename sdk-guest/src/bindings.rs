//! The interface of `wit/connector-0.1.0` as `wit-bindgen` writes it in Rust. The rest of the crate gives these types
//! their constructors and helpers; connectors reach them through [`crate::types`].

wit_bindgen::generate!({
    path: "../wit/connector-0.1.0",
    world: "connector",
    pub_export_macro: true,
    export_macro_name: "export_world",
    default_bindings_module: "accord_sdk::bindings",
    additional_derives: [PartialEq],
});
