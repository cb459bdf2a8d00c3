//! Many documents at once: analysed on all cores, then each term's postings are packed once.

use crate::Analyzer;
use crate::bm25::{Reference, Saturation};
use crate::dictionary::Term;
use crate::documents::MAX_LENGTH;
use crate::index::{KeywordIndex, run_lengths};
use crate::postings::{Bound, Posting};
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

/// Documents a task: enough that most of its words repeat, few enough to share the work evenly.
const CHUNK: std::ops::RangeInclusive<usize> = 64..=4096;

/// Tasks a thread.
const TASKS: usize = 4;

/// Below this many documents a batch is placed one by one.
const SMALL: usize = 64;

/// A few documents with terms numbered among themselves.
struct Analysed {
    names: Vec<String>,
    documents: Vec<Counted>,
}

struct Counted {
    slot: u32,
    length: u32,
    terms: Vec<(u32, u8)>,
}

impl KeywordIndex {
    /// Puts many texts in, as [`KeywordIndex::upsert`] would one after the other: of two for one slot the later stays.
    ///
    /// Analysis runs on the current rayon pool.
    pub fn extend(&mut self, texts: &[(u32, &str)]) {
        let texts = last_of_each_slot(texts);
        let analyzer = &self.analyzer;
        let chunk = texts.len() / (rayon::current_num_threads() * TASKS);
        let chunk = chunk.clamp(*CHUNK.start(), *CHUNK.end());
        let analysed: Vec<Analysed> = texts.par_chunks(chunk).map(|chunk| analyse(analyzer, chunk)).collect();
        texts.iter().for_each(|&(slot, _)| {
            self.remove(slot);
        });
        let counted = self.number(analysed);
        // A batch that is small against the index must not rewrite the lists of frequent words.
        if counted.len() < SMALL || counted.len() < self.len() / 32 {
            counted.iter().for_each(|document| self.place(document.slot, document.length, &document.terms));
        } else {
            self.place_all(&counted);
        }
    }

    /// Replaces the numbers of each chunk by those of the dictionary; documents by slot.
    fn number(&mut self, analysed: Vec<Analysed>) -> Vec<Counted> {
        // Only this is serial: a few thousand names a chunk.
        let intern = |Analysed { names, documents }| {
            let ids: Vec<u32> = names.iter().map(|name: &String| self.dictionary.intern(name)).collect();
            (ids, documents)
        };
        let numbered: Vec<(Vec<u32>, Vec<Counted>)> = analysed.into_iter().map(intern).collect();
        let mut all: Vec<Counted> = numbered
            .into_par_iter()
            .flat_map_iter(|(ids, documents)| {
                documents.into_iter().map(move |mut document| {
                    document.terms.iter_mut().for_each(|(id, _)| *id = ids[*id as usize]);
                    document.terms.sort_unstable();
                    document
                })
            })
            .collect();
        all.sort_unstable_by_key(|document| document.slot);
        all
    }

    fn place_all(&mut self, counted: &[Counted]) {
        let mut counts = vec![0_usize; self.dictionary.terms().len()];
        for Counted { slot, length, terms } in counted {
            self.documents.insert(*slot, (*length).min(MAX_LENGTH), terms.iter().map(|&(id, _)| id));
            terms.iter().for_each(|&(id, _)| counts[id as usize] += 1);
        }
        self.follow_average();
        let bound =
            Reference { saturation: Saturation::new(self.options, self.reference), lengths: self.documents.lengths() };
        let part = counts.iter().sum::<usize>() / (rayon::current_num_threads() * TASKS) + 1;
        parts(self.dictionary.terms_mut(), &counts, part)
            .into_par_iter()
            .for_each(|(first, terms)| gather(first, terms, &counts, counted, &bound));
    }
}

/// Cuts the terms into stretches with about `part` new postings each; with the number of their first term.
fn parts<'t>(mut terms: &'t mut [Term], counts: &[usize], part: usize) -> Vec<(usize, &'t mut [Term])> {
    let (mut parts, mut first, mut sum) = (Vec::new(), 0, 0);
    for (id, count) in counts.iter().enumerate() {
        sum += count;
        if sum >= part || id + 1 == counts.len() {
            let (stretch, rest) = terms.split_at_mut(id + 1 - first);
            parts.push((first, stretch));
            (terms, first, sum) = (rest, id + 1, 0);
        }
    }
    parts
}

/// Merges the new postings of a stretch of terms into their lists; `counted` is sorted by slot.
fn gather(first: usize, terms: &mut [Term], counts: &[usize], counted: &[Counted], bound: &impl Bound) {
    let end = first + terms.len();
    let mut fresh: Vec<Vec<Posting>> = counts[first..end].iter().map(|&count| Vec::with_capacity(count)).collect();
    for document in counted {
        let from = document.terms.partition_point(|&(id, _)| (id as usize) < first);
        for &(id, tf) in document.terms[from..].iter().take_while(|&&(id, _)| (id as usize) < end) {
            fresh[id as usize - first].push(Posting { slot: document.slot, tf });
        }
    }
    for (term, postings) in terms.iter_mut().zip(fresh).filter(|(_, postings)| !postings.is_empty()) {
        term.documents += postings.len() as u32;
        term.list.merge(&postings, bound);
    }
}

fn last_of_each_slot<'t>(texts: &[(u32, &'t str)]) -> Vec<(u32, &'t str)> {
    let mut seen = HashSet::with_capacity(texts.len());
    let mut kept: Vec<_> = texts.iter().rev().copied().filter(|&(slot, _)| seen.insert(slot)).collect();
    kept.reverse();
    kept
}

fn analyse(analyzer: &Analyzer, texts: &[(u32, &str)]) -> Analysed {
    // Stemming costs more than all the rest, and a written word always gives the same term: it is stemmed once a chunk.
    let mut by_word: HashMap<&str, Option<u32>> = HashMap::new();
    let mut by_name: HashMap<String, u32> = HashMap::new();
    let mut names = Vec::new();
    let mut term = String::new();
    let mut found = Vec::new();
    let documents = texts.iter().map(|&(slot, text)| {
        found.clear();
        let mut length = 0_u32;
        analyzer.written(text, |word, extra| {
            let id = *by_word.entry(word).or_insert_with(|| {
                analyzer.term(word, &mut term);
                (!term.is_empty()).then(|| {
                    *by_name.entry(term.clone()).or_insert_with_key(|name| {
                        names.push(name.clone());
                        names.len() as u32 - 1
                    })
                })
            });
            if let Some(id) = id {
                length = length.saturating_add(u32::from(!extra));
                found.push(id);
            }
        });
        found.sort_unstable();
        Counted { slot, length, terms: run_lengths(&found) }
    });
    let documents = documents.collect();
    Analysed { names, documents }
}
