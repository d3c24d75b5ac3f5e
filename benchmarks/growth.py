"""Measure what it costs to continue an alignment after the data grew, beside an alignment of the whole pair.

``python benchmarks/growth.py 20000`` plants a pair with that many entities on a side, aligns it without a
share of its entities, and continues that alignment with all of them. It prints both times and their
ratio. The vectors are given, so that nothing is encoded. On two cores it takes a minute for 20,000
entities, and ten for 100,000.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from psqe.api import align
from psqe.datasets.synthetic import planted_pair
from psqe.study.growth import drawn

PLANTED_BEYOND = 8 / 7
"""The number of hidden entities of a planted pair, in terms of the entities of a side."""


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("n", type=int, help="number of entities of a side")
    parser.add_argument("--share", type=float, default=0.01, help="share of the entities that come later")
    parser.add_argument("--noise", type=float, default=0.3, help="noise of the planted vectors")
    parser.add_argument("--random-state", type=int, default=0)
    given = parser.parse_args()
    task, features = planted_pair(
        round(given.n * PLANTED_BEYOND), noise=given.noise, random_state=given.random_state
    )
    new = drawn(task, given.share, np.random.default_rng(given.random_state))
    kept = [np.flatnonzero(~own) for own in new]
    print(f"{task.left.n_entities} and {task.right.n_entities} entities, {sum(map(np.sum, new))} of them new")
    start = time.perf_counter()
    earlier = align(task.take(*kept), features=features.take(*kept), random_state=given.random_state)
    whole = time.perf_counter() - start
    print(f"whole alignment without the new ones: {whole:.1f} s, {len(earlier.predicted)} links", flush=True)
    start = time.perf_counter()
    grown = earlier.update(task, features=features)
    continued = time.perf_counter() - start
    print(
        f"continued with them: {continued:.1f} s, {len(grown.predicted)} links, ratio {continued / whole:.3f}"
    )


if __name__ == "__main__":
    main()
