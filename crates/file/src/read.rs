//! Opening.

use super::{Buffer, ENTRY, Error, FIXED, Format, MOST_SECTIONS, Numbers, Section};
use bytemuck::Pod;
use memmap2::Mmap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// A file that is mapped, and its table of sections.
#[derive(Debug, Clone)]
pub struct Mapped {
    path: String,
    map: Arc<Mmap>,
    sections: Vec<Section>,
}

impl Mapped {
    /// Maps a file and checks its header; sections are compared with their checksums when [`Mapped::verify`] is asked to.
    ///
    /// The file must not be changed or cut by others while it is mapped; [`crate::save`] replaces it as a whole and does no harm.
    ///
    /// # Errors
    /// Any [`Error`].
    pub fn open(path: &Path, format: Format) -> Result<Self, Error> {
        let file = File::open(path).map_err(|error| Error::system(path, &error))?;
        // SAFETY: files of ours are replaced, never changed in place; the documentation asks others to keep to that.
        let map = unsafe { Mmap::map(&file) }.map_err(|error| Error::system(path, &error))?;
        let path = path.display().to_string();
        let sections = sections(&path, &map, format)?;
        Ok(Self { path, map: Arc::new(map), sections })
    }

    /// The file's path, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The mapping.
    pub fn map(&self) -> &Arc<Mmap> {
        &self.map
    }

    /// The table.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Compares all sections with their checksums, but those that `spared` names.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn verify(&self, spared: &[&str]) -> Result<(), Error> {
        let wanted = self.sections.iter().filter(|section| !spared.contains(&section.name.as_str()));
        wanted.into_iter().try_for_each(|section| verify(&self.path, &self.map, section))
    }

    /// The error for a section that makes no sense.
    pub fn damaged(&self, section: &str) -> Error {
        Error::Damaged { path: self.path.clone(), section: section.to_owned() }
    }

    /// A section by name.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none.
    pub fn section(&self, name: &str) -> Result<&Section, Error> {
        self.sections.iter().find(|section| section.name == name).ok_or_else(|| self.damaged(name))
    }

    /// The bytes of a section.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none.
    pub fn bytes(&self, name: &str) -> Result<&[u8], Error> {
        let Section { at, len, .. } = *self.section(name)?;
        Ok(&self.map[at..at + len])
    }

    /// The bytes of a section, compared with their checksum.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none, or the checksum doesn't fit.
    pub fn checked(&self, name: &str) -> Result<&[u8], Error> {
        verify(&self.path, &self.map, self.section(name)?)?;
        self.bytes(name)
    }

    /// A section of exactly `len` numbers, where it lies in the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none, or it has another length.
    pub fn mapped<T: Pod>(&self, name: &str, len: usize) -> Result<Numbers<T>, Error> {
        let Section { at, len: bytes, .. } = *self.section(name)?;
        let fits = len.checked_mul(size_of::<T>()) == Some(bytes)
            && bytemuck::try_cast_slice::<u8, T>(&self.map[at..at + bytes]).is_ok();
        if fits { Ok(Numbers::File(self.map.clone(), at, len)) } else { Err(self.damaged(name)) }
    }

    /// [`Mapped::mapped`], as a buffer that may be written to.
    ///
    /// # Errors
    /// Those of [`Mapped::mapped`].
    pub fn buffer<T: Pod>(&self, name: &str, len: usize) -> Result<Buffer<T>, Error> {
        let section = self.section(name)?;
        let fits = len.checked_mul(size_of::<T>()) == Some(section.len);
        let buffer = fits.then(|| Buffer::mapped(&self.map, section.at, len)).flatten();
        buffer.ok_or_else(|| self.damaged(name))
    }

    /// A section as numbers of its own.
    ///
    /// # Errors
    /// [`Error::Damaged`] where there is none, or it isn't made of such numbers.
    pub fn numbers<T: Pod>(&self, name: &str) -> Result<Vec<T>, Error> {
        bytemuck::try_cast_slice(self.bytes(name)?).map(<[T]>::to_vec).map_err(|_| self.damaged(name))
    }
}

/// The table of sections of a file's content, checked; each section lies inside.
///
/// # Errors
/// [`Error::Foreign`], [`Error::Newer`], [`Error::Truncated`], [`Error::Damaged`].
pub fn sections(path: &str, file: &[u8], format: Format) -> Result<Vec<Section>, Error> {
    let path = || path.to_owned();
    if file.get(..8) != Some(&format.magic[..]) {
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
    if version > format.version {
        return Err(Error::Newer { path: path(), version, known: format.version });
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
///
/// # Errors
/// [`Error::Damaged`].
pub fn verify(path: &str, file: &[u8], section: &Section) -> Result<(), Error> {
    if xxh3_64(&file[section.at..section.at + section.len]) == section.sum {
        return Ok(());
    }
    Err(Error::Damaged { path: path.to_owned(), section: section.name.clone() })
}
