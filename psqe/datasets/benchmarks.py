"""The published benchmarks by name: which folder under the data root has which."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from psqe.datasets.layouts import LAYOUTS, read_folder
from psqe.errors import DataError, ParameterError
from psqe.graph import AlignmentTask


@dataclass(frozen=True)
class Benchmark:
    """One published pair.

    Attributes
    ----------
    name
        What :func:`psqe.datasets.load_task` knows it by.
    folder
        Where it is under the data root.
    description
        One line for lists.
    notes
        What every result on it must say; empty if there is nothing.
    """

    name: str
    folder: str
    description: str
    notes: str = ""


BENCHMARKS = {
    one.name: one
    for one in (
        Benchmark("dbp15k/zh_en", "DBP15K/zh_en", "DBP15K: DBpedia in Chinese and English"),
        Benchmark("dbp15k/ja_en", "DBP15K/ja_en", "DBP15K: DBpedia in Japanese and English"),
        Benchmark("dbp15k/fr_en", "DBP15K/fr_en", "DBP15K: DBpedia in French and English"),
        Benchmark(
            "srprs/en_fr", "SRPRS/en_fr_15k_V1", "SRPRS: DBpedia in English and French, natural degrees"
        ),
        Benchmark("srprs/dbp_yg", "SRPRS/dbp_yg_15k_V1", "SRPRS: DBpedia and YAGO, natural degrees"),
        Benchmark("openea/d_w", "OpenEA/D_W_15K_V1", "OpenEA 15K V1: DBpedia and Wikidata"),
        Benchmark(
            "fb15k/db15k",
            "FB15K_DB15K",
            "FB15K-DB15K: DBpedia and Freebase, with attribute values",
            "the Freebase graph is partial: 381,186 of 592,213 triples",
        ),
    )
}
"""By name, in the order of lists."""

PREFIXES = tuple(dict.fromkeys(name.partition("/")[0] for name in BENCHMARKS))


def default_data_dir() -> Path:
    """Where benchmarks are looked for: ``PSQE_DATA``, else the user's data folder."""
    root = os.environ.get("PSQE_DATA")
    if root:
        return Path(root).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("psqe", appauthor=False))


def load(name: str, *, random_state: int = 0, data_root: str | Path | None = None) -> AlignmentTask:
    """The benchmark ``name``, read from its folder under the data root.

    Parameters
    ----------
    name
        Such as ``dbp15k/zh_en``, see :data:`BENCHMARKS`.
    random_state
        As in :func:`psqe.datasets.layouts.read_folder`.
    data_root
        Where its folder is; :func:`default_data_dir` when omitted.

    Raises
    ------
    ParameterError
        If there is no such benchmark.
    DataError
        If the files are missing or broken.
    """
    if name not in BENCHMARKS:
        raise ParameterError(f"{name!r} is no task", remedy=f"choose from {', '.join(BENCHMARKS)}")
    one = BENCHMARKS[name]
    root = default_data_dir() if data_root is None else Path(data_root)
    folder = root / one.folder
    # A fetch that failed at once leaves a folder without data.
    if not any(layout.recognises(folder) for layout in LAYOUTS.values()):
        raise DataError(
            f"the files of {name} are missing",
            path=folder,
            remedy=f"run psqe data fetch {name}, or set PSQE_DATA to the folder that has {one.folder} in it",
        )
    task = read_folder(folder, name=name, random_state=random_state)
    notes = {"notes": one.notes} if one.notes else {}
    return replace(task, parameters={**task.parameters, **notes, "dangling": 0.0})
