"""Approximate search by the libraries that Python users have; `canopy bench ann --peers` starts it.

    ann.py FOLDER

FOLDER/task.json: {"n", "dim", "metric", "runs", "engines"}; base.f32, queries.f32 (row-major) and truth.u32 (the 100 nearest of each query) beside it.
Prints one JSON object: seconds of the build on all cores, and for each breadth milliseconds of single searches on one thread, with their recall.
"""
import json
import os
import sys
import tempfile
import time
from importlib.metadata import version

import numpy as np

folder = sys.argv[1]
task = json.load(open(os.path.join(folder, "task.json")))
n, dim, metric, runs = task["n"], task["dim"], task["metric"], task["runs"]
base = np.fromfile(os.path.join(folder, "base.f32"), np.float32).reshape(n, dim)
queries = np.fromfile(os.path.join(folder, "queries.f32"), np.float32).reshape(-1, dim)
truth = np.fromfile(os.path.join(folder, "truth.u32"), np.uint32).reshape(-1, 100)
threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
if metric == "cosine":
    # Every engine gets vectors of length 1: the fastest way to a cosine.
    base = base / np.linalg.norm(base, axis=1, keepdims=True)
    queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
M, EF = 16, 200


def points(search, breadths, batch=None):
    """`search(query, k, breadth)` gives ids, `batch` the same for all queries on all cores."""
    rows = []
    for k in (10, 100):
        for breadth in breadths:
            if breadth < k:
                continue
            best = None
            for _ in range(runs):
                times, found = [], []
                for query in queries:
                    start = time.perf_counter()
                    ids = search(query, k, breadth)
                    times.append(time.perf_counter() - start)
                    found.append(ids)
                if best is None or np.median(times) < np.median(best):
                    best = times
            hits = [set(np.asarray(ids, np.int64).ravel().tolist()) for ids in found]
            recall = float(np.mean([len(ids & set(row[:k].tolist())) / k for ids, row in zip(hits, truth)]))
            p50, p95, p99 = (float(np.percentile(best, share)) * 1e3 for share in (50, 95, 99))
            row = dict(k=k, ef=breadth, p50_ms=p50, p95_ms=p95, p99_ms=p99, qps_1=len(best) / sum(best))
            if k == 10:
                row["recall_10"] = recall
            else:
                row["recall_100_at_100"] = recall
                row["recall_1_at_100"] = float(np.mean([int(row_[0]) in ids for ids, row_ in zip(hits, truth)]))
            if batch is not None:
                start = time.perf_counter()
                batch(k, breadth)
                row["qps_all"] = len(queries) / (time.perf_counter() - start)
            rows.append(row)
    return rows


GRAPH = [10, 16, 24, 32, 48, 64, 100, 128, 160, 200, 260, 360]


def hnswlib():
    import hnswlib

    start = time.perf_counter()
    index = hnswlib.Index({"l2": "l2", "cosine": "ip", "dot": "ip"}[metric], dim)
    index.init_index(n, ef_construction=EF, M=M)
    index.add_items(base, num_threads=threads)
    build_s = time.perf_counter() - start

    def one(query, k, ef):
        index.set_ef(ef)
        return index.knn_query(query, k, num_threads=1)[0]

    def batch(k, ef):
        index.set_ef(ef)
        index.knn_query(queries, k, num_threads=threads)

    return dict(version=version("hnswlib"), build_s=build_s, bytes=n * (dim * 4 + M * 8 + 16), points=points(one, GRAPH, batch))


def faiss_index(text, knob, breadths):
    import faiss

    kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    start = time.perf_counter()
    index = faiss.index_factory(dim, text, kind)
    index.train(base)
    index.add(base)
    build_s = time.perf_counter() - start
    space = faiss.ParameterSpace()

    def one(query, k, breadth):
        space.set_index_parameter(index, knob, breadth)
        return index.search(query[None], k)[1]

    def batch(k, breadth):
        space.set_index_parameter(index, knob, breadth)
        index.search(queries, k)

    faiss.omp_set_num_threads(1)
    rows = points(one, breadths)
    faiss.omp_set_num_threads(threads)
    size = faiss.serialize_index(index).nbytes
    return dict(version=faiss.__version__, build_s=build_s, bytes=int(size), points=rows)


def faiss_hnsw_sq8():
    return faiss_index(f"HNSW{M},SQ8", "efSearch", GRAPH)


