//! Records as they are accepted: each with an id.

use crate::error::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The records of a JSON array and how many there are, each with an id, as one JSON array without space around it. Those that come
/// without one are called `{prefix}-{position}`.
///
/// # Errors
/// `INGEST_RECORD` when it is no array of objects, or an id no string.
pub fn with_ids(body: &[u8], prefix: &str) -> Result<(Vec<u8>, u64)> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        id: Option<&'a RawValue>,
    }
    let records: Vec<&RawValue> = serde_json::from_slice(body)
        .map_err(|error| Error::Record { at: 0, reason: format!("isn't there: {error}") })?;
    if records.is_empty() {
        return Err(Error::Record { at: 0, reason: "isn't there: the array is empty".to_owned() });
    }
    let mut kept = Vec::with_capacity(body.len() + records.len() * (prefix.len() + 16));
    for (at, record) in records.iter().enumerate() {
        let text = record.get();
        let refuse = |reason: String| Error::Record { at, reason };
        if !text.starts_with('{') {
            return Err(refuse("is no object".to_owned()));
        }
        let named: Named<'_> =
            serde_json::from_str(text).map_err(|error| refuse(format!("can't be read ({error})")))?;
        kept.push(if at == 0 { b'[' } else { b',' });
        match named.id.map(RawValue::get) {
            Some(id) if id.starts_with('"') => kept.extend_from_slice(text.as_bytes()),
            Some(id) => {
                return Err(refuse(format!(
                    "has an id that is no string: {}",
                    id.chars().take(40).collect::<String>()
                )));
            }
            None => {
                kept.extend_from_slice(format!("{{\"id\":\"{prefix}-{at}\"").as_bytes());
                let rest = text[1..].trim_start();
                if !rest.starts_with('}') {
                    kept.push(b',');
                }
                kept.extend_from_slice(rest.as_bytes());
            }
        }
    }
    kept.push(b']');
    Ok((kept, records.len() as u64))
}
