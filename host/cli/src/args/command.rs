//! The command trees: `accord`'s own, and that of a connector in whose place the program was started.

use accord_runtime::manifest::{Field, FieldKind, Manifest};
use accord_runtime::{Category, Problem};
use clap::{Arg, ArgAction, Command};

use super::connector_flags::CONNECTOR_FLAGS;
use super::settings::{Group, Kind, SETTINGS, Setting};

/// The tree of `accord`. With a plugin, its fields are flags of the commands that talk to a target.
pub(crate) fn accord(plugin: Option<&Manifest>) -> Command {
    let plugin_argument =
        || Arg::new("plugin").value_name("PLUGIN").required(true).help("A plugin's id, or the path of its file");
    let file_argument = || Arg::new("path").value_name("FILE").required(true).help("A c1z sync file");
    let on_target = |name: &'static str, about: &'static str, examples: &'static str, groups: &[Group]| {
        // What the command is about comes first.
        let command = with_settings(command(name, about, examples), |setting| groups.contains(&setting.group));
        let looks_up = groups.contains(&Group::Membership).then(lookup_argument);
        let command = with_settings(command.args(looks_up), |setting| setting.group == Group::Target);
        with_fields(command.arg(plugin_argument()), plugin)
    };
    let tree = Command::new("accord")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Who has access to what, and through what: runs sandboxed connectors and writes c1z sync files.")
        .after_help(EXAMPLES)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(
            on_target("sync", "Collect who has access to what into a sync file", "", &[Group::Sync])
                .after_help(format!("{SYNC_EXAMPLES}\n\n{SOURCES}")),
        )
        .subcommand(on_target("validate", "Check configuration, key and permissions", VALIDATE_EXAMPLES, &[]))
        .subcommand(on_target("doctor", "As validate, and tell all that a sync would rest on", DOCTOR_EXAMPLES, &[]))
        .subcommand(on_target(
            "grant",
            "Give an entitlement to a principal",
            GRANT_EXAMPLES,
            &[Group::Membership, Group::Change],
        ))
        .subcommand(on_target(
            "revoke",
            "Take an entitlement from a principal",
            REVOKE_EXAMPLES,
            &[Group::Membership, Group::Revocation, Group::Change],
        ))
        .subcommand(
            family("account", "Create and delete accounts", ACCOUNT_EXAMPLES)
                .subcommand(on_target(
                    "create",
                    "Create an account",
                    ACCOUNT_EXAMPLES,
                    &[Group::Account, Group::Fields, Group::Credentials, Group::Change],
                ))
                .subcommand(
                    on_target("delete", "Delete an account", ACCOUNT_EXAMPLES, &[Group::Resource, Group::Change])
                        .arg(resource_argument()),
                ),
        )
        .subcommand(
            family("credential", "Replace credentials", CREDENTIAL_EXAMPLES).subcommand(
                on_target(
                    "rotate",
                    "Replace the credentials of a resource",
                    CREDENTIAL_EXAMPLES,
                    &[Group::Resource, Group::Credentials, Group::Change],
                )
                .arg(resource_argument()),
            ),
        )
        .subcommand(
            family("action", "Run what a connector offers beside grants and accounts", ACTION_EXAMPLES)
                .subcommand(command("list", "List a plugin's actions", ACTION_EXAMPLES).arg(plugin_argument()))
                .subcommand(
                    on_target(
                        "run",
                        "Run an action",
                        ACTION_EXAMPLES,
                        &[Group::Fields, Group::Resource, Group::Action, Group::Change],
                    )
                    .arg(action_argument()),
                )
                .subcommand(
                    on_target("status", "Tell how far an action is that was run", ACTION_EXAMPLES, &[Group::Change])
                        .arg(action_argument())
                        .arg(
                            Arg::new("RUN")
                                .value_name("RUN")
                                .required(true)
                                .help("What `action run` told as the run's id"),
                        ),
                ),
        )
        .subcommand(
            family("plugin", "List and inspect plugins", PLUGIN_EXAMPLES)
                .subcommand(command(
                    "list",
                    "List the plugins that are found, and files that are none",
                    PLUGIN_EXAMPLES,
                ))
                .subcommand(
                    command("inspect", "Tell what a plugin is, may reach, and may use", PLUGIN_EXAMPLES)
                        .arg(plugin_argument()),
                ),
        )
        .subcommand(command("stats", "Count what is in a sync file", STATS_EXAMPLES).arg(file_argument()))
        .subcommand(
            command("verify", "Check a sync file from its first byte to its last row", VERIFY_EXAMPLES)
                .arg(file_argument()),
        )
        .subcommand(
            command(
                "capabilities",
                "Print what a plugin can do, as a connector's own command does",
                CAPABILITIES_EXAMPLES,
            )
            .arg(plugin_argument()),
        )
        .subcommand(
            command(
                "config",
                "Print a plugin's configuration schema, as a connector's own command does",
                CONFIG_EXAMPLES,
            )
            .arg(plugin_argument()),
        )
        .subcommand(completion());
    everywhere(tree)
}

