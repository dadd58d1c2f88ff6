//! Whom a subject of a binding means. No request is made here: a principal name stays a name until the directory is asked.

use accord_sdk::json::{FromJson, Text};

use crate::situation::Situation;
use crate::text::lower;

/// A subject, as it is written.
#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Subject {
    pub(crate) kind: Text,
    pub(crate) api_group: Text,
    pub(crate) name: Text,
    pub(crate) namespace: Text,
}

/// What it means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    ServiceAccount {
        namespace: String,
        name: String,
    },
    /// An object of Entra, by its id in lower case.
    Person(String),
    Team(String),
    /// A principal name of Entra, as it is written.
    PrincipalName(String),
    KubeUser(String),
    KubeGroup(String),
    /// One of Kubernetes' own, which nobody wants to see here.
    Hidden,
    /// Nobody knows what it is; the text says what is wrong.
    Unknown(&'static str),
}

/// Subjects of Kubernetes' own that say something about people and programs outside of it.
static RELEVANT: [&str; 5] =
    ["system:masters", "system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts"];

const RBAC: &str = "rbac.authorization.k8s.io";

/// Longer ones are no principal names, and fit into no key of a fact.
const LONGEST_PRINCIPAL_NAME: usize = 256;

/// Longer ones are no ids of resources.
const LONGEST_NAME: usize = 900;

/// The binding that a subject stands in.
pub(crate) struct Context<'c> {
    pub(crate) situation: &'c Situation,
    /// The setting `system-subjects`.
    pub(crate) system_subjects: &'c str,
    pub(crate) namespace: Option<&'c str>,
    /// Kubernetes itself brings it.
    pub(crate) is_default: bool,
}

impl Subject {
    pub(crate) fn meaning(&self, context: &Context<'_>) -> Meaning {
        let name = &*self.name;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Meaning::Unknown("a subject's name is empty or too long");
        }
        let group = &*self.api_group;
        match &*self.kind {
            "ServiceAccount" if group.is_empty() => match self.namespace.given().or(context.namespace) {
                Some(namespace) => Meaning::ServiceAccount { namespace: namespace.into(), name: name.into() },
                None => Meaning::Unknown("a service account has no namespace"),
            },
            "User" if group.is_empty() || group == RBAC => user(name, context),
            "Group" if group.is_empty() || group == RBAC => {
                if is_hidden(name, context) {
                    Meaning::Hidden
                } else if context.situation.entra && is_uuid(name) {
                    Meaning::Team(lower(name))
                } else {
                    Meaning::KubeGroup(name.into())
                }
            }
            _ => Meaning::Unknown("a subject of an unknown kind"),
        }
    }
}

fn user(name: &str, context: &Context<'_>) -> Meaning {
    let account = name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    if let Some((namespace, name)) = account.filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty()) {
        return Meaning::ServiceAccount { namespace: namespace.into(), name: name.into() };
    }
    if is_hidden(name, context) {
        Meaning::Hidden
    } else if context.situation.entra && is_uuid(name) {
        Meaning::Person(lower(name))
    } else if context.situation.entra && name.contains('@') && name.len() <= LONGEST_PRINCIPAL_NAME {
        Meaning::PrincipalName(name.into())
    } else {
        Meaning::KubeUser(name.into())
    }
}

/// Names that begin with `system:` are Kubernetes' own; what only contains it is anybody's.
fn is_hidden(name: &str, context: &Context<'_>) -> bool {
    name.starts_with("system:")
        && match context.system_subjects {
            "all" => false,
            "none" => true,
            _ => context.is_default && !RELEVANT.contains(&name) && !name.starts_with("system:serviceaccounts:"),
        }
}

