//! `config`: the normalised configuration; of a secret only that it is set.

use crate::bindings::accord::connector::config::Host;
use crate::bindings::accord::connector::types as wit;

use super::State;

impl Host for State {
    fn get(&mut self) -> wasmtime::Result<Vec<(String, wit::Value)>> {
        Ok(self.shared.guest_configuration.clone())
    }
}
