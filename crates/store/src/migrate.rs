//! Databases of older releases become current ones, or stay what they were.

use crate::connect;
use crate::error::Result;
use crate::types::OpenOptions;
use rusqlite::Connection;
use std::path::Path;

/// Brings the database to the current schema.
pub(crate) fn to_current(connection: &mut Connection, path: &Path, _options: &OpenOptions) -> Result<()> {
    connect::version(connection, path).map(drop)
}
