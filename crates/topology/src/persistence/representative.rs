//! Cycles around loops.

use super::{Triangle, Workspace, parts};
use crate::diagram::MISSING;
use crate::error::Error;
use canopy_core::Cancel;
use std::collections::{BinaryHeap, HashMap, VecDeque};

/// For each edge that creates a loop, the ranks of the edges of its representative.
///
/// Boundaries of the destroying triangles are reduced in their order. The columns that such a reduction runs into are those of
/// apparent triangles, which need no reduction, and of earlier destroying triangles, those of bars of no length included.
pub(super) fn cycles(workspace: &Workspace, cancel: &Cancel) -> Result<HashMap<u32, Vec<u32>>, Error> {
    let mut deaths: Vec<(Triangle, u32)> =
        workspace.pairs.iter().filter_map(|&(edge, death)| death.map(|death| (death, edge))).collect();
    deaths.sort_unstable();
    let mut cycles: HashMap<u32, Vec<u32>> = HashMap::new();
    for (death, edge) in deaths {
        cancel.check()?;
        let cycle = reduce(workspace, death, &cycles);
        debug_assert_eq!(cycle.first(), Some(&edge), "homology and cohomology pair alike");
        cycles.insert(edge, cycle);
    }
    for &(edge, death) in &workspace.pairs {
        cancel.check()?;
        if death.is_none() {
            cycles.insert(edge, closed(workspace, edge));
        }
    }
    Ok(cycles)
}

/// The reduced boundary of a triangle, last edge first.
fn reduce(workspace: &Workspace, death: Triangle, cycles: &HashMap<u32, Vec<u32>>) -> Vec<u32> {
    let boundary = |last: u32, corner: u32| {
        let (a, b) = workspace.ends[last as usize];
        [workspace.rank(a, corner), workspace.rank(b, corner)]
    };
    let (last, corner) = parts(death);
    let mut working = BinaryHeap::from([last]);
    working.extend(boundary(last, corner));
    let mut cycle = Vec::new();
    while let Some(last) = working.pop() {
        let corner = workspace.apparent[last as usize];
        if working.peek() == Some(&last) {
            working.pop();
        } else if !cycle.is_empty() {
            cycle.push(last);
        } else if corner != MISSING {
            // The apparent triangle of this edge has it as its last edge too: adding its boundary strikes it out.
            working.extend(boundary(last, corner));
        } else if let Some(earlier) = cycles.get(&last) {
            working.extend(earlier.iter().filter(|&&edge| edge != last));
        } else {
            cycle.push(last);
        }
    }
    cycle
}

/// An edge closed by the shortest path of earlier edges.
fn closed(workspace: &Workspace, edge: u32) -> Vec<u32> {
    let (a, b) = workspace.ends[edge as usize];
    let mut came: HashMap<u32, (u32, u32)> = HashMap::from([(a, (a, edge))]);
    let mut queue = VecDeque::from([a]);
    while let Some(node) = queue.pop_front() {
        for &(next, rank) in workspace.adjacency.of(node) {
            if rank < edge && !came.contains_key(&next) {
                came.insert(next, (node, rank));
                queue.push_back(next);
            }
        }
        if came.contains_key(&b) {
            break;
        }
    }
    let mut cycle = vec![edge];
    let mut at = b;
    while at != a {
        let (from, rank) = came[&at];
        cycle.push(rank);
        at = from;
    }
    cycle
}
