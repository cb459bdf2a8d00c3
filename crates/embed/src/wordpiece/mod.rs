//! BERT's uncased tokenizer: cleaning, splitting, and WordPiece's greedy longest match.
//!
//! Our own rather than the `tokenizers` crate: that one keeps an alignment of every character through each step (about 3 MB/s on one core,
//! too slow for importing 5,000 documents a second beside everything else) and pulls in some sixty crates. The reference stays the judge:
//! `tests/fixtures/wordpiece.json` holds what it answers to several hundred nasty strings.

mod classes;
mod tables;
mod trie;

use classes::{CJK, Classes, DROPPED, MARK, PUNCTUATION, SPACE};
use trie::Trie;
use unicode_normalization::UnicodeNormalization;

/// Longer words are unknown as a whole, as in the reference.
const MAX_WORD_CHARS: usize = 100;
/// What continues a word, in the vocabulary.
const CONTINUATION: &str = "##";
/// Tokens that a text may spell out, as in the reference.
const SPECIAL: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// A vocabulary and the rules that turn text into its tokens.
#[derive(Debug)]
pub struct WordPiece {
    starts: Trie,
    continuations: Trie,
    special: [u32; SPECIAL.len()],
    len: usize,
}

/// The vocabulary can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the vocabulary {0}")]
pub struct VocabularyError(String);

impl WordPiece {
    /// Reads a vocabulary: one token a line, numbered from 0.
    ///
    /// # Errors
    /// [`VocabularyError`] for an empty or repeated token, or when one of the special tokens is missing.
    pub fn new(vocabulary: &str) -> Result<Self, VocabularyError> {
        let tokens: Vec<&str> = vocabulary.strip_suffix('\n').unwrap_or(vocabulary).split('\n').collect();
        let mut seen = std::collections::HashMap::with_capacity(tokens.len());
        let (mut starts, mut continuations) = (Vec::new(), Vec::new());
        for (id, &token) in (0_u32..).zip(&tokens) {
            if token.is_empty() || seen.insert(token, id).is_some() {
                return Err(VocabularyError(format!("has an empty or repeated token {token:?} in line {}", id + 1)));
            }
            match token.strip_prefix(CONTINUATION) {
                Some(rest) if !rest.is_empty() => continuations.push((rest.as_bytes(), id)),
                _ => {}
            }
            // A word may itself begin with `##`: punctuation splits it before that matters, but `##` alone is an entry like any other.
            starts.push((token.as_bytes(), id));
        }
        let mut special = [0; SPECIAL.len()];
        for (id, name) in special.iter_mut().zip(SPECIAL) {
            *id = *seen.get(name).ok_or_else(|| VocabularyError(format!("lacks the token {name}")))?;
        }
        Ok(Self { starts: Trie::new(starts), continuations: Trie::new(continuations), special, len: tokens.len() })
    }

    /// Number of tokens in the vocabulary.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never true: the special tokens are always there.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The token for words that the vocabulary can't spell.
    pub fn unknown(&self) -> u32 {
        self.special[1]
    }

    /// Whether a token is one of `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]`, `[MASK]`.
    pub fn is_special(&self, token: u32) -> bool {
        self.special.contains(&token)
    }

    /// Appends `[CLS]`, the tokens of the text and `[SEP]`, at most `limit` in all; the rest of the text isn't even read.
    pub fn encode(&self, text: &str, limit: usize, out: &mut Vec<u32>) {
        out.push(self.special[2]);
        let end = out.len() + limit.saturating_sub(2);
        self.encode_plain(text, end, out);
        out.push(self.special[3]);
    }

    /// Appends the tokens of the text until `out` holds `end` of them.
    pub fn encode_plain(&self, text: &str, end: usize, out: &mut Vec<u32>) {
        let mut rest = text;
        while let Some((at, id)) = self.next_special(rest) {
            self.encode_segment(&rest[..at.start], end, out);
            if out.len() >= end {
                return;
            }
            out.push(id);
            rest = &rest[at.end..];
        }
        self.encode_segment(rest, end, out);
    }

    /// The first special token that is spelled out in the text.
    fn next_special(&self, text: &str) -> Option<(std::ops::Range<usize>, u32)> {
        text.match_indices('[').find_map(|(at, _)| {
            let which = SPECIAL.iter().position(|name| text[at..].starts_with(name))?;
            Some((at..at + SPECIAL[which].len(), self.special[which]))
        })
    }

    fn encode_segment(&self, text: &str, end: usize, out: &mut Vec<u32>) {
        let mut words =
            Words { owner: self, classes: Classes::get(), word: Vec::with_capacity(64), chars: 0, end, out };
        if text.is_ascii() {
            words.ascii(text.as_bytes());
        } else {
            words.unicode(text);
        }
        words.flush();
    }

    /// Appends the pieces of one cleaned word, or the unknown token when it can't be spelled.
    fn pieces(&self, word: &[u8], out: &mut Vec<u32>) {
        let before = out.len();
        let mut rest = word;
        let mut trie = &self.starts;
        while !rest.is_empty() {
            let Some((token, length)) = trie.longest(rest) else {
                out.truncate(before);
                out.push(self.unknown());
                return;
            };
            out.push(token);
            rest = &rest[length..];
            trie = &self.continuations;
        }
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.starts.memory_bytes() + self.continuations.memory_bytes()
    }
}

/// Collects cleaned characters into words.
struct Words<'a> {
    owner: &'a WordPiece,
    classes: &'static Classes,
    word: Vec<u8>,
    chars: usize,
    end: usize,
    out: &'a mut Vec<u32>,
}

impl Words<'_> {
    fn ascii(&mut self, text: &[u8]) {
        for &byte in text {
            let class = self.classes.of(char::from(byte));
            if class == 0 {
                self.push(char::from(byte.to_ascii_lowercase()));
            } else if class & DROPPED == 0 {
                self.boundary(char::from(byte), class);
                if self.full() {
                    return;
                }
            }
        }
    }

    /// In the reference's order: clean, set ideographs apart, decompose, drop marks, lowercase, split.
    fn unicode(&mut self, text: &str) {
        let classes = self.classes;
        let cleaned = text.chars().filter_map(|c| match classes.of(c) {
            class if class & DROPPED != 0 => None,
            class if class & SPACE != 0 => Some(' '),
            _ => Some(c),
        });
        let spaced = cleaned.flat_map(|c| {
            let apart = (classes.of(c) & CJK != 0).then_some(' ');
            apart.into_iter().chain([c]).chain(apart)
        });
        let plain = spaced.nfd().filter(|&c| classes.of(c) & MARK == 0);
        for c in plain.flat_map(char::to_lowercase) {
            let class = classes.of(c);
            if class & (SPACE | PUNCTUATION) == 0 {
                self.push(c);
            } else {
                self.boundary(c, class);
                if self.full() {
                    return;
                }
            }
        }
    }

    fn push(&mut self, c: char) {
        self.chars += 1;
        if self.chars <= MAX_WORD_CHARS {
            self.word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// A space ends a word; a punctuation mark ends it and is a word itself.
    fn boundary(&mut self, c: char, class: u8) {
        self.flush();
        if class & PUNCTUATION != 0 {
            self.push(c);
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.chars > MAX_WORD_CHARS {
            self.out.push(self.owner.unknown());
        } else if self.chars > 0 {
            self.owner.pieces(&self.word, self.out);
        }
        self.out.truncate(self.end);
        self.word.clear();
        self.chars = 0;
    }

    fn full(&self) -> bool {
        self.out.len() >= self.end
    }
}
