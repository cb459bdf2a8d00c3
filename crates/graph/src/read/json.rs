//! JSON graphs.

use super::{Bounded, Gathered, Limits, Loaded, read_error};
use crate::error::Error;
use crate::graph::GraphOptions;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::io::{BufReader, Read};

/// Reads `{"directed": bool, "nodes": [id | {"id": id}], "edges": [{"source": id, "target": id, "weight": number}],
/// "hyperedges": [[id]]}`, the node-link form that other tools write (`links` for `edges` too). Ids are texts or numbers; everything else is
/// ignored, all keys but the edges may be missing, and a key `directed` overrules the options.
///
/// Edges go straight into their columns: a large file costs no tree of values.
///
/// # Errors
/// [`Error::Syntax`] with line and column, [`Error::Weight`], [`Error::TooLarge`], [`Error::Read`].
pub fn read_json(input: impl Read, options: GraphOptions, limits: &Limits) -> Result<Loaded, Error> {
    let input = BufReader::new(Bounded { inner: input, left: limits.bytes });
    let mut root = Root { gathered: Gathered::new(limits), directed: None, failed: None };
    let mut reader = serde_json::Deserializer::from_reader(input);
    let result = (&mut root).deserialize(&mut reader).and_then(|()| reader.end());
    if let Some(error) = root.failed {
        return Err(error);
    }
    match result {
        Ok(()) => root.gathered.finish(GraphOptions { directed: root.directed.unwrap_or(options.directed), ..options }),
        Err(error) if error.is_io() => Err(read_error(error.into(), limits)),
        Err(error) => {
            let place = format!("line {} column {}", error.line(), error.column());
            Err(Error::Syntax { format: "JSON", place, reason: error.to_string() })
        }
    }
}

/// The object being read, and the error of ours that stopped it.
struct Root {
    gathered: Gathered,
    directed: Option<bool>,
    failed: Option<Error>,
}

impl Root {
    /// Keeps an error of ours while serde unwinds.
    fn keep<T, E: serde::de::Error>(&mut self, result: Result<T, Error>) -> Result<T, E> {
        result.map_err(|error| {
            let told = E::custom(&error);
            self.failed = Some(error);
            told
        })
    }
}

/// An id: a text or a whole number.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A text.
    Text(String),
    /// A number that fits.
    Whole(i64),
    /// One that doesn't.
    Large(u64),
}

impl Id {
    /// The id as a text: 7 and "7" are one.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Large(number) => number.to_string(),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Node {
    Object { id: Id },
    Bare(Id),
}

#[derive(serde::Deserialize)]
struct Link {
    source: Id,
    target: Id,
    #[serde(default = "one")]
    weight: f64,
}

fn one() -> f64 {
    1.0
}

impl<'de> DeserializeSeed<'de> for &mut Root {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Root {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with nodes and edges")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut edges = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "directed" => self.directed = Some(map.next_value()?),
                "nodes" => map.next_value_seed(List::<_, Node>::new(|node: Node| {
                    let (Node::Object { id } | Node::Bare(id)) = node;
                    let result = self.gathered.node(&id.text());
                    self.keep::<_, M::Error>(result).map(drop)
                }))?,
                "edges" | "links" => {
                    edges = true;
                    map.next_value_seed(List::<_, Link>::new(|link: Link| {
                        let result = self.gathered.edge(&link.source.text(), &link.target.text(), link.weight);
                        self.keep::<_, M::Error>(result)
                    }))?;
                }
                "hyperedges" => map.next_value_seed(List::<_, Vec<Id>>::new(|list: Vec<Id>| {
                    let gathered = &mut self.gathered;
                    let numbers = list.into_iter().map(|id| gathered.count().and_then(|()| gathered.node(&id.text())));
                    let result: Result<Vec<u32>, Error> = numbers.collect();
                    let list = self.keep::<_, M::Error>(result)?;
                    self.gathered.lists.push(list);
                    Ok::<(), M::Error>(())
                }))?,
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        if edges { Ok(()) } else { Err(M::Error::custom("the key \"edges\" is missing")) }
    }
}

/// Hands the items of a list on, one by one.
struct List<F, T>(F, std::marker::PhantomData<T>);

impl<F, T> List<F, T> {
    fn new(each: F) -> Self {
        Self(each, std::marker::PhantomData)
    }
}

impl<'de, E, F, T> DeserializeSeed<'de> for List<F, T>
where
    F: FnMut(T) -> Result<(), E>,
    E: serde::de::Error,
    T: serde::Deserialize<'de>,
{
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, E, F, T> Visitor<'de> for List<F, T>
where
    F: FnMut(T) -> Result<(), E>,
    E: serde::de::Error,
    T: serde::Deserialize<'de>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut items: S) -> Result<(), S::Error> {
        while let Some(item) = items.next_element()? {
            (self.0)(item).map_err(S::Error::custom)?;
        }
        Ok(())
    }
}
