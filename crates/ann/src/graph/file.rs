//! One file: a header with a table of sections, then the sections as they lie in memory, so that opening is mapping.
//!
//! Numbers are little-endian. The header is `MAGIC`, version, number of sections, length of the file, for each section its name, offset, length and
//! checksum (XXH3, 64 bits), and at last the checksum of the header itself. Sections start on cache lines.
//!
//! Saving writes another file beside the old one, forces it to the disk and renames it: whatever happens, the old index or the new one is
//! there. Opening checks the header and every section but the three big ones (vectors, codes, links), which would have to be read
//! from the disk for that; [`GraphIndex::check`] reads them. Damage there can't crash a search, it can only make it miss vectors.

mod read;
mod write;

use super::GraphIndex;
use memmap2::Mmap;
use std::sync::Arc;

const MAGIC: [u8; 8] = *b"CANOPYGR";
/// Rises when a file could be misread by an older program.
const VERSION: u32 = 1;
/// Sections start on multiples of this.
const LINE: usize = 64;
/// Bytes before the table: magic, version, number of sections, length of the file.
const FIXED: usize = 24;
/// Bytes an entry of the table: name, offset, length, checksum.
const ENTRY: usize = 32;
/// More sections than a file of ours ever has.
const MOST_SECTIONS: usize = 256;

/// Names of sections, at most 8 bytes.
const META: &str = "meta";
const MEAN: &str = "mean";
const MATRIX: &str = "matrix";
const RAW: &str = "vectors";
const CODES: &str = "codes";
const LINKS: &str = "links";
const SLOTS: &str = "slots";
const DEAD: &str = "dead";
const NOTES: &str = "notes";
/// Read only by [`GraphIndex::check`].
const BIG: [&str; 3] = [RAW, CODES, LINKS];

/// The sections of the `i`-th sample.
fn sample(i: usize) -> [String; 3] {
    ["n", "c", "l"].map(|part| format!("way{i}{part}"))
}

/// A section as the table names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    name: String,
    at: usize,
    len: usize,
    sum: u64,
}

/// The file behind an index that was opened.
#[derive(Debug)]
pub(super) struct Source {
    path: String,
    map: Arc<Mmap>,
    sections: Vec<Section>,
}

/// What stands in the section `meta`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Meta {
    metric: String,
    dim: usize,
    count: usize,
    unit: f32,
    kept: String,
    degree: usize,
    start: u32,
    fitted: usize,
    samples: Vec<usize>,
    free: Vec<u32>,
    options: super::BuildOptions,
    defaults: super::SearchOptions,
}

impl GraphIndex {
    /// Reads the big sections of the file that the index was opened from, and compares their checksums.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`].
    pub fn check(&self) -> Result<(), crate::Error> {
        let Some(source) = &self.source else { return Ok(()) };
        source.sections.iter().try_for_each(|section| read::verify(&source.path, &source.map, section))
    }
}
