//! How many bytes an allocation really takes.

/// Bytes that a malloc of `size` occupies: common allocators round up to 16 and add a header of 8, 32 at least.
pub(crate) fn allocated(size: usize) -> usize {
    if size == 0 { 0 } else { (size + 8).next_multiple_of(16).max(32) }
}
