//! A query against one state of the index: its terms, what they weigh, what they could score at most.

use crate::bm25::{Reference, Saturation, idf, query_weight};
use crate::index::KeywordIndex;
use crate::points::Points;
use canopy_core::{Cancel, Hit, SlotSet};
use hashbrown::HashMap;

/// Of a longer query only the beginning counts; that is 50,000 words, and reading them takes a few milliseconds.
pub const MAX_QUERY_BYTES: usize = 256 * 1024;

/// Of more distinct known terms only the rarest count: the others could not change the order by much.
pub const MAX_QUERY_TERMS: usize = 512;

/// A known term of a query.
#[derive(Debug, Clone)]
pub(crate) struct QueryTerm {
    pub(crate) id: u32,
    pub(crate) name: Box<str>,
    pub(crate) idf: f32,
    /// idf times the weight of its repetitions.
    pub(crate) weight: f32,
    /// No document gets more than this for the term.
    pub(crate) bound: f32,
}

/// What a query looks like to the index; fusion decides from it how far to trust keywords.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct QueryStats {
    /// Documents in the index.
    pub documents: usize,
    /// Distinct words of the query. Wholes of compounds and pairs of ideographs don't count, here and below.
    pub terms: usize,
    /// Distinct words that some document holds.
    pub known: usize,
    /// Distinct words that no document holds.
    pub unknown: usize,
    /// Known terms dropped because there were more than [`MAX_QUERY_TERMS`].
    pub dropped: usize,
    /// Sum of the idf of the known words.
    pub idf_sum: f32,
    /// Largest idf of a known word.
    pub idf_max: f32,
    /// Smallest idf of a known word.
    pub idf_min: f32,
    /// The idf that a word in one document of this index has: what `idf_max` is to be compared with.
    pub idf_limit: f32,
    /// No document can score more than this (an upper bound, often not reached).
    pub max_score: f32,
}

/// A query that has been read; it borrows the index, so it can't outlive a change.
#[derive(Debug)]
pub struct Query<'a> {
    pub(crate) index: &'a KeywordIndex,
    /// Largest bound first.
    pub(crate) terms: Vec<QueryTerm>,
    /// Words that no document holds; a text that isn't indexed may still show them.
    pub(crate) unknown: Vec<Box<str>>,
    pub(crate) points: Points,
    stats: QueryStats,
}

/// How often a term is in the query, and whether as a word of its own.
#[derive(Default)]
struct Count {
    times: u32,
    word: bool,
}

impl KeywordIndex {
    /// Reads a query. Any text is one: there is no syntax, so there are no syntax errors.
    pub fn query(&self, text: &str) -> Query<'_> {
        let text = &text[..text.floor_char_boundary(MAX_QUERY_BYTES.min(text.len()))];
        let mut counts: HashMap<String, Count> = HashMap::new();
        self.analyzer.tokens(text, |token| {
            let count = match counts.get_mut(token.term) {
                Some(count) => count,
                None => counts.entry(token.term.to_owned()).or_default(),
            };
            count.times = count.times.saturating_add(1);
            count.word |= !token.extra;
        });
        let reference =
            Reference { saturation: Saturation::new(self.options, self.reference), lengths: self.documents.lengths() };
        let drift = self.drift();
        let mut stats = QueryStats {
            documents: self.len(),
            idf_limit: if self.is_empty() { 0.0 } else { idf(self.len(), 1) },
            ..QueryStats::default()
        };
        let (mut terms, mut unknown) = (Vec::new(), Vec::new());
        for (name, count) in counts {
            stats.terms += usize::from(count.word);
            let Some(id) = self.dictionary.find(&name) else {
                stats.unknown += usize::from(count.word);
                unknown.push(name.into());
                continue;
            };
            let term = self.dictionary.term(id);
            let idf = idf(self.len(), term.documents as usize);
            let weight = idf * query_weight(self.options, count.times);
            let bound = weight * (term.list.bound(&reference) * drift).min(1.0);
            stats.see_known(idf, count.word);
            terms.push(QueryTerm { id, name: name.into(), idf, weight, bound });
        }
        // Ties by number: the hash map's order must not decide which terms are dropped.
        terms.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.id.cmp(&b.id)));
        stats.dropped = terms.len().saturating_sub(MAX_QUERY_TERMS);
        terms.truncate(MAX_QUERY_TERMS);
        unknown.sort_unstable();
        unknown.truncate(MAX_QUERY_TERMS);
        terms.sort_unstable_by(|a, b| b.bound.total_cmp(&a.bound).then(a.id.cmp(&b.id)));
        stats.max_score = terms.iter().map(|term| term.bound).sum();
        let saturation = Saturation::new(self.options, self.documents.average());
        let heaviest = terms.iter().map(|term| term.weight).sum();
        let points = Points::new(saturation, heaviest, terms.len());
        Query { index: self, terms, unknown, points, stats }
    }

    /// The `k` best documents for a text, best first; equal scores by ascending slot.
    ///
    /// Every document that holds at least one word of the text can be found (OR). `allow` is applied before the cut to
    /// `k`. The result is exact: bounds only skip documents that can't be among the best.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`], and nothing else.
    pub fn search(
        &self,
        text: &str,
        k: usize,
        allow: Option<&SlotSet>,
        cancel: &Cancel,
    ) -> Result<Vec<Hit>, crate::Error> {
        self.query(text).search(k, allow, cancel)
    }

    /// The score of each slot, equal to what [`KeywordIndex::search`] answers; 0 where no word matches.
    pub fn score(&self, text: &str, slots: &[u32]) -> Vec<f32> {
        self.query(text).score(slots)
    }

    /// What the text looks like to this index.
    pub fn stats(&self, text: &str) -> QueryStats {
        self.query(text).stats()
    }
}

impl Query<'_> {
    /// What the query looks like to the index.
    pub fn stats(&self) -> QueryStats {
        self.stats
    }

    /// The score of each slot, equal to what [`Query::search`] answers; 0 where no word matches.
    pub fn score(&self, slots: &[u32]) -> Vec<f32> {
        slots.iter().map(|&slot| self.points.score(self.points_of(slot))).collect()
    }

    /// The points of a document; 0 when it holds no word of the query.
    pub(crate) fn points_of(&self, slot: u32) -> u32 {
        let Some(&length) = self.index.documents.lengths().get(slot as usize) else { return 0 };
        let found = self.terms.iter().filter_map(|term| {
            let tf = self.index.dictionary.term(term.id).list.find(slot)?;
            Some(self.points.of(self.points.scaled(term.weight), tf, length))
        });
        found.sum()
    }
}

impl QueryStats {
    fn see_known(&mut self, idf: f32, word: bool) {
        if word {
            self.idf_min = if self.known == 0 { idf } else { self.idf_min.min(idf) };
            self.idf_max = self.idf_max.max(idf);
            self.idf_sum += idf;
            self.known += 1;
        }
    }
}
