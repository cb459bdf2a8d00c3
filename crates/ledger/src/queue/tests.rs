use super::*;

fn options(capacity: u64) -> QueueOptions {
    QueueOptions { capacity, remember_ms: 60_000, drain: true, ..QueueOptions::default() }
}

fn open(capacity: u64) -> (tempfile::TempDir, Queue) {
    let folder = tempfile::tempdir().unwrap();
    let queue = Queue::open(&folder.path().join("queue.db"), options(capacity)).unwrap();
    (folder, queue)
}

fn push(queue: &Queue, target: &str, key: Option<&str>, body: &str) -> QueueAnswer {
    let operation = QueueOp::Push {
        target: target.into(),
        tenant: "t".into(),
        key: key.map(Into::into),
        prefix: "p".into(),
        body: 0,
    };
    queue.apply(&[operation], &[body.as_bytes()]).unwrap().pop().unwrap()
}

#[test]
fn items_come_out_by_collection_oldest_first_with_ids() {
    let (_folder, queue) = open(100);
    push(&queue, "a", None, r#" [ {"text":"1"}, {"id":"own","text":"2"}, { } ] "#);
    push(&queue, "b", None, r#"[{"id":"x"}]"#);
    push(&queue, "a", None, r#"[{"id":"y"}]"#);
    let first = queue.next(100, &[]).unwrap().unwrap();
    assert_eq!(
        (first.target.as_str(), first.seqs.as_slice(), first.records.as_slice()),
        ("a", [1, 3].as_slice(), [3, 1].as_slice())
    );
    assert_eq!(
        String::from_utf8(first.body).unwrap(),
        r#"[{"id":"p-0","text":"1"},{"id":"own","text":"2"},{"id":"p-2"},{"id":"y"}]"#
    );
    assert_eq!(queue.next(100, &["a".into()]).unwrap().unwrap().target, "b");
    assert_eq!(queue.next(2, &[]).unwrap().unwrap().seqs, [1], "an item is never cut");
    queue.apply(&[QueueOp::Ack { seqs: vec![1, 2, 3] }], &[]).unwrap();
    assert!(queue.next(100, &[]).unwrap().is_none());
    assert_eq!(queue.stats().unwrap().depth, 0);
}

#[test]
fn a_key_counts_once_and_a_full_queue_says_so() {
    let (_folder, queue) = open(3);
    assert_eq!(push(&queue, "a", Some("k"), r#"[{},{}]"#), QueueAnswer::Done { seq: 1, records: 2 });
    assert_eq!(push(&queue, "a", Some("k"), r#"[{},{}]"#), QueueAnswer::Repeated { seq: 1, records: 2 });
    assert_eq!(push(&queue, "a", Some("k"), r#"[{}]"#), QueueAnswer::Conflict);
    assert_eq!(push(&queue, "b", Some("k"), r#"[{},{}]"#), QueueAnswer::Conflict);
    assert_eq!(push(&queue, "a", Some("l"), r#"[{},{}]"#), QueueAnswer::Full { depth: 2 });
    assert_eq!(
        push(&queue, "a", Some("l"), r#"[{}]"#),
        QueueAnswer::Done { seq: 2, records: 1 },
        "what was refused used no key"
    );
}

#[test]
fn what_is_no_array_of_records_is_refused_alone() {
    let (_folder, queue) = open(10);
    for wrong in ["", "{}", "[]", "[1]", "[{\"id\":7}]", "[{}", "[{\"id\":\"a\",}]", "null"] {
        assert!(matches!(push(&queue, "a", None, wrong), QueueAnswer::Invalid { .. }), "{wrong}");
    }
    assert_eq!(queue.stats().unwrap().depth, 0);
}

#[test]
fn dead_letters_are_kept_listed_and_replayed() {
    let (_folder, queue) = open(10);
    let bury = QueueOp::Bury {
        target: "a".into(),
        tenant: "t".into(),
        body: 0,
        records: 1,
        code: "TEXT_EMPTY".into(),
        message: "no text".into(),
    };
    queue.apply(&[bury], &[br#"[{"id":"z"}]"#]).unwrap();
    let dead = queue.dead(0, 10).unwrap();
    assert_eq!((dead.len(), dead[0].code.as_str(), dead[0].records.get()), (1, "TEXT_EMPTY", r#"[{"id":"z"}]"#));
    queue.apply(&[QueueOp::Replay { ids: None }], &[]).unwrap();
    assert_eq!(queue.next(10, &[]).unwrap().unwrap().records, [1]);
    assert_eq!((queue.stats().unwrap().depth, queue.stats().unwrap().dead), (1, 0));
}

#[test]
fn one_process_drains_and_what_was_accepted_is_there_after_reopening() {
    let (folder, queue) = open(10);
    let path = folder.path().join("queue.db");
    push(&queue, "a", Some("k"), r#"[{}]"#);
    assert!(matches!(Queue::open(&path, options(10)), Err(Error::Locked { .. })));
    assert_eq!(Queue::open(&path, QueueOptions { drain: false, ..options(10) }).unwrap().stats().unwrap().depth, 1);
    drop(queue);
    let again = Queue::open(&path, options(10)).unwrap();
    assert_eq!(again.next(10, &[]).unwrap().unwrap().records, [1]);
    assert_eq!(push(&again, "a", Some("k"), r#"[{}]"#), QueueAnswer::Repeated { seq: 1, records: 1 });
}
