//! One layout for files that are opened by mapping: a header with a table of sections, then the sections as they lie in memory.
//!
//! Numbers are little-endian. The header is a magic of 8 bytes, version (u32), number of sections (u32), length of the file (u64),
//! for each section its name (8 bytes), offset, length and checksum (XXH3, 64 bits), and at last the checksum of the header
//! itself. Sections start on cache lines.
//!
//! Saving writes another file beside the old one, forces it to the disk and renames it: whatever happens, the old file or the new
//! one is there.

mod buffer;
mod error;
mod read;
mod write;

pub use buffer::{Buffer, Numbers};
pub use error::Error;
pub use read::{Mapped, sections, verify};
pub use write::{save, save_through};

/// What a kind of file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Tells this kind from all others.
    pub magic: [u8; 8],
    /// Rises when a file could be misread by an older program.
    pub version: u32,
}

/// A section as the table names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// At most 8 bytes.
    pub name: String,
    /// Where it begins.
    pub at: usize,
    /// Its length in bytes.
    pub len: usize,
    /// Its checksum.
    pub sum: u64,
}

/// Sections start on multiples of this.
pub const LINE: usize = 64;
/// Bytes before the table: magic, version, number of sections, length of the file.
const FIXED: usize = 24;
/// Bytes an entry of the table: name, offset, length, checksum.
const ENTRY: usize = 32;
/// More sections than a file of ours ever has.
const MOST_SECTIONS: usize = 256;
