//! Writes recordings down: `cargo run --release -p canopy-speech --example transcribe -- ggml-tiny.en.bin talk.wav …`
#![expect(clippy::print_stdout, reason = "an example speaks on the terminal")]

use canopy_core::{Cancel, Progress};
use canopy_speech::{Limits, Request, Transcriber, decode, passages};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let weights = arguments.next().ok_or("give the weights and a recording")?;
    let started = Instant::now();
    let model = Transcriber::load(Path::new(&weights))?;
    println!("loaded in {:.3} s", started.elapsed().as_secs_f64());
    for file in arguments {
        let started = Instant::now();
        let audio = decode(std::fs::read(&file)?, None, &Limits::default(), &Cancel::new())?;
        let decoded = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let found = passages(&audio.samples);
        println!(
            "{file}: {:.1} s, decoded in {decoded:.3} s, {} passages found in {:.3} s",
            audio.seconds(),
            found.len(),
            started.elapsed().as_secs_f64()
        );
        let transcript = model.transcribe(&audio, &Request::default(), &Cancel::new(), &Progress::default())?;
        for segment in &transcript.segments {
            println!("[{:7.2} {:7.2}] {}", segment.start, segment.end, segment.text);
        }
        println!("xRT {:.3}", transcript.xrt);
    }
    Ok(())
}
