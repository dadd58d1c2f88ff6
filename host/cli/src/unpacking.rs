//! What unpacking a sync file of somebody else may cost: the limits that the Baton SDK has, by the variables that it reads.

use accord_c1z::container::Limits;

const DECODED: &str = "BATON_DECODER_MAX_DECODED_SIZE_MB";
const MEMORY: &str = "BATON_DECODER_MAX_MEMORY_MB";

/// The limits of this process, or what is wrong with a variable.
pub(crate) fn limits() -> Result<Limits, String> {
    let usual = Limits::default();
    Ok(Limits {
        decoded_bytes: mebibytes(DECODED)?.unwrap_or(usual.decoded_bytes),
        window_bytes: mebibytes(MEMORY)?.unwrap_or(usual.window_bytes),
    })
}

/// Bytes of a variable in MiB; none if it is not set.
fn mebibytes(name: &str) -> Result<Option<u64>, String> {
    let Some(text) = std::env::var_os(name).filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_string_lossy();
    match text.trim().parse::<u64>().ok().filter(|number| *number > 0).and_then(|number| number.checked_mul(1 << 20)) {
        Some(bytes) => Ok(Some(bytes)),
        None => Err(format!("{name} is `{text}`, and should be a number of MiB, at least 1")),
    }
}

/// How to raise the limit that a file passes.
pub(crate) const REMEDY: &str = "a file that you trust may be larger: BATON_DECODER_MAX_DECODED_SIZE_MB and \
                                 BATON_DECODER_MAX_MEMORY_MB are limits in MiB";