/// The tree of a connector: the sync is the root, and every flag is taken everywhere.
pub(crate) fn connector(program: &str, plugin: Option<&Manifest>) -> Command {
    let (version, description) = plugin.map_or(("", ""), |plugin| (&plugin.version, &plugin.description));
    let tree = Command::new(program.to_owned())
        .version(format!("version {version}"))
        .disable_version_flag(true)
        .arg(Arg::new("version").short('v').long("version").action(ArgAction::Version).help("Print the version"))
        .about(description.to_owned())
        .after_help(SOURCES)
        .args_override_self(true)
        .subcommand(Command::new("capabilities").about("Print what the connector can do"))
        .subcommand(Command::new("config").about("Print the schema of its configuration"))
        .subcommand(
            Command::new("health-check")
                .about("Ask a running service for its health")
                .arg(Arg::new("endpoint").long("endpoint"))
                .arg(Arg::new("timeout").long("timeout")),
        )
        .subcommand(completion());
    // What is asked for by these has flags of other names there.
    let named_otherwise =
        [Group::Membership, Group::Revocation, Group::Account, Group::Fields, Group::Resource, Group::Action];
    let tree = with_fields(with_settings(tree, |setting| !named_otherwise.contains(&setting.group)), plugin);
    let tree = CONNECTOR_FLAGS
        .iter()
        .fold(tree, |tree, flag| tree.arg(typed(Arg::new(flag.name).long(flag.name), flag.kind).hide(true)));
    // A connector's parser takes the next word as a value, whatever it looks like.
    tree.mut_args(|argument| {
        let takes_next = argument.get_action().takes_values() && !argument.is_require_equals_set();
        let everywhere = argument.get_id() != "version";
        argument.global(everywhere).allow_hyphen_values(takes_next)
    })
}

/// Fails if a plugin declares a field under a name that the host needs for itself.
pub(crate) fn check_names(plugin: &Manifest) -> Result<(), Problem> {
    let reserved =
        |name: &str| matches!(name, "help" | "version" | "plugin" | "path") || Setting::named(name).is_some();
    let names = plugin.config.iter().flat_map(|field| std::iter::once(&field.name).chain(&field.aliases));
    match names.into_iter().find(|name| reserved(name)) {
        None => Ok(()),
        Some(name) => {
            let headline = format!("plugin '{}' declares the field `{name}`, which is a flag of accord", plugin.id);
            Err(Problem::new(Category::Plugin, "PLUGIN-003", headline).remedy("report this to the plugin's author"))
        }
    }
}

fn command(name: &'static str, about: &'static str, examples: &'static str) -> Command {
    Command::new(name).about(about).after_help(examples)
}

/// A command that only has commands.
fn family(name: &'static str, about: &'static str, examples: &'static str) -> Command {
    command(name, about, examples).subcommand_required(true).arg_required_else_help(true)
}

// Names that no field of a plugin has, since those are in small letters.

fn resource_argument() -> Arg {
    Arg::new("RESOURCE").value_name("RESOURCE").required(true).help("The resource's id")
}

fn action_argument() -> Arg {
    Arg::new("ACTION").value_name("ACTION").required(true).help("The action's name: see `accord action list`")
}

fn lookup_argument() -> Arg {
    let argument = Arg::new("file").long("file").short('f').value_name("FILE").action(ArgAction::Set);
    argument.help("Look names and ids up in this sync file")
}

fn completion() -> Command {
    command("completion", "Print a completion script for a shell", COMPLETION_EXAMPLES).arg(
        Arg::new("shell")
            .required(true)
            .value_parser(["bash", "zsh", "fish", "powershell", "elvish"])
            .value_name("SHELL"),
    )
}

