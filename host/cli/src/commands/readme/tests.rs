//! Blocks of small manifests, word for word.

use super::*;

/// The content of one block for a manifest with these tables.
#[track_caller]
fn told(name: &str, tables: &str) -> String {
    let plugin = "[plugin]\nid = \"acme\"\nname = \"Acme\"\nversion = \"1.0.0\"\ninterface = \"0.1\"\n";
    let collected = if tables.contains("[[collection]]") { "" } else { LEAST };
    let text = format!("{plugin}{tables}{collected}");
    let manifest = Manifest::parse(&text).unwrap_or_else(|faults| panic!("{faults:?}"));
    let all = self::tables(&manifest);
    let (_, rest) = all.split_once(&format!("<!-- manifest: {name} -->\n\n")).unwrap();
    rest.split_once("\n<!-- end -->\n").unwrap().0.to_owned()
}

/// A manifest collects something.
const LEAST: &str = r#"
    [[resource-type]]
    id = "thing"
    name = "Thing"
    [[collection]]
    name = "things"
    yields = ["thing"]
"#;

const COLLECTED: &str = r#"
    [[config]]
    name = "sync-keys"
    kind = "bool"
    [[resource-type]]
    id = "team"
    name = "Team"
    traits = ["group"]
    provisions = true
    permissions = ["teams_read", "teams_write"]
    [[resource-type]]
    id = "key"
    name = "Key"
    description = "Opens | everything."
    opt-in = "sync-keys"
    [[collection]]
    name = "teams"
    yields = ["team"]
    permission = "Teams Read"
    [[collection]]
    name = "members"
    yields = ["team"]
    after = ["teams"]
    permission = "Teams Read"
    forbidden = "gap"
    [[collection]]
    name = "visitors"
    yields = ["team"]
    permission = "Teams Read"
    forbidden = "gap"
    [[collection]]
    name = "keys"
    yields = ["key"]
    permission = "Keys | All"
    forbidden = "accept"
    [[collection]]
    name = "photos"
    yields = ["team", "key"]
    permission = "Photos"
    forbidden = "degrade"
"#;

#[test]
fn fields_have_their_variables_kinds_and_defaults() {
    let text = told(
        "configuration",
        r#"
        [[config]]
        name = "site"
        kind = "choice"
        default = "eu"
        help = "where | you are"
        [[config.option]]
        value = "eu"
        name = "Europe"
        [[config.option]]
        value = "us"
        [[config]]
        name = "token"
        kind = "secret"
        required = true
        aliases = ["api-token"]
        display-name = "Token"
        [[config]]
        name = "page-size"
        kind = "int"
        min = 1
        max = 1000
        default = 200
        [[config]]
        name = "verbose"
        kind = "bool"
        [[config]]
        name = "inner"
        kind = "text"
        hidden = true
        [[constraint]]
        kind = "dependent-on"
        fields = ["verbose"]
        on = ["token"]
        help = "it asks more"
        "#,
    );
    let wanted = "\
| field | environment | kind | default | what it is |
| --- | --- | --- | --- | --- |
| `site` | `BATON_SITE` | choice, see below | `eu` | where \\| you are |
| `token` | `BATON_TOKEN`, `BATON_API_TOKEN` | secret, stays in the host | required | Token |
| `page-size` | `BATON_PAGE_SIZE` | number from 1 to 1000 | `200` | page-size |
| `verbose` | `BATON_VERBOSE` | `true` or `false` | `false` | verbose |

- `site` is `eu` (Europe), `us`.
- `verbose`: only with `token` (it asks more).
";
    assert_eq!(text, wanted);
}

#[test]
fn permissions_tell_which_listings_need_them_and_what_a_refusal_means() {
    let wanted = "\
| permission | needed for | without it |
| --- | --- | --- |
| Teams Read | `teams` | the sync fails and names it |
| Teams Read | `members`, `visitors` | the sync fails and names it; `--allow-gaps=team` accepts the gap |
| Keys \\| All | `keys`, with `sync-keys` | a gap that the sync names; exit code 3 |
| Photos | `photos` | a note; no access is missing |
";
    assert_eq!(told("permissions", COLLECTED), wanted);
}

