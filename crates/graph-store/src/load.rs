//! Bulk loading from files.

use crate::batch::check_id;
use crate::catalogue::{self, Summary};
use crate::error::Error;
use crate::graphs::Graphs;
use crate::write::Writer;
use canopy_core::{Cancel, Progress};
use canopy_graph::{
    CsvOptions, Edge, GraphOptions, Hypergraph, Limits, Loaded, Parallel, read_csv, read_graphml, read_json,
};
use serde::Deserialize;
use serde_json::Map;
use std::io::Read;

/// What a transaction takes: some 100 ms, after which other writers get their turn.
const EDGES_PER_COMMIT: usize = 20_000;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines of source, target and weight.
    Csv,
    /// GraphML.
    Graphml,
    /// Nodes and edges in JSON.
    Json,
}

/// How a file is read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LoadOptions {
    /// How it is written.
    pub format: Format,
    /// What stands between two fields of an edge list; a comma when it isn't said.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// Whether the first line of an edge list names the columns.
    #[serde(default)]
    pub header: Option<bool>,
    /// What becomes of edges that the file names more than once.
    #[serde(default)]
    pub parallel: Parallel,
    /// What the file may hold.
    #[serde(default)]
    pub limits: Limits,
}

impl LoadOptions {
    /// Reads a file.
    ///
    /// # Errors
    /// `GRAPH_SYNTAX`, `GRAPH_WEIGHT`, `GRAPH_TOO_LARGE`, `GRAPH_READ`; [`Error::Option`] for a delimiter that isn't one ASCII character.
    pub fn read(&self, input: impl Read, directed: bool) -> Result<Loaded, Error> {
        let options = GraphOptions { directed, parallel: self.parallel };
        Ok(match self.format {
            Format::Csv => {
                let delimiter = self.delimiter.map_or(Ok(b','), |delimiter| {
                    u8::try_from(delimiter).ok().filter(u8::is_ascii).ok_or_else(|| Error::Option {
                        name: "delimiter",
                        received: delimiter.to_string(),
                        expected: "choose one ASCII character",
                    })
                })?;
                read_csv(input, &CsvOptions { delimiter, header: self.header }, options, &self.limits)?
            }
            Format::Graphml => read_graphml(input, options, &self.limits)?,
            Format::Json => read_json(input, options, &self.limits)?,
        })
    }
}

impl Graphs {
    /// Adds what a file holds to a graph. The file is read before the first change; then it is written in transactions of 20,000 edges, so what
    /// was written before a cancel stays, and loading the same file again completes it. Hyperedges are called `h0`, `h1` and so on.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Directed`], [`Error::Cancelled`], those of [`LoadOptions::read`], `STORE_*`, `CLOSED`.
    pub fn load(
        &self,
        name: &str,
        input: impl Read,
        options: &LoadOptions,
        cancel: &Cancel,
        progress: &Progress,
    ) -> Result<Summary, Error> {
        let directed = self.info(name)?.directed;
        let Loaded { graph, ids, hypergraph } = options.read(input, directed)?;
        if graph.options().directed != directed {
            return Err(Error::Directed { graph: name.to_owned(), directed: graph.options().directed });
        }
        let ids = ids.into_iter().map(check_id).collect::<Result<Vec<_>, _>>()?;
        let edges: Vec<Edge> = graph.edges().collect();
        let lists = hypergraph.as_ref().map_or(0, Hypergraph::len);
        let total = (ids.len() + edges.len() + lists) as u64;
        let mut done = 0;
        let mut slots = Vec::with_capacity(ids.len());
        let (mut version, mut disturbed) = (None, false);
        // Whether somebody else changed the graph since the last commit: then nodes may be gone.
        let mut commit = |count: usize, work: &mut dyn FnMut(&mut Writer<'_>, bool) -> Result<(), Error>| {
            cancel.check()?;
            let summary = self.writing("load a graph", |connection, trouble| {
                let mut writer = Writer::new(self, connection, catalogue::entry(connection, name, trouble)?, trouble);
                disturbed |= version.is_some_and(|version| version != writer.entry.version);
                work(&mut writer, disturbed)?;
                writer.finish()
            })?;
            version = Some(summary.version as i64);
            done += count as u64;
            progress.report(done, total);
            Ok::<_, Error>(())
        };
        for part in ids.chunks(EDGES_PER_COMMIT) {
            commit(part.len(), &mut |writer, _| {
                part.iter().try_for_each(|id| {
                    slots.push(writer.node(id.clone(), None)?);
                    Ok(())
                })
            })?;
        }
        let slot = |writer: &mut Writer<'_>, node: u32, disturbed: bool| match disturbed {
            true => writer.node(ids[node as usize].clone(), None),
            false => Ok(slots[node as usize]),
        };
        for part in edges.chunks(EDGES_PER_COMMIT) {
            commit(part.len(), &mut |writer, disturbed| {
                part.iter().try_for_each(|edge| {
                    let source = slot(writer, edge.source, disturbed)?;
                    let target = slot(writer, edge.target, disturbed)?;
                    writer.join(source, target, edge.weight, &Map::new())
                })
            })?;
        }
        if let Some(hypergraph) = hypergraph {
            commit(hypergraph.len(), &mut |writer, disturbed| {
                (0..hypergraph.len()).try_for_each(|at| {
                    let members = hypergraph.members(at).iter().map(|&node| slot(writer, node, disturbed));
                    let members = members.collect::<Result<Vec<_>, _>>()?;
                    writer.gather(&format!("h{at}"), &members, &Map::new())
                })
            })?;
        }
        progress.finish(total, total);
        self.info(name)
    }
}
