//! The drawing: rings of hops around the explained node.

use super::subgraph::Subgraph;
use super::{Attention, ExplainedNode};
use std::collections::HashMap;
use std::f64::consts::TAU;
use std::fmt::Write;

/// Side of the square.
const SIDE: f64 = 480.0;
/// Distance of the last ring from the edge.
const BORDER: f64 = 36.0;
/// Edges drawn at most, the strongest: a drawing stays below some 100 KB.
const DRAWN: usize = 400;
/// Letters of an id that are written beside a node; the whole id is in its title.
const LETTERS: usize = 16;
/// Room that a name takes; a node whose name would cover an earlier one has it in its title only.
const LABEL: (f64, f64) = (72.0, 11.0);

/// Text that may stand in SVG: the five special characters escaped, characters that XML doesn't allow replaced.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' => out.push(' '),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}

/// Where each node stands: on the ring of its hop, in the order of what it hangs on.
fn places(shown: &Subgraph) -> Vec<(f64, f64)> {
    let last = shown.nodes.iter().map(|node| node.hop).max().unwrap_or(0);
    let mut angles = vec![0.0_f64; shown.nodes.len()];
    for hop in 1..=last {
        let mut ring: Vec<(f64, usize)> = (0..shown.nodes.len())
            .filter(|&at| shown.nodes[at].hop == hop)
            .map(|at| {
                let inner = (0..shown.nodes.len()).find(|&inner| {
                    shown.nodes[inner].hop + 1 == hop && shown.ways[inner].iter().any(|&(to, _)| to == at)
                });
                (inner.map_or(0.0, |inner| angles[inner]), at)
            })
            .collect();
        ring.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
        let count = ring.len() as f64;
        ring.iter().enumerate().for_each(|(place, &(_, at))| angles[at] = TAU * place as f64 / count);
    }
    let centre = SIDE / 2.0;
    let ring = (centre - BORDER) / f64::from(last.max(1));
    let place = |(node, angle): (&super::subgraph::Shown, &f64)| {
        let radius = ring * f64::from(node.hop);
        (centre + radius * angle.cos(), centre + radius * angle.sin())
    };
    shown.nodes.iter().zip(&angles).map(place).collect()
}

/// How strong an edge is drawn: the geometric mean of what its ends give it, so that a leaf's only edge isn't the strongest of all.
fn strengths(attention: &[Attention]) -> HashMap<(u32, u32), f64> {
    let mut strength: HashMap<(u32, u32), f64> = HashMap::new();
    for row in attention {
        for (&to, &share) in row.targets.iter().zip(&row.shares) {
            let of = strength.entry((row.node.min(to), row.node.max(to))).or_insert(1.0);
            *of *= share.sqrt();
        }
    }
    strength
}

/// Draws what is shown. The same bytes for the same explanation.
pub(super) fn draw(shown: &Subgraph, named: &[ExplainedNode], attention: &[Attention]) -> String {
    let places = places(shown);
    let place: HashMap<u32, usize> = shown.nodes.iter().enumerate().map(|(at, node)| (node.node, at)).collect();
    let strength = strengths(attention);
    let strongest = strength.values().copied().fold(f64::MIN_POSITIVE, f64::max);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {SIDE} {SIDE}\" font-family=\"sans-serif\" font-size=\"10\"><title>{}</title>",
        escape(&named[0].id)
    );
    let mut drawn: Vec<(f64, usize)> = shown
        .edges
        .iter()
        .enumerate()
        .map(|(at, edge)| {
            let key = (edge.source.min(edge.target), edge.source.max(edge.target));
            (strength.get(&key).copied().unwrap_or(0.0) / strongest, at)
        })
        .collect();
    drawn.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    drawn.truncate(DRAWN);
    // The strongest last, on top of the others. Writing to a string can't fail.
    for &(share, at) in drawn.iter().rev() {
        let edge = &shown.edges[at];
        let ((x1, y1), (x2, y2)) = (places[place[&edge.source]], places[place[&edge.target]]);
        let _ = write!(
            out,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#4a7\" stroke-opacity=\"{:.2}\" stroke-width=\"{:.1}\"/>",
            0.15 + 0.85 * share,
            0.5 + 3.5 * share
        );
    }
    let mut labels: Vec<(f64, f64)> = Vec::new();
    for (at, (node, &(x, y))) in named.iter().zip(&places).enumerate() {
        let fill = if at == 0 { "#c43" } else { "#357" };
        let _ = write!(
            out,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"{fill}\"><title>{}</title></circle>",
            3.0 + 12.0 * node.diffusion.sqrt(),
            escape(&node.id)
        );
        let (x, y) = (x + 6.0, y - 6.0);
        let covered = |&(a, b): &(f64, f64)| (a - x).abs() < LABEL.0 && (b - y).abs() < LABEL.1;
        if !labels.iter().any(covered) {
            labels.push((x, y));
            let short: String = node.id.chars().take(LETTERS).collect();
            let _ = write!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escape(&short));
        }
    }
    out.push_str("</svg>");
    out
}
