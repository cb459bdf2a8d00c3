//! How widely a graph must be searched for the wanted recall.

use super::breadth;
use crate::error::Error;
use canopy_ann::flat::FlatIndex;
use canopy_ann::graph::{GraphIndex, STRANGER};
use canopy_core::{Cancel, SlotSet};

/// Queries asked.
const QUERIES: usize = 48;
const K: usize = 10;
/// Breadths tried, as parts of the graph's own choice.
const BREADTHS: [f32; 9] = [1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 12.0, 16.0];

/// One look at the exact index.
type Look<'a> = &'a mut dyn FnMut(&FlatIndex) -> Result<(), Error>;

/// The least breadth that finds `wanted` of the ten best of moved vectors, and the recall it reached; the widest where none does.
///
/// `exact` lends the exact index for one step at a time; `None` when it is gone.
pub(crate) fn tune(
    graph: &GraphIndex,
    slots: &[u32],
    wanted: f64,
    cancel: &Cancel,
    exact: &dyn Fn(Look<'_>) -> Result<(), Error>,
) -> Result<(f32, f64), Error> {
    let mut asked: Vec<(Vec<f32>, Vec<u32>)> = Vec::with_capacity(QUERIES);
    // Vectors that came while the graph was built aren't in it: until it has taken them in, searches scan them beside it.
    let built: SlotSet = slots.iter().copied().collect();
    let step = (slots.len() / QUERIES).max(1);
    for &slot in slots.iter().step_by(step).take(QUERIES) {
        exact(&mut |flat| {
            let Some(row) = flat.vector(slot) else { return Ok(()) };
            let mut query = row.to_vec();
            let near = flat.search(row, 8, Some(&built), cancel)?;
            for (hit, part) in near.iter().rev().take(2).zip(STRANGER) {
                let other = flat.vector(hit.slot).unwrap_or_default();
                query.iter_mut().zip(other).for_each(|(value, other)| *value += part * other);
            }
            if FlatIndex::check(flat.dim(), flat.metric(), &query, 0).is_ok() {
                let truth = flat.search(&query, K, Some(&built), cancel)?.iter().map(|hit| hit.slot).collect();
                asked.push((query, truth));
            }
            Ok(())
        })?;
    }
    let total = asked.iter().map(|(_, truth)| truth.len()).sum::<usize>();
    let (mut best, mut reached) = (BREADTHS[0], if total == 0 { 1.0 } else { 0.0 });
    for wide in BREADTHS {
        if reached >= wanted {
            break;
        }
        let mut right = 0;
        for (query, truth) in &asked {
            let slots: SlotSet = graph.candidates(query, K, breadth(wide, K), None, cancel)?.into_iter().collect();
            right += truth.iter().filter(|&&slot| slots.contains(slot)).count();
        }
        (best, reached) = (wide, right as f64 / total as f64);
    }
    Ok((best, reached))
}
