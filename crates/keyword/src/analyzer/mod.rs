//! From text to terms.
//!
//! Words are those of UAX #29. Each is decomposed (NFKD), lower-cased, freed of accents and stemmed (English Snowball,
//! Porter 2001). A compound gives its parts and itself ("high-speed": high, speed, highspeed), numbers keep their point,
//! emoji are terms, scripts without spaces give characters and pairs. No stop words: idf makes them light.

mod fold;
mod script;
mod words;

pub use fold::MAX_TERM_BYTES;
use rust_stemmers::Stemmer;
use words::Word;

/// Raised whenever a text may give other terms than before: a snapshot of another version must be built again.
pub const ANALYZER_VERSION: u32 = 1;

/// A term and where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// Folded, stemmed, at most [`MAX_TERM_BYTES`] long, never empty.
    pub term: &'a str,
    /// First byte of the written word.
    pub start: usize,
    /// Byte after the written word; on a character boundary, as `start` is.
    pub end: usize,
    /// Covers the same text as other tokens (a whole compound, a pair of ideographs): doesn't count as length.
    pub extra: bool,
}

/// Turns text into terms; documents and queries must go through the same one.
///
/// ```
/// use canopy_keyword::Analyzer;
///
/// let terms: Vec<String> = Analyzer::new().terms("The dogs’ café: High-speed U.S. trains! 🚆");
/// assert_eq!(terms, ["the", "dog", "cafe", "high", "speed", "highspe", "us", "train", "🚆"]);
/// ```
pub struct Analyzer {
    stemmer: Stemmer,
}

impl Analyzer {
    /// The English analyzer.
    pub fn new() -> Self {
        Self { stemmer: fold::english() }
    }

    /// Calls `visit` for each token. Linear in the length of the text, whatever the text is.
    pub fn tokens(&self, text: &str, mut visit: impl FnMut(Token<'_>)) {
        let mut buffer = String::new();
        words::words(text, &mut |Word { start, end, extra }| {
            fold::term_of(&text[start..end], &self.stemmer, &mut buffer);
            if !buffer.is_empty() {
                visit(Token { term: &buffer, start, end, extra });
            }
        });
    }

    /// The terms, in order.
    pub fn terms(&self, text: &str) -> Vec<String> {
        let mut terms = Vec::new();
        self.tokens(text, |token| terms.push(token.term.to_owned()));
        terms
    }

    /// Calls `visit(word, extra)` for each word as written: what [`Analyzer::term`] takes, for callers that cache.
    pub(crate) fn written<'t>(&self, text: &'t str, mut visit: impl FnMut(&'t str, bool)) {
        words::words(text, &mut |Word { start, end, extra }| visit(&text[start..end], extra));
    }

    /// Writes the term of a written word into `out`; empty when it has none.
    pub(crate) fn term(&self, word: &str, out: &mut String) {
        fold::term_of(word, &self.stemmer, out);
    }
}

impl Default for Analyzer {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Analyzer(english, version {ANALYZER_VERSION})")
    }
}

#[cfg(test)]
pub(crate) mod tests;
