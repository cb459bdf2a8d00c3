//! Inverted lists in the file of the graph over the same vectors.

use super::files::resave;
use super::*;
use crate::Error;
use crate::hybrid::{self, HybridOptions};
use crate::ivf::{IvfOptions, IvfPq, IvfSearch};
use canopy_core::Coded;
use std::fs;
use std::path::Path;

const DIM: usize = 36;
const COUNT: usize = 1500;

fn sample(metric: MetricKind, options: IvfOptions) -> (GraphIndex, IvfPq) {
    let rows = clusters(COUNT, DIM, 1);
    let graph = built(&rows, DIM, metric, BuildOptions::default());
    let slots = slots(COUNT);
    let rows = Rows::new(&rows, DIM).unwrap();
    let lists = IvfPq::build(&slots, rows, metric, options, &Cancel::new(), &Progress::default()).unwrap();
    (graph, lists)
}

/// What a few queries find by lists, in their order and by the pipeline.
fn answers(graph: &GraphIndex, lists: &IvfPq) -> Vec<Vec<Hit>> {
    let (queries, cancel) = (clusters(8, DIM, 2), Cancel::new());
    let one = |query: &[f32]| {
        let by_lists = lists.search(query, 10, IvfSearch { probes: 9, rerank: 60 }, None, graph, &cancel).unwrap();
        let by_all = hybrid::search(graph, lists, query, 10, HybridOptions::default(), None, &cancel).unwrap();
        [by_lists, lists.candidates(query, 40, 5, None, &cancel).unwrap(), by_all]
    };
    queries.chunks_exact(DIM).flat_map(one).collect()
}

fn code(path: &Path) -> &'static str {
    GraphIndex::open_all(path).map(drop).unwrap_err().code()
}

#[test]
fn lists_are_opened_as_they_were_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let ways = [IvfOptions::default(), IvfOptions { optimise: false, parts: 5, lists: 300, ..IvfOptions::default() }];
    for metric in METRICS {
        for options in ways {
            let (graph, lists) = sample(metric, options);
            graph.save_all(&path, b"notes", Some(&lists)).unwrap();
            let (opened, found) = GraphIndex::open_all(&path).unwrap();
            let found = found.unwrap();
            opened.check().unwrap();
            assert_eq!((found.len(), found.lists(), found.dim()), (lists.len(), lists.lists(), lists.dim()));
            assert_eq!(answers(&opened, &found), answers(&graph, &lists));
            // Saved again over the file that both are mapped from.
            opened.save_all(&path, opened.notes(), Some(&found)).unwrap();
            let (again, once_more) = GraphIndex::open_all(&path).unwrap();
            assert_eq!(answers(&again, &once_more.unwrap()), answers(&graph, &lists));
            assert_eq!(again.notes(), b"notes");
            // Who doesn't want lists passes them over; who saves without leaves none.
            GraphIndex::open(&path).unwrap().save(&path).unwrap();
            assert!(GraphIndex::open_all(&path).unwrap().1.is_none());
        }
    }
    let none = Rows::new(&[], DIM).unwrap();
    let (cancel, progress) = (Cancel::new(), Progress::default());
    let lists = IvfPq::build(&[], none, MetricKind::L2, IvfOptions::default(), &cancel, &progress).unwrap();
    built(&[], DIM, MetricKind::L2, BuildOptions::default()).save_all(&path, b"", Some(&lists)).unwrap();
    let (_, found) = GraphIndex::open_all(&path).unwrap();
    assert_eq!(found.unwrap().candidates(&[1.0; DIM], 3, 3, None, &cancel), Ok(vec![]));
}

