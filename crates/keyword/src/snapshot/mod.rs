//! The index as bytes, so that a collection opens without reading its texts again.
//!
//! ```text
//! magic 8 | layout u32 | analyzer u32 | k1 b k3 reference f32 | terms u32 | slots u32 | section lengths 3 × u64 | header xxh3 u64
//! names | postings | documents | xxh3 of the three sections u64           (all little endian)
//! ```
//! Sections are columns (all lengths, then all bytes), so reading is mostly copying.

mod read;
mod write;

use crate::Error;
use crate::index::KeywordIndex;
use std::io::{Read, Write};

const MAGIC: &[u8; 8] = b"CNPYKEYW";
const LAYOUT: u32 = 1;
const HEADER: usize = 8 + 4 + 4 + 4 * 4 + 4 + 4 + 3 * 8 + 8;

impl KeywordIndex {
    /// Writes the index. Feed it back to [`KeywordIndex::read_from`].
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_to(&self, out: &mut impl Write) -> Result<(), Error> {
        write::write(self, out).map_err(Error::Io)
    }

    /// Reads an index that [`KeywordIndex::write_to`] wrote, constants included.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for bytes that aren't a whole, undamaged snapshot; [`Error::Outdated`] for one of another
    /// version; [`Error::Io`] when reading fails. Never panics, and never allocates much more than it reads.
    pub fn read_from(input: &mut impl Read) -> Result<Self, Error> {
        read::read(input)
    }
}

#[cfg(test)]
mod tests;
