//! Weights that aren't: the engine would trust their lengths, so that nothing of this may reach it.
#![expect(clippy::unwrap_used, reason = "tests")]

use canopy_core::Coded;
use canopy_speech::Transcriber;
use std::io::Write;

fn code(bytes: &[u8]) -> (&'static str, String) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let error = Transcriber::load(file.path()).unwrap_err();
    (error.code(), error.to_string())
}

/// A header as that of tiny.en.
fn header() -> Vec<u8> {
    let numbers: [u32; 14] = [0x6767_6d6c, 51864, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1, 80, 201];
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn foreign_cut_and_absurd_files_are_refused() {
    assert_eq!(Transcriber::load("/nowhere/ggml.bin".as_ref()).unwrap_err().code(), "SPEECH_MODEL_MISSING");
    for bytes in [&b""[..], b"ggml", b"some text that is longer than a header of a model would be, so that it is read"]
    {
        assert_eq!(code(bytes).0, "SPEECH_MODEL_CORRUPT");
    }
    assert!(code(&header()).1.contains("ends within filters"));
    for (place, value) in
        [(1, 0_u32), (1, u32::MAX), (3, 385), (4, 0), (5, 100_000), (10, 81), (11, 99), (12, 79), (13, u32::MAX)]
    {
        let mut bytes = header();
        bytes[place * 4..place * 4 + 4].copy_from_slice(&value.to_le_bytes());
        bytes.extend_from_slice(&[0; 80 * 201 * 4]);
        let (code, message) = code(&bytes);
        assert_eq!(code, "SPEECH_MODEL_CORRUPT");
        assert!(!message.contains("ends within a tensor"), "{message}");
    }
    // A vocabulary of one word, then a tensor that claims a terabyte.
    let mut bytes = header();
    bytes.extend_from_slice(&[0; 80 * 201 * 4]);
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.push(b'a');
    for number in [2_u32, 4, 0, 1 << 20, 1 << 20] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(b"name");
    assert!(code(&bytes).1.contains("ends within a tensor"));
}
