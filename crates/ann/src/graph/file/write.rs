//! Saving.

use super::*;
use crate::Error;
use crate::ivf::IvfPq;
use std::fs::File;
use std::io::Write;
use std::path::Path;

impl GraphIndex {
    /// Writes the index into a file, replacing what stood there only when everything is on the disk.
    ///
    /// # Errors
    /// [`Error::File`] with the code `INDEX_DISK_FULL`, `INDEX_PERMISSION`, `INDEX_NOT_FOUND` (no such folder) or `INDEX_IO`. The old file stays valid.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.save_with(path, &self.notes)
    }

    /// [`GraphIndex::save`] with bytes of the caller's own, names of the slots for example, that [`GraphIndex::notes`] gives after opening.
    ///
    /// # Errors
    /// Those of [`GraphIndex::save`].
    pub fn save_with(&self, path: &Path, notes: &[u8]) -> Result<(), Error> {
        self.save_all(path, notes, None)
    }

    /// [`GraphIndex::save_with`] together with lists over the same vectors, for [`GraphIndex::open_all`].
    ///
    /// # Errors
    /// Those of [`GraphIndex::save`].
    pub fn save_all(&self, path: &Path, notes: &[u8], lists: Option<&IvfPq>) -> Result<(), Error> {
        self.save_through(path, notes, lists, |file| file)
    }

    /// [`GraphIndex::save`] through another writer, so that tests can let the disk run full.
    pub(in crate::graph) fn save_through<W: Write>(
        &self,
        path: &Path,
        notes: &[u8],
        lists: Option<&IvfPq>,
        wrap: impl FnOnce(File) -> W,
    ) -> Result<(), Error> {
        let meta = serde_json::to_vec(&self.meta()).expect("numbers and strings always serialise");
        let dead = self.dead.words();
        let lists = lists.map(ivf::file::Parts::of);
        let mut sections: Vec<(String, &[u8])> = vec![
            (META.into(), &meta),
            (MEAN.into(), bytemuck::cast_slice(&self.space.mean)),
            (MATRIX.into(), bytemuck::cast_slice(&self.space.matrix)),
            (SLOTS.into(), bytemuck::cast_slice(self.slots.get())),
            (DEAD.into(), bytemuck::cast_slice(dead)),
            (NOTES.into(), notes),
        ];
        for (i, entry) in self.entries.iter().enumerate() {
            let [nodes, codes, links] = sample(i);
            sections.push((nodes, bytemuck::cast_slice(&entry.nodes)));
            sections.push((codes, entry.codes.get()));
            sections.push((links, bytemuck::cast_slice(entry.links.rows.get())));
        }
        sections.push((LINKS.into(), bytemuck::cast_slice(self.links.rows.get())));
        sections.push((CODES.into(), self.codes.get()));
        sections.push((RAW.into(), self.raw.rows.get()));
        sections.extend(lists.iter().flat_map(ivf::file::Parts::sections).map(|(name, bytes)| (name.into(), bytes)));

        let sections: Vec<(&str, &[u8])> = sections.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
        Ok(canopy_file::save_through(path, FORMAT, &sections, wrap)?)
    }

    fn meta(&self) -> Meta {
        Meta {
            metric: self.space.metric.as_str().into(),
            dim: self.space.dim,
            count: self.slots.len(),
            unit: self.space.unit,
            whole: self.space.whole,
            kept: self.raw.kind.name().into(),
            degree: self.links.degree,
            start: self.start,
            fitted: self.fitted,
            samples: self.entries.iter().map(|entry| entry.nodes.len()).collect(),
            free: self.free.clone(),
            options: self.options,
            defaults: self.tuned.map(Breadth::own).unwrap_or_default(),
            usual: Some(self.usual),
            tuned: self.tuned,
        }
    }
}
