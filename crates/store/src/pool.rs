//! Connections for reading, handed out one to a caller.

use crate::connect::{self, ReadMode};
use crate::error::Result;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::fs::Metadata;
use std::num::NonZero;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Connections kept open while nobody reads, at least; as many as the machine has cores, at most [`MOST_KEPT`].
const LEAST_KEPT: usize = 4;
const MOST_KEPT: usize = 16;

/// Opens connections when they are needed and keeps a few.
#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    kept: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    mode: ReadMode,
    /// What the file looked like when it was taken for immutable.
    stamp: Stamp,
    /// Grows when the connections that are out must not come back.
    generation: u64,
    idle: Vec<Connection>,
}

/// Length and time of the last change of the database, and whether a log lies beside it.
type Stamp = (u64, Option<SystemTime>, bool);

/// A connection that goes back to the pool.
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    generation: u64,
    connection: Option<Connection>,
}

impl Pool {
    pub(crate) fn new(path: PathBuf, mode: ReadMode) -> Self {
        let cores = std::thread::available_parallelism().map_or(LEAST_KEPT, NonZero::get);
        let state = State { mode, stamp: stamp(&path), generation: 0, idle: Vec::new() };
        Self { path, kept: cores.clamp(LEAST_KEPT, MOST_KEPT), state: Mutex::new(state) }
    }

    /// A connection of the caller's own; never waits for another reader or the writer.
    pub(crate) fn lease(&self) -> Result<Lease<'_>> {
        let (mode, generation, idle) = {
            let mut state = self.state.lock();
            self.refresh(&mut state)?;
            (state.mode, state.generation, state.idle.pop())
        };
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(&self.path, mode)?,
        };
        Ok(Lease { pool: self, generation, connection: Some(connection) })
    }

    /// Whether the file is read as immutable, and then a number that changes with it.
    pub(crate) fn immutable_version(&self) -> Result<Option<u64>> {
        let mut state = self.state.lock();
        self.refresh(&mut state)?;
        Ok((state.mode == ReadMode::Immutable).then_some(state.generation))
    }

    /// A file taken for immutable may change after all, when somebody with more rights opens it: then nothing read
    /// before may be trusted, and with a log beside it, it must be read through the log.
    fn refresh(&self, state: &mut State) -> Result<()> {
        if state.mode == ReadMode::Shared {
            return Ok(());
        }
        let now = stamp(&self.path);
        if now != state.stamp {
            state.idle.clear();
            state.mode = connect::read_mode(&self.path)?;
            state.stamp = now;
            state.generation += 1;
        }
        Ok(())
    }

    /// Closes what is idle.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut self.state.lock().idle);
        drop(idle);
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs_err::metadata(path).ok();
    let log = fs_err::metadata(connect::beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    (metadata.as_ref().map_or(0, Metadata::len), metadata.and_then(|metadata| metadata.modified().ok()), log)
}

impl Deref for Lease<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a lease holds its connection until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        if state.idle.len() < self.pool.kept
            && state.generation == self.generation
            && let Some(connection) = self.connection.take()
        {
            state.idle.push(connection);
        }
    }
}
