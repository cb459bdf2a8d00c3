//! A disk that runs full, for tests.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Write};

/// A file with room for so many bytes.
pub(crate) struct Full(pub(crate) File, pub(crate) usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        if bytes.len() > self.1 {
            return Err(Error::from(ErrorKind::StorageFull));
        }
        self.1 -= bytes.len();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }
}