def faiss_ivf_pq():
    import faiss

    lists = 256 if n < 200_000 else 1024
    parts = max(8, dim // 8 if n < 200_000 else dim // 4)
    kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    start = time.perf_counter()
    index = faiss.index_factory(dim, f"IVF{lists},PQ{parts}x4fs,RFlat", kind)
    index.train(base)
    index.add(base)
    build_s = time.perf_counter() - start
    inner = faiss.extract_index_ivf(faiss.downcast_index(index.base_index))
    faiss.omp_set_num_threads(1)

    def one(query, k, breadth):
        inner.nprobe = max(1, breadth // 8)
        index.k_factor = 4
        return index.search(query[None], k)[1]

    rows = points(one, [64, 128, 256, 512])
    for row in rows:
        row["ef"] = max(1, row["ef"] // 8)
    faiss.omp_set_num_threads(threads)
    return dict(version=faiss.__version__, build_s=build_s, bytes=int(faiss.serialize_index(index).nbytes), points=rows)


def usearch():
    from usearch.index import Index

    start = time.perf_counter()
    index = Index(ndim=dim, metric={"l2": "l2sq", "cosine": "ip", "dot": "ip"}[metric], dtype="f32", connectivity=M, expansion_add=EF)
    index.add(np.arange(n), base, threads=threads)
    build_s = time.perf_counter() - start

    def one(query, k, ef):
        index.expansion_search = ef
        return index.search(query, k, threads=1).keys

    return dict(version=version("usearch"), build_s=build_s, bytes=int(index.memory_usage), points=points(one, GRAPH))


def glass():
    import glassppy

    start = time.perf_counter()
    builder = glassppy.Index("HNSW", dim=dim, metric="L2" if metric == "l2" else "IP", R=32, L=EF)
    graph = builder.build(base)
    build_s = time.perf_counter() - start
    searcher = glassppy.Searcher(graph, base, "L2" if metric == "l2" else "IP", level=1)
    searcher.optimize(1)

    def one(query, k, ef):
        searcher.set_ef(ef)
        return searcher.search(query, k)

    return dict(version=version("glassppy"), build_s=build_s, points=points(one, GRAPH))


def svs():
    import svs

    kind = svs.DistanceType.L2 if metric == "l2" else svs.DistanceType.MIP
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        svs.write_vecs(base, os.path.join(scratch, "base.fvecs"))
        loader = svs.LVQLoader(svs.VectorDataLoader(os.path.join(scratch, "base.fvecs"), svs.DataType.float32, dims=dim), primary=8, residual=0)
        parameters = svs.VamanaBuildParameters(alpha=1.2 if metric == "l2" else 0.95, graph_max_degree=32, window_size=128)
        index = svs.Vamana.build(parameters, loader, kind, num_threads=threads)
    build_s = time.perf_counter() - start
    index.num_threads = 1

    def one(query, k, ef):
        index.search_window_size = ef
        return index.search(query[None], k)[0]

    return dict(version=version("scalable-vs"), build_s=build_s, points=points(one, GRAPH))


def symphonyqg(bits):
    """`bits` = 0 keeps the vectors as they are and measures the true distance of what the walk visits; else codes of as many bits a value."""
    from rabitqlib import SymqgIndex

    # Of vectors of length 1 the nearest are those of the largest cosine.
    start = time.perf_counter()
    index = SymqgIndex(dim, 32, metric="ip" if metric == "dot" else "l2", quantization_bits=bits)
    index.build(base, 200, num_threads=threads)
    build_s = time.perf_counter() - start

    def one(query, k, ef):
        return index.search(query[None], k, ef, num_threads=1)[ID]

    # The ids are the whole numbers of the pair.
    ID = 0 if np.issubdtype(np.asarray(index.search(queries[:1], 10, 64)[0]).dtype, np.integer) else 1
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "index")
        index.save(path)
        size = os.path.getsize(path)
    return dict(version=version("rabitqlib"), build_s=build_s, bytes=size, points=points(one, GRAPH))


ENGINES = {
    "hnswlib": hnswlib,
    "faiss-hnsw-sq8": faiss_hnsw_sq8,
    "faiss-ivf-pq": faiss_ivf_pq,
    "usearch": usearch,
    "symphonyqg": lambda: symphonyqg(0),
    "symphonyqg-8bit": lambda: symphonyqg(8),
    "glass": glass,
    "svs": svs,
}
found = {}
for name in task["engines"]:
    try:
        found[name] = ENGINES[name]()
    except Exception as error:  # a peer that can't be had is said, and the others are measured
        found[name] = dict(error=f"{type(error).__name__}: {error}"[:300])
    print(f"  {name}: {'measured' if 'points' in found[name] else found[name]['error']}", file=sys.stderr, flush=True)
print(json.dumps(found))
