//! The importers: what they read, where they resume, and that no bytes make them panic or hang.

use canopy_core::Coded;
use canopy_store::import::{Draft, content_id, csv, folder, jsonl};
use canopy_store::{Error, Result};
use proptest::prelude::*;
use std::io::{Cursor, Read};
use std::path::Path;

fn jsonl(text: &[u8]) -> Vec<Result<Draft>> {
    jsonl::Reader::new(text, "a.jsonl", &jsonl::Options::default()).collect()
}

fn csv(text: &[u8]) -> Vec<Result<Draft>> {
    csv::Reader::new(text, "a.csv", &csv::Options::default()).map_or_else(|error| vec![Err(error)], Iterator::collect)
}

/// `(id, text, metadata)` of a good record, or its code.
fn short(read: &Result<Draft>) -> (String, String, String) {
    match read {
        Ok(draft) => (draft.id.clone(), draft.text.clone(), draft.metadata.clone()),
        Err(error) => (error.code().to_owned(), String::new(), String::new()),
    }
}

fn three(id: &str, text: &str, metadata: &str) -> (String, String, String) {
    (id.to_owned(), text.to_owned(), metadata.to_owned())
}

#[test]
fn a_line_is_a_record() {
    let text = "\u{feff}{\"id\":\"a\",\"text\":\"one\",\"metadata\":{\"x\":1},\"year\":1958,\"note\":null}\r\n\
        \n   \n\
        {\"_id\": 7, \"text\": \"tw\\u00f6\", \"vector\": [1, -0.5]}\n\
        {\"text\":\"three\"}\n\
        {\"id\":\"v\",\"vector\":[0]}";
    let read = jsonl(text.as_bytes());
    let content = content_id("three", "{}");
    let expected = [
        three("a", "one", "{\"x\":1,\"year\":1958}"),
        three("7", "twö", "{}"),
        three(&content, "three", "{}"),
        three("v", "", "{}"),
    ];
    assert_eq!(read.iter().map(short).collect::<Vec<_>>(), expected);
    assert_eq!(read[1].as_ref().unwrap().vector.as_deref(), Some(&[1.0, -0.5][..]));
    assert_eq!(read[3].as_ref().unwrap().position, format!("{}:{}", text.len(), 6));
}

