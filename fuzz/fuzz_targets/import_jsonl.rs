//! Any bytes as JSONL: every line is a record or an error, and a resumed import reads what a whole one reads.
#![no_main]

use canopy_fuzz::{LIMIT, check_draft};
use canopy_store::import::jsonl::{Options, Reader};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

fuzz_target!(|bytes: &[u8]| {
    let options = Options { max_line_bytes: LIMIT, ..Options::default() };
    let whole: Vec<_> = Reader::new(bytes, "in", &options).collect();
    whole.iter().flatten().for_each(check_draft);
    let Some(middle) = whole.iter().flatten().nth(whole.len() / 2) else { return };
    let rest = Reader::resume(Cursor::new(bytes), "in", &options, &middle.position).expect("its own position");
    let after = whole.iter().flatten().skip_while(|draft| draft.position != middle.position).skip(1);
    assert!(rest.flatten().eq(after.cloned()));
});
