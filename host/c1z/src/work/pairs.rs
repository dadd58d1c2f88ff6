//! Grants that are nothing but two numbers, packed: entitlement and principal, eight bytes together.

use super::Error;

const BYTES: usize = 8;

/// Pairs on their way into a blob.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    bytes: Vec<u8>,
}

impl Pairs {
    /// # Errors
    /// A number that has more than 32 bits: no file has so many rows.
    pub(super) fn push(&mut self, entitlement: i64, principal: i64) -> Result<(), Error> {
        for number in [entitlement, principal] {
            self.bytes.extend_from_slice(&narrow(number)?.to_le_bytes());
        }
        Ok(())
    }

    /// The blob; none of no pairs.
    pub(super) fn blob(&self) -> Option<&[u8]> {
        (!self.bytes.is_empty()).then_some(&self.bytes)
    }
}

/// The pairs of a blob: entitlement and principal.
pub(super) fn pairs(blob: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    let (pairs, _) = blob.as_chunks::<BYTES>();
    pairs
        .iter()
        .map(|[a, b, c, d, e, f, g, h]| (u32::from_le_bytes([*a, *b, *c, *d]), u32::from_le_bytes([*e, *f, *g, *h])))
}

/// Numbers of rows have 32 bits here, which halves what most grants take.
pub(super) fn narrow(number: i64) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| Error::Staged(format!("row number {number} is more than a work file can hold")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_32_bits_come_back_and_larger_ones_are_refused() {
        let mut packed = Pairs::default();
        assert_eq!(packed.blob(), None);
        packed.push(1, 2).unwrap();
        packed.push(i64::from(u32::MAX), 0).unwrap();
        assert_eq!(pairs(packed.blob().unwrap()).collect::<Vec<_>>(), [(1, 2), (u32::MAX, 0)]);
        for (entitlement, principal) in [(1 << 32, 1), (1, 1 << 32), (-1, 1)] {
            let refused = Pairs::default().push(entitlement, principal).unwrap_err().to_string();
            assert!(refused.contains("is more than a work file can hold"), "{refused}");
        }
    }
}
