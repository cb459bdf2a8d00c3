//! Streaming readers of JSONL, CSV and folders of Markdown or text.
//!
//! Each is an iterator of `Result<Draft, Error>`: a bad line is an error that says where it is, and the next call goes
//! on after it, so that the caller chooses between skipping and stopping. Memory is bounded by the line limit, whatever
//! the source holds. [`Draft::position`] is what [`crate::Store::apply_with_checkpoint`] stores and what resumes.
//!
//! ```
//! use canopy_store::import::jsonl;
//!
//! let lines = "{\"id\": \"a\", \"text\": \"one\"}\nnot JSON\n{\"text\": \"two\", \"year\": 1958}\n";
//! let read: Vec<_> = jsonl::Reader::new(lines.as_bytes(), "notes.jsonl", &jsonl::Options::default()).collect();
//! assert_eq!(read[0].as_ref().map(|draft| draft.id.as_str()).ok(), Some("a"));
//! assert!(read[1].is_err());
//! assert_eq!(read[2].as_ref().map(|draft| draft.metadata.as_str()).ok(), Some("{\"year\":1958}"));
//! ```

pub mod csv;
pub mod folder;
mod front_matter;
pub mod jsonl;
mod lines;
mod source;

use crate::error::{Error, Result};

/// The longest line (CSV record, file) that is read unless the options say otherwise: 16 MiB.
pub const DEFAULT_LIMIT_BYTES: usize = 16 << 20;

/// A record as the source has it, before it is embedded and stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id; of a record without one, a hash of its content, so that importing twice stores once.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its metadata, a JSON object.
    pub metadata: String,
    /// Its vector, when the source has one.
    pub vector: Option<Vec<f32>>,
    /// Where the source goes on after this record.
    pub position: String,
}

/// The id of a record that has none: 32 hexadecimal digits of xxh3-128 over text and metadata.
pub fn content_id(text: &str, metadata: &str) -> String {
    let mut hash = xxhash_rust::xxh3::Xxh3Default::new();
    hash.update(text.as_bytes());
    // No JSON contains this byte, so (text, metadata) pairs can't run into each other.
    hash.update(&[0]);
    hash.update(metadata.as_bytes());
    format!("{:032x}", hash.digest128())
}

/// `bytes` as text.
///
/// `line` and `offset` (of the first byte) say where the bytes come from.
fn utf8<'a>(bytes: &'a [u8], source: &str, line: u64, offset: u64) -> Result<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let newlines = before.iter().filter(|&&byte| byte == b'\n').count();
        Error::ImportEncoding {
            source_name: source.to_owned(),
            line: line + newlines as u64,
            byte: offset + before.len() as u64,
        }
    })
}

/// A cell or a front matter value as JSON: numbers and booleans typed, anything else a string.
///
/// Only what JSON would write back in the same way is a number: `007`, `+1` and 20-digit codes stay strings.
fn typed(value: &str) -> serde_json::Value {
    const EXACT_DIGITS: usize = 15;
    match value {
        "true" => return true.into(),
        "false" => return false.into(),
        _ => {}
    }
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let numeric = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if numeric && digits <= EXACT_DIGITS {
        if let Ok(number) = value.parse::<i64>()
            && number.to_string() == value
        {
            return number.into();
        }
        if value.contains('.')
            && let Ok(number) = serde_json::from_str::<serde_json::Number>(value)
        {
            return number.into();
        }
    }
    value.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_survives_the_round_trip_is_a_number() {
        for (cell, json) in [
            ("12", "12"),
            ("-3", "-3"),
            ("0.5", "0.5"),
            ("-1.25", "-1.25"),
            ("true", "true"),
            ("007", "\"007\""),
            ("+1", "\"+1\""),
            ("1e5", "\"1e5\""),
            ("-", "\"-\""),
            ("NaN", "\"NaN\""),
            ("12345678901234567890", "\"12345678901234567890\""),
            ("1.", "\"1.\""),
            ("3.0.1", "\"3.0.1\""),
            ("", "\"\""),
        ] {
            assert_eq!(typed(cell).to_string(), json, "{cell}");
        }
    }

    #[test]
    fn text_and_metadata_both_make_the_id() {
        let ids = [content_id("a", "{}"), content_id("a", "{\"b\":1}"), content_id("a\0{}", ""), content_id("b", "{}")];
        for (i, id) in ids.iter().enumerate() {
            assert_eq!(id.len(), 32);
            assert!(!ids[..i].contains(id));
        }
        assert_eq!(ids[0], content_id("a", "{}"));
    }
}
