//! The graphs of a database.

use crate::catalogue::{self, Entry, Summary};
use crate::error::Error;
use crate::held::Shelf;
use crate::sql;
use canopy_collection::Database;
use canopy_store::Store;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::sync::Arc;

/// The graphs that a database keeps.
#[derive(Debug)]
pub struct Graphs {
    pub(crate) database: Arc<Database>,
    /// What was read of graphs, and what changed since.
    pub(crate) shelf: Shelf,
    /// Held while a graph follows its collection: two at once would do everything twice.
    pub(crate) syncing: Mutex<()>,
}

impl Graphs {
    /// The graphs of `database`, as long as it is open.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database, shelf: Shelf::default(), syncing: Mutex::default() }
    }

    /// Every graph, by name.
    ///
    /// # Errors
    /// `STORE_*`, `CLOSED`.
    pub fn list(&self) -> Result<Vec<Summary>, Error> {
        self.reading(|connection, trouble| catalogue::list(connection).map_err(trouble))
    }

    /// What a graph is.
    ///
    /// # Errors
    /// [`Error::NotFound`], `STORE_*`, `CLOSED`.
    pub fn info(&self, name: &str) -> Result<Summary, Error> {
        self.reading_graph(name, |_, entry, _| Ok(entry.summary()))
    }

    /// Makes an empty graph.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Name`], `STORE_*`, `CLOSED`.
    pub fn create(&self, name: &str, directed: bool) -> Result<Summary, Error> {
        catalogue::check_name(name)?;
        self.writing("make a graph", |connection, trouble| {
            connection.execute_batch(sql::CREATE_LIST).map_err(&trouble)?;
            if catalogue::find(connection, name).map_err(&trouble)?.is_some() {
                return Err(Error::Exists { name: name.to_owned() });
            }
            catalogue::insert(connection, name, directed).map_err(&trouble)?;
            Ok(catalogue::entry(connection, name, &trouble)?.summary())
        })
    }

    /// Drops a graph with everything in it.
    ///
    /// # Errors
    /// [`Error::NotFound`], `STORE_*`, `CLOSED`.
    pub fn drop_graph(&self, name: &str) -> Result<(), Error> {
        let key = self.writing("drop a graph", |connection, trouble| {
            let Entry { key, .. } = catalogue::entry(connection, name, &trouble)?;
            connection.execute("DELETE FROM graphs WHERE key = ?1", [key]).map_err(&trouble)?;
            connection.execute_batch(&sql::drop_tables(key)).map_err(&trouble)?;
            Ok(key)
        })?;
        self.shelf.forget(key);
        Ok(())
    }

    /// Gives back the memory of graphs that were read; the next call reads them again.
    pub fn release(&self) {
        self.shelf.clear();
    }

    pub(crate) fn reading<T>(
        &self,
        work: impl FnOnce(&Connection, Trouble<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.with_store(|store| store.read_beside(|connection| work(connection, &words(store))))
    }

    /// The same for one graph, as it is in that snapshot.
    pub(crate) fn reading_graph<T>(
        &self,
        name: &str,
        work: impl FnOnce(&Connection, Entry, Trouble<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.reading(|connection, trouble| work(connection, catalogue::entry(connection, name, trouble)?, trouble))
    }

    pub(crate) fn writing<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Connection, Trouble<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.with_store(|store| store.write_beside(action, |connection| work(connection, &words(store))))
    }
}

/// SQLite's answer in the store's words.
pub(crate) type Trouble<'a> = &'a dyn Fn(rusqlite::Error) -> Error;

fn words(store: &Store) -> impl Fn(rusqlite::Error) -> Error + '_ {
    |error| Error::Store(store.trouble(&error))
}
