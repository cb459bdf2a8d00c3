//! Recordings of any common format, as 16 kHz mono.

use crate::Error;
use audioadapter_buffers::direct::SequentialSlice;
use canopy_core::Cancel;
use rubato::{Fft, FixedSync, Indexing, Resampler};
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as Trouble;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType, probe::Hint};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia_adapter_libopus::OpusDecoder;

/// Samples a second that Whisper hears.
pub const SAMPLE_RATE: u32 = 16_000;
/// Frames that go through the resampler at once: 21 ms at 48 kHz.
const CHUNK: usize = 1024;
/// Packets in a row that may be damaged before a recording counts as such: a broken download loses a few.
const BAD_PACKETS: usize = 16;

/// What symphonia decodes by itself, and Opus by libopus: most voice notes are Opus, and symphonia has no decoder of its own for it.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<OpusDecoder>();
    codecs
});

/// What a recording may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most seconds of audio; an hour takes 230 MB of memory while it is transcribed.
    pub seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 4 * 3600 }
    }
}

/// A recording as Whisper hears it.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Mono, [`SAMPLE_RATE`] a second, −1 to 1.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Length in seconds.
    pub fn seconds(&self) -> f64 {
        self.samples.len() as f64 / f64::from(SAMPLE_RATE)
    }
}

/// Reads a recording: container and codec are recognised by its bytes, `extension` (such as `mp3`) helps where they don't tell.
/// Channels are averaged. Only samples that were really there count, whatever length a header claims.
///
/// # Errors
/// [`Error::Unsupported`], [`Error::Damaged`], [`Error::Silent`], [`Error::TooLong`], [`Error::Cancelled`].
pub fn decode(bytes: Vec<u8>, extension: Option<&str>, limits: &Limits, cancel: &Cancel) -> Result<Audio, Error> {
    if bytes.is_empty() {
        Err(Error::Silent)
    } else {
        decode_source(Box::new(Cursor::new(bytes)), extension, limits, cancel)
    }
}

/// Reads a recording from a file, piece by piece; see [`decode`].
///
/// # Errors
/// [`Error::Unsupported`] when it can't be opened, and those of [`decode`].
pub fn decode_file(path: &Path, limits: &Limits, cancel: &Cancel) -> Result<Audio, Error> {
    let unreadable = |error: std::io::Error| Error::Unreadable { path: path.to_owned(), source: error };
    let file = File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(Error::Unsupported(format!("{} is no file", path.display())));
    }
    if meta.len() == 0 {
        return Err(Error::Silent);
    }
    decode_source(Box::new(file), path.extension().and_then(|extension| extension.to_str()), limits, cancel)
}

fn decode_source(
    source: Box<dyn MediaSource>,
    extension: Option<&str>,
    limits: &Limits,
    cancel: &Cancel,
) -> Result<Audio, Error> {
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(source, MediaSourceStreamOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| Error::Unsupported(format!("its format isn't recognised ({error})")))?;
    let track =
        format.default_track(TrackType::Audio).ok_or_else(|| Error::Unsupported("it has no audio track".to_owned()))?;
    let id = track.id;
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio());
    let parameters =
        parameters.ok_or_else(|| Error::Unsupported("its audio track doesn't say its codec".to_owned()))?;
    let mut decoder = CODECS
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|error| Error::Unsupported(format!("there is no decoder for its codec ({error})")))?;
    let mut mixer = Mixer::new(*limits);
    read(&mut *format, id, &mut *decoder, &mut mixer, cancel)?;
    let samples = mixer.finish()?;
    if samples.is_empty() { Err(Error::Silent) } else { Ok(Audio { samples }) }
}

/// Feeds all packets of a track to the mixer.
fn read(
    format: &mut dyn FormatReader,
    track: u32,
    decoder: &mut dyn AudioDecoder,
    mixer: &mut Mixer,
    cancel: &Cancel,
) -> Result<(), Error> {
    let mut interleaved: Vec<f32> = Vec::new();
    let mut bad = 0;
    loop {
        cancel.check()?;
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(()),
            // Where a file breaks off, what came before is worth hearing.
            Err(Trouble::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(Error::Damaged(error.to_string())),
        };
        if packet.track_id != track {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                bad = 0;
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                buffer.copy_to_vec_interleaved(&mut interleaved);
                mixer.push(&interleaved, channels, rate)?;
            }
            Err(Trouble::DecodeError(what)) => {
                bad += 1;
                if bad > BAD_PACKETS {
                    return Err(Error::Damaged(what.to_string()));
                }
            }
            Err(Trouble::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(Error::Damaged(error.to_string())),
        }
    }
}

