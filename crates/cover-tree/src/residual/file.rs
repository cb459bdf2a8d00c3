//! A residual tree as a file that is opened by mapping: V is read where it lies.

use super::engine::Engine;
use super::envelope::Envelope;
use super::field::Places;
use super::held::{Held, held};
use super::inducing::Inducing;
use super::kernel::Kernel;
use super::matrix::Matrix;
use super::options::ResidualOptions;
use super::real::Real;
use super::root::{Factors, Root};
use super::sample;
use super::tiles::Chosen;
use super::tree::{ResidualReport, ResidualTree, Structure};
use crate::error::Error;
use crate::points::{MAX_DIM, MAX_POINTS};
use crate::task::Task;
use canopy_core::{Cancel, Progress};
use canopy_file::{Format, Mapped, save_through};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

const FORMAT: Format = Format { magic: *b"CANOPYRT", version: 2 };

/// What stands in the section `meta`. Numbers that aren't whole have sections of their own: JSON would round them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    dim: usize,
    len: usize,
    /// How many ids were ever given; version 1 had no points that were removed.
    #[serde(default)]
    ids: Option<usize>,
    /// Inducing points, or values of a row of V that was given.
    count: usize,
    double: bool,
    /// Whether there is what rounding took from V.
    rest: bool,
    /// Whether inducing points are known.
    root: bool,
    /// Without inducing points that were given: those are in the root.
    options: ResidualOptions,
    given: bool,
    /// Without its numbers.
    envelope: Envelope,
}

impl ResidualTree {
    /// Writes points, V, p, inducing points and the envelope into a file, replacing what stood there only when everything is on
    /// the disk.
    ///
    /// # Errors
    /// [`Error::File`], and the old file stays valid.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.save_with(path, &[])
    }

    /// [`ResidualTree::save`] with notes of the caller's, which [`ResidualTree::notes`] gives back.
    ///
    /// # Errors
    /// Those of [`ResidualTree::save`].
    pub fn save_with(&self, path: &Path, notes: &[u8]) -> Result<(), Error> {
        self.save_through(path, notes, |file| file)
    }

    /// What was saved beside a tree.
    ///
    /// # Errors
    /// Those of [`ResidualTree::open`].
    pub fn notes(path: &Path) -> Result<Vec<u8>, Error> {
        Ok(Mapped::open(path, FORMAT)?.checked("notes")?.to_vec())
    }

    /// [`ResidualTree::save`] through another writer, so that a test can let the disk run full.
    fn save_through<W: Write>(&self, path: &Path, notes: &[u8], wrap: impl FnOnce(File) -> W) -> Result<(), Error> {
        held!(&self.held, |engine| self.write(engine, path, notes, wrap))
    }

    fn write<T: Chosen, W: Write>(
        &self,
        engine: &Engine<T>,
        path: &Path,
        notes: &[u8],
        wrap: impl FnOnce(File) -> W,
    ) -> Result<(), Error> {
        let envelope = self.envelope();
        let given = matches!(self.options.inducing, Inducing::Given(_));
        let mut options = self.options.clone();
        if given {
            options.inducing = Inducing::Given(Vec::new());
        }
        let places = engine.shape.places();
        let meta = Meta {
            dim: places.dim,
            len: places.len(),
            ids: Some(places.given),
            count: engine.v.width(),
            double: size_of::<T>() == size_of::<f64>(),
            rest: engine.rest.is_some(),
            root: self.root.is_some(),
            options,
            given,
            envelope: envelope.bare(),
        };
        let meta = serde_json::to_vec(&meta).expect("numbers and names always serialise");
        let kernel = &self.options.kernel;
        let root_jitter = self.root.as_ref().map_or(0.0, |root| root.jitter);
        let numbers = [&[kernel.variance, self.options.jitter, root_jitter][..], &kernel.lengthscales].concat();
        let envelope = envelope.numbers();
        let mut sections: Vec<(&str, &[u8])> = vec![
            ("meta", &meta),
            ("notes", notes),
            ("numbers", bytemuck::cast_slice(&numbers)),
            ("envelope", bytemuck::cast_slice(&envelope)),
            ("ids", bytemuck::cast_slice(&places.ids)),
            ("rows", bytemuck::cast_slice(&places.rows)),
            ("p", bytemuck::cast_slice(&engine.shape.p)),
            ("v", bytemuck::cast_slice(engine.v.values())),
        ];
        if let Some(rest) = &engine.rest {
            sections.push(("rest", bytemuck::cast_slice(rest.values())));
        }
        if let Some(root) = &self.root {
            sections.push(("inducing", bytemuck::cast_slice(&root.lanes)));
            sections.push(("inverse", bytemuck::cast_slice(root.inverse.values())));
        }
        Ok(save_through(path, FORMAT, &sections, wrap)?)
    }

    /// Opens a saved tree by mapping its file. Everything is read once and compared with its checksum, so that damage is an error
    /// here and never a wrong answer later. The report has no times.
    ///
    /// The file must not be changed in place by others while it is mapped; [`ResidualTree::save`] replaces it as a whole.
    ///
    /// # Errors
    /// [`Error::File`]: not there, foreign, newer, truncated or damaged; an envelope that was made for other data is damage.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = Mapped::open(path, FORMAT)?;
        file.verify(&[])?;
        let wrong = || file.damaged("meta");
        let mut meta: Meta = serde_json::from_slice(file.bytes("meta")?).map_err(|_| wrong())?;
        let given = meta.ids.unwrap_or(meta.len);
        if !(1..=MAX_DIM).contains(&meta.dim) || given > MAX_POINTS || meta.len > given || meta.count == 0 {
            return Err(wrong().into());
        }
        let numbers: Vec<f64> = file.numbers("numbers")?;
        let Some((&[variance, jitter, root_jitter], lengthscales)) = numbers.split_first_chunk() else {
            return Err(file.damaged("numbers").into());
        };
        let kernel = Kernel { kind: meta.options.kernel.kind, variance, lengthscales: lengthscales.to_vec() };
        let scales = kernel.scales(meta.dim).map_err(|_| file.damaged("numbers"))?;
        (meta.options.kernel, meta.options.jitter) = (kernel.clone(), jitter);
        let root = meta.root.then(|| root(&file, &meta, &scales, root_jitter)).transpose()?;
        if let (true, Some(root)) = (meta.given, &root) {
            meta.options.inducing = Inducing::Given(root.inducing());
        }
        let structure = Structure::of(places(&file, &meta)?);
        let kernel = (kernel.kind, variance, scales);
        let held = if meta.double {
            Held::Double(Engine::new(kernel, structure, factors(&file, &meta)?))
        } else {
            Held::Single(Engine::new(kernel, structure, factors(&file, &meta)?))
        };
        let digest = held!(&held, |engine| engine.shape.digest());
        meta.envelope.kernel = meta.options.kernel.clone();
        let envelope = if meta.envelope.is_current() {
            let envelope = meta.envelope.restored(&file.numbers::<f64>("envelope")?);
            envelope.filter(|envelope| envelope.fits(&digest)).ok_or_else(|| file.damaged("envelope"))?
        } else {
            // An envelope of an older layout can't be read, and costs less to make than to carry on.
            let (cancel, progress) = (Cancel::new(), Progress::default());
            let task = Task::new(&cancel, &progress, meta.len);
            held!(&held, |engine| sample::envelope(engine, &meta.options, &task))?
        };
        let report = ResidualReport { inducing: meta.count, jitter: root_jitter, ..ResidualReport::default() };
        Ok(Self::assemble(root.map(Arc::new), held, envelope, meta.options, report))
    }
}

