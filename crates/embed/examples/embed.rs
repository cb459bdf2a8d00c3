//! Embeds texts: `embed MODEL < texts > vectors`, one text a line in, little-endian f32 rows out. `MODEL` is a `.canopy-model` file, or a
//! folder with `model.safetensors` and `vocab.txt`, which is run in f32.

use canopy_core::Cancel;
use canopy_embed::Embedder;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = std::env::args().nth(1).ok_or("usage: embed MODEL < texts > vectors")?;
    let path = Path::new(&model);
    let model: Arc<dyn Embedder> =
        if path.is_dir() { Arc::new(canopy_embed::load_safetensors(path)?) } else { canopy_embed::load(path)? };
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (part, lines) in lines.chunks(4096).enumerate() {
        let vectors = model.embed_known(lines, &Cancel::new())?.vectors;
        for value in vectors {
            out.write_all(&value.to_le_bytes())?;
        }
        eprintln!("{} of {}", part * 4096 + lines.len(), text.lines().count());
    }
    Ok(out.flush()?)
}
