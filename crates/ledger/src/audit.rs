//! Audit files: JSON lines, each carrying the hash of the one before.
//!
//! A line ends with `"prev":…,"hash":…`; `hash` is SHA-256 over the line's bytes before `,"hash"`, `prev` the hash of the line before. So a
//! line that is changed, removed, inserted or moved breaks the chain at that place. Lines cut off the end are seen by comparing
//! the last hash with one that was noted elsewhere.

use crate::database::Durability;
use crate::error::{Error, Result};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What the first line has in the place of the hash before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Where a line's last member starts.
const HASH_FIELD: &str = ",\"hash\":\"";
/// No line is longer: what callers put in is cut by them.
const LONGEST_LINE: u64 = 64 << 10;

/// An audit file open for appending; processes may share it.
#[derive(Debug)]
pub struct Audit {
    path: PathBuf,
    durability: Durability,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The end of the file and the hash there, as this process left them.
    length: u64,
    head: String,
}

/// What a whole chain says.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Lines in the file.
    pub lines: u64,
    /// The hash of the last one.
    pub head: String,
}

impl Audit {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// LEDGER_* codes.
    pub fn open(path: &Path, durability: Durability) -> Result<Self> {
        let fail = |error: std::io::Error| Error::from_io(path, &error);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(fail)?;
        }
        let file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(fail)?;
        // Lengths differ at first, so the head is read when it is needed.
        let state = State { file, length: u64::MAX, head: GENESIS.to_owned() };
        Ok(Self { path: path.to_owned(), durability, state: Mutex::new(state) })
    }

    /// Appends lines, in their order and without lines of another process between them.
    ///
    /// # Errors
    /// LEDGER_* codes, and `AUDIT_BROKEN` when the last line there is none of ours.
    pub fn append(&self, lines: Vec<Map<String, Value>>) -> Result<()> {
        let mut state = self.state.lock();
        let fail = |error: std::io::Error| Error::from_io(&self.path, &error);
        state.file.lock().map_err(fail)?;
        let done = self.append_locked(&mut state, lines);
        state.file.unlock().map_err(fail)?;
        done
    }

    fn append_locked(&self, state: &mut State, lines: Vec<Map<String, Value>>) -> Result<()> {
        let fail = |error: std::io::Error| Error::from_io(&self.path, &error);
        let length = state.file.metadata().map_err(fail)?.len();
        if length != state.length {
            (state.length, state.head) = self.end(&mut state.file, length)?;
        }
        let mut text = String::new();
        let mut head = state.head.clone();
        for line in lines {
            head = push_line(&mut text, line, &head)?;
        }
        let written = state.file.write_all(text.as_bytes()).and_then(|()| match self.durability {
            Durability::Process => Ok(()),
            Durability::Power => state.file.sync_data(),
        });
        if let Err(error) = written {
            // Half a line must not stay in front of the next one.
            state.file.set_len(state.length).map_err(fail)?;
            return Err(fail(error));
        }
        state.length += text.len() as u64;
        state.head = head;
        Ok(())
    }

    /// Where the last whole line ends, and its hash. Half a line behind it was never acknowledged and is cut off.
    fn end(&self, file: &mut File, length: u64) -> Result<(u64, String)> {
        let fail = |error: std::io::Error| Error::from_io(&self.path, &error);
        let from = length.saturating_sub(2 * LONGEST_LINE);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(from)).map_err(fail)?;
        file.take(length - from).read_to_end(&mut tail).map_err(fail)?;
        let Some(stop) = tail.iter().rposition(|&byte| byte == b'\n') else {
            file.set_len(0).map_err(fail)?;
            return Ok((0, GENESIS.to_owned()));
        };
        let start = tail[..stop].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(&tail[start..stop]);
        let broken = |reason| Error::AuditBroken { path: self.path.clone(), line: 0, reason };
        let (body, hash) = split(&line).ok_or_else(|| broken("(the last) is no line of an audit file"))?;
        if digest(body) != hash {
            return Err(broken("(the last) was changed"));
        }
        let whole = from + stop as u64 + 1;
        if whole < length {
            file.set_len(whole).map_err(fail)?;
        }
        Ok((whole, hash.to_owned()))
    }
}

