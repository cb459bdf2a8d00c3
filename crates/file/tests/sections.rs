//! What is written is read back, and what is damaged is refused.

use canopy_core::Coded;
use canopy_file::{Error, Format, Mapped, save, save_through};
use proptest::prelude::*;
use std::io::{self, Write};
use std::path::Path;

const FORMAT: Format = Format { magic: *b"CANOPYXX", version: 2 };

fn read(path: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let mapped = Mapped::open(path, FORMAT)?;
    mapped.verify(&[])?;
    let bytes = |section: &canopy_file::Section| {
        assert_eq!(section.at % canopy_file::LINE, 0);
        Ok((section.name.clone(), mapped.bytes(&section.name)?.to_vec()))
    };
    mapped.sections().iter().map(bytes).collect()
}

proptest! {
    #[test]
    fn sections_come_back_and_any_damage_is_seen(
        contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5), at: prop::sample::Index, bit in 0_u8..8, cut in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let names: Vec<String> = (0..contents.len()).map(|i| format!("part{i}")).collect();
        let sections: Vec<(&str, &[u8])> = names.iter().map(String::as_str).zip(contents.iter().map(Vec::as_slice)).collect();
        save(&path, FORMAT, &sections).unwrap();
        let expected: Vec<(String, Vec<u8>)> = names.iter().cloned().zip(contents.iter().cloned()).collect();
        prop_assert_eq!(read(&path).unwrap(), expected.clone());
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

        let mut bytes = std::fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        std::fs::write(&path, &bytes).unwrap();
        match read(&path) {
            Ok(found) => prop_assert_eq!(found, expected, "only the padding between sections may differ"),
            Err(error) => prop_assert!(["INDEX_FOREIGN", "INDEX_NEWER", "INDEX_TRUNCATED", "INDEX_CORRUPT"].contains(&error.code())),
        }
    }
}

/// A disk that is full after so many bytes.
struct Full<W>(W, usize);

impl<W: Write> Write for Full<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.1 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.1 -= bytes.len();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    save(&path, FORMAT, &[("a", b"old")]).unwrap();
    let new = vec![7_u8; 4 << 20];
    let failed = save_through(&path, FORMAT, &[("a", &new)], |file| Full(file, 2 << 20)).unwrap_err();
    assert_eq!(failed.code(), "INDEX_DISK_FULL");
    assert_eq!(read(&path).unwrap(), [("a".to_owned(), b"old".to_vec())]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(save(&folder.path().join("none").join("file"), FORMAT, &[]).unwrap_err().code(), "INDEX_NOT_FOUND");
    assert_eq!(Mapped::open(&folder.path().join("none"), FORMAT).unwrap_err().code(), "INDEX_NOT_FOUND");
}
