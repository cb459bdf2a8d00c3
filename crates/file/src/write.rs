//! Saving.

use super::{ENTRY, Error, FIXED, Format, LINE};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Writes sections into a file, replacing what stood there only when everything is on the disk. Names have at most 8 bytes.
///
/// # Errors
/// [`Error::System`]. The old file stays valid.
pub fn save(path: &Path, format: Format, sections: &[(&str, &[u8])]) -> Result<(), Error> {
    save_through(path, format, sections, |file| file)
}

/// [`save`] through another writer, so that tests can let the disk run full.
///
/// # Errors
/// Those of [`save`].
pub fn save_through<W: Write>(
    path: &Path,
    format: Format,
    sections: &[(&str, &[u8])],
    wrap: impl FnOnce(File) -> W,
) -> Result<(), Error> {
    let failed = |error: io::Error| Error::system(path, &error);
    let temporary = temporary(path);
    let written = write(&temporary, format, sections, wrap).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // What is left of a failed attempt only takes room.
        drop(fs::remove_file(&temporary));
        return Err(failed(error));
    }
    sync_folder(path).map_err(failed)
}

fn write<W: Write>(
    path: &Path,
    format: Format,
    sections: &[(&str, &[u8])],
    wrap: impl FnOnce(File) -> W,
) -> io::Result<()> {
    let file = File::create_new(path)?;
    let handle = file.try_clone()?;
    let mut out = BufWriter::with_capacity(1 << 20, wrap(file));
    let header = header(format, sections);
    out.write_all(&header)?;
    let mut at = header.len();
    for (_, bytes) in sections {
        let next = at.next_multiple_of(LINE);
        out.write_all(&[0; LINE][..next - at])?;
        out.write_all(bytes)?;
        at = next + bytes.len();
    }
    out.flush()?;
    handle.sync_all()
}

fn header(format: Format, sections: &[(&str, &[u8])]) -> Vec<u8> {
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
    let mut header = format.magic.to_vec();
    header.extend(format.version.to_le_bytes());
    header.extend((sections.len() as u32).to_le_bytes());
    header.extend((at as u64).to_le_bytes());
    header.extend(table);
    header.extend(xxh3_64(&header).to_le_bytes());
    header
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
