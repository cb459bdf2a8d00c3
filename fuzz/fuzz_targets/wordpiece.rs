//! The tokenizer: any vocabulary (up to the first NUL) and any text (after it).
#![no_main]

use canopy_embed::WordPiece;
use canopy_fuzz::halves;
use libfuzzer_sys::fuzz_target;

const SPECIAL: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
const WORDS: &str = "the\nun\n##able\n##s\na\nb\n##b\n,\n!\n中\né\ne\n";

fuzz_target!(|input: &str| {
    let (words, text) = halves(input);
    // The fuzzer rarely spells the special tokens itself.
    let candidates = [words.to_owned(), format!("{SPECIAL}{words}"), format!("{SPECIAL}{WORDS}")];
    for vocabulary in candidates {
        let Ok(tokenizer) = WordPiece::new(&vocabulary) else { continue };
        for limit in [0, 1, 2, 16, 4096] {
            let mut tokens = Vec::new();
            tokenizer.encode(text, limit, &mut tokens);
            assert!(tokens.len() <= limit.max(2));
            assert!(tokens.iter().all(|&token| (token as usize) < tokenizer.len()));
        }
    }
});
