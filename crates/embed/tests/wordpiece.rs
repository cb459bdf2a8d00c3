//! Our tokenizer against the reference's recorded answers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use canopy_embed::WordPiece;

/// The model file carries the vocabulary; its first section after the name is found by its first and last token.
fn vocabulary() -> WordPiece {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/minilm-l6-v2.canopy-model");
    let bytes = std::fs::read(path).unwrap();
    let start = bytes.windows(6).position(|w| w == b"[PAD]\n").unwrap();
    let end = start + bytes[start..].windows(1).position(|w| w == b"\0").unwrap();
    WordPiece::new(std::str::from_utf8(&bytes[start..end]).unwrap()).unwrap()
}

#[test]
fn agrees_with_the_reference_on_every_text() {
    let cases: Vec<(String, usize, Vec<u32>)> = serde_json::from_str(include_str!("fixtures/wordpiece.json")).unwrap();
    assert!(cases.len() > 400);
    let tokenizer = vocabulary();
    assert_eq!(tokenizer.len(), 30_522);
    let mut wrong = Vec::new();
    for (text, times, expected) in &cases {
        let mut tokens = Vec::new();
        tokenizer.encode(&text.repeat(*times), 256, &mut tokens);
        if tokens != *expected {
            wrong.push(format!("{text:?} × {times}: {tokens:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_huge_text_is_not_read_to_its_end() {
    let tokenizer = vocabulary();
    let text = "harbour lights ".repeat(2_000_000);
    let timed = |limit: usize| {
        let start = std::time::Instant::now();
        let mut tokens = Vec::new();
        tokenizer.encode(&text, limit, &mut tokens);
        (tokens.len(), start.elapsed())
    };
    // The best of a few, since other programs may hold the cores at any one moment.
    let (few, short) = (0..5).map(|_| timed(256)).min_by_key(|(_, taken)| *taken).unwrap();
    let (all, long) = timed(usize::MAX / 2);
    assert_eq!((few, all), (256, 4_000_002));
    // The searches for special tokens and for characters beyond ASCII do look at all of it, at memory speed.
    assert!(short * 4 < long, "{short:?} for 256 tokens, {long:?} for all");
}

#[test]
fn vocabularies_are_checked() {
    let special = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]";
    assert!(WordPiece::new(special).is_ok());
    assert!(WordPiece::new("[PAD]\n[UNK]\n[CLS]\n[SEP]").unwrap_err().to_string().contains("[MASK]"));
    assert!(WordPiece::new(&format!("{special}\na\na")).unwrap_err().to_string().contains("line 7"));
    assert!(WordPiece::new(&format!("{special}\n\na")).is_err());
}
