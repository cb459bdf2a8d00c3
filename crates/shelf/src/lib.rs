//! A cache on disk: LMDB with a quota of bytes, whose entries have a life each.
//!
//! What is over the quota goes in the order in which lives end; what has outlived itself goes first. LMDB never writes over a page
//! that is in use, so a process that is killed leaves a whole cache; it is opened without syncing, since a cache can be made anew.
//!
//! ```
//! use canopy_shelf::{Entry, Shelf};
//!
//! let folder = tempfile::tempdir()?;
//! let shelf = Shelf::open(folder.path(), 1 << 20)?;
//! shelf.put(&[Entry { key: b"tea", value: b"green", until_ms: 2000 }], 1000)?;
//! assert_eq!(shelf.get(b"tea", 1500)?.as_deref(), Some(b"green".as_slice()));
//! assert_eq!(shelf.get(b"tea", 2000)?, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;

pub use error::{Error, Result};

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, RwTxn, WithTls};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Bytes that an entry takes besides its value, about: its key twice, its end twice, and what pages hold free.
const OVERHEAD: u64 = 160;
/// The map is larger than the quota by this factor: LMDB copies pages on write and leaves pages half full.
const HEADROOM: u64 = 3;
/// The smallest quota: a page for every table and some to spare.
pub const MIN_QUOTA: u64 = 1 << 20;
const BYTES: &[u8] = b"bytes";

/// Something to keep.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Any bytes.
    pub key: &'a [u8],
    /// Any bytes, an eighth of the quota at most.
    pub value: &'a [u8],
    /// When it ends, in milliseconds since 1970.
    pub until_ms: u64,
}

/// Entries that were thrown out, by cause.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Evicted {
    /// Their life was over.
    pub expired: u64,
    /// The quota was reached.
    pub quota: u64,
}

/// What is in a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Entries, those that have outlived themselves included.
    pub entries: u64,
    /// What they count against the quota.
    pub bytes: u64,
}

/// An open cache.
#[derive(Debug)]
pub struct Shelf {
    path: PathBuf,
    quota: u64,
    env: Env<WithTls>,
    /// Digest of the key → end (8 bytes, little-endian), value.
    values: Database<Bytes, Bytes>,
    /// End (8 bytes, big-endian: sorted), digest of the key → nothing.
    ends: Database<Bytes, Bytes>,
    /// The sum of what entries count.
    sums: Database<Bytes, Bytes>,
}

impl Shelf {
    /// Opens the folder, or makes it. A quota below [`MIN_QUOTA`] is taken as that.
    ///
    /// # Errors
    /// `CACHE_IO`.
    pub fn open(path: &Path, quota: u64) -> Result<Self> {
        let quota = quota.max(MIN_QUOTA);
        std::fs::create_dir_all(path)
            .map_err(|error| Error::Io { path: path.to_owned(), detail: error.to_string() })?;
        let open = || -> heed::Result<_> {
            let mut options = EnvOpenOptions::new();
            options
                .max_dbs(3)
                .map_size(usize::try_from((quota * HEADROOM).next_multiple_of(1 << 16)).unwrap_or(1 << 40));
            // SAFETY: without syncs a crash of the system may damage the file, which is read as damaged or empty and made anew; the process's own
            // end damages nothing. The folder is ours, and LMDB's lock file keeps other processes' handles apart.
            let env = unsafe {
                options.flags(EnvFlags::NO_SYNC | EnvFlags::NO_META_SYNC);
                options.open(path)?
            };
            let mut transaction = env.write_txn()?;
            let mut table = |name| env.create_database(&mut transaction, Some(name));
            let (values, ends, sums) = (table("values")?, table("ends")?, table("sums")?);
            transaction.commit()?;
            Ok((env, values, ends, sums))
        };
        let (env, values, ends, sums) = open().map_err(|error| Error::from_heed(path, &error))?;
        Ok(Self { path: path.to_owned(), quota, env, values, ends, sums })
    }

