//! Every node can be reached: choosing neighbours may leave a node that nobody chose.

use super::entry::{self, Entry};
use super::links::{Links, NONE};
use super::prune::ask;
use super::walk::{Scratch, View};
use std::io;

/// Times the graph is gone through; a link that is taken away for another may cut off a third node.
const ROUNDS: usize = 4;

/// Links every node that can't be reached from a way in to one that can.
pub(super) fn connect(
    codes: &[u8],
    stride: usize,
    links: &mut Links,
    entries: &[Entry],
    start: u32,
    wide: usize,
) -> io::Result<()> {
    let nodes = codes.len() / stride;
    if nodes == 0 {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        let ways = entries.last().map_or(std::slice::from_ref(&start), |entry| &entry.nodes);
        let mut reached = vec![false; nodes];
        spread(links, ways, &mut reached);
        let lost: Vec<u32> = (0..nodes as u32).filter(|&node| !reached[node as usize]).collect();
        if lost.is_empty() {
            break;
        }
        for node in lost {
            if reached[node as usize] {
                continue;
            }
            let degree = links.degree;
            let near: Vec<u32> = Scratch::with(|scratch| {
                let view = View { codes, stride, links: links.rows.get(), degree };
                ask(view, node, &mut scratch.query);
                entry::descend(entries, nodes, stride, start, scratch);
                scratch.walk_on(view, wide, wide);
                scratch.pool.iter().map(|(_, id)| id).filter(|&id| id != node && reached[id as usize]).collect()
            });
            let rows = links.rows.get_mut()?;
            let last = |id: u32| id as usize * degree + degree - 1;
            let free = near.iter().copied().find(|&id| rows[last(id)] == NONE);
            // Where no row has a free place, the longest link of the nearest node gives way.
            let Some(from) = free.or(near.first().copied()) else { continue };
            let row = &mut rows[from as usize * degree..][..degree];
            let place = Links::filled(row).len().min(degree - 1);
            row[place] = node;
            spread(links, &[node], &mut reached);
        }
    }
    Ok(())
}

/// Marks what can be reached from `from`.
fn spread(links: &Links, from: &[u32], reached: &mut [bool]) {
    let mut open: Vec<u32> = Vec::new();
    let mark = |node: u32, open: &mut Vec<u32>, reached: &mut [bool]| {
        if !std::mem::replace(&mut reached[node as usize], true) {
            open.push(node);
        }
    };
    from.iter().for_each(|&node| mark(node, &mut open, reached));
    while let Some(node) = open.pop() {
        links.row(node).iter().for_each(|&next| mark(next, &mut open, reached));
    }
}
