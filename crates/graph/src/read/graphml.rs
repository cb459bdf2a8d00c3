//! GraphML, as far as graphs with weights go.

use super::{Bounded, Gathered, Limits, Loaded, parse_weight, read_error};
use crate::error::Error;
use crate::graph::GraphOptions;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::io::{BufReader, Read};

/// Elements inside each other at most: real files have five levels.
const MAX_DEPTH: usize = 64;

/// Reads nodes, edges and the edges' weights (the data key whose `attr.name` is `weight`). `edgedefault` overrules the options;
/// hyperedges become a [`crate::Hypergraph`]; an edge whose own `directed` says otherwise than the graph is refused, as are entities beyond the five of
/// XML. All other data is ignored.
///
/// # Errors
/// [`Error::Syntax`] with the byte, [`Error::Weight`], [`Error::TooLarge`], [`Error::Read`].
pub fn read_graphml(input: impl Read, options: GraphOptions, limits: &Limits) -> Result<Loaded, Error> {
    let mut reader = Reader::from_reader(BufReader::new(Bounded { inner: input, left: limits.bytes }));
    let mut parser = Parser {
        gathered: Gathered::new(limits),
        directed: options.directed,
        weight_key: None,
        edge: None,
        in_weight: false,
        text: String::new(),
        list: None,
    };
    let (mut buffer, mut depth, mut seen) = (Vec::new(), 0_usize, false);
    loop {
        let place = format!("byte {}", reader.buffer_position());
        let syntax = |reason: String| Error::Syntax { format: "GraphML", place: place.clone(), reason };
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Err(quick_xml::Error::Io(error)) => {
                let error = std::sync::Arc::try_unwrap(error)
                    .unwrap_or_else(|error| std::io::Error::new(error.kind(), error.to_string()));
                return Err(read_error(error, limits));
            }
            Err(error) => return Err(syntax(error.to_string())),
            Ok(Event::Eof) if depth > 0 => return Err(syntax("the file ends inside an element".into())),
            Ok(Event::Eof) if !seen => return Err(syntax("there is no <graph>".into())),
            Ok(Event::Eof) => break,
            Ok(Event::Start(tag)) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(syntax(format!("elements are nested deeper than {MAX_DEPTH} levels")));
                }
                seen |= parser.open(&tag, &syntax)?;
            }
            Ok(Event::Empty(tag)) => {
                seen |= parser.open(&tag, &syntax)?;
                parser.close(tag.local_name().as_ref(), &syntax)?;
            }
            Ok(Event::End(tag)) => {
                depth = depth.saturating_sub(1);
                parser.close(tag.local_name().as_ref(), &syntax)?;
            }
            Ok(Event::Text(text)) if parser.in_weight => {
                parser.text.push_str(&text);
            }
            Ok(Event::DocType(_)) => return Err(syntax("a document type is not accepted: remove it".into())),
            Ok(_) => {}
        }
    }
    parser.gathered.finish(GraphOptions { directed: parser.directed, ..options })
}

/// Where the parser is.
struct Parser {
    gathered: Gathered,
    directed: bool,
    weight_key: Option<String>,
    /// The open edge: its ends and its weight.
    edge: Option<(String, String, f64)>,
    in_weight: bool,
    text: String,
    /// The open hyperedge.
    list: Option<Vec<u32>>,
}

type Syntax<'a> = &'a dyn Fn(String) -> Error;

/// The value of an attribute.
fn attribute(tag: &BytesStart<'_>, name: &str, syntax: Syntax<'_>) -> Result<Option<String>, Error> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| syntax(error.to_string()))?;
        if attribute.key.as_ref() == name {
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| syntax(error.to_string()))?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

fn required(tag: &BytesStart<'_>, name: &str, syntax: Syntax<'_>) -> Result<String, Error> {
    let element = tag.local_name().as_ref().to_owned();
    attribute(tag, name, syntax)?.ok_or_else(|| syntax(format!("<{element}> has no {name}")))
}

impl Parser {
    /// Takes an opening tag; `true` for the graph itself.
    fn open(&mut self, tag: &BytesStart<'_>, syntax: Syntax<'_>) -> Result<bool, Error> {
        match tag.local_name().as_ref() {
            "graph" => {
                if let Some(default) = attribute(tag, "edgedefault", syntax)? {
                    self.directed = default == "directed";
                }
                return Ok(true);
            }
            "key" => {
                let name = attribute(tag, "attr.name", syntax)?;
                let domain = attribute(tag, "for", syntax)?;
                let for_edges = domain.is_none_or(|domain| domain == "edge" || domain == "all");
                if name.as_deref() == Some("weight") && for_edges {
                    self.weight_key = Some(required(tag, "id", syntax)?);
                }
            }
            "node" => drop(self.gathered.node(&required(tag, "id", syntax)?)?),
            "edge" => {
                let own = attribute(tag, "directed", syntax)?;
                if own.is_some_and(|own| (own == "true") != self.directed) {
                    return Err(syntax("an edge is directed otherwise than its graph: split the file".into()));
                }
                self.edge = Some((required(tag, "source", syntax)?, required(tag, "target", syntax)?, 1.0));
            }
            "data" if self.edge.is_some() => {
                let key = attribute(tag, "key", syntax)?;
                self.in_weight = key.is_some() && key == self.weight_key;
                self.text.clear();
            }
            "hyperedge" => self.list = Some(Vec::new()),
            "endpoint" => {
                let node = required(tag, "node", syntax)?;
                self.gathered.count()?;
                let number = self.gathered.node(&node)?;
                if let Some(list) = &mut self.list {
                    list.push(number);
                }
            }
            _ => {}
        }
        Ok(false)
    }

    fn close(&mut self, name: &str, syntax: Syntax<'_>) -> Result<(), Error> {
        match name {
            "data" if std::mem::take(&mut self.in_weight) => {
                let weight = parse_weight(&self.text).ok_or_else(|| syntax(format!("{:?} is no weight", self.text)))?;
                if let Some(edge) = &mut self.edge {
                    edge.2 = weight;
                }
            }
            "edge" => {
                if let Some((source, target, weight)) = self.edge.take() {
                    self.gathered.edge(&source, &target, weight)?;
                }
            }
            "hyperedge" => self.gathered.lists.extend(self.list.take()),
            _ => {}
        }
        Ok(())
    }
}
