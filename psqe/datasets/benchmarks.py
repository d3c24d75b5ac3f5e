"""The published benchmarks by name, and their folders under the data root."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from psqe.datasets.layouts import LAYOUTS, read_in_order, shuffled
from psqe.errors import DataError, ParameterError
from psqe.graph import AlignmentTask, one_to_one


@dataclass(frozen=True)
class Benchmark:
    """One published pair.

    Attributes
    ----------
    name
        Name for :func:`psqe.datasets.load_task`.
    folder
        Its folder, relative to the data root.
    description
        One line for lists.
    notes
        What every result on the pair must say; empty if there is nothing to say.
    encoders
        The modalities that the pair is compared by unless others are asked for, each with its encoder, or
        with ``None`` for the modality's default. They are the names where both sides have names, and else
        what there is. Attributes of DBP15K are left out: only entities with a counterpart have any.
    one_to_one
        Whether only the first of several links of an entity counts, as in the results that are stored.

    Examples
    --------
    >>> BENCHMARKS["openea/d_w"].folder
    'OpenEA/D_W_15K_V1'
    """

    name: str
    folder: str
    description: str
    notes: str = ""
    encoders: Mapping[str, str | None] = field(default_factory=lambda: {"name": None})
    one_to_one: bool = False


BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("dbp15k/zh_en", "DBP15K/zh_en", "DBP15K: DBpedia in Chinese and English"),
        Benchmark("dbp15k/ja_en", "DBP15K/ja_en", "DBP15K: DBpedia in Japanese and English"),
        Benchmark("dbp15k/fr_en", "DBP15K/fr_en", "DBP15K: DBpedia in French and English"),
        Benchmark(
            "srprs/en_fr", "SRPRS/en_fr_15k_V1", "SRPRS: DBpedia in English and French, natural degrees"
        ),
        Benchmark("srprs/dbp_yg", "SRPRS/dbp_yg_15k_V1", "SRPRS: DBpedia and YAGO, natural degrees"),
        Benchmark(
            "openea/d_w",
            "OpenEA/D_W_15K_V1",
            "OpenEA 15K V1: DBpedia and Wikidata",
            encoders={"relation": "profile"},
        ),
        Benchmark(
            "fb15k/db15k",
            "FB15K_DB15K",
            "FB15K-DB15K: DBpedia and Freebase, with attribute values",
            "the Freebase graph is partial: 381,186 of 592,213 triples",
            {"number": None, "attribute": None, "relation": "use-m3"},
            one_to_one=True,  # four of its entities have two links
        ),
    )
}
"""The benchmarks by name, in the order of lists."""

PREFIXES = tuple(dict.fromkeys(name.partition("/")[0] for name in BENCHMARKS))


def default_data_dir() -> Path:
    """Return the folder that holds the benchmarks: ``PSQE_DATA``, else the user's data folder."""
    root = os.environ.get("PSQE_DATA")
    if root:
        return Path(root).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("psqe", appauthor=False))


def folder_of(name: str, data_root: str | Path | None = None) -> Path:
    """Find the folder of a benchmark.

    Parameters
    ----------
    name
        Name of a benchmark such as ``dbp15k/zh_en``, see :data:`BENCHMARKS`.
    data_root
        Folder that holds the folders of the benchmarks; :func:`default_data_dir` when omitted.

    Raises
    ------
    ParameterError
        If there is no such benchmark.
    DataError
        If its files are missing.
    """
    if name not in BENCHMARKS:
        raise ParameterError(f"{name!r} is no task", remedy=f"choose from {', '.join(BENCHMARKS)}")
    benchmark = BENCHMARKS[name]
    root = default_data_dir() if data_root is None else Path(data_root)
    folder = root / benchmark.folder
    # A fetch that failed at its beginning leaves a folder without data.
    if not folder.is_dir() or not any(layout.recognises(folder) for layout in LAYOUTS.usable().values()):
        raise DataError(
            f"the files of {name} are missing",
            path=folder,
            remedy=f"run psqe data fetch {name}, or set PSQE_DATA to the folder that has "
            f"{benchmark.folder} in it",
        )
    return folder


def load(name: str, *, random_state: int = 0, data_root: str | Path | None = None) -> AlignmentTask:
    """Read a benchmark from its folder under the data root.

    Parameters
    ----------
    name
        Name of a benchmark such as ``dbp15k/zh_en``, see :data:`BENCHMARKS`.
    random_state
        Not negative. It decides the order of the right entities and that of the links.
    data_root
        Folder that holds the folders of the benchmarks; :func:`default_data_dir` when omitted.

    Raises
    ------
    ParameterError
        If there is no such benchmark.
    DataError
        If the files are missing or broken.
    """
    folder, benchmark = folder_of(name, data_root), BENCHMARKS[name]
    task = read_in_order(folder, name=name, follow_links=True)
    assert task is not None  # unless faults are gathered, the first one has been raised
    if benchmark.one_to_one and task.links is not None:
        task = replace(task, links=one_to_one(task.links))
    task = shuffled(task, random_state)
    notes = {"notes": benchmark.notes} if benchmark.notes else {}
    return replace(task, parameters={**task.parameters, **notes, "dangling": 0.0})
