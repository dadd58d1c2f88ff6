//! One change of a target at a time, where a change is made of what was read just before: two at once would undo each
//! other's, and nobody could see it. This holds for the runs of one user on one machine; what others change in the same
//! moment is the connector's to find out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use accord_runtime::configuration::Configuration;
use accord_runtime::manifest::{Egress, Manifest};
use accord_runtime::provision::Operation;

use crate::folders::{self, CacheFolder};

/// Waits until no other run changes this target. The turn lasts as long as the file is open, and no longer than the process.
/// Without a place for it the change goes on alone: it is as safe as anybody else's then.
pub(super) fn take(manifest: &Manifest, configuration: &Configuration, operation: &Operation) -> Option<File> {
    let export = operation.export();
    let fragile = |egress: &&Egress| egress.repeatable == Some(false) && egress.when.contains(&export);
    let egress = manifest.egress.iter().find(fragile)?;
    let origin = manifest.origins.iter().find(|origin| origin.name == egress.origin)?;
    let url = origin.url.render(&|field| configuration.text(field).map(|text| text.as_bytes().to_vec())).ok()?;
    let target = format!("{} at {}", manifest.name, String::from_utf8_lossy(&url));
    let taken = match folders::cache() {
        CacheFolder::Named(folder) | CacheFolder::Usual(folder) => {
            wait(&folder, &target).map_err(|error| format!("`{}`: {error}", folder.display()))
        }
        CacheFolder::Off => Err("there is no cache folder".to_owned()),
    };
    taken.map_err(|why| tracing::warn!("other runs that change {target} are not waited for: {why}")).ok()
}

fn file_name(target: &str) -> String {
    target.chars().take(100).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

fn wait(folder: &Path, target: &str) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(folder.join(format!("change-{}.lock", file_name(target))))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            tracing::info!("waiting: another run changes {target}");
            // Nothing has begun, so a signal may simply end the process here.
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => return Err(error),
    }
    Ok(file)
}
