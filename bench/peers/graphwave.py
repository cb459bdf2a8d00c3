"""GraphWave in numpy, in blocks of columns: Chebyshev polynomials of order 30, then the characteristic function.

    graphwave.py FOLDER

FOLDER/task.json: {"nodes", "scales", "points"}; edges.u32 beside it, sources and then targets. Prints {"seconds"} as its last line.
"""
import json
import os
import sys
import time

import numpy as np
import scipy.sparse as sp
from scipy.special import ive

folder = sys.argv[1]
task = json.load(open(os.path.join(folder, "task.json")))
n = task["nodes"]
sources, targets = np.fromfile(os.path.join(folder, "edges.u32"), np.uint32).astype(np.int64).reshape(2, -1)
start = time.perf_counter()
adjacency = sp.coo_matrix((np.ones(len(sources)), (sources, targets)), (n, n)).tocsr()
adjacency = adjacency + adjacency.T
scale = sp.diags(1 / np.sqrt(np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)))
# L - 1, whose spectrum lies in [-1, 1].
shifted = -(scale @ adjacency @ scale).tocsr()
times = np.linspace(0, 100, task["points"])
order, block = 30, 500
coefficients = [[(1 if k == 0 else 2) * (-1) ** k * ive(k, s) for k in range(order + 1)] for s in task["scales"]]
rows = np.empty((n, len(task["scales"]) * 2 * len(times)))
for first in range(0, n, block):
    last = min(first + block, n)
    before = np.zeros((n, last - first))
    before[np.arange(first, last), np.arange(last - first)] = 1
    now = shifted @ before
    heat = [c[0] * before + c[1] * now for c in coefficients]
    for k in range(2, order + 1):
        before, now = now, 2 * (shifted @ now) - before
        for sum_, c in zip(heat, coefficients):
            sum_ += c[k] * now
    column = 0
    for sum_ in heat:
        for t in times:
            angle = t * sum_
            rows[first:last, column] = np.cos(angle).mean(0)
            rows[first:last, column + 1] = np.sin(angle).mean(0)
            column += 2
print(json.dumps({"seconds": time.perf_counter() - start}))
