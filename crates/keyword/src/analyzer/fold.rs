//! From a word as written to the term that is indexed: fold, shorten, stem.

use super::script::{is_accent, is_apostrophe, is_emoji_style, plain_letters};
use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

/// Longest term in bytes; what is beyond (base64, hashes, spam) is cut, so it still matches itself.
pub const MAX_TERM_BYTES: usize = 64;

/// A written word longer than this isn't normalised as a whole; its beginning decides.
const MAX_WORD_BYTES: usize = 4 * MAX_TERM_BYTES;

/// Writes the term of `word` into `out`. Empty when nothing searchable is left (only accents, only joiners).
pub(super) fn term_of(word: &str, stemmer: &Stemmer, out: &mut String) {
    out.clear();
    let word = shorten(word, MAX_WORD_BYTES);
    let word = without_possessive(word);
    if word.is_ascii() {
        fold_ascii(word, out);
    } else {
        fold_unicode(word, out);
    }
    let kept = shorten(out, MAX_TERM_BYTES).len();
    out.truncate(kept);
    // Porter2 knows lower-case ASCII words of three letters or more; "b52s" and "größe" are left alone.
    if out.len() > 2 && out.bytes().all(|byte| byte.is_ascii_lowercase()) {
        let stem = stemmer.stem(out);
        if stem.len() != out.len() || stem != out.as_str() {
            let stem = stem.into_owned();
            out.clear();
            out.push_str(&stem);
        }
    }
}

/// The English Snowball stemmer (Porter2).
pub(super) fn english() -> Stemmer {
    Stemmer::create(Algorithm::English)
}

fn shorten(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes.min(text.len()))]
}

/// "dog's" and "dog’s" are "dog".
fn without_possessive(word: &str) -> &str {
    let Some(rest) = word.strip_suffix(['s', 'S']) else { return word };
    rest.strip_suffix(is_apostrophe).filter(|stem| !stem.is_empty()).unwrap_or(word)
}

/// Lower case; joiners go, except the point inside a number.
fn fold_ascii(word: &str, out: &mut String) {
    let bytes = word.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            out.push(byte.to_ascii_lowercase() as char);
        } else if byte == b'.' && is_digit(bytes, at.wrapping_sub(1)) && is_digit(bytes, at + 1) {
            out.push('.');
        }
    }
}

fn is_digit(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(u8::is_ascii_digit)
}

/// Compatibility decomposition, lower case, accents off, and composed again so that Hangul and kana stay whole.
fn fold_unicode(word: &str, out: &mut String) {
    let lower = word.nfkd().flat_map(char::to_lowercase).filter(|&c| !is_accent(c) && !is_emoji_style(c));
    for c in lower.nfc() {
        match plain_letters(c) {
            Some(letters) => out.push_str(letters),
            None if c.is_ascii() && !c.is_ascii_alphanumeric() => {
                if c == '.' && out.ends_with(|last: char| last.is_ascii_digit()) {
                    out.push(c);
                }
            }
            None if is_apostrophe(c) || matches!(c, '\u{2010}' | '\u{2011}' | '\u{AD}' | '\u{200B}' | '\u{200C}') => {}
            None => out.push(c),
        }
    }
    while out.ends_with(['.', '\u{200D}']) {
        out.pop();
    }
}
