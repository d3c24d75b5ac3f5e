"""Planted pairs in place of every task of a run, and short trainings."""

from collections.abc import Iterator, Mapping

import pytest
from pairs import Pair

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.evaluation.regions import all_regions
from psqe.study import run as module
from psqe.study.run import Data


def in_place(pairs: Mapping[int, Pair], patch: pytest.MonkeyPatch) -> Iterator[Mapping[int, Pair]]:
    """Runs are made on these pairs, by random state; models train for three epochs."""
    data = {state: Data(*pair, all_regions(*pair)) for state, pair in pairs.items()}
    patch.setattr(module, "load_data", lambda spec: data[spec.random_state])
    for kind in ALIGNERS.values():
        if issubclass(kind, TrainedAligner):
            patch.setitem(kind.PRESETS["small"], "n_epochs", 3)
    for cached in (module._seeds, module._model, module._probabilities):
        cached.cache_clear()
    yield pairs
    for cached in (module._seeds, module._model, module._probabilities):
        cached.cache_clear()
