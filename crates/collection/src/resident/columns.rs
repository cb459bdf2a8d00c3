//! Metadata as columns: what a filter reads instead of 50,000 JSON documents.

use super::value::Value;
use canopy_core::SlotSet;
use serde_json::{Map, Value as Json};
use std::collections::{HashMap, HashSet};

/// Every field path of a collection with its column.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    columns: HashMap<String, Column>,
}

/// One field: a dictionary of its distinct values and one dictionary index a slot.
///
/// A predicate is tried once a distinct value; the slots then cost one load each.
#[derive(Debug, Default)]
struct Column {
    values: Vec<Value>,
    index: HashMap<Value, u32>,
    cells: Vec<u32>,
    /// The slots with several values, behind [`MANY`].
    many: HashMap<u32, Vec<u32>>,
}

/// No value in this slot.
const ABSENT: u32 = u32::MAX;
/// Several values: look into `many`.
const MANY: u32 = u32::MAX - 1;
/// A dictionary isn't worth shrinking below this size.
const SMALL_DICTIONARY: usize = 1024;

impl Columns {
    /// Stores a record's metadata, replacing what the slot had.
    pub(crate) fn set(&mut self, slot: u32, metadata: &Map<String, Json>) {
        self.clear(slot);
        let mut found = Vec::new();
        flatten(&mut String::new(), metadata, &mut found);
        // Stable, so that the values of one path stay in their order.
        found.sort_by(|a, b| a.0.cmp(&b.0));
        for group in found.chunk_by(|a, b| a.0 == b.0) {
            let column = match self.columns.get_mut(&group[0].0) {
                Some(column) => column,
                None => self.columns.entry(group[0].0.clone()).or_default(),
            };
            column.set(slot, group.iter().map(|(_, value)| value));
        }
    }

    /// Forgets the slot.
    pub(crate) fn clear(&mut self, slot: u32) {
        self.columns.values_mut().for_each(|column| column.clear(slot));
    }

    /// The slots where one of the field's values satisfies `test`.
    pub(crate) fn select(&self, path: &str, test: impl Fn(&Value) -> bool) -> SlotSet {
        let Some(column) = self.columns.get(path) else { return SlotSet::new() };
        let passes: Vec<bool> = column.values.iter().map(test).collect();
        let passes_at = |index: u32| passes.get(index as usize).copied().unwrap_or(false);
        (0_u32..)
            .zip(&column.cells)
            .filter(|&(slot, &cell)| match cell {
                ABSENT => false,
                MANY => column.many.get(&slot).is_some_and(|list| list.iter().any(|&index| passes_at(index))),
                index => passes_at(index),
            })
            .map(|(slot, _)| slot)
            .collect()
    }

    /// Bytes held, estimated from capacities.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.columns
            .values()
            .map(|column| {
                column.cells.capacity() * 4
                    + column.values.iter().map(|value| 2 * value_bytes(value) + 16).sum::<usize>()
                    + column.many.values().map(|list| list.capacity() * 4 + 40).sum::<usize>()
            })
            .sum()
    }
}

fn value_bytes(value: &Value) -> usize {
    size_of::<Value>() + if let Value::Text(text) = value { text.len() } else { 0 }
}

impl Column {
    fn set<'a>(&mut self, slot: u32, values: impl Iterator<Item = &'a Value>) {
        // Before the first index is taken, since shrinking renumbers.
        if self.values.len() >= SMALL_DICTIONARY.max(2 * self.cells.len()) {
            self.shrink();
        }
        let mut indices: Vec<u32> = values.map(|value| self.intern(value)).collect();
        indices.dedup();
        let at = slot as usize;
        if at >= self.cells.len() {
            self.cells.resize(at + 1, ABSENT);
        }
        self.cells[at] = match indices.as_slice() {
            [] => ABSENT,
            &[one] => one,
            _ => {
                self.many.insert(slot, indices);
                MANY
            }
        };
    }

    fn clear(&mut self, slot: u32) {
        let Some(cell) = self.cells.get_mut(slot as usize) else { return };
        if *cell == MANY {
            self.many.remove(&slot);
        }
        *cell = ABSENT;
    }

    fn intern(&mut self, value: &Value) -> u32 {
        if let Some(&index) = self.index.get(value) {
            return index;
        }
        let index = u32::try_from(self.values.len()).expect("a dictionary holds at most two values a slot");
        self.values.push(value.clone());
        self.index.insert(value.clone(), index);
        index
    }

    /// Drops the values that no slot uses any more: an updated counter would otherwise grow the dictionary for ever.
    fn shrink(&mut self) {
        let used: HashSet<u32> = self.cells.iter().chain(self.many.values().flatten()).copied().collect();
        let mut moved = vec![ABSENT; self.values.len()];
        let old = std::mem::take(&mut self.values);
        self.index.clear();
        for (index, value) in (0_u32..).zip(old) {
            if used.contains(&index) {
                let next = u32::try_from(self.values.len()).expect("fewer values than before");
                moved[index as usize] = next;
                self.index.insert(value.clone(), next);
                self.values.push(value);
            }
        }
        let renumber = |index: &mut u32| {
            if *index < MANY {
                *index = moved[*index as usize];
            }
        };
        self.cells.iter_mut().for_each(renumber);
        self.many.values_mut().flatten().for_each(renumber);
    }
}

/// Lists the scalars below `map` with their dotted paths; arrays give one entry an element.
fn flatten(path: &mut String, map: &Map<String, Json>, found: &mut Vec<(String, Value)>) {
    for (key, json) in map {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        visit(path, json, found);
        path.truncate(length);
    }
}

fn visit(path: &mut String, json: &Json, found: &mut Vec<(String, Value)>) {
    match json {
        Json::Object(map) => flatten(path, map, found),
        Json::Array(list) => list.iter().for_each(|item| visit(path, item, found)),
        scalar => {
            if let Some(value) = Value::from_scalar(scalar).filter(|value| *value != Value::Null) {
                found.push((path.clone(), value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(json: &Json) -> &Map<String, Json> {
        json.as_object().unwrap()
    }

    #[test]
    fn a_replaced_record_leaves_no_trace() {
        let mut columns = Columns::default();
        columns.set(3, object(&json!({ "a": [1, 2], "b": "x" })));
        columns.set(3, object(&json!({ "a": 3 })));
        assert!(columns.select("a", |value| *value == Value::number(1.0)).is_empty());
        assert!(columns.select("b", |_| true).is_empty());
        assert_eq!(columns.select("a", |_| true).iter().collect::<Vec<_>>(), vec![3]);
    }

    #[test]
    fn the_dictionary_of_a_counter_stays_small() {
        let mut columns = Columns::default();
        for n in 0..20_000 {
            columns.set(0, object(&json!({ "n": n, "list": [n, n + 1] })));
        }
        assert!(columns.columns["n"].values.len() <= SMALL_DICTIONARY + 2);
        assert_eq!(columns.select("n", |value| *value == Value::number(19_999.0)).len(), 1);
        assert_eq!(columns.select("list", |value| *value == Value::number(20_000.0)).len(), 1);
    }
}
