//! Reading and checking model files.

use super::{ALIGN, ENTRY_BYTES, HEAD_BYTES, MAGIC, MAX_SECTIONS, ModelKind, NAME_BYTES, VERSION, corrupt};
use crate::Error;
use memmap2::Mmap;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// An open, checked model file.
#[derive(Debug)]
pub(crate) struct ModelFile {
    path: PathBuf,
    map: Mmap,
    kind: ModelKind,
    sections: Vec<(String, Range<usize>)>,
    digest: u128,
}

impl ModelFile {
    /// Maps the file and checks every byte of it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let io = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Missing { path: path.to_owned() },
            _ => Error::Io { path: path.to_owned(), source },
        };
        let file = File::open(path).map_err(io)?;
        // An empty file can't be mapped everywhere, and a folder opens as a file on Unix.
        let meta = file.metadata().map_err(io)?;
        if !meta.is_file() || meta.len() < HEAD_BYTES as u64 {
            return Err(corrupt(path, format!("it has {} bytes, a header alone has {HEAD_BYTES}", meta.len())));
        }
        // SAFETY: the map is private and read-only. Somebody who truncates the file while it is open ends this process with a bus error,
        // as with every mapped file; model files are replaced by renaming, never written in place.
        let map = unsafe { Mmap::map(&file) }.map_err(io)?;
        Self::check(path, map)
    }

    fn check(path: &Path, map: Mmap) -> Result<Self, Error> {
        let bad = |what: String| corrupt(path, what);
        let bytes = &map[..];
        if bytes.len() < HEAD_BYTES || bytes[..8] != MAGIC {
            return Err(bad("it doesn't begin with the mark of a model file".into()));
        }
        let version = u32_at(bytes, 8);
        if version > VERSION {
            return Err(Error::Newer { path: path.to_owned(), found: version, supported: VERSION });
        }
        if version == 0 {
            return Err(bad("its format version is 0".into()));
        }
        let (count, length) = (u32_at(bytes, 16) as usize, u64_at(bytes, 24));
        if length != bytes.len() as u64 {
            return Err(bad(format!("its header promises {length} bytes, it has {}", bytes.len())));
        }
        let table_end = HEAD_BYTES + ENTRY_BYTES * count.min(MAX_SECTIONS);
        if count > MAX_SECTIONS || table_end + 8 > bytes.len() {
            return Err(bad(format!("its table of {count} sections doesn't fit the file")));
        }
        if xxh3_64(&bytes[..table_end]) != u64_at(bytes, table_end) {
            return Err(bad("the checksum of its header doesn't match".into()));
        }
        let kind = ModelKind::from_number(u32_at(bytes, 12))
            .ok_or_else(|| bad(format!("its kind is {}", u32_at(bytes, 12))))?;
        let sections = check_sections(bytes, count, table_end).map_err(bad)?;
        // The table holds a checksum of every section, so its digest names the whole contents.
        let digest = xxh3_128(&bytes[..table_end]);
        Ok(Self { path: path.to_owned(), map, kind, sections, digest })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn kind(&self) -> ModelKind {
        self.kind
    }

    /// Names the contents: two files have the same one only if they hold the same model.
    pub(crate) fn digest(&self) -> u128 {
        self.digest
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.map.len()
    }

    /// Where a section lies in [`ModelFile::bytes`].
    pub(crate) fn range(&self, name: &str) -> Result<Range<usize>, Error> {
        let found = self.sections.iter().find(|(known, _)| known == name);
        found.map(|(_, range)| range.clone()).ok_or_else(|| corrupt(&self.path, format!("section {name} is missing")))
    }

    /// The bytes of a section.
    pub(crate) fn section(&self, name: &str) -> Result<&[u8], Error> {
        Ok(&self.map[self.range(name)?])
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// A section of `len` signed bytes.
    pub(crate) fn i8s(&self, name: &str, len: usize) -> Result<&[i8], Error> {
        let bytes = self.section(name)?;
        self.expect(name, bytes.len(), len)?;
        Ok(bytemuck::cast_slice(bytes))
    }

    /// A section of `len` floats, all of them finite.
    pub(crate) fn f32s(&self, name: &str, len: usize) -> Result<Vec<f32>, Error> {
        let bytes = self.section(name)?;
        self.expect(name, bytes.len(), len.saturating_mul(4))?;
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().expect("chunks of 4"))).collect();
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(corrupt(&self.path, format!("section {name} has a value that is not a finite number")))
        }
    }

    fn expect(&self, name: &str, got: usize, wanted: usize) -> Result<(), Error> {
        let wrong = || corrupt(&self.path, format!("section {name} has {got} bytes instead of {wanted}"));
        if got == wanted { Ok(()) } else { Err(wrong()) }
    }
}

/// Checks places, checksums and the filling between sections.
fn check_sections(bytes: &[u8], count: usize, table_end: usize) -> Result<Vec<(String, Range<usize>)>, String> {
    let mut sections = Vec::with_capacity(count);
    let mut at = table_end + 8;
    for index in 0..count {
        let entry = &bytes[HEAD_BYTES + index * ENTRY_BYTES..][..ENTRY_BYTES];
        let name = std::str::from_utf8(&entry[..NAME_BYTES])
            .map_err(|_| format!("the name of section {index} is not text"))?;
        let name = name.trim_end_matches('\0').to_owned();
        let (start, length) = (u64_at(entry, NAME_BYTES), u64_at(entry, NAME_BYTES + 8));
        let end = start.checked_add(length).filter(|&end| end <= bytes.len() as u64);
        let Some(end) = end else { return Err(format!("section {name} reaches past the end of the file")) };
        let (start, end) = (to_usize(start), to_usize(end));
        if start != at.next_multiple_of(ALIGN) || bytes[at..start].iter().any(|&b| b != 0) {
            return Err(format!("section {name} doesn't follow the one before it"));
        }
        if xxh3_64(&bytes[start..end]) != u64_at(entry, NAME_BYTES + 16) {
            return Err(format!("the checksum of section {name} doesn't match"));
        }
        at = end;
        sections.push((name, start..end));
    }
    if bytes.len() != at.next_multiple_of(ALIGN) || bytes[at..].iter().any(|&b| b != 0) {
        return Err("there are bytes after its last section".into());
    }
    Ok(sections)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).expect("compared with the length of a slice before")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"))
}
