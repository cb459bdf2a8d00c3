//! Reading a snapshot, trusting nothing.

use super::{HEADER, LAYOUT, MAGIC};
use crate::dictionary::{Dictionary, Term};
use crate::documents::Documents;
use crate::index::KeywordIndex;
use crate::postings::{Block, List, Posting};
use crate::{ANALYZER_VERSION, Analyzer, Error, Options};
use std::io::Read;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes a block head.
const HEAD: usize = 10;

/// Takes little-endian values off the front of a section.
struct Section<'a> {
    name: &'static str,
    rest: &'a [u8],
}

impl<'a> Section<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (front, rest) = self.rest.split_at_checked(len).ok_or_else(|| self.damaged("it ends too early"))?;
        self.rest = rest;
        Ok(front)
    }

    fn column<const N: usize>(&mut self, count: usize) -> Result<impl Iterator<Item = [u8; N]> + Clone + 'a, Error> {
        let size = count.checked_mul(N).ok_or_else(|| self.damaged("a count is too large"))?;
        let column = self.take(size)?;
        Ok(column.chunks_exact(N).map(|chunk| {
            let mut value = [0; N];
            value.copy_from_slice(chunk);
            value
        }))
    }

    fn one<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.column(1)?.next().ok_or_else(|| self.damaged("it ends too early"))
    }

    fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged("it is longer than its content")) }
    }

    fn damaged(&self, how: &str) -> Error {
        Error::corrupt(format!("the section \"{}\" is damaged: {how}", self.name))
    }
}

struct Header {
    options: Options,
    reference: f32,
    terms: usize,
    slots: usize,
    sections: [u64; 3],
}

pub(super) fn read(input: &mut impl Read) -> Result<KeywordIndex, Error> {
    let header = header(input)?;
    let total = header.sections.iter().try_fold(8_u64, |sum, &len| sum.checked_add(len));
    let total = total.ok_or_else(|| Error::corrupt("the section lengths don't fit into 64 bits"))?;
    // The lengths are claims: memory grows with the bytes that really arrive.
    let mut bytes = Vec::with_capacity(total.min(1 << 26) as usize);
    input.take(total).read_to_end(&mut bytes).map_err(Error::Io)?;
    if bytes.len() as u64 != total {
        return Err(Error::corrupt(format!("{total} bytes should follow the header, {} do", bytes.len())));
    }
    let (content, checksum) = bytes.split_at(bytes.len() - 8);
    if xxh3_64(content).to_le_bytes() != checksum {
        return Err(Error::corrupt("the checksum doesn't match the content"));
    }
    let (first, rest) = content.split_at(header.sections[0] as usize);
    let (second, third) = rest.split_at(header.sections[1] as usize);
    let lists = lists(Section { name: "postings", rest: second }, &header)?;
    let dictionary = dictionary(Section { name: "names", rest: first }, lists)?;
    let documents = documents(Section { name: "documents", rest: third }, &header, &dictionary)?;
    let Header { options, reference, .. } = header;
    Ok(KeywordIndex { options, analyzer: Analyzer::new(), dictionary, documents, reference })
}

fn header(input: &mut impl Read) -> Result<Header, Error> {
    let mut bytes = Vec::with_capacity(HEADER);
    input.take(HEADER as u64).read_to_end(&mut bytes).map_err(Error::Io)?;
    if !bytes.starts_with(MAGIC) {
        return Err(Error::corrupt("it doesn't begin like a snapshot of a keyword index"));
    }
    if bytes.len() < HEADER {
        return Err(Error::corrupt(format!("the header needs {HEADER} bytes, there are {}", bytes.len())));
    }
    let mut fields = Section { name: "header", rest: &bytes[MAGIC.len()..] };
    let (layout, analyzer) = (u32::from_le_bytes(fields.one()?), u32::from_le_bytes(fields.one()?));
    if xxh3_64(&bytes[..HEADER - 8]).to_le_bytes() != bytes[HEADER - 8..] {
        return Err(Error::corrupt("the checksum doesn't match the header"));
    }
    if (layout, analyzer) != (LAYOUT, ANALYZER_VERSION) {
        return Err(Error::Outdated { layout, analyzer, expected_layout: LAYOUT, expected_analyzer: ANALYZER_VERSION });
    }
    let mut float = || Ok::<_, Error>(f32::from_le_bytes(fields.one()?));
    let options = Options { k1: float()?, b: float()?, k3: float()? };
    let options = options.check().map_err(|error| Error::corrupt(error.to_string()))?;
    let reference = float()?;
    if !(reference >= 0.0 && reference.is_finite()) {
        return Err(Error::corrupt(format!("the reference length is {reference}")));
    }
    let mut count = || Ok::<_, Error>(u32::from_le_bytes(fields.one()?) as usize);
    let (terms, slots) = (count()?, count()?);
    let mut length = || Ok::<_, Error>(u64::from_le_bytes(fields.one()?));
    let sections = [length()?, length()?, length()?];
    Ok(Header { options, reference, terms, slots, sections })
}

