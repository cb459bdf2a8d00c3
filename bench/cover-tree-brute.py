"""Blocked brute force of the residual metric by numpy (OpenBLAS): the yardstick of `cargo run --example residual`.

    python bench/cover-tree-brute.py [n] [dim] [k] [m] [kernel] [lengthscale]

The last line of standard output is one JSON object. Points, inducing points and kernel are of the same kind as those of the
example; all of V is computed beforehand, and what is timed is the matrix product, the kernel, and the selection by argpartition.
"""
import json
import sys
import time

import numpy as np
from scipy.linalg import cholesky, solve_triangular

arg = dict(enumerate(sys.argv))
n, dim, k, m = (int(arg.get(i, d)) for i, d in ((1, 32768), (2, 3), (3, 50), (4, 512)))
kind, ell = arg.get(5, "matern52"), float(arg.get(6, 1.0))
rng = np.random.default_rng(1)
x = rng.standard_normal((n, dim)).astype(np.float32)
z = x[rng.choice(n, m, replace=False)] + rng.standard_normal((m, dim)).astype(np.float32) * 0.05
asked = rng.standard_normal((1024, dim)).astype(np.float32)


def squares(a, b):
    return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0)


def kernel(r2):
    """In place where it can be, as one would write it with care."""
    if kind == "rbf":
        return np.exp(-r2 / 2)
    r = np.sqrt(r2, out=r2)
    if kind == "matern12":
        return np.exp(-r)
    if kind == "matern32":
        r *= np.float32(3**0.5)
        e = np.exp(-r)
        r += 1
        r *= e
        return r
    r *= np.float32(5**0.5)
    e = np.exp(-r)
    s = r * r
    s *= np.float32(1 / 3)
    s += r
    s += 1
    s *= e
    return s


xs, zs, qs = (a / np.float32(ell) for a in (x, z, asked))
start = time.perf_counter()
root = cholesky(kernel(squares(zs.astype(float), zs.astype(float))) + 1e-6 * np.eye(m), lower=True)


def factor(rows):
    v = solve_triangular(root, kernel(squares(zs.astype(float), rows.astype(float))), lower=True).T
    p = np.maximum(1 - (v * v).sum(1), 1e-10)
    return v.astype(np.float32), (1 / np.sqrt(p)).astype(np.float32)


v, ip = factor(xs)
v_s = time.perf_counter() - start


def rows(a, va, ipa, b, vb, ipb, before=None):
    rho = kernel(squares(a, b))
    rho -= va @ vb.T
    rho *= ipa[:, None]
    rho *= ipb[None]
    np.abs(rho, out=rho)
    if before is not None:
        rho[np.arange(rho.shape[1])[None] >= before[:, None]] = -1
    kk = min(k, rho.shape[1] - 1)
    top = np.argpartition(-rho, kk, axis=1)[:, :k]
    return top


def timed(work, runs=1):
    best = 1e9
    for _ in range(runs):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def queries():
    vq, ipq = factor(qs)
    for s in range(0, 1024, 256):
        rows(qs[s : s + 256], vq[s : s + 256], ipq[s : s + 256], xs, v, ip)


def predecessors():
    step = 256
    for s in range(0, n, step):
        e = min(s + step, n)
        rows(xs[s:e], v[s:e], ip[s:e], xs[:e], v[:e], ip[:e], np.arange(s, e))


big = np.ones((4096, m), np.float32)
gemm_s = timed(lambda: big @ big.T, 5)
query_s = timed(queries, 3)
pred_s = timed(predecessors, 1) if n <= 65536 else None
print(
    json.dumps(
        dict(
            peer="numpy", n=n, d=dim, k=k, m=m, kernel=kind, lengthscale=ell, v_s=round(v_s, 3), query_s=round(query_s, 4),
            all_pred_s=pred_s and round(pred_s, 3), sgemm_gflops=round(2 * 4096 * 4096 * m / gemm_s / 1e9, 1),
            median_p=float(np.median(1 / ip**2)),
        )
    )
)