#[test]
fn a_bad_line_says_where_and_the_next_one_is_read() {
    let deep = format!("{{\"text\":\"x\",\"metadata\":{{\"a\":{}1{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    for bad in [
        "not JSON",
        "[1]",
        "\"text\"",
        "{\"id\":\"a\"}",
        "{\"text\":5}",
        "{\"text\":\"a\",\"id\":[]}",
        "{\"text\":\"a\",\"metadata\":[]}",
        "{\"text\":\"a\",\"vector\":\"x\"}",
        "{\"text\":\"a\",\"vector\":[1e999]}",
        "{\"text\":\"a\",\"vector\":[NaN]}",
        "{\"text\":\"a\"} trailing",
        "{\"text\":\"\\ud800\"}",
        &deep,
    ] {
        let text = format!("{{\"text\":\"before\"}}\n{bad}\n{{\"text\":\"after\"}}\n");
        let read = jsonl(text.as_bytes());
        assert_eq!(read.len(), 3, "{bad:.60}");
        let error = read[1].as_ref().unwrap_err();
        assert_eq!(error.code(), "IMPORT_SYNTAX", "{bad:.60}");
        assert!(error.to_string().starts_with("a.jsonl, line 2"), "{error:.200}");
        assert_eq!(read[2].as_ref().unwrap().text, "after");
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_found() {
    let text = b"{\"text\":\"one\"}\n{\"text\":\"tw\xff\"}\n{\"text\":\"three\"}\n";
    let read = jsonl(text);
    let Err(Error::ImportEncoding { line, byte, .. }) = read[1] else { panic!("{:?}", read[1]) };
    assert_eq!((line, byte), (2, 26));
    assert_eq!(text[byte as usize], 0xff);
    assert_eq!(read[2].as_ref().unwrap().text, "three");
    let read = csv(b"id,text\n1,ok\n2,b\xe9d\n3,ok\n");
    let Err(Error::ImportEncoding { line, .. }) = read[1] else { panic!("{:?}", read[1]) };
    assert_eq!(line, 3);
    assert_eq!(read[2].as_ref().unwrap().id, "3");
}

#[test]
fn a_gigabyte_in_one_line_is_refused_in_little_memory() {
    // Nothing holds the gigabyte: it is made while it is read.
    let long = |head: &'static str, tail: &'static str| {
        head.as_bytes().chain(std::io::repeat(b'x').take(1 << 30)).chain(tail.as_bytes())
    };
    let options = jsonl::Options { max_line_bytes: 1 << 16, ..jsonl::Options::default() };
    let source = long("{\"text\":\"one\"}\n{\"text\":\"", "\"}\n{\"text\":\"three\"}\n");
    let read: Vec<_> = jsonl::Reader::new(source, "a.jsonl", &options).collect();
    assert!(matches!(read[1], Err(Error::ImportLineTooLong { line: 2, .. })));
    assert_eq!(read[2].as_ref().unwrap().text, "three");
    let options = csv::Options { max_record_bytes: 1 << 16, ..csv::Options::default() };
    let source = long("text\none\n\"", "\"\nthree\n");
    let read: Vec<_> = csv::Reader::new(source, "a.csv", &options).unwrap().collect();
    assert!(matches!(read[1], Err(Error::ImportLineTooLong { line: 3, .. })), "{:?}", read[1]);
    assert_eq!(read[2].as_ref().unwrap().text, "three");
}

#[test]
fn columns_become_metadata() {
    let text = "\u{feff}ID, Text ,year,open,code,\"a,b\"\r\n1,\"two\nlines, \"\"quoted\"\"\",1958,true,007,\r\n\r\n,plain,x,,1.5,y\r\n";
    let read = csv(text.as_bytes());
    let metadata = "{\"year\":\"x\",\"code\":1.5,\"a,b\":\"y\"}";
    let expected = [
        three("1", "two\nlines, \"quoted\"", "{\"year\":1958,\"open\":true,\"code\":\"007\"}"),
        three(&content_id("plain", metadata), "plain", metadata),
    ];
    assert_eq!(read.iter().map(short).collect::<Vec<_>>(), expected);
    let options = csv::Options {
        text_field: "body".to_owned(),
        id_field: "key".to_owned(),
        delimiter: b';',
        ..csv::Options::default()
    };
    let read: Vec<_> = csv::Reader::new("key;body\nk;b\n".as_bytes(), "a.csv", &options).unwrap().collect();
    assert_eq!(short(&read[0]), three("k", "b", "{}"));
}

#[test]
fn bad_csv_says_where() {
    for nothing in ["", "a,b\n1,2\n"] {
        let error = csv::Reader::new(nothing.as_bytes(), "a.csv", &csv::Options::default()).unwrap_err();
        assert_eq!(error.code(), "IMPORT_SYNTAX");
        assert!(error.to_string().contains("\"text\""), "{error}");
    }
    let read = csv(b"text,n\na,1\nb\nc,3,4\nd,5\n");
    assert_eq!(read.iter().map(|read| short(read).0).filter(|code| code == "IMPORT_SYNTAX").count(), 2);
    assert!(read[1].as_ref().unwrap_err().to_string().starts_with("a.csv, line 3"), "{:?}", read[1]);
    assert_eq!(read[3].as_ref().unwrap().text, "d");
    let wide = format!("text\n{}\nafter\n", ",".repeat(100_000));
    let read = csv(wide.as_bytes());
    assert_eq!((short(&read[0]).0.as_str(), read[1].as_ref().unwrap().text.as_str()), ("IMPORT_SYNTAX", "after"));
}

/// Reads everything, stopping and resuming after each record; must equal one uninterrupted run.
fn in_pieces(mut resume: impl FnMut(Option<&str>) -> Vec<Result<Draft>>) -> Vec<(String, String, String)> {
    let mut position: Option<String> = None;
    let mut all = Vec::new();
    loop {
        let read = resume(position.as_deref());
        let Some(good) = read.iter().position(Result::is_ok) else {
            all.extend(read.iter().map(short));
            return all;
        };
        all.extend(read[..=good].iter().map(short));
        position = Some(read[good].as_ref().unwrap().position.clone());
    }
}

proptest! {
    #[test]
    fn an_import_resumes_where_it_stopped(rows in prop::collection::vec(("[a-c\n\"é,]{0,6}", any::<bool>()), 0..12)) {
        let mut lines = String::new();
        let mut cells = String::from("text,n\r\n");
        for (text, good) in &rows {
            if *good {
                lines += &format!("{}\n", serde_json::json!({ "text": text, "n": 1 }));
                cells += &format!("\"{}\",1\r\n", text.replace('"', "\"\""));
            } else {
                lines += "bad\n";
                cells += "one cell\r\n";
            }
        }
        let jsonl_from = |position: Option<&str>| -> Vec<_> {
            let (source, options) = (Cursor::new(lines.as_bytes()), jsonl::Options::default());
            match position {
                None => jsonl::Reader::new(source, "a", &options).collect(),
                Some(position) => jsonl::Reader::resume(source, "a", &options, position).unwrap().collect(),
            }
        };
        let csv_from = |position: Option<&str>| -> Vec<_> {
            let (source, options) = (Cursor::new(cells.as_bytes()), csv::Options::default());
            match position {
                None => csv::Reader::new(source, "a", &options).unwrap().collect(),
                Some(position) => csv::Reader::resume(source, "a", &options, position).unwrap().collect(),
            }
        };
        let whole = |read: Vec<Result<Draft>>| read.iter().map(short).collect::<Vec<_>>();
        prop_assert_eq!(whole(jsonl_from(None)).len(), rows.len());
        prop_assert_eq!(in_pieces(jsonl_from), whole(jsonl_from(None)));
        prop_assert_eq!(in_pieces(csv_from), whole(csv_from(None)));
        let texts: Vec<_> = csv_from(None).into_iter().map(|read| read.ok().map(|draft| draft.text)).collect();
        let expected: Vec<_> = rows.iter().map(|(text, good)| good.then(|| text.clone())).collect();
        prop_assert_eq!(texts, expected);
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), limit in 1_usize..64) {
        let lines: Vec<_> = jsonl::Reader::new(&bytes[..], "a", &jsonl::Options { max_line_bytes: limit, ..Default::default() }).collect();
        prop_assert!(lines.len() <= bytes.len() + 1);
        let options = csv::Options { max_record_bytes: limit, ..Default::default() };
        let text = [b"text,a\n".as_slice(), &bytes].concat();
        for text in [&bytes, &text] {
            if let Ok(reader) = csv::Reader::new(&text[..], "a", &options) {
                prop_assert!(reader.count() <= bytes.len() + 1);
            }
        }
        let _ = folder::document("a.md", &String::from_utf8_lossy(&bytes), None);
        let position = String::from_utf8_lossy(&bytes);
        let resumed = jsonl::Reader::resume(Cursor::new(b"{}"), "a", &jsonl::Options::default(), &position);
        prop_assert!(resumed.is_ok() || resumed.is_err_and(|error| error.code() == "IMPORT_SYNTAX"));
    }

    #[test]
    fn almost_json_is_read_or_refused(text in "(\\{|\\}|\\[|\\]|\"text\"|\"id\"|\"metadata\"|:|,|\"a\"|1|null|\\\\|\n| ){0,40}") {
        for draft in jsonl(text.as_bytes()).into_iter().flatten() {
            prop_assert!(serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&draft.metadata).is_ok());
            prop_assert!(!draft.id.is_empty() || text.contains("\"\""));
        }
    }
}

