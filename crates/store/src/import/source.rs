//! Opening a source and finding the place where the last import stopped.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom};
use std::path::Path;

/// A place in a source: the byte where the next record starts, and its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) line: u64,
}

impl Place {
    pub(super) const START: Self = Self { offset: 0, line: 1 };

    /// Reads what [`Place::to_string`] wrote.
    pub(super) fn parse(position: &str, source: &str) -> Result<Self> {
        let parsed = position.split_once(':').and_then(|(offset, line)| {
            Some(Self { offset: offset.parse().ok()?, line: line.parse::<u64>().ok().filter(|&line| line > 0)? })
        });
        parsed.ok_or_else(|| Error::ImportSyntax {
            source_name: source.to_owned(),
            line: 0,
            reason: format!("{position:?} is not a position to resume from: start the import from the beginning"),
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.offset, self.line)
    }
}

/// Opens the file `path`, and says its name for messages.
pub(super) fn open(path: &Path) -> Result<(File, String)> {
    let fail = |error: &std::io::Error| match error.kind() {
        ErrorKind::PermissionDenied => Error::from_io(path, error),
        _ => Error::ImportNotFound { path: path.to_owned(), detail: error.to_string() },
    };
    let file = File::open(path).map_err(|error| fail(&error))?;
    if file.metadata().map_err(|error| fail(&error))?.is_dir() {
        return Err(Error::ImportNotFound { path: path.to_owned(), detail: "it is a folder".to_owned() });
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok((file, name))
}

/// Moves `source` to `place`, which must lie within it.
pub(super) fn seek(source: &mut impl Seek, place: Place, name: &str) -> Result<()> {
    let fail = |error: std::io::Error| Error::ImportIo { source_name: name.to_owned(), detail: error.to_string() };
    let end = source.seek(SeekFrom::End(0)).map_err(fail)?;
    if place.offset > end {
        return Err(Error::ImportSyntax {
            source_name: name.to_owned(),
            line: 0,
            reason: format!(
                "the import stopped at byte {}, but the file has {end} now: start the import from the beginning",
                place.offset
            ),
        });
    }
    source.seek(SeekFrom::Start(place.offset)).map(drop).map_err(fail)
}
