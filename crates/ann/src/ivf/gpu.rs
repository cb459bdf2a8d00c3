//! Lists and exact vectors on a GPU: batches of queries are searched there, where there is one.
//!
//! Which lists a query looks into is found here; tables, sums over the codes, the choice of candidates and their exact scores come from the device. Sums there are of
//! 32 bits, so that the candidates are those of [`IvfPq::order`] rather than of the scan in 8 bits: what is found is the same or better.

use super::{Exact, IvfPq, IvfSearch};
use crate::Error;
use crate::slots::SlotMap;
use canopy_core::{Cancel, Hit, Rows, SlotSet, TopK};
use canopy_cuda::{
    Candidates, Device, DeviceLists, DeviceRows, List, Probes, Quantiser, Values, device, fell_back, is_worth,
};
use rayon::prelude::*;
use std::sync::Arc;

/// Queries that are sooner answered together on a GPU than one after the other here: a call takes a tenth of a millisecond there, however little it asks.
const LEAST: u64 = 16;
/// Values of vectors that a GPU should hold at least, for batches that are worth it to come.
const LEAST_VALUES: u64 = 1 << 20;
const WHAT: &str = "the search by lists";

/// A copy of lists and of the vectors they were built of, on a GPU. It holds as long as those don't change.
#[derive(Debug)]
pub(super) struct OnGpu {
    lists: DeviceLists,
    rows: DeviceRows,
    /// The row of each slot.
    positions: SlotMap,
}

/// What a device can't do, or what can't be asked.
enum Failure {
    Device(canopy_cuda::Error),
    Call(Error),
}

impl From<canopy_cuda::Error> for Failure {
    fn from(error: canopy_cuda::Error) -> Self {
        Self::Device(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl IvfPq {
    /// Copies the lists and the vectors they were built of, vector `i` under `slots[i]`, to the GPU for [`IvfPq::search_batch`]. Whether it did: not where there is none, no
    /// room, or too little to be worth it.
    pub fn use_gpu(&mut self, slots: &[u32], rows: Rows<'_, f32>) -> bool {
        if self.is_empty() || !is_worth(rows.data().len() as u64, LEAST_VALUES) {
            return false;
        }
        let copied = device().and_then(|device| self.copied(&device, slots, rows));
        self.gpu = copied.inspect_err(|error| fell_back(WHAT, error)).ok();
        self.gpu.is_some()
    }

    fn copied(&self, device: &Arc<Device>, slots: &[u32], rows: Rows<'_, f32>) -> Result<OnGpu, canopy_cuda::Error> {
        let (parts, width) = (self.quantiser.parts, self.quantiser.width);
        let books = self.quantiser.whole_books();
        let turned = |list: usize| {
            let mut row = Vec::new();
            self.quantiser.turn(self.centres.centre(list), &mut row);
            row
        };
        let centres: Vec<f32> = (0..self.centres.len()).into_par_iter().flat_map_iter(turned).collect();
        let quantiser = Quantiser { parts, padded: self.quantiser.padded(), width, books: &books, centres: &centres };
        let lists: Vec<List<'_>> = (0..self.lists.len()).map(|list| self.device_list(list)).collect();
        let mut positions = SlotMap::default();
        slots.iter().zip(0_u32..).for_each(|(&slot, position)| positions.set(slot, position));
        Ok(OnGpu {
            lists: DeviceLists::upload(device, &quantiser, &lists)?,
            rows: DeviceRows::upload(device, Values::F32(rows.data()), rows.dim())?,
            positions,
        })
    }

    /// [`IvfPq::search`] for many queries: on the GPU that holds a copy, where the batch is worth it; otherwise shared out between threads.
    ///
    /// # Errors
    /// Those of [`IvfPq::search`].
    pub fn search_batch(
        &self,
        queries: Rows<'_, f32>,
        k: usize,
        options: IvfSearch,
        allow: Option<&SlotSet>,
        exact: &(dyn Exact + Sync),
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Error> {
        if let Some(gpu) = self.gpu.as_ref().filter(|_| is_worth(queries.len() as u64, LEAST)) {
            match gpu.search(self, queries, k, options, allow, cancel) {
                Ok(found) => return Ok(found),
                Err(Failure::Call(error)) => return Err(error),
                Err(Failure::Device(error)) => fell_back(WHAT, &error),
            }
        }
        let one = |query| self.search(query, k, options, allow, exact, cancel);
        queries.data().par_chunks(queries.dim()).map(one).collect()
    }
}

impl OnGpu {
    fn search(
        &self,
        index: &IvfPq,
        queries: Rows<'_, f32>,
        k: usize,
        options: IvfSearch,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<Hit>>, Failure> {
        let prepare = |query: &[f32]| -> Result<(Vec<f32>, Vec<u32>), Error> {
            let query = index.query(query)?;
            let mut turned = Vec::new();
            index.quantiser.turn(&query, &mut turned);
            Ok((turned, index.probed(&query, options.probes)))
        };
        let prepared: Vec<_> = queries.data().par_chunks(queries.dim()).map(prepare).collect::<Result<_, _>>()?;
        let mut offsets = vec![0];
        prepared.iter().for_each(|(_, lists)| offsets.push(offsets[offsets.len() - 1] + lists.len()));
        let (turned, lists): (Vec<_>, Vec<_>) = prepared.into_iter().unzip();
        let (turned, lists) = (turned.concat(), lists.concat());
        let words: Option<Vec<u32>> =
            allow.map(|allow| allow.words().iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect());
        let probes = Probes { offsets: &offsets, lists: &lists };
        cancel.check().map_err(Error::from)?;
        let near = self.lists.scan(&turned, probes, options.rerank.max(k), words.as_deref())?;
        cancel.check().map_err(Error::from)?;

        let mut offsets = vec![0];
        near.iter().for_each(|near| offsets.push(offsets[offsets.len() - 1] + near.len()));
        let slots: Vec<u32> = near.iter().flatten().map(|&(slot, _)| slot).collect();
        let row = |slot: &u32| self.positions.get(*slot).expect("lists hold the slots they were built of");
        let positions: Vec<u32> = slots.iter().map(row).collect();
        let scores =
            self.rows.rerank(index.metric, queries, Candidates { offsets: &offsets, positions: &positions })?;
        let best = |span: &[usize]| {
            let mut top = TopK::new(k);
            let pairs = slots[span[0]..span[1]].iter().zip(&scores[span[0]..span[1]]);
            pairs.filter(|(_, score)| !score.is_nan()).for_each(|(&slot, &score)| top.push(Hit { slot, score }));
            top.into_sorted()
        };
        Ok(offsets.windows(2).map(best).collect())
    }
}
