//! Speed and size: `cargo run --release -p canopy-keyword --example keyword_bench -- DOCUMENTS [FILE]`.
//!
//! Without FILE the texts are generated: 60 to 100 words drawn by Zipf's law from a vocabulary that grows with them.
//! With FILE each line is a text, repeated in pairs until there are DOCUMENTS. Queries have 5 to 15 words: every other one
//! is a passage of a document, the rest are words from anywhere. The last line printed is one JSON object.
#![expect(clippy::print_stdout, reason = "the answer of a command line tool")]

use canopy_core::{Cancel, SlotSet};
use canopy_keyword::{HighlightOptions, KeywordIndex, Options};
use std::error::Error;
use std::time::Instant;

const QUERIES: usize = 1000;
const ROUNDS: usize = 3;

/// SplitMix64: the same texts on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().ok_or("say how many documents")?.parse()?;
    let mut random = Random(42);
    let texts = match arguments.next() {
        Some(file) => repeated(&std::fs::read_to_string(file)?, count, &mut random),
        None => generated(count, &mut random),
    };
    let words: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    let slotted: Vec<(u32, &str)> = (0..).zip(texts.iter().map(String::as_str)).collect();
    let queries: Vec<String> = (0..QUERIES).map(|at| query(&texts, at % 2 == 0, &mut random)).collect();

    let start = Instant::now();
    let mut index = KeywordIndex::new(Options::default())?;
    index.extend(&slotted);
    let build = start.elapsed();

    let mut search = Timings::default();
    for text in std::iter::repeat_n(&queries, ROUNDS).flatten() {
        search.time(|| index.search(text, 10, None, &Cancel::new()).map(|hits| hits.len()))?;
    }
    let mut filtered = Timings::default();
    for (at, text) in queries.iter().enumerate() {
        // From one document in two to one in a thousand.
        let share = [2, 10, 100, 1000][at % 4];
        let allow: SlotSet = (0..count as u32).filter(|slot| slot % share == 0).collect();
        filtered.time(|| index.search(text, 10, Some(&allow), &Cancel::new()).map(|hits| hits.len()))?;
    }
    let long = texts.iter().flat_map(|text| [text.as_str(), " "]).take(3000).collect::<String>();
    let long = &long[..long.floor_char_boundary(100_000.min(long.len()))];
    let mut longest = Timings::default();
    for _ in 0..ROUNDS {
        longest.time(|| index.search(long, 10, None, &Cancel::new()).map(|hits| hits.len()))?;
    }
    let mut highlight = Timings::default();
    for (text, words) in texts.iter().zip(&queries) {
        highlight
            .time(|| Ok::<_, canopy_keyword::Error>(index.highlight(text, words, &HighlightOptions::default())))?;
    }
    let mut snapshot = Vec::new();
    let start = Instant::now();
    index.write_to(&mut snapshot)?;
    let write = start.elapsed();
    let start = Instant::now();
    let mut index = KeywordIndex::read_from(&mut &snapshot[..])?;
    let read = start.elapsed();

    let (mut add, mut replace) = (Timings::default(), Timings::default());
    for (text, slot) in texts.iter().take(QUERIES).zip(count as u32..) {
        add.time(|| put(&mut index, slot, text))?;
        let other = random.below(count) as u32;
        replace.time(|| put(&mut index, other, text))?;
    }
    println!(
        "{}",
        serde_json::json!({
            "documents": count, "words_each": words / count, "terms": index.terms(), "build_s": build.as_secs_f64(),
            "search_p50_ms": search.at(0.5), "search_p95_ms": search.at(0.95), "search_max_ms": search.at(1.0),
            "filtered_p50_ms": filtered.at(0.5), "filtered_p95_ms": filtered.at(0.95),
            "query_of_100kb_ms": longest.at(0.0), "add_p50_ms": add.at(0.5), "add_p95_ms": add.at(0.95),
            "replace_p50_ms": replace.at(0.5), "replace_p95_ms": replace.at(0.95),
            "highlight_p50_ms": highlight.at(0.5), "memory_bytes": index.memory_bytes(),
            "snapshot_bytes": snapshot.len(), "snapshot_write_ms": write.as_secs_f64() * 1e3,
            "snapshot_read_ms": read.as_secs_f64() * 1e3,
        })
    );
    Ok(())
}

fn put(index: &mut KeywordIndex, slot: u32, text: &str) -> Result<(), canopy_keyword::Error> {
    index.upsert(slot, text);
    Ok(())
}

#[derive(Default)]
struct Timings(Vec<f64>);

impl Timings {
    fn time<T, E>(&mut self, work: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        let start = Instant::now();
        std::hint::black_box(work()?);
        self.0.push(start.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }
    /// Milliseconds at a share of the sorted times.
    fn at(&mut self, share: f64) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let at = ((self.0.len() - 1) as f64 * share) as usize;
        (self.0[at] * 1e4).round() / 1e4
    }
}

/// Rank `r` has probability near `1 / (r + 2.7)` (Zipf-Mandelbrot, as English has), by inverting the integral.
fn generated(count: usize, random: &mut Random) -> Vec<String> {
    let vocabulary = 20_000.0 + (count as f64).powf(0.9);
    let word = |random: &mut Random| {
        let (low, high) = (2.7_f64, vocabulary + 2.7);
        let rank = (low * (high / low).powf(random.unit()) - low) as u64;
        spell(rank)
    };
    let text = |random: &mut Random| (0..60 + random.below(41)).map(|_| word(random)).collect::<Vec<_>>().join(" ");
    (0..count).map(|_| text(random)).collect()
}

/// A pronounceable word for a rank, short for frequent ranks.
fn spell(rank: u64) -> String {
    const SYLLABLES: [&str; 24] = [
        "ba", "ko", "ri", "ten", "mul", "sa", "vor", "el", "di", "pan", "gu", "lo", "mi", "ner", "ta", "su", "fe",
        "hal", "o", "wik", "zu", "ja", "qua", "xi",
    ];
    let mut rest = rank + 24;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(SYLLABLES[(rest % 24) as usize]);
        rest /= 24;
    }
    word
}

fn repeated(lines: &str, count: usize, random: &mut Random) -> Vec<String> {
    let lines: Vec<&str> = lines.lines().filter(|line| !line.trim().is_empty()).collect();
    let again =
        |at: usize, random: &mut Random| format!("{} {}", lines[at % lines.len()], lines[random.below(lines.len())]);
    (0..count).map(|at| if at < lines.len() { lines[at].to_owned() } else { again(at, random) }).collect()
}

fn query(texts: &[String], passage: bool, random: &mut Random) -> String {
    let length = 5 + random.below(11);
    if passage {
        let words: Vec<&str> = texts[random.below(texts.len())].split_whitespace().collect();
        let length = length.min(words.len());
        let start = random.below(words.len() - length + 1);
        return words[start..start + length].join(" ");
    }
    let anywhere = |random: &mut Random| {
        let words: Vec<&str> = texts[random.below(texts.len())].split_whitespace().collect();
        words[random.below(words.len())].to_owned()
    };
    (0..length).map(|_| anywhere(random)).collect::<Vec<_>>().join(" ")
}
