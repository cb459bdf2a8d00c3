"""Blocked brute force of the residual metric by numpy (OpenBLAS); `canopy bench cover-tree --metric residual --peers` starts it.

    residual.py FOLDER

FOLDER/task.json: {"n", "dim", "k", "m", "runs", "kind", "lengthscale"}; points.f32, queries.f32 and inducing.f64 beside it, row-major.
All of V is computed beforehand; what is timed is the matrix product, the kernel, and the selection by argpartition. Prints one
JSON object.
"""
import json
import os
import sys
import time

import numpy as np
from scipy.linalg import cholesky, solve_triangular

folder = sys.argv[1]
task = json.load(open(os.path.join(folder, "task.json")))
n, dim, k, m, runs = (task[name] for name in ("n", "dim", "k", "m", "runs"))
kind, scale = task["kind"], task["lengthscale"]


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
    v = solve_triangular(root, kernel(squares(inducing, rows.astype(np.float64))), lower=True).T
    p = np.maximum(1 - (v * v).sum(1), 1e-10)
    return np.ascontiguousarray(v, np.float32), (1 / np.sqrt(p)).astype(np.float32)


v, inverse = factor(points)
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


def asked():
    vq, iq = factor(queries)
    for s in range(0, len(queries), 256):
        strongest(queries[s : s + 256], vq[s : s + 256], iq[s : s + 256], n)


def predecessors():
    for s in range(0, n, 256):
        e = min(s + 256, n)
        strongest(points[s:e], v[s:e], inverse[s:e], e, np.arange(s, e))


square = np.ones((4096, m), np.float32)
sgemm = 2 * 4096 * 4096 * m / seconds(lambda: square @ square.T, 5) / 1e9
print(
    json.dumps(
        dict(
            version=np.__version__,
            v_s=v_s,
            query_s=seconds(asked, runs),
            all_pred_s=seconds(predecessors) if n <= 70_000 else None,
            sgemm_gflops=sgemm,
        )
    )
)
