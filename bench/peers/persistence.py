"""H0 and H1 of a flag complex by GUDHI; `canopy bench topology --peers` starts it.

    persistence.py FOLDER

FOLDER/edges.json: {"nodes", "runs", "sources", "targets", "weights"}. Prints {"version", "ms", "bars"} as its last line.
"""
import json
import os
import sys
import time

task = json.load(open(os.path.join(sys.argv[1], "edges.json")))
try:
    import gudhi

    best = float("inf")
    for _ in range(task["runs"]):
        start = time.perf_counter()
        tree = gudhi.SimplexTree()
        for node in range(task["nodes"]):
            tree.insert([node], 0.0)
        for edge in zip(task["sources"], task["targets"], task["weights"]):
            tree.insert([edge[0], edge[1]], edge[2])
        built = time.perf_counter()
        tree.expansion(2)
        found = tree.persistence(homology_coeff_field=2, persistence_dim_max=False)
        # Filling the tree edge by edge is Python's slowness, not GUDHI's.
        best = min(best, time.perf_counter() - built)
    bars = [[dim, birth, None if death == float("inf") else death] for dim, (birth, death) in found if dim < 2 and birth != death]
    print(json.dumps(dict(version=gudhi.__version__, ms=best * 1000, bars=bars)))
except Exception as error:  # a peer that can't be had is said
    print(json.dumps(dict(error=f"{type(error).__name__}: {error}")))