#[test]
fn a_resumed_import_names_the_same_lines() {
    let options = csv::Options::default();
    let cells = "text\n\"two\nlines\"\ntoo,many\nand,more\n";
    let first = csv::Reader::new(cells.as_bytes(), "a", &options).unwrap().next().unwrap().unwrap();
    let mut resumed = csv::Reader::resume(Cursor::new(cells), "a", &options, &first.position).unwrap();
    for expected in [4, 5] {
        let error = resumed.next().unwrap().unwrap_err();
        assert!(matches!(error, Error::ImportSyntax { line, .. } if line == expected), "{error}");
    }
    let lines = "{\"text\":\"one\"}\n\nbad\n";
    let options = jsonl::Options::default();
    let first = jsonl::Reader::new(lines.as_bytes(), "a", &options).next().unwrap().unwrap();
    let mut resumed = jsonl::Reader::resume(Cursor::new(lines), "a", &options, &first.position).unwrap();
    let error = resumed.next().unwrap().unwrap_err();
    assert!(matches!(error, Error::ImportSyntax { line: 3, .. }), "{error}");
}

fn walk(root: &Path, options: &folder::Options, position: Option<&str>) -> Vec<Result<Draft>> {
    folder::open(root, options, position).unwrap().collect()
}

#[test]
fn a_folder_is_read_in_the_order_of_its_paths() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    write("b.txt", b"plain");
    write("a/z.md", b"---\ntitle: From the block\nyear: 1958\n---\nbody\n");
    write("a/é/deep.markdown", b"# Head\ntext");
    write("a.md", "\u{feff}no heading".as_bytes());
    write("big.md", &[b'x'; 300]);
    write("bad.md", b"line\n\xff");
    write("picture.png", b"\x89PNG");
    write(".hidden/x.md", b"x");
    write("a/.hidden.md", b"x");
    let options = folder::Options { max_file_bytes: 200, ..folder::Options::default() };
    let read = walk(dir.path(), &options, None);
    let found: Vec<_> = read.iter().map(|read| short(read).0).collect();
    let expected = ["a/z.md", "a/é/deep.markdown", "a.md", "b.txt", "IMPORT_ENCODING", "RECORD_TOO_LARGE"];
    // `b.txt` comes before `bad.md`: '.' is below 'a'.
    assert_eq!(found, expected);
    let first = read[0].as_ref().unwrap();
    assert_eq!(first.text, "body\n");
    let metadata: serde_json::Value = serde_json::from_str(&first.metadata).unwrap();
    assert_eq!((&metadata["title"], &metadata["year"]), (&"From the block".into(), &1958.into()));
    assert!(metadata["modified"].as_u64().unwrap() > 1_600_000_000_000);
    let title = |index: usize| {
        let metadata: serde_json::Value = serde_json::from_str(&read[index].as_ref().unwrap().metadata).unwrap();
        metadata["title"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (title(1), title(2), read[2].as_ref().unwrap().text.as_str()),
        ("Head".to_owned(), "a".to_owned(), "no heading")
    );
    let Err(Error::ImportEncoding { line, byte, .. }) = read[4] else { panic!("{:?}", read[4]) };
    assert_eq!((line, byte), (2, 5));
    let resumed: Vec<_> =
        in_pieces(|position| walk(dir.path(), &options, position)).into_iter().map(|read| read.0).collect();
    assert_eq!(resumed, expected);
}

