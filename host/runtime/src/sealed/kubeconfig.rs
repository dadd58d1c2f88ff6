//! The kubeconfig, as `kubectl` reads it: which server, whom to trust, and with what to come.
//!
//! What is needed is picked out by name. Programs that a kubeconfig wants to be run are never run: of the known one, its
//! arguments tell for which application a token is wanted. Switches that weaken TLS, send the traffic elsewhere, or act in
//! somebody else's name end it.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::yaml::Node;
use super::{Opened, SealError, from_base64};

/// The credential plugin whose arguments are understood, as a path ends.
const KUBELOGIN: [&str; 2] = ["kubelogin", "kubelogin.exe"];

/// Its arguments that are no secrets, and the facts they are shown as.
const ARGUMENTS: [(&str, &str); 4] = [
    ("--server-id", "server-id"),
    ("--tenant-id", "tenant-id"),
    ("--environment", "environment"),
    ("--login", "login"),
];

/// The same in the older form, `auth-provider`.
const PROVIDER: [(&str, &str); 3] =
    [("apiserver-id", "server-id"), ("tenant-id", "tenant-id"), ("environment", "environment")];

pub(super) fn open(text: &str) -> Result<Opened, SealError> {
    let config = Node::parse(text)?;
    if config.text("kind") != Some("Config") {
        return Err(SealError::unreadable("is no kubeconfig"));
    }
    let context = chosen(&config, "contexts", "context", config.text("current-context"))?;
    let (_, context) = context.ok_or_else(|| SealError::unreadable("has no context"))?;
    let cluster = chosen(&config, "clusters", "cluster", context.text("cluster"))?;
    let (cluster_name, cluster) = cluster.ok_or_else(|| SealError::unreadable("names no cluster"))?;
    let user = chosen(&config, "users", "user", context.text("user"))?;
    let (user_name, user) = user.ok_or_else(|| SealError::unreadable("names no user"))?;

    let server = server(cluster)?;
    let authorities = cluster.text("certificate-authority-data").map(pem).transpose()?;
    let identity = identity(user)?;
    let token = user.text("token").map(|token| Zeroizing::new(token.to_owned()));
    if token.as_ref().is_some_and(|token| token.len() < crate::secrets::MIN_BYTES) {
        return Err(SealError::unreadable("has a token that is too short to be one"));
    }
    let facts = facts(user)?;

    let mut document = Map::new();
    document.insert("server".to_owned(), json!(server));
    document.insert("cluster".to_owned(), json!(cluster_name));
    document.insert("user".to_owned(), json!(user_name));
    document.insert("token".to_owned(), json!(token.is_some()));
    document.insert("client-certificate".to_owned(), json!(identity.is_some()));
    document.extend(facts.iter().map(|(name, text)| ((*name).to_owned(), json!(text))));
    Ok(Opened {
        server,
        authorities,
        identity,
        others: others(&config, token.as_ref().map(|token| token.as_str())),
        token,
        facts: facts.into_iter().filter(|(name, _)| *name == "server-id").collect(),
        document: Value::Object(document),
    })
}

/// The entry of this name in a list of named ones, or the first where no name is given.
fn chosen<'n>(
    config: &'n Node,
    list: &str,
    key: &str,
    name: Option<&str>,
) -> Result<Option<(&'n str, &'n Node)>, SealError> {
    let items = config.items(list);
    let item = match name.filter(|name| !name.is_empty()) {
        Some(name) => items.iter().find(|item| item.text("name") == Some(name)),
        None => items.first(),
    };
    let Some(item) = item else { return Ok(None) };
    // An entry may be empty: a user without anything to come with.
    let inner = item.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node);
    let inner = inner.ok_or_else(|| SealError::unreadable(format!("has an entry in `{list}` without `{key}`")))?;
    Ok(Some((item.text("name").unwrap_or_default(), inner)))
}

fn server(cluster: &Node) -> Result<String, SealError> {
    for (name, node) in cluster.entries() {
        let set = !matches!(node, Node::Null) && node.as_text() != Some("");
        match name.to_ascii_lowercase().as_str() {
            "insecure-skip-tls-verify" if node.as_text().is_none_or(|text| text != "false") && set => {
                return Err(SealError::refused("switches the check of the server's certificate off"));
            }
            "proxy-url" if set => return Err(SealError::refused("sends its traffic through a proxy of its own")),
            "tls-server-name" if set => {
                return Err(SealError::refused("wants another name in the server's certificate"));
            }
            "certificate-authority" if set => {
                return Err(SealError::refused("names a certificate file of this machine"));
            }
            _ => {}
        }
    }
    let server = cluster.text("server").ok_or_else(|| SealError::unreadable("names no server"))?;
    Ok(server.to_owned())
}

