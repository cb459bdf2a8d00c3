//! What the core says while it works on its own threads, for whoever listens in JavaScript.

use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi_derive::napi;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// `(entry: string) => void`; it keeps no process alive.
type Listener = ThreadsafeFunction<FnArgs<(String,)>, (), FnArgs<(String,)>, Status, false, true>;

/// One of each environment that loaded the core: the main thread and its workers.
static LISTENERS: Mutex<Vec<Listener>> = Mutex::new(Vec::new());

/// Hands on everything from `info` on that our own crates say.
struct Core;

impl Subscriber for Core {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= LevelFilter::INFO && metadata.is_event() && metadata.target().starts_with("canopy")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let mut entry = Entry::default();
        entry.0.insert("level".into(), event.metadata().level().as_str().to_lowercase().into());
        event.record(&mut entry);
        let json = Value::Object(entry.0).to_string();
        let said =
            |listener: &Listener| listener.call(FnArgs::from((json.clone(),)), ThreadsafeFunctionCallMode::NonBlocking);
        LISTENERS.lock().retain(|listener| said(listener) != Status::Closing);
    }

    // Nobody opens spans: no event would be told from another by them.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Entry(Map<String, Value>);

impl Visit for Entry {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }
}

/// From now on `listener` gets what the core says: JSON objects with `level` (`info`, `warn`, `error`), `message`, and what belongs to it.
#[napi(catch_unwind)]
pub fn on_log(#[napi(ts_arg_type = "(entry: string) => void")] listener: Listener) {
    LISTENERS.lock().push(listener);
    // The second environment of a process finds it there.
    drop(tracing::subscriber::set_global_default(Core));
}
