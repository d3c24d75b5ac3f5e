"""Tables that set our numbers beside those of published systems, with what differs between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.evaluation.protocols import PEER_CSLS_K, PEER_TEST_SHARE
from psqe.features.encoder_registry import DEFAULT_ENCODERS
from psqe.study.plans.base import DBP15K
from psqe.study.plans.best import BENCHMARK_STATES, ON_BENCHMARKS, benchmark_spec
from psqe.study.plans.supervised import SHARE, supervised
from psqe.study.published import NUMBERS, SOURCES, SYSTEMS, Names, PublishedNumber, system
from psqe.study.spec import RunSpec
from psqe.study.tables.best import row_name
from psqe.study.tables.words import list_in_words

NOT_STATED = "not stated"
"""What a table shows where no source at hand states a fact."""

TEXTS = ("attribute", "relation")
"""The modalities that are texts if :data:`TEXT_ENCODER` reads them."""

TEXT_ENCODER = DEFAULT_ENCODERS["name"]
"""The encoder of texts of the study."""

WITHOUT_STRUCTURE = ("", "clamped")
"""The aligners, and the features alone, that do not look at neighbours."""

BY_RELATIONS = ("concord", "paris")
"""The aligners that, in every round, compare entities by the relations to pairs of the round before."""

FB15K = "fb15k/db15k"
"""The second benchmark on which numbers are set side by side."""

FB15K_NAME = "FB15K-DB15K"
"""The usual name of :data:`FB15K`."""


def _text(value: str | bool | None) -> str:
    """Write a fact: a text as it is, a truth value in words, and :data:`NOT_STATED` for ``None``."""
    if value is None:
        return NOT_STATED
    return value if isinstance(value, str) else ("yes" if value else "no")


def _share(labels: float) -> str:
    """Write the share of gold links that are labels.

    >>> _share(0.3), _share(0)
    ('30 %', 'none')
    """
    return f"{labels:.0%}".replace("%", " %") if labels else "none"


def system_table() -> pd.DataFrame:
    """List the published systems: what they compare entities by, and how their Hits@1 is counted.

    Returns
    -------
    pandas.DataFrame
        ``system``, ``modalities``, ``candidates``, ``matching``, ``epoch`` (how it is chosen), ``tested``
        (which links are) and ``source``, all texts.
    """
    candidates = {None: NOT_STATED, True: "linked entities", False: "all entities"}
    epochs = {None: NOT_STATED, True: "by test links", False: "not by test links"}
    return pd.DataFrame([
        {
            "system": known.name,
            "modalities": known.note or ", ".join(known.modalities or [NOT_STATED]),
            "candidates": candidates[known.protocol.test_links_only],
            "matching": _text(known.protocol.matching),
            "epoch": epochs[known.protocol.epoch_by_test],
            "tested": _text(known.protocol.split),
            "source": _text(known.protocol.source),
        }
        for known in SYSTEMS
    ])  # fmt: skip


def _name(number: PublishedNumber) -> str:
    """Write the system of a number, and its setting where it has several."""
    return f"{number.system}: {number.setting}" if number.setting else number.system


def numbers_on(tasks: Sequence[str]) -> list[PublishedNumber]:
    """Return the published numbers on any of some tasks, those with fewer labels and without names first."""
    found = [number for number in NUMBERS if set(tasks) & set(number.hits)]
    return sorted(found, key=lambda number: (number.labels, number.names != "no", number.names is None))


def number_table(tasks: Sequence[str]) -> pd.DataFrame:
    """List the published Hits@1 on some tasks.

    Parameters
    ----------
    tasks
        Names of benchmarks. The part behind the slash names the column of each.

    Returns
    -------
    pandas.DataFrame
        ``labels``, ``names``, ``system`` (with the setting where it has several), ``adds pairs``, a column
        for each task, missing where the number is not about it, and ``source`` (its name in
        :data:`psqe.study.published.SOURCES`, and its kind).
    """
    return pd.DataFrame([
        {
            "labels": _share(number.labels), "names": _text(number.names), "system": _name(number),
            "adds pairs": _text(number.adds_pairs),
            **{_column(task): number.hits.get(task, float("nan")) for task in tasks},
            "source": f"{number.source}, {SOURCES[number.source].kind}",
        }
        for number in numbers_on(tasks)
    ])  # fmt: skip


def _column(task: str) -> str:
    """Name the column of a task.

    >>> _column("dbp15k/fr_en")
    'fr_en'
    """
    return task.rpartition("/")[2]


def name_table(tasks: Sequence[str]) -> pd.DataFrame:
    """Set numbers of the same system without and with names side by side, of the same source and setting.

    Parameters
    ----------
    tasks
        Names of benchmarks.

    Returns
    -------
    pandas.DataFrame
        ``system``, ``names`` (their form in the number that has them), ``adds pairs``, ``benchmark``,
        ``without`` and ``with`` names, and ``gain``, in points.
    """
    rows = [
        {
            "system": one.system, "names": other.names, "adds pairs": _text(one.adds_pairs),
            "benchmark": task, "without": one.hits[task], "with": other.hits[task],
            "gain": 100 * (other.hits[task] - one.hits[task]),
        }
        for one in NUMBERS
        for other in NUMBERS
        if one.names == "no" and other.names not in ("no", None) and _same_but_names(one, other)
        for task in tasks
        if task in one.hits and task in other.hits
    ]  # fmt: skip
    columns = ["system", "names", "adds pairs", "benchmark", "without", "with", "gain"]
    return pd.DataFrame(rows, columns=columns)


def name_gains(named: pd.DataFrame) -> str:
    """Say how many points names add, for each collection of benchmarks and each form of names.

    Parameters
    ----------
    named
        The rows of :func:`name_table`.

    Returns
    -------
    str
        A part of a sentence.

    Examples
    --------
    >>> name_gains(name_table([FB15K]))
    'by 22.2 points on FB15K-DB15K with names as they are written (EIEA)'
    """
    collections = named["benchmark"].map(lambda task: FB15K_NAME if task == FB15K else "DBP15K")
    forms = {"translated": "with translated names", "written": "with names as they are written"}
    texts = []
    for (collection, form), rows in named.groupby([collections, "names"], sort=False):
        low, high = (f"{gain:.1f}" for gain in (rows["gain"].min(), rows["gain"].max()))
        gain = low if low == high else f"{low} to {high}"
        systems = list_in_words(sorted(set(rows["system"])))
        texts.append(f"by {gain} points on {collection} {forms[form]} ({systems})")
    return list_in_words(texts)


def concord_rows(ours: pd.DataFrame) -> str:
    """Say on which benchmarks Concord has seeds, as far as its runs are stored.

    Parameters
    ----------
    ours
        The rows of :func:`our_table`.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> rows = [("dbp15k/zh_en", "Concord, no seeds"), ("dbp15k/fr_en", "Concord"), ("dbp15k/fr_en", "EVA")]
    >>> concord_rows(pd.DataFrame(rows, columns=["benchmark", "system"]))
    'Stored runs of Concord are without seeds on dbp15k/zh_en, and with seeds of PSQE on dbp15k/fr_en.'
    """
    stored = {
        text: ours.loc[ours["system"] == row_name("Concord", seeds=seeds), "benchmark"].tolist()
        for text, seeds in (("without seeds", False), ("with seeds of PSQE", True))
    }
    parts = [f"{text} on {list_in_words(tasks)}" for text, tasks in stored.items() if tasks]
    return f"Stored runs of Concord are {', and '.join(parts)}." if parts else "No run of Concord is stored."


def _same_but_names(one: PublishedNumber, other: PublishedNumber) -> bool:
    """Whether two numbers differ in nothing that is known but names."""
    fields = ("system", "source", "labels", "tested", "values", "adds_pairs", "lacks")
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def source_table() -> pd.DataFrame:
    """List the sources of the published numbers: ``source``, ``from`` and ``what it is``."""
    rows = [(name, source.kind, source.text) for name, source in SOURCES.items()]
    return pd.DataFrame(rows, columns=["source", "from", "what it is"])


@dataclass(frozen=True)
class OurRun:
    """A run of ours, told as published numbers are.

    Attributes
    ----------
    name
        The row of our tables.
    spec
        What was run.
    labels
        The share of gold links that it was trained on.
    """

    name: str
    spec: RunSpec
    labels: float

    @property
    def modalities(self) -> tuple[str, ...]:
        """What entities are compared by, beside the structure."""
        assert self.spec.features is not None and self.spec.features.modalities is not None
        return tuple(self.spec.features.modalities)

    @property
    def names(self) -> Names:
        """How names are compared."""
        if "translated_name" in self.modalities:
            return "translated"
        return "written" if "name" in self.modalities else "no"

    @property
    def values(self) -> bool:
        """Whether values of attributes are compared: the runs here that do so compare numbers, too."""
        return "number" in self.modalities

    @property
    def texts(self) -> bool:
        """Whether texts of relations or attributes are compared: an encoder of texts reads them."""
        assert self.spec.features is not None
        encoders = {**DEFAULT_ENCODERS, **self.spec.features.encoders}
        return any(encoders[name] == TEXT_ENCODER for name in TEXTS if name in self.modalities)

    @property
    def aligner(self) -> str:
        """The name of the aligner; empty for the features alone."""
        return "" if self.spec.aligner is None else self.spec.aligner.name

    @property
    def structure(self) -> bool:
        """Whether the neighbours of entities count."""
        return self.aligner not in WITHOUT_STRUCTURE

    @property
    def relations(self) -> bool:
        """Whether it counts which relations an entity has."""
        return "relation" in self.modalities or self.aligner in BY_RELATIONS

    @property
    def adds_pairs(self) -> bool:
        """Whether pairs that the run finds serve it in a later round."""
        return self.aligner in BY_RELATIONS


def our_runs(tasks: Sequence[str]) -> list[OurRun]:
    """Return our runs on some tasks that are set beside published numbers, task by task.

    They are the systems of the plan ``best-benchmarks`` and, where it has the task, those of the plan
    ``supervised``, which trains on as many labels as the publications.
    """
    found = []
    for task in tasks:
        for state in BENCHMARK_STATES:
            for name, seeds in ON_BENCHMARKS[task]:
                told = row_name(name, seeds=seeds or name == "features")
                found.append(OurRun(told, benchmark_spec(name, task, state, seeds=seeds), 0.0))
        for spec in supervised([task], BENCHMARK_STATES):
            assert spec.aligner is not None
            told = next(known.name for known in SYSTEMS if known.name.lower() == spec.aligner.name)
            found.append(OurRun(f"{told}, labels", spec, SHARE))
    return found


def our_table(stored: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Tell Hits@1 of our runs under the published protocol and under ours.

    Parameters
    ----------
    stored
        The alignments and the systems of the results store, one below the other.
    tasks
        Names of benchmarks.

    Returns
    -------
    pandas.DataFrame
        ``benchmark``, ``system``, ``labels``, ``modalities``, and Hits@1 from left to right: ``peer`` (close
        to how published systems are tested: the last links of the file are tested, their entities are the
        candidates; CSLS, k = 3), and ``full, CSLS`` and ``full, Sinkhorn`` (all entities are candidates;
        missing where it was not measured). Numbers of runs without labels are about all links, and those of
        runs with labels about the free links, which were not given as labels. A run that is not stored has
        no row.
    """
    whole = stored[(stored["part_kind"] == "all") & (stored["direction"] == "l2r")]
    whole = whole[whole["protocol"].isin(["peer", "full"])]
    rows = []
    for run in our_runs(tasks):
        own = whole[(whole["id"] == run.spec.id) & (whole["links"] == ("free" if run.labels else "all"))]
        if own.empty:
            continue
        hits = own.groupby(["protocol", "matching"])["hits@1"].mean().astype(float).to_dict()
        rows.append({
            "benchmark": run.spec.task.name, "system": run.name, "labels": _share(run.labels),
            "modalities": ", ".join(run.modalities), "peer": hits.get(("peer", "csls"), float("nan")),
            "full, CSLS": hits.get(("full", "csls"), float("nan")),
            "full, Sinkhorn": hits.get(("full", "sinkhorn"), float("nan")),
        })  # fmt: skip
    columns = ["benchmark", "system", "labels", "modalities", "peer", "full, CSLS", "full, Sinkhorn"]
    return pd.DataFrame(rows, columns=columns)


