//! `hnsw_rs`, the implementation we compare with, behind our face. Shared by a test and the bench.

use canopy_ann::{Error, Searcher};
use canopy_core::{Cancel, Hit, MetricKind};
use hnsw_rs::prelude::{DistL2, Hnsw};

/// An HNSW over `f32` vectors by Euclidean distance; cosine by vectors of norm 1.
pub(crate) struct Reference {
    graph: Hnsw<'static, f32, DistL2>,
    metric: MetricKind,
    dim: usize,
}

impl Reference {
    /// Inserts the rows in parallel, row `i` under slot `i`.
    pub(crate) fn build(rows: &[f32], dim: usize, metric: MetricKind) -> Self {
        let count = rows.len() / dim;
        let graph = Hnsw::new(16, count.max(1), 16, 200, DistL2 {});
        let rows: Vec<Vec<f32>> = rows.chunks_exact(dim).map(|row| prepared(row, metric)).collect();
        let pairs: Vec<(&Vec<f32>, usize)> = rows.iter().zip(0..).collect();
        graph.parallel_insert(&pairs);
        Self { graph, metric, dim }
    }
}

#[cfg_attr(not(test), expect(dead_code, reason = "only the test writes dumps"))]
impl Reference {
    /// Writes a dump and says which name it got.
    pub(crate) fn dump(&self, folder: &std::path::Path, name: &str) -> String {
        use hnsw_rs::api::AnnT;
        self.graph.file_dump(folder, name).expect("the folder can be written")
    }
}

fn prepared(row: &[f32], metric: MetricKind) -> Vec<f32> {
    let norm = if metric == MetricKind::Cosine { canopy_simd::norm_f32(row) } else { 1.0 };
    row.iter().map(|value| value / norm).collect()
}

impl Searcher for Reference {
    fn name(&self) -> &'static str {
        "hnsw_rs"
    }
    fn len(&self) -> usize {
        self.graph.get_nb_point()
    }
    fn bytes(&self) -> usize {
        // It doesn't tell: vectors and the links of its lowest layer.
        self.len() * (4 * self.dim + 32 * 4)
    }
    fn find(&self, query: &[f32], k: usize, breadth: usize, _cancel: &Cancel) -> Result<Vec<Hit>, Error> {
        let near = self.graph.search(&prepared(query, self.metric), k, breadth.max(k));
        // Its distance is the root; between vectors of norm 1 half the square is what the cosine lacks to 1.
        let score = |distance: f32| match self.metric {
            MetricKind::Cosine => 1.0 - 0.5 * distance * distance,
            _ => -distance * distance,
        };
        Ok(near.iter().map(|near| Hit { slot: near.d_id as u32, score: score(near.distance) }).collect())
    }
}
