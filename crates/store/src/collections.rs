//! The catalogue: which collections there are, and how far imports into them have come.

use crate::counters::{self, Counters};
use crate::error::{Error, Result};
use crate::sql;
use crate::store::Store;
use crate::types::{CollectionInfo, CollectionSpec, ModelTag, VectorSpec};
use crate::validate;
use canopy_core::MetricKind;
use rusqlite::{Connection, OptionalExtension, Row, params};

const INFO: &str = "SELECT key, name, settings, dim, metric, model_name, model_digest FROM collections";

impl Store {
    /// All collections, by name.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Io`].
    pub fn collections(&self) -> Result<Vec<CollectionInfo>> {
        self.snapshot(|connection| {
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut list = connection.prepare_cached(&format!("{INFO} ORDER BY name"))?;
                list.query_map([], |row| self.info(connection, row))?.collect()
            };
            read().map_err(|error| self.failed(&error))
        })
    }

    /// The collection with this name.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::Corrupt`], [`Error::Io`].
    pub fn collection(&self, name: &str) -> Result<CollectionInfo> {
        let found = self.snapshot(|connection| {
            let mut find =
                connection.prepare_cached(&format!("{INFO} WHERE name = ?1")).map_err(|error| self.failed(&error))?;
            find.query_row([name], |row| self.info(connection, row)).optional().map_err(|error| self.failed(&error))
        })?;
        found.ok_or_else(|| Error::CollectionNotFound { name: name.to_owned() })
    }

    /// Creates an empty collection.
    ///
    /// # Errors
    /// [`Error::CollectionExists`], [`Error::CollectionName`], [`Error::CollectionSpec`], [`Error::ReadOnly`],
    /// [`Error::Full`], [`Error::Io`].
    pub fn create(&self, name: &str, spec: &CollectionSpec) -> Result<CollectionInfo> {
        validate::collection_name(name)?;
        validate::collection_spec(spec)?;
        let mut writer = self.writer_for("create a collection")?;
        writer.transaction(&self.path, |connection, _| {
            if key_of(connection, name).map_err(|error| self.failed(&error))?.is_some() {
                return Err(Error::CollectionExists { name: name.to_owned() });
            }
            insert(connection, name, spec).map_err(|error| self.failed(&error))
        })
    }

    /// Drops a collection with all its records and checkpoints.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::ReadOnly`], [`Error::Full`], [`Error::Io`].
    pub fn drop_collection(&self, name: &str) -> Result<()> {
        let mut writer = self.writer_for("drop a collection")?;
        writer.transaction(&self.path, |connection, counters| {
            let found = key_of(connection, name).map_err(|error| self.failed(&error))?;
            let key = found.ok_or_else(|| Error::CollectionNotFound { name: name.to_owned() })?;
            counters.remove(&key);
            let drop = || -> rusqlite::Result<()> {
                connection.execute("DELETE FROM collections WHERE key = ?1", [key])?;
                connection.execute("DELETE FROM checkpoints WHERE key = ?1", [key])?;
                connection.execute_batch(&sql::drop_tables(key))
            };
            drop().map_err(|error| self.failed(&error))
        })
    }

    /// Gives collection `key` other vectors: drops the stored ones and changes dimension, metric and model, in one transaction.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::CollectionSpec`], [`Error::ReadOnly`], [`Error::Full`], [`Error::Io`].
    pub fn set_vectors(&self, key: u32, vectors: Option<&VectorSpec>) -> Result<()> {
        vectors.map_or(Ok(()), validate::vector_spec)?;
        let mut writer = self.writer_for("change the vectors of a collection")?;
        let before = writer.counters(key, &self.sql(key), &self.path)?;
        writer.transaction(&self.path, |connection, counters| {
            counters.remove(&key);
            let change = || -> rusqlite::Result<()> {
                connection.execute(&format!("DELETE FROM v{key}"), [])?;
                let model = vectors.and_then(|vectors| vectors.model.as_ref());
                connection.execute(
                    "UPDATE collections SET dim = ?2, metric = ?3, model_name = ?4, model_digest = ?5 WHERE key = ?1",
                    params![
                        key,
                        vectors.map(|vectors| vectors.dim),
                        vectors.map(|vectors| vectors.metric.as_str()),
                        model.map(|model| model.name.as_str()),
                        model.map(|model| model.digest.as_str()),
                    ],
                )?;
                counters::raise_floor(connection, key, before.sequence + 1)
            };
            change().map_err(|error| self.failed(&error))
        })
    }

    /// Replaces the settings of collection `key`, a JSON object that the store doesn't read.
    ///
    /// # Errors
    /// [`Error::CollectionNotFound`], [`Error::CollectionSpec`], [`Error::ReadOnly`], [`Error::Full`], [`Error::Io`].
    pub fn set_settings(&self, key: u32, settings: &str) -> Result<()> {
        validate::collection_spec(&CollectionSpec { vectors: None, settings: settings.to_owned() })?;
        let mut writer = self.writer_for("change the settings of a collection")?;
        writer.counters(key, &self.sql(key), &self.path)?;
        writer.transaction(&self.path, |connection, _| {
            let sql = "UPDATE collections SET settings = ?2 WHERE key = ?1";
            connection.execute(sql, params![key, settings]).map(drop).map_err(|error| self.failed(&error))
        })
    }

    /// One row of [`INFO`], and what the collection's own tables say.
    fn info(&self, connection: &Connection, row: &Row<'_>) -> rusqlite::Result<CollectionInfo> {
        let key = row.get(0)?;
        let Counters { count, sequence, slot_end, .. } =
            counters::read(connection, &self.sql(key))?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok(CollectionInfo { key, name: row.get(1)?, spec: spec(row)?, count, sequence, slot_end })
    }

    /// How far the import of `source` into collection `key` has come: what [`Store::apply_with_checkpoint`] stored last.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Io`].
    pub fn checkpoint(&self, key: u32, source: &str) -> Result<Option<String>> {
        let connection = self.readers.lease()?;
        let read = || -> rusqlite::Result<_> {
            let mut get =
                connection.prepare_cached("SELECT position FROM checkpoints WHERE key = ?1 AND source = ?2")?;
            get.query_row(params![key, source], |row| row.get(0)).optional()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Forgets how far the import of `source` has come: the next one starts at the beginning.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Full`], [`Error::Io`].
    pub fn clear_checkpoint(&self, key: u32, source: &str) -> Result<()> {
        let mut writer = self.writer_for("forget an import")?;
        writer.transaction(&self.path, |connection, _| {
            let sql = "DELETE FROM checkpoints WHERE key = ?1 AND source = ?2";
            connection.execute(sql, params![key, source]).map(drop).map_err(|error| self.failed(&error))
        })
    }
}

fn key_of(connection: &Connection, name: &str) -> rusqlite::Result<Option<u32>> {
    connection
        .prepare_cached("SELECT key FROM collections WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn insert(connection: &Connection, name: &str, spec: &CollectionSpec) -> rusqlite::Result<CollectionInfo> {
    let vectors = spec.vectors.as_ref();
    let model = vectors.and_then(|vectors| vectors.model.as_ref());
    connection.execute(
        "INSERT INTO collections(name, settings, dim, metric, model_name, model_digest) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            name,
            spec.settings,
            vectors.map(|vectors| vectors.dim),
            vectors.map(|vectors| vectors.metric.as_str()),
            model.map(|model| model.name.as_str()),
            model.map(|model| model.digest.as_str()),
        ],
    )?;
    let key = u32::try_from(connection.last_insert_rowid())
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, i64::MAX))?;
    connection.execute_batch(&sql::create_tables(key))?;
    Ok(CollectionInfo { key, name: name.to_owned(), spec: spec.clone(), count: 0, sequence: 0, slot_end: 0 })
}

fn spec(row: &Row<'_>) -> rusqlite::Result<CollectionSpec> {
    let dim: Option<u32> = row.get(3)?;
    let metric: Option<String> = row.get(4)?;
    let (name, digest): (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
    let vectors = match (dim, metric) {
        (Some(dim), Some(metric)) => {
            let metric = MetricKind::from_name(&metric)
                .ok_or_else(|| rusqlite::Error::InvalidColumnType(4, metric, rusqlite::types::Type::Text))?;
            let model = name.zip(digest).map(|(name, digest)| ModelTag { name, digest });
            Some(VectorSpec { dim, metric, model })
        }
        _ => None,
    };
    Ok(CollectionSpec { vectors, settings: row.get(2)? })
}
