//! Edge lists.

use super::{Bounded, Gathered, Limits, Loaded, parse_weight, read_error};
use crate::error::Error;
use crate::graph::GraphOptions;
use std::io::Read;

/// How an edge list is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct CsvOptions {
    /// What stands between two fields: a comma unless told otherwise.
    pub delimiter: u8,
    /// Whether the first line names the columns; without a word the line tells: see [`read_csv`].
    pub header: Option<bool>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: b',', header: None }
    }
}

/// Reads `source, target[, weight]` lines; further fields are ignored, a missing or empty weight is 1, lines that start with `#` are
/// comments. Ids are any text. Unless `header` says it, the first line names the columns where its third field says `weight`, or its first two
/// are words for the ends of an edge (`source,target`, `from,to`, …).
///
/// # Errors
/// [`Error::Syntax`] with the line, [`Error::Weight`], [`Error::TooLarge`], [`Error::Read`].
pub fn read_csv(input: impl Read, csv: &CsvOptions, options: GraphOptions, limits: &Limits) -> Result<Loaded, Error> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(csv.delimiter)
        .has_headers(csv.header == Some(true))
        .comment(Some(b'#'))
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(Bounded { inner: input, left: limits.bytes });
    let mut gathered = Gathered::new(limits);
    let mut record = csv::StringRecord::new();
    let mut may_be_names = csv.header.is_none();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return Err(refused(error, limits)),
        }
        if std::mem::take(&mut may_be_names) && names_columns(&record) {
            continue;
        }
        let place = || format!("line {}", record.position().map_or(0, csv::Position::line));
        let syntax = |reason: String| Error::Syntax { format: "CSV", place: place(), reason };
        let (Some(source), Some(target)) = (record.get(0), record.get(1)) else {
            return Err(syntax(format!("{} field where a source and a target are needed", record.len())));
        };
        if source.is_empty() || target.is_empty() {
            return Err(syntax("an id is empty: name both ends of the edge".into()));
        }
        let weight = match record.get(2) {
            None | Some("") => 1.0,
            Some(text) => parse_weight(text).ok_or_else(|| syntax(format!("{text:?} is no weight")))?,
        };
        gathered.edge(source, target, weight)?;
    }
    gathered.finish(options)
}

/// What columns of ends are called, each with its counterpart.
const ENDS: [[&str; 2]; 7] = [
    ["source", "target"],
    ["from", "to"],
    ["src", "dst"],
    ["src", "dest"],
    ["start", "end"],
    ["node1", "node2"],
    ["u", "v"],
];

/// Whether a line names columns.
fn names_columns(record: &csv::StringRecord) -> bool {
    let (Some(source), Some(target)) = (record.get(0), record.get(1)) else { return false };
    let is_weight =
        record.get(2).is_some_and(|third| third.eq_ignore_ascii_case("weight") || third.eq_ignore_ascii_case("w"));
    is_weight || ENDS.iter().any(|[from, to]| source.eq_ignore_ascii_case(from) && target.eq_ignore_ascii_case(to))
}

fn refused(error: csv::Error, limits: &Limits) -> Error {
    let line = error.position().map_or_else(|| "somewhere".into(), |position| format!("line {}", position.line()));
    match error.into_kind() {
        csv::ErrorKind::Io(error) => read_error(error, limits),
        csv::ErrorKind::Utf8 { err, .. } => {
            Error::Syntax { format: "CSV", place: line, reason: format!("not UTF-8: {err}") }
        }
        _ => Error::Syntax { format: "CSV", place: line, reason: "not a record".into() },
    }
}
