//! Connections for reading, handed out one to a caller.

use crate::connect::{self, ReadMode};
use crate::error::Result;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::ops::Deref;
use std::path::PathBuf;

/// Connections kept open while nobody reads. More readers than this open their own and close it afterwards.
const KEPT: usize = 4;

/// Opens connections when they are needed and keeps a few.
#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    mode: ReadMode,
    idle: Mutex<Vec<Connection>>,
}

/// A connection that goes back to the pool.
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    connection: Option<Connection>,
}

impl Pool {
    pub(crate) fn new(path: PathBuf, mode: ReadMode) -> Self {
        Self { path, mode, idle: Mutex::new(Vec::new()) }
    }

    /// A connection of the caller's own; never waits for another reader or the writer.
    pub(crate) fn lease(&self) -> Result<Lease<'_>> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect::reader(&self.path, self.mode)?,
        };
        Ok(Lease { pool: self, connection: Some(connection) })
    }

    /// Closes what is idle.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut *self.idle.lock());
        drop(idle);
    }
}

impl Deref for Lease<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a lease holds its connection until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock();
        if idle.len() < KEPT
            && let Some(connection) = self.connection.take()
        {
            idle.push(connection);
        }
    }
}
