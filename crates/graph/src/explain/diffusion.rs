//! A walk with return, spread over few steps.

use crate::error::Error;
use crate::overlay::Adjacency;
use canopy_core::Cancel;

/// The chance to return to the start after each step, as in personalised PageRank.
pub(super) const RETURN: f64 = 0.15;
/// Nodes that walk on at each step, those with most mass: bounds the work on graphs where everything is near everything.
const FRONTIER: usize = 2048;
/// Edges followed at each step at most.
const EDGES: usize = 200_000;

/// Mass by node.
pub(super) struct Reached {
    /// Of every node of the graph; 0 where the walk doesn't come.
    pub(super) mass: Vec<f64>,
}

/// Spreads a walk from `start` over `hops` steps. Where the bounds cut, the lightest mass is cut.
pub(super) fn spread(graph: &impl Adjacency, start: u32, hops: u32, cancel: &Cancel) -> Result<Reached, Error> {
    let n = graph.nodes() as usize;
    let (mut mass, mut next) = (vec![0.0; n], vec![0.0; n]);
    let mut frontier = vec![(start, 1.0)];
    mass[start as usize] = RETURN;
    let mut share = RETURN;
    for _ in 0..hops {
        cancel.check()?;
        share *= 1.0 - RETURN;
        let (mut touched, mut followed) = (Vec::new(), 0);
        for &(node, here) in &frontier {
            let (around, weights) = (graph.neighbours(node), graph.weights(node));
            followed += around.len();
            // The first and heaviest node is followed whatever its degree.
            if followed > EDGES && followed > around.len() {
                break;
            }
            let total: f64 = weights.iter().sum();
            for (&to, weight) in around.iter().zip(weights) {
                if next[to as usize] == 0.0 {
                    touched.push(to);
                }
                next[to as usize] += here * weight / total;
            }
        }
        frontier.clear();
        for node in touched {
            let here = std::mem::take(&mut next[node as usize]);
            mass[node as usize] += share * here;
            frontier.push((node, here));
        }
        let heaviest = |x: &(u32, f64), y: &(u32, f64)| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0));
        if frontier.len() > FRONTIER {
            frontier.select_nth_unstable_by(FRONTIER, heaviest);
            frontier.truncate(FRONTIER);
        }
        frontier.sort_unstable_by(heaviest);
    }
    Ok(Reached { mass })
}
