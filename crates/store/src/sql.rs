//! The SQL text of the schema and of one collection's statements.

use std::fmt::Write as _;

/// `CANP`: marks the file as ours in the SQLite header.
pub(crate) const APPLICATION_ID: u32 = 0x4341_4E50;
/// The schema that this release writes.
pub(crate) const SCHEMA_VERSION: u32 = 3;

/// Tables shared by all collections.
///
/// How many records a collection has, and the number of its last change, follow from its own tables ([`Sql::counters`]): a row here that
/// every commit changed would be one more page in the log.
/// `sequence_floor`: the last change that no record and no empty slot shows.
/// `rebuild_before`: history before this sequence is gone, so a reader that is older must read everything again.
pub(crate) const CREATE_SHARED: &str = "
CREATE TABLE collections(
  key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, settings TEXT NOT NULL,
  dim INTEGER, metric TEXT, model_name TEXT, model_digest TEXT,
  sequence_floor INTEGER NOT NULL DEFAULT 0, rebuild_before INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE checkpoints(
  key INTEGER NOT NULL, source TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY(key, source)
) STRICT, WITHOUT ROWID;
";

/// The tables of collection `key`.
///
/// `r` holds records with the text last, so that reading the other columns never follows a long text's overflow pages.
/// `v` holds vectors apart, so that a scan of vectors reads vectors alone.
/// `f` holds every empty slot below the last one ever used, with the sequence of the deletion: free list and deletion log in one.
pub(crate) fn create_tables(key: u32) -> String {
    format!(
        "CREATE TABLE r{key}(
  slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sequence INTEGER NOT NULL, text_hash BLOB NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, metadata TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
CREATE INDEX r{key}_sequence ON r{key}(sequence);
CREATE TABLE v{key}(slot INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
CREATE TABLE f{key}(slot INTEGER PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;
"
    )
}

/// Takes the tables of collection `key` away.
pub(crate) fn drop_tables(key: u32) -> String {
    format!("DROP TABLE r{key}; DROP TABLE v{key}; DROP TABLE f{key};")
}

/// Every statement of one collection, formatted once: the text is the key of SQLite's statement cache.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) counters: String,
    pub(crate) insert: String,
    pub(crate) find: String,
    pub(crate) replace: String,
    pub(crate) delete: String,
    pub(crate) free_first: String,
    pub(crate) free_take: String,
    pub(crate) free_put: String,
    pub(crate) vector_put: String,
    pub(crate) vector_delete: String,
    pub(crate) get_id: String,
    pub(crate) get_slot: String,
    pub(crate) get_slot_vector: String,
    pub(crate) page: String,
    pub(crate) page_vectors: String,
    pub(crate) upserted: String,
    pub(crate) deleted: String,
}

const RECORD: &str = "r.slot, r.id, r.text, r.metadata, r.created_ms, r.updated_ms";

impl Sql {
    pub(crate) fn new(key: u32) -> Self {
        let joined = format!("SELECT {RECORD}, v.vector FROM r{key} r LEFT JOIN v{key} v ON v.slot = r.slot");
        Self {
            counters: format!(
                "SELECT c.dim, c.rebuild_before, f.slots, max(coalesce((SELECT max(slot) FROM r{key}), -1), f.last) + 1,
                   max(c.sequence_floor, coalesce((SELECT max(sequence) FROM r{key}), 0), f.sequence)
                 FROM collections c, (SELECT count(*) AS slots, coalesce(max(slot), -1) AS last,
                   coalesce(max(sequence), 0) AS sequence FROM f{key}) f WHERE c.key = {key}"
            ),
            insert: format!(
                "INSERT INTO r{key}(slot, id, sequence, text_hash, created_ms, updated_ms, metadata, text)
                 VALUES(?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7) ON CONFLICT(id) DO NOTHING"
            ),
            find: format!("SELECT slot, text_hash FROM r{key} WHERE id = ?1"),
            replace: format!(
                "UPDATE r{key} SET sequence = ?2, text_hash = ?3, updated_ms = ?4, metadata = ?5, text = ?6 WHERE slot = ?1"
            ),
            delete: format!("DELETE FROM r{key} WHERE slot = ?1"),
            free_first: format!("SELECT slot FROM f{key} ORDER BY slot LIMIT 1"),
            free_take: format!("DELETE FROM f{key} WHERE slot = ?1"),
            free_put: format!("INSERT INTO f{key}(slot, sequence) VALUES(?1, ?2)"),
            vector_put: format!(
                "INSERT INTO v{key}(slot, vector) VALUES(?1, ?2) ON CONFLICT(slot) DO UPDATE SET vector = excluded.vector"
            ),
            vector_delete: format!("DELETE FROM v{key} WHERE slot = ?1"),
            get_id: format!("{joined} WHERE r.id = ?1"),
            get_slot: format!("SELECT {RECORD}, NULL FROM r{key} r WHERE r.slot = ?1"),
            get_slot_vector: format!("{joined} WHERE r.slot = ?1"),
            page: format!("SELECT {RECORD}, NULL FROM r{key} r WHERE r.id > ?1 ORDER BY r.id LIMIT ?2"),
            page_vectors: format!("{joined} WHERE r.id > ?1 ORDER BY r.id LIMIT ?2"),
            upserted: format!("SELECT slot FROM r{key} WHERE sequence > ?1 ORDER BY sequence"),
            deleted: format!("SELECT slot FROM f{key} WHERE sequence > ?1 ORDER BY slot"),
        }
    }
}

/// The statement of a scan: slot, id, text, metadata, vector; NULL where the caller wants nothing.
pub(crate) fn scan(key: u32, what: crate::types::Scan) -> String {
    let crate::types::Scan { id, text, metadata, vector } = what;
    if vector && !(id || text || metadata) {
        return format!("SELECT slot, NULL, NULL, NULL, vector FROM v{key} WHERE slot >= ?1 ORDER BY slot");
    }
    let mut sql = String::from("SELECT r.slot");
    for (wanted, column) in [(id, "r.id"), (text, "r.text"), (metadata, "r.metadata"), (vector, "v.vector")] {
        let _ = write!(sql, ", {}", if wanted { column } else { "NULL" });
    }
    let _ = write!(sql, " FROM r{key} r");
    if vector {
        let _ = write!(sql, " LEFT JOIN v{key} v ON v.slot = r.slot");
    }
    sql + " WHERE r.slot >= ?1 ORDER BY r.slot"
}