fn push_line(text: &mut String, mut line: Map<String, Value>, prev: &str) -> Result<String> {
    line.insert("prev".to_owned(), Value::from(prev));
    let mut body = serde_json::to_string(&line).map_err(|error| Error::Operation { detail: error.to_string() })?;
    body.pop();
    let hash = digest(&body);
    text.push_str(&body);
    text.push_str(HASH_FIELD);
    text.push_str(&hash);
    text.push_str("\"}\n");
    Ok(hash)
}

/// The bytes that the hash is over, and the hash.
fn split(line: &str) -> Option<(&str, &str)> {
    let (body, rest) = line.rsplit_once(HASH_FIELD)?;
    rest.strip_suffix("\"}").map(|hash| (body, hash))
}

fn digest(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing into a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Checks every line of an audit file.
///
/// # Errors
/// `AUDIT_BROKEN` with the first line that doesn't follow from the one before, `LEDGER_*` when the file can't be read.
pub fn verify(path: &Path) -> Result<Verified> {
    let fail = |error: std::io::Error| Error::from_io(path, &error);
    let broken = |line, reason| Error::AuditBroken { path: path.to_owned(), line, reason };
    let mut reader = BufReader::new(File::open(path).map_err(fail)?);
    let (mut lines, mut head, mut bytes) = (0_u64, GENESIS.to_owned(), Vec::new());
    loop {
        bytes.clear();
        if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes).map_err(fail)? == 0 {
            return Ok(Verified { lines, head });
        }
        lines += 1;
        let text = std::str::from_utf8(&bytes).map_err(|_| broken(lines, "is not UTF-8"))?;
        let line = text.strip_suffix('\n').ok_or_else(|| broken(lines, "doesn't end"))?;
        let (body, hash) = split(line).ok_or_else(|| broken(lines, "has no hash"))?;
        if digest(body) != hash {
            return Err(broken(lines, "was changed"));
        }
        let value: Map<String, Value> = serde_json::from_str(line).map_err(|_| broken(lines, "is no JSON object"))?;
        if value.get("prev").and_then(Value::as_str) != Some(&head) {
            return Err(broken(lines, "doesn't follow from the line before"));
        }
        hash.clone_into(&mut head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u64) -> Map<String, Value> {
        Map::from_iter([
            ("tenant".to_owned(), Value::from(format!("t,\"hash\":\"{n}"))),
            ("n".to_owned(), Value::from(n)),
        ])
    }

    #[test]
    fn chains_of_several_handles_hold_and_every_change_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let (one, other) =
            (Audit::open(&path, Durability::Process).unwrap(), Audit::open(&path, Durability::Power).unwrap());
        for n in 0..10 {
            one.append(vec![line(n), line(n + 100)]).unwrap();
            other.append(vec![line(n + 200)]).unwrap();
        }
        let whole = std::fs::read_to_string(&path).unwrap();
        assert_eq!(verify(&path).unwrap().lines, 30);
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let mut wrongs = vec![whole.replacen("\"n\":3", "\"n\":4", 1), whole[..whole.len() - 5].to_owned()];
        wrongs.extend(
            (0..29).map(|gone| lines.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, line)| *line).collect()),
        );
        wrongs.push(
            lines
                .iter()
                .enumerate()
                .map(|(i, line)| {
                    if i == 4 {
                        lines[5]
                    } else if i == 5 {
                        lines[4]
                    } else {
                        line
                    }
                })
                .collect(),
        );
        for wrong in wrongs {
            std::fs::write(&path, wrong).unwrap();
            assert!(matches!(verify(&path), Err(Error::AuditBroken { .. })));
        }
    }

    #[test]
    fn half_a_line_at_the_end_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        Audit::open(&path, Durability::Process).unwrap().append(vec![line(1)]).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"half\":");
        std::fs::write(&path, text).unwrap();
        Audit::open(&path, Durability::Process).unwrap().append(vec![line(2)]).unwrap();
        assert_eq!(verify(&path).unwrap().lines, 2);
    }
}
