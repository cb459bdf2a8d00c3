//! Trees by residual correlation as JavaScript sees them: how they are made, kept and changed. `residual_search` asks them.

use crate::cancel::{BindingCancel, OnProgress, flag, progress};
use crate::cover_tree::{Coordinates, points};
use crate::outcome::{Outcome, Trouble, run, run_json};
use crate::residual_search::given;
use crate::slot::{Closed, Slot};
use canopy_collection::from_json;
use canopy_core::Cancel;
use canopy_cover_tree::{Error, Kernel, ResidualOptions, ResidualTree, SearchReport};
use napi::bindgen_prelude::{Buffer, Float64Array, Uint32Array};
use napi_derive::napi;
use parking_lot::Mutex;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;

/// What building or the last refresh cost and found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    build_s: f64,
    v_s: f64,
    inducing: usize,
    jitter: f64,
    least_p: f64,
    median_p: f64,
    double: bool,
    isa: &'static str,
    memory_bytes: usize,
}

/// A tree; the next one takes its place when points come or go, or the kernel changes.
#[napi]
pub struct BindingResidualTree {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    slot: Arc<Slot<ResidualTree>>,
    /// How many refreshes were asked for, and the flag that stops the last one.
    asked: Mutex<(u64, Cancel)>,
}

impl Shared {
    /// The tree as it is now; a change meanwhile doesn't alter what a search holds.
    pub(crate) fn tree(&self) -> Result<Arc<ResidualTree>, Closed> {
        self.slot.get()
    }

    /// Notes a refresh and stops the one before, whose result nobody would see; gives its number.
    fn ask(&self, cancel: &Cancel) -> u64 {
        let mut asked = self.asked.lock();
        std::mem::replace(&mut asked.1, cancel.clone()).cancel();
        asked.0 += 1;
        asked.0
    }
}

impl BindingResidualTree {
    fn new(tree: ResidualTree) -> Self {
        let asked = Mutex::new((0, Cancel::new()));
        Self { shared: Arc::new(Shared { slot: Slot::new(tree), asked }) }
    }

    /// Puts the next tree in the place of this one, and gives the first id that this one hadn't given.
    async fn changed(&self, next: impl FnOnce(&ResidualTree) -> Result<ResidualTree, Trouble>) -> Outcome<u32> {
        let shared = self.shared.clone();
        run(move || -> Result<u32, Trouble> {
            let old = shared.slot.change(next)?;
            Ok(u32::try_from(old.ids()).unwrap_or(u32::MAX))
        })
        .await
    }
}

