//! Folding the log into the database beside the writer.
//!
//! The thread copies pages while the writer goes on, so that no commit pays for it. A writer that runs far ahead folds by itself,
//! which bounds the log.

use crate::connect;
use crate::types::Durability;
use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Pages in the log from which it is folded: 32 MB.
const FOLD_PAGES: i32 = (32 << 20) / connect::PAGE_BYTES;
/// Pages in the log from which a commit waits until it is folded: 128 MB.
const FULL_PAGES: i32 = 4 * FOLD_PAGES;

/// The thread that folds, and what the writer knows of the log.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    path: PathBuf,
    durability: Durability,
    /// Pages in the log after the last commit.
    pages: Arc<AtomicI32>,
    /// Pages in the log when the thread was last called; the log starts again from 0 when all of it is folded.
    called_at: i32,
    shared: Arc<Shared>,
    thread: Option<(Sender<()>, JoinHandle<()>)>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Held while the thread folds: whoever else wants to fold would be told "busy" and fold nothing.
    folding: Mutex<()>,
    called: AtomicBool,
}

impl Checkpointer {
    /// Looks after the log of `writer`.
    pub(crate) fn watch(writer: &mut Connection, path: &Path, durability: Durability) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = pages.clone();
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { path: path.to_owned(), durability, pages, called_at: 0, shared: Arc::default(), thread: None })
    }

    /// After a commit of `writer`: calls the thread, or folds here where it can't keep up.
    pub(crate) fn committed(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        self.called_at = self.called_at.min(pages);
        if pages >= FULL_PAGES {
            let _alone = self.pause();
            fold(writer);
        } else if pages - self.called_at >= FOLD_PAGES {
            // Folding forces both files to the disk, during which commits are slow: not more often than it pays.
            self.called_at = pages;
            if !self.call() {
                fold(writer);
            }
        }
    }

    /// Waits until the thread folds no more; it begins nothing while the guard lives.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.shared.folding.lock()
    }

    /// Whether there is a thread that will fold.
    fn call(&mut self) -> bool {
        if self.thread.is_none() {
            self.thread = self.start();
        }
        let Some((calls, _)) = &self.thread else { return false };
        self.shared.called.swap(true, Ordering::AcqRel) || calls.send(()).is_ok()
    }

    fn start(&self) -> Option<(Sender<()>, JoinHandle<()>)> {
        let connection = connect::writer(&self.path, self.durability)
            .inspect_err(|error| tracing::warn!(%error, "commits fold the log themselves"))
            .ok()?;
        let (calls, called) = channel();
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new().name("canopy-log".to_owned()).spawn(move || {
            while called.recv() == Ok(()) {
                shared.called.store(false, Ordering::Release);
                let _alone = shared.folding.lock();
                fold(&connection);
            }
        });
        thread.ok().map(|thread| (calls, thread))
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        if let Some((calls, thread)) = self.thread.take() {
            drop(calls);
            // A panic there was printed there.
            let _ = thread.join();
        }
    }
}

/// Copies what no reader needs out of the log. What it can't do now is done by the next, or when the folder is closed.
fn fold(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the log could not be folded into the database; it is kept");
    }
}
