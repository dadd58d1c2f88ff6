//! The interface `accord:connector@0.1.0` as Rust types, generated from `wit/`.
//!
//! Only `convert` and `capabilities` see these: everything below works with the types of `accord-c1z` and `http`, so
//! that a later interface version adds a module here and changes nothing else.

wasmtime::component::bindgen!({
    path: "../../wit/connector-0.1.0",
    world: "connector",
    imports: {
        "accord:connector/http@0.1.0.send": async | trappable,
        "accord:connector/http@0.1.0.send-all": async | trappable,
        "accord:connector/facts@0.1.0.get-many": async | trappable,
        "accord:connector/facts@0.1.0.scan": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});