#[napi]
impl BindingResidualTree {
    /// Builds a tree. `options`: `{ kernel: { kind, variance, lengthscales }, inducing, jitter?, precision?, seed?, envelopeSamples? }`.
    #[napi]
    pub async fn build(
        coordinates: Coordinates,
        dim: u32,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualTree> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<Self, Trouble> {
            let options: ResidualOptions = from_json("the build options", &options)?;
            let points = points(&coordinates, dim as usize)?;
            let tree = ResidualTree::build(points, &options, &cancel, &progress)?;
            Ok(Self::new(tree))
        })
        .await
    }

    /// Builds a tree over V (row after row) and p that were computed elsewhere.
    #[napi]
    pub async fn build_with(
        coordinates: Coordinates,
        dim: u32,
        v: Coordinates,
        p: Coordinates,
        options: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<BindingResidualTree> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        run(move || -> Result<Self, Trouble> {
            let options: ResidualOptions = from_json("the build options", &options)?;
            let points = points(&coordinates, dim as usize)?;
            let tree = ResidualTree::with_factors(&points, &given(&v, &p), &options, &cancel, &progress)?;
            Ok(Self::new(tree))
        })
        .await
    }

    /// Opens a saved tree by mapping its file.
    #[napi]
    pub async fn open(path: String) -> Outcome<BindingResidualTree> {
        run(move || ResidualTree::open(Path::new(&path)).map(Self::new)).await
    }

    /// What was saved beside a tree.
    #[napi]
    pub async fn notes(path: String) -> Outcome<Buffer> {
        run(move || ResidualTree::notes(Path::new(&path)).map(Into::into)).await
    }

    /// Writes the tree into a file, with `notes` of the caller's; the old one stays until the new one is on the disk.
    #[napi]
    pub async fn save(&self, path: String, notes: Option<Buffer>) -> Outcome<bool> {
        let shared = self.shared.clone();
        run(move || -> Result<bool, Trouble> {
            shared.tree()?.save_with(Path::new(&path), notes.as_deref().unwrap_or_default())?;
            Ok(true)
        })
        .await
    }

    /// Gives the memory back as soon as no running search reads it; calls after it fail with `CLOSED`.
    #[napi]
    pub async fn close(&self) -> Outcome<bool> {
        let shared = self.shared.clone();
        run(move || -> Result<bool, Trouble> {
            shared.slot.close();
            Ok(true)
        })
        .await
    }

    /// `[points, ids ever given, coordinates a point]`; zeros once it is closed.
    #[napi(catch_unwind)]
    pub fn shape(&self) -> Vec<u32> {
        let shape = self.shared.tree().map_or([0; 3], |tree| [tree.len(), tree.ids(), tree.dim()]);
        shape.iter().map(|&count| u32::try_from(count).unwrap_or(u32::MAX)).collect()
    }

    /// What the build cost, or what a search did that gave this report; one line of JSON.
    #[napi]
    pub async fn telemetry(&self, report: Option<String>) -> Outcome<String> {
        let shared = self.shared.clone();
        run(move || -> Result<String, Trouble> {
            let tree = shared.tree()?;
            let Some(report) = report else { return Ok(tree.telemetry().to_line()) };
            let report: SearchReport = from_json("the report", &report)?;
            Ok(report.telemetry(&tree).to_line())
        })
        .await
    }

    /// The current kernel, as JSON.
    #[napi]
    pub async fn kernel(&self) -> Outcome<Buffer> {
        let shared = self.shared.clone();
        run_json(move || -> Result<Kernel, Trouble> { Ok(shared.tree()?.options().kernel.clone()) }).await
    }

    /// What building or the last refresh cost and found.
    #[napi]
    pub async fn report(&self) -> Outcome<Buffer> {
        let shared = self.shared.clone();
        run_json(move || -> Result<Report, Trouble> {
            let tree = shared.tree()?;
            let report = tree.report();
            Ok(Report {
                build_s: report.build_s,
                v_s: report.v_s,
                inducing: report.inducing,
                jitter: report.jitter,
                least_p: report.least_p,
                median_p: report.median_p,
                double: report.double,
                isa: report.isa,
                memory_bytes: tree.memory_bytes(),
            })
        })
        .await
    }

    /// The inducing points, row-major.
    #[napi]
    pub async fn inducing(&self) -> Outcome<Float64Array> {
        let shared = self.shared.clone();
        run(move || Ok::<_, Trouble>(shared.tree()?.inducing().into())).await
    }

    /// The residual variance of every point, by id; NaN where it was removed.
    #[napi]
    pub async fn residual_variances(&self) -> Outcome<Float64Array> {
        let shared = self.shared.clone();
        run(move || Ok::<_, Trouble>(shared.tree()?.residual_variances().into())).await
    }

    /// Adds points; answers the first of their ids, the others follow.
    #[napi]
    pub async fn insert(
        &self,
        coordinates: Coordinates,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<u32> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        self.changed(move |tree| Ok(tree.inserted(&points(&coordinates, tree.dim())?, &cancel, &progress)?)).await
    }

    /// Adds points whose V and p were computed elsewhere; answers the first of their ids, the others follow.
    #[napi]
    pub async fn insert_with(
        &self,
        coordinates: Coordinates,
        v: Coordinates,
        p: Coordinates,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<u32> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        self.changed(move |tree| {
            let points = points(&coordinates, tree.dim())?;
            Ok(tree.inserted_with(&points, &given(&v, &p), &cancel, &progress)?)
        })
        .await
    }

    /// Takes points away by their ids, which nobody gets again; answers how many ids were ever given.
    #[napi]
    pub async fn remove(
        &self,
        ids: Uint32Array,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<u32> {
        let (cancel, progress) = (flag(cancel), progress(on_progress));
        self.changed(move |tree| Ok(tree.removed(&ids, &cancel, &progress)?)).await
    }

    /// Puts another kernel in the place of the current one when all is computed; `false` where a newer refresh was asked for meanwhile.
    #[napi]
    pub async fn refresh(
        &self,
        kernel: String,
        cancel: Option<&BindingCancel>,
        #[napi(ts_arg_type = "((done: number, total: number) => void) | undefined | null")] on_progress: Option<
            OnProgress,
        >,
    ) -> Outcome<bool> {
        let (shared, cancel, progress) = (self.shared.clone(), flag(cancel), progress(on_progress));
        let number = shared.ask(&cancel);
        run(move || -> Result<bool, Trouble> {
            let kernel: Kernel = from_json("the kernel", &kernel)?;
            let wanted = || shared.asked.lock().0 == number;
            let done = shared.slot.change_if(wanted, |tree| match tree.refreshed(&kernel, &cancel, &progress) {
                // Stopped by the newer one, not by the caller.
                Err(Error::Cancelled(_)) if !wanted() => Ok::<_, Trouble>(None),
                made => Ok(Some(made?)),
            })?;
            Ok(done.is_some())
        })
        .await
    }
}
