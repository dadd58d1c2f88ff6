//! Checked arguments: what the commands get, after every text has become the value that it stands for.
//!
//! Faults are collected, so that all are told at once, together with those of the plugin's configuration.

use std::path::PathBuf;

use accord_c1z::container::Limits;
use accord_c1z::model::ResourceId;
use accord_runtime::configuration::{ConfigurationProblem, Source};
use accord_runtime::http::NetworkOptions;
use accord_runtime::sync::{AllowedGaps, FileProfile, Indexes, Scope, SyncOptions, TapeMode};

use super::connector_flags::{CONNECTOR_FLAGS, ConnectorFlag, Effect, SERVICE};
use super::settings::{Kind, Setting};
use super::values::{address_override, address_range, baton_id, duration, on_or_off, rate, seconds, when_busy};
use crate::sources::{Sources, fault};

/// What `sync` was asked for.
#[derive(Debug, Clone)]
pub(crate) struct SyncArguments {
    pub(crate) options: SyncOptions,
    pub(crate) report: Option<PathBuf>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// How a plugin is told: as other results are, or as tables for its README.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PluginFormat {
    #[default]
    Text,
    Json,
    Markdown,
}

/// What is logged, and where to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Logging {
    pub(crate) level: Option<tracing::Level>,
    pub(crate) format: Option<LogFormat>,
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Json,
    Console,
}

