//! Format v3: another storage engine in another container. Enough of its manifest is read to name it.

use prost::Message;

use super::error::ContainerError;

/// How much of the manifest is looked at. Readers of the format take up to 16 MiB; the parts that name the file come
/// first and a real one has a few hundred bytes.
pub(super) const MANIFEST_SHOWN: usize = 64 * 1024;

/// The fields of `c1.c1z.v3.C1ZManifestV3` that help an error message.
#[derive(Clone, PartialEq, prost::Message)]
struct Manifest {
    #[prost(string, tag = "1")]
    engine: String,
    #[prost(message, repeated, tag = "40")]
    sync_runs: Vec<SyncRun>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SyncRun {
    #[prost(string, tag = "1")]
    sync_id: String,
}

/// The error for a v3 file, from what follows its magic: a big-endian length and the manifest.
pub(super) fn refusal(rest: &[u8]) -> ContainerError {
    let manifest = rest.split_first_chunk::<4>().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Manifest::decode(rest.get(..length)?).ok()
    });
    match manifest {
        Some(manifest) => ContainerError::V3 {
            engine: Some(manifest.engine).filter(|engine| !engine.is_empty()),
            sync_ids: manifest.sync_runs.into_iter().map(|run| run.sync_id).collect(),
        },
        None => ContainerError::V3 { engine: None, sync_ids: Vec::new() },
    }
}
