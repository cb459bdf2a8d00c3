//! Escaped HTML with marks.

use std::ops::Range;

/// `text` escaped, each span in `<mark>`; spans ascend and don't overlap.
pub(super) fn mark(text: &str, spans: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len() + spans.len() * 13);
    let mut at = 0;
    for span in spans {
        escape(&text[at..span.start], &mut out);
        out.push_str("<mark>");
        escape(&text[span.clone()], &mut out);
        out.push_str("</mark>");
        at = span.end;
    }
    escape(&text[at..], &mut out);
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
}
