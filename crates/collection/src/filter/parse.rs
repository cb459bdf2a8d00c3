//! From JSON to a [`Filter`], with errors that name the place.

use super::{Bound, Filter, Test};
use crate::error::Error;
use crate::resident::Value;
use serde_json::Value as Json;

/// Deeper nesting than this is a mistake or an attack, and would only grow the stack.
const MAX_DEPTH: usize = 32;
/// More conditions than this cost more to check than a filter is worth.
const MAX_NODES: usize = 10_000;

/// Parses a filter.
///
/// # Errors
/// [`Error::FilterInvalid`] with the path of the offending part.
pub(crate) fn parse(json: &Json) -> Result<Filter, Error> {
    Parser { nodes: 0 }.object(json, "filter", 0)
}

struct Parser {
    nodes: usize,
}

fn invalid(at: &str, problem: impl Into<String>) -> Error {
    Error::FilterInvalid { at: at.to_owned(), problem: problem.into() }
}

impl Parser {
    fn object(&mut self, json: &Json, at: &str, depth: usize) -> Result<Filter, Error> {
        let Json::Object(map) = json else {
            return Err(invalid(at, "expected an object such as { \"field\": value }"));
        };
        if depth > MAX_DEPTH {
            return Err(invalid(at, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let mut all = Vec::with_capacity(map.len());
        for (key, value) in map {
            let at = format!("{at}.{key}");
            all.push(match (key.as_str(), value) {
                ("and", Json::Array(list)) => Filter::And(self.list(list, &at, depth)?),
                ("or", Json::Array(list)) => Filter::Or(self.list(list, &at, depth)?),
                ("not", Json::Object(_)) if !is_condition(value) => {
                    Filter::Not(Box::new(self.object(value, &at, depth + 1)?))
                }
                _ => self.field(key, value, &at)?,
            });
        }
        self.count(all.len(), at)?;
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
    }

    fn list(&mut self, list: &[Json], at: &str, depth: usize) -> Result<Vec<Filter>, Error> {
        list.iter().enumerate().map(|(i, item)| self.object(item, &format!("{at}[{i}]"), depth + 1)).collect()
    }

    fn field(&mut self, path: &str, value: &Json, at: &str) -> Result<Filter, Error> {
        let Json::Object(conditions) = value else {
            return Ok(equals(path, scalar(value, at)?));
        };
        if conditions.is_empty() {
            return Err(invalid(at, "expected a condition such as { \"gte\": 1 }"));
        }
        let mut all = Vec::with_capacity(conditions.len());
        for (operator, operand) in conditions {
            all.push(condition(path, operator, operand, &format!("{at}.{operator}"))?);
        }
        self.count(all.len(), at)?;
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Filter::And(all) })
    }

    fn count(&mut self, nodes: usize, at: &str) -> Result<(), Error> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES { Err(invalid(at, format!("more than {MAX_NODES} conditions"))) } else { Ok(()) }
    }
}

const OPERATORS: [&str; 10] = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "exists", "contains"];

/// `{ "not": { "eq": 1 } }` asks about a field called `not`.
fn is_condition(value: &Json) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty() && map.keys().all(|key| OPERATORS.contains(&key.as_str())))
}

fn condition(path: &str, operator: &str, operand: &Json, at: &str) -> Result<Filter, Error> {
    let field = |test| Filter::Field { path: path.to_owned(), test };
    let not = |filter| Filter::Not(Box::new(filter));
    let range = |low, high| Ok(field(Test::Range { low, high }));
    let bound = |inclusive| ordered(operand, at).map(|value| Some(Bound { value, inclusive }));
    match operator {
        "eq" | "contains" => Ok(equals(path, scalar(operand, at)?)),
        "ne" => Ok(not(equals(path, scalar(operand, at)?))),
        "gt" => range(bound(false)?, None),
        "gte" => range(bound(true)?, None),
        "lt" => range(None, bound(false)?),
        "lte" => range(None, bound(true)?),
        "in" => Ok(any_of(path, operand, at)?),
        "nin" => Ok(not(any_of(path, operand, at)?)),
        "exists" => match operand {
            Json::Bool(true) => Ok(field(Test::Exists)),
            Json::Bool(false) => Ok(not(field(Test::Exists))),
            _ => Err(invalid(at, "expected true or false")),
        },
        other => Err(invalid(at, format!("unknown operator {other:?}; use one of {}", OPERATORS.join(", ")))),
    }
}

/// Equal to `null` means absent: an explicit null and a missing field can't be told apart by a filter.
fn equals(path: &str, value: Value) -> Filter {
    let field = |test| Filter::Field { path: path.to_owned(), test };
    match value {
        Value::Null => Filter::Not(Box::new(field(Test::Exists))),
        value => field(Test::In(vec![value])),
    }
}

fn any_of(path: &str, operand: &Json, at: &str) -> Result<Filter, Error> {
    let Json::Array(list) = operand else { return Err(invalid(at, "expected an array of values")) };
    let values =
        list.iter().enumerate().map(|(i, item)| scalar(item, &format!("{at}[{i}]"))).collect::<Result<Vec<_>, _>>()?;
    let (nulls, values): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| *value == Value::Null);
    let listed = Filter::Field { path: path.to_owned(), test: Test::In(values) };
    Ok(if nulls.is_empty() { listed } else { Filter::Or(vec![listed, equals(path, Value::Null)]) })
}

fn scalar(json: &Json, at: &str) -> Result<Value, Error> {
    Value::from_scalar(json).ok_or_else(|| invalid(at, "expected a string, a number, true, false or null"))
}

fn ordered(json: &Json, at: &str) -> Result<Value, Error> {
    match scalar(json, at)? {
        value @ (Value::Number(_) | Value::Text(_)) => Ok(value),
        _ => Err(invalid(at, "a range needs a number or a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canopy_core::Coded;
    use serde_json::json;

    #[test]
    fn errors_name_the_place() {
        for (json, at) in [
            (json!([1]), "filter"),
            (json!({ "a": [1] }), "filter.a"),
            (json!({ "a": { "like": "x" } }), "filter.a.like"),
            (json!({ "a": {} }), "filter.a"),
            (json!({ "or": [{ "a": 1 }, 3] }), "filter.or[1]"),
            (json!({ "a": { "in": [1, {}] } }), "filter.a.in[1]"),
            (json!({ "a": { "gt": null } }), "filter.a.gt"),
            (json!({ "a": { "exists": 1 } }), "filter.a.exists"),
        ] {
            let error = parse(&json).unwrap_err();
            assert_eq!(error.code(), "FILTER_INVALID");
            assert!(error.to_string().contains(&format!("{at}:")), "{error} should name {at}");
        }
    }

    #[test]
    fn a_field_may_be_called_not() {
        let filter = parse(&json!({ "not": { "eq": 1 } })).unwrap();
        assert_eq!(filter, equals("not", Value::number(1.0)));
        assert!(matches!(parse(&json!({ "not": { "a": 1 } })).unwrap(), Filter::Not(_)));
    }

    #[test]
    fn depth_is_bounded() {
        let mut json = json!({ "a": 1 });
        for _ in 0..1000 {
            json = json!({ "not": json });
        }
        assert_eq!(parse(&json).unwrap_err().code(), "FILTER_INVALID");
    }
}
