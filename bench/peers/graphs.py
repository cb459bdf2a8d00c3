"""Node2Vec and Adamic-Adar by the libraries that Python users have; `canopy bench graph --peers` starts it.

    graphs.py FOLDER

FOLDER/task.json: {"engine", "nodes", "walks", "length", "dim", "window", "negatives", "threads"}; edges.u32 beside it, sources and then targets. Writes
ENGINE.f32 (a row a node) where vectors are learned, and prints one JSON object as its last line.
"""
import importlib.metadata
import json
import os
import sys
import time

import numpy as np

folder = sys.argv[1]
task = json.load(open(os.path.join(folder, "task.json")))
n = task["nodes"]
sources, targets = np.fromfile(os.path.join(folder, "edges.u32"), np.uint32).astype(np.int64).reshape(2, -1)


def keep(rows):
    np.ascontiguousarray(rows, np.float32).tofile(os.path.join(folder, f"{task['engine']}.f32"))


def gensim_():
    """All walks take each step together, as fast as numpy goes; p = q = 1, where Node2Vec walks as DeepWalk does."""
    import scipy.sparse as sp
    from gensim.models import Word2Vec

    matrix = sp.coo_matrix((np.ones(len(sources)), (sources, targets)), (n, n)).tocsr()
    matrix = (matrix + matrix.T).tocsr()
    degrees = np.diff(matrix.indptr)
    random = np.random.default_rng(42)
    start = time.perf_counter()
    walks = np.empty((task["walks"] * n, task["length"]), np.int32)
    walks[:, 0] = random.permutation(np.tile(np.arange(n), task["walks"]))
    for step in range(1, task["length"]):
        here = walks[:, step - 1]
        pick = matrix.indptr[here] + (random.random(len(here)) * degrees[here]).astype(np.int64)
        walks[:, step] = np.where(degrees[here] > 0, matrix.indices[np.minimum(pick, matrix.nnz - 1)], here)
    walked = time.perf_counter()
    sentences = [list(map(str, walk)) for walk in walks]
    model = Word2Vec(sentences, vector_size=task["dim"], window=task["window"], negative=task["negatives"], sg=1, min_count=0, epochs=1, workers=task["threads"], seed=42)
    done = time.perf_counter()
    keep(np.stack([model.wv[str(node)] for node in range(n)]))
    return dict(version=importlib.metadata.version("gensim"), walks_per_s=len(walks) / (walked - start), seconds=done - start)


def grape():
    from ensmallen import Graph, models

    pairs = os.path.join(folder, "edges.tsv")
    np.savetxt(pairs, np.stack([sources, targets], 1), "%d", delimiter="\t")
    graph = Graph.from_csv(edge_path=pairs, edge_list_separator="\t", edge_list_header=False, sources_column_number=0, destinations_column_number=1, directed=False, name="bench")
    start = time.perf_counter()
    graph.complete_walks(walk_length=task["length"], iterations=task["walks"], random_state=42)
    walked = time.perf_counter()
    model = models.SkipGram(embedding_size=task["dim"], window_size=task["window"], number_of_negative_samples=task["negatives"], epochs=1, walk_length=task["length"], iterations=task["walks"], random_state=42)
    found = model.fit_transform(graph)
    done = time.perf_counter()
    rows = np.zeros((n, task["dim"]), np.float32)
    found = found[0] if isinstance(found, (list, tuple)) else found
    for place, name in enumerate(graph.get_node_names()):
        rows[int(name)] = found[place]
    keep(rows)
    return dict(version=importlib.metadata.version("ensmallen"), walks_per_s=n * task["walks"] / (walked - start), seconds=done - walked)


def networkx():
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip(sources.tolist(), targets.tolist()))
    start = time.perf_counter()
    # Pairs with a common neighbour, which is what a suggestion takes.
    pairs = {(min(a, b), max(a, b)) for middle in graph for a in graph[middle] for b in graph[middle] if a < b and not graph.has_edge(a, b)}
    scores = sum(score for _, _, score in nx.adamic_adar_index(graph, pairs))
    return dict(version=nx.__version__, seconds=time.perf_counter() - start, pairs=len(pairs), sum=scores)


try:
    print(json.dumps(dict(gensim=gensim_, grape=grape, networkx=networkx)[task["engine"]]()))
except Exception as error:  # a peer that can't be had is said, and the others are measured
    print(json.dumps(dict(error=f"{type(error).__name__}: {error}"[:300])))
