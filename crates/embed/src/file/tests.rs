use super::*;
use canopy_core::Coded;
use proptest::prelude::*;

fn sample() -> Vec<u8> {
    let mut writer = ModelWriter::new(ModelKind::Static);
    writer
        .add("vocab", b"one\ntwo".to_vec())
        .add_f32("scale", &[1.0, 2.0])
        .add_i8("rows", &[1; 100])
        .add("empty", Vec::new());
    writer.finish()
}

fn open(bytes: &[u8]) -> Result<ModelFile, Error> {
    // One folder a thread: thousands of damaged files are tried.
    thread_local!(static DIR: tempfile::TempDir = tempfile::tempdir().unwrap());
    let path = DIR.with(|dir| dir.path().join("a.canopy-model"));
    std::fs::write(&path, bytes).unwrap();
    ModelFile::open(&path)
}

#[test]
fn what_is_written_is_read() {
    let file = open(&sample()).unwrap();
    assert_eq!(file.kind(), ModelKind::Static);
    assert_eq!(file.section("vocab").unwrap(), b"one\ntwo");
    assert_eq!(file.f32s("scale", 2).unwrap(), [1.0, 2.0]);
    assert_eq!(file.i8s("rows", 100).unwrap(), [1; 100]);
    assert_eq!(file.section("empty").unwrap(), b"");
    assert_eq!(file.i8s("rows", 99).unwrap_err().code(), "MODEL_CORRUPT");
    assert_eq!(file.section("nothing").unwrap_err().code(), "MODEL_CORRUPT");
}

#[test]
fn every_flipped_bit_is_noticed() {
    let whole = sample();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            let code = open(&bytes).err().map(|error| error.code());
            let newer = (8..12).contains(&at) && code == Some("MODEL_NEWER");
            assert!(newer || code == Some("MODEL_CORRUPT"), "byte {at}, bit {bit}: {code:?}");
        }
    }
}

#[test]
fn every_truncation_and_extension_is_noticed() {
    let whole = sample();
    for end in 0..whole.len() {
        assert_eq!(open(&whole[..end]).unwrap_err().code(), "MODEL_CORRUPT", "cut to {end} bytes");
    }
    for more in [1, 63, 64, 4096] {
        let mut bytes = whole.clone();
        bytes.resize(whole.len() + more, 0);
        assert_eq!(open(&bytes).unwrap_err().code(), "MODEL_CORRUPT", "{more} bytes appended");
    }
}

#[test]
fn absent_files_and_folders_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(ModelFile::open(&dir.path().join("none")).unwrap_err().code(), "MODEL_MISSING");
    assert_eq!(ModelFile::open(dir.path()).unwrap_err().code(), "MODEL_CORRUPT");
}

proptest! {
    #[test]
    fn noise_is_never_a_model(mut bytes in prop::collection::vec(any::<u8>(), 0..600), marked in any::<bool>()) {
        if marked && bytes.len() >= 12 {
            bytes[..8].copy_from_slice(&MAGIC);
            bytes[8..12].copy_from_slice(&1_u32.to_le_bytes());
        }
        let code = open(&bytes).unwrap_err().code();
        prop_assert!(code == "MODEL_CORRUPT" || code == "MODEL_NEWER");
    }
}