#[test]
fn resources_tell_their_listings_switches_and_changes() {
    let wanted = "\
| type | what it is | trait | listings | collected | changes | permissions |
| --- | --- | --- | --- | --- | --- | --- |
| `team` | Team | group | `teams`, `members`, `visitors`, `photos` | | grant, revoke | teams_read; teams_write |
| `key` | Key. Opens \\| everything. | | `keys`, `photos` | with `sync-keys` | | |
";
    assert_eq!(told("resources", COLLECTED), wanted);
}

#[test]
fn requests_have_templated_hosts_conditions_paces_and_the_hosts_own_for_tokens() {
    let text = told(
        "egress",
        r#"
        [[config]]
        name = "site"
        kind = "choice"
        required = true
        [[config.option]]
        value = "eu"
        name = "Europe"
        properties = { login = "https://login.example.com" }
        [[config.option]]
        value = "us"
        properties = { login = "https://login.example.net" }
        [[config]]
        name = "tenant"
        kind = "text"
        required = true
        [[config]]
        name = "key"
        kind = "secret"
        required = true
        [[config]]
        name = "sync-keys"
        kind = "bool"
        [[origin]]
        name = "api"
        url = "https://{tenant}.example.com"
        [[origin]]
        name = "login"
        url = "{site.login}"
        [[credential]]
        id = "one"
        kind = "oauth2"
        origins = ["api"]
        token-origin = "login"
        token-path = "/{tenant}/token"
        fields = { secret = "{key}" }
        scope = "one"
        [[credential]]
        id = "two"
        kind = "oauth2"
        origins = ["api"]
        token-origin = "login"
        token-path = "/{tenant}/token"
        fields = { secret = "{key}" }
        [[rate]]
        name = "pages"
        per-minute = 6000
        burst = 100
        in-flight = 2
        [[rate]]
        name = "keys"
        per-minute = 6000
        burst = 100
        in-flight = 2
        [[egress]]
        origin = "api"
        methods = ["GET", "HEAD"]
        paths = ["/v1/users", "/v1/users/*"]
        rate = "pages"
        [[egress]]
        origin = "api"
        methods = ["DELETE"]
        paths = ["/v1/keys/*"]
        rate = "keys"
        when = ["delete-resource"]
        if = ["sync-keys", "site=eu"]
        "#,
    );
    let wanted = "\
| request | rate | when |
| --- | --- | --- |
| `GET/HEAD <tenant>.example.com/v1/users` | `pages` | |
| `GET/HEAD <tenant>.example.com/v1/users/*` | `pages` | |
| `DELETE <tenant>.example.com/v1/keys/*` | `keys` | only for delete-resource, if sync-keys is set and site is eu |
| `POST <site.login>/<tenant>/token` | | for a token, sent by the host |

- `<site.login>` is `login.example.com` (Europe), `login.example.net`.
- `pages`, `keys`: each at most 6,000 a minute, 100 at once, 2 under way.
";
    assert_eq!(text, wanted);
}

#[test]
fn every_place_that_a_learnt_origin_may_have_is_told() {
    let text = told(
        "egress",
        r#"
        [[config]]
        name = "own-url"
        kind = "https-url"
        [[origin]]
        name = "api"
        url = "https://api.example.com"
        [[origin]]
        name = "cluster"
        learnt = { hosts = ["*.example.net"], url = "{own-url}" }
        [[egress]]
        origin = "api"
        methods = ["GET"]
        paths = ["/key"]
        seal = { at = "/key", decode = "kubeconfig", origin = "cluster" }
        [[egress]]
        origin = "cluster"
        methods = ["GET"]
        paths = ["/v1/**"]
        "#,
    );
    let wanted = "\
| request |
| --- |
| `GET api.example.com/key` |
| `GET *.example.net/v1/**` |

- `*.example.net` may also be `<own-url>`.
";
    assert_eq!(text, wanted);
}

#[test]
fn what_a_manifest_does_not_declare_is_said_to_be_none() {
    for name in ["configuration", "permissions", "egress"] {
        assert_eq!(told(name, ""), "None.\n");
    }
}
