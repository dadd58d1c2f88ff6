//! How bytes are compared: eight at a time. The C library that guests are linked with goes byte by byte, and at each turn
//! of a loop a guest looks at the host's clock; connectors compare ids all the time.
#![expect(unsafe_code, reason = "a function of the C library, by its name")]

use std::cmp::Ordering;

const WORD: usize = size_of::<u64>();

/// The order of two stretches of memory of one length, as the C library's function of this name tells it.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    let mut at = 0;
    while at + WORD <= length {
        // SAFETY: the caller's promise is that both are readable for `length` bytes.
        let words = unsafe { (left.add(at).cast::<u64>(), right.add(at).cast::<u64>()) };
        // SAFETY: as above; eight bytes are left.
        let (left, right) = unsafe { (words.0.read_unaligned(), words.1.read_unaligned()) };
        if left != right {
            // The first byte in memory decides.
            return if u64::from_be(left).cmp(&u64::from_be(right)) == Ordering::Less { -1 } else { 1 };
        }
        at += WORD;
    }
    while at < length {
        // SAFETY: as above; one byte is left.
        let (left, right) = unsafe { (*left.add(at), *right.add(at)) };
        if left != right {
            return i32::from(left) - i32::from(right);
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_bytes() {
        let bytes = |seed: usize| (0..40).map(move |at| u8::try_from(at * seed % 251).unwrap()).collect::<Vec<_>>();
        let (one, mut other) = (bytes(7), bytes(7));
        for (start, length) in (0..8).flat_map(|start| (0..32).map(move |length| (start, length))) {
            for changed in start..start + length + 1 {
                for by in [0, 1, 128, 255] {
                    let was = other[changed];
                    other[changed] = was.wrapping_add(by);
                    let (left, right) = (&one[start..start + length], &other[start..start + length]);
                    // SAFETY: both slices have this length.
                    let order = unsafe { memcmp(left.as_ptr(), right.as_ptr(), length) };
                    assert_eq!(order.cmp(&0), left.cmp(right), "{left:?} {right:?}");
                    other[changed] = was;
                }
            }
        }
    }
}
