//! What a search finds, and in which order.

mod common;

use common::{fixture, found, ids, put, search, search_code};
use serde_json::json;

#[test]
fn a_write_is_seen_by_the_next_search_warm_or_cold() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "a", "text": "cover trees" }]));
    assert_eq!(found(&notes, "trees"), ["a"]);
    put(&notes, &json!([{ "id": "b", "text": "more trees" }]));
    assert_eq!(found(&notes, "trees").len(), 2);
    put(&notes, &json!([{ "id": "a", "text": "nothing of the kind" }]));
    assert_eq!(found(&notes, "trees"), ["b"]);
    notes.remove(&["b", "absent"]).unwrap();
    assert!(found(&notes, "trees").is_empty());
    let fixture = fixture.reopen();
    let notes = fixture.database.collection("notes").unwrap();
    assert_eq!(found(&notes, "kind"), ["a"]);
}

#[test]
fn filters_apply_before_the_cut() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    let records: Vec<_> = (0..500)
        .map(|i| json!({ "id": format!("r{i}"), "text": "same words", "metadata": { "n": i }, "vector": [1.0, f64::from(i) / 1000.0] }))
        .collect();
    put(&notes, &json!(records));
    for request in [json!({ "text": "same", "mode": "keyword" }), json!({ "text": "same" }), json!({})] {
        let mut request = request;
        request["filter"] = json!({ "n": { "gte": 490 } });
        request["limit"] = json!(20);
        let answer = search(&notes, &request, (request["mode"] != "keyword").then_some(&[1.0, 0.0]));
        assert_eq!(answer.hits.len(), 10, "{request}");
    }
}

#[test]
fn paging_walks_through_everything_once() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    let records: Vec<_> = (0..95).map(|i| json!({ "id": format!("r{i}"), "text": "page" })).collect();
    put(&notes, &json!(records));
    let (mut seen, mut offset) = (Vec::new(), Some(0));
    while let Some(at) = offset {
        let answer = search(&notes, &json!({ "text": "page", "limit": 10, "offset": at }), None);
        seen.extend(answer.hits.iter().map(|hit| hit.id.clone()));
        offset = answer.next;
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 95);
}

#[test]
fn vectors_rank_by_similarity_and_hybrid_shows_both_scores() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 3 }));
    put(
        &notes,
        &json!([
            { "id": "x", "text": "apples", "vector": [1, 0, 0] },
            { "id": "y", "text": "pears", "vector": [0.9, 0.1, 0] },
            { "id": "z", "text": "apples and pears" }
        ]),
    );
    let answer = search(&notes, &json!({ "mode": "vector" }), Some(&[1.0, 0.0, 0.0]));
    assert_eq!(ids(&answer), ["x", "y"]);
    assert!((answer.hits[0].score - 1.0).abs() < 1e-6);
    let answer = search(&notes, &json!({ "text": "apples" }), Some(&[1.0, 0.0, 0.0]));
    assert_eq!(answer.hits[0].id, "x");
    assert_eq!(answer.hits.len(), 3);
    let scores = answer.hits[0].scores.unwrap();
    assert!(scores.keyword.unwrap() > 0.0 && scores.vector.unwrap() > 0.99);
    let all = search(&notes, &json!({ "text": "apples", "fusion": "rrf" }), Some(&[1.0, 0.0, 0.0]));
    assert_eq!(all.hits[0].id, "x");
    let floor = all.hits[0].score;
    let answer =
        search(&notes, &json!({ "text": "apples", "fusion": "rrf", "minScore": floor }), Some(&[1.0, 0.0, 0.0]));
    assert_eq!(ids(&answer), ["x"]);
}

#[test]
fn spans_count_in_utf16_units() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "a", "text": "😀 naïve <b>trees</b>" }]));
    let answer = search(&notes, &json!({ "text": "trees", "highlight": true }), None);
    let marked = &answer.hits[0].highlights.as_ref().unwrap()[0];
    let units: Vec<u16> = marked.text.encode_utf16().collect();
    let (start, end) = marked.spans[0];
    assert_eq!(String::from_utf16(&units[start as usize..end as usize]).unwrap(), "trees");
    assert!(marked.html.contains("&lt;b&gt;<mark>trees</mark>"), "{}", marked.html);
}

