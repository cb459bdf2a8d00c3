//! The index against a naive BM25 in f64 that counts everything anew for each query.

use canopy_core::{Cancel, Coded, Hit, SlotSet};
use canopy_keyword::{Analyzer, KeywordIndex, Options};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// Texts by slot.
#[derive(Default)]
struct Oracle(BTreeMap<u32, (HashMap<String, u32>, f64)>);

impl Oracle {
    fn upsert(&mut self, slot: u32, text: &str) {
        let (mut counts, mut length) = (HashMap::new(), 0.0);
        Analyzer::new().tokens(text, |token| {
            *counts.entry(token.term.to_owned()).or_insert(0) += 1;
            length += f64::from(u8::from(!token.extra));
        });
        self.0.insert(slot, (counts, length));
    }

    fn scores(&self, query: &str, options: Options) -> BTreeMap<u32, f64> {
        let (k1, b, k3) = (f64::from(options.k1), f64::from(options.b), f64::from(options.k3));
        let all = self.0.len() as f64;
        let average = (self.0.values().map(|(_, length)| length).sum::<f64>() / all).max(1.0);
        let mut wanted: HashMap<String, f64> = HashMap::new();
        Analyzer::new().tokens(query, |token| *wanted.entry(token.term.to_owned()).or_insert(0.0) += 1.0);
        let mut scores = BTreeMap::new();
        for (term, times) in wanted {
            let with = self.0.values().filter(|(counts, _)| counts.contains_key(&term)).count() as f64;
            let idf = (1.0 + (all - with + 0.5) / (with + 0.5)).ln();
            let weight = idf * (k3 + 1.0) * times / (k3 + times);
            for (&slot, (counts, length)) in &self.0 {
                if let Some(&tf) = counts.get(&term) {
                    let tf = f64::from(tf.min(255));
                    *scores.entry(slot).or_insert(0.0) += weight * tf / (tf + k1 * (1.0 - b + b * length / average));
                }
            }
        }
        scores
    }
}

/// Every score is right, order and ties are ours, and nothing better is missing.
fn check(index: &KeywordIndex, oracle: &Oracle, query: &str, k: usize, allow: Option<&SlotSet>) {
    let mut expected = oracle.scores(query, index.options());
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 * a.abs().max(1.0);
    let slots: Vec<u32> = (0..600).collect();
    for (&slot, score) in slots.iter().zip(index.score(query, &slots)) {
        assert!(near(expected.get(&slot).copied().unwrap_or(0.0), f64::from(score)), "score of {slot}");
    }
    expected.retain(|slot, _| allow.is_none_or(|set| set.contains(*slot)));
    let hits = index.search(query, k, allow, &Cancel::new()).expect("nobody cancels");
    assert_eq!(hits.len(), expected.len().min(k), "{query:?}");
    assert!(hits.is_sorted_by(|a, b| Hit::best_first(a, b).is_lt()), "order and ties");
    let found: Vec<u32> = hits.iter().map(|hit| hit.slot).collect();
    assert_eq!(index.score(query, &found), hits.iter().map(|hit| hit.score).collect::<Vec<_>>());
    let mut best: Vec<f64> = expected.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    for (hit, best) in hits.iter().zip(best) {
        let own = expected[&hit.slot];
        assert!(near(own, f64::from(hit.score)), "{own} against {hit:?}");
        assert!(near(own, best), "rank holds {own}, the oracle has {best}");
    }
    let limit = index.stats(query).max_score;
    assert!(hits.iter().all(|hit| hit.score <= limit * 1.0001 + 1e-3), "a score above the limit");
}

#[derive(Debug, Clone)]
enum Step {
    Upsert(u32, String),
    Extend(Vec<(u32, String)>),
    Remove(u32),
    Reopen,
}

