//! The yardstick: a dense eigendecomposition.

use super::operator::{degrees, diagonal, entry};
use super::{GraphWave, Laplacian};
use crate::error::Error;
use crate::graph::Graph;
use canopy_core::Cancel;
use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

/// The Laplacian as a dense matrix.
pub(super) fn dense(graph: &Graph, laplacian: Laplacian) -> DMatrix<f64> {
    let degrees = degrees(graph);
    let n = degrees.len();
    let mut matrix = DMatrix::zeros(n, n);
    for node in 0..graph.nodes() {
        let from = node as usize;
        matrix[(from, from)] = diagonal(laplacian, degrees[from]);
        for (&to, &weight) in graph.neighbours(node).iter().zip(graph.weights(node)) {
            matrix[(from, to as usize)] = entry(laplacian, weight, degrees[from], degrees[to as usize]);
        }
    }
    matrix
}

/// Fills the rows from `U exp(-s Λ) Uᵀ`, every sine and cosine computed by itself.
pub(super) fn embed(graph: &Graph, laplacian: Laplacian, found: &mut GraphWave, cancel: &Cancel) -> Result<(), Error> {
    cancel.check()?;
    let eigen = SymmetricEigen::new(dense(graph, laplacian));
    let n = graph.nodes() as f64;
    for (scale, &s) in found.scales.iter().enumerate() {
        cancel.check()?;
        let mut scaled = eigen.eigenvectors.clone();
        for (mut column, value) in scaled.column_iter_mut().zip(eigen.eigenvalues.iter()) {
            column *= (-s * value).exp();
        }
        let heat = scaled * eigen.eigenvectors.transpose();
        let points = &found.points;
        found.rows.par_chunks_exact_mut(found.dim).enumerate().for_each(|(node, row)| {
            let out = &mut row[scale * points.len() * 2..][..points.len() * 2];
            for (value, t) in out.chunks_exact_mut(2).zip(points) {
                value[0] = heat.column(node).iter().map(|x| (t * x).cos()).sum::<f64>() / n;
                value[1] = heat.column(node).iter().map(|x| (t * x).sin()).sum::<f64>() / n;
            }
        });
    }
    Ok(())
}
