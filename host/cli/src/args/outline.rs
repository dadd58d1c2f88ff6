//! A first look at the arguments, before the plugin is known whose fields are flags too.
//!
//! Only flags of the host are understood here, so the plugin's name comes before the plugin's own flags. A word behind
//! an unknown flag is never taken for a name: it may be that flag's value, and a secret.

use std::ffi::OsString;

use clap::{Arg, Command};

/// What the first look finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outline {
    /// The subcommand, and one of its own behind a space: `account create`.
    pub(crate) command: Option<String>,
    /// Its first plain argument.
    pub(crate) name: Option<String>,
    /// `--plugins`, wherever it stands.
    pub(crate) plugins: Option<String>,
}

impl Outline {
    /// Looks at `arguments`, the program's name first, by the flags of `tree`.
    pub(crate) fn of(tree: &Command, arguments: &[OsString]) -> Self {
        let mut found = Self::default();
        let mut command = tree;
        let mut understood = true;
        let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            if !word.starts_with('-') || word == "-" {
                match command.find_subcommand(word.as_ref()) {
                    Some(next) if understood && found.name.is_none() => {
                        let outer = found.command.take().map(|outer| outer + " ").unwrap_or_default();
                        found.command = Some(outer + &word);
                        command = next;
                    }
                    _ if understood && found.command.is_some() && found.name.is_none() => {
                        found.name = Some(word.into_owned());
                    }
                    _ => {}
                }
                continue;
            }
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
                None => (word.to_string(), None),
            };
            match command.get_arguments().chain(tree.get_arguments()).find(|argument| is(argument, &flag)) {
                Some(argument) if takes_next(argument) => {
                    let value = attached.or_else(|| words.next().map(|next| next.into_owned()));
                    if flag == "--plugins" {
                        found.plugins = value;
                    }
                }
                Some(_) => {}
                None => understood = false,
            }
        }
        found
    }
}

fn is(argument: &Arg, flag: &str) -> bool {
    match flag.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(short.to_string().as_str())),
    }
}

fn takes_next(argument: &Arg) -> bool {
    argument.get_action().takes_values() && !argument.is_require_equals_set()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command::accord;

    fn outline(line: &str) -> Outline {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Outline::of(&accord(None), &words)
    }

    #[test]
    fn the_plugin_is_found_behind_flags_of_the_host() {
        let found =
            outline("accord sync -f out.c1z --skip-grant-expansion --workers=2 duo --secret-key x --plugins here");
        assert_eq!(found.command.as_deref(), Some("sync"));
        assert_eq!(found.name.as_deref(), Some("duo"));
        assert_eq!(found.plugins.as_deref(), Some("here"));
        let found = outline("accord plugin inspect duo");
        assert_eq!((found.command.as_deref(), found.name.as_deref()), (Some("plugin inspect"), Some("duo")));
    }

    #[test]
    fn a_value_of_an_unknown_flag_is_no_name() {
        assert_eq!(outline("accord sync --secret-key hunter2-hunter2 duo").name, None);
    }
}