def facts(number: PublishedNumber, run: OurRun) -> dict[str, tuple[str, str]]:
    """Tell the facts of a published number and of a run of ours under protocol ``peer``.

    Parameters
    ----------
    number
        The published number.
    run
        A run of ours.

    Returns
    -------
    dict
        Their value and our value of each fact, in words. The facts are the same for all numbers and runs.
    """
    theirs = system(number.system)
    protocol = theirs.protocol
    has = None if theirs.modalities is None else [m for m in theirs.modalities if m not in number.lacks]

    def modality(*beginnings: str) -> bool | None:
        return None if has is None else any(name.startswith(beginnings) for name in has)

    parameters = "none" if run.spec.aligner is None else f"preset {run.spec.aligner.preset}"
    pairs: dict[str, tuple[str | bool | None, str | bool]] = {
        "labels": (_share(number.labels), _share(run.labels)),
        "links tested": (None if number.tested is None else _share(number.tested), _share(PEER_TEST_SHARE)),
        "which links": (protocol.split, "the last of a file"),
        "structure": (modality("structure"), run.structure),
        "relations": (modality("relations"), run.relations),
        "attributes": (modality("attributes"), "attribute" in run.modalities),
        "attribute values": (number.values, run.values),
        "images": (modality("images"), "image" in run.modalities),
        "names": (number.names, run.names),
        "other texts": (modality("texts", "descriptions"), run.texts),
        "candidates are linked entities only": (protocol.test_links_only, True),
        "matching": (protocol.matching, f"CSLS, k = {PEER_CSLS_K}"),
        "epoch by test links": (protocol.epoch_by_test, False),
        "adds pairs": (number.adds_pairs, run.adds_pairs),
        "parameters": ("of its authors", parameters),
        "graphs": ("whole", "partial" if BENCHMARKS[run.spec.task.name].notes else "whole"),
    }
    return {what: (_text(one), _text(other)) for what, (one, other) in pairs.items()}


