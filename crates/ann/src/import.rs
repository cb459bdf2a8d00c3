//! Vectors from the dumps of `hnsw_rs`.
//!
//! A dump is two files, `NAME.hnsw.graph` and `NAME.hnsw.data`. Their vectors, ids and metric are taken over, their links aren't: building ours from the vectors
//! takes a few seconds and gives a better graph. Numbers are in the order of bytes of the machine that wrote them, which must be little-endian.

use crate::Error;
use canopy_core::MetricKind;
use std::fs;
use std::path::Path;

const MAGIC_DATA: u32 = 0xa67f_0000;
const MAGIC_GRAPH: u32 = 0x002a_6779;

/// What a dump holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The caller's number of each vector.
    pub slots: Vec<u32>,
    /// The vectors, row-major.
    pub values: Vec<f32>,
    /// Values a vector.
    pub dim: usize,
    /// The metric of ours that orders like the dump's distance.
    pub metric: MetricKind,
}

/// Reads the dump `name` in `folder`. Only vectors of `f32` under `DistL2`, `DistCosine` or `DistDot` are taken.
///
/// # Errors
/// [`Error::File`], [`Error::Foreign`] for other files, types and distances, [`Error::Truncated`], [`Error::Damaged`], [`Error::SlotRange`].
pub fn hnsw_rs(folder: &Path, name: &str) -> Result<Imported, Error> {
    let read = |end: &str| {
        let path = folder.join(format!("{name}.hnsw.{end}"));
        fs::read(&path).map(|bytes| (path.display().to_string(), bytes)).map_err(|error| Error::file(&path, &error))
    };
    let (path, bytes) = read("graph")?;
    let (metric, count, dim) = description(&mut Reader { path: &path, bytes: &bytes, at: 0 })?;
    let (path, bytes) = read("data")?;
    let mut data = Reader { path: &path, bytes: &bytes, at: 0 };
    data.expect(MAGIC_DATA)?;
    if data.number()? != dim as u64 {
        return Err(data.damaged("dimension"));
    }
    // What the header says may be nonsense: no more is reserved than the file can hold.
    let most = bytes.len() / (4 * dim.max(1));
    let mut imported = Imported { slots: Vec::with_capacity(count.min(most)), values: Vec::new(), dim, metric };
    imported.values.reserve(count.min(most) * dim);
    for _ in 0..count {
        data.expect(MAGIC_DATA)?;
        let id = data.number()?;
        imported.slots.push(u32::try_from(id).map_err(|_| Error::SlotRange { received: id })?);
        if data.number()? != 4 * dim as u64 {
            return Err(data.damaged("vector"));
        }
        let (values, _) = data.take(4 * dim)?.as_chunks::<4>();
        imported.values.extend(values.iter().map(|&value| f32::from_le_bytes(value)));
    }
    Ok(imported)
}

/// Metric, number of vectors and dimension from the head of the graph file.
fn description(graph: &mut Reader<'_>) -> Result<(MetricKind, usize, usize), Error> {
    graph.expect(MAGIC_GRAPH)?;
    // Mode, connections, scale of levels, layers, breadth of the build.
    graph.take(1 + 1 + 8 + 1 + 8)?;
    let (count, dim) = (graph.number()?, graph.number()?);
    let (distance, kind) = (graph.text()?, graph.text()?);
    let metric = match distance.rsplit("::").next() {
        Some("DistL2") => MetricKind::L2,
        Some("DistCosine") => MetricKind::Cosine,
        Some("DistDot") => MetricKind::Dot,
        _ => return Err(Error::Foreign { path: graph.path.to_owned() }),
    };
    if kind != "f32" {
        return Err(Error::Foreign { path: graph.path.to_owned() });
    }
    let size = |number: u64| usize::try_from(number).map_err(|_| graph.damaged("description"));
    let dim = size(dim)?;
    if !(1..=crate::flat::MAX_DIM).contains(&dim) {
        return Err(Error::DimensionRange { received: dim, max: crate::flat::MAX_DIM });
    }
    Ok((metric, size(count)?, dim))
}

struct Reader<'a> {
    path: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let end = self.at.saturating_add(len);
        let piece = self.bytes.get(self.at..end).ok_or_else(|| Error::Truncated {
            path: self.path.to_owned(),
            section: "dump".into(),
            expected: end as u64,
            received: self.bytes.len() as u64,
        })?;
        self.at = end;
        Ok(piece)
    }

    fn number(&mut self) -> Result<u64, Error> {
        Ok(self.take(8)?.first_chunk().map_or(0, |&bytes| u64::from_le_bytes(bytes)))
    }

    fn text(&mut self) -> Result<String, Error> {
        let len = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        Ok(String::from_utf8_lossy(self.take(len)?).into_owned())
    }

    fn expect(&mut self, magic: u32) -> Result<(), Error> {
        let start = self.at == 0;
        if self.take(4)? == magic.to_le_bytes() {
            return Ok(());
        }
        Err(if start { Error::Foreign { path: self.path.to_owned() } } else { self.damaged("dump") })
    }

    fn damaged(&self, section: &str) -> Error {
        Error::Damaged { path: self.path.to_owned(), section: section.to_owned() }
    }
}
