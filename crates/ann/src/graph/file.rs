//! One file: a header with a table of sections, then the sections as they lie in memory, so that opening is mapping.
//!
//! The layout, and how a file replaces another, is that of [`canopy_file`]. Opening checks the header and every section but the big ones (vectors, codes, links, codes of lists), which would have to be
//! read from the disk for that; [`GraphIndex::check`] reads them. Damage there can't crash a search, it can only make it miss vectors.
//!
//! Inverted lists over the same vectors stand in sections of their own, which a reader that doesn't want them passes over.

mod read;
mod write;

use super::GraphIndex;
use super::options::Breadth;
use crate::ivf;
use canopy_file::{Format, Mapped};

pub(super) const FORMAT: Format = Format { magic: *b"CANOPYGR", version: 2 };

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
const BIG: [&str; 4] = [RAW, CODES, LINKS, ivf::file::CODES];

/// The sections of the `i`-th sample.
fn sample(i: usize) -> [String; 3] {
    ["n", "c", "l"].map(|part| format!("way{i}{part}"))
}

/// The file behind an index that was opened.
#[derive(Debug)]
pub(super) struct Source(Mapped);

/// What stands in the section `meta`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Meta {
    metric: String,
    dim: usize,
    count: usize,
    unit: f32,
    /// Rows of codes hold the values themselves; never before version 2.
    #[serde(default)]
    whole: bool,
    kept: String,
    degree: usize,
    start: u32,
    fitted: usize,
    samples: Vec<usize>,
    free: Vec<u32>,
    options: super::BuildOptions,
    /// What a caller chose, for readers of before breadths: 0 where nobody did.
    defaults: super::SearchOptions,
    #[serde(default)]
    usual: Option<Breadth>,
    #[serde(default)]
    tuned: Option<Breadth>,
}

impl GraphIndex {
    /// Reads the big sections of the file that the index was opened from, and compares their checksums.
    ///
    /// # Errors
    /// [`crate::Error::Damaged`].
    pub fn check(&self) -> Result<(), crate::Error> {
        let Some(source) = &self.source else { return Ok(()) };
        Ok(source.0.verify(&[])?)
    }
}

impl From<canopy_file::Error> for crate::Error {
    fn from(error: canopy_file::Error) -> Self {
        use canopy_file::Error as File;
        match error {
            File::System { path, reason, code, fault } => Self::File { path, reason, code, fault },
            File::Foreign { path } => Self::Foreign { path },
            File::Newer { path, version, known } => Self::Newer { path, version, known },
            File::Truncated { path, section, expected, received } => {
                Self::Truncated { path, section, expected, received }
            }
            File::Damaged { path, section } => Self::Damaged { path, section },
        }
    }
}
