//! Which passages are best.

use super::cut;
use std::ops::Range;

/// A word of the text that matches a term of the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Which term; index into the weights.
    pub(super) term: usize,
}

/// A second "cat" in a passage adds this share of the first.
const REPEATED: f32 = 0.05;

/// A term that an earlier passage shows weighs this share.
const SHOWN: f32 = 0.25;

/// The ranges of the `count` best passages, best first, none overlapping another.
///
/// Each round slides a window over the matches (sorted by start) once.
pub(super) fn best(
    text: &str,
    matches: &[Match],
    mut weights: Vec<f32>,
    length: usize,
    count: usize,
) -> Vec<Range<usize>> {
    let places = char_places(text, matches);
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut counts = vec![0_u32; weights.len()];
    for _ in 0..count {
        let Some((first, last)) = heaviest_window(matches, &places, &weights, &mut counts, length, &taken) else {
            break;
        };
        let core = matches[first].start..matches[first..=last].iter().map(|m| m.end).max().unwrap_or(0);
        let room = room_for(&taken, &core, text.len());
        let range = cut::around(text, core, &room, length);
        for found in matches[first..=last].iter() {
            // Once a passage, not once a match: the mark is the count, which the window left at zero.
            if std::mem::replace(&mut counts[found.term], 1) == 0 {
                weights[found.term] *= SHOWN;
            }
        }
        matches[first..=last].iter().for_each(|found| counts[found.term] = 0);
        taken.push(range);
    }
    taken
}

/// Character numbers of each match's start and end.
fn char_places(text: &str, matches: &[Match]) -> Vec<(usize, usize)> {
    let (mut byte, mut chars) = (0, 0);
    let place = |found: &Match| {
        chars += text[byte..found.start].chars().count();
        byte = found.start;
        (chars, chars + text[found.start..found.end].chars().count())
    };
    matches.iter().map(place).collect()
}

/// The matches `first..=last` that fit into `length` characters, touch nothing taken, and weigh most.
fn heaviest_window(
    matches: &[Match],
    places: &[(usize, usize)],
    weights: &[f32],
    counts: &mut [u32],
    length: usize,
    taken: &[Range<usize>],
) -> Option<(usize, usize)> {
    let free = |found: &Match| taken.iter().all(|range| found.end <= range.start || found.start >= range.end);
    let mut best: Option<(f32, usize, usize)> = None;
    let (mut left, mut weight) = (0, 0.0_f64);
    let share = |count: u32, term: usize| f64::from(weights[term] * if count == 0 { 1.0 } else { REPEATED });
    for (right, found) in matches.iter().enumerate() {
        let barred = !free(found);
        // What doesn't fit any more leaves on the left; a taken passage lets nothing stay.
        while left < right
            && (barred || places[right].1 - places[left].0 > length || splits(taken, matches, left, found))
        {
            let term = matches[left].term;
            counts[term] -= 1;
            weight -= share(counts[term], term);
            left += 1;
        }
        if barred {
            left = right + 1;
            continue;
        }
        weight += share(counts[found.term], found.term);
        counts[found.term] += 1;
        if best.is_none_or(|(heaviest, ..)| weight as f32 > heaviest) {
            best = Some((weight as f32, left, right));
        }
    }
    matches[left.min(matches.len())..].iter().for_each(|found| counts[found.term] = 0);
    best.map(|(_, first, last)| (first, last))
}

/// Whether a taken passage lies between the match `left` and `found`.
fn splits(taken: &[Range<usize>], matches: &[Match], left: usize, found: &Match) -> bool {
    taken.iter().any(|range| range.start >= matches[left].end && range.end <= found.start)
}

/// How far a passage around `core` may reach.
fn room_for(taken: &[Range<usize>], core: &Range<usize>, end: usize) -> Range<usize> {
    let from = taken.iter().map(|range| range.end).filter(|&end| end <= core.start).max().unwrap_or(0);
    let to = taken.iter().map(|range| range.start).filter(|&start| start >= core.end).min().unwrap_or(end);
    from..to
}
