"""Writes crates/embed/tests/fixtures/wordpiece.json: what the reference tokenizer (Python package `tokenizers`) answers to nasty texts.

Usage: python wordpiece_fixture.py FOLDER_WITH_tokenizer.json > ../../crates/embed/tests/fixtures/wordpiece.json
A text is given as a string, or as a string and a number of repetitions.
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

tok = Tokenizer.from_file(str(Path(sys.argv[1]) / 'tokenizer.json'))
tok.no_padding()
tok.enable_truncation(256)
random.seed(7)

plain = [
    '', ' ', '\t\n\r', 'Hello, World!', 'the quick brown fox', 'don\'t stop-it (now)...', 'C++ and C# and F#!', 'foo_bar.baz@qux.com',
    'http://example.org/a?b=c&d=%20#e', '3.14159 1,000,000 1e-9 0x1F', 'naïve café résumé Ångström', 'ÀÉÎÕÜ àéîõü', 'Straße ẞ ß',
    'İstanbul ıI', 'ΑΣΣ ΌΔΟΣ ς σ', 'Ǆ ǅ ǆ', 'ﬁ ﬂ ﬃ', 'e\u0301 e\u0300\u0323', 'Z̸̢̛a̷l̶g̴o̵', '\u0301alone', 'a\u0327\u0301b', '한국어 조선말', '가각', '日本語テスト',
    '中文字符测试', '漢字とかな', '㐀㐁', '𠀀𠀁 𪜀', '豈更', '你好world你', 'שלום עולם', 'مرحبا بالعالم', '\u200fabc\u200e', '\u202eevil\u202c', 'हिन्दी क्षत्रिय',
    'ไทย ภาษา', 'বাংলা', 'தமிழ்', 'ქართული ᲥᲐᲠᲗᲣᲚᲘ', 'Ꭰꭰ Ꮿ', '👍', '👩‍👩‍👧‍👦 family', '🏳️‍🌈', '👋🏽', '☃️ snow ☃', '🇩🇪🇫🇷', '1️⃣', 'a\u200bb', 'a\u200db',
    'a\u00adb', 'a\u00a0b', 'a\u2003b\u3000c', 'a\u2028b\u2029c', 'a\u0085b', '\ufeffbom', 'a\x00b', 'a\ufffdb', 'a\x07b\x1bc\x7fd', '\x0b\x0c', 'a\x1cb\x1fd',
    '\ue000private\uf8ff', '\U000f0000x', '\U0010ffff', '\ufdd0', '\u0378', '“quotes” ‘single’ «guillemets» —dash– …', '¿qué? ¡sí!', '，。！？；：', '「」『』',
    '$100 €5 £3 ¥7 ₿', '^~`|<>=+', '© ® ™ ° µ', '½ ¾ ²³', '𝓗𝓮𝓵𝓵𝓸 𝕎', 'Ｆｕｌｌ ｗｉｄｔｈ', 'Ⅷ ⅷ', '①②', 'Å Å Å', '\u1e9b\u0323', '\u212b\u2126\u212a', '\u037e \u1fef \u0387',
    '\u0344 \u0340', '[CLS]', 'a [SEP] b', '[MASK][PAD][UNK]', '[cls] [Mask', '[[CLS]]', 'x[MASK]y', '[', '[]', '##ing ## #', 'unaffable', 'antidisestablishmentarianism',
    'pneumonoultramicroscopicsilicovolcanoconiosis', 'xqzjkvwp', 'zzzzzzzzzzzzzzz', 'a' * 100, 'a' * 101, 'é' * 100, 'é' * 101, 'e\u0301' * 100, 'a' * 99 + 'é', '日' * 300, '👍' * 101,
    ' '.join(['word'] * 300), 'word. ' * 130, ','.join('abc' * 150), '[SEP]' * 260, 'a ' * 253 + '[MASK] b c d', 'a ' * 254 + '[MASK]', '\u0130\u0307', 'ŉ ǰ ΐ', '\u0390\u1fd3', 'ᾳ ᾼ ᾀ',
    'ſ', 'K', 'ﷺ', '\u1d400', '\u2060word\u2060joiner', 'soft\u00adhyphen', '\u180e', '\u061c', 'x\u20dd', 'x\ufe0f', '\u0e33\u0eb3', '\u1161\u11a8', '\u302e', '\U0001d165', '\u09c7\u09be', '\u0b47\u0b56',
    '\u0f73\u0f75', '\u0f71\u0f72', 'क\u093c', '\u0958', '\u2adc', '\u1100\u1161\u11a8', '\U00011099', '\U0001f1e6', '\u0d4a', 'Ω\u0345', '⼀', '\u2e80', '\u3007', '〇', '々', '\uf900', '\U0002f800', '﨎',
]
long = [['a', 100_000], ['é', 50_000], ['日', 40_000], ['ab ', 30_000], ['x,', 40_000], ['👍', 25_000], ['\u0301', 60_000], [' ', 100_000], ['[SEP]', 10_000], ['\u0000', 70_000]]
pools = [
    [chr(c) for c in range(0x20, 0x7f)], [chr(c) for c in range(0x80, 0x250)], [chr(c) for c in range(0x300, 0x370)], [chr(c) for c in range(0x370, 0x600)],
    [chr(c) for c in range(0x900, 0xe00)], [chr(c) for c in range(0x1e00, 0x2100)], [chr(c) for c in range(0x3000, 0x3100)], [chr(c) for c in range(0x4e00, 0x4f00)],
    [chr(c) for c in range(0xac00, 0xad00)], [chr(c) for c in range(0x1f300, 0x1f700)], [chr(c) for c in range(0x0, 0x20)], [chr(c) for c in range(0xf900, 0xfb00)],
    [chr(c) for c in range(0x2000, 0x2c00)], ['the ', 'ing ', 'Über', ' naïve', ' ', ' ', 'é', 'n\u0303', '-', '\u200d'],
]
noise = []
for _ in range(250):
    picked = random.sample(pools, random.randint(1, 4))
    noise.append(''.join(random.choice(random.choice(picked)) for _ in range(random.randint(1, 60))))
cases = [[t, 1, tok.encode(t).ids] for t in plain + noise] + [[t, n, tok.encode(t * n).ids] for t, n in long]
print('[')
print(',\n'.join(json.dumps(c) for c in cases))
print(']')
