//! A folder of Markdown and text files: one record a file, its path the id.

use super::{DEFAULT_LIMIT_BYTES, Draft, front_matter, utf8};
use crate::error::{Error, Result};
use serde_json::Value;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Which files are read.
#[derive(Debug, Clone)]
pub struct Options {
    /// A larger file is an error.
    pub max_file_bytes: usize,
    /// Endings of file names, without the dot, in lower case.
    pub extensions: Vec<String>,
    /// Whether symbolic links are followed, also out of the folder. A folder is visited once, so loops end.
    pub follow_links: bool,
}

impl Default for Options {
    fn default() -> Self {
        let extensions = ["md", "markdown", "mdx", "txt", "text"].map(str::to_owned).to_vec();
        Self { max_file_bytes: DEFAULT_LIMIT_BYTES, extensions, follow_links: false }
    }
}

/// Reads the files of a folder in the order of their paths, whatever the file system's order is.
///
/// Names that start with a dot are hidden and passed over. A record's metadata has `title` (of the front matter, the
/// first heading, or the file name), `modified` (milliseconds since 1970) and the fields of the front matter.
#[derive(Debug)]
pub struct Reader {
    root: PathBuf,
    options: Options,
    /// What is still to be visited, the next one last.
    open: Vec<Entry>,
    after: Option<Vec<String>>,
    visited: HashSet<PathBuf>,
    files: u64,
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    /// Names from the root down.
    names: Vec<String>,
}

/// Opens the folder `path`, after the file at `position` if an earlier import stopped there.
///
/// # Errors
/// [`Error::ImportNotFound`] or [`Error::Permission`].
pub fn open(path: &Path, options: &Options, position: Option<&str>) -> Result<Reader> {
    let mut reader = Reader {
        root: path.to_owned(),
        options: options.clone(),
        open: Vec::new(),
        after: position.map(|position| position.split('/').map(str::to_owned).collect()),
        visited: HashSet::new(),
        files: 0,
    };
    reader.enter(&Entry { path: path.to_owned(), names: Vec::new() })?;
    Ok(reader)
}

impl Reader {
    /// Files read so far, for progress.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// Puts what is in the folder on the stack, so that the first name comes off first.
    fn enter(&mut self, folder: &Entry) -> Result<()> {
        if self.options.follow_links {
            let real = fs::canonicalize(&folder.path).map_err(|error| not_readable(&folder.path, &error))?;
            if !self.visited.insert(real) {
                return Ok(());
            }
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder.path).map_err(|error| not_readable(&folder.path, &error))? {
            let path = entry.map_err(|error| not_readable(&folder.path, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !name.starts_with('.') {
                let names = folder.names.iter().cloned().chain([name]).collect();
                entries.push(Entry { path, names });
            }
        }
        entries.sort_unstable_by(|a, b| b.names.cmp(&a.names));
        self.open.append(&mut entries);
        Ok(())
    }

    /// The next file, or what went wrong with the entry.
    fn visit(&mut self, entry: &Entry) -> Option<Result<Draft>> {
        let metadata =
            if self.options.follow_links { fs::metadata(&entry.path) } else { fs::symlink_metadata(&entry.path) };
        let metadata = match metadata {
            Ok(metadata) => metadata,
            // A link to nowhere, or a file removed since the folder was listed.
            Err(error) if error.kind() == ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(not_readable(&entry.path, &error))),
        };
        if metadata.is_dir() {
            return self.enter(entry).err().map(Err);
        }
        let done = self.after.as_ref().is_some_and(|after| entry.names <= *after);
        if done || !metadata.is_file() || !self.wanted(&entry.path) {
            return None;
        }
        self.files += 1;
        Some(self.read(entry, &metadata))
    }

    fn wanted(&self, path: &Path) -> bool {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        self.options.extensions.contains(&extension)
    }

    fn read(&self, entry: &Entry, metadata: &fs::Metadata) -> Result<Draft> {
        let id = entry.names.join("/");
        if entry.path.strip_prefix(&self.root).is_ok_and(|relative| relative.to_str().is_none()) {
            let reason = "the file name is not Unicode: rename it".to_owned();
            return Err(Error::ImportSyntax { source_name: id, line: 0, reason });
        }
        let limit = self.options.max_file_bytes;
        let mut bytes = Vec::new();
        // The file may grow while it is read: the limit holds for what is read, not for what the folder said.
        File::open(&entry.path)
            .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
            .map_err(|error| not_readable(&entry.path, &error))?;
        if bytes.len() > limit {
            let received = usize::try_from(metadata.len()).unwrap_or(usize::MAX).max(bytes.len());
            return Err(Error::RecordTooLarge { id, what: "the file", received, limit });
        }
        let text = utf8(&bytes, &id, 1, 0)?;
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified_ms = modified.and_then(|since| u64::try_from(since.as_millis()).ok());
        Ok(document(&id, text, modified_ms))
    }
}

impl Iterator for Reader {
    type Item = Result<Draft>;
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = self.open.pop()?;
            if let Some(found) = self.visit(&entry) {
                return Some(found);
            }
        }
    }
}

/// The record of a file: `id` is its path below the folder, with `/`.
pub fn document(id: &str, text: &str, modified_ms: Option<u64>) -> Draft {
    let (mut metadata, body) = front_matter::split(text);
    if !metadata.get("title").is_some_and(Value::is_string) {
        let stem = Path::new(id).file_stem().unwrap_or_default().to_string_lossy();
        let title = front_matter::heading(body).map_or_else(|| stem.into_owned(), str::to_owned);
        metadata.insert("title".to_owned(), title.into());
    }
    if let Some(modified) = modified_ms {
        metadata.insert("modified".to_owned(), modified.into());
    }
    let metadata = Value::Object(metadata).to_string();
    Draft { id: id.to_owned(), text: body.to_owned(), metadata, vector: None, position: id.to_owned() }
}

fn not_readable(path: &Path, error: &std::io::Error) -> Error {
    match error.kind() {
        ErrorKind::PermissionDenied => Error::from_io(path, error),
        _ => Error::ImportNotFound { path: path.to_owned(), detail: error.to_string() },
    }
}
