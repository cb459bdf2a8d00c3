//! How well an embedding reconstructs its hierarchy.

use super::{Embedding, Relations};
use crate::error::Error;
use canopy_core::Cancel;
use rayon::prelude::*;

/// Reconstruction quality, as defined by Nickel and Kiela.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quality {
    /// Mean rank of a related node among all unrelated ones, by distance; 1 is perfect.
    pub mean_rank: f64,
    /// Mean average precision over the nodes that have relations; 1 is perfect.
    pub map: f64,
}

/// Ranks, for each node, its related nodes among all others by distance. Time grows with the square of the number of nodes;
/// all cores take part.
///
/// # Errors
/// [`Error::Relation`], [`Error::Empty`] without pairs, [`Error::Length`], [`Error::Cancelled`].
pub fn evaluate(embedding: &Embedding, pairs: &[(u32, u32)], cancel: &Cancel) -> Result<Quality, Error> {
    let dim = embedding.dim;
    let nodes = crate::tile::count("points", embedding.points.len(), dim)?;
    let relations = Relations::new(u32::try_from(nodes).unwrap_or(u32::MAX), pairs)?;
    let each: Vec<(f64, usize, f64)> = (0..nodes as u32)
        .into_par_iter()
        .filter(|&node| !relations.of(node).is_empty())
        .map(|node| {
            let mut distances = vec![0.0; nodes];
            let base = &embedding.points[node as usize * dim..][..dim];
            embedding.ball.distances(base, &embedding.points, dim, &mut distances, cancel)?;
            let related = relations.of(node);
            let mut order: Vec<u32> = (0..nodes as u32).filter(|&other| other != node).collect();
            order.sort_unstable_by(|&a, &b| distances[a as usize].total_cmp(&distances[b as usize]).then(a.cmp(&b)));
            let (mut ranks, mut precision, mut found) = (0.0, 0.0, 0_usize);
            for (place, other) in order.iter().enumerate() {
                if related.binary_search(other).is_ok() {
                    found += 1;
                    // Related nodes before it don't count against a rank.
                    ranks += (place + 2 - found) as f64;
                    precision += found as f64 / (place + 1) as f64;
                }
            }
            Ok((ranks, found, precision / found as f64))
        })
        .collect::<Result<_, Error>>()?;
    if each.is_empty() {
        return Err(Error::Empty);
    }
    let related: usize = each.iter().map(|node| node.1).sum();
    Ok(Quality {
        mean_rank: each.iter().map(|node| node.0).sum::<f64>() / related as f64,
        map: each.iter().map(|node| node.2).sum::<f64>() / each.len() as f64,
    })
}
