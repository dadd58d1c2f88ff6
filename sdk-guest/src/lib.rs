//! What connector authors depend on.
//!
//! A connector knows one target's API. It is a type that implements [`Connector`]: it names the listings to begin with,
//! and reads a listing page by page. Rows are pushed through the [`Page`] that it is given; requests go through a
//! [`Target`], which turns the target's answers into failures that an operator can act on. Credentials, retries, rates,
//! storage and policy are the host's.
//!
//! Everything that a connector does goes through the [`Host`], so the same code runs natively in `cargo test` against
//! scripted answers: see [`testing`].
//!
//! ```
//! use accord_sdk::{Check, Collection, Config, Connector, Failure, Host, Page, Request, Resource, Step, Target, UserTrait};
//! use accord_sdk::json::FromJson;
//!
//! /// A made-up directory of people.
//! struct People;
//!
//! #[derive(FromJson)]
//! struct Person {
//!     id: String,
//!     name: String,
//!     email: String,
//! }
//!
//! impl Target for People {
//!     const NAME: &'static str = "People";
//!     const CREDENTIAL: Option<&'static str> = Some("api");
//! }
//!
//! impl Connector for People {
//!     fn new(_: &Config) -> Result<Self, Failure> {
//!         Ok(People)
//!     }
//!
//!     fn validate(&self, host: &Host) -> Vec<Check> {
//!         let probe = Request::get("/people").query("limit", 1).permission("people.read");
//!         vec![Check::of("people.read", "people", self.fetch::<Vec<Person>>(host, &probe))]
//!     }
//!
//!     fn begin(&self, _: &Host) -> Result<Vec<Collection>, Failure> {
//!         Ok(vec![Collection::named("people")])
//!     }
//!
//!     fn read(&self, page: &mut Page<'_>) -> Result<Step, Failure> {
//!         let people: Vec<Person> = self.fetch(page, &Request::get("/people").permission("people.read"))?;
//!         page.holds(people.len(), None);
//!         for person in people {
//!             page.resource(Resource::new("person", person.id, person.name).with(UserTrait::human().email(person.email)))?;
//!         }
//!         Ok(Step::Done)
//!     }
//! }
//!
//! // Exports the connector and puts its manifest into the component:
//! // accord_sdk::connector!(People, "manifest.toml");
//!
//! let bench = accord_sdk::testing::Bench::<People>::new();
//! bench.on("GET", "/people", 200, r#"[{"id": "1", "name": "Maria Hall", "email": "maria.hall@example.com"}]"#);
//! let synced = bench.sync().expect("a complete sync");
//! assert_eq!(synced.resource("person", "1").display_name, "Maria Hall");
//! ```
#![deny(missing_docs)]

// The derived code names the crate as everybody else does.
extern crate self as accord_sdk;

mod arguments;
#[doc(hidden)]
pub mod bindings;
mod change;
mod check;
#[cfg(any(target_family = "wasm", test))]
mod compare;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
mod config;
mod connector;
mod failure;
mod host;
pub mod json;
mod log;
mod page;
pub mod paging;
mod plain;
mod request;
mod response;
mod rows;
mod target;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod time;
mod words;

pub use arguments::Arguments;
pub use change::{Change, Settled};
pub use config::Config;
pub use connector::Connector;
pub use host::Host;
pub use page::Page;
pub use request::Request;
pub use response::Response;
pub use rows::{IntoValue, entitlement_id};
pub use target::Target;

pub use types::{
    Check, CheckOutcome, Collection, Detail, Entitlement, Failure, Grant, GroupTrait, PermissionDetail, Purpose,
    Resource, ResourceId, RoleTrait, State, Step, Timestamp, UserTrait, Value,
};

/// Every record and variant of the interface, with the interface's own documentation. Failures and checks have a form of
/// their own here.
pub mod types {
    pub use crate::bindings::accord::connector::facts::SettledState;
    pub use crate::bindings::accord::connector::http::{Body, HttpError, Outcome};
    pub use crate::bindings::accord::connector::log::Level;
    pub use crate::bindings::accord::connector::secrets::{CharacterClass, PasswordRule};
    pub use crate::bindings::accord::connector::types::*;
    pub use crate::bindings::exports::accord::connector::provision::{
        AccountOutcome, AccountRequest, AccountState, ActionResult, ActionState, CredentialOption, DeleteOutcome,
        EntitlementKey, GrantOutcome, NewCredential, RevokeOutcome,
    };
    pub use crate::bindings::exports::accord::connector::sync::{Collection, Note, Step};
    pub use crate::check::{Check, CheckOutcome};
    pub use crate::failure::{Detail, Failure, PermissionDetail};
}

/// Exports a [`Connector`] as the component, and puts its manifest into the component.
///
/// The path is relative to the connector's `Cargo.toml`. The manifest stands in one custom section, `accord:manifest`,
/// which the host reads before it compiles anything; more than 64 KiB do not compile. Natively the macro only checks
/// that size, so that the crate can be tested.
#[macro_export]
macro_rules! connector {
    ($connector:ty, $manifest:literal) => {
        const _: () = {
            const MANIFEST: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $manifest));
            assert!(MANIFEST.len() <= 65_536, "the manifest is larger than 64 KiB");

            // In the section only: `#[used]` would put it into the component's memory besides.
            #[cfg(target_family = "wasm")]
            #[unsafe(link_section = "accord:manifest")]
            pub static SECTION: [u8; MANIFEST.len()] =
                *include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $manifest));

            #[cfg(target_family = "wasm")]
            type Exported = $crate::component::Component<$connector>;
            #[cfg(target_family = "wasm")]
    $crate::bindings::export_world!(Exported with_types_in $crate::bindings);
        };
    };
}
