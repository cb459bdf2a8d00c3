//! Any text as a Markdown file with front matter.
#![no_main]

use canopy_fuzz::check_draft;
use canopy_store::import::folder::document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let draft = document("notes/a.md", text, Some(1));
    check_draft(&draft);
    assert!(text.ends_with(&draft.text));
});
