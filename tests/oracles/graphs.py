"""What other libraries say about well-known graphs: writes tests/fixtures/graph-oracles.json.gz, which tests/library/graph-oracles.test.ts reads.

    python3 -m venv venv && venv/bin/pip install -r tests/oracles/requirements.txt && venv/bin/python tests/oracles/graphs.py

Adamic-Adar is networkx's; heat is spread by numpy's eigendecomposition; diagrams are GUDHI's; distances of diagrams are GUDHI's (bottleneck) and
scipy's assignment (Wasserstein, held against Hera's); the ball is computed with 60 digits by mpmath (distances held against gensim's).
Graphs: Zachary's karate club, Les Miserables (Knuth), Florentine families, Southern women (all from networkx), the IEEE 300-bus test case (pypower).
"""
import gzip
import importlib.metadata
import json
import pathlib

import gudhi
import gudhi.hera
import mpmath as mp
import networkx as nx
import numpy as np
from gensim.models.poincare import PoincareKeyedVectors
from pypower.case300 import case300
from scipy.optimize import linear_sum_assignment

random = np.random.default_rng(42)
mp.mp.dps = 60


def columns(graph):
    """Nodes by number and edges by columns; a multigraph keeps its parallel edges."""
    places = {node: place for place, node in enumerate(graph)}
    edges = [(places[a], places[b], float(data.get("weight", 1))) for a, b, data in graph.edges(data=True)]
    return dict(nodes=len(places), directed=graph.is_directed(), sources=[e[0] for e in edges], targets=[e[1] for e in edges], weights=[e[2] for e in edges])


def ieee300():
    """Buses, and admittances of branches: some buses are joined twice."""
    graph = nx.MultiGraph()
    case = case300()
    graph.add_nodes_from(int(bus[0]) for bus in case["bus"])
    for branch in case["branch"]:
        graph.add_edge(int(branch[0]), int(branch[1]), weight=abs(1 / branch[3]))
    return graph


