//! The `---` block at the head of a Markdown file, and the title.
//!
//! Not YAML: `key: value`, `key: [a, b]` and `- item` lists, which is what people write there. Other lines are passed over.

use super::typed;
use serde_json::{Map, Value};

/// Splits `text` into the fields of its front matter and its body.
pub(super) fn split(text: &str) -> (Map<String, Value>, &str) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some((first, mut rest)) = text.split_once('\n') else { return (Map::new(), text) };
    if first.trim_end() != "---" {
        return (Map::new(), text);
    }
    let mut fields = Map::new();
    let mut list = None;
    loop {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if matches!(line.trim_end(), "---" | "...") {
            return (fields, after);
        }
        if after.is_empty() {
            // No end: the first line was a rule, not the start of a block.
            return (Map::new(), text);
        }
        field(line, &mut fields, &mut list);
        rest = after;
    }
}

/// Reads one line into `fields`; `list` is the key that `- item` lines belong to.
fn field(line: &str, fields: &mut Map<String, Value>, list: &mut Option<String>) {
    if let Some(item) = line.trim_start().strip_prefix("- ") {
        if let Some(Value::Array(items)) = list.as_ref().and_then(|key| fields.get_mut(key)) {
            items.push(scalar(item));
        }
        return;
    }
    let Some((key, value)) = line.split_once(':') else { return };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || key.starts_with('#') || line.starts_with([' ', '\t']) {
        return;
    }
    let items = value.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let value = match (value, items) {
        ("", _) => Value::Array(Vec::new()),
        (_, Some(inner)) => inner.split(',').map(str::trim).filter(|item| !item.is_empty()).map(scalar).collect(),
        (value, None) => scalar(value),
    };
    *list = Some(key.to_owned());
    fields.insert(key.to_owned(), value);
}

fn scalar(value: &str) -> Value {
    let value = value.trim();
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|inner| inner.strip_suffix(quote));
    match quoted('"').or_else(|| quoted('\'')) {
        Some(inner) => inner.into(),
        None => typed(value),
    }
}

/// The text of the first `#` heading outside code fences.
pub(super) fn heading(body: &str) -> Option<&str> {
    let mut fenced = false;
    body.lines().find_map(|line| {
        if line.starts_with("```") || line.starts_with("~~~") {
            fenced = !fenced;
        }
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        let title = text.trim().trim_end_matches('#').trim_end();
        (!fenced && (1..=6).contains(&level) && text.starts_with([' ', '\t']) && !title.is_empty()).then_some(title)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        let text = "---\r\ntitle: \"A: b\"\nyear: 1958\ndraft: false\ntags: [wing, 'high lift']\nauthors:\n  - Ada\n  - Bob\n# note\n---\n# Head #\nbody\n";
        let (fields, body) = split(text);
        let expected =
            r#"{"title":"A: b","year":1958,"draft":false,"tags":["wing","high lift"],"authors":["Ada","Bob"]}"#;
        assert_eq!(Value::Object(fields).to_string(), expected);
        assert_eq!(body, "# Head #\nbody\n");
        assert_eq!(heading(body), Some("Head"));
    }

    #[test]
    fn a_rule_is_no_front_matter_and_code_no_heading() {
        assert_eq!(split("---\nnot closed\n").1, "---\nnot closed\n");
        assert_eq!(split("---").1, "---");
        assert_eq!(split("---\na: 1\n---").0.len(), 1);
        assert_eq!(heading("```\n# code\n```\n#hash\n## Real"), Some("Real"));
        assert_eq!(heading("# \n####### seven"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_the_body_is_its_end(text in "(---\n)?([a-z:\\[\\], '\"#\n-]|---\n){0,80}") {
            let (_, body) = split(&text);
            prop_assert!(text.ends_with(body));
            let _ = heading(body);
        }
    }
}
