//! Looking for damage: what `canopy doctor` asks.

use crate::error::{Error, Result};
use crate::store::Store;
use rusqlite::Connection;

impl Store {
    /// Reads the whole database and checks it: SQLite's own structure, and that every collection's counters, slots and
    /// vectors fit its records. Takes about a second a gigabyte; other calls go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with the first thing found; [`Error::Io`].
    pub fn check(&self) -> Result<()> {
        self.snapshot(|connection| {
            let damage = structure(connection).map_err(|error| self.failed(&error))?;
            damage.map_or(Ok(()), |detail| Err(Error::corrupt(&self.path, detail)))
        })?;
        for info in self.collections()? {
            let dim = info.spec.vectors.map_or(0, |vectors| vectors.dim);
            self.snapshot(|connection| {
                let damage = collection(connection, info.key, dim).map_err(|error| self.failed(&error))?;
                damage.map_or(Ok(()), |detail| {
                    Err(Error::corrupt(&self.path, format!("collection {:?}: {detail}", info.name)))
                })
            })?;
        }
        Ok(())
    }
}

fn structure(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then_some(found))
}

/// What contradicts itself in collection `key`.
fn collection(connection: &Connection, key: u32, dim: u32) -> rusqlite::Result<Option<String>> {
    let bytes = u64::from(dim) * size_of::<f32>() as u64;
    let checks = [
        (
            "its empty slots are not all listed",
            format!(
                "(SELECT count(*) FROM f{key}) + (SELECT count(*) FROM r{key})
                   <> (SELECT coalesce(max(slot), -1) + 1 FROM (SELECT slot FROM f{key} UNION ALL SELECT slot FROM r{key}))"
            ),
        ),
        ("a slot is both taken and empty", format!("EXISTS(SELECT 1 FROM f{key} JOIN r{key} USING(slot))")),
        (
            "a vector has no record",
            format!("EXISTS(SELECT 1 FROM v{key} v WHERE NOT EXISTS(SELECT 1 FROM r{key} r WHERE r.slot = v.slot))"),
        ),
        ("a vector has another length", format!("EXISTS(SELECT 1 FROM v{key} WHERE length(vector) <> {bytes})")),
    ];
    for (finding, condition) in checks {
        // A collection that was dropped since it was listed has no row and no finding.
        let sql = format!("SELECT EXISTS(SELECT 1 FROM collections c WHERE c.key = {key} AND {condition})");
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(Some(finding.to_owned()));
        }
    }
    Ok(None)
}