#[test]
fn sources_that_are_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let gone = dir.path().join("gone");
    assert_eq!(jsonl::open(&gone, &jsonl::Options::default(), None).unwrap_err().code(), "IMPORT_NOT_FOUND");
    assert_eq!(jsonl::open(dir.path(), &jsonl::Options::default(), None).unwrap_err().code(), "IMPORT_NOT_FOUND");
    assert_eq!(csv::open(&gone, &csv::Options::default(), None).unwrap_err().code(), "IMPORT_NOT_FOUND");
    assert_eq!(folder::open(&gone, &folder::Options::default(), None).unwrap_err().code(), "IMPORT_NOT_FOUND");
    let file = dir.path().join("short.jsonl");
    std::fs::write(&file, "{\"text\":\"a\"}\n").unwrap();
    let error = jsonl::open(&file, &jsonl::Options::default(), Some("500:9")).unwrap_err();
    assert_eq!(error.code(), "IMPORT_SYNTAX");
    assert!(error.to_string().contains("from the beginning"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_only_when_asked_and_loops_end() {
    use std::os::unix::fs::symlink;
    let dir = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("out.md"), "out").unwrap();
    std::fs::create_dir(dir.path().join("sub")).unwrap();
    std::fs::write(dir.path().join("sub/in.md"), "in").unwrap();
    symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
    symlink(outside.path(), dir.path().join("elsewhere")).unwrap();
    symlink("nowhere", dir.path().join("dangling.md")).unwrap();
    let ids = |follow_links| -> Vec<_> {
        let options = folder::Options { follow_links, ..folder::Options::default() };
        walk(dir.path(), &options, None).into_iter().map(|read| read.unwrap().id).collect()
    };
    assert_eq!(ids(false), ["sub/in.md"]);
    assert_eq!(ids(true), ["elsewhere/out.md", "sub/in.md"]);
}

/// Files that were put one behind the other have marks in their middle; a resumed import must not take one for a beginning.
#[test]
fn a_byte_order_mark_in_the_middle_is_text_also_after_a_resume() {
    let cells = "\u{feff}text,n\nfirst,1\n\u{feff}text,n\nlast,2\n".as_bytes();
    let options = csv::Options::default();
    let whole: Vec<_> = csv::Reader::new(cells, "a", &options).unwrap().map(Result::unwrap).collect();
    assert_eq!(whole[1].text, "\u{feff}text");
    let resumed = csv::Reader::resume(Cursor::new(cells), "a", &options, &whole[0].position).unwrap();
    assert!(resumed.map(Result::unwrap).eq(whole[1..].iter().cloned()));
}