fn lists(mut section: Section<'_>, header: &Header) -> Result<Vec<List>, Error> {
    let counts = section.column::<4>(header.terms)?.map(|count| u32::from_le_bytes(count) as usize);
    let blocks =
        counts.clone().try_fold(0_usize, usize::checked_add).ok_or_else(|| section.damaged("a count is too large"))?;
    let mut heads = section.column::<HEAD>(blocks)?;
    let mut lists = Vec::with_capacity(header.terms);
    for count in counts {
        let mut list = Vec::with_capacity(count);
        for head in heads.by_ref().take(count) {
            let (len, width) = (head[8], head[9]);
            let data = section.take(usize::from(len) * (usize::from(width) + 1))?;
            let first = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
            let bound = f32::from_le_bytes([head[4], head[5], head[6], head[7]]);
            let block = Block::from_parts(first, len, width, bound, data);
            list.push(block.ok_or_else(|| section.damaged("a block is not sorted or not whole"))?);
        }
        if !list.is_sorted_by(|a, b| a.last() < b.first())
            || list.last().is_some_and(|b| b.last() as usize >= header.slots)
        {
            return Err(section.damaged("slots are out of order or out of range"));
        }
        lists.push(match &list[..] {
            [] => List::EMPTY,
            [one] if one.len() == 1 => {
                List::Few(Some(Posting { slot: one.first(), tf: one.find(one.first()).unwrap_or(1) }))
            }
            _ => List::Blocks(list),
        });
    }
    section.finish()?;
    Ok(lists)
}

fn dictionary(mut section: Section<'_>, lists: Vec<List>) -> Result<Dictionary, Error> {
    let lengths = section.take(lists.len())?;
    let mut dictionary = Dictionary::with_capacity(lists.len());
    for (list, &length) in lists.into_iter().zip(lengths) {
        let name = std::str::from_utf8(section.take(usize::from(length))?);
        let name = name.map_err(|_| section.damaged("a term is not UTF-8"))?;
        let documents = list.count() as u32;
        if name.is_empty() != (documents == 0) {
            return Err(section.damaged("a term has no name or no document"));
        }
        if !dictionary.restore(Term { name: name.into(), list, documents }) {
            return Err(section.damaged("a term is there twice"));
        }
    }
    section.finish()?;
    Ok(dictionary)
}

fn documents(mut section: Section<'_>, header: &Header, dictionary: &Dictionary) -> Result<Documents, Error> {
    let lengths = section.column::<4>(header.slots)?.map(u32::from_le_bytes);
    let sizes = section.column::<4>(header.slots)?.map(|size| u32::from_le_bytes(size) as usize);
    let mut documents = Documents::default();
    documents.reserve(header.slots);
    let mut seen = vec![0_u32; header.terms];
    for ((slot, length), size) in (0_u32..).zip(lengths).zip(sizes) {
        let packed = section.take(size)?;
        let free = length == u32::MAX;
        if free && size == 0 {
            continue;
        }
        if free || !documents.restore(slot, length, packed, header.terms, &mut seen) {
            return Err(section.damaged("the terms of a document are out of order or unknown"));
        }
    }
    documents.extend_to(header.slots);
    // Both directions must count alike. That each pair agrees is what the checksum is for.
    if seen.iter().zip(dictionary.terms()).any(|(&seen, term)| seen != term.documents) {
        return Err(section.damaged("documents and postings disagree"));
    }
    section.finish()?;
    Ok(documents)
}
