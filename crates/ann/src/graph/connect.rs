//! Every node can be reached: choosing neighbours may leave a node that nobody chose.

use super::bits::Bits;
use super::entry::{self, Entry};
use super::links::{Links, NONE};
use super::prune::ask;
use super::walk::{Scratch, View};
use std::io;

/// Links every node that can't be reached from a way in to one that can.
pub(super) fn connect(
    codes: &[u8],
    stride: usize,
    links: &mut Links,
    entries: &[Entry],
    start: u32,
    wide: usize,
    dead: &Bits,
) -> io::Result<()> {
    let nodes = codes.len() / stride;
    if nodes == 0 {
        return Ok(());
    }
    let ways = entries.last().map_or(std::slice::from_ref(&start), |entry| &entry.nodes);
    let mut reached = vec![false; nodes];
    spread(links, ways, &mut reached);
    for node in 0..nodes as u32 {
        // Dead nodes have neither links nor a claim to be found.
        if reached[node as usize] || dead.contains(node) {
            continue;
        }
        let degree = links.degree;
        let near: Vec<u32> = Scratch::with(|scratch| {
            let view = View { codes, stride, links: links.rows.get(), degree };
            ask(view, node, &mut scratch.query);
            entry::descend(entries, nodes, stride, start, scratch);
            scratch.walk_on(view, wide, wide);
            let fit = |id: u32| id != node && reached[id as usize] && !dead.contains(id);
            scratch.pool.iter().map(|(_, id)| id).filter(|&id| fit(id)).collect()
        });
        let rows = links.rows.get_mut()?;
        let last = |id: u32| id as usize * degree + degree - 1;
        let free = near.iter().copied().find(|&id| rows[last(id)] == NONE);
        let Some(from) = free.or(near.first().copied()) else { continue };
        insert(rows, degree, from, node);
        spread(links, &[node], &mut reached);
    }
    Ok(())
}

/// Links from `from` to `node`. Where the row has no free place, `node` leads on to what lost its link, so that nothing gets lost.
pub(super) fn insert(rows: &mut [u32], degree: usize, from: u32, node: u32) {
    let displaced = put(&mut rows[from as usize * degree..][..degree], node);
    if displaced != NONE && displaced != node {
        let row = &mut rows[node as usize * degree..][..degree];
        if !row.contains(&displaced) {
            put(row, displaced);
        }
    }
}

/// Puts a link into the first free place of a row or else the last one; returns what stood there.
fn put(row: &mut [u32], node: u32) -> u32 {
    let place = Links::filled(row).len().min(row.len() - 1);
    std::mem::replace(&mut row[place], node)
}

/// Nodes that have a claim to be found and can't be reached.
#[cfg(test)]
pub(super) fn lost(links: &Links, entries: &[Entry], start: u32, dead: &Bits) -> usize {
    let nodes = links.rows.len() / links.degree;
    let mut reached = vec![false; nodes];
    spread(links, entries.last().map_or(std::slice::from_ref(&start), |entry| &entry.nodes), &mut reached);
    (0..nodes as u32).filter(|&node| !reached[node as usize] && !dead.contains(node)).count()
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
