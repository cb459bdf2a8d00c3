//! Checks a file of weights before the engine sees it: the engine trusts the lengths that it reads.

/// `ggml` in little-endian bytes.
const MAGIC: u32 = 0x6767_6d6c;
/// The engine's own bounds are looser; no Whisper model comes near these.
const MOST: u64 = 1 << 20;

/// Walks the whole file: header, filters, vocabulary, and every tensor to the last byte.
///
/// # Errors
/// What contradicts the format.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.u32("magic")? != MAGIC {
        return Err("it doesn't begin with ggml's mark".to_owned());
    }
    let mut header = [0_u64; 11];
    for value in &mut header {
        *value = u64::from(reader.u32("header")?);
    }
    let [
        vocabulary,
        audio_context,
        audio_state,
        audio_heads,
        audio_layers,
        text_context,
        text_state,
        text_heads,
        text_layers,
        mels,
        kind,
    ] = header;
    let sizes = [vocabulary, audio_context, audio_state, audio_heads, text_context, text_state, text_heads, mels];
    if sizes.iter().any(|&size| size == 0 || size > MOST)
        || audio_layers.max(text_layers) > 256
        || audio_layers == 0
        || text_layers == 0
    {
        return Err(format!("its header says {header:?}, which no model of Whisper has"));
    }
    if audio_state != text_state || audio_state % audio_heads != 0 || text_state % text_heads != 0 {
        return Err(format!(
            "{audio_state} and {text_state} values can't be shared by {audio_heads} and {text_heads} heads"
        ));
    }
    // Thousands count revisions of quantised formats.
    if kind % 1000 > 20 || kind >= 100_000 {
        return Err(format!("its weights have kind {kind}, which isn't known"));
    }
    let (rows, columns) = (u64::from(reader.u32("filters")?), u64::from(reader.u32("filters")?));
    if rows != mels || columns == 0 || columns > MOST {
        return Err(format!("its filters are {rows} × {columns}, the header says {mels}"));
    }
    reader.skip(rows * columns * 4, "filters")?;
    let words = u64::from(reader.u32("vocabulary")?);
    if words == 0 || words > vocabulary {
        return Err(format!("its vocabulary has {words} entries, the header says {vocabulary}"));
    }
    for _ in 0..words {
        let length = u64::from(reader.u32("vocabulary")?);
        reader.skip(length, "vocabulary")?;
    }
    let expected = 11 + 15 * audio_layers + 24 * text_layers;
    let mut tensors = 0;
    while reader.at < bytes.len() {
        tensor(&mut reader)?;
        tensors += 1;
    }
    if tensors == expected { Ok(()) } else { Err(format!("it has {tensors} tensors instead of {expected}")) }
}

fn tensor(reader: &mut Reader) -> Result<(), String> {
    let (dims, length, kind) = (reader.u32("tensor")?, reader.u32("tensor")?, reader.u32("tensor")?);
    if dims == 0 || dims > 3 || length == 0 || length > 256 {
        return Err(format!("a tensor at byte {} has {dims} dimensions and a name of {length} bytes", reader.at));
    }
    let mut values: u64 = 1;
    let mut first = 1;
    for dim in 0..dims {
        let size = u64::from(reader.u32("tensor")?);
        if size == 0 || size > MOST {
            return Err(format!("a tensor at byte {} has a dimension of {size}", reader.at));
        }
        if dim == 0 {
            first = size;
        }
        values *= size;
    }
    reader.skip(u64::from(length), "a tensor's name")?;
    let (block, bytes) = match kind {
        0 => (1, 4),
        1 => (1, 2),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return Err(format!("a tensor has values of kind {kind}, which isn't known")),
    };
    if first % block != 0 {
        return Err(format!("a tensor's rows of {first} values aren't whole blocks of {block}"));
    }
    reader.skip(values / block * bytes, "a tensor")
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u32(&mut self, part: &str) -> Result<u32, String> {
        let four = self.bytes.get(self.at..self.at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
        self.at += 4;
        four.map(u32::from_le_bytes).ok_or_else(|| format!("it ends within its {part}"))
    }

    fn skip(&mut self, count: u64, part: &str) -> Result<(), String> {
        let left = (self.bytes.len() - self.at.min(self.bytes.len())) as u64;
        if count > left {
            return Err(format!("it ends within {part}: {count} bytes should follow, {left} do"));
        }
        self.at += usize::try_from(count).map_err(|_| "it is too large for this machine".to_owned())?;
        Ok(())
    }
}
