//! What a role allows: its rules in few words, and the powers that matter in a review.

use accord_sdk::Resource;
use accord_sdk::json::{FromJson, List, Text};

#[derive(FromJson, Default)]
#[json(default, rename_all = "camelCase")]
pub(crate) struct Rule {
    verbs: List<Text>,
    api_groups: List<Text>,
    resources: List<Text>,
    resource_names: List<Text>,
    #[json(rename = "nonResourceURLs")]
    non_resource_urls: List<Text>,
}

/// As much as a profile shows.
const SHOWN_RULES: usize = 50;
const SHOWN_BYTES: usize = 8 << 10;

impl Rule {
    fn has(list: &[Text], name: &str) -> bool {
        list.iter().any(|item| &**item == name || &**item == "*")
    }

    /// Whether it allows one of the verbs on one of the resources, of any API group that has them.
    fn allows(&self, verbs: &[&str], resources: &[&str]) -> bool {
        verbs.iter().any(|verb| Self::has(&self.verbs, verb)) && resources.iter().any(|name| self.is_about(name))
    }

    fn is_about(&self, resource: &str) -> bool {
        let subresource = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
        Self::has(&self.resources, resource)
            || subresource.is_some_and(|wild| self.resources.iter().any(|item| **item == *wild))
    }

    fn only_reads(&self) -> bool {
        self.verbs.iter().all(|verb| matches!(&**verb, "get" | "list" | "watch"))
    }

    fn text(&self) -> String {
        let about = if self.non_resource_urls.is_empty() { &self.resources } else { &self.non_resource_urls };
        let (groups, names) = (joined(&self.api_groups), joined(&self.resource_names));
        let mut text = [&joined(&self.verbs), " ", &joined(about)].concat();
        for (word, list) in [(" in ", groups), (" named ", names)] {
            if !list.is_empty() {
                text += word;
                text += &list;
            }
        }
        text
    }
}

/// Those that are not empty.
fn joined(list: &[Text]) -> String {
    list.iter().map(|item| &**item).filter(|item| !item.is_empty()).collect::<Vec<_>>().join(",")
}

/// The powers of a role, each with what it means for whoever holds it.
pub(crate) fn powers(rules: &[Rule]) -> Vec<(&'static str, &'static str)> {
    let any = |verbs: &[&str], resources: &[&str]| rules.iter().any(|rule| rule.allows(verbs, resources));
    let read = &["get", "list", "watch"];
    let roles = &["roles", "clusterroles"];
    let bindings = &["rolebindings", "clusterrolebindings"];
    let workloads = &["pods", "deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs"];
    let impersonates = rules.iter().any(|rule| Rule::has(&rule.verbs, "impersonate") && !rule.resources.is_empty());
    let wildcard = rules.iter().any(|rule| {
        let star = |list: &[Text]| list.iter().any(|item| &**item == "*");
        star(&rule.verbs) && star(&rule.resources)
    });
    let found = [
        (wildcard, "wildcard", "does everything"),
        (any(read, &["secrets"]), "reads_secrets", "reads secrets"),
        (
            any(&["create", "get"], &["pods/exec", "pods/attach", "nodes/proxy"]),
            "can_exec",
            "runs commands in containers",
        ),
        (
            any(&["escalate", "bind"], roles) || impersonates || any(&["create", "patch", "update"], bindings),
            "can_escalate",
            "can give itself more",
        ),
        (any(&["create", "patch", "update"], workloads), "creates_workloads", "starts workloads"),
        (any(&["create"], &["serviceaccounts/token"]), "mints_tokens", "makes tokens of service accounts"),
        (!rules.is_empty() && rules.iter().all(Rule::only_reads), "read_only", "only reads"),
    ];
    found.iter().filter(|(has, _, _)| *has).map(|&(_, flag, words)| (flag, words)).collect()
}

/// Tells of a role what it allows.
pub(crate) fn describe(rules: &[Rule], mut resource: Resource) -> Resource {
    let mut shown: Vec<String> = Vec::new();
    let mut bytes = 0;
    for rule in rules.iter().take(SHOWN_RULES) {
        let text = rule.text();
        bytes += text.len();
        if bytes > SHOWN_BYTES {
            break;
        }
        shown.push(text);
    }
    if shown.len() < rules.len() {
        shown.push(format!("… {} more", rules.len() - shown.len()));
    }
    let powers = powers(rules);
    for (flag, _) in &powers {
        resource = resource.profile(flag, true);
    }
    let words: Vec<&str> = powers.iter().map(|(_, words)| *words).collect();
    resource.profile("rules", shown).profile("rule_count", rules.len()).description(words.join(", "))
}

#[cfg(test)]
mod tests {
    use accord_sdk::json;

    use super::*;

    fn flags(rules: &str) -> Vec<&'static str> {
        let rules: Vec<Rule> = json::read(rules.as_bytes()).unwrap();
        powers(&rules).into_iter().map(|(flag, _)| flag).collect()
    }

    #[test]
    fn powers_follow_from_rules() {
        for (rules, expected) in [
            ("[]", vec![]),
            (r#"[{"verbs":["get","list"],"resources":["pods"]}]"#, vec!["read_only"]),
            (r#"[{"verbs":["get"],"resources":["secrets"]}]"#, vec!["reads_secrets", "read_only"]),
            (r#"[{"verbs":["create"],"resources":["pods/exec"]}]"#, vec!["can_exec"]),
            (r#"[{"verbs":["create"],"resources":["*/exec"]}]"#, vec!["can_exec"]),
            (r#"[{"verbs":["bind"],"resources":["clusterroles"]}]"#, vec!["can_escalate"]),
            (r#"[{"verbs":["impersonate"],"resources":["users"]}]"#, vec!["can_escalate"]),
            (r#"[{"verbs":["patch"],"resources":["rolebindings"]}]"#, vec!["can_escalate"]),
            (r#"[{"verbs":["create"],"resources":["serviceaccounts/token"]}]"#, vec!["mints_tokens"]),
            (r#"[{"verbs":["update"],"resources":["deployments"]}]"#, vec!["creates_workloads"]),
            (
                r#"[{"verbs":["*"],"resources":["*"]}]"#,
                vec!["wildcard", "reads_secrets", "can_exec", "can_escalate", "creates_workloads", "mints_tokens"],
            ),
        ] {
            assert_eq!(flags(rules), expected, "{rules}");
        }
    }

    #[test]
    fn long_rules_are_cut_and_say_so() {
        let rule = r#"{"verbs":["get"],"resources":["pods"],"apiGroups":["","apps"],"resourceNames":["x"]}"#;
        let rules: Vec<Rule> = json::read(format!("[{}]", vec![rule; 60].join(",")).as_bytes()).unwrap();
        let resource = describe(&rules, Resource::new("role", "a/b", "b"));
        let shown = format!("{:?}", resource.profile);
        assert!(shown.contains("get pods in apps named x") && shown.contains("… 10 more"), "{shown}");
    }
}