def odd():
    """Two components, isolated nodes at both ends, self-loops, parallel edges in both directions, weights over nine orders of magnitude."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(14))
    for a, b, weight in [(1, 2, 1), (2, 1, 0.5), (2, 3, 1e-6), (3, 1, 2), (3, 3, 7), (4, 4, 1), (5, 6, 1e3), (6, 7, 1e3), (7, 8, 0.25), (8, 5, 0.25), (5, 6, 1), (9, 10, 3), (10, 11, 3), (11, 12, 3), (12, 9, 3), (9, 9, 2)]:
        graph.add_edge(a, b, weight=weight)
    return graph


def digraph():
    graph = nx.DiGraph()
    graph.add_nodes_from(range(20))
    for a, b in random.integers(0, 20, (60, 2)):
        if a != b:
            graph.add_edge(int(a), int(b), weight=float(random.integers(1, 9)) / 4)
    return graph


def plain(graph):
    return nx.Graph(graph.edges())


GRAPHS = {
    "karate": nx.from_edgelist(sorted(plain(nx.karate_club_graph()).edges())),
    "karateWeighted": nx.karate_club_graph(),
    "lesMiserables": nx.les_miserables_graph(),
    "florentine": nx.florentine_families_graph(),
    "southernWomen": nx.davis_southern_women_graph(),
    "ieee300": ieee300(),
    "petersen": nx.petersen_graph(),
    "star": nx.star_graph(60),
    "cycle": nx.cycle_graph(9),
    "single": nx.empty_graph(1),
    "edgeless": nx.empty_graph(5),
    "odd": odd(),
    "directed": digraph(),
}
GRAPHS["karate"] = nx.relabel_nodes(GRAPHS["karate"], int)
SCALES, POINTS, MAX_T = [0.5, 5.0], 6, 100.0


def adjacency(graph):
    """Self-loops go, parallel edges are added, an edge counts in both directions."""
    n = graph["nodes"]
    matrix = np.zeros((n, n))
    for a, b, weight in zip(graph["sources"], graph["targets"], graph["weights"]):
        if a != b:
            matrix[a, b] += weight
            matrix[b, a] += weight
    return matrix


def laplacian(matrix, kind):
    degrees = matrix.sum(1)
    if kind == "combinatorial":
        return np.diag(degrees) - matrix
    scale = np.divide(1, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)
    return np.diag((degrees > 0).astype(float)) - scale[:, None] * matrix * scale


def graphwave(matrix, kind):
    values, vectors = np.linalg.eigh(laplacian(matrix, kind))
    n = len(matrix)
    nodes = list(range(n)) if n <= 80 else list(range(0, n, 12))
    times = np.linspace(0, MAX_T, POINTS)
    rows = np.empty((len(nodes), len(SCALES), POINTS, 2))
    for place, s in enumerate(SCALES):
        heat = (vectors * np.exp(-s * values)) @ vectors.T
        for at, node in enumerate(nodes):
            mean = np.exp(1j * times[:, None] * heat[:, node]).mean(1)
            rows[at, place] = np.stack([mean.real, mean.imag], 1)
    above = values[values > 1e-9 * max(values[-1], 1e-300)]
    suggested = [-np.log(left) / np.sqrt(above[0] * above[-1]) for left in (0.95, 0.85)] if len(above) else None
    return dict(sampled=nodes, rows=rows.reshape(len(nodes), -1).ravel().tolist(), scales=suggested)


def adamic_adar(matrix):
    graph = nx.from_numpy_array((matrix > 0).astype(int))
    found = [(int(min(a, b)), int(max(a, b)), float(score)) for a, b, score in nx.adamic_adar_index(graph) if score > 0]
    return [list(column) for column in zip(*sorted(found))] or [[], [], []]


def simplices(graph):
    tree = gudhi.SimplexTree()
    for node in range(graph["nodes"]):
        tree.insert([node], 0.0)
    lightest = {}
    for a, b, weight in zip(graph["sources"], graph["targets"], graph["weights"]):
        if a != b:
            key = (min(a, b), max(a, b))
            lightest[key] = min(weight, lightest.get(key, np.inf))
    for (a, b), weight in lightest.items():
        tree.insert([a, b], weight)
    tree.expansion(2)
    return tree


def bars(graph):
    # Without persistence_dim_max GUDHI says nothing of loops where there is no triangle.
    found = simplices(graph).persistence(homology_coeff_field=2, persistence_dim_max=True)
    rows = [(dim, birth, death) for dim, (birth, death) in found if dim < 2 and birth != death]
    return [[dim, birth, None if np.isinf(death) else death] for dim, birth, death in sorted(rows)]


def hyper():
    """Women by the events they came to: sum of 1 / ln(members - 1)."""
    graph = nx.davis_southern_women_graph()
    women, events = graph.graph["top"], graph.graph["bottom"]
    place = {name: i for i, name in enumerate(women)}
    lists = [sorted(place[w] for w in graph[event]) for event in events]
    lists += [[0, 5], [3], []]
    scores = np.zeros((len(women), len(women)))
    for members in lists:
        if len(members) > 2:
            scores[np.ix_(members, members)] += 1 / np.log(len(members) - 1)
    pairs = [(a, b, float(scores[a, b])) for a in range(len(women)) for b in range(a + 1, len(women)) if scores[a, b] > 0]
    return dict(nodes=len(women), hyperedges=lists, found=[list(column) for column in zip(*pairs)])


def distances():
    """Pairs of diagrams; the last ones share points, hold points on the diagonal, are empty."""
    def diagram(count):
        births = random.uniform(0, 4, count)
        return np.stack([births, births + random.exponential(1, count)], 1)

    pairs = [(diagram(a), diagram(b)) for a, b in [(1, 1), (3, 5), (12, 9), (30, 30), (7, 0), (0, 4)]]
    same = diagram(6)
    pairs += [(same, same + 1e-9), (same, np.concatenate([same, [[2.0, 2.0]]])), (np.empty((0, 2)), np.empty((0, 2)))]
    found = []
    for a, b in pairs:
        n, m = len(a), len(b)
        costs = np.zeros((n + m, n + m))
        if n and m:
            costs[:n, :m] = np.abs(a[:, None] - b[None]).max(2)
        costs[:n, m:] = ((a[:, 1] - a[:, 0]) / 2)[:, None]
        costs[n:, :m] = (b[:, 1] - b[:, 0]) / 2
        ways = {}
        for order in (1, 2, 3):
            rows, columns_ = linear_sum_assignment(costs**order)
            ways[order] = float((costs[rows, columns_] ** order).sum() ** (1 / order))
            # Hera's relative error takes for ever where diagrams are all but equal.
            if n and m and ways[order] > 1e-3:
                hera = gudhi.hera.wasserstein_distance(a, b, order=order, internal_p=np.inf, delta=0.01)
                assert abs(hera - ways[order]) <= 0.011 * ways[order] + 1e-12, (hera, ways[order])
        found.append(dict(a=a.ravel().tolist(), b=b.ravel().tolist(), bottleneck=gudhi.bottleneck_distance(a, b), wasserstein=ways))
    return found


def dot(x, y):
    return mp.fsum(a * b for a, b in zip(x, y))


def add(c, x, y):
    xy, xx, yy = dot(x, y), dot(x, x), dot(y, y)
    below = 1 + 2 * c * xy + c * c * xx * yy
    return [((1 + 2 * c * xy + c * yy) * a + (1 - c * xx) * b) / below for a, b in zip(x, y)]


def exp_map(c, x, v):
    norm = mp.sqrt(dot(v, v))
    if norm == 0:
        return x
    step = mp.tanh(mp.sqrt(c) * norm / (1 - c * dot(x, x)))
    return add(c, x, [step * a / (mp.sqrt(c) * norm) for a in v])


def log_map(c, x, y):
    way = add(c, [-a for a in x], y)
    norm = mp.sqrt(dot(way, way))
    if norm == 0:
        return way
    step = (1 - c * dot(x, x)) / mp.sqrt(c) * mp.atanh(mp.sqrt(c) * norm)
    return [step * a / norm for a in way]


def distance(c, x, y):
    difference = [a - b for a, b in zip(x, y)]
    return mp.acosh(1 + 2 * c * dot(difference, difference) / ((1 - c * dot(x, x)) * (1 - c * dot(y, y)))) / mp.sqrt(c)


def mean(c, points):
    here = [mp.mpf(0)] * len(points[0])
    for _ in range(4000):
        ways = [log_map(c, here, point) for point in points]
        # Lengths measured at the estimate; the mean of d coth d bounds the curvature of what is minimised, so no step overshoots.
        lengths = [2 * mp.sqrt(c * dot(way, way)) / (1 - c * dot(here, here)) for way in ways]
        below = mp.fsum(d * mp.coth(d) if d > 0 else 1 for d in lengths)
        step = [mp.fsum(way[i] for way in ways) / below for i in range(len(here))]
        here = exp_map(c, here, step)
        if mp.sqrt(dot(step, step)) / (1 - c * dot(here, here)) < mp.mpf(10) ** -25:
            return here
    raise ArithmeticError("the mean didn't settle")


def ball():
    """Points of all radii, those at the rim too, as the doubles that they are."""
    dim, cases = 3, []
    for kappa in (-1.0, -0.5, -2.0):
        c = mp.mpf(-kappa)
        radii = [0.0, 1e-9, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-9, 1 - 1e-12]
        directions = random.normal(size=(len(radii), dim))
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        points = (directions * np.array(radii)[:, None] / np.sqrt(-kappa)).tolist()
        others = points[3:] + points[:3]
        tangents = (random.normal(size=(len(radii), dim)) * np.array([0, 1e-8, 0.1, 0.5, 1, 2, 3, 5, 0.3])[:, None]).tolist()
        bases = random.normal(size=(len(radii), dim))
        bases *= random.uniform(0, 0.95, len(radii))[:, None] / np.linalg.norm(bases, axis=1)[:, None] / np.sqrt(-kappa)
        bases = bases.tolist()
        exact = lambda row: [mp.mpf(value) for value in row]
        out = lambda rows: [[float(value) for value in row] for row in rows]
        inner = [exact(row) for row in points[:6]]
        case = dict(kappa=kappa, dim=dim, points=points, others=others, tangents=tangents, bases=bases)
        case["exp0"] = out(exp_map(c, exact([0.0] * dim), exact(v)) for v in tangents)
        case["log0"] = out(log_map(c, exact([0.0] * dim), exact(x)) for x in points)
        case["exp"] = out(exp_map(c, exact(x), exact(v)) for x, v in zip(bases, tangents))
        case["log"] = out(log_map(c, exact(x), exact(y)) for x, y in zip(bases, points))
        case["add"] = out(add(c, exact(x), exact(y)) for x, y in zip(bases, points))
        case["distances"] = [float(distance(c, exact(x), exact(y))) for x, y in zip(points, others)]
        case["mean"] = [float(value) for value in mean(c, inner)]
        if kappa == -1:
            for x, y, far in zip(points[:5], others[:5], case["distances"]):
                if np.linalg.norm(y) < 0.99:
                    said = PoincareKeyedVectors.vector_distance(np.array(x), np.array(y))
                    assert abs(said - far) < 1e-9, (said, far)
        cases.append(case)
    return cases


found = dict(made={name: importlib.metadata.version(name) for name in ["numpy", "scipy", "networkx", "gudhi", "gensim", "mpmath", "pypower"]}, graphwave=dict(scales=SCALES, points=POINTS, maxT=MAX_T), graphs={}, hyper=hyper(), distances=distances(), ball=ball())
for name, graph in GRAPHS.items():
    case = columns(graph)
    matrix = adjacency(case)
    case["normalized"] = graphwave(matrix, "normalized")
    case["combinatorial"] = graphwave(matrix, "combinatorial")
    case["adamicAdar"] = adamic_adar(matrix)
    case["bars"] = bars(case)
    found["graphs"][name] = case
target = pathlib.Path(__file__).parents[1] / "fixtures" / "graph-oracles.json.gz"
target.write_bytes(gzip.compress(json.dumps(found, separators=(",", ":")).encode(), mtime=0))
print(f"{target}: {target.stat().st_size} bytes")
