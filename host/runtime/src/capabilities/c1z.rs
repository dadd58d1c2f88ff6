//! `c1z`: rows are held until the page or the provisioning call returns, within limits.

use crate::bindings::accord::connector::c1z::Host;
use crate::bindings::accord::connector::types as wit;
use crate::convert;
use crate::problem::{Category, Problem};

use super::weight::Weigh;
use super::{State, bug};

impl Host for State {
    fn put_resources(&mut self, rows: Vec<wit::Resource>) -> wasmtime::Result<Result<(), wit::Failure>> {
        let bytes = rows.weigh();
        let admitted = self.admit(rows.len(), bytes).map(|()| {
            self.call.rows.resources.extend(rows.into_iter().map(convert::resource));
        });
        self.go_on(admitted.map_err(bug))
    }

    fn put_entitlements(&mut self, rows: Vec<wit::Entitlement>) -> wasmtime::Result<Result<(), wit::Failure>> {
        let bytes = rows.weigh();
        let admitted = self.admit(rows.len(), bytes).map(|()| {
            self.call.rows.entitlements.extend(rows.into_iter().map(convert::entitlement));
        });
        self.go_on(admitted.map_err(bug))
    }

    fn put_grants(&mut self, rows: Vec<wit::Grant>) -> wasmtime::Result<Result<(), wit::Failure>> {
        let bytes = rows.weigh();
        let admitted = self.admit(rows.len(), bytes).map(|()| {
            self.call.rows.grants.extend(rows.into_iter().map(convert::grant));
        });
        self.go_on(admitted.map_err(bug))
    }

    fn put_plain_grants(&mut self, grants: wit::PlainGrants) -> wasmtime::Result<Result<(), wit::Failure>> {
        let bytes = grants.weigh();
        let admitted = self.admit(grants.grants.len(), bytes).and_then(|()| {
            let grants = convert::plain_grants(grants).ok_or_else(|| self.nameless_grant())?;
            self.call.rows.plain_grants.push(grants);
            Ok(())
        });
        self.go_on(admitted.map_err(bug))
    }
}

impl State {
    fn nameless_grant(&mut self) -> String {
        let broken = "a grant whose entitlement or principal is in none of its lists";
        let plugin = &self.shared.plugin_id;
        let problem = Problem::new(Category::Plugin, "ROWS-001", format!("plugin '{plugin}' pushed {broken}"))
            .place(self.call.listing.clone().unwrap_or_default())
            .remedy("report this to the plugin's author");
        self.call.fail(problem);
        broken.to_owned()
    }

    fn admit(&mut self, rows: usize, bytes: usize) -> Result<(), String> {
        let limits = &self.shared.limits;
        let Some(listing) = &self.call.listing else {
            return Err("rows can only be pushed by `read` and by provisioning calls".to_owned());
        };
        self.call.row_count += rows;
        self.call.row_bytes += bytes;
        let broken = if rows > limits.rows_per_call {
            format!("{rows} rows in one call; at most {} are allowed", limits.rows_per_call)
        } else if self.call.row_count > limits.rows_per_page {
            format!("more than {} rows in one page", limits.rows_per_page)
        } else if self.call.row_bytes > limits.row_bytes_per_page {
            format!("more than {} bytes of rows in one page", limits.row_bytes_per_page)
        } else {
            return Ok(());
        };
        let plugin = &self.shared.plugin_id;
        let problem = Problem::new(Category::Plugin, "LIMIT-001", format!("plugin '{plugin}' pushed {broken}"))
            .place(listing.clone())
            .remedy("the connector must ask the target for smaller pages; report this to its author");
        self.call.fail(problem);
        Err(broken)
    }
}
