//! What a record must be before it reaches the disk.

use crate::error::{Error, Result};
use crate::types::{Change, CollectionSpec, VectorSpec};

/// Bytes of an id.
pub const MAX_ID_BYTES: usize = 512;
/// Bytes of a text.
pub const MAX_TEXT_BYTES: usize = 16 << 20;
/// Bytes of metadata.
pub const MAX_METADATA_BYTES: usize = 1 << 20;
/// Values a vector.
pub const MAX_DIM: u32 = 65_536;
/// Levels of metadata: far below what any JSON parser above us refuses (128).
const MAX_METADATA_DEPTH: usize = 64;
const MAX_NAME_CHARS: usize = 128;

/// Checks a change against the collection's dimension (0: no vectors).
pub(crate) fn change(change: &Change<'_>, dim: u32) -> Result<()> {
    match *change {
        Change::Delete { id } => record_id(id),
        Change::Put { id, text, metadata, vector, .. } => {
            record_id(id)?;
            size(id, "text", text, MAX_TEXT_BYTES)?;
            size(id, "metadata", metadata, MAX_METADATA_BYTES)?;
            json_object(metadata).map_err(|reason| Error::RecordMetadata { id: id.to_owned(), reason })?;
            vector.map_or(Ok(()), |vector| check_vector(id, vector, dim))
        }
    }
}

fn record_id(id: &str) -> Result<()> {
    let reason = if id.is_empty() {
        "is empty"
    } else if id.len() > MAX_ID_BYTES {
        "is too long"
    } else if id.contains('\0') {
        "contains the NUL character"
    } else {
        return Ok(());
    };
    Err(Error::RecordId { id: id.chars().take(64).collect(), reason })
}

fn size(id: &str, what: &'static str, value: &str, limit: usize) -> Result<()> {
    if value.len() <= limit {
        return Ok(());
    }
    Err(Error::RecordTooLarge { id: id.to_owned(), what, received: value.len(), limit })
}

fn check_vector(id: &str, vector: &[f32], dim: u32) -> Result<()> {
    if vector.len() != dim as usize || dim == 0 {
        return Err(Error::VectorDimension { id: id.to_owned(), expected: dim, received: vector.len() });
    }
    match vector.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(position) => Err(Error::VectorNotFinite { id: id.to_owned(), position }),
    }
}

/// Whether `text` is one JSON object that is not nested too deeply.
pub(crate) fn json_object(text: &str) -> Result<(), String> {
    if text == "{}" {
        return Ok(());
    }
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err("is not a JSON object".to_owned());
    }
    if depth(text) > MAX_METADATA_DEPTH {
        return Err(format!("is nested over {MAX_METADATA_DEPTH} levels"));
    }
    // Read as the layers above read it: a value that is only skipped over may hold what no reader takes (1e999, half a
    // surrogate pair), and one such record would keep its whole collection from loading.
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text)
        .map(drop)
        .map_err(|error| format!("is not valid JSON ({error})"))
}

/// Deepest nesting of brackets outside strings.
fn depth(text: &str) -> usize {
    let (mut deepest, mut now, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Checks the name of a collection.
pub(crate) fn collection_name(name: &str) -> Result<()> {
    let reason = if name.is_empty() {
        "is empty"
    } else if name.chars().count() > MAX_NAME_CHARS {
        "is too long"
    } else if name.contains('/') {
        "contains '/'"
    } else if name.chars().any(char::is_control) {
        "contains a control character"
    } else {
        return Ok(());
    };
    Err(Error::CollectionName { name: name.chars().take(MAX_NAME_CHARS).collect(), reason })
}

/// Checks what a collection is made with.
pub(crate) fn collection_spec(spec: &CollectionSpec) -> Result<()> {
    json_object(&spec.settings)
        .map_err(|reason| Error::CollectionSpec { reason: format!("the JSON of `settings` {reason}") })?;
    spec.vectors.as_ref().map_or(Ok(()), vector_spec)
}

/// Checks what vectors are made with.
pub(crate) fn vector_spec(spec: &VectorSpec) -> Result<()> {
    if (1..=MAX_DIM).contains(&spec.dim) {
        return Ok(());
    }
    Err(Error::CollectionSpec { reason: format!("dimension {} is outside 1..={MAX_DIM}", spec.dim) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PutMode;
    use canopy_core::Coded;

    fn code(id: &str, text: &str, metadata: &str, vector: Option<&[f32]>) -> Option<&'static str> {
        let put = Change::Put { id, text, metadata, vector, mode: PutMode::Upsert };
        change(&put, 2).err().map(|error| error.code())
    }

    #[test]
    fn every_limit_has_its_code() {
        assert_eq!(code("a", "", "{}", Some(&[1.0, 2.0])), None);
        assert_eq!(code(&"é".repeat(256), "", "{}", None), None);
        assert_eq!(code(&"é".repeat(257), "", "{}", None), Some("RECORD_ID"));
        assert_eq!(code("", "", "{}", None), Some("RECORD_ID"));
        assert_eq!(code("a\0b", "", "{}", None), Some("RECORD_ID"));
        assert_eq!(code("a", &"x".repeat(MAX_TEXT_BYTES), "{}", None), None);
        assert_eq!(code("a", &"x".repeat(MAX_TEXT_BYTES + 1), "{}", None), Some("RECORD_TOO_LARGE"));
        assert_eq!(
            code("a", "", &format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_METADATA_BYTES)), None),
            Some("RECORD_TOO_LARGE")
        );
        for metadata in
            ["", "[]", "1", "{", "{\"a\":}", "{}{}", "null", &format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64))]
        {
            assert_eq!(code("a", "", metadata, None), Some("RECORD_METADATA"), "{metadata}");
        }
        for metadata in
            [r#"{"a":1e999}"#, r#"{"a":"\ud800"}"#, r#"{"\udc00":1}"#, r#"{"a":{"$serde_json::private::RawValue":1}}"#]
        {
            assert_eq!(code("a", "", metadata, None), Some("RECORD_METADATA"), "{metadata}");
        }
        assert_eq!(code("a", "", " {\"a\\\"[\": \"{{[[\"} ", None), None);
        assert_eq!(code("a", "", "{}", Some(&[1.0])), Some("VECTOR_DIMENSION"));
        assert_eq!(code("a", "", "{}", Some(&[1.0, f32::NAN])), Some("VECTOR_NOT_FINITE"));
        let put = Change::Put { id: "a", text: "", metadata: "{}", vector: Some(&[]), mode: PutMode::Upsert };
        assert_eq!(change(&put, 0).err().map(|error| error.code()), Some("VECTOR_DIMENSION"));
    }
}
