use super::*;
use proptest::prelude::*;

fn terms(text: &str) -> Vec<String> {
    Analyzer::new().terms(text)
}

#[test]
fn words_become_terms() {
    let cases: &[(&str, &[&str])] = &[
        ("Running runs RAN", &["run", "run", "ran"]),
        ("The dog's, the dogs’ and O'Neil's", &["the", "dog", "the", "dog", "and", "o", "neil", "oneil"]),
        ("don't can’t", &["dont", "cant"]),
        ("café CAFÉ cafe\u{301}", &["cafe", "cafe", "cafe"]),
        ("Straße Ærø Łódź", &["strass", "aero", "lodz"]),
        ("İstanbul Kırmızı", &["istanbul", "kirmizi"]),
        ("high-speed", &["high", "speed", "highspe"]),
        ("node.js snake_case R&D", &["node", "js", "nodej", "snake", "case", "snakecas", "r", "d", "rd"]),
        ("3.14 1,000 v1.2.3 covid-19", &["3.14", "1000", "v1.2.3", "covid", "19", "covid19"]),
        ("U.S.A. e.g. a.b", &["usa", "eg", "ab"]),
        ("a/b c:d e", &["a", "b", "c", "d", "e"]),
        ("👍🏽 ❤️ 👨‍👩‍👧", &["👍", "❤", "👨\u{200D}👩\u{200D}👧"]),
        ("東京都", &["東", "東京", "京", "京都", "都"]),
        ("고양이가", &["고", "고양", "양", "양이", "이", "이가", "가"]),
        ("ﬁne ＡＢＣ ①", &["fine", "abc", "1"]),
        ("שָׁלוֹם", &["שלום"]),
        ("हिन्दी", &["हिन्दी"]),
        ("", &[]),
        ("\0\u{1}\u{7f} \u{301} -- ' \" * ^ ( ) :", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(terms(text), *expected, "{text:?}");
    }
}

#[test]
fn a_long_compound_has_parts_but_no_whole() {
    assert_eq!(terms("a1-b1-c1-d1-e1"), ["a1", "b1", "c1", "d1", "e1"]);
    assert_eq!(terms("a1-b1-c1-d1").len(), 5);
}

#[test]
fn a_term_is_bounded_and_matches_itself() {
    let long = "x".repeat(100_000);
    assert_eq!(terms(&long), terms(&long));
    assert_eq!(terms(&long)[0].len(), MAX_TERM_BYTES);
    assert!(terms(&"é".repeat(1000))[0].len() <= MAX_TERM_BYTES);
    assert!(terms(&format!("e{}", "\u{301}".repeat(100_000)))[0].len() <= MAX_TERM_BYTES);
}

#[test]
fn extras_cover_their_parts() {
    let mut seen = Vec::new();
    Analyzer::new().tokens("x high-speed", |token| seen.push((token.start, token.end, token.extra)));
    assert_eq!(seen, [(0, 1, false), (2, 6, false), (7, 12, false), (2, 12, true)]);
}

/// Text with everything that rules are about.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9]{1,8}",
        "[-'.,_& :/\"*<>]{1,2}",
        Just(" ".to_owned()),
        "[éüßæ\u{301}İ’‐]{1,3}",
        "[東京ひカ고ไ]{1,3}",
        "[👍🏽❤\u{FE0F}\u{200D}🇩🇪]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn tokens_lie_on_characters_and_terms_are_bounded(text in any_text()) {
        Analyzer::new().tokens(&text, |token| {
            assert!(!token.term.is_empty() && token.term.len() <= MAX_TERM_BYTES);
            assert!(token.start < token.end && text.get(token.start..token.end).is_some());
        });
    }

    #[test]
    fn the_short_way_for_ascii_is_the_unicode_way(text in "[a-zA-Z0-9 .,'_&:/-]{0,40}") {
        // A letter that folds to nothing special forces each chunk through UAX #29.
        let forced = text.split(' ').map(|chunk| format!("{chunk}/é")).collect::<Vec<_>>().join(" ");
        let forced: Vec<_> = terms(&forced).into_iter().filter(|term| term != "e").collect();
        let plain: Vec<_> = terms(&text).into_iter().filter(|term| term != "e").collect();
        prop_assert_eq!(plain, forced);
    }

    #[test]
    fn cached_words_give_the_same_terms(text in any_text()) {
        let analyzer = Analyzer::new();
        let mut seen = Vec::new();
        let mut term = String::new();
        analyzer.written(&text, |word, _| {
            analyzer.term(word, &mut term);
            if !term.is_empty() {
                seen.push(term.clone());
            }
        });
        prop_assert_eq!(seen, analyzer.terms(&text));
    }
}
