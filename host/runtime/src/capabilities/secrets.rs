//! `secrets`: whether one is set, and making new ones. Bytes never cross.

use crate::bindings::accord::connector::secrets::{CharacterClass, Host, PasswordRule};
use crate::secrets as host;

use super::State;

impl Host for State {
    fn is_set(&mut self, name: String) -> wasmtime::Result<bool> {
        Ok(self.shared.secrets.is_set(&name))
    }

    fn generate(&mut self, rule: PasswordRule) -> wasmtime::Result<Result<String, String>> {
        if !self.call.phase.export.is_writing() {
            return Ok(Err("new secrets can only be made by a provisioning call".to_owned()));
        }
        let rule = host::PasswordRule {
            length: rule.length,
            classes: rule
                .classes
                .into_iter()
                .map(|class| match class {
                    CharacterClass::Lowercase => host::CharacterClass::Lower,
                    CharacterClass::Uppercase => host::CharacterClass::Upper,
                    CharacterClass::Digit => host::CharacterClass::Digit,
                    CharacterClass::Symbol => host::CharacterClass::Symbol,
                })
                .collect(),
            without: rule.without,
        };
        Ok(self.shared.secrets.generate(&rule).map_err(|error| error.to_string()))
    }
}
