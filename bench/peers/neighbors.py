"""Exact neighbours by the libraries that Python users have; `canopy bench cover-tree --peers` starts it.

    neighbors.py FOLDER

FOLDER/task.json: {"n", "dim", "k", "queries", "runs", "engines"}; points.f32 and queries.f32 beside it, row-major. Writes
ENGINE-knn.u32 and ENGINE-all.u32 (ids, -1 where there is none) and prints one JSON object: the seconds of each engine.
"""
import json
import os
import sys
import time

import numpy as np

folder = sys.argv[1]
task = json.load(open(os.path.join(folder, "task.json")))
n, dim, k, runs = task["n"], task["dim"], task["k"], task["runs"]
points = np.fromfile(os.path.join(folder, "points.f32"), np.float32).reshape(n, dim)
queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dim)


def best(work):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def keep(name, what, ids):
    np.asarray(ids, np.int64).astype(np.uint32).tofile(os.path.join(folder, f"{name}-{what}.u32"))


def without_self(ids):
    """The k nearest others: the row's own id goes, or the last where duplicates pushed it out."""
    own = ids == np.arange(len(ids))[:, None]
    own[~own.any(1), -1] = True
    return ids[~own].reshape(len(ids), -1)


def scipy_tree():
    import scipy
    from scipy.spatial import cKDTree

    build_s = best(lambda: cKDTree(points))
    tree = cKDTree(points)
    query_s = best(lambda: tree.query(queries, k, workers=-1))
    all_s = best(lambda: tree.query(points, k + 1, workers=-1))
    keep("scipy", "knn", tree.query(queries, k, workers=-1)[1].reshape(-1, k))
    keep("scipy", "all", without_self(tree.query(points, k + 1, workers=-1)[1]))
    return dict(version=scipy.__version__, build_s=build_s, query_s=query_s, all_knn_s=all_s)


def faiss_flat():
    import faiss

    def build():
        index = faiss.IndexFlatL2(dim)
        index.add(points)
        return index

    build_s = best(build)
    index = build()
    query_s = best(lambda: index.search(queries, k))
    all_s = best(lambda: index.search(points, k + 1))
    keep("faiss", "knn", index.search(queries, k)[1])
    keep("faiss", "all", without_self(index.search(points, k + 1)[1]))
    return dict(version=faiss.__version__, build_s=build_s, query_s=query_s, all_knn_s=all_s)


ENGINES = dict(scipy=scipy_tree, faiss=faiss_flat)
found = {}
for name in task["engines"]:
    try:
        found[name] = ENGINES[name]()
    except Exception as error:  # a peer that can't be had is said, and the others are measured
        found[name] = dict(error=f"{type(error).__name__}: {error}")
print(json.dumps(found))
