"""Maps of the Poincare ball by geoopt; `canopy bench hyperbolic --peers` starts it.

    geoopt_ball.py FOLDER

FOLDER/task.json: {"n", "dim", "runs"}; points.f32, bases.f32 and tangents.f32 beside it, row-major. Prints {"version", "torch", "mpoints_per_s": {...}}
as its last line.
"""
import json
import os
import sys
import time

task = json.load(open(os.path.join(sys.argv[1], "task.json")))
try:
    import geoopt
    import numpy as np
    import torch

    n, dim = task["n"], task["dim"]

    def rows(name):
        return torch.from_numpy(np.fromfile(os.path.join(sys.argv[1], name), np.float32).reshape(-1, dim))

    points, bases, tangents = rows("points.f32"), rows("bases.f32"), rows("tangents.f32")
    ball = geoopt.PoincareBall(c=1.0)
    works = dict(
        exp0=lambda: ball.expmap0(tangents),
        log0=lambda: ball.logmap0(points),
        exp=lambda: ball.expmap(bases, tangents),
        log=lambda: ball.logmap(bases, points),
        dist=lambda: ball.dist(points, bases),
        recentre=lambda: ball.mobius_add(-bases[:1], points),
    )
    rates = {}
    with torch.no_grad():
        for name, work in works.items():
            best = float("inf")
            for _ in range(task["runs"] + 1):
                start = time.perf_counter()
                work()
                best = min(best, time.perf_counter() - start)
            rates[name] = n / best / 1e6
    print(json.dumps(dict(version=geoopt.__version__, torch=torch.__version__, mpoints_per_s=rates)))
except Exception as error:  # a peer that can't be had is said
    print(json.dumps(dict(error=f"{type(error).__name__}: {error}"[:300])))
