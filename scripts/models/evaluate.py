"""nDCG@10 of vector-only search on folders of corpus.jsonl, queries.jsonl, qrels.tsv (score > 0 is relevant, gain = 1)."""
import json
from pathlib import Path

import numpy as np


def load(folder):
    folder = Path(folder)
    lines = lambda name: [json.loads(line) for line in (folder / name).read_text().splitlines() if line.strip()]
    docs, queries = lines('corpus.jsonl'), lines('queries.jsonl')
    rel = {}
    for line in (folder / 'qrels.tsv').read_text().splitlines()[1:]:
        q, d, s = line.split('\t')
        if float(s) > 0:
            rel.setdefault(q, {})[d] = 1.0
    text = lambda d: (d.get('title', '') + ' ' + d['text']).strip()
    return [d['_id'] for d in docs], [text(d) for d in docs], [q['_id'] for q in queries], [q['text'] for q in queries], rel


def ndcg(data, doc_vectors, query_vectors, k=10):
    dids, _, qids, _, rel = data
    scores = query_vectors @ doc_vectors.T
    total, n = 0.0, 0
    for i, q in enumerate(qids):
        if q not in rel:
            continue
        top = np.argsort(-scores[i], kind='stable')[:k]
        got = sum(rel[q].get(dids[d], 0) / np.log2(r + 2) for r, d in enumerate(top))
        ideal = sum(g / np.log2(r + 2) for r, g in enumerate(sorted(rel[q].values(), reverse=True)[:k]))
        total, n = total + got / ideal, n + 1
    return total / n
