//! Suggestions that are kept beside a graph.

use crate::catalogue;
use crate::error::Error;
use crate::graphs::Graphs;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// Which score suggestions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Common neighbours, Adamic and Adar's.
    Aa,
    /// Common hyperedges.
    HyperAa,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Aa => "aa",
            Self::HyperAa => "hyper_aa",
        }
    }
}

/// Two nodes worth joining.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuggestedPair {
    /// One of them.
    pub source: String,
    /// The other.
    pub target: String,
    /// How much they are.
    pub score: f64,
}

/// Which suggestions to read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Suggested {
    /// Those of one node only.
    pub node: Option<String>,
    /// Most of them, 1 to 10,000; 100 when it isn't said.
    pub limit: Option<u32>,
}

impl Graphs {
    /// Keeps suggestions of one kind in the place of those that were there. Pairs of nodes that are gone meanwhile are passed over.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Option`] for a score that is no number, `STORE_*`, `CLOSED`.
    pub fn write_suggestions(&self, name: &str, kind: Kind, pairs: &[SuggestedPair]) -> Result<(), Error> {
        if let Some(pair) = pairs.iter().find(|pair| !pair.score.is_finite()) {
            let received = pair.score.to_string();
            return Err(Error::Option { name: "score", received, expected: "send a finite number" });
        }
        self.writing("keep suggestions", |connection, trouble| {
            let key = catalogue::entry(connection, name, trouble)?.key;
            let write = || -> rusqlite::Result<()> {
                connection.execute(&format!("DELETE FROM gs{key} WHERE kind = ?1"), [kind.name()])?;
                let mut find = connection.prepare_cached(&format!("SELECT slot FROM gn{key} WHERE id = ?1"))?;
                let mut find = |id: &str| find.query_row([id], |row| row.get::<_, i64>(0)).optional();
                let text = format!(
                    "INSERT INTO gs{key}(kind, source, target, score) VALUES(?1, ?2, ?3, ?4)
                     ON CONFLICT DO UPDATE SET score = max(score, excluded.score)"
                );
                let mut insert = connection.prepare_cached(&text)?;
                for pair in pairs {
                    if let (Some(a), Some(b)) = (find(&pair.source)?, find(&pair.target)?) {
                        insert.execute(params![kind.name(), a.min(b), a.max(b), pair.score])?;
                    }
                }
                Ok(())
            };
            write().map_err(trouble)
        })
    }

    /// Kept suggestions by falling score.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NodeNotFound`], [`Error::Option`], `STORE_*`, `CLOSED`.
    pub fn suggestions(&self, name: &str, kind: Kind, options: &Suggested) -> Result<Vec<SuggestedPair>, Error> {
        let limit = options.limit.unwrap_or(100);
        if !(1..=10_000).contains(&limit) {
            let received = limit.to_string();
            return Err(Error::Option { name: "limit", received, expected: "choose 1 to 10,000" });
        }
        self.reading_graph(name, |connection, entry, trouble| {
            let key = entry.key;
            let node = match &options.node {
                None => None,
                Some(id) => {
                    let mut find =
                        connection.prepare_cached(&format!("SELECT slot FROM gn{key} WHERE id = ?1")).map_err(trouble)?;
                    let slot: Option<i64> = find.query_row([id], |row| row.get(0)).optional().map_err(trouble)?;
                    Some(slot.ok_or_else(|| Error::NodeNotFound { graph: name.to_owned(), id: id.clone() })?)
                }
            };
            let rows = |condition: &str| {
                format!("SELECT source, target, score FROM gs{key} WHERE kind = ?1 AND {condition}")
            };
            let of = match node {
                None => rows("?2 IS NULL"),
                Some(_) => format!("{} UNION {}", rows("source = ?2"), rows("target = ?2")),
            };
            let text = format!(
                "SELECT a.id, b.id, s.score FROM ({of}) s JOIN gn{key} a ON a.slot = s.source JOIN gn{key} b ON b.slot = s.target
                 ORDER BY s.score DESC, s.source, s.target LIMIT ?3"
            );
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut page = connection.prepare_cached(&text)?;
                let rows = page.query_map(params![kind.name(), node, limit], |row| {
                    Ok(SuggestedPair { source: row.get(0)?, target: row.get(1)?, score: row.get(2)? })
                })?;
                rows.collect()
            };
            read().map_err(trouble)
        })
    }
}
