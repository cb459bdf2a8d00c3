//! Opening.

use super::*;
use crate::Error;
use crate::graph::bits::Bits;
use crate::graph::buffer::Buffer;
use crate::graph::entry::Entry;
use crate::graph::links::Links;
use crate::graph::raw::{Kind, Raw};
use crate::graph::space::Space;
use crate::slots::SlotMap;
use bytemuck::Pod;
use canopy_core::MetricKind;
use std::fs::File;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

impl GraphIndex {
    /// Opens a saved index by mapping its file: big sections are read from the disk when a search needs them.
    ///
    /// The file must not be changed or cut by others while it is mapped; [`GraphIndex::save`] replaces it as a whole and does no harm.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Foreign`], [`Error::Newer`], [`Error::Truncated`], [`Error::Damaged`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::file(path, &error))?;
        // SAFETY: files of ours are replaced, never changed in place; the documentation asks others to keep to that.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| Error::file(path, &error))?;
        let name = path.display().to_string();
        let sections = sections(&name, &map)?;
        let small = sections.iter().filter(|section| !BIG.contains(&section.name.as_str()));
        small.clone().try_for_each(|section| verify(&name, &map, section))?;
        Source { path: name, map: Arc::new(map), sections }.index()
    }
}

/// The table of sections, checked.
fn sections(path: &str, file: &[u8]) -> Result<Vec<Section>, Error> {
    let path = || path.to_owned();
    if file.len() < MAGIC.len() || file[..MAGIC.len()] != MAGIC {
        return Err(Error::Foreign { path: path() });
    }
    let truncated = |section: &str, expected: u64| Error::Truncated {
        path: path(),
        section: section.to_owned(),
        expected,
        received: file.len() as u64,
    };
    let damaged = || Error::Damaged { path: path(), section: "header".into() };
    let word = |at: usize| file.get(at..at + 4).and_then(<[u8]>::first_chunk).map(|&bytes| u32::from_le_bytes(bytes));
    let long = |at: usize| file.get(at..at + 8).and_then(<[u8]>::first_chunk).map(|&bytes| u64::from_le_bytes(bytes));
    let (Some(version), Some(count), Some(len)) = (word(8), word(12), long(16)) else {
        return Err(truncated("header", FIXED as u64));
    };
    if version > VERSION {
        return Err(Error::Newer { path: path(), version, known: VERSION });
    }
    let count = count as usize;
    if count > MOST_SECTIONS || version == 0 {
        return Err(damaged());
    }
    let end = FIXED + count * ENTRY;
    let Some(sum) = long(end) else { return Err(truncated("header", end as u64 + 8)) };
    if sum != xxh3_64(&file[..end]) {
        return Err(damaged());
    }
    if file.len() as u64 != len {
        return Err(truncated("file", len));
    }
    let section = |i: usize| {
        let at = FIXED + i * ENTRY;
        let name = file[at..at + 8].split(|&byte| byte == 0).next().unwrap_or_default();
        let number = |field: usize| long(at + 8 * field).and_then(|number| usize::try_from(number).ok());
        let (start, len, sum) = (number(1)?, number(2)?, long(at + 24)?);
        file.get(start..start.checked_add(len)?)?;
        Some(Section { name: String::from_utf8_lossy(name).into_owned(), at: start, len, sum })
    };
    (0..count).map(|i| section(i).ok_or_else(damaged)).collect()
}

/// Compares a section with its checksum.
pub(super) fn verify(path: &str, file: &[u8], section: &Section) -> Result<(), Error> {
    if xxh3_64(&file[section.at..section.at + section.len]) == section.sum {
        return Ok(());
    }
    Err(Error::Damaged { path: path.to_owned(), section: section.name.clone() })
}

impl Source {
    fn damaged(&self, section: &str) -> Error {
        Error::Damaged { path: self.path.clone(), section: section.to_owned() }
    }