/// Averages channels and resamples as the packets come, so that a recording is never held at its own rate as a whole.
struct Mixer {
    limits: Limits,
    /// Mono at the recording's own rate, not yet resampled.
    pending: Vec<f32>,
    rate: u32,
    resampler: Option<Fft<f32>>,
    out: Vec<f32>,
    /// Frames that came in.
    frames: u64,
}

impl Mixer {
    fn new(limits: Limits) -> Self {
        Self { limits, pending: Vec::new(), rate: 0, resampler: None, out: Vec::new(), frames: 0 }
    }

    fn push(&mut self, interleaved: &[f32], channels: usize, rate: u32) -> Result<(), Error> {
        if channels == 0 || rate == 0 {
            return Err(Error::Damaged(format!("a packet claims {channels} channels at {rate} Hz")));
        }
        if self.rate == 0 {
            self.start(rate)?;
        } else if self.rate != rate {
            return Err(Error::Damaged(format!("its rate changes from {} to {rate} Hz", self.rate)));
        }
        self.frames += (interleaved.len() / channels) as u64;
        if self.frames > u64::from(self.limits.seconds) * u64::from(rate) {
            return Err(Error::TooLong { limit: self.limits.seconds });
        }
        #[expect(clippy::cast_precision_loss, reason = "a few channels")]
        let share = 1.0 / channels as f32;
        let mono = interleaved.chunks_exact(channels).map(|frame| {
            let mean = frame.iter().sum::<f32>() * share;
            // A damaged float recording may hold anything; one NaN would silence a whole passage.
            if mean.is_finite() { mean.clamp(-1.0, 1.0) } else { 0.0 }
        });
        if self.resampler.is_none() {
            self.out.extend(mono);
            return Ok(());
        }
        self.pending.extend(mono);
        self.drain(false)
    }

    fn start(&mut self, rate: u32) -> Result<(), Error> {
        self.rate = rate;
        if rate == SAMPLE_RATE {
            return Ok(());
        }
        if !(1_000..=768_000).contains(&rate) {
            return Err(Error::Unsupported(format!("its rate is {rate} Hz; 1,000 to 768,000 can be read")));
        }
        let resampler = Fft::new(rate as usize, SAMPLE_RATE as usize, CHUNK, 1, FixedSync::Input);
        self.resampler = Some(resampler.map_err(|error| Error::Engine(error.to_string()))?);
        Ok(())
    }

    /// Resamples all whole chunks; at the end the rest as well, and what the filter still holds.
    fn drain(&mut self, end: bool) -> Result<(), Error> {
        let Some(resampler) = &mut self.resampler else { return Ok(()) };
        let engine = |error: &dyn std::fmt::Display| Error::Engine(format!("resampling: {error}"));
        let wanted = (self.frames * u64::from(SAMPLE_RATE)).div_ceil(u64::from(self.rate));
        #[expect(clippy::cast_possible_truncation, reason = "bounded by the limit on seconds")]
        let total = wanted as usize + resampler.output_delay();
        let mut used = 0;
        loop {
            let need = resampler.input_frames_next();
            let there = (self.pending.len() - used).min(need);
            if there < need && (!end || self.out.len() >= total) {
                break;
            }
            let input =
                SequentialSlice::new(&self.pending[used..used + there], 1, there).map_err(|error| engine(&error))?;
            let before = self.out.len();
            let room = resampler.output_frames_next();
            self.out.resize(before + room, 0.0);
            let mut output =
                SequentialSlice::new_mut(&mut self.out[before..], 1, room).map_err(|error| engine(&error))?;
            let partial = (there < need).then(|| Indexing::new().partial_len(there));
            let (_, made) =
                resampler.process_into_buffer(&input, &mut output, partial.as_ref()).map_err(|error| engine(&error))?;
            self.out.truncate(before + made);
            used += there;
        }
        self.pending.drain(..used);
        if end {
            // The filter's delay comes off the front; what it rings on after the end isn't the recording's.
            self.out.truncate(total);
            self.out.drain(..resampler.output_delay().min(self.out.len()));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<f32>, Error> {
        self.drain(true)?;
        Ok(self.out)
    }
}
