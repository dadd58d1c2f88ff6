//! The connector "acme", which is nobody's: what each of its manifests has, and what a test adds.

use accord_runtime::configuration::{Given, Source};
use accord_runtime::manifest::Manifest;

const ACME: &str = r#"
[plugin]
id = "acme"
name = "Acme"
version = "1.0.0"
interface = "0.1"

[[resource-type]]
id = "thing"
name = "Thing"

[[collection]]
name = "things"
yields = ["thing"]
"#;

pub(crate) fn manifest(more: &str) -> Manifest {
    Manifest::parse(&format!("{ACME}{more}")).unwrap()
}

/// Fields as flags give them.
pub(crate) fn given<T: AsRef<str>>(fields: &[(&str, T)]) -> Vec<(String, Given)> {
    let given = |(name, text): &(&str, T)| {
        let name = (*name).to_owned();
        (name.clone(), Given::new(Source::Flag(name), text.as_ref()))
    };
    fields.iter().map(given).collect()
}
