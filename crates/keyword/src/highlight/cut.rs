//! Where a fragment may begin and end.

use super::pick::Match;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// The first `length` characters of the text, about.
pub(super) fn head(text: &str, length: usize) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    whole(text, trim(text, start..forward(text, start, length)))
}

/// A range of about `length` characters around `core`, which is cut only when it alone is longer.
///
/// `room` limits how far it may grow; its ends are grapheme boundaries.
pub(super) fn around(text: &str, core: Range<usize>, room: &Range<usize>, length: usize) -> Range<usize> {
    let used = text[core.clone()].chars().take(length + 1).count();
    if used >= length {
        return whole(text, core.start..after_chars(text, core.start, length));
    }
    let spare = length - used;
    let left = before_chars(text, core.start, spare / 2).max(room.start);
    let start = if left == room.start { left } else { word_start(text, left, core.start) };
    let spent = text[start..core.start].chars().count();
    let end = forward(text, core.end, spare.saturating_sub(spent)).min(room.end).max(core.end);
    whole(text, trim(text, start..end))
}

/// Moves `length` characters on, and back to the last space on the way when that falls into a word.
fn forward(text: &str, from: usize, length: usize) -> usize {
    let end = after_chars(text, from, length);
    if end == text.len() || text[end..].starts_with(char::is_whitespace) {
        return end;
    }
    match text[from..end].rfind(char::is_whitespace) {
        Some(at) if at > 0 => from + at,
        _ => end,
    }
}

/// The first word start at or after `left`, `limit` at the latest; `left` itself where no space is.
fn word_start(text: &str, left: usize, limit: usize) -> usize {
    if text[..left].ends_with(char::is_whitespace) {
        return left;
    }
    match text[left..limit].find(char::is_whitespace) {
        Some(at) => limit - text[left + at..limit].trim_start().len(),
        None => left,
    }
}

fn after_chars(text: &str, from: usize, count: usize) -> usize {
    text[from..].char_indices().nth(count).map_or(text.len(), |(at, _)| from + at)
}

fn before_chars(text: &str, to: usize, count: usize) -> usize {
    match count.checked_sub(1) {
        Some(last) => text[..to].char_indices().nth_back(last).map_or(0, |(at, _)| at),
        None => to,
    }
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let passage = &text[range.clone()];
    let start = range.start + (passage.len() - passage.trim_start().len());
    start..start + passage.trim().len()
}

/// Moves both ends out to grapheme boundaries: even a space may carry an accent.
fn whole(text: &str, range: Range<usize>) -> Range<usize> {
    let cursor = |at| GraphemeCursor::new(at, text.len(), true);
    let inside = |at| !cursor(at).is_boundary(text, 0).unwrap_or(true);
    let before = |at| cursor(at).prev_boundary(text, 0).ok().flatten().unwrap_or(0);
    let after = |at| cursor(at).next_boundary(text, 0).ok().flatten().unwrap_or(text.len());
    let start = if inside(range.start) { before(range.start) } else { range.start };
    start..if inside(range.end) { after(range.end) } else { range.end }
}

/// The matches inside `range` as ranges of the fragment: clipped, widened to whole graphemes, joined where they overlap.
pub(super) fn spans(text: &str, range: &Range<usize>, matches: &[Match]) -> Vec<Range<usize>> {
    let first = matches.partition_point(|found| found.start < range.start);
    // A compound may begin before the fragment and its parts lie inside; those are matches of their own or not at all.
    let inside = matches[first..].iter().take_while(|found| found.start < range.end);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for found in inside {
        let span = found.start - range.start..found.end.min(range.end) - range.start;
        match joined.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    if joined.is_empty() { joined } else { widen(&text[range.clone()], &joined) }
}

/// Moves the ends of spans out to grapheme boundaries, in one pass over both.
fn widen(passage: &str, spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    let mut spans = spans.iter().peekable();
    for (at, grapheme) in passage.grapheme_indices(true) {
        let end = at + grapheme.len();
        while let Some(span) = spans.next_if(|span| span.start < end) {
            match out.last_mut() {
                Some(last) if last.end > at => last.end = last.end.max(span.end),
                _ => out.push(at..span.end),
            }
        }
        // The span that is open and ends inside this grapheme takes all of it.
        if let Some(last) = out.last_mut().filter(|last| last.end > at && last.end < end) {
            last.end = end;
        }
    }
    out
}
