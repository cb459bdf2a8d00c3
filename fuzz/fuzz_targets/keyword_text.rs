//! Analyzer, query and highlighting over any text (up to the first NUL) and any query (after it).
#![no_main]

use canopy_core::Cancel;
use canopy_fuzz::halves;
use canopy_keyword::{Analyzer, HighlightOptions, KeywordIndex, MAX_TERM_BYTES, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (text, query) = halves(input);
    let terms = Analyzer::new().terms(text);
    assert!(terms.iter().all(|term| !term.is_empty() && term.len() <= MAX_TERM_BYTES));
    let mut index = KeywordIndex::new(Options::default()).expect("the defaults are valid");
    index.upsert(0, text);
    index.upsert(1, query);
    // Highlighting would make no sense for a text that its own words don't find.
    let hits = index.search(text, 2, None, &Cancel::new()).expect("any text is a query");
    assert_eq!(terms.is_empty(), !hits.iter().any(|hit| hit.slot == 0), "{text:?}");
    assert!(hits.iter().all(|hit| hit.score.is_finite()));
    let options = HighlightOptions { length: 1 + input.len() % 50, fragments: 1 + input.len() % 4 };
    for fragment in index.highlight(text, query, &options) {
        assert!(text[fragment.start..].starts_with(&fragment.text));
        let mut end = 0;
        for &(from, to) in &fragment.spans {
            assert!(from >= end && to > from && fragment.text.get(from as usize..to as usize).is_some());
            end = to;
        }
        let plain = fragment.html.replace("<mark>", "").replace("</mark>", "");
        assert!(!plain.contains(['<', '>', '"', '\'']), "{}", fragment.html);
    }
    index.remove(0);
    index.remove(1);
    assert_eq!(index.len(), 0);
});
