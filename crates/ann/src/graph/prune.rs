//! Which candidates become neighbours: the nearest, and none that lies behind a nearer one.
//!
//! The rule of relative neighbourhood graphs with slack (Malkov and Yashunin 2018; Subramanya et al. 2019, there `alpha`).

use super::walk::View;
use canopy_simd::{CODE_LINE, CODE_TAIL, CodeQuery};

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    query: CodeQuery,
    scores: Vec<f32>,
    /// Distance and number of what may still become a neighbour, nearest first.
    pub(super) left: Vec<(f32, u32)>,
    ids: Vec<u32>,
    /// The neighbours chosen, nearest first.
    pub(super) kept: Vec<u32>,
}

/// Makes the code row of a node a query, so that scores plus the node's own bias are squared distances from it; returns that bias.
pub(super) fn ask(view: View<'_>, node: u32, query: &mut CodeQuery) -> f32 {
    let row = &view.codes[node as usize * view.stride..][..view.stride];
    let (codes, tail) = row.split_at(view.stride - CODE_TAIL);
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0.0, |&bytes| f32::from_le_bytes(bytes));
    let (step, bias) = (number(tail), number(&tail[size_of::<f32>()..]));
    // A row of values; see `Space::whole`.
    if step == 0.0 && view.stride == CODE_LINE {
        query.set_values(codes.chunks_exact(size_of::<f32>()).map(number));
    } else {
        query.set(codes.iter().map(|&code| (code ^ 128) as i8), view.stride, -2.0 * step);
    }
    bias
}

impl Buffers {
    /// Puts the distances of `ids` from `node` into `left`, nearest first. `ids` must differ from each other and from `node`.
    pub(super) fn measure(&mut self, view: View<'_>, node: u32, ids: impl Iterator<Item = u32>) {
        self.ids.clear();
        self.ids.extend(ids);
        let bias = ask(view, node, &mut self.query);
        self.scores.resize(self.ids.len(), 0.0);
        self.query.scores(view.codes, &self.ids, &mut self.scores);
        self.left.clear();
        self.left.extend(self.scores.iter().zip(&self.ids).map(|(&score, &id)| (score + bias, id)));
        self.left.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }

    /// Chooses at most `most` of `left`.
    pub(super) fn choose(&mut self, view: View<'_>, most: usize, alpha: f32) {
        self.kept.clear();
        let mut from = 0;
        while from < self.left.len() && self.kept.len() < most {
            let (_, chosen) = self.left[from];
            from += 1;
            self.kept.push(chosen);
            if from == self.left.len() || self.kept.len() == most {
                break;
            }
            let bias = ask(view, chosen, &mut self.query);
            self.ids.clear();
            self.ids.push(chosen);
            self.ids.extend(self.left[from..].iter().map(|&(_, id)| id));
            self.scores.resize(self.ids.len(), 0.0);
            self.query.scores(view.codes, &self.ids, &mut self.scores);
            // What is nearer to the chosen one than to the node is reached through it. So is what has the same codes: copies of
            // one vector would fill the row and leave no way to anything else.
            let (own, others) = (self.scores[0], &self.scores[1..]);
            let mut to = from;
            for (i, &score) in others.iter().enumerate() {
                let candidate = self.left[from + i];
                if alpha * (score + bias) >= candidate.0 && score != own {
                    self.left[to] = candidate;
                    to += 1;
                }
            }
            self.left.truncate(to);
        }
    }
}
