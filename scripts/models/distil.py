"""Learns the token vectors of the static model from MiniLM's vectors of unlabelled texts.

Usage: python distil.py texts.txt vectors.f32 MINILM_FOLDER OUT_FOLDER [EVALUATION_FOLDER...]
`vectors.f32` is what `cargo run --release -p canopy-embed --example embed -- models/minilm-l6-v2.canopy-model < texts.txt` prints.
OUT_FOLDER then goes to `convert static`. Needs numpy, scipy, tokenizers; a few minutes on two cores.

A text's vector is the direction of the sum of its tokens' vectors. The vectors start as MiniLM's vectors of each token alone, weighted by
smooth inverse frequency (Arora et al. 2017), projected on the 256 directions that carry most of MiniLM's vectors, and are then fitted
(Adam, cosine loss, tokens dropped at random) so that the sum points where MiniLM points. At the end common tokens are damped once more.
"""
import json
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from tokenizers import Tokenizer

import evaluate
from minilm_ref import Reference

DIM, EPOCHS, BATCH, RATE, DROP, SIF_START, SIF_END = 256, 4, 1024, 2e-3, .15, 2e-4, 5e-4
FIRST_WORD = 104  # below are [PAD], [UNK], [CLS], [SEP], [MASK] and unused entries


def counts(tokenizer, texts):
    ids = [np.array(e.ids, np.int32) for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
    rows = np.repeat(np.arange(len(ids), dtype=np.int32), [len(i) for i in ids])
    flat = np.concatenate(ids)
    keep = flat >= FIRST_WORD
    x = sp.csr_matrix((np.ones(keep.sum(), np.float32), (rows[keep], flat[keep])), shape=(len(ids), tokenizer.get_vocab_size()))
    x.sum_duplicates()
    return x


def fit(x, y, start):
    rng = np.random.default_rng(1)
    e, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    steps, step = EPOCHS * (len(y) // BATCH), 0
    for epoch in range(EPOCHS):
        order, total = rng.permutation(len(y)), 0
        for i in range(len(y) // BATCH):
            rows = order[i * BATCH:(i + 1) * BATCH]
            a, target = x[rows], y[rows]
            a.data = a.data * (rng.random(len(a.data)) > DROP)
            s = np.asarray(a @ e)
            norm = np.linalg.norm(s, axis=1, keepdims=True) + 1e-3
            u = s / norm
            cosine = (u * target).sum(1, keepdims=True)
            total += cosine.mean()
            touched = np.unique(a.indices)
            g = np.asarray(a[:, touched].T.tocsr() @ (-(target - cosine * u) / norm / BATCH * 1000))
            step += 1
            rate = RATE * (.05 + .95 * .5 * (1 + np.cos(np.pi * step / steps)))
            m[touched] = m[touched] * .9 + .1 * g
            v[touched] = v[touched] * .99 + .01 * g * g
            e[touched] -= rate * m[touched] / (np.sqrt(v[touched]) + 1e-4)
        print('epoch', epoch, 'mean cosine', total / (len(y) // BATCH), flush=True)
    return e


def main():
    texts_file, vectors_file, minilm, out, *collections = sys.argv[1:]
    tokenizer = Tokenizer.from_file(str(Path(minilm) / 'tokenizer.json'))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    texts = Path(texts_file).read_text().split('\n')[:-1]
    y = np.fromfile(vectors_file, '<f4').reshape(len(texts), -1)
    x = counts(tokenizer, texts)
    frequency = ((np.asarray(x.sum(0)).ravel() + .5) / x.sum()).astype(np.float32)
    damp = lambda a: (a / (a + frequency))[:, None]
    axes = np.linalg.svd(y[::4], full_matrices=False)[2][:DIM].T
    tokens = Reference(minilm).embed_ids([[101, i, 102] for i in range(x.shape[1])])
    target = y @ axes
    target /= np.linalg.norm(target, axis=1, keepdims=True)
    e = fit(x, target, (.5 * tokens @ axes * damp(SIF_START)).astype(np.float32)) * damp(SIF_END)
    e[:FIRST_WORD] = 0

    Path(out).mkdir(parents=True, exist_ok=True)
    head = json.dumps({'embeddings': {'dtype': 'F32', 'shape': list(e.shape), 'data_offsets': [0, e.nbytes]}}).encode()
    (Path(out) / 'model.safetensors').write_bytes(struct.pack('<Q', len(head)) + head + e.astype('<f4').tobytes())
    shutil.copy(Path(minilm) / 'vocab.txt', out)
    for folder in collections:
        data = evaluate.load(folder)
        rows = lambda t: (lambda s: s / np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-9))(np.asarray(counts(tokenizer, t) @ e))
        print(folder, 'nDCG@10', round(float(evaluate.ndcg(data, rows(data[1]), rows(data[3]))), 4))


if __name__ == '__main__':
    main()