#[test]
fn any_text_is_a_query() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({}));
    put(&notes, &json!([{ "id": "a", "text": "well-known \"quotes\" AND operators 😀" }]));
    let long = "word ".repeat(20_000);
    for text in
        ["\"", "well-known", "a AND (b OR", "NEAR/2", "*", "col:val", "😀", "\u{0}\u{1f}", "", "   ", "' -- ;", &long]
    {
        search(&notes, &json!({ "text": text, "highlight": true }), None);
    }
    assert_eq!(found(&notes, "😀"), ["a"]);
    assert_eq!(found(&notes, "\"well-known"), ["a"]);
}

#[test]
fn similar_leaves_the_record_itself_out() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    put(
        &notes,
        &json!([
            { "id": "a", "text": "one two", "vector": [1, 0] },
            { "id": "b", "text": "two three", "vector": [1, 0.1] },
            { "id": "c", "text": "two", "vector": [0, 1] },
            { "id": "d", "text": "three one" }
        ]),
    );
    let cancel = canopy_core::Cancel::new();
    assert_eq!(ids(&notes.similar("a", "{}", &cancel).unwrap()), ["b", "c"]);
    let by_words = notes.similar("d", "{}", &cancel).unwrap();
    assert_eq!(by_words.notes.len(), 1);
    assert_eq!(by_words.hits.len(), 2);
    let error = notes.similar("nobody", "{}", &cancel).unwrap_err();
    assert_eq!(canopy_core::Coded::code(&error), "RECORD_NOT_FOUND");
}

#[test]
fn wrong_requests_have_codes() {
    let fixture = fixture();
    let words = fixture.collection("words", &json!({}));
    let notes = fixture.collection("notes", &json!({ "dim": 2 }));
    assert_eq!(search_code(&words, &json!({}), None), "SEARCH_EMPTY");
    assert_eq!(search_code(&words, &json!({ "text": "x", "mode": "vector" }), None), "COLLECTION_NO_VECTORS");
    assert_eq!(search_code(&words, &json!({ "text": "x" }), Some(&[1.0])), "COLLECTION_NO_VECTORS");
    assert_eq!(search_code(&notes, &json!({ "text": "x", "mode": "vector" }), None), "MODEL_MISSING");
    assert_eq!(search_code(&notes, &json!({}), Some(&[1.0])), "VECTOR_DIMENSION");
    assert_eq!(search_code(&notes, &json!({}), Some(&[1.0, f32::NAN])), "VECTOR_NOT_FINITE");
    assert_eq!(search_code(&notes, &json!({}), Some(&[0.0, 0.0])), "VECTOR_ZERO");
    assert_eq!(search_code(&notes, &json!({ "text": "x", "filter": [] }), None), "FILTER_INVALID");
    let answer = search(&notes, &json!({ "text": "x" }), None);
    assert!(answer.notes[0].contains("keywords only"), "{:?}", answer.notes);
}

#[test]
fn deep_pages_of_a_hybrid_search_repeat_nothing() {
    let fixture = fixture();
    let notes = fixture.collection("notes", &json!({ "dim": 8 }));
    let mut state = 7_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    let words = ["apple", "pear", "plum", "quince", "fig", "date", "lime", "nut"];
    let records: Vec<_> = (0..600)
        .map(|i| {
            let text: Vec<&str> = (0..12).map(|_| words[(random() * 8.0) as usize]).collect();
            let vector: Vec<f64> = (0..8).map(|_| random() - 0.5).collect();
            json!({ "id": format!("r{i}"), "text": text.join(" "), "vector": vector })
        })
        .collect();
    put(&notes, &json!(records));
    let query: Vec<f32> = (0..8).map(|_| random() as f32 - 0.5).collect();
    for fusion in ["adaptive", "rrf"] {
        let (mut seen, mut offset, mut last) = (Vec::new(), Some(0), f32::INFINITY);
        while let Some(at) = offset {
            let request = json!({ "text": "apple quince", "limit": 40, "offset": at, "fusion": fusion });
            let answer = search(&notes, &request, Some(&query));
            for hit in &answer.hits {
                assert!(hit.score <= last, "{fusion}: {} after {last}", hit.score);
                last = hit.score;
                seen.push(hit.id.clone());
            }
            offset = answer.next;
        }
        assert_eq!(seen.len(), 600, "{fusion}");
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 600, "{fusion}");
    }
}
