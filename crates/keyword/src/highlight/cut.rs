//! Where a fragment may begin and end.

use super::pick::Match;
use std::ops::Range;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

/// The first `length` characters of the text, about.
pub(super) fn head(text: &str, length: usize) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    let end = forward(text, start, length);
    trim(text, start..end)
}

/// A range of about `length` characters around `core`, which is cut only when it alone is longer.
///
/// `room` limits how far it may grow.
pub(super) fn around(text: &str, core: Range<usize>, room: Range<usize>, length: usize) -> Range<usize> {
    let used = text[core.clone()].chars().take(length + 1).count();
    if used >= length {
        let end = after_chars(text, core.start, length);
        return core.start..snap_back(text, end, core.start).min(room.end);
    }
    let spare = length - used;
    let left = before_chars(text, core.start, spare / 2).max(room.start);
    let start =
        if left == room.start { snap_forward(text, left, core.start) } else { word_start(text, left, core.start) };
    let spent = text[start..core.start].chars().count();
    let end = forward(text, core.end, spare.saturating_sub(spent)).min(room.end).max(core.end);
    trim(text, start..snap_back(text, end, core.end))
}

/// Moves `length` characters on, and back to the last space on the way when that falls into a word.
fn forward(text: &str, from: usize, length: usize) -> usize {
    let end = after_chars(text, from, length);
    if end == text.len() || text[end..].starts_with(char::is_whitespace) {
        return end;
    }
    match text[from..end].rfind(char::is_whitespace) {
        Some(at) if at > 0 => from + at,
        _ => snap_back(text, end, from),
    }
}

/// The first word start at or after `left`, `limit` at the latest; a grapheme start where no space is.
fn word_start(text: &str, left: usize, limit: usize) -> usize {
    if left == 0 || text[..left].ends_with(char::is_whitespace) {
        return left;
    }
    match text[left..limit].find(char::is_whitespace) {
        Some(at) => limit - text[left + at..limit].trim_start().len(),
        None => snap_forward(text, left, limit),
    }
}

fn after_chars(text: &str, from: usize, count: usize) -> usize {
    text[from..].char_indices().nth(count).map_or(text.len(), |(at, _)| from + at)
}

fn before_chars(text: &str, to: usize, count: usize) -> usize {
    if count == 0 {
        return to;
    }
    text[..to].char_indices().nth_back(count - 1).map_or(0, |(at, _)| at)
}

fn is_boundary(text: &str, at: usize) -> bool {
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// The nearest grapheme boundary at or before `at`, but after `from`: if there is none, the next one.
fn snap_back(text: &str, at: usize, from: usize) -> usize {
    if is_boundary(text, at) {
        return at;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.prev_boundary(text, 0) {
        Ok(Some(before)) if before > from => before,
        _ => snap_forward(text, at, text.len()),
    }
}

/// The nearest grapheme boundary at or after `at`; `limit` at the latest.
fn snap_forward(text: &str, at: usize, limit: usize) -> usize {
    if is_boundary(text, at) {
        return at;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len()).min(limit)
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let passage = &text[range.clone()];
    let start = range.start + (passage.len() - passage.trim_start().len());
    start..start + passage.trim().len()
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
