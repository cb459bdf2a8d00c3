//! Saving and opening, and what damage does.

use super::*;
use crate::Error;
use canopy_core::Coded;
use proptest::prelude::*;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

const DIM: usize = 72;

fn sample() -> GraphIndex {
    let rows = clusters(1500, DIM, 1);
    let mut index = built(&rows, DIM, MetricKind::Dot, BuildOptions::default());
    (0..40).for_each(|slot| assert!(index.remove(slot).unwrap()));
    index
}

fn answers(index: &GraphIndex) -> Vec<Vec<Hit>> {
    let queries = clusters(10, DIM, 2);
    index.search_batch(Rows::new(&queries, DIM).unwrap(), 10, SEARCH, None, &Cancel::new()).unwrap()
}

fn code(path: &Path) -> &'static str {
    GraphIndex::open(path).unwrap_err().code()
}

#[test]
fn what_is_opened_is_what_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let mut index = sample();
    index.save(&path).unwrap();
    let mut opened = GraphIndex::open(&path).unwrap();
    opened.check().unwrap();
    assert_eq!(answers(&opened), answers(&index));
    assert_eq!((opened.len(), opened.options(), opened.walk_dim()), (index.len(), index.options(), index.walk_dim()));
    // A mapped index is changed in memory; the file stays, and the same index is saved again over the file it is mapped from.
    for index in [&mut index, &mut opened] {
        (100..400).for_each(|slot| assert!(index.remove(slot).unwrap()));
        index.upsert(7, &[0.3; DIM]).unwrap();
    }
    assert_eq!(answers(&opened), answers(&index));
    assert_eq!(GraphIndex::open(&path).unwrap().len(), 1460);
    opened.save(&path).unwrap();
    let again = GraphIndex::open(&path).unwrap();
    assert_eq!(answers(&again), answers(&index));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let empty = built(&[], 3, MetricKind::L2, BuildOptions::default());
    empty.save(&path).unwrap();
    assert!(GraphIndex::open(&path).unwrap().is_empty());
}

#[test]
fn foreign_newer_and_missing_files_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    assert_eq!(code(&path), "INDEX_NOT_FOUND");
    for text in [&b""[..], b"PK\x03\x04", &[b'x'; 5000]] {
        fs::write(&path, text).unwrap();
        assert!(["INDEX_FOREIGN", "INDEX_IO"].contains(&code(&path)));
    }
    sample().save(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 9;
    fs::write(&path, &bytes).unwrap();
    assert_eq!(code(&path), "INDEX_NEWER");
    assert!(GraphIndex::open(&path).unwrap_err().to_string().contains("version 9"));
}

/// A disk with room for so many bytes.
struct Full<W>(W, usize);

impl<W: Write> Write for Full<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.1 < bytes.len() {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
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
    let path = folder.path().join("index");
    let mut index = sample();
    index.save(&path).unwrap();
    let before = fs::read(&path).unwrap();
    index.upsert(5000, &[0.1; DIM]).unwrap();
    for room in [0, before.len() / 2] {
        let error = index.save_through(&path, b"notes", None, |file| Full(file, room)).unwrap_err();
        assert_eq!(error.code(), "INDEX_DISK_FULL");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(index.save(&folder.path().join("no/such")).unwrap_err().code(), "INDEX_NOT_FOUND");
}

#[test]
fn two_writers_leave_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let one = sample();
    let mut two = sample();
    two.upsert(9000, &[0.5; DIM]).unwrap();
    std::thread::scope(|scope| {
        for index in [&one, &two, &one, &two] {
            let path = &path;
            scope.spawn(move || (0..5).for_each(|_| index.save(path).unwrap()));
        }
    });
    let opened = GraphIndex::open(&path).unwrap();
    opened.check().unwrap();
    assert!(opened.len() == one.len() || opened.len() == two.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn damage_is_an_error_or_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let index = sample();
    index.save(&path).unwrap();
    let (bytes, expected) = (fs::read(&path).unwrap(), answers(&index));
    let mut random = Random::new(17);
    let mut seen = std::collections::BTreeSet::new();
    for case in 0..400 {
        let mut bytes = bytes.clone();
        if case % 4 == 0 {
            bytes.truncate(random.below(bytes.len()));
        } else {
            // Half of the damage goes to the header and the small sections, which a random place seldom meets.
            let end = if case % 2 == 0 { 2000 } else { bytes.len() };
            for _ in 0..1 + random.below(4) {
                let at = random.below(end);
                bytes[at] ^= 1 << random.below(8);
            }
        }
        fs::write(&path, &bytes).unwrap();
        match GraphIndex::open(&path) {
            Err(error) => {
                seen.insert(error.code());
                assert!(
                    matches!(
                        error.code(),
                        "INDEX_FOREIGN" | "INDEX_NEWER" | "INDEX_TRUNCATED" | "INDEX_CORRUPT" | "INDEX_IO"
                    ),
                    "{error}"
                );
            }
            Ok(opened) => {
                // Whatever stands in the big sections, a search ends without a panic.
                let found = answers(&opened);
                match opened.check() {
                    Ok(()) => assert_eq!(found, expected),
                    Err(error) => assert!(matches!(error, Error::Damaged { .. })),
                }
            }
        }
    }
    assert!(seen.len() >= 3, "{seen:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Nonsense behind a true header.
    #[test]
    fn nonsense_is_refused(tail in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        let format = crate::graph::file::FORMAT;
        let mut bytes = [&format.magic[..], &format.version.to_le_bytes()].concat();
        bytes.extend(tail);
        fs::write(&path, &bytes).unwrap();
        prop_assert!(GraphIndex::open(&path).is_err());
    }
}

/// Writes the file anew with one section changed, and right checksums.
pub(super) fn resave(from: &Path, to: &Path, name: &str, change: &dyn Fn(&mut Vec<u8>)) {
    let format = crate::graph::file::FORMAT;
    let file = canopy_file::Mapped::open(from, format).unwrap();
    let part = |section: &canopy_file::Section| {
        let mut bytes = file.map()[section.at..section.at + section.len].to_vec();
        if section.name == name {
            change(&mut bytes);
        }
        (section.name.clone(), bytes)
    };
    let parts: Vec<(String, Vec<u8>)> = file.sections().iter().map(part).collect();
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    canopy_file::save(to, format, &parts).unwrap();
}

/// A file whose checksums are right and whose numbers contradict each other; found by the fuzzer.
#[test]
fn contradictions_behind_right_checksums_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bad) = (folder.path().join("a.index"), folder.path().join("b.index"));
    let mut index = sample();
    index.remove(3).unwrap();
    index.save(&path).unwrap();
    let changed = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        resave(&path, &bad, name, change);
        GraphIndex::open(&bad)
    };
    assert!(changed("dead", &|_| ()).is_ok());
    let refused = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        assert_eq!(changed(name, change).map(drop).unwrap_err().code(), "INDEX_CORRUPT", "{name}");
    };
    // Dead ones that aren't nodes.
    refused("dead", &|bytes| bytes.extend([0xFF; 400]));
    // A slot in two places.
    refused("slots", &|bytes| bytes.copy_within(4000..4004, 4004));
    // Options that no build takes.
    refused("meta", &|bytes| {
        let text = String::from_utf8(std::mem::take(bytes)).unwrap();
        assert!(text.contains("\"alpha\":1.15"), "{text}");
        *bytes = text.replace("\"alpha\":1.15", "\"alpha\":0.15").into_bytes();
    });
}
