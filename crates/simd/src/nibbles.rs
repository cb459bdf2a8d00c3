//! Sums of table look-ups by 4-bit codes: the scan of a product quantiser (André, Kermarrec and Le Scouarnec, Quick ADC, 2017).

use crate::imp::imp;

/// Vectors a block of codes.
pub const NIBBLE_BLOCK: usize = 32;
/// Bytes of one part of a block: two vectors a byte. Also the entries of one part's table.
pub const NIBBLE_PART: usize = 16;
/// The number of parts is a multiple of this, so that a wide register holds whole parts; tables of zeros fill up.
pub const NIBBLE_PARTS: usize = 4;

/// Adds up table entries for blocks of 32 vectors.
///
/// `tables` holds 16 bytes a part. A block of `codes` holds 16 bytes a part: byte `i` has the code of vector `i` in its low half, that of vector `16 + i`
/// in its high half. `out[32 b + v]` receives the sum of vector `v` of block `b`, exact for up to 256 parts.
///
/// # Panics
/// When the number of parts isn't a multiple of [`NIBBLE_PARTS`] in `4..=256`, or the lengths don't fit each other.
#[inline]
pub fn sum_nibbles(tables: &[u8], codes: &[u8], out: &mut [u16]) {
    let parts = tables.len() / NIBBLE_PART;
    assert!(
        tables.len().is_multiple_of(NIBBLE_PART * NIBBLE_PARTS) && (1..=256).contains(&parts),
        "{} bytes of tables aren't 4 to 256 parts of 16, by fours",
        tables.len()
    );
    let blocks = codes.len() / tables.len();
    assert!(
        codes.len() == blocks * tables.len() && out.len() == blocks * NIBBLE_BLOCK,
        "one sum for each of 32 codes a block"
    );
    // SAFETY: the lengths fit, and the table was chosen for this machine.
    unsafe { (imp().sum_nibbles)(tables, codes, out) }
}
