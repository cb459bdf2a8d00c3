//! Cutting texts.

/// Pieces of about `size` characters, cut behind paragraphs where there are some, else behind sentences, else behind words; none for a text that is no
/// longer, or when `size` is 0.
pub(crate) fn chunks(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    if size == 0 || text.chars().nth(size).is_none() {
        return pieces;
    }
    let mut rest = text.trim();
    while let Some((end, _)) = rest.char_indices().nth(size) {
        let (piece, later) = rest.split_at(cut(&rest[..end]).unwrap_or(end));
        pieces.push(piece.trim());
        rest = later.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to cut: behind the last paragraph that ends in the second half of a stretch, and so on.
fn cut(stretch: &str) -> Option<usize> {
    let half = stretch.len() / 2;
    ["\n\n", ". ", " "].into_iter().find_map(|end| stretch.rfind(end).map(|at| at + end.len()).filter(|at| *at > half))
}

#[cfg(test)]
mod tests {
    use super::chunks;

    #[test]
    fn nothing_is_lost_and_no_piece_is_long() {
        let text = "Eins zwei drei. Vier fünf sechs, sieben. ".repeat(30) + "\n\n" + &"ö".repeat(500);
        let pieces = chunks(&text, 200);
        let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        assert_eq!(letters(&pieces.concat()), letters(&text));
        assert!(pieces.len() > 6 && pieces.iter().all(|piece| piece.chars().count() <= 200 && !piece.is_empty()));
        assert!(pieces[0].ends_with('.'));
        assert!(chunks("short", 100).is_empty() && chunks(&text, 0).is_empty());
    }
}