/// The client certificate and its key; one without the other is neither.
fn identity(user: &Node) -> Result<Option<(String, Zeroizing<String>)>, SealError> {
    for name in ["client-certificate", "client-key", "tokenFile", "token-file"] {
        if user.get(name).is_some() {
            return Err(SealError::refused(format!("names a file of this machine (`{name}`)")));
        }
    }
    if ["as", "as-uid", "as-groups", "as-user-extra"].iter().any(|name| user.get(name).is_some()) {
        return Err(SealError::refused("acts in somebody else's name"));
    }
    let part = |name: &str| user.text(name).map(from_base64).transpose();
    match (part("client-certificate-data")?, part("client-key-data")?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some((certificate.to_string(), key))),
        _ => Err(SealError::unreadable("has a client certificate without its key, or a key without its certificate")),
    }
}

/// What the known ways to fetch a token tell.
fn facts(user: &Node) -> Result<Vec<(&'static str, String)>, SealError> {
    let mut facts = Vec::new();
    if let Some(exec) = user.get("exec") {
        let command = exec.text("command").unwrap_or_default();
        let program = command.rsplit(['/', '\\']).next().unwrap_or_default();
        if !KUBELOGIN.contains(&program) {
            return Err(SealError::refused("wants a program to be run for its token, and it is not kubelogin"));
        }
        let arguments: Vec<&str> = exec.items("args").iter().filter_map(Node::as_text).collect();
        for (flag, fact) in ARGUMENTS {
            facts.extend(argument(&arguments, flag).map(|value| (fact, value.to_owned())));
        }
    }
    if let Some(provider) = user.get("auth-provider").filter(|provider| provider.text("name") == Some("azure"))
        && let Some(config) = provider.get("config")
    {
        for (key, fact) in PROVIDER {
            facts.extend(config.text(key).map(|value| (fact, value.to_owned())));
        }
    }
    // They are put into requests and shown to people: an application's id is letters, digits and dashes.
    let harmless =
        |text: &str| text.len() <= 200 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if facts.iter().any(|(_, text)| !harmless(text)) {
        return Err(SealError::unreadable("has an argument with characters that do not belong there"));
    }
    Ok(facts)
}

/// The value of `--flag value` or `--flag=value`.
fn argument<'a>(arguments: &[&'a str], flag: &str) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(at, argument)| {
        let rest = argument.strip_prefix(flag)?;
        if rest.is_empty() { arguments.get(at + 1).copied() } else { rest.strip_prefix('=') }
    })
}

/// What is in a user's entry and on no list of harmless things, whoever the user is. The token has a name of its own.
fn others(config: &Node, token: Option<&str>) -> Vec<Zeroizing<String>> {
    /// Texts of a user's entry that say how, not with what.
    const HARMLESS: [&str; 5] = ["apiVersion", "command", "installHint", "interactiveMode", "provideClusterInfo"];
    let (mut found, mut certain): (Vec<&str>, Vec<&str>) = Default::default();
    for user in config.items("users").iter().filter_map(|item| item.get("user")) {
        for (name, node) in user.entries() {
            match name.as_str() {
                "exec" => {
                    for (_, node) in node.entries().iter().filter(|(name, _)| !HARMLESS.contains(&name.as_str())) {
                        node.texts(&mut found);
                    }
                }
                "auth-provider" => {
                    for (_, node) in node.get("config").map(Node::entries).unwrap_or_default() {
                        node.texts(&mut found);
                    }
                }
                // No secrets: a certificate is shown to everybody, and a name is none.
                "client-certificate-data" | "username" => {}
                _ => node.texts(&mut certain),
            }
        }
    }
    found.retain(|text| is_secretive(text));
    certain.retain(|text| text.len() >= crate::secrets::MIN_BYTES);
    found.extend(certain);
    found.retain(|text| Some(*text) != token);
    found.into_iter().map(|text| Zeroizing::new(text.to_owned())).collect()
}

/// Whether an argument may be a key: what is short, a word, a URL, or an application's id is none.
fn is_secretive(text: &str) -> bool {
    let uuid = text.len() == 36 && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let word = text.chars().all(|c| c.is_ascii_alphabetic() || "-.:/".contains(c)) && text.len() < 40;
    text.len() >= 16 && !uuid && !word
}

/// PEM text in base64.
fn pem(encoded: &str) -> Result<String, SealError> {
    let text = from_base64(encoded)?;
    match crate::http::certificates_in(text.as_bytes()) {
        Ok(found) if !found.is_empty() => Ok(text.to_string()),
        _ => Err(SealError::unreadable("has a certificate authority that is no certificate")),
    }
}
