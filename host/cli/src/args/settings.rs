//! Every setting of the host: its flag, its environment variable, its default, and what it does, once.

/// A flag of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The flag without dashes, and the key in the file.
    pub(crate) name: &'static str,
    pub(crate) short: Option<char>,
    /// The environment variable; empty if there is none.
    pub(crate) environment: &'static str,
    pub(crate) kind: Kind,
    /// Empty if there is none.
    pub(crate) default: &'static str,
    pub(crate) hidden: bool,
    pub(crate) group: Group,
    pub(crate) help: &'static str,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One text, by this name in help.
    Text(&'static str),
    /// Several: repeated, or between commas.
    List(&'static str),
    /// Several: repeated only, since commas may be part of one.
    Repeated(&'static str),
    /// Nothing, or `=true` or `=false`.
    Switch,
    /// Nothing, which stands for the second text, or `=` and what the first one names.
    Optional(&'static str, &'static str),
}

/// Which commands have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// Every command.
    Everywhere,
    /// Commands that talk to a target.
    Target,
    /// `sync`.
    Sync,
    /// Commands that change a target.
    Change,
    /// Commands that may bring new credentials.
    Credentials,
    /// `grant` and `revoke`.
    Membership,
    /// `revoke`.
    Revocation,
    /// `account create`.
    Account,
    /// Commands that take fields by name.
    Fields,
    /// Commands about one resource, or one kind of them.
    Resource,
    /// `action run`.
    Action,
}

const BASE: Setting = Setting {
    name: "",
    short: None,
    environment: "",
    kind: Kind::Switch,
    default: "",
    hidden: false,
    group: Group::Sync,
    help: "",
};

/// All of them, in the order of `--help`.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "file",
        short: Some('f'),
        environment: "BATON_FILE",
        kind: Kind::Text("FILE"),
        default: "sync.c1z",
        help: "The sync file to write",
        ..BASE
    },
    Setting {
        name: "sync-resource-types",
        environment: "BATON_SYNC_RESOURCE_TYPES",
        kind: Kind::List("TYPES"),
        help: "Collect these resource types only",
        ..BASE
    },
    Setting {
        name: "sync-resources",
        environment: "BATON_SYNC_RESOURCES",
        kind: Kind::List("BATON-IDS"),
        help: "Collect these resources only, each given as bid:r:<type>/<id>",
        ..BASE
    },
    Setting {
        name: "skip-entitlements-and-grants",
        environment: "BATON_SKIP_ENTITLEMENTS_AND_GRANTS",
        help: "Collect resources only",
        ..BASE
    },
    Setting {
        name: "skip-grant-expansion",
        environment: "BATON_SKIP_GRANT_EXPANSION",
        help: "Leave access through groups unexpanded, for a reader that expands it",
        ..BASE
    },
    Setting {
        name: "allow-gaps",
        environment: "ACCORD_ALLOW_GAPS",
        kind: Kind::Optional("TYPES", "all"),
        help: "Finish with exit code 3 where these resource types (or all) may not be read; the file names the gaps",
        ..BASE
    },
    Setting {
        name: "wait",
        environment: "ACCORD_WAIT",
        kind: Kind::Optional("DURATION", "true"),
        help: "Wait while another run writes the file, as long as it takes or, as in --wait=10m, at most so long",
        ..BASE
    },
    Setting {
        name: "workers",
        environment: "BATON_WORKERS",
        kind: Kind::Text("NUMBER"),
        default: "4",
        help: "Listings read at a time; 0 is one, -1 is one for each processor",
        ..BASE
    },
    Setting {
        name: "report",
        environment: "ACCORD_REPORT",
        kind: Kind::Text("FILE"),
        help: "Write what happened as JSON to this file",
        ..BASE
    },
    Setting {
        name: "record",
        environment: "ACCORD_RECORD",
        kind: Kind::Text("FOLDER"),
        help: "Keep every request and response on a tape in this new folder; no secret is on it, the target's data is",
        ..BASE
    },
    Setting {
        name: "replay",
        environment: "ACCORD_REPLAY",
        kind: Kind::Text("FOLDER"),
        help: "Answer from a tape instead of the network; the configuration comes from the tape",
        ..BASE
    },
    Setting {
        name: "indexes",
        environment: "ACCORD_INDEXES",
        kind: Kind::Text("WHICH"),
        default: "all",
        help: "Indexes in the file: all, or none for a smaller file that readers take longer with",
        ..BASE
    },
    Setting {
        name: "file-profile",
        environment: "ACCORD_FILE_PROFILE",
        kind: Kind::Text("WHICH"),
        default: "current",
        help: "Columns of the file: current, or compat-0.7 for viewers of SDK 0.7 that export it",
        ..BASE
    },
    Setting {
        name: "c1z-temp-dir",
        environment: "BATON_C1Z_TEMP_DIR",
        kind: Kind::Text("FOLDER"),
        help: "The folder for the work file, instead of the target's [env: BATON_TMPDIR too]",
        ..BASE
    },
    Setting {
        name: "secret",
        kind: Kind::Repeated("NAME=file:PATH|env:VARIABLE"),
        group: Group::Target,
        help: "Take a secret field from a file or another variable",
        ..BASE
    },
    Setting {
        name: "ca-cert",
        environment: "ACCORD_CA_CERT",
        kind: Kind::Repeated("FILE"),
        group: Group::Target,
        help: "Trust the certificates in this PEM file too",
        ..BASE
    },
    Setting {
        name: "allow-address",
        environment: "ACCORD_ALLOW_ADDRESS",
        kind: Kind::List("CIDR"),
        group: Group::Target,
        help: "Let the connector reach these private or loopback addresses",
        ..BASE
    },
    Setting {
        name: "resolve",
        environment: "ACCORD_RESOLVE",
        kind: Kind::List("HOST:PORT=ADDRESS:PORT"),
        group: Group::Target,
        help: "Connect elsewhere for a host; certificate, policy and signature keep its name",
        ..BASE
    },
    Setting {
        name: "rate",
        environment: "ACCORD_RATE",
        kind: Kind::Text("NUMBER/UNIT"),
        group: Group::Target,
        help: "Ask the target at most so often in any such while, as 10/s, 60/min or 600/h; the connector's own rate then no longer counts",
        ..BASE
    },
    Setting {
        name: "deadline",
        environment: "ACCORD_DEADLINE",
        kind: Kind::Text("DURATION"),
        group: Group::Target,
        help: "Give up after this long, as 30s, 15m or 2h; what was read is kept for the next run",
        ..BASE
    },
    Setting {
        name: "offline-limit",
        environment: "ACCORD_OFFLINE_LIMIT",
        kind: Kind::Text("DURATION"),
        group: Group::Target,
        help: "Give up once the target has been out of reach for this long",
        ..BASE
    },
    Setting {
        name: "request-timeout",
        environment: "ACCORD_REQUEST_TIMEOUT",
        kind: Kind::Text("DURATION"),
        group: Group::Target,
        help: "Give up a try of a request after this long, its answer included [default: the connector's, or 1m]",
        ..BASE
    },
    Setting {
        name: "tolerate-skew",
        environment: "ACCORD_TOLERATE_SKEW",
        group: Group::Target,
        help: "Sign requests by the target's clock where this machine's is off; times in the file stay on this machine's",
        ..BASE
    },
    Setting {
        name: "until-done",
        group: Group::Action,
        help: "Ask every second how far the action is, and end when it has ended",
        ..BASE
    },
    Setting {
        name: "entitlement",
        kind: Kind::Text("ENTITLEMENT"),
        group: Group::Membership,
        help: "What is held: an id such as group:DG1:member, or with --file a name",
        ..BASE
    },
    Setting {
        name: "principal",
        kind: Kind::Text("PRINCIPAL"),
        group: Group::Membership,
        help: "Who holds it: the resource's id, or with --file its name, login or e-mail address",
        ..BASE
    },
    Setting {
        name: "principal-type",
        kind: Kind::Text("TYPE"),
        group: Group::Membership,
        help: "The principal's resource type, such as user",
        ..BASE
    },
    Setting {
        name: "grant",
        kind: Kind::Text("GRANT"),
        group: Group::Revocation,
        help: "The id of a grant, in place of entitlement and principal",
        ..BASE
    },
    Setting {
        name: "account-login",
        kind: Kind::Text("LOGIN"),
        group: Group::Account,
        help: "The new account's login",
        ..BASE
    },
    Setting {
        name: "account-email",
        kind: Kind::Text("ADDRESS"),
        group: Group::Account,
        help: "The new account's e-mail address",
        ..BASE
    },
    Setting {
        name: "new-password",
        kind: Kind::Text("none|random[:LENGTH]|sso"),
        group: Group::Account,
        help: "How the new account logs in [default: what the connector prefers]",
        ..BASE
    },
    Setting {
        name: "set",
        kind: Kind::Repeated("NAME=VALUE"),
        group: Group::Fields,
        help: "A field of the new account, or an argument of the action",
        ..BASE
    },
    Setting {
        name: "values",
        kind: Kind::Text("JSON"),
        group: Group::Fields,
        help: "Several of them, as a JSON object",
        ..BASE
    },
    Setting {
        name: "resource-type",
        kind: Kind::Text("TYPE"),
        group: Group::Resource,
        help: "The resource type that is meant",
        ..BASE
    },
    Setting {
        name: "provisioning",
        short: Some('p'),
        environment: "BATON_PROVISIONING",
        group: Group::Change,
        help: "Whether the target may be changed; naming a change is leave enough, and false forbids it",
        ..BASE
    },
    Setting {
        name: "dry-run",
        group: Group::Change,
        help: "Print the requests that would change the target, secrets by name, and send none of them; what only reads is sent",
        ..BASE
    },
    Setting {
        name: "encrypt-to",
        kind: Kind::Repeated("RECIPIENT"),
        group: Group::Credentials,
        help: "Encrypt new credentials to this age recipient (age1…), or to the public key in this JWK file",
        ..BASE
    },
    Setting { name: "show-credentials", group: Group::Credentials, help: "Print new credentials as they are", ..BASE },
    Setting {
        name: "plugins",
        environment: "ACCORD_PLUGINS",
        kind: Kind::Text("FOLDER"),
        group: Group::Everywhere,
        help: "Look for plugins in this folder first [the variable takes several, separated by colons]",
        ..BASE
    },
    Setting {
        name: "output",
        environment: "ACCORD_OUTPUT",
        kind: Kind::Text("FORMAT"),
        default: "text",
        group: Group::Everywhere,
        help: "How results are printed: text or json; `plugin inspect` prints markdown too, tables for a README",
        ..BASE
    },
    Setting {
        name: "log-level",
        environment: "BATON_LOG_LEVEL",
        kind: Kind::Text("LEVEL"),
        default: "info",
        group: Group::Everywhere,
        help: "debug, info, warn or error",
        ..BASE
    },
    Setting {
        name: "log-format",
        environment: "BATON_LOG_FORMAT",
        kind: Kind::Text("FORMAT"),
        group: Group::Everywhere,
        help: "json or console [default: console on a terminal, else json]",
        ..BASE
    },
    Setting {
        name: "log-path",
        environment: "BATON_LOG_PATH",
        kind: Kind::List("FILE"),
        group: Group::Everywhere,
        help: "Log to this file instead of standard error",
        ..BASE
    },
];

impl Setting {
    /// The one of this name. Every name that the program asks for is in the table, which a test proves.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// The flag and its variable, as messages name them.
    pub(crate) fn sources(&self) -> String {
        sources(self.name, self.environment)
    }
}

/// A flag and its variable, as messages name them.
pub(crate) fn sources(name: &str, environment: &str) -> String {
    if environment.is_empty() { format!("--{name}") } else { format!("--{name} / {environment}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_and_variables_are_unique() {
        let names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
        let variables: Vec<_> =
            SETTINGS.iter().map(|setting| setting.environment).filter(|name| !name.is_empty()).collect();
        assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
    }
}
