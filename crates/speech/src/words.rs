//! Words from the tokens of a segment.

use crate::Word;

/// A token as the engine gives it; times in seconds of the recording.
pub(crate) struct Token<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) start: f64,
    pub(crate) end: f64,
    pub(crate) probability: f32,
}

/// Joins tokens to words: a token that begins with a space begins a word. Tokens are pieces of UTF-8, of which one alone may be no text.
pub(crate) fn words<'a>(tokens: impl Iterator<Item = Token<'a>>) -> Vec<Word> {
    let mut open: Vec<(Vec<u8>, Word)> = Vec::new();
    for token in tokens {
        match open.last_mut() {
            Some((bytes, word)) if !token.bytes.starts_with(b" ") => {
                bytes.extend_from_slice(token.bytes);
                word.end = word.end.max(token.end);
                word.probability = word.probability.min(token.probability);
            }
            _ => {
                let word =
                    Word { word: String::new(), start: token.start, end: token.end, probability: token.probability };
                open.push((token.bytes.to_vec(), word));
            }
        }
    }
    let text =
        |(bytes, word): (Vec<u8>, Word)| Word { word: String::from_utf8_lossy(&bytes).trim().to_owned(), ..word };
    let mut words: Vec<Word> = open.into_iter().map(text).filter(|word| !word.word.is_empty()).collect();
    // The engine estimates times token by token; words neither overlap nor run backwards.
    let mut floor = words.first().map_or(0.0, |word| word.start);
    for word in &mut words {
        word.start = word.start.max(floor);
        word.end = word.end.max(word.start);
        floor = word.end;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_words_whose_times_ascend() {
        let token = |bytes, start, end| Token { bytes, start, end, probability: 0.5 };
        let tokens = [
            token(b" It".as_slice(), 0.0, 0.2),
            token(b" was", 0.1, 0.4),
            token(b" caf", 0.4, 0.6),
            token(&[0xC3], 0.6, 0.6),
            token(&[0xA9], 0.6, 0.5),
            token(b",", 0.5, 0.7),
            token(b" ", 0.7, 0.7),
        ];
        let words = words(tokens.into_iter());
        let seen: Vec<(&str, f64, f64)> = words.iter().map(|word| (word.word.as_str(), word.start, word.end)).collect();
        assert_eq!(seen, [("It", 0.0, 0.2), ("was", 0.2, 0.4), ("café,", 0.4, 0.7)]);
    }
}
