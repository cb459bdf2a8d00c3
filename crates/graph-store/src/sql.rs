//! The tables of graphs, whose names start with g.

/// The list of graphs, made with the first one: a database of an older release has none, and needs none.
///
/// `next` is the number of the next node or hyperedge; numbers are never given twice, so what was made first has the lower one.
/// `follows` is JSON about the collection that the graph is derived from.
pub(crate) const CREATE_LIST: &str = "CREATE TABLE IF NOT EXISTS graphs(
  key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, directed INTEGER NOT NULL, nodes INTEGER NOT NULL DEFAULT 0,
  edges INTEGER NOT NULL DEFAULT 0, hyperedges INTEGER NOT NULL DEFAULT 0, version INTEGER NOT NULL DEFAULT 0,
  next INTEGER NOT NULL DEFAULT 0, follows TEXT
) STRICT";

/// The tables of graph `key`: nodes, edges, hyperedges, members and suggestions; of a graph that
/// follows a collection the nodes of records (by slot) and who has whom among the nearest. An undirected edge starts at its lower end.
pub(crate) fn create_tables(key: u32) -> String {
    format!(
        "CREATE TABLE gn{key}(slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL) STRICT;
CREATE TABLE ge{key}(source INTEGER NOT NULL, target INTEGER NOT NULL, weight REAL NOT NULL, attributes TEXT NOT NULL,
  PRIMARY KEY(source, target)) STRICT, WITHOUT ROWID;
CREATE INDEX ge{key}_target ON ge{key}(target);
CREATE TABLE gh{key}(slot INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL) STRICT;
CREATE TABLE gm{key}(hyperedge INTEGER NOT NULL, node INTEGER NOT NULL, PRIMARY KEY(hyperedge, node)) STRICT, WITHOUT ROWID;
CREATE INDEX gm{key}_node ON gm{key}(node);
CREATE TABLE gs{key}(kind TEXT NOT NULL, source INTEGER NOT NULL, target INTEGER NOT NULL, score REAL NOT NULL,
  PRIMARY KEY(kind, source, target)) STRICT, WITHOUT ROWID;
CREATE INDEX gs{key}_target ON gs{key}(kind, target);
CREATE TABLE gr{key}(record INTEGER PRIMARY KEY, node INTEGER NOT NULL UNIQUE) STRICT;
CREATE TABLE gk{key}(node INTEGER NOT NULL, neighbour INTEGER NOT NULL, PRIMARY KEY(node, neighbour)) STRICT, WITHOUT ROWID;
CREATE INDEX gk{key}_neighbour ON gk{key}(neighbour);"
    )
}

pub(crate) fn drop_tables(key: u32) -> String {
    ["gn", "ge", "gh", "gm", "gs", "gr", "gk"].map(|table| format!("DROP TABLE {table}{key};")).concat()
}
