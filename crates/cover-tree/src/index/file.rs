//! A Euclidean or angular tree as a file that is opened by mapping.

use super::{BuildReport, CoverTree, Options};
use crate::error::Error;
use crate::except::Gone;
use crate::leaves::{Frame, LEAF, Leaves};
use crate::metric::Geometry;
use crate::neighbours::MISSING;
use crate::points::{MAX_DIM, MAX_POINTS, Points};
use canopy_file::{Format, Mapped, save_through};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

const FORMAT: Format = Format { magic: *b"CANOPYCT", version: 1 };

/// What stands in the section `meta`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    angular: bool,
    dim: usize,
    ids: usize,
    seed: u64,
}

impl CoverTree {
    /// Writes the index into a file, replacing what stood there only when everything is on the disk. The cover tree itself isn't
    /// kept: it is made when somebody asks for it.
    ///
    /// # Errors
    /// [`Error::CustomFile`] under a custom metric, whose code no file can hold; [`Error::File`], and the old file stays valid.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.save_with(path, &[])
    }

    /// [`CoverTree::save`] with notes of the caller's, which [`CoverTree::notes`] gives back.
    ///
    /// # Errors
    /// Those of [`CoverTree::save`].
    pub fn save_with(&self, path: &Path, notes: &[u8]) -> Result<(), Error> {
        self.save_through(path, notes, |file| file)
    }

    /// What was saved beside a tree.
    ///
    /// # Errors
    /// Those of [`CoverTree::open`].
    pub fn notes(path: &Path) -> Result<Vec<u8>, Error> {
        Ok(Mapped::open(path, FORMAT)?.checked("notes")?.to_vec())
    }

    /// [`CoverTree::save`] through another writer, so that a test can let the disk run full.
    fn save_through<W: Write>(&self, path: &Path, notes: &[u8], wrap: impl FnOnce(File) -> W) -> Result<(), Error> {
        let Some(leaves) = &self.leaves else { return Err(Error::CustomFile) };
        let angular = matches!(self.geometry, Geometry::Angular);
        let meta = Meta { angular, dim: self.dim(), ids: self.ids(), seed: self.options.seed };
        let meta = serde_json::to_vec(&meta).expect("numbers always serialise");
        let frame = leaves.frame.numbers();
        let sections: [(&str, &[u8]); 8] = [
            ("meta", &meta),
            ("notes", notes),
            ("frame", bytemuck::cast_slice(&frame)),
            ("gone", bytemuck::cast_slice(self.gone.words())),
            ("order", bytemuck::cast_slice(&self.order)),
            ("points", bytemuck::cast_slice(self.points.values())),
            ("rows", bytemuck::cast_slice(&leaves.rows)),
            ("lanes", bytemuck::cast_slice(&leaves.lanes)),
        ];
        Ok(save_through(path, FORMAT, &sections, wrap)?)
    }

    /// Opens a saved index by mapping its file. Everything is read once and compared with its checksum, so that damage is an
    /// error here and never a wrong answer later.
    ///
    /// The file must not be changed in place by others while it is mapped; [`CoverTree::save`] replaces it as a whole.
    ///
    /// # Errors
    /// [`Error::File`]: not there, foreign, newer, truncated or damaged.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = Mapped::open(path, FORMAT)?;
        file.verify(&[])?;
        let wrong = || file.damaged("meta");
        let meta: Meta = serde_json::from_slice(file.bytes("meta")?).map_err(|_| wrong())?;
        if !(1..=MAX_DIM).contains(&meta.dim) || meta.ids > MAX_POINTS {
            return Err(wrong().into());
        }
        let dim = meta.dim;
        let frame = Frame::from_numbers(&file.numbers::<f64>("frame")?).ok_or_else(|| file.damaged("frame"))?;
        let gone = Gone::from_words(file.numbers("gone")?);
        let order: Vec<u32> = file.numbers("order")?;
        let mut seen = vec![false; meta.ids];
        let fresh = |&id: &u32| seen.get_mut(id as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        let once = order.iter().all(fresh) && order.iter().all(|&id| !gone.has(id));
        if !once || order.len() + gone.count() != meta.ids {
            return Err(file.damaged("order").into());
        }
        let size = |each: usize, count: usize| each.checked_mul(count).ok_or_else(wrong);
        let padded = order.len().next_multiple_of(LEAF);
        let points = Points::mapped(file.mapped("points", size(meta.ids, dim)?)?, dim);
        let (rows, lanes) = (file.mapped("rows", size(padded, dim)?)?, file.mapped("lanes", size(padded, dim)?)?);
        let mut ids = order.clone();
        ids.resize(padded, MISSING);
        let leaves = Some(Leaves::of(dim, frame, (ids.into(), rows, lanes), Vec::new()));
        let geometry = if meta.angular { Geometry::Angular } else { Geometry::Euclidean };
        let (options, report) = (Options { seed: meta.seed, ..Options::default() }, BuildReport::default());
        Ok(Self { geometry, points, order, gone, options, tree: OnceLock::new(), leaves, report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::full::Full;
    use canopy_core::{Cancel, Coded, Progress};

    #[test]
    fn a_full_disk_leaves_the_old_file_valid() {
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree");
        let build = |n: u32| {
            let points = Points::from_f64((0..n).map(f64::from).collect(), 1).unwrap();
            CoverTree::build(points, Geometry::Euclidean, &Options::default(), &cancel, &progress).unwrap()
        };
        build(100).save(&path).unwrap();
        let larger = build(500);
        for room in [0, 100, 1000, 5000] {
            assert_eq!(
                larger.save_through(&path, b"notes", |file| Full(file, room)).unwrap_err().code(),
                "INDEX_DISK_FULL"
            );
            assert_eq!(CoverTree::open(&path).unwrap().len(), 100);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of the attempts");
    }
}