def differences(number: PublishedNumber, run: OurRun) -> list[str]:
    """Tell in what a published number and a run of ours under protocol ``peer`` differ.

    Parameters
    ----------
    number
        The published number.
    run
        A run of ours.

    Returns
    -------
    list of str
        One text for each of :func:`facts` that differs or is not stated, with their value before ours. If it
        is empty, no difference but the method is known.
    """
    told = facts(number, run).items()
    return [f"{what}: {one} / {other}" for what, (one, other) in told if one != other]


def difference_table(stored: pd.DataFrame, task: str) -> pd.DataFrame:
    """Set every published number on a task beside a run of ours that differs from it in the fewest facts.

    Among runs with equally many differences, one of the same system comes first, and then the one with the
    highest Hits@1.

    Parameters
    ----------
    stored
        The alignments and the systems of the results store, one below the other.
    task
        Name of a benchmark.

    Returns
    -------
    pandas.DataFrame
        ``published``, ``theirs`` (Hits@1), ``ours`` (the name of the run), ``Hits@1`` (protocol peer, left to
        right), ``what differs`` (their value / our value), ``differences``, their number, and ``facts``, how
        many are compared. Empty where no run of ours is stored.
    """
    hits = our_table(stored, [task]).set_index("system")["peer"].dropna()
    ours = [run for run in our_runs([task]) if run.name in hits.index]
    rows = []
    for number in numbers_on([task]) if ours else []:

        def distance(run: OurRun, number: PublishedNumber = number) -> tuple[int, bool, float]:
            same = run.name.partition(",")[0] == number.system
            return len(differences(number, run)), not same, -float(hits[run.name])

        nearest = min(ours, key=distance)
        found = differences(number, nearest)
        labels = f"{_share(number.labels)} labels" if number.labels else "no labels"
        named = {"no": "no names", None: "names not stated"}.get(number.names, f"{number.names} names")
        added = {True: ", adds pairs", False: ", adds no pairs", None: ""}[number.adds_pairs]
        rows.append({
            "published": f"{_name(number)} ({labels}, {named}{added})",
            "theirs": number.hits[task], "ours": nearest.name, "Hits@1": float(hits[nearest.name]),
            "what differs": "; ".join(found), "differences": len(found), "facts": len(facts(number, nearest)),
        })  # fmt: skip
    columns = ["published", "theirs", "ours", "Hits@1", "what differs", "differences", "facts"]
    return pd.DataFrame(rows, columns=columns)


TASKS = (*DBP15K, FB15K)
"""The benchmarks on which numbers are set side by side."""
