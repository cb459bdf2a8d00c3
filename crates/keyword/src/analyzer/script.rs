//! Which characters need other treatment than "a word is a run of letters".

/// Scripts written without spaces between words (and Hangul, whose particles stick to the noun): every character is a
/// term and every two neighbours are one more.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c as u32,
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1000..=0x109F // Myanmar
        | 0x1780..=0x17FF // Khmer
        | 0x2E80..=0x2FDF // radicals
        | 0x3005..=0x3007
        | 0x3041..=0x30FF // Hiragana, Katakana
        | 0x31F0..=0x31FF
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7A3 // Hangul syllables
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFF9F // half-width Katakana
        | 0x2_0000..=0x3_FFFF)
}

/// Pictographs that people search for. Digits and letters that Unicode also calls emoji are words already.
pub(super) fn is_emoji(c: char) -> bool {
    matches!(c as u32, 0x2190..=0x21FF | 0x2300..=0x23FF | 0x2460..=0x27BF | 0x2900..=0x297F | 0x2B00..=0x2BFF
        | 0x3030 | 0x303D | 0x1_F000..=0x1_FAFF)
}

/// What changes an emoji's looks but not its meaning: presentation selectors and skin tones.
pub(super) fn is_emoji_style(c: char) -> bool {
    matches!(c as u32, 0xFE0E | 0xFE0F | 0x1_F3FB..=0x1_F3FF)
}

/// Marks that people leave out when they type: Latin/Greek/Cyrillic accents, Arabic and Hebrew vowel points.
/// Vowel signs of Indic scripts and the Japanese voicing marks are letters to their readers and stay.
pub(super) fn is_accent(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F | 0x0591..=0x05C7 | 0x0610..=0x061A | 0x064B..=0x065F | 0x0670
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Letters that carry their stroke or ligature without a decomposition in Unicode.
pub(super) fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        _ => return None,
    })
}

/// Apostrophes, typed or typeset.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02BC}' | '\u{FF07}')
}

/// Characters that tie two parts of a compound: the parts are words, and the compound is one more.
pub(super) fn is_tie(c: char) -> bool {
    matches!(c, '-' | '\u{2010}' | '\u{2011}' | '.' | '_' | '&') || is_apostrophe(c)
}
