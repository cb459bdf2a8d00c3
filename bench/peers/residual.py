"""Residual neighbours by others: blocked matrix products in numpy (OpenBLAS), and covertreex; `canopy bench cover-tree --metric residual
--peers` starts it.

    residual.py FOLDER [ENGINE]

ENGINE: numpy (default) or covertreex. FOLDER/task.json: {"n", "dim", "k", "m", "runs", "kind", "lengthscale"}; points.f32, queries.f32 and
inducing.f64 beside it, row-major. All of V is computed beforehand; what is timed is the search. From 70,000 points on numpy searches for
a sample of the rows, spread over all of them, and its times are those of the sample in proportion ("sampled": the share that was run).
covertreex is asked for 2,048 rows. Prints one JSON object.
"""
import json
import os
import sys
import time

import numpy as np
from scipy.linalg import cholesky, solve_triangular

folder = sys.argv[1]
engine = sys.argv[2] if len(sys.argv) > 2 else "numpy"
task = json.load(open(os.path.join(folder, "task.json")))
n, dim, k, m, runs = (task[name] for name in ("n", "dim", "k", "m", "runs"))
kind, scale = task["kind"], task["lengthscale"]

# Every row up to here; beyond, a sample of so many blocks.
ALL = 70_000
SAMPLED = 16
# Correlations that a block holds at once: 64 MiB in single precision.
AT_ONCE = 1 << 24


def read(name, kind):
    return (np.fromfile(os.path.join(folder, name), kind).reshape(-1, dim) / scale).astype(kind)


points, queries, inducing = read("points.f32", np.float32), read("queries.f32", np.float32), read("inducing.f64", np.float64)


def squares(a, b):
    return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0)


def kernel(square):
    """Correlations, in place where it can be, as one would write it with care."""
    if kind == "rbf":
        square *= -0.5
        return np.exp(square, out=square)
    r = np.sqrt(square, out=square)
    if kind == "matern12":
        return np.exp(-r)
    r *= r.dtype.type(3**0.5 if kind == "matern32" else 5**0.5)
    e = np.exp(-r)
    if kind == "matern52":
        e *= r * r * r.dtype.type(1 / 3) + r + 1
    else:
        e *= r + 1
    return e


def seconds(work, times=1):
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


start = time.perf_counter()
root = cholesky(kernel(squares(inducing, inducing)) + 1e-6 * np.eye(m), lower=True)


def factor(rows):
    """V in single precision and the residual variances, a block at a time: in double precision all of V wouldn't fit."""
    v, p = np.empty((len(rows), m), np.float32), np.empty(len(rows))
    for s in range(0, len(rows), 16_384):
        part = solve_triangular(root, kernel(squares(inducing, rows[s : s + 16_384].astype(np.float64))), lower=True).T
        v[s : s + 16_384], p[s : s + 16_384] = part, np.maximum(1 - (part * part).sum(1), 1e-10)
    return v, p


def inverses(p):
    return (1 / np.sqrt(p)).astype(np.float32)


v, p = factor(points)
inverse = inverses(p)
v_s = time.perf_counter() - start


def strongest(rows, vr, ir, end, before=None):
    rho = kernel(squares(rows, points[:end]))
    rho -= vr @ v[:end].T
    rho *= ir[:, None]
    rho *= inverse[None, :end]
    np.abs(rho, out=rho)
    if before is not None:
        rho[np.arange(end)[None] >= before[:, None]] = -1
    return np.argpartition(-rho, min(k, end - 1), axis=1)[:, :k]


def blocks(rows):
    """Blocks of rows, and the share of all rows that they are."""
    size = 256 if n <= ALL else max(8, min(256, AT_ONCE // n))
    starts = list(range(0, rows, size))
    if n > ALL and len(starts) > SAMPLED:
        starts = [starts[int((i + 0.5) * len(starts) / SAMPLED)] for i in range(SAMPLED)]
    ranges = [(s, min(s + size, rows)) for s in starts]
    return ranges, sum(e - s for s, e in ranges) / max(rows, 1)


def numpy_rows():
    asked, before = blocks(len(queries)), blocks(n)

    def knn():
        for s, e in asked[0]:
            strongest(queries[s:e], vq[s:e], iq[s:e], n)

    def predecessors():
        for s, e in before[0]:
            strongest(points[s:e], v[s:e], inverse[s:e], e, np.arange(s, e))

    def factors():
        nonlocal vq, iq
        vq, pq = factor(queries)
        iq = inverses(pq)

    vq = iq = None
    factor_s = seconds(factors, runs)
    square = np.ones((4096, m), np.float32)
    sgemm = 2 * 4096 * 4096 * m / seconds(lambda: square @ square.T, 5) / 1e9
    query_s = factor_s + seconds(knn, runs) / asked[1]
    return dict(version=np.__version__, query_s=query_s, all_pred_s=seconds(predecessors) / before[1], sampled=before[1], sgemm_gflops=sgemm)


def covertreex_rows():
    """With inducing points of its own, as many: it takes V from elsewhere for no kernel but one. Its recall is held against its own V and p,
    in double precision."""
    import covertreex
    from covertreex import kernels
    from covertreex.metrics.residual import build_residual_backend

    known = dict(matern52=kernels.Matern52, rbf=kernels.RBF)
    if kind not in known:
        return dict(error=f"covertreex has no kernel {kind}")
    chosen = known[kind](lengthscale=1.0, variance=1.0)
    start = time.perf_counter()
    tree = covertreex.cover_tree(points, kernel=chosen, inducing_count=m, seed=42, engine="rust-hilbert")
    build_s = time.perf_counter() - start
    asked = np.unique(np.linspace(0, n - 1, min(n, 2048)).astype(np.int64))
    start = time.perf_counter()
    found = np.asarray(tree.knn(k=k, queries=asked, predecessor_mode=True))
    pred_s = time.perf_counter() - start
    own = build_residual_backend(points, seed=42, inducing_count=m, variance=1.0, lengthscale=1.0, chunk_size=512, kernel_type=chosen.kernel_type)
    vs, ps = np.asarray(own.v_matrix, np.float64), np.asarray(own.p_diag, np.float64)
    wide = points.astype(np.float64)
    hits = wanted = 0
    for at in range(0, len(asked), max(1, len(asked) // 128)):
        i = asked[at]
        count = min(k, i)
        if count > 0:
            rho = np.abs(kernel(squares(wide[i : i + 1], wide[:i]))[0] - vs[:i] @ vs[i]) / np.sqrt(ps[:i] * ps[i])
            ids = found[at][(found[at] >= 0) & (found[at] < i)]
            hits += int((rho[np.unique(ids)] >= np.sort(rho)[-count] * (1 - 1e-5)).sum())
            wanted += int(count)
    return dict(version=covertreex.__version__, build_s=build_s, all_pred_s=pred_s * n / len(asked), sampled=len(asked) / n, recall=hits / max(wanted, 1))


rows = dict(numpy=numpy_rows, covertreex=covertreex_rows)
try:
    found = rows[engine]()
except Exception as error:  # a peer that can't be had is said by name
    found = dict(error=f"{type(error).__name__}: {error}")
print(json.dumps(dict(v_s=v_s, **found)))
