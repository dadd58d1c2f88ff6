//! Under which name the program was started: as `accord`, or in the place of a Baton connector as `baton-<id>`.

use std::ffi::OsStr;
use std::path::Path;

/// The two command lines that the program has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `accord sync duo …`.
    Accord,
    /// `baton-duo …`: the connector's own program, the plugin being its name.
    Connector { plugin: String },
}

impl Shape {
    /// Reads the base name of `argv[0]`.
    pub(crate) fn of(program: &OsStr) -> Self {
        let name = Path::new(program).file_stem().and_then(OsStr::to_str).unwrap_or_default();
        match name.strip_prefix("baton-") {
            Some(plugin) if !plugin.is_empty() => Self::Connector { plugin: plugin.to_owned() },
            _ => Self::Accord,
        }
    }

    /// What the user types to get here.
    pub(crate) fn program(&self) -> String {
        match self {
            Self::Accord => "accord".to_owned(),
            Self::Connector { plugin } => format!("baton-{plugin}"),
        }
    }

    pub(crate) fn is_connector(&self) -> bool {
        matches!(self, Self::Connector { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_wherever_the_program_lies() {
        let connector = Shape::Connector { plugin: "duo".to_owned() };
        assert_eq!(Shape::of(OsStr::new("/opt/bin/baton-duo")), connector);
        assert_eq!(Shape::of(OsStr::new("baton-duo")), connector);
        assert_eq!(Shape::of(OsStr::new("./accord")), Shape::Accord);
        assert_eq!(Shape::of(OsStr::new("baton-")), Shape::Accord);
        assert_eq!(Shape::of(OsStr::new("baton")), Shape::Accord);
    }
}
