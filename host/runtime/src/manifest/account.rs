//! What provisioning beyond grants needs to know: the fields of a new account, and the actions a connector offers.

/// How accounts are created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The id of the resource type that a new account has.
    pub resource_type: String,
    pub fields: Vec<Argument>,
    /// The first one is preferred.
    pub credentials: Vec<AccountCredential>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountCredential {
    NoPassword,
    RandomPassword,
    Sso,
}

/// Something that the connector can be asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub name: String,
    pub display_name: String,
    pub description: String,
    /// Where it belongs to one resource type rather than to the connector.
    pub resource_type: Option<String>,
    /// What kind of action it is in the field's terms: `account-enable`.
    pub types: Vec<String>,
    pub arguments: Vec<Argument>,
    pub returns: Vec<Argument>,
}

/// One field of an account's schema, or of what an action takes or gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub name: String,
    pub kind: ArgumentKind,
    pub required: bool,
    pub default: Option<String>,
    pub display_name: String,
    pub help: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentKind {
    Text,
    Bool,
    Int,
    List,
    /// Text in the field's terms, and the id of a resource of one of these types in truth.
    Id(Vec<String>),
    /// A resource of one of these types.
    Resource(Vec<String>),
}