fn with_settings(command: Command, wanted: impl Fn(&Setting) -> bool) -> Command {
    let wanted = SETTINGS.iter().filter(|setting| wanted(setting));
    wanted.fold(command, |command, setting| command.arg(argument(setting)))
}

/// Adds the settings of every command to a tree.
fn everywhere(tree: Command) -> Command {
    let tree = with_settings(tree, |setting| setting.group == Group::Everywhere);
    tree.mut_args(|argument| {
        let own = argument.get_id() != "help" && argument.get_id() != "version";
        argument.global(own)
    })
}

fn argument(setting: &Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if !setting.default.is_empty() {
        help = format!("{help} [default: {}]", setting.default);
    }
    if !setting.environment.is_empty() {
        help = format!("{help} (${})", setting.environment);
    }
    let argument = Arg::new(setting.name).long(setting.name).hide(setting.hidden).help(help);
    let argument = if setting.group == Group::Everywhere { argument.help_heading("Everywhere") } else { argument };
    let argument = typed(argument, setting.kind);
    match setting.short {
        Some(short) => argument.short(short),
        None => argument,
    }
}

fn typed(argument: Arg, kind: Kind) -> Arg {
    match kind {
        Kind::Text(name) => argument.action(ArgAction::Set).value_name(name).allow_negative_numbers(true),
        Kind::List(name) | Kind::Repeated(name) => argument.action(ArgAction::Append).value_name(name),
        Kind::Switch => switch(argument),
        Kind::Optional(name, alone) => argument
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value(alone)
            .value_name(name),
    }
}

/// `--x`, `--x=true`, `--x=false`.
fn switch(argument: Arg) -> Arg {
    argument
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .hide_possible_values(true)
        .value_name("BOOL")
}

fn with_fields(command: Command, plugin: Option<&Manifest>) -> Command {
    let Some(plugin) = plugin else { return command };
    let heading = format!("Configuration of {}", plugin.name);
    plugin
        .config
        .iter()
        .fold(command, |command, field| command.arg(field_argument(field).help_heading(heading.clone())))
}

fn field_argument(field: &Field) -> Arg {
    let required = if field.required && field.default.is_none() { "required: " } else { "" };
    let text = if field.help.is_empty() { &field.display_name } else { &field.help };
    let default = field.default.as_deref().map(|text| format!(" [default: {text}]")).unwrap_or_default();
    let help = format!("{required}{text}{default} (${})", field.environment);
    let argument = Arg::new(field.name.clone()).long(field.name.clone()).hide(field.hidden).help(help);
    let argument = argument.aliases(field.aliases.clone());
    match &field.kind {
        FieldKind::Bool => switch(argument),
        // A field that is given twice is told with all other faults.
        _ => argument.action(ArgAction::Append).allow_negative_numbers(true).value_name(value_name(field)),
    }
}

fn value_name(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Hostname => "HOST",
        FieldKind::HttpsUrl => "URL",
        FieldKind::Certificates => "FILE",
        FieldKind::Int { .. } => "NUMBER",
        FieldKind::List => "ITEMS",
        FieldKind::Secret => "SECRET",
        FieldKind::Text | FieldKind::Uuid | FieldKind::Choice(_) | FieldKind::Bool => "TEXT",
    }
}

const EXAMPLES: &str = "\
Examples:
  accord plugin list
  accord sync duo --api-hostname api-1a2b3c4d.duosecurity.com --integration-key DI… \\
      --secret secret-key=env:DUO_SKEY
  accord stats sync.c1z

`accord sync <plugin> --help` shows a plugin's own settings.";

const SYNC_EXAMPLES: &str = "\
Examples:
  accord sync duo --help
  accord sync duo --api-hostname api-1a2b3c4d.duosecurity.com --integration-key DI… \\
      --secret secret-key=file:/run/secrets/duo -f duo.c1z
  BATON_SECRET_KEY_FILE=/run/secrets/duo accord sync duo
  accord sync duo --allow-gaps=role
  accord sync duo --wait=10m
  accord sync ./acme.wasm --record tape/";

const VALIDATE_EXAMPLES: &str = "\
Examples:
  accord validate duo --api-hostname api-1a2b3c4d.duosecurity.com --integration-key DI… \\
      --secret secret-key=env:DUO_SKEY
  accord validate duo --output json";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  accord doctor duo --api-hostname api-1a2b3c4d.duosecurity.com --integration-key DI… \\
      --secret secret-key=env:DUO_SKEY";

