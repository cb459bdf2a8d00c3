//! The tree as arrays in preorder: a subtree is a run, and a walk reads forwards.

use super::draft::{Draft, Member};
use super::plan::BatchReport;
use crate::metric::Metric;
use crate::points::Points;

/// A finished tree, or one that a batch is being held against.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) dim: usize,
    /// Node after node: the point, its highest level, its parent (the root is its own), where its subtree ends.
    pub(crate) ids: Vec<u32>,
    pub(crate) levels: Vec<i32>,
    pub(crate) parents: Vec<u32>,
    pub(crate) ends: Vec<u32>,
    /// No point of the subtree is farther from the node than this.
    pub(crate) radii: Vec<f64>,
    /// Lowest id in the subtree.
    pub(crate) lowest: Vec<u32>,
    /// The how-manieth point of the insertion order each node is.
    pub(crate) ranks: Vec<u32>,
    /// Points at the place of node `i`: `twins[twin_starts[i]..twin_starts[i + 1]]`, ascending.
    pub(crate) twin_starts: Vec<u32>,
    pub(crate) twins: Vec<u32>,
    /// Coordinates of the nodes.
    pub(crate) rows: Vec<f64>,
    /// How it was built, batch by batch.
    pub(crate) batches: Vec<BatchReport>,
}

impl Tree {
    /// Lays a draft out. Children come by falling level, then in the order of insertion.
    pub(crate) fn lay_out(draft: &Draft, points: &Points) -> Self {
        let count = draft.members.len();
        let order = preorder(draft);
        let mut place = vec![0_u32; count];
        order.iter().zip(0_u32..).for_each(|(&member, node)| place[member as usize] = node);
        let mut tree = Self { dim: points.dim(), ranks: order, ..Self::default() };
        tree.rows.reserve(count * points.dim());
        for &rank in &tree.ranks {
            let member = &draft.members[rank as usize];
            tree.ids.push(member.id);
            tree.levels.push(member.level);
            tree.parents.push(place[member.parent as usize]);
            tree.rows.extend_from_slice(points.row(member.id as usize));
        }
        tree.place_twins(draft, &place);
        tree.sum_up(draft);
        tree
    }

    fn place_twins(&mut self, draft: &Draft, place: &[u32]) {
        let mut twins: Vec<(u32, u32)> = draft.twins.iter().map(|&(member, id)| (place[member as usize], id)).collect();
        twins.sort_unstable();
        self.twin_starts = vec![0; self.ids.len() + 1];
        twins.iter().for_each(|&(node, _)| self.twin_starts[node as usize + 1] += 1);
        (0..self.ids.len()).for_each(|node| self.twin_starts[node + 1] += self.twin_starts[node]);
        self.twins = twins.into_iter().map(|(_, id)| id).collect();
    }

    /// Ends, radii and lowest ids, from the last node to the first: children before parents.
    fn sum_up(&mut self, draft: &Draft) {
        let count = self.ids.len();
        self.ends = (1..=count as u32).collect();
        self.radii = vec![0.0; count];
        self.lowest = (0..count)
            .map(|node| self.twins(node).first().map_or(self.ids[node], |&twin| twin.min(self.ids[node])))
            .collect();
        for node in (1..count).rev() {
            let parent = self.parents[node] as usize;
            let distance = draft.members[self.ranks[node] as usize].distance;
            self.ends[parent] = self.ends[parent].max(self.ends[node]);
            // By the triangle inequality; a little more, because distances are rounded.
            self.radii[parent] = self.radii[parent].max((distance + self.radii[node]) * (1.0 + 1e-12));
            self.lowest[parent] = self.lowest[parent].min(self.lowest[node]);
        }
    }

    /// The draft that was laid out.
    pub(crate) fn draft(&self, metric: &(impl Metric + ?Sized)) -> Draft {
        let empty = Member { id: 0, parent: 0, level: 0, distance: 0.0 };
        let mut members = vec![empty; self.len()];
        let mut twins = Vec::with_capacity(self.twins.len());
        for node in 0..self.len() {
            let (rank, parent) = (self.ranks[node], self.parents[node] as usize);
            let distance = if node == 0 { 0.0 } else { metric.distance(self.row(node), self.row(parent)) };
            let (id, level) = (self.ids[node], self.levels[node]);
            members[rank as usize] = Member { id, parent: self.ranks[parent], level, distance };
            twins.extend(self.twins(node).iter().map(|&id| (rank, id)));
        }
        Draft { members, twins }
    }

    /// Number of nodes.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    #[inline]
    pub(crate) fn row(&self, node: usize) -> &[f64] {
        &self.rows[node * self.dim..(node + 1) * self.dim]
    }

    #[inline]
    pub(crate) fn twins(&self, node: usize) -> &[u32] {
        &self.twins[self.twin_starts[node] as usize..self.twin_starts[node + 1] as usize]
    }

    /// Whether nothing of the subtree of `node`, the node itself aside, is within `limit` of a point at this distance from it.
    #[inline]
    pub(crate) fn is_beyond(&self, node: usize, distance: f64, limit: f64) -> bool {
        let radius = self.radii[node];
        // The slack covers the rounding of distances, which a metric may bring up to 1e-9.
        distance - radius > limit + 1e-9 * (distance + radius)
    }

    pub(crate) fn bytes(&self) -> usize {
        let words = self.ids.len() + self.levels.len() + self.parents.len() + self.ends.len() + self.lowest.len();
        4 * (words + self.ranks.len() + self.twin_starts.len() + self.twins.len())
            + 8 * (self.radii.len() + self.rows.len())
    }
}

/// Places of the members in preorder.
fn preorder(draft: &Draft) -> Vec<u32> {
    let members = &draft.members;
    let mut starts = vec![0_u32; members.len() + 1];
    members.iter().skip(1).for_each(|member| starts[member.parent as usize + 1] += 1);
    (0..members.len()).for_each(|at| starts[at + 1] += starts[at]);
    let mut next = starts.clone();
    let mut children = vec![0_u32; members.len().saturating_sub(1)];
    for (at, member) in members.iter().enumerate().skip(1) {
        let slot = &mut next[member.parent as usize];
        children[*slot as usize] = at as u32;
        *slot += 1;
    }
    let mut order = Vec::with_capacity(members.len());
    let mut stack: Vec<u32> = if members.is_empty() { Vec::new() } else { vec![0] };
    while let Some(at) = stack.pop() {
        order.push(at);
        let range = starts[at as usize] as usize..starts[at as usize + 1] as usize;
        let mine = &mut children[range];
        // The stack turns the order around: lowest level and latest member go in first.
        mine.sort_unstable_by_key(|&child| (members[child as usize].level, std::cmp::Reverse(child)));
        stack.extend_from_slice(mine);
    }
    order
}