#[test]
fn damage_to_lists_is_an_error_or_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (graph, lists) = sample(MetricKind::L2, IvfOptions::default());
    graph.save_all(&path, b"", Some(&lists)).unwrap();
    let (bytes, expected) = (fs::read(&path).unwrap(), answers(&graph, &lists));
    // Only these sections of the file are of lists, each is hit.
    let format = crate::graph::file::FORMAT;
    let sections: Vec<_> = canopy_file::sections("", &bytes, format).unwrap();
    let mut random = Random::new(23);
    for section in sections.iter().filter(|section| section.name.starts_with("ivf")) {
        for case in 0..12 {
            let mut bytes = bytes.clone();
            if case == 0 {
                bytes.truncate(section.at + section.len / 2);
            } else {
                bytes[section.at + random.below(section.len)] ^= 1 << random.below(8);
            }
            fs::write(&path, &bytes).unwrap();
            match GraphIndex::open_all(&path) {
                Err(error) => assert!(matches!(error, Error::Truncated { .. } | Error::Damaged { .. }), "{error}"),
                Ok((graph, lists)) => {
                    // Codes aren't read before they are needed: whatever they say, candidates are scored exactly.
                    assert_eq!(section.name, "ivfcodes");
                    assert_eq!(answers(&graph, &lists.unwrap()).len(), expected.len());
                    assert_eq!(graph.check().unwrap_err().code(), "INDEX_CORRUPT");
                }
            }
        }
    }
}

#[test]
fn contradictions_of_lists_behind_right_checksums_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, bad) = (folder.path().join("a"), folder.path().join("b"));
    let (graph, lists) = sample(MetricKind::Dot, IvfOptions::default());
    graph.save_all(&path, b"", Some(&lists)).unwrap();
    let refused = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        resave(&path, &bad, name, change);
        assert_eq!(code(&bad), "INDEX_CORRUPT", "{name}");
    };
    resave(&path, &bad, "ivf", &|_| ());
    assert!(GraphIndex::open_all(&bad).is_ok());
    let edit = |from: &'static str, to: &'static str| {
        move |bytes: &mut Vec<u8>| {
            let text = String::from_utf8(std::mem::take(bytes)).unwrap();
            assert!(text.contains(from), "{text}");
            *bytes = text.replace(from, to).into_bytes();
        }
    };
    for (from, to) in [
        ("\"dot\"", "\"l2\""),
        ("\"dim\":36", "\"dim\":0"),
        ("\"dim\":36", "\"dim\":35"),
        ("\"parts\":10", "\"parts\":9"),
        ("\"entries\":16", "\"entries\":17"),
        ("\"unit\":", "\"unit\":-"),
    ] {
        refused("ivf", &edit(from, to));
    }
    let nan = |bytes: &mut Vec<u8>| bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    for name in ["ivfmean", "ivfcent", "ivfturn", "ivfbooks"] {
        refused(name, &nan);
        refused(name, &|bytes| bytes.truncate(bytes.len() - 4));
    }
    // More vectors in a list than there are, and so many that no number of them fits.
    refused("ivflens", &|bytes| bytes[0] ^= 1);
    refused("ivflens", &|bytes| bytes.fill(0xFF));
    // A slot twice, one that nobody has, and one of nobody.
    refused("ivfslots", &|bytes| bytes.copy_within(0..4, 4));
    refused("ivfslots", &|bytes| bytes[..4].copy_from_slice(&9_999_u32.to_le_bytes()));
    refused("ivfslots", &|bytes| bytes[..4].fill(0xFF));
    refused("ivfcodes", &|bytes| bytes.truncate(bytes.len() - 1));
}

#[test]
fn lists_of_other_vectors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (mut graph, lists) = sample(MetricKind::L2, IvfOptions::default());
    graph.remove(7).unwrap();
    graph.save_all(&path, b"", Some(&lists)).unwrap();
    assert_eq!(code(&path), "INDEX_CORRUPT");
    graph.upsert(7000, &[0.5; DIM]).unwrap();
    graph.save_all(&path, b"", Some(&lists)).unwrap();
    assert_eq!(code(&path), "INDEX_CORRUPT");
    // The graph itself is sound.
    assert!(GraphIndex::open(&path).is_ok());
}
