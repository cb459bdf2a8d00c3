use super::*;
use crate::Options;
use crate::analyzer::tests::any_text;
use proptest::prelude::*;
use std::time::Instant;
use unicode_segmentation::UnicodeSegmentation;

fn index(texts: &[&str]) -> KeywordIndex {
    let mut index = KeywordIndex::new(Options::default()).unwrap();
    (0..).zip(texts).for_each(|(slot, text)| index.upsert(slot, text));
    index
}

fn marked(fragment: &Fragment) -> Vec<&str> {
    fragment.spans.iter().map(|&(start, end)| &fragment.text[start as usize..end as usize]).collect()
}

#[test]
fn marks_words_with_the_same_stem() {
    let found = index(&[]).highlight("He runs; she ran, running “Cafés” <b>", "run café", &HighlightOptions::default());
    assert_eq!(marked(&found[0]), ["runs", "running", "Cafés"]);
    assert_eq!(found[0].html, "He <mark>runs</mark>; she ran, <mark>running</mark> “<mark>Cafés</mark>” &lt;b&gt;");
}

#[test]
fn picks_the_passage_with_most_idf() {
    let filler = "word ".repeat(100);
    let text = format!("common common {filler}common rare {filler}common");
    let index = index(&["common", "common rare", "other", "another"]);
    let options = HighlightOptions { length: 40, fragments: 1 };
    let found = index.highlight(&text, "common rare", &options);
    assert_eq!(marked(&found[0]), ["common", "rare"]);
    assert!(found[0].text.chars().count() <= 40 && found[0].text.starts_with("word"));
    assert_eq!(&text[found[0].start..][..found[0].text.len()], found[0].text);
}

#[test]
fn several_passages_show_different_words_and_do_not_overlap() {
    let filler = "word ".repeat(50);
    let text = format!("alpha {filler} beta {filler} alpha {filler} gamma");
    let options = HighlightOptions { length: 30, fragments: 3 };
    let found = index(&[]).highlight(&text, "alpha beta gamma", &options);
    assert_eq!(found.iter().flat_map(marked).collect::<Vec<_>>(), ["alpha", "beta", "gamma"]);
}

#[test]
fn without_a_match_the_beginning_is_shown() {
    let options = HighlightOptions { length: 12, fragments: 2 };
    let found = index(&[]).highlight("  one two three four", "nothing", &options);
    assert_eq!((found.len(), found[0].text.as_str(), found[0].spans.len()), (1, "one two", 0));
    assert!(index(&[]).highlight(" \n ", "x", &options).is_empty());
}

#[test]
fn light_words_are_not_marked_beside_heavy_ones() {
    let texts: Vec<String> = (0..50).map(|at| format!("the thing number{at}")).collect();
    let index = index(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    let found = index.highlight("the thing number7", "the number7", &HighlightOptions::default());
    assert_eq!(marked(&found[0]), ["number7"]);
    let found = index.highlight("the thing", "the number7", &HighlightOptions::default());
    assert_eq!(marked(&found[0]), ["the"]);
}

#[test]
fn nasty_texts_take_linear_time() {
    let options = HighlightOptions { length: 200, fragments: 8 };
    let nasty = [
        "🇩🇪".repeat(50_000),
        format!("e{}", "\u{301}".repeat(200_000)),
        "a-".repeat(200_000),
        "a ".repeat(200_000),
        "東".repeat(100_000),
        "x".repeat(400_000),
        "'".repeat(400_000),
        "👨\u{200D}".repeat(60_000),
        "<mark>".repeat(60_000),
        "a.".repeat(200_000),
    ];
    let index = index(&[]);
    for text in &nasty {
        let start = Instant::now();
        let head: String = text.chars().take(2000).collect();
        index.highlight(text, &head, &options);
        let taken = start.elapsed();
        assert!(taken.as_secs() < 5, "{:?} took {taken:?}", text.chars().take(4).collect::<String>());
    }
}

fn unescape(html: &str) -> String {
    let plain = html.replace("<mark>", "").replace("</mark>", "");
    assert!(!plain.contains(['<', '>', '"', '\'']), "{plain}");
    let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    plain.replace("&amp;", "&")
}

proptest! {
    #[test]
    fn fragments_are_sound(
        text in any_text(), query in any_text(), copy in 0_usize..60, length in 0_usize..60, fragments in 0_usize..5,
    ) {
        let query = format!("{query} {}", text.chars().skip(copy).take(8).collect::<String>());
        let found = index(&["an old text"]).highlight(&text, &query, &HighlightOptions { length, fragments });
        prop_assert!(found.len() <= fragments);
        let boundaries: Vec<usize> =
            text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        let mut ranges = Vec::new();
        for fragment in &found {
            let end = fragment.start + fragment.text.len();
            prop_assert_eq!(&text[fragment.start..end], &fragment.text);
            prop_assert!(boundaries.contains(&fragment.start) && boundaries.contains(&end), "cut inside a grapheme");
            ranges.push((fragment.start, end));
            let mut last = 0;
            for &(from, to) in &fragment.spans {
                prop_assert!(last <= from && from < to && to as usize <= fragment.text.len());
                prop_assert!(boundaries.contains(&(fragment.start + from as usize)));
                prop_assert!(boundaries.contains(&(fragment.start + to as usize)));
                last = to;
            }
            prop_assert_eq!(unescape(&fragment.html), fragment.text.clone());
            prop_assert_eq!(fragment.html.matches("<mark>").count(), fragment.spans.len());
        }
        ranges.sort_unstable();
        prop_assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "fragments overlap");
    }
}
