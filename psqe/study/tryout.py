"""A first look at a pair of graphs: what seeds and links some modalities give, in numbers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psqe.aligners import MCLEA
from psqe.datasets import load_task
from psqe.errors import PsqeWarning
from psqe.features import build_features
from psqe.links.predict import predict_links
from psqe.seeds import PSQEMiner, correct


def tried(
    task: str | Path, modalities: Sequence[str], *, n_seeds: int, random_state: int = 0
) -> dict[str, Any]:
    """Mine seeds, train the small preset of MCLEA, and count.

    Parameters
    ----------
    task
        A name or a folder, as :func:`psqe.datasets.load_task` takes it.
    modalities, n_seeds
        Of :class:`~psqe.seeds.miners.psqe.PSQEMiner` with its defaults.
    random_state
        Of the order of the data, mining and training.

    Returns
    -------
    ``modalities``, ``random_state``, ``seeds``, ``seeds estimated`` (their precision, without labels),
    ``links``, ``expected right`` (the sum of their confidences); and where gold links are known, else None:
    ``seeds right`` (a share), ``links right`` (a number) and ``gold``, how many links there are.

    Raises
    ------
    DataError
        If a modality is missing on a side.
    """
    pair = load_task(task, random_state=random_state)
    features = build_features(pair, modalities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # fewer seeds than wanted: the numbers say how many
        seeds = PSQEMiner(n_seeds, random_state=random_state).mine(pair, features)
    model = MCLEA.preset("small", random_state=random_state).fit(pair, features, seeds)
    links = predict_links(pair, features, model.similarity, seeds=seeds)
    right_seeds, right_links = correct(seeds.pairs, pair), correct(links.pairs, pair)
    sure = seeds.confidence
    return {
        "modalities": ", ".join(modalities),
        "random_state": random_state,
        "seeds": len(seeds),
        "seeds estimated": None if sure is None or not len(sure) else float(sure.mean()),
        "seeds right": None if right_seeds is None or not len(seeds) else float(np.mean(right_seeds)),
        "links": len(links),
        "expected right": float(links.confidence.sum()),
        "links right": None if right_links is None else int(right_links.sum()),
        "gold": None if pair.links is None else len(pair.links),
    }