/// Words by a steep law: some in nearly every text, some in one; lengths from nothing to thousands.
fn text() -> impl Strategy<Value = String> {
    let word = (0.0_f64..1.0).prop_map(|unit| format!("w{}", (unit.powi(4) * 60.0) as u32));
    let short = prop::collection::vec(word, 0..25).prop_map(|words| words.join(" "));
    (short, prop_oneof![9 => Just(1_usize), 1 => 1_usize..60]).prop_map(|(text, times)| vec![text; times].join(" "))
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || prop_oneof![3 => 0_u32..60, 1 => 0_u32..600];
    prop_oneof![
        4 => (slot(), text()).prop_map(|(slot, text)| Step::Upsert(slot, text)),
        2 => prop::collection::vec((slot(), text()), 0..150).prop_map(Step::Extend),
        3 => slot().prop_map(Step::Remove),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(
        steps in prop::collection::vec(step(), 1..40),
        queries in prop::collection::vec((text(), 0_usize..30, prop::option::of(prop::collection::vec(0_u32..600, 0..200))), 4),
        k1 in 0.0_f32..3.0, b in 0.0_f32..=1.0, k3 in 0.0_f32..20.0,
    ) {
        let options = Options { k1, b, k3 };
        let mut index = KeywordIndex::new(options).unwrap();
        let mut oracle = Oracle::default();
        for step in steps {
            match step {
                Step::Upsert(slot, text) => { index.upsert(slot, &text); oracle.upsert(slot, &text); }
                Step::Extend(texts) => {
                    index.extend(&texts.iter().map(|(slot, text)| (*slot, text.as_str())).collect::<Vec<_>>());
                    texts.iter().for_each(|(slot, text)| oracle.upsert(*slot, text));
                }
                Step::Remove(slot) => prop_assert_eq!(index.remove(slot), oracle.0.remove(&slot).is_some()),
                Step::Reopen => {
                    let mut bytes = Vec::new();
                    index.write_to(&mut bytes).unwrap();
                    index = KeywordIndex::read_from(&mut &bytes[..]).unwrap();
                }
            }
        }
        prop_assert_eq!(index.len(), oracle.0.len());
        for (query, k, allow) in queries {
            let allow: Option<SlotSet> = allow.map(|slots| slots.into_iter().collect());
            check(&index, &oracle, &query, k, allow.as_ref());
        }
        let slots: Vec<u32> = oracle.0.keys().copied().collect();
        slots.into_iter().for_each(|slot| assert!(index.remove(slot)));
        prop_assert_eq!((index.len(), index.terms()), (0, 0), "nothing stays behind");
    }
}

/// Many windows and full blocks, so that pruning really happens.
#[test]
fn agrees_with_the_oracle_at_ten_thousand_documents() {
    let mut state = 7_u64;
    let mut random = move |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    let mut words = |count: u64| {
        let word = |random: &mut dyn FnMut(u64) -> u64| {
            let reach = random(5000) + 1;
            format!("w{}", random(reach))
        };
        (0..count).map(|_| word(&mut random)).collect::<Vec<_>>().join(" ")
    };
    let texts: Vec<String> = (0..10_000).map(|at| words(5 + at % 40)).collect();
    let slotted: Vec<(u32, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    let (mut index, mut oracle) = (KeywordIndex::new(Options::default()).unwrap(), Oracle::default());
    index.extend(&slotted);
    slotted.iter().for_each(|&(slot, text)| oracle.upsert(slot, text));
    (0..10_000).step_by(5).for_each(|slot| {
        assert!(index.remove(slot) && oracle.0.remove(&slot).is_some());
    });
    let odd: SlotSet = (0..10_000).filter(|slot| slot % 97 == 1).collect();
    let most: SlotSet = (0..10_000).filter(|slot| slot % 3 > 0 && slot / 4096 != 1).collect();
    // Short queries have the tightest bounds.
    for length in 0..30 {
        let query = words(1 + length % 10);
        check(&index, &oracle, &query, 10, None);
        check(&index, &oracle, &query, 10, Some(&odd));
        check(&index, &oracle, &query, 10, Some(&most));
    }
}

#[test]
fn any_text_is_a_query() {
    let mut index = KeywordIndex::new(Options::default()).unwrap();
    let texts: Vec<String> = (0..2000).map(|at| format!("t{at} common text")).collect();
    index.extend(&(0..).zip(texts.iter().map(String::as_str)).collect::<Vec<_>>());
    let long: String = (0..20_000).map(|at| format!("t{at} ")).collect();
    let huge = "common ".repeat(1_000_000);
    let queries = [
        "",
        " ",
        "\0\u{1b}\u{FFFD}",
        "\"",
        "a AND (b",
        "NEAR/2 *",
        "common:text^",
        "-",
        "🦀",
        "' OR 1=1 --",
        &long,
        &huge,
    ];
    for query in queries {
        let hits = index.search(query, 5, None, &Cancel::new()).unwrap();
        assert!(hits.iter().all(|hit| hit.score > 0.0));
        index.highlight("some common text", query, &canopy_keyword::HighlightOptions::default());
    }
    let stats = index.stats(&long);
    assert_eq!((stats.known, stats.unknown, stats.dropped), (2000, 18_000, 2000 - canopy_keyword::MAX_QUERY_TERMS));
    assert_eq!(index.search("common", 0, None, &Cancel::new()).unwrap(), []);
    assert_eq!(index.search("common", usize::MAX, None, &Cancel::new()).unwrap().len(), 2000);
}

#[test]
fn equal_documents_tie_by_slot_and_a_cancelled_search_says_so() {
    let mut index = KeywordIndex::new(Options::default()).unwrap();
    let texts: Vec<(u32, &str)> =
        (0..20_000).map(|slot| (slot, "the quick brown fox jumps over the lazy dog")).collect();
    index.extend(&texts);
    let hits = index.search("a quick brown dog jumps over a fox", 10, None, &Cancel::new()).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.slot).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(index.search("fox", 10, None, &cancel).unwrap_err().code(), "CANCELLED");
}

#[test]
fn stats_tell_known_from_unknown() {
    let mut index = KeywordIndex::new(Options::default()).unwrap();
    assert_eq!(index.stats("nothing here").known, 0);
    index.extend(&[(0, "red apple"), (1, "green apple"), (2, "")]);
    let stats = index.stats("red apples and high-speed bananas, red!");
    assert_eq!((stats.documents, stats.terms, stats.known, stats.unknown), (3, 6, 2, 4));
    assert!(stats.idf_max > stats.idf_min && (stats.idf_sum - stats.idf_max - stats.idf_min).abs() < 1e-6);
    assert!((stats.idf_max - stats.idf_limit).abs() < 1e-6, "\"red\" is in one document");
}

#[test]
fn options_out_of_range_are_refused() {
    for (k1, b) in [(-1.0, 0.5), (f32::NAN, 0.5), (1.2, 1.5), (f32::INFINITY, 0.5)] {
        let error = KeywordIndex::new(Options { k1, b, ..Options::default() }).unwrap_err();
        assert_eq!(error.code(), "KEYWORD_OPTION", "{error}");
    }
}
