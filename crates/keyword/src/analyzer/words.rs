//! Where the words are: UAX #29 boundaries, compounds taken apart and kept whole, neighbours of unspaced scripts.

use super::script::{is_apostrophe, is_emoji, is_tie, is_unspaced};
use unicode_segmentation::UnicodeSegmentation;

/// More parts than this and the whole is no longer a word that anybody types: a path, an UUID, a separator line.
const MAX_COMPOUND: usize = 4;

/// A piece of text that becomes a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// First byte.
    pub(super) start: usize,
    /// Byte after the last.
    pub(super) end: usize,
    /// Another word covers the same text: the term is found, but the document doesn't get longer.
    pub(super) extra: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Unspaced,
    Emoji,
}

#[derive(Debug, Clone, Copy)]
struct Atom {
    start: usize,
    end: usize,
    kind: Kind,
}

/// Calls `visit` for each word of `text`, in order of their starts except that an extra comes after its parts.
pub(super) fn words(text: &str, visit: &mut impl FnMut(Word)) {
    let mut atoms = Vec::new();
    // A boundary of UAX #29 lies on both sides of white space, so the chunks between can be looked at one by one,
    // and nearly all of them are ASCII, where the rules are short.
    let mut start = 0;
    let bytes = text.as_bytes();
    while start < bytes.len() {
        if bytes[start].is_ascii_whitespace() {
            start += 1;
            continue;
        }
        let end = bytes[start..].iter().position(u8::is_ascii_whitespace).map_or(bytes.len(), |at| start + at);
        atoms.clear();
        if bytes[start..end].is_ascii() {
            ascii_atoms(bytes, start, end, &mut atoms);
        } else {
            unicode_atoms(text, start, end, &mut atoms);
        }
        emit(text, &atoms, visit);
        start = end;
    }
}

fn ascii_atoms(bytes: &[u8], start: usize, end: usize, atoms: &mut Vec<Atom>) {
    let mut at = start;
    while at < end {
        let length = bytes[at..end].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if length > 0 {
            atoms.push(Atom { start: at, end: at + length, kind: Kind::Word });
        }
        at += length + 1;
    }
}

fn unicode_atoms(text: &str, start: usize, end: usize, atoms: &mut Vec<Atom>) {
    for (offset, segment) in text[start..end].split_word_bound_indices() {
        let at = start + offset;
        let Some(first) = segment.chars().next() else { continue };
        if is_emoji(first) {
            atoms.push(Atom { start: at, end: at + segment.len(), kind: Kind::Emoji });
        } else {
            split_segment(segment, at, atoms);
        }
    }
}

/// UAX #29 keeps "node.js", "it’s" and runs of Hangul in one segment: taken apart here, put together by [`emit`].
fn split_segment(segment: &str, at: usize, atoms: &mut Vec<Atom>) {
    let mut open: Option<usize> = None;
    let close = |open: &mut Option<usize>, end: usize, atoms: &mut Vec<Atom>| {
        if let Some(start) = open.take()
            && segment[start - at..end - at].chars().any(char::is_alphanumeric)
        {
            atoms.push(Atom { start, end, kind: Kind::Word });
        }
    };
    let mut graphemes = segment.grapheme_indices(true).peekable();
    while let Some((offset, grapheme)) = graphemes.next() {
        let here = at + offset;
        let Some(first) = grapheme.chars().next() else { continue };
        let next_here = graphemes.peek().map_or(at + segment.len(), |&(next, _)| at + next);
        if is_unspaced(first) {
            close(&mut open, here, atoms);
            atoms.push(Atom { start: here, end: next_here, kind: Kind::Unspaced });
        } else if is_tie(first) || matches!(first, ',' | ':' | ';' | '\u{B7}') {
            close(&mut open, here, atoms);
        } else {
            open.get_or_insert(here);
        }
    }
    close(&mut open, at + segment.len(), atoms);
}

/// Puts atoms that are tied together into words.
fn emit(text: &str, atoms: &[Atom], visit: &mut impl FnMut(Word)) {
    let mut at = 0;
    while at < atoms.len() {
        let first = atoms[at];
        match first.kind {
            Kind::Emoji => visit(Word { start: first.start, end: first.end, extra: false }),
            Kind::Unspaced => {
                visit(Word { start: first.start, end: first.end, extra: false });
                if let Some(next) = atoms.get(at + 1)
                    && next.kind == Kind::Unspaced
                    && next.start == first.end
                {
                    visit(Word { start: first.start, end: next.end, extra: true });
                }
            }
            Kind::Word => {
                at = emit_compound(text, atoms, at, visit);
                continue;
            }
        }
        at += 1;
    }
}

/// Emits the compound that begins at `from`; returns the index after it.
fn emit_compound(text: &str, atoms: &[Atom], from: usize, visit: &mut impl FnMut(Word)) -> usize {
    let mut parts: usize = 0;
    let mut start = atoms[from].start;
    let mut at = from;
    let whole_start = start;
    let acronym = acronym_end(text, atoms, from);
    if acronym > from + 1 {
        visit(Word { start, end: atoms[acronym - 1].end, extra: false });
        return acronym;
    }
    loop {
        let end = atoms[at].end;
        let next = atoms.get(at + 1).filter(|next| next.kind == Kind::Word);
        let tie = next.and_then(|next| only_char(&text[end..next.start]).map(|tie| (tie, next)));
        at += 1;
        match tie {
            Some((tie, next)) if holds_word_together(text, tie, start, end, next) => {}
            Some((tie, _)) if is_tie(tie) => {
                parts += 1;
                visit(Word { start, end, extra: false });
                start = atoms[at].start;
            }
            _ => {
                visit(Word { start, end, extra: false });
                if parts > 0 && parts < MAX_COMPOUND {
                    visit(Word { start: whole_start, end, extra: true });
                }
                return at;
            }
        }
    }
}

/// "U.S.A" and "e.g": single letters with points between them are one word. Returns the index after them.
fn acronym_end(text: &str, atoms: &[Atom], from: usize) -> usize {
    let single = |atom: &Atom| {
        atom.kind == Kind::Word && only_char(&text[atom.start..atom.end]).is_some_and(char::is_alphabetic)
    };
    let mut at = from;
    while at < atoms.len() && single(&atoms[at]) && (at == from || &text[atoms[at - 1].end..atoms[at].start] == ".") {
        at += 1;
    }
    // "a.b-c" or "x.yes" goes on: then it is a compound like any other.
    match atoms.get(at) {
        Some(next) if at > from && only_char(&text[atoms[at - 1].end..next.start]).is_some_and(is_tie) => from,
        _ => at,
    }
}

/// Whether the tie is inside one word: "don't", "3.14", "1,000".
fn holds_word_together(text: &str, tie: char, start: usize, end: usize, next: &Atom) -> bool {
    let after = &text[next.start..next.end];
    if is_apostrophe(tie) {
        return ["s", "t", "d", "m", "re", "ve", "ll"].iter().any(|suffix| after.eq_ignore_ascii_case(suffix));
    }
    matches!(tie, '.' | ',')
        && text[start..end].ends_with(|c: char| c.is_ascii_digit())
        && after.starts_with(|c: char| c.is_ascii_digit())
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}
