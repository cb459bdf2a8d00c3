//! Writing a snapshot.

use super::{HEADER, LAYOUT, MAGIC};
use crate::ANALYZER_VERSION;
use crate::index::KeywordIndex;
use crate::postings::List;
use std::io::{Result, Write};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

pub(super) fn write(index: &KeywordIndex, out: &mut impl Write) -> Result<()> {
    let sections = [names(index), postings(index), documents(index)];
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(MAGIC);
    header.extend_from_slice(&LAYOUT.to_le_bytes());
    header.extend_from_slice(&ANALYZER_VERSION.to_le_bytes());
    for value in [index.options.k1, index.options.b, index.options.k3, index.reference] {
        header.extend_from_slice(&value.to_le_bytes());
    }
    for count in [index.dictionary.terms().len(), index.documents.slot_end()] {
        header.extend_from_slice(&(count as u32).to_le_bytes());
    }
    for section in &sections {
        header.extend_from_slice(&(section.len() as u64).to_le_bytes());
    }
    header.extend_from_slice(&xxh3_64(&header).to_le_bytes());
    out.write_all(&header)?;
    let mut hasher = Xxh3::new();
    for section in &sections {
        hasher.update(section);
        out.write_all(section)?;
    }
    out.write_all(&hasher.digest().to_le_bytes())?;
    out.flush()
}

/// Length of each name (0: a free number), then the names.
fn names(index: &KeywordIndex) -> Vec<u8> {
    let terms = index.dictionary.terms();
    let mut out: Vec<u8> = terms.iter().map(|term| term.name.len() as u8).collect();
    terms.iter().for_each(|term| out.extend_from_slice(term.name.as_bytes()));
    out
}

/// For each term its number of blocks; then 10 bytes a block (first, bound, len, width), then their data. A
/// single posting is a block of one offset.
fn postings(index: &KeywordIndex) -> Vec<u8> {
    let (mut counts, mut heads, mut data) = (Vec::new(), Vec::new(), Vec::new());
    let mut head = |first: u32, bound: f32, len: u8, width: u8| {
        heads.extend_from_slice(&first.to_le_bytes());
        heads.extend_from_slice(&bound.to_le_bytes());
        heads.extend_from_slice(&[len, width]);
    };
    for term in index.dictionary.terms() {
        let blocks = match &term.list {
            List::Few(few) => {
                if let Some(posting) = few {
                    head(posting.slot, 0.0, 1, 1);
                    data.extend_from_slice(&[0, posting.tf]);
                }
                usize::from(few.is_some())
            }
            List::Blocks(blocks) => {
                for block in blocks {
                    head(block.first(), block.bound(), block.len() as u8, block.width());
                    data.extend_from_slice(block.data());
                }
                blocks.len()
            }
        };
        counts.extend_from_slice(&(blocks as u32).to_le_bytes());
    }
    [counts, heads, data].concat()
}

/// For each slot its length (`u32::MAX`: free), then the size of its packed terms, then all packed terms.
fn documents(index: &KeywordIndex) -> Vec<u8> {
    let (mut lengths, mut sizes, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for document in index.documents.packed() {
        let (length, packed) = document.unwrap_or((u32::MAX, &[]));
        lengths.extend_from_slice(&length.to_le_bytes());
        sizes.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        data.extend_from_slice(packed);
    }
    [lengths, sizes, data].concat()
}
