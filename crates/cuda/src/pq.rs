//! Lists of 4-bit codes of a product quantiser: tables of distances, their sums over the codes, and the best of them.

use crate::device::count;
use crate::kernels::Kernel;
use crate::memory::Memory;
use crate::{Device, Error};
use std::sync::Arc;

/// Entries of a part.
const ENTRIES: usize = 16;
/// Vectors of a block of codes, and bytes of one part of it; as in `pq.cu`.
const BLOCK: usize = 32;
const PART: usize = 16;
/// Candidates that one block of threads chooses from; as in `pq.cu`.
const CHUNK: usize = 2048;
const MAX_PARTS: usize = 256;
/// Most that is chosen on the device: with more, a round wouldn't leave half of what it got.
const MAX_CHOSEN: usize = CHUNK / 2;
/// Bytes that the tables and candidates of one batch of queries should take at most.
const BATCH_BYTES: u64 = 1 << 30;

/// A product quantiser and the centres of its lists, all rotated as its queries are.
#[derive(Debug, Clone, Copy)]
pub struct Quantiser<'a> {
    /// Parts, 1 to 256.
    pub parts: usize,
    /// Parts with those that fill up a block of codes.
    pub padded: usize,
    /// Values a part.
    pub width: usize,
    /// 16 entries of `width` values for each part.
    pub books: &'a [f32],
    /// A row of `parts * width` values for each list.
    pub centres: &'a [f32],
}

/// The vectors of one list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// One id a vector; no id stands twice in any list.
    pub ids: &'a [u32],
    /// Blocks of 32 vectors, `padded * 16` bytes each: byte `i` of a part holds the codes of vectors `i` (low half) and `i + 16` (high half).
    pub codes: &'a [u8],
}

/// What is scanned: lists `lists[offsets[i]..offsets[i + 1]]` for query `i`.
#[derive(Debug, Clone, Copy)]
pub struct Probes<'a> {
    /// One more than queries.
    pub offsets: &'a [usize],
    /// Numbers of lists, none twice for a query.
    pub lists: &'a [u32],
}

/// A vector that was found: its id, and its squared distance by its codes.
pub type Near = (u32, f32);

/// Lists on a device.
#[derive(Debug)]
pub struct DeviceLists {
    device: Arc<Device>,
    parts: usize,
    padded: usize,
    width: usize,
    books: Memory<f32>,
    centres: Memory<f32>,
    codes: Memory<u8>,
    ids: Memory<u32>,
    /// First block and number of vectors of each list.
    spans: Vec<(usize, usize)>,
}

/// Distances and ids on the device, those of each query side by side.
struct Found {
    distances: Memory<f32>,
    ids: Memory<u32>,
    /// Where each query's begin, and the end of the last.
    offsets: Vec<usize>,
}

impl DeviceLists {
    /// Bytes that lists of so many vectors take on a device.
    pub fn bytes(quantiser: &Quantiser<'_>, vectors: usize, lists: usize) -> u64 {
        let blocks = vectors.div_ceil(BLOCK) + lists;
        let values = quantiser.books.len() + quantiser.centres.len() + blocks * BLOCK;
        (values * 4 + blocks * quantiser.padded * PART) as u64
    }

