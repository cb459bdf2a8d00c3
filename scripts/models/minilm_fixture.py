"""Writes crates/embed/tests/fixtures/minilm_vectors.f32: what the f32 model answers to the texts of minilm_texts.json (glosses of WordNet 3.1).

Usage: python minilm_fixture.py MINILM_FOLDER ../../crates/embed/tests/fixtures
"""
import json
import sys
from pathlib import Path

import numpy as np
from minilm_ref import Reference

folder = Path(sys.argv[2])
texts = json.loads((folder / 'minilm_texts.json').read_text())
Reference(sys.argv[1], dtype=np.float64).embed(texts).astype('<f4').tofile(folder / 'minilm_vectors.f32')
