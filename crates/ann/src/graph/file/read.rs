//! Opening.

use super::*;
use crate::Error;
use crate::graph::SearchOptions;
use crate::graph::bits::Bits;
use crate::graph::entry::Entry;
use crate::graph::links::Links;
use crate::graph::raw::{Kind, Raw};
use crate::graph::space::Space;
use crate::ivf::IvfPq;
use crate::slots::SlotMap;
use bytemuck::Pod;
use canopy_core::MetricKind;
use canopy_file::Buffer;
use std::path::Path;

impl GraphIndex {
    /// Opens a saved index by mapping its file: big sections are read from the disk when a search needs them.
    ///
    /// The file must not be changed or cut by others while it is mapped; [`GraphIndex::save`] replaces it as a whole and does no harm.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Foreign`], [`Error::Newer`], [`Error::Truncated`], [`Error::Damaged`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::read(path)?.index()
    }

    /// [`GraphIndex::open`] together with the lists that [`GraphIndex::save_all`] wrote, where it wrote any.
    ///
    /// # Errors
    /// Those of [`GraphIndex::open`]; lists of other vectors are [`Error::Damaged`].
    pub fn open_all(path: &Path) -> Result<(Self, Option<IvfPq>), Error> {
        let source = Self::read(path)?;
        let lists = IvfPq::read(&source.0)?;
        let wrong = source.damaged(ivf::file::SLOTS);
        let index = source.index()?;
        let fit = |lists: &IvfPq| lists.are_of(index.metric(), index.dim(), index.len(), |slot| index.contains(slot));
        if lists.as_ref().is_none_or(fit) { Ok((index, lists)) } else { Err(wrong) }
    }

    fn read(path: &Path) -> Result<Source, Error> {
        let file = Mapped::open(path, FORMAT)?;
        file.verify(&BIG)?;
        Ok(Source(file))
    }
}

impl Source {
    fn damaged(&self, section: &str) -> Error {
        self.0.damaged(section).into()
    }

    /// A section of exactly `len` numbers.
    fn buffer<T: Pod>(&self, name: &str, len: usize) -> Result<Buffer<T>, Error> {
        Ok(self.0.buffer(name, len)?)
    }

    /// A section as numbers of its own.
    fn numbers<T: Pod>(&self, name: &str) -> Result<Vec<T>, Error> {
        Ok(self.0.numbers(name)?)
    }

    fn index(self) -> Result<GraphIndex, Error> {
        let wrong = || self.damaged(META);
        let meta: Meta = serde_json::from_slice(&self.numbers::<u8>(META)?).map_err(|_| wrong())?;
        let metric = MetricKind::from_name(&meta.metric).ok_or_else(wrong)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == meta.kept).ok_or_else(wrong)?;
        let (mean, matrix): (Vec<f32>, Vec<f32>) = (self.numbers(MEAN)?, self.numbers(MATRIX)?);
        let full = meta.dim + usize::from(metric == MetricKind::Dot);
        let nodes = u32::try_from(meta.count).map_err(|_| wrong())?;
        let inside = |node: &u32| *node < nodes;
        let plausible = (1..=crate::flat::MAX_DIM).contains(&meta.dim)
            && mean.len() == full
            && matrix.len().is_multiple_of(full)
            && (1..=1024).contains(&meta.degree)
            && meta.options.check().is_ok()
            && meta.options.degree <= meta.degree
            && meta.count < crate::graph::MAX_VECTORS
            && (nodes == 0 || inside(&meta.start))
            && meta.free.iter().all(inside);
        if !plausible {
            return Err(wrong());
        }
        let space = Space::new(metric, meta.dim, meta.unit, mean, matrix);
        let space = if meta.whole { space.whole() } else { space };
        let mut raw = Raw::new(kind, meta.dim);
        raw.rows = self.buffer(RAW, meta.count * meta.dim * raw.kind.bytes())?;
        let codes = self.buffer(CODES, meta.count * space.stride)?;
        let links = Links { degree: meta.degree, rows: self.buffer(LINKS, meta.count * meta.degree)? };
        let entry = |(i, &count): (usize, &usize)| {
            let [nodes, codes, links] = sample(i);
            let members: Vec<u32> = self.numbers(&nodes)?;
            if members.len() != count || !members.iter().all(inside) {
                return Err(self.damaged(&nodes));
            }
            let links = Links { degree: meta.degree, rows: self.buffer(&links, count * meta.degree)? };
            Ok(Entry { nodes: members, codes: self.buffer(&codes, count * space.stride)?, links })
        };
        let entries = meta.samples.iter().enumerate().map(entry).collect::<Result<Vec<_>, Error>>()?;
        let slots: Buffer<u32> = self.buffer(SLOTS, meta.count)?;
        // Files of before notes have none.
        let notes = if self.0.section(NOTES).is_ok() { self.numbers(NOTES)? } else { Vec::new() };
        let dead = Bits::from_words(self.numbers(DEAD)?);
        let mut positions = SlotMap::default();
        let mut live = 0;
        for (position, &slot) in (0..nodes).zip(slots.get()) {
            if !dead.contains(position) {
                if positions.get(slot).is_some() {
                    return Err(self.damaged(SLOTS));
                }
                positions.set(slot, position);
                live += 1;
            }
        }
        // What is free is dead, each once, and what is dead is a node.
        let mut free = Bits::default();
        meta.free.iter().filter(|&&node| dead.contains(node)).for_each(|&node| free.insert(node));
        if live + dead.len() != meta.count || free.len() != meta.free.len() {
            return Err(self.damaged(DEAD));
        }
        // Files of before breadths say only what a caller chose, for ten hits most likely.
        let usual = meta.usual.unwrap_or(Breadth::USUAL);
        let chosen = meta.defaults != SearchOptions::default();
        let tuned = meta.tuned.or_else(|| chosen.then(|| Breadth::new(Breadth::K, meta.defaults, usual)));
        Ok(GraphIndex {
            options: meta.options,
            space,
            raw,
            codes,
            links,
            entries,
            slots,
            positions,
            start: meta.start,
            fitted: meta.fitted,
            dead,
            free: meta.free,
            loose: 0,
            usual,
            tuned,
            notes,
            source: Some(self),
        })
    }
}
