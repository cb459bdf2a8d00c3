"""all-MiniLM-L6-v2 in plain numpy: the reference that the Rust model is measured against, and the teacher of the static model.

Usage: import it; `Reference(folder)` reads model.safetensors and tokenizer.json.
"""
import json
import struct
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

HEADS, LAYERS, EPS = 12, 6, 1e-12


def safetensors(path):
    raw = Path(path).read_bytes()
    n = struct.unpack('<Q', raw[:8])[0]
    head = json.loads(raw[8:8 + n])
    out = {}
    for name, info in head.items():
        if name == '__metadata__' or info['dtype'] != 'F32':
            continue
        a, b = info['data_offsets']
        out[name] = np.frombuffer(raw, '<f4', (b - a) // 4, 8 + n + a).reshape(info['shape'])
    return out


def erf(x):
    """Abramowitz & Stegun 7.1.26 is too coarse (1.5e-7 absolute is f32 noise, kept for f32 only); scipy when it is there."""
    try:
        from scipy.special import erf as exact
        return exact(x)
    except ImportError:
        t = 1 / (1 + 0.3275911 * np.abs(x))
        y = 1 - (((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * np.exp(-x * x)
        return np.sign(x) * y


class Reference:
    def __init__(self, folder, dtype=np.float32, max_tokens=256):
        folder = Path(folder)
        self.w = {k: v.astype(dtype) for k, v in safetensors(folder / 'model.safetensors').items()}
        self.tok = Tokenizer.from_file(str(folder / 'tokenizer.json'))
        self.tok.no_padding()
        self.tok.enable_truncation(max_tokens)

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + EPS)
        return x * self.w[name + '.weight'] + self.w[name + '.bias']

    def linear(self, x, name):
        return x @ self.w[name + '.weight'].T + self.w[name + '.bias']

    def hidden(self, ids):
        """ids: [batch, tokens], all of one length -> [batch, tokens, 384]."""
        e = 'embeddings.'
        b, t = ids.shape
        x = self.w[e + 'word_embeddings.weight'][ids] + self.w[e + 'position_embeddings.weight'][:t] + self.w[e + 'token_type_embeddings.weight'][0]
        x = self.norm(x, e + 'LayerNorm')
        for i in range(LAYERS):
            p = f'encoder.layer.{i}.'
            q, k, v = (self.linear(x, p + 'attention.self.' + n).reshape(b, t, HEADS, -1).swapaxes(1, 2) for n in ('query', 'key', 'value'))
            s = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]).astype(x.dtype)
            s = np.exp(s - s.max(-1, keepdims=True))
            s /= s.sum(-1, keepdims=True)
            a = (s @ v).swapaxes(1, 2).reshape(b, t, -1)
            x = self.norm(x + self.linear(a, p + 'attention.output.dense'), p + 'attention.output.LayerNorm')
            h = self.linear(x, p + 'intermediate.dense')
            h = (h * 0.5 * (1 + erf(h / np.sqrt(2)))).astype(x.dtype)
            x = self.norm(x + self.linear(h, p + 'output.dense'), p + 'output.LayerNorm')
        return x

    def embed_ids(self, lists, batch_tokens=8192, progress=False):
        """Unit-norm mean-pooled embeddings of token id lists (with [CLS] and [SEP]), in order."""
        order = sorted(range(len(lists)), key=lambda i: len(lists[i]))
        out = np.zeros((len(lists), 384), self.w['embeddings.LayerNorm.weight'].dtype)
        at = 0
        while at < len(order):
            n = len(lists[order[at]])
            end = at
            while end < len(order) and len(lists[order[end]]) == n and (end - at + 1) * n <= max(batch_tokens, n):
                end += 1
            rows = order[at:end]
            y = self.hidden(np.array([lists[i] for i in rows])).mean(1)
            out[rows] = y / np.linalg.norm(y, axis=1, keepdims=True)
            if progress and (at // 4096) != (end // 4096):
                print(end, '/', len(order), flush=True)
            at = end
        return out

    def ids(self, texts):
        return [e.ids for e in self.tok.encode_batch(texts)]

    def embed(self, texts, **kw):
        return self.embed_ids(self.ids(texts), **kw)
