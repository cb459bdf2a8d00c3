//! Vectors to measure with: files, and a set that is made here.

use rayon::prelude::*;
use std::error::Error;
use std::fs;
use std::path::Path;

/// Base vectors, queries and their true neighbours, when these are known.
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) dim: usize,
    pub(crate) base: Vec<f32>,
    pub(crate) queries: Vec<f32>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The set that `what` names: `fashion-mnist`, `clustered-1m` (or `clustered-N`), or a file.
pub(crate) fn load(what: &str, folder: Option<&str>) -> Result<Data> {
    match what {
        "fashion-mnist" => fashion(Path::new(folder.ok_or("name the folder: --data fashion-mnist DIR")?)),
        "clustered-1m" => Ok(clustered(1_000_000)),
        _ => match what.strip_prefix("clustered-") {
            Some(count) => Ok(clustered(count.parse()?)),
            None => file(Path::new(what)),
        },
    }
}

fn fashion(folder: &Path) -> Result<Data> {
    let (base, dim) = numbers(&folder.join("base.u8.npy"))?;
    let (queries, _) = numbers(&folder.join("query.u8.npy"))?;
    Ok(Data { name: "fashion-mnist".into(), dim, base, queries })
}

/// A matrix of vectors; the last of them, at most 1,000, become queries.
fn file(path: &Path) -> Result<Data> {
    let (mut base, dim) = numbers(path)?;
    let asked = (base.len() / dim / 10).min(1000);
    let queries = base.split_off(base.len() - asked * dim);
    Ok(Data { name: path.display().to_string(), dim, base, queries })
}

fn numbers(path: &Path) -> Result<(Vec<f32>, usize)> {
    if path.extension().is_some_and(|name| name == "fvecs") {
        return fvecs(&fs::read(path)?);
    }
    npy(path, |bytes, kind| match kind {
        "|u1" => Ok(bytes.iter().map(|&byte| f32::from(byte)).collect()),
        "<f4" => Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        other => Err(format!("numbers of type {other} aren't read: save them as float32 or uint8").into()),
    })
}

fn fvecs(bytes: &[u8]) -> Result<(Vec<f32>, usize)> {
    let word = |at: usize| -> Result<[u8; 4]> { Ok(bytes.get(at..at + 4).ok_or("the file ends early")?.try_into()?) };
    let dim = u32::from_le_bytes(word(0)?) as usize;
    let rows = bytes.chunks_exact(4 * (dim + 1));
    let values = rows.flat_map(|row| row[4..].chunks_exact(4)).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok((values.collect(), dim))
}

/// Reads a matrix in NumPy's format 1.0.
fn npy<T>(path: &Path, read: impl Fn(&[u8], &str) -> Result<Vec<T>>) -> Result<(Vec<T>, usize)> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !bytes.starts_with(b"\x93NUMPY\x01") {
        return Err(format!("{} isn't a .npy file of version 1", path.display()).into());
    }
    let end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..end])?;
    let after = |key: &str| header.split_once(key).map(|(_, rest)| rest).ok_or(format!("no {key} in {header}"));
    let kind = after("'descr':")?.split('\'').nth(1).ok_or("no type")?;
    let shape = after("'shape':")?.split(['(', ')']).nth(1).ok_or("no shape")?;
    let dim = shape.split(',').nth(1).ok_or("a matrix is needed")?.trim().parse()?;
    Ok((read(&bytes[end..], kind)?, dim))
}

/// 2,000 clusters on a linear map of 24 dimensions to 256, with noise in all of them; seed 42.
///
/// Pure Gaussian vectors of 256 values have no neighbours to find; real ones lie near few dimensions, and so do these.
fn clustered(count: usize) -> Data {
    const DIM: usize = 256;
    const INNER: usize = 24;
    const CENTRES: u64 = 2000;
    const QUERIES: usize = 1000;
    let map: Vec<f32> = (0..DIM * INNER).map(|i| normal(1, i as u64) / (INNER as f32).sqrt()).collect();
    let row = |seed: u64, out: &mut [f32]| {
        let centre = mix(seed ^ 42) % CENTRES;
        let inner: [f32; INNER] =
            std::array::from_fn(|i| normal(2 + centre, i as u64) + 0.35 * normal((1 << 40) + seed, i as u64));
        for (j, out) in out.iter_mut().enumerate() {
            let sum: f32 = inner.iter().zip(&map[j * INNER..]).map(|(a, b)| a * b).sum();
            *out = sum + 0.05 * normal((1 << 41) + seed, j as u64);
        }
    };
    let mut all = vec![0.0_f32; (count + QUERIES) * DIM];
    all.par_chunks_mut(DIM).enumerate().for_each(|(i, out)| row(i as u64, out));
    let queries = all.split_off(count * DIM);
    Data { name: format!("clustered-{count}"), dim: DIM, base: all, queries }
}

fn normal(seed: u64, at: u64) -> f32 {
    let base = mix(seed.wrapping_mul(0x9E37_79B9).wrapping_add(at) ^ (42 << 48));
    let unit = |bits: u64| (bits & 0xFFFF) as f32 / 65_536.0 - 0.5;
    let more = mix(base);
    let sum: f32 = (0..4).map(|i| unit(base >> (16 * i))).sum::<f32>() + unit(more) + unit(more >> 16);
    sum * std::f32::consts::SQRT_2
}

fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