impl SyncArguments {
    pub(crate) fn read(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Self {
        let mut reading = Reading { sources, faults };
        let tape = match (reading.text("record"), reading.text("replay")) {
            (Some(_), Some(_)) => {
                reading.faults.push(fault("record", "--record and --replay exclude each other".to_owned()));
                TapeMode::Off
            }
            (Some(folder), None) => TapeMode::Record(folder.into()),
            (None, Some(folder)) => TapeMode::Replay(folder.into()),
            (None, None) => TapeMode::Off,
        };
        let options = SyncOptions {
            target: reading.target(),
            work_folder: reading.work_folder(),
            unpacking: reading.unpacking(),
            when_busy: reading.parsed("wait", when_busy).unwrap_or_default(),
            workers: reading.workers(),
            scope: Scope {
                resource_types: reading.list("sync-resource-types"),
                resources: reading.resources(),
                resources_only: reading.switch("skip-entitlements-and-grants"),
            },
            expand_grants: !reading.switch("skip-grant-expansion"),
            indexes: reading
                .one_of("indexes", &[("all", Indexes::All), ("none", Indexes::None)])
                .unwrap_or(Indexes::All),
            file_profile: reading
                .one_of("file-profile", &[("current", FileProfile::Current), ("compat-0.7", FileProfile::Compat07)])
                .unwrap_or_default(),
            allowed_gaps: reading.allowed_gaps(),
            tape,
        };
        Self { report: reading.text("report").map(PathBuf::from), options }
    }
}

/// Where to tell what happened, which is known although other settings may be wrong.
pub(crate) fn report(sources: Sources<'_>) -> Option<PathBuf> {
    Reading { sources, faults: &mut Vec::new() }.text("report").map(PathBuf::from)
}

/// How the target is reached.
pub(crate) fn network(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> NetworkOptions {
    let mut reading = Reading { sources, faults };
    NetworkOptions {
        certificate_files: reading.list("ca-cert").into_iter().map(PathBuf::from).collect(),
        allowed_addresses: reading.parsed_list("allow-address", address_range),
        overrides: reading.parsed_list("resolve", address_override),
        rate: reading.parsed("rate", rate),
        deadline: reading.parsed("deadline", duration),
        tolerate_skew: reading.switch("tolerate-skew"),
        offline_limit: reading.parsed("offline-limit", duration),
        attempt: reading
            .parsed("request-timeout", duration)
            .or_else(|| reading.parsed_flag("http-timeout-seconds", seconds)),
        ..NetworkOptions::default()
    }
}

impl Format {
    pub(crate) fn read(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Self {
        let formats = [("text", Self::Text), ("json", Self::Json)];
        Reading { sources, faults }.one_of("output", &formats).unwrap_or_default()
    }
}

impl PluginFormat {
    pub(crate) fn read(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Self {
        let formats = [("text", Self::Text), ("json", Self::Json), ("markdown", Self::Markdown)];
        Reading { sources, faults }.one_of("output", &formats).unwrap_or_default()
    }
}

impl Logging {
    pub(crate) fn read(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Self {
        use tracing::Level;
        let mut reading = Reading { sources, faults };
        let levels = [("debug", Level::DEBUG), ("info", Level::INFO), ("warn", Level::WARN), ("error", Level::ERROR)];
        Self {
            level: reading.one_of("log-level", &levels),
            format: reading.one_of("log-format", &[("json", LogFormat::Json), ("console", LogFormat::Console)]),
            paths: reading.list("log-path").into_iter().map(PathBuf::from).collect(),
        }
    }
}

/// In a connector's place: refuses what this version does not do, and warns of what changes nothing.
pub(crate) fn check_connector_flags(sources: Sources<'_>, faults: &mut Vec<ConfigurationProblem>) -> Vec<String> {
    let mut warnings = Vec::new();
    for flag in CONNECTOR_FLAGS {
        let Some(given) = sources.given(flag.name, &flag.environment()) else { continue };
        let off = |text: &str| text.trim().is_empty() || on_or_off(text) == Some(false);
        if given.texts.iter().all(|text| off(text)) {
            continue;
        }
        match flag.effect {
            Effect::Refused(what) => {
                let instead = if what == SERVICE {
                    ": leave it out, and each run writes one sync file, to upload by hand or through a bucket"
                } else {
                    ""
                };
                let message = format!("{} asks for {what}, which this version does not do{instead}", given.source);
                faults.push(fault(flag.name, message));
            }
            Effect::Nothing(why) => warnings.push(format!("{} has no effect: {why}", given.source)),
            Effect::Used(_) => {}
        }
        if flag.name == "storage-engine" && !given.texts.iter().all(|text| text.as_str() == "sqlite") {
            let message = format!("{} asks for another file format; this version writes `sqlite`", given.source);
            faults.push(fault(flag.name, message));
        }
    }
    warnings
}

/// Reads settings by name and collects faults.
pub(super) struct Reading<'a> {
    pub(super) sources: Sources<'a>,
    pub(super) faults: &'a mut Vec<ConfigurationProblem>,
}

impl Reading<'_> {
    /// The one text of a setting, or its default.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.told(name).map(|(text, _)| text)
    }

    pub(super) fn told(&mut self, name: &str) -> Option<(String, Option<Source>)> {
        let setting = Setting::named(name)?;
        match self.sources.given(name, setting.environment) {
            Some(given) => match given.texts.as_slice() {
                [one] => Some((one.to_string(), Some(given.source))),
                _ => {
                    self.faults.push(fault(name, format!("{} takes one value ({})", setting.sources(), given.source)));
                    None
                }
            },
            None if setting.default.is_empty() => None,
            None => Some((setting.default.to_owned(), None)),
        }
    }

    pub(super) fn list(&mut self, name: &str) -> Vec<String> {
        let Some(setting) = Setting::named(name) else { return Vec::new() };
        let Some(given) = self.sources.given(name, setting.environment) else { return Vec::new() };
        // A list in the settings file has its items already; they may hold commas.
        let whole = setting.kind == Kind::Repeated("FILE")
            || (given.texts.len() > 1 && matches!(given.source, Source::File(_)));
        let items =
            given.texts.iter().flat_map(|text| if whole { vec![text.as_str()] } else { text.split(',').collect() });
        items.map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    pub(super) fn switch(&mut self, name: &str) -> bool {
        self.switched(name).is_some_and(|(on, _)| on)
    }

    /// A switch that was given, and where.
    pub(super) fn switched(&mut self, name: &str) -> Option<(bool, Option<Source>)> {
        let (text, source) = self.told(name)?;
        match on_or_off(&text) {
            Some(on) => Some((on, source)),
            None => {
                self.refuse(name, source.as_ref(), &format!("is `{text}`, and can be true or false"));
                None
            }
        }
    }

    fn one_of<T: Copy>(&mut self, name: &str, options: &[(&str, T)]) -> Option<T> {
        let (text, source) = self.told(name)?;
        let found = options.iter().find(|(option, _)| option.eq_ignore_ascii_case(&text));
        if found.is_none() {
            let names: Vec<&str> = options.iter().map(|(option, _)| *option).collect();
            self.refuse(name, source.as_ref(), &format!("is `{text}`, and can be {}", names.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let (text, source) = self.told(name)?;
        parse(text.trim()).map_err(|told| self.refuse(name, source.as_ref(), &told)).ok()
    }

    fn parsed_list<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let items = self.list(name);
        items.iter().filter_map(|item| parse(item).map_err(|told| self.refuse(name, None, &told)).ok()).collect()
    }

    /// A connector's flag that has an effect here.
    fn parsed_flag<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let flag = ConnectorFlag::named(name)?;
        let given = self
            .sources
            .flags
            .try_contains_id(name)
            .ok()
            .and_then(|_| self.sources.given(name, &flag.environment()))?;
        let text = given.texts.last()?;
        parse(text.trim()).map_err(|told| self.faults.push(fault(name, format!("{} {told}", flag.sources())))).ok()
    }

    fn refuse(&mut self, name: &str, source: Option<&Source>, told: &str) {
        let sources = Setting::named(name).map(Setting::sources).unwrap_or_default();
        let source = source.map(|source| format!(" (from {source})")).unwrap_or_default();
        self.faults.push(fault(name, format!("{sources} {told}{source}")));
    }

    fn workers(&mut self) -> usize {
        let every = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.parsed_flag("parallel-sync", |text| Ok(matches!(text, "true" | "1" | "t"))) == Some(true) {
            return every();
        }
        // More would only wait: the target's rate limit is reached long before.
        let parse = |text: &str| match text.parse::<i64>() {
            Ok(-1) => Ok(every()),
            Ok(0) => Ok(1),
            Ok(number @ 1..=64) => usize::try_from(number).map_err(|error| error.to_string()),
            _ => Err(format!("is `{text}`, and can be a number from 1 to 64, 0 or -1")),
        };
        self.parsed("workers", parse).unwrap_or(1)
    }

    fn target(&mut self) -> PathBuf {
        let Some((text, source)) = self.told("file") else { return PathBuf::new() };
        if text.contains("://") {
            self.refuse(
                "file",
                source.as_ref(),
                "is a URL; this version writes to local files, so upload the file afterwards",
            );
        }
        text.into()
    }

    fn work_folder(&mut self) -> Option<PathBuf> {
        let named = self.text("c1z-temp-dir").map(|folder| (folder, "--c1z-temp-dir"));
        let variable = || {
            crate::sources::variable("BATON_TMPDIR").and_then(|given| given.texts.first().map(|text| text.to_string()))
        };
        let (folder, source) = named.or_else(|| variable().map(|folder| (folder, "BATON_TMPDIR")))?;
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            self.faults
                .push(fault("c1z-temp-dir", format!("{source} names `{}`, which is no folder", folder.display())));
        }
        Some(folder)
    }

    /// What unpacking the previous file may cost.
    fn unpacking(&mut self) -> Limits {
        let limits = crate::unpacking::limits();
        limits.map_err(|told| self.faults.push(fault("file", told))).unwrap_or_default()
    }

    fn resources(&mut self) -> Vec<ResourceId> {
        self.parsed_list("sync-resources", baton_id)
    }

    fn allowed_gaps(&mut self) -> AllowedGaps {
        let names = self.list("allow-gaps");
        match names.as_slice() {
            [] => AllowedGaps::None,
            [one] if one == "all" || one == "true" => AllowedGaps::All,
            [one] if one == "false" => AllowedGaps::None,
            _ => AllowedGaps::These(names),
        }
    }
}
