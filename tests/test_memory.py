"""Trained aligners, and links, at a size where one matrix n x n would show."""

import json
import os
import subprocess
import sys

import pytest

TRAINED = """
import json, torch
from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.datasets.synthetic import planted_pair
from psqe.cost import peak_memory_mb
from psqe.seeds import true_links

torch.set_num_threads(1)
task, features = planted_pair(29_000, 20, 32, random_state=0)
seeds = true_links(task, 1000)
before = peak_memory_mb()
for name, aligner in ALIGNERS.items():
    if issubclass(aligner, TrainedAligner):
        aligner.preset("small", n_epochs=1).fit(task, features, seeds)
print(json.dumps([task.left.n_entities, peak_memory_mb() - before]))
"""


LINKED = """
import json, torch
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.links.rules import LinkRule
from psqe.links.predict import weigh_pairs
from psqe.cost import peak_memory_mb

torch.set_num_threads(1)
task, features = planted_pair(14_000, 4, 8, random_state=0)
before = peak_memory_mb()
weighed = weigh_pairs(task, features, feature_scorer(task, features))
for rule in ("mutual", "one_to_one"):
    weighed.choose(LinkRule("cosine", rule))
print(json.dumps([task.left.n_entities, peak_memory_mb() - before]))
"""


@pytest.mark.parametrize("child", [TRAINED, LINKED], ids=["an epoch of each aligner", "links by both rules"])
def test_memory_stays_far_below_all_pairs(child):
    """One thing after another; all pairs of 25,000 entities would be 2.3 GiB in single precision."""
    # The C library begins with this threshold, and raises it as blocks are freed. It then keeps freed blocks,
    # so that the peak would also have what was given back before, in one run more than in another.
    fixed = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(128 * 1024)}
    command = [sys.executable, "-c", child]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=fixed)
    n, added = json.loads(done.stdout.splitlines()[-1])
    assert n > 10_000
    assert added < 0.5 * n**2 * 4 / (1 << 20)  # MiB; a mask of all pairs would not fit in either
