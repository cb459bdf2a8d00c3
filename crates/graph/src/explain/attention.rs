//! Attention over edges, and whether it names those that matter.

use super::diffusion::RETURN;
use super::subgraph::Subgraph;

/// How a node's attention is spread.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Attention {
    /// The node.
    pub node: u32,
    /// Its neighbours that are shown, strongest first.
    pub targets: Vec<u32>,
    /// Their shares; they sum to 1.
    pub shares: Vec<f64>,
}

/// How much the answer (the diffusion over what is shown) changes without some edges: half the sum of differences, 0 to 1.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fidelity {
    /// The edges that attention names: those that carry most of the walk, weighted by attention; a tenth of what is shown, 1 to 10.
    pub edges: Vec<(u32, u32)>,
    /// Change without them.
    pub change: f64,
    /// Change without as many edges that carry least: what naming edges is worth is the difference.
    pub baseline: f64,
}

/// Attention of every node, and its fidelity.
pub(super) fn attend(shown: &Subgraph, hops: u32) -> (Vec<Attention>, Fidelity) {
    let mut carried = vec![0.0; shown.edges.len()];
    let attention = shown
        .ways
        .iter()
        .zip(&shown.nodes)
        .map(|(ways, from)| {
            let score = |&(to, edge): &(usize, usize)| {
                shown.edges[edge].weight * shown.edges[edge].similarity * shown.nodes[to].diffusion
            };
            let mut scores: Vec<f64> = ways.iter().map(score).collect();
            let mut sum: f64 = scores.iter().sum();
            if sum <= 0.0 {
                // Opposite vectors all around: weights alone decide.
                scores = ways.iter().map(|&(_, edge)| shown.edges[edge].weight).collect();
                sum = scores.iter().sum();
            }
            let mut order: Vec<usize> = (0..ways.len()).collect();
            order.sort_by(|&x, &y| scores[y].total_cmp(&scores[x]).then(ways[x].0.cmp(&ways[y].0)));
            ways.iter().zip(&scores).for_each(|(&(_, edge), score)| carried[edge] += from.diffusion * score / sum);
            Attention {
                node: from.node,
                targets: order.iter().map(|&at| shown.nodes[ways[at].0].node).collect(),
                shares: order.iter().map(|&at| scores[at] / sum).collect(),
            }
        })
        .collect();
    (attention, fidelity(shown, &carried, hops))
}

fn fidelity(shown: &Subgraph, carried: &[f64], hops: u32) -> Fidelity {
    let count = (carried.len() / 10).clamp(1, 10).min(carried.len());
    let mut order: Vec<usize> = (0..carried.len()).collect();
    order.sort_by(|&x, &y| carried[y].total_cmp(&carried[x]).then(x.cmp(&y)));
    let whole = walk(shown, hops, &[]);
    let change = |gone: &[usize]| {
        let part = walk(shown, hops, gone);
        0.5 * whole.iter().zip(&part).map(|(a, b)| (a - b).abs()).sum::<f64>()
    };
    let (strong, weak) = (&order[..count], &order[order.len() - count..]);
    Fidelity {
        edges: strong.iter().map(|&edge| (shown.edges[edge].source, shown.edges[edge].target)).collect(),
        change: change(strong),
        baseline: change(weak),
    }
}

/// The walk with return from the first node over what is shown, without some edges. Where no way leads on, it stays.
fn walk(shown: &Subgraph, hops: u32, gone: &[usize]) -> Vec<f64> {
    let n = shown.nodes.len();
    let (mut now, mut sum) = (vec![0.0; n], vec![0.0; n]);
    now[0] = 1.0;
    sum[0] = RETURN;
    let mut share = RETURN;
    for hop in 0..hops {
        share *= 1.0 - RETURN;
        // What would come later is given to the last step, so that the shares sum to 1.
        let share = if hop + 1 == hops { share / RETURN } else { share };
        let mut next = vec![0.0; n];
        for (from, &here) in now.iter().enumerate().filter(|(_, here)| **here > 0.0) {
            let ways = || shown.ways[from].iter().filter(|(_, edge)| !gone.contains(edge));
            let total: f64 = ways().map(|&(_, edge)| shown.edges[edge].weight).sum();
            if total > 0.0 {
                ways().for_each(|&(to, edge)| next[to] += here * shown.edges[edge].weight / total);
            } else {
                next[from] += here;
            }
        }
        sum.iter_mut().zip(&next).for_each(|(sum, next)| *sum += share * next);
        now = next;
    }
    sum
}
