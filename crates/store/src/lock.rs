//! One writer a folder, whatever happens to the process that was it.

use crate::error::{Error, Result};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

pub(crate) const LOCK_FILE: &str = "canopy.lock";

/// The operating system's lock on `canopy.lock`, held while this lives.
///
/// The lock belongs to the open file, so the system takes it back when the process ends in any way: no lock is ever stale,
/// and the file itself is never removed (removing it would let two processes lock two files of the same name).
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock of folder `dir`.
    ///
    /// # Errors
    /// [`Error::Locked`] with the holder's number where another handle has it, of this process or another; what the system says about the file.
    pub fn take(dir: &Path) -> Result<Self> {
        let path = dir.join(LOCK_FILE);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| Error::from_io(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked { path: dir.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(Error::from_io(&path, &error)),
        }
        // The number only serves the message of the next process; on a full disk the lock is as good without it.
        let pid = std::process::id().to_string();
        if let Err(error) = file.set_len(0).and_then(|()| file.write_all(pid.as_bytes())) {
            tracing::warn!(%error, path = %path.display(), "the lock is held, but its holder's number could not be written");
        }
        Ok(Self { file })
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing alone would not do: a process that this one is just starting has a copy of the file until it runs its program,
        // and the lock would stay with it.
        let _ = self.file.unlock();
    }
}

/// The holder's number. Windows refuses to read a locked file: then there is none.
fn read_pid(file: &mut File) -> Option<u32> {
    const DIGITS: u64 = 10;
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(DIGITS).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_dropped_lock_is_free_though_a_copy_of_its_file_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let first = WriterLock::take(dir.path()).unwrap();
        let _copy = first.file.try_clone().unwrap();
        drop(first);
        WriterLock::take(dir.path()).unwrap();
    }

    #[test]
    fn the_second_lock_names_the_holder_and_a_dropped_one_is_free() {
        let dir = tempfile::tempdir().unwrap();
        let first = WriterLock::take(dir.path()).unwrap();
        let Err(Error::Locked { pid, .. }) = WriterLock::take(dir.path()) else { panic!("two writers") };
        if cfg!(unix) {
            assert_eq!(pid, Some(std::process::id()));
        }
        drop(first);
        WriterLock::take(dir.path()).unwrap();
    }
}
