//! Graphs over vectors that somebody else keeps.

use super::*;
use crate::graph::{Storage, Vectors};
use canopy_core::SlotSet;

struct Kept<'a>(&'a FlatIndex);

impl Vectors for Kept<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn dim(&self) -> usize {
        self.0.dim()
    }
    fn read(&self, i: usize, out: &mut [f32]) {
        out.copy_from_slice(self.0.vector(i as u32).unwrap());
    }
}

#[test]
fn it_proposes_what_an_index_with_vectors_finds() {
    let cancel = Cancel::new();
    for metric in [MetricKind::Cosine, MetricKind::Dot, MetricKind::L2] {
        let values = clusters(3000, 40, 3);
        let slots: Vec<u32> = (0..3000).collect();
        let mut flat = FlatIndex::new(40, metric).unwrap();
        flat.extend(&slots, Rows::new(&values, 40).unwrap()).unwrap();
        let options = BuildOptions { storage: Storage::F32, ..BuildOptions::default() };
        let whole =
            GraphIndex::build(&slots, Rows::new(&values, 40).unwrap(), metric, options, &cancel, &Progress::default());
        let over = GraphIndex::build_over(&slots, &Kept(&flat), metric, options, &cancel, &Progress::default());
        let (whole, mut over) = (whole.unwrap(), over.unwrap());
        assert!(over.memory_bytes() < whole.memory_bytes() - 3000 * 40 * 3);
        for query in clusters(20, 40, 9).chunks(40) {
            let search = SearchOptions { ef: 40, rerank: 60 };
            let hits = whole.search(query, 10, search, None, &cancel).unwrap();
            let proposed: SlotSet = over.candidates(query, 10, search, None, &cancel).unwrap().into_iter().collect();
            assert!(hits.iter().all(|hit| proposed.contains(hit.slot)), "{metric:?}");
        }
        assert!((0..3000).step_by(100).all(|slot| over.is_code_of(slot, flat.vector(slot).unwrap())));
        assert!(!over.is_code_of(0, flat.vector(1500).unwrap()));
        // Changes go in without upkeep, and the churn says how much there was.
        let more = clusters(300, 40, 21);
        let new: Vec<u32> = (2900..3200).collect();
        over.extend_only(&new, Rows::new(&more, 40).unwrap(), &[5, 6], &cancel).unwrap();
        assert_eq!((over.len(), over.slots().count()), (3198, 3198));
        assert!((0.11..0.14).contains(&over.churn()), "{}", over.churn());
        let found = |slot: u32, row: &[f32]| {
            let search = SearchOptions { ef: 40, rerank: 60 };
            over.candidates(row, 1, search, None, &cancel).unwrap().contains(&slot)
        };
        // The best by inner product need not be the vector itself.
        if metric != MetricKind::Dot {
            assert!(new.iter().zip(more.chunks(40)).filter(|(slot, row)| found(**slot, row)).count() >= 297);
        }
        assert!(!found(5, &values[5 * 40..6 * 40]));
    }
}

#[test]
fn what_needs_vectors_is_refused() {
    let (values, cancel) = (clusters(200, 16, 3), Cancel::new());
    let slots: Vec<u32> = (0..200).collect();
    let options = BuildOptions { storage: Storage::Elsewhere, ..BuildOptions::default() };
    let rows = Rows::new(&values, 16).unwrap();
    let mut index = GraphIndex::build(&slots, rows, MetricKind::L2, options, &cancel, &Progress::default()).unwrap();
    let code = |error: crate::Error| canopy_core::Coded::code(&error);
    assert_eq!(
        code(index.search(&values[..16], 3, SearchOptions::default(), None, &cancel).unwrap_err()),
        "INDEX_NO_VECTORS"
    );
    assert_eq!(code(index.score(&values[..16], &[1]).unwrap_err()), "INDEX_NO_VECTORS");
    assert_eq!(code(index.rebuilt(&cancel, &Progress::default()).unwrap_err()), "INDEX_NO_VECTORS");
    assert_eq!(code(index.autotune(0.9, 3, None, &cancel).unwrap_err()), "INDEX_NO_VECTORS");
    assert!(index.vector(3).is_none());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it");
    index.save_with(&path, b"notes").unwrap();
    let opened = GraphIndex::open(&path).unwrap();
    opened.check().unwrap();
    let ask = |index: &GraphIndex| index.candidates(&values[..16], 3, SearchOptions::default(), None, &cancel).unwrap();
    assert_eq!(ask(&opened), ask(&index));
    assert_eq!(opened.notes(), b"notes");
}