pub(crate) fn is_uuid(text: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

#[cfg(test)]
mod tests {
    use accord_sdk::json;

    use super::*;

    fn meaning(json: &str, entra: bool, namespace: Option<&str>, system_subjects: &str, is_default: bool) -> Meaning {
        let situation = Situation {
            entra,
            azure_rbac: false,
            credential: String::new(),
            graph: true,
            reach: crate::situation::Reach::default(),
        };
        let subject: Subject = json::read(json.as_bytes()).unwrap();
        subject.meaning(&Context { situation: &situation, system_subjects, namespace, is_default })
    }

    fn account(namespace: &str, name: &str) -> Meaning {
        Meaning::ServiceAccount { namespace: namespace.into(), name: name.into() }
    }

    #[test]
    fn subjects_mean_what_the_api_server_takes_them_for() {
        let uuid = "C3A1B2D4-0000-4ccc-8ddd-00000000b002";
        let lower = uuid.to_lowercase();
        for (kind, name, namespace, expected) in [
            ("ServiceAccount", "a", Some("n"), account("n", "a")),
            ("User", "system:serviceaccount:n:a", None, account("n", "a")),
            ("User", "system:serviceaccount:n", None, Meaning::KubeUser("system:serviceaccount:n".into())),
            ("User", uuid, None, Meaning::Person(lower.clone())),
            ("Group", uuid, Some("ignored"), Meaning::Team(lower)),
            ("User", "J@x.example", None, Meaning::PrincipalName("J@x.example".into())),
            ("Group", "j@x.example", None, Meaning::KubeGroup("j@x.example".into())),
            ("User", "clusterAdmin", None, Meaning::KubeUser("clusterAdmin".into())),
            ("Group", "ecosystem:dev", None, Meaning::KubeGroup("ecosystem:dev".into())),
            ("Robot", "r2", None, Meaning::Unknown("a subject of an unknown kind")),
            ("User", "", None, Meaning::Unknown("a subject's name is empty or too long")),
        ] {
            let namespace = namespace.map(|text| format!(r#","namespace":"{text}""#)).unwrap_or_default();
            let json = format!(r#"{{"kind":"{kind}","name":"{name}"{namespace}}}"#);
            assert_eq!(meaning(&json, true, None, "relevant", false), expected, "{json}");
        }
    }

    #[test]
    fn a_service_account_without_namespace_is_of_the_bindings() {
        let json = r#"{"kind":"ServiceAccount","name":"a"}"#;
        assert_eq!(meaning(json, true, Some("team"), "relevant", false), account("team", "a"));
        assert!(matches!(meaning(json, true, None, "relevant", false), Meaning::Unknown(_)));
    }

    #[test]
    fn without_entra_all_names_are_kubernetes_own() {
        for name in ["c3a1b2d4-0000-4ccc-8ddd-00000000b002", "jane@x.example"] {
            let json = format!(r#"{{"kind":"User","name":"{name}"}}"#);
            assert_eq!(meaning(&json, false, None, "relevant", false), Meaning::KubeUser(name.into()));
        }
    }

    #[test]
    fn the_api_group_counts() {
        let json = r#"{"kind":"Group","name":"a","apiGroup":"other.example.com"}"#;
        assert!(matches!(meaning(json, true, None, "all", false), Meaning::Unknown(_)));
    }

    #[test]
    fn subjects_of_kubernetes_own_are_shown_as_the_setting_says() {
        let node = r#"{"kind":"Group","name":"system:nodes"}"#;
        let masters = r#"{"kind":"Group","name":"system:masters"}"#;
        let hidden = |json: &str, setting: &str, is_default: bool| {
            meaning(json, true, None, setting, is_default) == Meaning::Hidden
        };
        assert!(hidden(node, "relevant", true) && !hidden(node, "relevant", false) && !hidden(node, "all", true));
        assert!(!hidden(masters, "relevant", true) && hidden(masters, "none", false));
        assert!(!hidden(r#"{"kind":"Group","name":"ecosystem:dev"}"#, "none", true));
        let accounts = r#"{"kind":"Group","name":"system:serviceaccounts:ci"}"#;
        assert!(!hidden(accounts, "relevant", true));
    }
}