    /// Copies lists to the device.
    ///
    /// # Errors
    /// [`Error::Input`] for lengths that don't fit together, [`Error::Memory`], [`Error::Failed`].
    pub fn upload(device: &Arc<Device>, quantiser: &Quantiser<'_>, lists: &[List<'_>]) -> Result<Self, Error> {
        let &Quantiser { parts, padded, width, books, centres } = quantiser;
        let refuse = |what, received: usize, expected| Err(Error::Input { what, received: received as u64, expected });
        if !(1..=MAX_PARTS).contains(&parts) || padded < parts || padded > MAX_PARTS {
            return refuse("the number of parts", parts, "1 to 256, and no more than with those that fill up");
        }
        if width == 0 || books.len() != parts * ENTRIES * width {
            return refuse(
                "the number of values of the codebooks",
                books.len(),
                "16 entries of at least a value for each part",
            );
        }
        if centres.len() != lists.len() * parts * width {
            return refuse("the number of values of the centres", centres.len(), "a row for each list");
        }
        let mut spans = Vec::with_capacity(lists.len());
        let (mut codes, mut ids) = (Vec::new(), Vec::new());
        for list in lists {
            let blocks = list.ids.len().div_ceil(BLOCK);
            if list.codes.len() != blocks * padded * PART {
                return refuse("the number of bytes of a list", list.codes.len(), "whole blocks of 32 vectors");
            }
            spans.push((ids.len() / BLOCK, list.ids.len()));
            codes.extend_from_slice(list.codes);
            ids.extend_from_slice(list.ids);
            ids.resize(ids.len().next_multiple_of(BLOCK), u32::MAX);
        }
        count("the number of vectors", ids.len())?;
        let _turn = device.turn();
        device.check_room((codes.len() + 4 * (ids.len() + books.len() + centres.len())) as u64)?;
        Ok(Self {
            parts,
            padded,
            width,
            books: device.upload(books)?,
            centres: device.upload(centres)?,
            codes: device.upload(&codes)?,
            ids: device.upload(&ids)?,
            spans,
            device: device.clone(),
        })
    }

    /// For each rotated query (a row of `parts * width` values) the `k` nearest vectors of its lists by their codes, nearest first, equally near ones in
    /// the order of their ids. With `allow`, only ids whose bit is set: bit `id % 32` of word `id / 32`.
    ///
    /// # Errors
    /// [`Error::Input`] for lists that aren't there or lengths that don't fit, [`Error::Memory`], [`Error::Failed`].
    pub fn scan(
        &self,
        queries: &[f32],
        probes: Probes<'_>,
        k: usize,
        allow: Option<&[u32]>,
    ) -> Result<Vec<Vec<Near>>, Error> {
        let asked = self.check(queries, probes)?;
        if k == 0 {
            return Ok(vec![Vec::new(); asked]);
        }
        let _turn = self.device.turn();
        // No bit at all allows nothing; the kernel takes that for no mask.
        let mask = self.device.upload(allow.map_or(&[][..], |words| if words.is_empty() { &[0] } else { words }))?;
        let mut all = Vec::with_capacity(asked);
        let mut from = 0;
        while from < asked {
            let to = self.batch(probes, k, from);
            let span = probes.offsets[from]..probes.offsets[to];
            let offsets: Vec<usize> = probes.offsets[from..=to].iter().map(|at| at - span.start).collect();
            let within = Probes { offsets: &offsets, lists: &probes.lists[span] };
            let full = self.parts * self.width;
            let found = self.nearest(&queries[from * full..to * full], within, k, &mask)?;
            self.collect(found, k, &mut all)?;
            from = to;
        }
        Ok(all)
    }

    /// The end of the batch that begins with query `from`: as many as the memory takes, at least one.
    fn batch(&self, probes: Probes<'_>, k: usize, from: usize) -> usize {
        let bytes = |query: usize| {
            let lists = &probes.lists[probes.offsets[query]..probes.offsets[query + 1]];
            lists.iter().map(|&list| self.pair_bytes(list as usize, k)).sum::<u64>()
        };
        let (mut to, mut sum) = (from + 1, bytes(from));
        while to + 1 < probes.offsets.len() {
            sum += bytes(to);
            if sum > BATCH_BYTES {
                break;
            }
            to += 1;
        }
        to
    }

    /// Bytes of the table of a query and a list, and of what is found there, twice over.
    fn pair_bytes(&self, list: usize, k: usize) -> u64 {
        let found = k.min(self.spans[list].1);
        (self.padded * ENTRIES * 4 + 16 * found + 32) as u64
    }

    fn check(&self, queries: &[f32], probes: Probes<'_>) -> Result<usize, Error> {
        let Probes { offsets, lists } = probes;
        let refuse = |what, received: usize, expected| Err(Error::Input { what, received: received as u64, expected });
        let full = self.parts * self.width;
        let asked = queries.len() / full;
        if queries.len() != asked * full {
            return refuse("the number of values of the queries", queries.len(), "a multiple of parts times width");
        }
        if offsets.len() != asked + 1 {
            return refuse("the number of offsets", offsets.len(), "one more than queries");
        }
        if offsets[0] != 0 || offsets[asked] != lists.len() || !offsets.is_sorted() {
            return refuse("the offsets' end", offsets[asked], "ascending from 0 to the number of probes");
        }
        if let Some(&list) = lists.iter().find(|&&list| list as usize >= self.spans.len()) {
            return refuse("a list", list as usize, "below the number of lists");
        }
        Ok(asked)
    }

    /// Makes the tables and scans: what is best in each stretch of each list.
    fn nearest(&self, queries: &[f32], probes: Probes<'_>, k: usize, mask: &Memory<u32>) -> Result<Found, Error> {
        let (mut pairs, mut items) = (Vec::new(), Vec::new());
        let (mut offsets, mut end) = (vec![0], 0);
        for (query, span) in probes.offsets.windows(2).enumerate() {
            for &list in &probes.lists[span[0]..span[1]] {
                let (block, len) = self.spans[list as usize];
                let pair = count("the number of probes", pairs.len() / 2)?;
                pairs.extend([query as u32, list]);
                for start in (0..len).step_by(CHUNK) {
                    let many = CHUNK.min(len - start);
                    let first = count("the number of blocks", block + start / BLOCK)?;
                    items.extend([pair, first, many as u32, count("the number of candidates", end)?]);
                    end += many.min(k);
                }
            }
            offsets.push(end);
        }
        let tables = self.tables(queries, &pairs)?;
        let found = Found { distances: Memory::new(&self.device, end)?, ids: Memory::new(&self.device, end)?, offsets };
        let blocks = count("the number of stretches", items.len() / 4)?;
        let items = self.device.upload(&items)?;
        let arguments = [
            (&tables).into(),
            (&self.codes).into(),
            (&self.ids).into(),
            (&items).into(),
            mask.into(),
            count("the number of words", mask.len())?.into(),
            (self.parts as u32).into(),
            (self.padded as u32).into(),
            (k.min(CHUNK) as u32).into(),
            (&found.distances).into(),
            (&found.ids).into(),
        ];
        // SAFETY: the parameters of the kernel in their order; pairs have tables, stretches lie within lists, and each has room for what it finds.
        unsafe { self.device.launch(Kernel::PqScan, [blocks, 1, 1], &arguments)? };
        // Tables and items are given back when the kernel is through.
        Ok(found)
    }

    /// The tables of pairs of query and list, `padded * 16` values each.
    fn tables(&self, queries: &[f32], pairs: &[u32]) -> Result<Memory<f32>, Error> {
        let blocks = count("the number of probes", pairs.len() / 2)?;
        let needed = pairs.len() / 2 * self.padded * ENTRIES;
        self.device.check_room((needed + queries.len() + pairs.len()) as u64 * 4)?;
        let (queries, pairs) = (self.device.upload(queries)?, self.device.upload(pairs)?);
        let tables = Memory::new(&self.device, needed)?;
        let arguments = [
            (&queries).into(),
            (&self.centres).into(),
            (&self.books).into(),
            (&pairs).into(),
            (self.parts as u32).into(),
            (self.padded as u32).into(),
            (self.width as u32).into(),
            (&tables).into(),
        ];
        // SAFETY: the parameters of the kernel in their order; `check` saw to it that queries and lists are there.
        unsafe { self.device.launch(Kernel::PqTables, [blocks, 1, 1], &arguments)? };
        Ok(tables)
    }

    /// Chooses on the device until each query has few candidates left, and puts those in order here.
    fn collect(&self, mut found: Found, k: usize, all: &mut Vec<Vec<Near>>) -> Result<(), Error> {
        while k <= MAX_CHOSEN && found.offsets.windows(2).any(|span| span[1] - span[0] > k) {
            found = self.chosen(&found, k)?;
        }
        let (mut distances, mut ids) = (vec![0.0; found.distances.len()], vec![0; found.ids.len()]);
        found.distances.read(&mut distances)?;
        found.ids.read(&mut ids)?;
        for span in found.offsets.windows(2) {
            let pairs = ids[span[0]..span[1]].iter().copied().zip(distances[span[0]..span[1]].iter().copied());
            // What may not be found has a distance that is no number.
            let mut near: Vec<Near> = pairs.filter(|(_, distance)| !distance.is_nan()).collect();
            near.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            near.truncate(k);
            all.push(near);
        }
        Ok(())
    }

    /// The best of each stretch of candidates.
    fn chosen(&self, from: &Found, k: usize) -> Result<Found, Error> {
        let mut items = Vec::new();
        let (mut offsets, mut end) = (vec![0], 0);
        for span in from.offsets.windows(2) {
            for start in (span[0]..span[1]).step_by(CHUNK) {
                let many = CHUNK.min(span[1] - start);
                items.extend([start as u32, many as u32, end as u32]);
                end += many.min(k);
            }
            offsets.push(end);
        }
        let blocks = count("the number of stretches", items.len() / 3)?;
        let items = self.device.upload(&items)?;
        let found = Found { distances: Memory::new(&self.device, end)?, ids: Memory::new(&self.device, end)?, offsets };
        let arguments = [
            (&from.distances).into(),
            (&from.ids).into(),
            (&items).into(),
            (k as u32).into(),
            (&found.distances).into(),
            (&found.ids).into(),
        ];
        // SAFETY: the parameters of the kernel in their order; stretches lie within what was found, and each has room for what it keeps.
        unsafe { self.device.launch(Kernel::PqSelect, [blocks, 1, 1], &arguments)? };
        Ok(found)
    }

    /// The tables alone, as they are made for a scan: `padded * 16` values for each query and list. For benches and tests.
    ///
    /// # Errors
    /// Those of [`DeviceLists::scan`].
    pub fn tables_of(&self, queries: &[f32], probes: Probes<'_>) -> Result<Memory<f32>, Error> {
        self.check(queries, probes)?;
        let _turn = self.device.turn();
        let mut pairs = Vec::with_capacity(2 * probes.lists.len());
        for (query, span) in probes.offsets.windows(2).enumerate() {
            probes.lists[span[0]..span[1]].iter().for_each(|&list| pairs.extend([query as u32, list]));
        }
        self.tables(queries, &pairs)
    }
}
