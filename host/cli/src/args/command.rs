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
    let on_target = |name: &'static str, about: &'static str, examples: &'static str, group: Group| {
        let command = with_settings(command(name, about, examples), |setting| {
            setting.group == group || setting.group == Group::Target
        });
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
            on_target("sync", "Collect who has access to what into a sync file", "", Group::Sync)
                .after_help(format!("{SYNC_EXAMPLES}\n\n{SOURCES}")),
        )
        .subcommand(on_target("validate", "Check configuration, key and permissions", VALIDATE_EXAMPLES, Group::Target))
        .subcommand(on_target(
            "doctor",
            "As validate, and tell all that a sync would rest on",
            DOCTOR_EXAMPLES,
            Group::Target,
        ))
        .subcommand(
            command("plugin", "List and inspect plugins", PLUGIN_EXAMPLES)
                .subcommand_required(true)
                .arg_required_else_help(true)
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
    let tree = with_fields(with_settings(tree, |_| true), plugin);
    let tree = CONNECTOR_FLAGS.iter().fold(tree, |tree, flag| {
        let argument = typed(Arg::new(flag.name).long(flag.name), flag.kind).hide(true);
        tree.arg(match flag.short {
            Some(short) => argument.short(short),
            None => argument,
        })
    });
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

const PLUGIN_EXAMPLES: &str = "\
Examples:
  accord plugin list
  accord plugin list --plugins ./plugins
  accord plugin inspect duo
  accord plugin inspect ./acme.wasm --output json
  accord plugin inspect ./acme.wasm --output markdown

Markdown is for the README of a connector: what its manifest says of configuration, permissions, resources and
egress, as tables between comments, `<!-- manifest: egress -->` and `<!-- end -->`.";

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
A secret may also come from a file that a variable names: BATON_SECRET_KEY_FILE for BATON_SECRET_KEY.

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
