//! Folding the log into the database beside the writer.
//!
//! A thread copies pages while the writer goes on, so that no commit pays for it. What is written meanwhile is left for a commit to fold, once it is
//! little: only then does the log begin anew. A writer that runs far ahead folds all of it by itself, which bounds the log.

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Pages that a commit may fold: a millisecond's writing, and the time that the disk takes to confirm it.
const FEW_PAGES: i32 = 256;

/// How long a log may become.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Pages from which it is folded.
    pub fold: i32,
    /// Pages from which a commit waits until it is folded.
    pub full: i32,
}

/// Opens the connection of the thread; its error is for the log of the program.
type Open = Arc<dyn Fn() -> Result<Connection, String> + Send + Sync>;

/// The thread that folds, and what the writer knows of the log.
pub struct Checkpointer {
    open: Open,
    limits: Limits,
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
    /// Pages of the log that the thread has folded.
    folded: AtomicI32,
}

impl fmt::Debug for Checkpointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Checkpointer")
            .field("limits", &self.limits)
            .field("pages", &self.pages)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

impl Checkpointer {
    /// Looks after the log of `writer`, whose own checkpoints end here; `open` opens the same database for writing, with the same durability.
    ///
    /// # Errors
    /// SQLite's, when it refuses the hook.
    pub fn watch(
        writer: &mut Connection,
        limits: Limits,
        open: impl Fn() -> Result<Connection, String> + Send + Sync + 'static,
    ) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = pages.clone();
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self { open: Arc::new(open), limits, pages, called_at: 0, shared: Arc::default(), thread: None })
    }

    /// After a commit of `writer`: calls the thread, folds the little that it left, or all of it where the thread can't keep up.
    pub fn committed(&mut self, writer: &Connection) {
        let Limits { fold: from, full } = self.limits;
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.called_at {
            self.called_at = pages;
            self.shared.folded.store(0, Ordering::Relaxed);
        }
        let folded = self.shared.folded.load(Ordering::Relaxed);
        if pages >= full {
            let _alone = self.pause();
            fold(writer);
        } else if folded > 0 && pages >= from && pages - folded <= FEW_PAGES {
            let Some(_alone) = self.shared.folding.try_lock() else { return };
            fold(writer);
            // If somebody still reads from the log it goes on, and the thread is called again in time.
            self.shared.folded.store(0, Ordering::Relaxed);
        } else if pages - self.called_at >= from {
            // Folding forces both files to the disk, during which commits are slow: not more often than it pays.
            self.called_at = pages;
            if !self.call() {
                fold(writer);
            }
        }
    }

    /// Folds the log now and gives its room back to the disk, as far as readers of other processes allow.
    ///
    /// # Errors
    /// SQLite's; the log is kept then.
    pub fn empty(&self, writer: &Connection) -> rusqlite::Result<()> {
        let _alone = self.pause();
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    }

    /// Waits until the thread folds no more; it begins nothing while the guard lives.
    pub fn pause(&self) -> MutexGuard<'_, ()> {
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
        let connection =
            (self.open)().inspect_err(|error| tracing::warn!(%error, "commits fold the log themselves")).ok()?;
        let (calls, called) = channel();
        let shared = self.shared.clone();
        let thread = std::thread::Builder::new().name("canopy-log".to_owned()).spawn(move || {
            while called.recv() == Ok(()) {
                shared.called.store(false, Ordering::Release);
                let _alone = shared.folding.lock();
                shared.folded.store(fold(&connection), Ordering::Relaxed);
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

/// Copies what no reader needs out of the log; how many of its pages are in the database now. What it can't do now is done by the next, or when the last connection closes.
fn fold(connection: &Connection) -> i32 {
    connection
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
        .inspect_err(|error| tracing::warn!(%error, "the log could not be folded into the database; it is kept"))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const LIMITS: Limits = Limits { fold: 300, full: 1200 };

    fn open(path: &Path) -> Result<Connection, String> {
        let connection = Connection::open(path).map_err(|error| error.to_string())?;
        connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .and_then(|()| connection.pragma_update(None, "wal_autocheckpoint", 0))
            .map_err(|error| error.to_string())?;
        Ok(connection)
    }

    /// Commits 4 pages and more `commits` times; the most pages that the log had, and how often it began anew.
    fn write(path: &Path, commits: usize, pause: std::time::Duration) -> (i32, usize) {
        let mut writer = open(path).unwrap();
        writer.execute_batch("create table t(b blob)").unwrap();
        let own = path.to_owned();
        let mut checkpointer = Checkpointer::watch(&mut writer, LIMITS, move || open(&own)).unwrap();
        let (mut most, mut anew, mut before) = (0, 0, 0);
        for _ in 0..commits {
            writer.execute("insert into t values (zeroblob(16384))", []).unwrap();
            checkpointer.committed(&writer);
            let pages = checkpointer.pages.load(Ordering::Relaxed);
            (most, anew, before) = (most.max(pages), anew + usize::from(pages < before), pages);
            std::thread::sleep(pause);
        }
        (most, anew)
    }

    #[test]
    fn the_log_begins_anew_under_a_writer_that_never_rests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (most, anew) = write(&path, 3000, std::time::Duration::ZERO);
        assert!(anew >= 3 && most <= LIMITS.full + 8, "{anew} times anew, {most} pages at most");
        let kept: i64 =
            Connection::open(&path).unwrap().query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 3000);
    }

    #[test]
    fn a_writer_that_leaves_time_never_fills_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let (most, anew) = write(&folder.path().join("a.db"), 600, std::time::Duration::from_millis(1));
        assert!(anew >= 2 && most < LIMITS.full, "{anew} times anew, {most} pages at most");
    }
}
