//! Retrieval quality: `cargo run --release -p canopy-keyword --example ndcg -- DIR [k1 b k3]`.
//!
//! DIR holds `corpus.jsonl` and `queries.jsonl` (`_id`, `title`, `text`) and `qrels.tsv` (query, document, score; 0 is
//! judged not relevant). Prints nDCG@10 over the queries that have a relevant document.
#![expect(clippy::print_stdout, reason = "the answer of a command line tool")]

use canopy_core::Cancel;
use canopy_keyword::{KeywordIndex, Options};
use std::collections::HashMap;
use std::error::Error;
use std::fs::read_to_string;

/// Relevance by document, by query.
type Judgements = HashMap<String, HashMap<String, f64>>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("name a folder with corpus.jsonl, queries.jsonl and qrels.tsv")?;
    let numbers = arguments.map(|number| number.parse()).collect::<Result<Vec<f32>, _>>()?;
    let default = Options::default();
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let options = Options { k1: number(0, default.k1), b: number(1, default.b), k3: number(2, default.k3) };

    let corpus = records(&read_to_string(format!("{dir}/corpus.jsonl"))?)?;
    let queries = records(&read_to_string(format!("{dir}/queries.jsonl"))?)?;
    let judgements = judgements(&read_to_string(format!("{dir}/qrels.tsv"))?);

    let mut index = KeywordIndex::new(options)?;
    let texts: Vec<(u32, &str)> = (0..).zip(corpus.iter().map(|(_, text)| text.as_str())).collect();
    index.extend(&texts);
    let (mut sum, mut count) = (0.0, 0);
    for (id, text) in &queries {
        let Some(relevant) = judgements.get(id).filter(|all| all.values().any(|&score| score > 0.0)) else { continue };
        let hits = index.search(text, 10, None, &Cancel::new())?;
        let gains = hits.iter().map(|hit| relevant.get(&corpus[hit.slot as usize].0).copied().unwrap_or(0.0));
        let mut ideal: Vec<f64> = relevant.values().copied().collect();
        ideal.sort_by(|a, b| b.total_cmp(a));
        sum += discounted(gains) / discounted(ideal.into_iter().take(10));
        count += 1;
    }
    println!("{}", serde_json::json!({ "ndcg10": sum / f64::from(count), "queries": count, "documents": index.len() }));
    Ok(())
}

fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    gains.zip(2_u32..).map(|(gain, rank)| gain.max(0.0) / f64::from(rank).log2()).sum()
}

fn records(jsonl: &str) -> Result<Vec<(String, String)>, serde_json::Error> {
    let record = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line)?;
        let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Ok((field("_id"), format!("{} {}", field("title"), field("text"))))
    };
    jsonl.lines().map(record).collect()
}

fn judgements(tsv: &str) -> Judgements {
    let mut all = Judgements::new();
    for line in tsv.lines() {
        if let [query, document, score] = line.split('\t').collect::<Vec<_>>()[..]
            && let Ok(score) = score.trim().parse()
        {
            all.entry(query.to_owned()).or_default().insert(document.to_owned(), score);
        }
    }
    all
}