    /// The value, if it is there and its life isn't over.
    ///
    /// # Errors
    /// `CACHE_IO`.
    pub fn get(&self, key: &[u8], now_ms: u64) -> Result<Option<Vec<u8>>> {
        self.done((|| {
            let transaction = self.env.read_txn()?;
            let found = self.values.get(&transaction, &digest(key))?.and_then(split);
            Ok(found.filter(|(until, _)| *until > now_ms).map(|(_, value)| value.to_vec()))
        })())
    }

    /// Keeps entries in one transaction, and makes room for them.
    ///
    /// # Errors
    /// `CACHE_VALUE_TOO_LARGE`, `CACHE_FULL` when the disk is full, `CACHE_IO`; nothing was kept then.
    pub fn put(&self, entries: &[Entry<'_>], now_ms: u64) -> Result<Evicted> {
        if let Some(entry) = entries.iter().find(|entry| entry.value.len() as u64 > self.quota / 8) {
            return Err(Error::TooLarge { bytes: entry.value.len(), quota: self.quota });
        }
        self.done((|| {
            let mut transaction = self.env.write_txn()?;
            let mut bytes = self.sum(&transaction)?;
            let mut evicted = Evicted::default();
            for entry in entries {
                let key = digest(entry.key);
                bytes -= self.remove(&mut transaction, &key)?;
                let size = entry.value.len() as u64 + OVERHEAD;
                while bytes + size > self.quota {
                    let Some((end, oldest)) = self.first(&transaction)? else { break };
                    bytes -= self.remove(&mut transaction, &oldest)?;
                    if end <= now_ms { evicted.expired += 1 } else { evicted.quota += 1 }
                }
                let mut kept = Vec::with_capacity(entry.value.len() + 8);
                kept.extend_from_slice(&entry.until_ms.to_le_bytes());
                kept.extend_from_slice(entry.value);
                self.values.put(&mut transaction, &key, &kept)?;
                self.ends.put(&mut transaction, &end_key(entry.until_ms, &key), &[])?;
                bytes += size;
            }
            // A few that are over go with every write, so that the file isn't full of them when room is needed.
            for _ in 0..2 * entries.len() {
                match self.first(&transaction)? {
                    Some((end, oldest)) if end <= now_ms => {
                        bytes -= self.remove(&mut transaction, &oldest)?;
                        evicted.expired += 1;
                    }
                    _ => break,
                }
            }
            self.sums.put(&mut transaction, BYTES, &bytes.to_le_bytes())?;
            transaction.commit()?;
            Ok(evicted)
        })())
    }

    /// Forgets a key; whether it was there.
    ///
    /// # Errors
    /// `CACHE_IO`.
    pub fn delete(&self, key: &[u8]) -> Result<bool> {
        self.done((|| {
            let mut transaction = self.env.write_txn()?;
            let gone = self.remove(&mut transaction, &digest(key))?;
            let bytes = self.sum(&transaction)?.saturating_sub(gone);
            self.sums.put(&mut transaction, BYTES, &bytes.to_le_bytes())?;
            transaction.commit()?;
            Ok(gone > 0)
        })())
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// `CACHE_IO`.
    pub fn clear(&self) -> Result<()> {
        self.done((|| {
            let mut transaction = self.env.write_txn()?;
            self.values.clear(&mut transaction)?;
            self.ends.clear(&mut transaction)?;
            self.sums.clear(&mut transaction)?;
            transaction.commit()
        })())
    }

    /// What is in it.
    ///
    /// # Errors
    /// `CACHE_IO`.
    pub fn stats(&self) -> Result<Stats> {
        self.done((|| {
            let transaction = self.env.read_txn()?;
            Ok(Stats { entries: self.values.len(&transaction)?, bytes: self.sum(&transaction)? })
        })())
    }

    fn done<T>(&self, result: heed::Result<T>) -> Result<T> {
        result.map_err(|error| Error::from_heed(&self.path, &error))
    }

    fn sum(&self, transaction: &heed::RoTxn<'_>) -> heed::Result<u64> {
        Ok(self.sums.get(transaction, BYTES)?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes))
    }

    /// The entry whose life ends first: its end and digest.
    fn first(&self, transaction: &heed::RoTxn<'_>) -> heed::Result<Option<(u64, [u8; 32])>> {
        let first = self.ends.first(transaction)?;
        Ok(first.and_then(|(key, _)| {
            Some((u64::from_be_bytes(key.get(..8)?.try_into().ok()?), key.get(8..)?.try_into().ok()?))
        }))
    }

    /// Takes an entry out; what it counted.
    fn remove(&self, transaction: &mut RwTxn<'_>, key: &[u8; 32]) -> heed::Result<u64> {
        let Some((until, length)) =
            self.values.get(transaction, key)?.and_then(split).map(|(until, value)| (until, value.len()))
        else {
            return Ok(0);
        };
        self.values.delete(transaction, key)?;
        self.ends.delete(transaction, &end_key(until, key))?;
        Ok(length as u64 + OVERHEAD)
    }
}

/// LMDB's keys are short; callers' keys may not be.
fn digest(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn end_key(until_ms: u64, key: &[u8; 32]) -> Vec<u8> {
    [&until_ms.to_be_bytes(), key.as_slice()].concat()
}

fn split(kept: &[u8]) -> Option<(u64, &[u8])> {
    let (until, value) = kept.split_at_checked(8)?;
    Some((u64::from_le_bytes(until.try_into().ok()?), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(quota: u64) -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("cache"), quota).unwrap();
        (folder, shelf)
    }

    #[test]
    fn the_quota_holds_and_the_first_to_end_go_first() {
        let (_folder, shelf) = open(MIN_QUOTA);
        let value = vec![7_u8; 10_000];
        let mut evicted = Evicted::default();
        for i in 0..500_u64 {
            let now = shelf.put(&[Entry { key: &i.to_le_bytes(), value: &value, until_ms: 10_000 + i }], 5).unwrap();
            evicted.quota += now.quota;
            evicted.expired += now.expired;
            assert!(shelf.stats().unwrap().bytes <= MIN_QUOTA);
        }
        let kept = shelf.stats().unwrap().entries;
        assert_eq!((evicted, kept), (Evicted { expired: 0, quota: 500 - kept }, 103));
        assert!(shelf.get(&499_u64.to_le_bytes(), 5).unwrap().is_some());
        assert!(shelf.get(&0_u64.to_le_bytes(), 5).unwrap().is_none());
    }

    #[test]
    fn what_is_over_is_not_found_and_counted_as_expired() {
        let (_folder, shelf) = open(MIN_QUOTA);
        shelf
            .put(&[Entry { key: b"a", value: b"1", until_ms: 100 }, Entry { key: b"b", value: b"2", until_ms: 900 }], 0)
            .unwrap();
        assert_eq!(shelf.get(b"a", 100).unwrap(), None);
        assert_eq!(
            shelf.put(&[Entry { key: b"c", value: b"3", until_ms: 900 }], 200).unwrap(),
            Evicted { expired: 1, quota: 0 }
        );
        assert_eq!(shelf.stats().unwrap().entries, 2);
        assert!(shelf.delete(b"b").unwrap() && !shelf.delete(b"b").unwrap());
        shelf.clear().unwrap();
        assert_eq!(shelf.stats().unwrap(), Stats { entries: 0, bytes: 0 });
    }

    #[test]
    fn replacing_counts_once_and_a_reopened_cache_knows_its_size() {
        let (folder, shelf) = open(MIN_QUOTA);
        for size in [10, 2000, 5] {
            shelf.put(&[Entry { key: b"k", value: &vec![1; size], until_ms: 100 }], 0).unwrap();
        }
        assert_eq!(shelf.stats().unwrap(), Stats { entries: 1, bytes: 5 + OVERHEAD });
        drop(shelf);
        assert_eq!(Shelf::open(&folder.path().join("cache"), MIN_QUOTA).unwrap().stats().unwrap().bytes, 5 + OVERHEAD);
    }

    #[test]
    fn a_value_beyond_an_eighth_of_the_quota_is_refused() {
        let (_folder, shelf) = open(MIN_QUOTA);
        let value = vec![0; 1 << 18];
        assert!(matches!(
            shelf.put(&[Entry { key: b"k", value: &value, until_ms: 1 }], 0),
            Err(Error::TooLarge { .. })
        ));
    }
}
