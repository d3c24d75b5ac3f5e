"""Trained aligners at a size where one matrix n x n would show."""

import json
import subprocess
import sys

CHILD = """
import json, torch
from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.datasets.synthetic import planted_pair
from psqe.measure import peak_memory_mb
from psqe.seeds import true_links

torch.set_num_threads(1)
task, features = planted_pair(23_000, 20, 32, random_state=0)
seeds = true_links(task, 1000)
before = peak_memory_mb()
for name, aligner in ALIGNERS.items():
    if issubclass(aligner, TrainedAligner):
        aligner.preset("small", n_epochs=1).fit(task, features, seeds)
print(json.dumps([task.left.n_entities, peak_memory_mb() - before]))
"""


def test_an_epoch_stays_far_below_all_pairs():
    """Twice 20,000 entities, one training after another; all pairs would be 1.5 GiB in single precision."""
    done = subprocess.run([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True, check=True)
    n, added = json.loads(done.stdout.splitlines()[-1])
    assert n > 20_000
    assert added < 0.5 * n**2 * 4 / (1 << 20)  # MiB; a mask of all pairs would not fit in either
