//! The passages of a text that answer a query, with the matching words marked.

mod cut;
mod html;
mod pick;

use crate::index::KeywordIndex;
use crate::query::Query;
use hashbrown::HashMap;
use pick::Match;

/// More passages than this are never worth showing.
const MAX_FRAGMENTS: usize = 32;

/// A word is marked only when it weighs at least this share of the heaviest match: nobody wants every "the" in yellow.
const LIGHT: f32 = 0.2;

/// How long and how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HighlightOptions {
    /// Characters a fragment, about: it ends between words where there are any, and never inside a grapheme.
    pub length: usize,
    /// Fragments at most, 32 at most.
    pub fragments: usize,
}

impl Default for HighlightOptions {
    fn default() -> Self {
        Self { length: 200, fragments: 1 }
    }
}

/// A passage of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Byte of the whole text at which the fragment begins.
    pub start: usize,
    /// The passage as it was written.
    pub text: String,
    /// Marked words as byte ranges of `text`, ascending and apart from each other, on grapheme boundaries.
    pub spans: Vec<(u32, u32)>,
    /// The passage with `&<>"'` escaped and the spans in `<mark>`; safe as element content.
    pub html: String,
}

impl KeywordIndex {
    /// See [`Query::highlight`].
    pub fn highlight(&self, text: &str, query: &str, options: &HighlightOptions) -> Vec<Fragment> {
        self.query(query).highlight(text, options)
    }
}

impl Query<'_> {
    /// The passages of `text` with the most matching idf, the best first; repeated words add little, and words that an
    /// earlier passage shows add less. Without any match it is the beginning of the text, unmarked.
    ///
    /// Linear in the length of the text. The text needn't be in the index.
    pub fn highlight(&self, text: &str, options: &HighlightOptions) -> Vec<Fragment> {
        let (matches, weights) = self.matches(text);
        let length = options.length.max(1);
        let count = options.fragments.min(MAX_FRAGMENTS);
        if matches.is_empty() && count > 0 {
            let range = cut::head(text, length);
            return if range.is_empty() { Vec::new() } else { vec![fragment(text, range, &[])] };
        }
        let ranges = pick::best(text, &matches, weights, length, count);
        ranges.into_iter().map(|range| fragment(text, range, &matches)).collect()
    }

    /// Matching words by start, and the weight of each term.
    fn matches(&self, text: &str) -> (Vec<Match>, Vec<f32>) {
        let limit = self.stats().idf_limit.max(1.0);
        let names = self.terms.iter().map(|term| (&*term.name, term.idf));
        let names = names.chain(self.unknown.iter().map(|name| (&**name, limit)));
        let (numbers, weights): (HashMap<&str, usize>, Vec<f32>) =
            names.enumerate().map(|(number, (name, weight))| ((name, number), weight)).unzip();
        let mut matches = Vec::new();
        self.index.analyzer.tokens(text, |token| {
            if let Some(&term) = numbers.get(token.term) {
                matches.push(Match { start: token.start, end: token.end, term });
            }
        });
        let heaviest = matches.iter().map(|found| weights[found.term]).fold(0.0, f32::max);
        matches.retain(|found| weights[found.term] >= LIGHT * heaviest);
        matches.sort_unstable_by_key(|found| (found.start, found.end));
        (matches, weights)
    }
}

fn fragment(text: &str, range: std::ops::Range<usize>, matches: &[Match]) -> Fragment {
    let spans = cut::spans(text, &range, matches);
    let passage = &text[range.clone()];
    let html = html::mark(passage, &spans);
    let spans = spans.into_iter().map(|span| (span.start as u32, span.end as u32)).collect();
    Fragment { start: range.start, text: passage.to_owned(), spans, html }
}

#[cfg(test)]
mod tests;
