//! The cache on disk as JavaScript sees it.

use crate::handle::Handle;
use crate::outcome::{Outcome, Trouble, run};
use canopy_shelf::{Entry, Shelf};
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use std::path::Path;

/// A cache in a folder.
#[napi]
pub struct BindingShelf {
    shelf: Handle<Shelf>,
}

/// Entries that were thrown out, by cause.
#[napi(object)]
pub struct BindingEvicted {
    /// Their life was over.
    pub expired: f64,
    /// The quota was reached.
    pub quota: f64,
}

/// What is in a cache.
#[napi(object)]
pub struct BindingShelfStats {
    /// Entries.
    pub entries: f64,
    /// What they count against the quota.
    pub bytes: f64,
}

#[napi]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times and sizes are whole numbers, not negative and below 2^53"
)]
impl BindingShelf {
    /// Opens the folder, or makes it.
    #[napi]
    pub async fn open(path: String, quota: f64) -> Outcome<BindingShelf> {
        run(move || Shelf::open(Path::new(&path), quota as u64).map(|shelf| Self { shelf: Handle::new(shelf) })).await
    }

    /// The value, if its life isn't over.
    #[napi]
    pub async fn get(&self, key: String, now_ms: f64) -> Outcome<Either<Buffer, ()>> {
        let shelf = self.shelf.get();
        run(move || {
            Ok::<_, Trouble>(
                shelf?.get(key.as_bytes(), now_ms as u64)?.map_or(Either::B(()), |value| Either::A(value.into())),
            )
        })
        .await
    }

    /// Keeps entries in one transaction.
    #[napi]
    pub async fn put(
        &self,
        keys: Vec<String>,
        values: Vec<Buffer>,
        until_ms: Vec<f64>,
        now_ms: f64,
    ) -> Outcome<BindingEvicted> {
        let shelf = self.shelf.get();
        run(move || {
            let entries: Vec<_> = keys
                .iter()
                .zip(&values)
                .zip(&until_ms)
                .map(|((key, value), until)| Entry { key: key.as_bytes(), value, until_ms: *until as u64 })
                .collect();
            let evicted = shelf?.put(&entries, now_ms as u64)?;
            Ok::<_, Trouble>(BindingEvicted { expired: evicted.expired as f64, quota: evicted.quota as f64 })
        })
        .await
    }

    /// Forgets a key; whether it was there.
    #[napi]
    pub async fn delete(&self, key: String) -> Outcome<bool> {
        let shelf = self.shelf.get();
        run(move || -> Result<_, Trouble> { Ok(shelf?.delete(key.as_bytes())?) }).await
    }

    /// Forgets everything.
    #[napi]
    pub async fn clear(&self) -> Outcome<()> {
        let shelf = self.shelf.get();
        run(move || -> Result<_, Trouble> { Ok(shelf?.clear()?) }).await
    }

    /// What is in it.
    #[napi]
    pub async fn stats(&self) -> Outcome<BindingShelfStats> {
        let shelf = self.shelf.get();
        run(move || {
            let stats = shelf?.stats()?;
            Ok::<_, Trouble>(BindingShelfStats { entries: stats.entries as f64, bytes: stats.bytes as f64 })
        })
        .await
    }

    /// Lets go of the files once running calls have ended; calls after it fail with `CLOSED`.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.shelf.close();
    }
}