    fn section(&self, name: &str) -> Result<&Section, Error> {
        self.sections.iter().find(|section| section.name == name).ok_or_else(|| self.damaged(name))
    }

    /// A section of exactly `len` numbers.
    fn buffer<T: Pod>(&self, name: &str, len: usize) -> Result<Buffer<T>, Error> {
        let section = self.section(name)?;
        let fits = len.checked_mul(size_of::<T>()) == Some(section.len);
        let buffer = fits.then(|| Buffer::mapped(&self.map, section.at, len)).flatten();
        buffer.ok_or_else(|| self.damaged(name))
    }

    /// A section as numbers of its own.
    fn numbers<T: Pod>(&self, name: &str) -> Result<Vec<T>, Error> {
        let section = self.section(name)?;
        let bytes = &self.map[section.at..section.at + section.len];
        bytemuck::try_cast_slice(bytes).map(<[T]>::to_vec).map_err(|_| self.damaged(name))
    }

    fn index(self) -> Result<GraphIndex, Error> {
        let wrong = || self.damaged(META);
        let meta: Meta = serde_json::from_slice(&self.numbers::<u8>(META)?).map_err(|_| wrong())?;
        let metric = MetricKind::from_name(&meta.metric).ok_or_else(wrong)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == meta.kept).ok_or_else(wrong)?;
        let (mean, matrix): (Vec<f32>, Vec<f32>) = (self.numbers(MEAN)?, self.numbers(MATRIX)?);
        let full = meta.dim + usize::from(metric == MetricKind::Dot);
        let nodes = u32::try_from(meta.count).map_err(|_| wrong())?;
        let inside = |node: &u32| *node < nodes;
        let plausible = (1..=crate::flat::MAX_DIM).contains(&meta.dim)
            && mean.len() == full
            && matrix.len().is_multiple_of(full)
            && (1..=1024).contains(&meta.degree)
            && meta.count < crate::graph::MAX_VECTORS
            && (nodes == 0 || inside(&meta.start))
            && meta.free.iter().all(inside);
        if !plausible {
            return Err(wrong());
        }
        let space = Space::new(metric, meta.dim, meta.unit, mean, matrix);
        let mut raw = Raw::new(kind, meta.dim);
        raw.rows = self.buffer(RAW, meta.count * meta.dim * raw.kind.bytes())?;
        let codes = self.buffer(CODES, meta.count * space.stride)?;
        let links = Links { degree: meta.degree, rows: self.buffer(LINKS, meta.count * meta.degree)? };
        let entry = |(i, &count): (usize, &usize)| {
            let [nodes, codes, links] = sample(i);
            let members: Vec<u32> = self.numbers(&nodes)?;
            if members.len() != count || !members.iter().all(inside) {
                return Err(self.damaged(&nodes));
            }
            let links = Links { degree: meta.degree, rows: self.buffer(&links, count * meta.degree)? };
            Ok(Entry { nodes: members, codes: self.buffer(&codes, count * space.stride)?, links })
        };
        let entries = meta.samples.iter().enumerate().map(entry).collect::<Result<Vec<_>, Error>>()?;
        let slots: Buffer<u32> = self.buffer(SLOTS, meta.count)?;
        // Files of before notes have none.
        let notes = if self.section(NOTES).is_ok() { self.numbers(NOTES)? } else { Vec::new() };
        let dead = Bits::from_words(self.numbers(DEAD)?);
        let mut positions = SlotMap::default();
        for (position, &slot) in (0..nodes).zip(slots.get()) {
            if !dead.contains(position) {
                positions.set(slot, position);
            }
        }
        Ok(GraphIndex {
            options: meta.options,
            space,
            raw,
            codes,
            links,
            entries,
            slots,
            positions,
            start: meta.start,
            fitted: meta.fitted,
            dead,
            free: meta.free,
            loose: 0,
            defaults: meta.defaults,
            notes,
            source: Some(self),
        })
    }
}
