//! The words of the store's interface: records, changes, collections.

use crate::error::{Error, Result};
use canopy_core::MetricKind;

/// How a folder is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Reads and writes; one process at a time.
    #[default]
    ReadWrite,
    /// Reads only; works beside a writer and sees what it commits.
    ReadOnly,
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, `kill -9` included. A power cut may take the last seconds, never the consistency.
    #[default]
    Process,
    /// A power cut as well: every commit waits for the disk (milliseconds instead of microseconds).
    Power,
}

/// Options of [`crate::Store::open`].
#[derive(Debug, Clone, Default)]
pub struct OpenOptions {
    /// Reading and writing, or reading only.
    pub access: Access,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Keeps the copy of an older database after its migration succeeded. The copy is removed otherwise.
    pub keep_backup: bool,
}

/// Which model made the vectors of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelTag {
    /// Name for people.
    pub name: String,
    /// Digest of weights, tokenizer and version: what decides whether vectors may be compared.
    pub digest: String,
}

/// The vectors that a collection keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorSpec {
    /// Values a vector, 1 to 65,536.
    pub dim: u32,
    /// How vectors are compared.
    pub metric: MetricKind,
    /// The model that makes them; `None` when callers send their own.
    pub model: Option<ModelTag>,
}

impl VectorSpec {
    /// Checks that vectors of `offered` may live beside the stored ones.
    ///
    /// # Errors
    /// [`Error::ModelMismatch`] when the digests differ.
    pub fn check_model(&self, offered: Option<&ModelTag>) -> Result<()> {
        let digest = |tag: Option<&ModelTag>| tag.map(|tag| tag.digest.clone());
        if digest(self.model.as_ref()) == digest(offered) {
            return Ok(());
        }
        let describe = |tag: Option<&ModelTag>| {
            tag.map_or_else(
                || "the caller".to_owned(),
                |tag| {
                    let shown: String = tag.digest.chars().take(12).collect();
                    format!("model {} ({shown})", tag.name)
                },
            )
        };
        Err(Error::ModelMismatch { stored: describe(self.model.as_ref()), received: describe(offered) })
    }
}

/// What a collection is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionSpec {
    /// The vectors it keeps; `None` for keywords only.
    pub vectors: Option<VectorSpec>,
    /// Settings of the layers above, as a JSON object; the store keeps them and never looks inside.
    pub settings: String,
}

impl Default for CollectionSpec {
    fn default() -> Self {
        Self { vectors: None, settings: "{}".to_owned() }
    }
}

/// A collection and how much it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionInfo {
    /// Number of the collection; never used again after a drop.
    pub key: u32,
    /// Its name.
    pub name: String,
    /// What it was made with.
    pub spec: CollectionSpec,
    /// Records in it.
    pub count: u64,
    /// Number of the last change; every change takes the next one.
    pub sequence: u64,
    /// Every slot is below this.
    pub slot_end: u32,
}

/// What [`Change::Put`] does when the id is taken or free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PutMode {
    /// A taken id is an error.
    Insert,
    /// A taken id is replaced.
    #[default]
    Upsert,
    /// A free id is an error.
    Update,
}

/// One change of a transaction.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Stores a record.
    Put {
        /// 1 to 512 bytes without NUL.
        id: &'a str,
        /// At most 16 MiB.
        text: &'a str,
        /// A JSON object of at most 1 MiB.
        metadata: &'a str,
        /// Its vector. `None` keeps the stored vector while the text is unchanged, and drops it otherwise.
        vector: Option<&'a [f32]>,
        /// What a taken or a free id means.
        mode: PutMode,
    },
    /// Takes a record out; an unknown id is not an error.
    Delete {
        /// The id.
        id: &'a str,
    },
}

impl Change<'_> {
    /// The id that the change is about.
    pub fn id(&self) -> &str {
        match self {
            Self::Put { id, .. } | Self::Delete { id } => id,
        }
    }
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The id is new.
    Inserted,
    /// The record was there and is replaced, in the same slot.
    Replaced,
    /// The record is gone; its slot may be given to another.
    Deleted,
    /// There was nothing to delete.
    NotFound,
}

/// The answer to one [`Change`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The record's slot; of a deleted record, the slot it had.
    pub slot: Option<u32>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether the text is another than before: vectors and keywords must follow.
    pub text_changed: bool,
}

/// A stored record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its dense number.
    pub slot: u32,
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its metadata, a JSON object.
    pub metadata: String,
    /// Its vector, when it has one and it was asked for.
    pub vector: Option<Vec<f32>>,
    /// Milliseconds since 1970 when it was first stored.
    pub created_ms: i64,
    /// Milliseconds since 1970 when it was last stored.
    pub updated_ms: i64,
}

/// Which columns [`crate::Store::scan`] reads; the others stay empty and cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scan {
    /// Ids.
    pub id: bool,
    /// Texts.
    pub text: bool,
    /// Metadata.
    pub metadata: bool,
    /// Vectors. With nothing else, only the rows that have a vector are visited.
    pub vector: bool,
}

/// A record while it is visited; nothing outlives the visit.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// Its dense number.
    pub slot: u32,
    /// Its id, if asked for.
    pub id: &'a str,
    /// Its text, if asked for.
    pub text: &'a str,
    /// Its metadata, if asked for.
    pub metadata: &'a str,
    /// Its vector, if it has one and it was asked for.
    pub vector: Option<&'a [f32]>,
}

/// What happened to a collection after a sequence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// The collection's sequence now: ask again with this one.
    pub sequence: u64,
    /// The history doesn't reach back that far (or the vectors were replaced): read everything again. The lists are empty then.
    pub rebuild: bool,
    /// Slots whose record is new or another, in order of change.
    pub upserted: Vec<u32>,
    /// Slots that became empty and are empty now, ascending.
    pub deleted: Vec<u32>,
}
