//! `facts`: what one listing learns for a later one. A page's own facts are seen at once; others' come from the work file.
//!
//! Looking them up counts as computing: it is work of this machine, and a guest could do nothing else for ever.

use std::collections::HashMap;

use crate::bindings::accord::connector::facts::{Host, SettledState};
use crate::bindings::accord::connector::types as wit;
use crate::problem::{Category, Problem};

use super::{State, bug};

impl Host for State {
    fn put_many(&mut self, entries: Vec<(String, Vec<u8>)>) -> wasmtime::Result<Result<(), wit::Failure>> {
        let limits = &self.shared.limits;
        self.call.fact_bytes += entries.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        let broken = if entries.len() > limits.facts_per_call {
            Some(format!("{} facts in one call; at most {} are allowed", entries.len(), limits.facts_per_call))
        } else if self.call.fact_bytes > limits.fact_bytes_per_page {
            Some(format!("more than {} bytes of facts in one page", limits.fact_bytes_per_page))
        } else {
            entries.iter().find_map(|(key, value)| {
                if key.is_empty() || key.len() > limits.fact_key_bytes {
                    Some(format!("a fact key of {} bytes; 1 to {} are allowed", key.len(), limits.fact_key_bytes))
                } else if value.len() > limits.fact_value_bytes {
                    Some(format!("a fact of {} bytes; at most {} are allowed", value.len(), limits.fact_value_bytes))
                } else {
                    None
                }
            })
        };
        if let Some(broken) = broken {
            let plugin = &self.shared.plugin_id;
            let problem = Problem::new(Category::Plugin, "LIMIT-002", format!("plugin '{plugin}' put {broken}"));
            self.call.fail(problem);
            return self.go_on(Err(bug(broken)));
        }
        self.call.facts.extend(entries);
        Ok(Ok(()))
    }

    async fn get_many(&mut self, keys: Vec<String>) -> wasmtime::Result<Vec<Option<Vec<u8>>>> {
        if keys.len() > self.shared.limits.facts_per_call {
            let plugin = &self.shared.plugin_id;
            let text = format!("plugin '{plugin}' asked for {} facts in one call", keys.len());
            self.call.fail(Problem::new(Category::Plugin, "LIMIT-002", text));
            return self.go_on(vec![None; keys.len()]);
        }
        let mut found = match &self.call.facts_reader {
            Some(reader) => match reader.get(keys.clone()).await {
                Ok(found) => found,
                Err(problem) => {
                    self.call.fail(problem);
                    vec![None; keys.len()]
                }
            },
            None => vec![None; keys.len()],
        };
        // A page may put as many as it asks for, so neither is searched for each of the other. What was put last counts.
        let own: HashMap<&str, &Vec<u8>> = self.call.facts.iter().map(|(key, value)| (key.as_str(), value)).collect();
        for (key, slot) in keys.iter().zip(&mut found) {
            if let Some(value) = own.get(key.as_str()) {
                *slot = Some((*value).clone());
            }
        }
        self.go_on(found)
    }

    async fn scan(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(self.shared.limits.facts_per_call);
        let mut entries: std::collections::BTreeMap<String, Vec<u8>> = match &self.call.facts_reader {
            Some(reader) => match reader.scan(prefix.clone(), after.clone(), limit).await {
                Ok(entries) => entries.into_iter().collect(),
                Err(problem) => {
                    self.call.fail(problem);
                    Default::default()
                }
            },
            None => Default::default(),
        };
        for (key, value) in &self.call.facts {
            if key.starts_with(&prefix) && after.as_ref().is_none_or(|after| key > after) {
                entries.insert(key.clone(), value.clone());
            }
        }
        self.go_on(entries.into_iter().take(limit).collect())
    }

    fn collection_state(&mut self, name: String) -> wasmtime::Result<Option<SettledState>> {
        Ok(self.call.facts_reader.as_ref().and_then(|reader| reader.settled(&name)).map(|state| match state {
            accord_c1z::work::CollectionState::Deselected => SettledState::Deselected,
            accord_c1z::work::CollectionState::Gap => SettledState::Gap,
            _ => SettledState::Complete,
        }))
    }
}