fn root(file: &Mapped, meta: &Meta, scales: &[f64], jitter: f64) -> Result<Root, Error> {
    let count = meta.count;
    let lanes: Vec<f64> = file.numbers("inducing")?;
    if lanes.len() != count.saturating_mul(meta.dim) {
        return Err(file.damaged("inducing").into());
    }
    let inverse = file.buffer("inverse", Matrix::<f64>::size(count.next_multiple_of(16), count))?;
    let kernel = meta.options.kernel.clone();
    Ok(Root::with_inverse(kernel, scales.to_vec(), lanes, jitter, Matrix::mapped(inverse, count)))
}

fn places(file: &Mapped, meta: &Meta) -> Result<Places, Error> {
    let ids = file.mapped::<u32>("ids", meta.len)?;
    let given = meta.ids.unwrap_or(meta.len);
    let mut seen = vec![false; given];
    let fresh = |&id: &u32| seen.get_mut(id as usize).is_some_and(|seen| !std::mem::replace(seen, true));
    if !ids.iter().all(fresh) {
        return Err(file.damaged("ids").into());
    }
    Ok(Places { dim: meta.dim, given, ids, rows: file.mapped("rows", meta.len.saturating_mul(meta.dim))? })
}

fn factors<T: Real>(file: &Mapped, meta: &Meta) -> Result<Factors<T>, Error> {
    let p: Vec<f64> = file.numbers("p")?;
    if p.len() != meta.len || !p.iter().all(|p| p.is_finite() && *p > 0.0) {
        return Err(file.damaged("p").into());
    }
    let v = Matrix::mapped(file.buffer("v", Matrix::<T>::size(meta.len, meta.count))?, meta.count);
    let rest = || -> Result<_, Error> {
        Ok(Matrix::mapped(file.buffer("rest", Matrix::<f32>::size(meta.len, meta.count))?, meta.count))
    };
    let rest = meta.rest.then(rest).transpose()?;
    Ok(Factors { v, rest, p })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::full::Full;
    use crate::points::Points;
    use canopy_core::Coded;

    #[test]
    fn a_full_disk_leaves_the_old_file_valid() {
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tree");
        let options =
            ResidualOptions { inducing: Inducing::Random { count: 5, seed: 1 }, ..ResidualOptions::default() };
        let build = |n: u32| {
            let points = Points::from_f64((0..n).map(f64::from).collect(), 1).unwrap();
            ResidualTree::build(points, &options, &cancel, &progress).unwrap()
        };
        build(20).save(&path).unwrap();
        let larger = build(90);
        for room in [0, 100, 5000] {
            assert_eq!(
                larger.save_through(&path, b"notes", |file| Full(file, room)).unwrap_err().code(),
                "INDEX_DISK_FULL"
            );
            assert_eq!(ResidualTree::open(&path).unwrap().len(), 20);
        }
    }
}
