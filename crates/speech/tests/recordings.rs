//! Recordings in every format, whole, cut and damaged. The fixtures hold one second of a tone that rises from 300 to 3,000 Hz, at 0.6 on the
//! left and 0.2 on the right where there are two channels; crates/speech/tests/fixtures/README.md says how they were made.
#![expect(clippy::unwrap_used, reason = "tests")]

use canopy_core::{Cancel, Coded};
use canopy_speech::{Audio, Error, Limits, SAMPLE_RATE, decode, decode_file};
use proptest::prelude::*;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", name].iter().collect()
}

fn read(bytes: Vec<u8>) -> Result<Audio, Error> {
    decode(bytes, None, &Limits::default(), &Cancel::new())
}

/// Quarters of a sample: a tone of 3,000 Hz that is half a sample late is another tone.
const FINE: i64 = 4;

/// The tone at [`FINE`] times 16 kHz.
fn tone() -> Vec<f64> {
    let phase = |t: f64| std::f64::consts::TAU * (300.0 * t + 1350.0 * t * t);
    let rate = FINE as f64 * f64::from(SAMPLE_RATE);
    (0..rate as u32).map(|n| phase(f64::from(n) / rate).sin()).collect()
}

/// The best correlation over shifts of up to 100 ms, since lossy codecs delay, and the level there.
fn likeness(audio: &Audio) -> (f64, f64) {
    let tone = tone();
    let mut best = (0.0, 0.0);
    for shift in -1600 * FINE..1600 * FINE {
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for at in (2000..14000_i64).step_by(3) {
            let (Some(&x), Some(&y)) = (tone.get((at * FINE + shift) as usize), audio.samples.get(at as usize)) else {
                continue;
            };
            let y = f64::from(y);
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        let correlation: f64 = xy / (xx * yy).sqrt().max(f64::MIN_POSITIVE);
        if correlation > best.0 {
            best = (correlation, (yy / xx).sqrt());
        }
    }
    best
}

#[test]
fn every_format_gives_the_tone_at_16_khz() {
    for (name, level) in [
        ("sweep.wav", 0.4),
        ("sweep.mp3", 0.4),
        ("sweep.flac", 0.4),
        ("sweep.ogg", 0.4),
        ("sweep-opus.ogg", 0.4),
        ("sweep-opus.webm", 0.4),
        ("sweep-live.webm", 0.4),
        ("sweep-opus.m4a", 0.4),
        ("sweep.m4a", 0.4),
        ("sweep-alac.m4a", 0.4),
        ("sweep.aiff", 0.4),
    ] {
        let audio = decode_file(&fixture(name), &Limits::default(), &Cancel::new())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (correlation, found) = likeness(&audio);
        assert!(correlation > 0.99, "{name}: correlation {correlation}");
        assert!((found - level).abs() < 0.03, "{name}: level {found}, {level} expected");
        assert!((audio.seconds() - 1.0).abs() < 0.08, "{name}: {} s", audio.seconds());
        // The bytes alone tell as much as the name.
        assert_eq!(read(std::fs::read(fixture(name)).unwrap()).unwrap(), audio, "{name}");
    }
}

#[test]
fn what_is_no_recording_is_said() {
    let code = |bytes: &[u8]| read(bytes.to_vec()).unwrap_err().code();
    assert_eq!(code(b""), "AUDIO_EMPTY");
    assert_eq!(code(b"just some text, no music at all"), "AUDIO_UNSUPPORTED");
    assert_eq!(code(&[0; 100_000]), "AUDIO_UNSUPPORTED");
    let missing = decode_file(&fixture("missing.wav"), &Limits::default(), &Cancel::new()).unwrap_err();
    assert_eq!(missing.code(), "AUDIO_UNREADABLE");
    assert_eq!(decode_file(&fixture(""), &Limits::default(), &Cancel::new()).unwrap_err().code(), "AUDIO_UNSUPPORTED");
}

#[test]
fn limits_and_cancellation_hold() {
    let bytes = wav(16_000, 1, 48_000);
    let limits = Limits { seconds: 2 };
    assert_eq!(decode(bytes.clone(), None, &limits, &Cancel::new()).unwrap_err().code(), "AUDIO_TOO_LONG");
    let cancel = Cancel::new();
    cancel.cancel();
    assert_eq!(decode(bytes, None, &Limits::default(), &cancel).unwrap_err().code(), "CANCELLED");
}

#[test]
fn a_recording_that_breaks_off_gives_what_is_there() {
    let whole = wav(16_000, 1, 48_000);
    let audio = read(whole[..whole.len() / 2].to_vec()).unwrap();
    assert!((audio.seconds() - 1.5).abs() < 0.1, "{}", audio.seconds());
}

#[test]
fn resampling_keeps_length_and_place() {
    for rate in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000] {
        for frames in [1, 100, 1023, 1024, 1025, rate as usize] {
            let audio = read(wav(rate, 2, frames)).unwrap();
            let expected = frames as f64 * f64::from(SAMPLE_RATE) / f64::from(rate);
            assert!(
                (audio.samples.len() as f64 - expected).abs() <= 1.0,
                "{rate} Hz, {frames} frames: {} instead of {expected}",
                audio.samples.len()
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn damage_never_panics(name in prop::sample::select(vec!["sweep.wav", "sweep.mp3", "sweep.flac", "sweep.ogg", "sweep-opus.ogg", "sweep-opus.webm", "sweep.m4a", "sweep-alac.m4a", "sweep.aiff"]),
                           cut in 0.0_f64..1.0, flips in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 0..20)) {
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        for (place, value) in flips {
            let at = (place * bytes.len() as f64) as usize;
            bytes[at] = value;
        }
        bytes.truncate((cut * bytes.len() as f64) as usize);
        if let Ok(audio) = read(bytes) {
            prop_assert!(audio.samples.iter().all(|sample| sample.is_finite()));
        }
    }
}

/// A wav file of 16-bit samples with a tone of 440 Hz.
fn wav(rate: u32, channels: u16, frames: usize) -> Vec<u8> {
    let data = u32::try_from(frames * usize::from(channels) * 2).unwrap();
    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + data).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend_from_slice(&channels.to_le_bytes());
    bytes.extend_from_slice(&rate.to_le_bytes());
    bytes.extend_from_slice(&(rate * u32::from(channels) * 2).to_le_bytes());
    bytes.extend_from_slice(&(channels * 2).to_le_bytes());
    bytes.extend_from_slice(&16_u16.to_le_bytes());
    bytes.extend_from_slice(b"data");
    bytes.extend_from_slice(&data.to_le_bytes());
    for n in 0..frames {
        let value = (std::f64::consts::TAU * 440.0 * n as f64 / f64::from(rate)).sin() * 9000.0;
        for _ in 0..channels {
            bytes.extend_from_slice(&(value as i16).to_le_bytes());
        }
    }
    bytes
}
