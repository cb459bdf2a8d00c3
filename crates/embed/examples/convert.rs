//! Makes `.canopy-model` files: `convert minilm|static SOURCE_FOLDER NAME TARGET_FILE`.

use canopy_embed::convert;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, source, name, target] = arguments.as_slice() else {
        eprintln!("usage: convert minilm|static SOURCE_FOLDER NAME TARGET_FILE");
        return ExitCode::from(2);
    };
    let made = match kind.as_str() {
        "minilm" => convert::minilm(Path::new(source), name),
        "static" => convert::static_model(Path::new(source), name),
        other => {
            eprintln!("unknown kind {other}: use minilm or static");
            return ExitCode::from(2);
        }
    };
    let written = made.map_err(|error| error.to_string()).and_then(|bytes| {
        std::fs::write(target, &bytes).map_err(|error| format!("{target}: {error}"))?;
        eprintln!("{target}: {} bytes", bytes.len());
        canopy_embed::load(Path::new(target)).map_err(|error| error.to_string())
    });
    match written {
        Ok(model) => {
            eprintln!("{:?}", model.identity());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