const GRANT_EXAMPLES: &str = "\
Examples:
  accord grant duo --entitlement group:DGXXXXXXXXXXXXXXXXXX:member \\
      --principal-type user --principal DUXXXXXXXXXXXXXXXXXX
  accord grant duo --file duo.c1z --entitlement \"Marketing\" --principal mhall@example.com
  accord grant duo --file duo.c1z --entitlement Marketing --principal mhall --dry-run

Granting what is held already is no error. Nothing is sent twice: where an answer is lost, the
target is asked. A dry run sends what only reads, and prints the first request that would change
something in place of sending it.";

const REVOKE_EXAMPLES: &str = "\
Examples:
  accord revoke duo --entitlement group:DGXXXXXXXXXXXXXXXXXX:member \\
      --principal-type user --principal DUXXXXXXXXXXXXXXXXXX
  accord revoke duo --grant group:DGXXXXXXXXXXXXXXXXXX:member:user:DUXXXXXXXXXXXXXXXXXX
  accord revoke duo --file duo.c1z --entitlement Marketing --principal mhall

Revoking what is not held is no error. A dry run sends what only reads, and prints the first
request that would change something in place of sending it.";

const ACCOUNT_EXAMPLES: &str = "\
Examples:
  accord account create datadog --account-email mhall@example.com --set name=\"Maria Hall\"
  accord account create acme --account-login mhall --new-password random:24 --encrypt-to age1…
  accord account delete acme 4711 --resource-type user --dry-run

New credentials are printed only where --show-credentials asks for it. What could neither be
encrypted nor shown is not made. A dry run prints the first request that would change something in
place of sending it, and those that the connector would send next, such as an invitation.";

const CREDENTIAL_EXAMPLES: &str = "\
Examples:
  accord credential rotate acme 4711 --resource-type api-key --encrypt-to age1…
  accord credential rotate acme 4711 --resource-type api-key --encrypt-to recipient.jwk \\
      --output json";

const ACTION_EXAMPLES: &str = "\
Examples:
  accord action list datadog
  accord action run datadog disable_user --set user_id=…
  accord action run acme suspend --set account=mhall --until-done
  accord action status acme suspend 4711";

const PLUGIN_EXAMPLES: &str = "\
Examples:
  accord plugin list
  accord plugin list --plugins ./plugins
  accord plugin inspect duo
  accord plugin inspect ./acme.wasm --output json
  accord plugin inspect ./acme.wasm --output markdown

Markdown is for the README of a connector: what its manifest says of configuration, permissions,
resources and egress, as tables between comments, `<!-- manifest: egress -->` and `<!-- end -->`.";

const STATS_EXAMPLES: &str = "\
Examples:
  accord stats duo.c1z
  accord stats duo.c1z --output json";

const VERIFY_EXAMPLES: &str = "\
Examples:
  accord verify duo.c1z
  accord verify duo.c1z --output json";

const CAPABILITIES_EXAMPLES: &str = "\
Examples:
  accord capabilities duo > baton_capabilities.json";

const CONFIG_EXAMPLES: &str = "\
Examples:
  accord config duo > config_schema.json";

const COMPLETION_EXAMPLES: &str = "\
Examples:
  accord completion bash > ~/.local/share/bash-completion/completions/accord";

const SOURCES: &str = "\
Settings come from flags, else environment variables, else .baton.yaml (or $BATON_CONFIG_PATH).
A secret may also come from a file that a variable names: BATON_SECRET_KEY_FILE for
BATON_SECRET_KEY.

Also read:
  ACCORD_CACHE      the folder for compiled plugins, or off
  BATON_TMPDIR      the folder for work files, instead of the target's
  BATON_DECODER_MAX_DECODED_SIZE_MB, BATON_DECODER_MAX_MEMORY_MB
                    what unpacking a sync file may take, in MiB (10240 on disk, 128 in memory)
  SSL_CERT_FILE     certificates to trust instead of the system's
  HTTPS_PROXY, NO_PROXY

Exit codes:
   0  complete                      12  rate limit, patience used up
   3  complete, with declared gaps  13  network
   2  usage or configuration        14  storage
  10  credentials                   15  plugin
  11  permission                    16  target busy
   1  a fault of accord             130, 143  stopped by a signal, resumable";
