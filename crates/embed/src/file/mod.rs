//! The `.canopy-model` file: named sections behind a checked table, read through a memory map.
//!
//! All numbers are little-endian.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 8 | magic `CANOPYM\n` |
//! | 8 | 4 | format version |
//! | 12 | 4 | kind: 1 static, 2 MiniLM |
//! | 16 | 4 | number of sections, `n` |
//! | 20 | 4 | zero |
//! | 24 | 8 | length of the whole file |
//! | 32 | 48 · n | table: name (24 bytes, zero-filled), offset, length, xxh3-64 of the contents (8 bytes each) |
//! | 32 + 48 n | 8 | xxh3-64 of everything before |
//!
//! Sections start at multiples of 64 bytes, in the table's order, and cover the rest of the file but for zero bytes between them; these are
//! checked too, so that every byte of the file is covered by a check.

mod reader;
mod writer;

pub(crate) use reader::ModelFile;
pub use writer::ModelWriter;

use crate::Error;
use std::path::Path;

pub(crate) const MAGIC: [u8; 8] = *b"CANOPYM\n";
/// Newest format this version reads and the one it writes.
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEAD_BYTES: usize = 32;
pub(crate) const ENTRY_BYTES: usize = 48;
pub(crate) const NAME_BYTES: usize = 24;
pub(crate) const ALIGN: usize = 64;
/// No model needs more; a bound keeps a damaged count from sizing anything.
pub(crate) const MAX_SECTIONS: usize = 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    /// One vector a token, averaged.
    Static,
    /// A BERT of MiniLM's shape, averaged over tokens.
    MiniLm,
}

impl ModelKind {
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Static => 1,
            Self::MiniLm => 2,
        }
    }

    pub(crate) fn from_number(number: u32) -> Option<Self> {
        [Self::Static, Self::MiniLm].into_iter().find(|kind| kind.number() == number)
    }
}

/// An error that says what is wrong with the file.
pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Error {
    Error::Corrupt { path: path.to_owned(), what: what.into() }
}

#[cfg(test)]
mod tests;
