//! The lists as sections of a file: they stand in the file of the graph over the same vectors.
//!
//! Small sections are compared with their checksums when the file is opened, the codes when it is checked. Numbers that contradict each other behind right checksums are refused, and codes can be anything: every
//! value of 4 bits is one of an entry.

use super::kmeans::Centres;
use super::quantiser::Quantiser;
use super::{IvfPq, lay_out};
use crate::Error;
use crate::flat::MAX_DIM;
use crate::graph::MAX_VECTORS;
use crate::slots::SlotMap;
use bytemuck::cast_slice;
use canopy_core::MetricKind;
use canopy_file::{Mapped, Numbers};
use canopy_simd::{NIBBLE_BLOCK, NIBBLE_PART};

/// Names of sections, at most 8 bytes.
const META: &str = "ivf";
const MEAN: &str = "ivfmean";
const CENTRES: &str = "ivfcent";
const ROTATION: &str = "ivfturn";
const BOOKS: &str = "ivfbooks";
const LENS: &str = "ivflens";
pub(crate) const SLOTS: &str = "ivfslots";
/// The big one, which is read only by a check of the whole file.
pub(crate) const CODES: &str = "ivfcodes";

/// Vectors of a space have about norm 1; numbers this large are of another file.
const MOST: f32 = 1e6;

/// What stands in the section `ivf`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Meta {
    metric: String,
    dim: usize,
    unit: f32,
    parts: usize,
    width: usize,
    /// Entries a part.
    entries: usize,
}

/// What is to be written.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    index: &'a IvfPq,
    meta: Vec<u8>,
    books: Vec<f32>,
    lens: Vec<u32>,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(index: &'a IvfPq) -> Self {
        let (entries, books) = index.quantiser.entries();
        let Quantiser { parts, width, .. } = index.quantiser;
        let metric = index.metric.as_str().into();
        let meta = Meta { metric, dim: index.dim, unit: index.unit, parts, width, entries };
        let meta = serde_json::to_vec(&meta).expect("numbers and strings always serialise");
        Self { index, meta, books, lens: index.lists.iter().map(|list| list.len as u32).collect() }
    }

    /// Names and bytes; the big one comes last.
    pub(crate) fn sections(&self) -> [(&'static str, &[u8]); 8] {
        let IvfPq { mean, centres, quantiser, slots, codes, .. } = self.index;
        [
            (META, &self.meta),
            (MEAN, cast_slice(mean)),
            (CENTRES, cast_slice(&centres.values)),
            (ROTATION, cast_slice(quantiser.rotated())),
            (BOOKS, cast_slice(&self.books)),
            (LENS, cast_slice(&self.lens)),
            (SLOTS, cast_slice(slots)),
            (CODES, codes),
        ]
    }
}

impl IvfPq {
    /// The lists of a file, or `None` where it was saved without.
    pub(crate) fn read(file: &Mapped) -> Result<Option<Self>, Error> {
        if file.section(META).is_err() {
            return Ok(None);
        }
        let wrong = |section: &str| Error::from(file.damaged(section));
        let meta: Meta = serde_json::from_slice(file.bytes(META)?).map_err(|_| wrong(META))?;
        let Meta { dim, unit, parts, width, entries, .. } = meta;
        let metric = MetricKind::from_name(&meta.metric).ok_or_else(|| wrong(META))?;
        let full = dim + usize::from(metric == MetricKind::Dot);
        let plausible = (1..=MAX_DIM).contains(&dim)
            && unit.is_finite()
            && unit > 0.0
            && (1..=256).contains(&parts)
            && width == full.div_ceil(parts)
            && entries <= 16;
        if !plausible {
            return Err(wrong(META));
        }
        // Each of these is small enough to be held beside the file.
        let numbers = |section: &str, fits: &dyn Fn(usize) -> bool| -> Result<Vec<f32>, Error> {
            let values: Vec<f32> = file.numbers(section)?;
            let sound = fits(values.len()) && values.iter().all(|value| value.abs() <= MOST);
            if sound { Ok(values) } else { Err(wrong(section)) }
        };
        let mean = numbers(MEAN, &|len| len == full)?;
        let lens: Vec<u32> = file.numbers(LENS)?;
        let centres = Centres::new(numbers(CENTRES, &|len| len == lens.len() * full)?, full);
        let rotation = numbers(ROTATION, &|len| len == 0 || len == parts * width * full)?;
        let books = numbers(BOOKS, &|len| len == parts * entries * width)?;
        let quantiser = Quantiser::of(parts, width, rotation, &books, entries);

        let len = lens.iter().map(|&len| len as usize).sum();
        if len > MAX_VECTORS {
            return Err(wrong(LENS));
        }
        let (lists, blocks) = lay_out(lens.iter().map(|&len| len as usize));
        let slots: Numbers<u32> = file.mapped(SLOTS, blocks * NIBBLE_BLOCK)?;
        let codes: Numbers<u8> = file.mapped(CODES, blocks * quantiser.padded() * NIBBLE_PART)?;
        let places = SlotMap::default();
        let mut index =
            Self { metric, dim, full, unit, mean, centres, quantiser, lists, slots, codes, places, len, gpu: None };
        index.places = index.found().ok_or_else(|| wrong(SLOTS))?;
        Ok(Some(index))
    }

    /// The place of every slot; `None` where one has two.
    fn found(&self) -> Option<SlotMap> {
        let mut places = SlotMap::default();
        for &list in &self.lists {
            for (&slot, place) in self.slots_of(list).iter().zip((list.block * NIBBLE_BLOCK) as u32..) {
                if places.get(slot).is_some() {
                    return None;
                }
                places.set(slot, place);
            }
        }
        Some(places)
    }

    /// Whether these are lists of `count` vectors that are compared so, each of which has a slot that `known` knows.
    pub(crate) fn are_of(&self, metric: MetricKind, dim: usize, count: usize, known: impl Fn(u32) -> bool) -> bool {
        let mut slots = self.lists.iter().flat_map(|&list| self.slots_of(list));
        (self.metric, self.dim, self.len) == (metric, dim, count) && slots.all(|&slot| known(slot))
    }
}
