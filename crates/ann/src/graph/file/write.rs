//! Saving.

use super::*;
use crate::Error;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_64;

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
        self.save_through(path, notes, |file| file)
    }

    /// [`GraphIndex::save`] through another writer, so that tests can let the disk run full.
    pub(in crate::graph) fn save_through<W: Write>(
        &self,
        path: &Path,
        notes: &[u8],
        wrap: impl FnOnce(File) -> W,
    ) -> Result<(), Error> {
        let failed = |error: io::Error| Error::file(path, &error);
        let temporary = temporary(path);
        let written = self.write(&temporary, notes, wrap).and_then(|()| fs::rename(&temporary, path));
        if let Err(error) = written {
            // What is left of a failed attempt only takes room.
            drop(fs::remove_file(&temporary));
            return Err(failed(error));
        }
        sync_folder(path).map_err(failed)
    }

    fn write<W: Write>(&self, path: &Path, notes: &[u8], wrap: impl FnOnce(File) -> W) -> io::Result<()> {
        let file = File::create_new(path)?;
        let handle = file.try_clone()?;
        let mut out = BufWriter::with_capacity(1 << 20, wrap(file));
        let meta = serde_json::to_vec(&self.meta())?;
        let dead = self.dead.words();
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

        let header = header(&sections);
        out.write_all(&header)?;
        let mut at = header.len();
        for (_, bytes) in &sections {
            pad(&mut out, &mut at)?;
            out.write_all(bytes)?;
            at += bytes.len();
        }
        out.flush()?;
        handle.sync_all()
    }

    fn meta(&self) -> Meta {
        Meta {
            metric: self.space.metric.as_str().into(),
            dim: self.space.dim,
            count: self.slots.len(),
            unit: self.space.unit,
            kept: self.raw.kind.name().into(),
            degree: self.links.degree,
            start: self.start,
            fitted: self.fitted,
            samples: self.entries.iter().map(|entry| entry.nodes.len()).collect(),
            free: self.free.clone(),
            options: self.options,
            defaults: self.defaults,
        }
    }
}

fn header(sections: &[(String, &[u8])]) -> Vec<u8> {
    let mut at = FIXED + sections.len() * ENTRY + size_of::<u64>();
    let mut table = Vec::new();
    for (name, bytes) in sections {
        at = at.next_multiple_of(LINE);
        let mut tag = [0_u8; 8];
        tag[..name.len()].copy_from_slice(name.as_bytes());
        table.extend(tag);
        for number in [at as u64, bytes.len() as u64, xxh3_64(bytes)] {
            table.extend(number.to_le_bytes());
        }
        at += bytes.len();
    }
    let mut header = MAGIC.to_vec();
    header.extend(VERSION.to_le_bytes());
    header.extend((sections.len() as u32).to_le_bytes());
    header.extend((at as u64).to_le_bytes());
    header.extend(table);
    header.extend(xxh3_64(&header).to_le_bytes());
    header
}

fn pad(out: &mut impl Write, at: &mut usize) -> io::Result<()> {
    let next = at.next_multiple_of(LINE);
    out.write_all(&[0; LINE][..next - *at])?;
    *at = next;
    Ok(())
}

/// A name beside `path` that no other save uses, of this process or of another.
fn temporary(path: &Path) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}-{}.tmp", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// Makes the new name last; a file's own sync doesn't cover the folder that names it.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}
