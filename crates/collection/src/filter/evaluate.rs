//! From a [`Filter`] to the set of slots it lets through.

use super::{Bound, Filter, Test};
use crate::resident::{Columns, Value};
use canopy_core::SlotSet;
use std::cmp::Ordering;
use std::collections::HashSet;

/// The live slots for which `filter` holds.
pub(crate) fn evaluate(filter: &Filter, columns: &Columns, live: &SlotSet) -> SlotSet {
    match filter {
        Filter::And(list) => list.iter().fold(live.clone(), |mut set, part| {
            // The set found so far bounds what the next part has to look at.
            let found = evaluate(part, columns, &set);
            set.intersect(&found);
            set
        }),
        Filter::Or(list) => list.iter().fold(SlotSet::new(), |mut set, part| {
            set.unite(&evaluate(part, columns, live));
            set
        }),
        Filter::Not(inner) => {
            let mut set = live.clone();
            set.subtract(&evaluate(inner, columns, live));
            set
        }
        Filter::Field { path, test } => {
            let mut set = match test {
                Test::In(values) => {
                    let wanted: HashSet<&Value> = values.iter().collect();
                    columns.select(path, |value| wanted.contains(value))
                }
                Test::Range { low, high } => columns.select(path, |value| in_range(value, low.as_ref(), high.as_ref())),
                Test::Exists => columns.select(path, |_| true),
            };
            set.intersect(live);
            set
        }
    }
}

fn in_range(value: &Value, low: Option<&Bound>, high: Option<&Bound>) -> bool {
    let within = |bound: Option<&Bound>, wanted: Ordering| {
        bound.is_none_or(|bound| {
            value.compare(&bound.value).is_some_and(|order| order == wanted || (bound.inclusive && order.is_eq()))
        })
    };
    within(low, Ordering::Greater) && within(high, Ordering::Less)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn select(filter: &Json, records: &[Json]) -> Vec<u32> {
        let mut columns = Columns::default();
        for (slot, record) in (0..).zip(records) {
            columns.set(slot, record.as_object().unwrap());
        }
        let live = SlotSet::below(u32::try_from(records.len()).unwrap());
        evaluate(&parse(filter).unwrap(), &columns, &live).iter().collect()
    }

    #[test]
    fn the_language_means_what_it_says() {
        let records = [
            json!({ "year": 1969, "tags": ["moon", "nasa"], "author": { "name": "Neil" } }),
            json!({ "year": 1972.5, "tags": [], "open": true }),
            json!({ "year": "1969", "tags": "moon", "open": null }),
            json!({}),
        ];
        for (filter, expected) in [
            (json!({}), vec![0, 1, 2, 3]),
            (json!({ "year": 1969 }), vec![0]),
            (json!({ "year": "1969" }), vec![2]),
            (json!({ "year": { "gte": 1969, "lt": 1972.5 } }), vec![0]),
            (json!({ "year": { "lte": 1972.5 } }), vec![0, 1]),
            (json!({ "year": { "ne": 1969 } }), vec![1, 2, 3]),
            (json!({ "tags": "moon" }), vec![0, 2]),
            (json!({ "tags": { "contains": "nasa" } }), vec![0]),
            (json!({ "tags": { "in": ["nasa", "x"] } }), vec![0]),
            (json!({ "tags": { "nin": ["nasa"] } }), vec![1, 2, 3]),
            (json!({ "author.name": "Neil" }), vec![0]),
            (json!({ "open": null }), vec![0, 2, 3]),
            (json!({ "open": { "exists": true } }), vec![1]),
            (json!({ "or": [{ "open": true }, { "year": 1969 }] }), vec![0, 1]),
            (json!({ "not": { "year": 1969 } }), vec![1, 2, 3]),
            (json!({ "and": [{ "tags": "moon" }, { "not": { "year": 1969 } }] }), vec![2]),
            (json!({ "or": [] }), vec![]),
            (json!({ "absent": 1 }), vec![]),
        ] {
            assert_eq!(select(&filter, &records), expected, "{filter}");
        }
    }

    proptest! {
        #[test]
        fn ranges_agree_with_a_scan(values in prop::collection::vec(-5_i32..5, 1..80), low in -6_i32..6, high in -6_i32..6) {
            let records: Vec<Json> = values.iter().map(|v| json!({ "v": v })).collect();
            let expected: Vec<u32> = (0..).zip(&values).filter(|&(_, &v)| v > low && v <= high).map(|(slot, _)| slot).collect();
            prop_assert_eq!(select(&json!({ "v": { "gt": low, "lte": high } }), &records), expected);
        }
    }
}
