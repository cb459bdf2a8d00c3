//! What each slot holds: its length and the numbers of its terms, so that it can be removed without its text.

use crate::memory::allocated;

/// Lengths and terms by slot.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// Tokens by slot; 0 where there is no document.
    lengths: Vec<u32>,
    /// Ascending term numbers as varints of their differences; `None` where there is no document.
    terms: Vec<Option<Box<[u8]>>>,
    count: usize,
    tokens: u64,
}

/// A document's length must be exact as an f32 and its bound finite.
pub(crate) const MAX_LENGTH: u32 = 1 << 24;

impl Documents {
    pub(crate) fn count(&self) -> usize {
        self.count
    }
    pub(crate) fn slot_end(&self) -> usize {
        self.terms.len()
    }
    pub(crate) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// Mean number of tokens; 0 for no document.
    pub(crate) fn average(&self) -> f32 {
        if self.count == 0 { 0.0 } else { (self.tokens as f64 / self.count as f64) as f32 }
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.terms.get(slot as usize).is_some_and(Option::is_some)
    }

    /// Stores a document in a free slot; `ids` ascend.
    pub(crate) fn insert(&mut self, slot: u32, length: u32, ids: impl Iterator<Item = u32>) {
        let mut packed = Vec::new();
        let mut previous = 0;
        for id in ids {
            write_varint(&mut packed, id - previous);
            previous = id;
        }
        self.insert_packed(slot, length, packed.into());
    }

    fn insert_packed(&mut self, slot: u32, length: u32, packed: Box<[u8]>) {
        let at = slot as usize;
        if at >= self.terms.len() {
            self.terms.resize_with(at + 1, || None);
            self.lengths.resize(at + 1, 0);
        }
        debug_assert!(self.terms[at].is_none());
        self.terms[at] = Some(packed);
        self.lengths[at] = length;
        self.count += 1;
        self.tokens += u64::from(length);
    }

    /// Takes a document out; answers its term numbers.
    pub(crate) fn remove(&mut self, slot: u32) -> Option<Vec<u32>> {
        let packed = self.terms.get_mut(slot as usize)?.take()?;
        let length = std::mem::take(&mut self.lengths[slot as usize]);
        self.count -= 1;
        self.tokens -= u64::from(length);
        Some(ids(&packed).collect())
    }

    /// The stored form of each slot.
    pub(crate) fn packed(&self) -> impl Iterator<Item = Option<(u32, &[u8])>> {
        self.terms.iter().zip(&self.lengths).map(|(terms, &length)| terms.as_deref().map(|packed| (length, packed)))
    }

    /// Restores a document from its stored form; `false` when that is damaged.
    pub(crate) fn restore(&mut self, slot: u32, length: u32, packed: &[u8], terms: usize, seen: &mut [u32]) -> bool {
        let (mut at, mut id, mut first) = (0, 0_u32, true);
        while at < packed.len() {
            let Some(next) = read_varint(packed, &mut at).and_then(|delta| {
                // Only the first number may be 0: the others ascend.
                if delta == 0 && !first { None } else { id.checked_add(delta) }
            }) else {
                return false;
            };
            if next as usize >= terms {
                return false;
            }
            (id, first) = (next, false);
            seen[id as usize] += 1;
        }
        if length > MAX_LENGTH {
            return false;
        }
        self.insert_packed(slot, length, packed.into());
        true
    }

    /// Makes room for slots below `end`.
    pub(crate) fn reserve(&mut self, end: usize) {
        let more = end.saturating_sub(self.terms.len());
        self.terms.reserve(more);
        self.lengths.reserve(more);
    }

    /// Ends with free slots up to `end`, as the snapshot did.
    pub(crate) fn extend_to(&mut self, end: usize) {
        if end > self.terms.len() {
            self.terms.resize_with(end, || None);
            self.lengths.resize(end, 0);
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        allocated(self.lengths.capacity() * size_of::<u32>())
            + allocated(self.terms.capacity() * size_of::<Option<Box<[u8]>>>())
            + self.terms.iter().flatten().map(|packed| allocated(packed.len())).sum::<usize>()
    }
}

fn ids(packed: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (mut at, mut id) = (0, 0);
    std::iter::from_fn(move || {
        id += read_varint(packed, &mut at)?;
        Some(id)
    })
}

fn write_varint(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut value = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7F).checked_shl(shift)?;
        if byte < 0x80 {
            return (shift < 28 || byte < 0x10).then_some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length_come_back() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 21, 1 << 28, u32::MAX] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            assert_eq!(read_varint(&bytes, &mut 0), Some(value));
            assert_eq!(read_varint(&bytes[..bytes.len() - 1], &mut 0), None, "truncated");
        }
        assert_eq!(read_varint(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F], &mut 0), None, "too large");
    }
}
