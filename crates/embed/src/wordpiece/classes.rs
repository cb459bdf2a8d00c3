//! The class of a character, one lookup.

use super::tables;
use std::sync::OnceLock;

/// Bits of a character's class.
pub(super) const DROPPED: u8 = 1;
pub(super) const SPACE: u8 = 2;
pub(super) const CJK: u8 = 4;
pub(super) const PUNCTUATION: u8 = 8;
pub(super) const MARK: u8 = 16;

const BLOCK: usize = 256;
const BLOCKS: usize = 0x11_0000 / BLOCK;

/// A two-level table: most blocks of 256 characters are alike, so that all of Unicode takes some 40 KB.
pub(super) struct Classes {
    index: Box<[u8; BLOCKS]>,
    blocks: Vec<[u8; BLOCK]>,
}

impl Classes {
    /// The table, built at the first call.
    pub(super) fn get() -> &'static Self {
        static TABLE: OnceLock<Classes> = OnceLock::new();
        TABLE.get_or_init(Self::build)
    }

    /// The class bits of a character.
    #[inline]
    pub(super) fn of(&self, c: char) -> u8 {
        let code = c as usize;
        self.blocks[usize::from(self.index[code / BLOCK])][code % BLOCK]
    }

    fn build() -> Self {
        let mut flat = vec![0_u8; BLOCKS * BLOCK];
        for (code, class) in flat.iter_mut().enumerate().take(128) {
            let c = char::from(u8::try_from(code).expect("below 128"));
            *class = match c {
                '\t' | '\n' | '\r' | ' ' => SPACE,
                _ if c.is_ascii_control() => DROPPED,
                _ if c.is_ascii_punctuation() => PUNCTUATION,
                _ => 0,
            };
        }
        let listed = [
            (DROPPED, tables::DROPPED),
            (SPACE, tables::SPACE),
            (CJK, tables::CJK),
            (PUNCTUATION, tables::PUNCTUATION),
            (MARK, tables::MARK),
        ];
        for (bit, ranges) in listed {
            for &(first, last) in ranges {
                flat[first as usize..=last as usize].iter_mut().for_each(|class| *class |= bit);
            }
        }
        let mut table = Self { index: Box::new([0; BLOCKS]), blocks: Vec::new() };
        for (number, block) in flat.as_chunks::<BLOCK>().0.iter().enumerate() {
            let at = table.blocks.iter().position(|known| known == block).unwrap_or_else(|| {
                table.blocks.push(*block);
                table.blocks.len() - 1
            });
            table.index[number] =
                u8::try_from(at).expect("Unicode has fewer than 256 distinct blocks of these classes");
        }
        table
    }
}
