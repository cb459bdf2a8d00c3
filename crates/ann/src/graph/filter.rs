//! Searches in a part of the vectors: a scan ([`super::scan`]) where few are allowed, a walk among them ([`super::among`]) where many are.

use super::GraphIndex;
use super::among::ENOUGH;
use super::bits::Bits;
use super::entry;
use super::walk::Scratch;
use canopy_core::{Cancel, Cancelled, SlotSet};

/// Visiting a node costs as much as scoring so many code rows of a scan, and so many more for each other node that is stepped over; measured on sets of 60,000 to 1,000,000 vectors.
const VISIT: usize = 60;
const STEP: usize = 4;
/// Visits until a walk is where the query is.
const APPROACH: usize = 12;
/// A walk needs so many allowed nodes among the neighbours of a node's neighbours, or it loses its way.
const SIGHT: usize = 8;
/// Words of a filter that are counted, evenly spread; a wrong count costs time, never an answer.
const COUNTED: usize = 1024;
/// Blocks of a scan, or visits of a walk, between two looks at the cancel flag.
pub(super) const POLL: usize = 64;
/// A walk that has met so many more nodes than a scan would score gives up.
const PATIENCE: usize = 4000;

/// What may be found.
#[derive(Clone, Copy)]
pub(super) struct Allowed<'a> {
    /// `None` when nobody is dead.
    dead: Option<&'a Bits>,
    /// The slot of each position; `None` where that is the same number.
    slots: Option<&'a [u32]>,
    allow: Option<&'a SlotSet>,
}

impl Allowed<'_> {
    #[inline]
    pub(super) fn has(&self, position: u32) -> bool {
        let named = |allow: &SlotSet| match self.slots {
            None => allow.contains(position),
            Some(slots) => slots.get(position as usize).is_some_and(|&slot| allow.contains(slot)),
        };
        self.allow.is_none_or(named) && self.dead.is_none_or(|dead| !dead.contains(position))
    }

    /// Leaves in `out` those of the nodes that are allowed.
    #[inline]
    pub(super) fn pick(&self, nodes: &[u32], out: &mut Vec<u32>) {
        out.resize(nodes.len(), 0);
        let mut count = 0;
        for &id in nodes {
            // Written in any case: which are allowed can't be predicted.
            out[count] = id;
            count += usize::from(self.has(id));
        }
        out.truncate(count);
    }

    /// Leaves in `yes` those of the nodes that are allowed, in `no` the others.
    #[inline]
    pub(super) fn split(&self, nodes: &[u32], yes: &mut Vec<u32>, no: &mut Vec<u32>) {
        yes.resize(nodes.len(), 0);
        no.resize(nodes.len(), 0);
        let mut count = 0;
        for (i, &id) in nodes.iter().enumerate() {
            yes[count] = id;
            no[i - count] = id;
            count += usize::from(self.has(id));
        }
        yes.truncate(count);
        no.truncate(nodes.len() - count);
    }
}

/// About how many slots the set holds: counting all of a million bits would take as long as scoring a thousand rows.
fn about(allow: &SlotSet) -> usize {
    let step = (allow.words().len() / COUNTED).max(1);
    allow.words().iter().step_by(step).map(|word| word.count_ones() as usize * step).sum()
}

impl GraphIndex {
    pub(super) fn allowed<'a>(&'a self, allow: Option<&'a SlotSet>) -> Allowed<'a> {
        Allowed {
            dead: (self.dead.len() > 0).then_some(&self.dead),
            slots: (!self.plain).then(|| self.slots.get()),
            allow,
        }
    }

    /// Fills the pool of `scratch`, whose query is ready, with the nearest allowed vectors.
    pub(super) fn walk_allowed(
        &self,
        allow: Option<&SlotSet>,
        wide: usize,
        most: usize,
        scratch: &mut Scratch,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let nodes = self.slots.len();
        let count = allow.map_or(self.len(), |allow| about(allow).min(self.len()));
        if self.scans(count, wide) {
            return self.scan(allow, most, scratch, cancel);
        }
        entry::descend(&self.entries, nodes, self.space.stride, self.start, scratch);
        let budget = if allow.is_some() { count + PATIENCE } else { usize::MAX };
        let finished = scratch.walk_among(self.view(), self.allowed(allow), wide, most, budget, cancel)?;
        // The allowed vectors lie elsewhere than the query: looking at each of them is bounded, walking on isn't.
        if finished { Ok(()) } else { self.scan(allow, most, scratch, cancel) }
    }

    /// Whether scoring the codes of `count` vectors is less work, or surer, than a walk among them.
    fn scans(&self, count: usize, wide: usize) -> bool {
        let (nodes, degree) = (self.slots.len(), self.links.degree);
        // Others that a visit steps over until it has found enough.
        let steps = (ENOUGH * nodes / (count * degree).max(1)).min(degree);
        count <= (wide + APPROACH).saturating_mul(VISIT + STEP * steps) || count * degree * degree < SIGHT * nodes
    }

    /// Whether all vectors are so few that scoring each is less work than a walk.
    pub(super) fn is_small(&self, wide: usize) -> bool {
        self.slots.len() <= VISIT * wide
    }
}
