"""Tables about seeds: whole seed sets, their parts, and what rules, stages and parameters change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from psqe.errors import DataError
from psqe.options import MinerOptions
from psqe.seeds import ORACLES
from psqe.study.columns import COLUMNS, VALUES
from psqe.study.plans.ablation import IMAGE_WEIGHTS, N_CLUSTERS, SIZES, TEMPERATURES
from psqe.study.plans.base import kind_of, psqe_options, seeds_spec
from psqe.study.tables.page import group_rows

DRAW = ["task", "random_state"]
"""The columns that name one draw of the data."""

RELEASED, AS_MANY, CORRECTED = "psqe, released", "psqe, as many", "psqe"
"""Labels of the released rules; of the corrected rules, asked for as many seeds as the released ones found;
and of the corrected rules."""


def seed_sets(table: pd.DataFrame) -> pd.DataFrame:
    """Tell the quality of every whole seed set that a miner found, one row for each run.

    Sets that were drawn with the gold links in hand have no row. ``estimated`` is missing for runs that were
    made before the estimate of today.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.

    Returns
    -------
    pandas.DataFrame
        The columns of the store, where ``least_covered`` and ``balance`` are those of the semantic regions,
        and ``variant`` (of the miner, empty for its default), ``plain`` (whether the study compares this kind
        of seeds), ``correct`` (correct seeds as a share of the number wanted) and ``label``, the name of the
        kind.
    """
    whole = table[(table["part_kind"] == "all") & ~table["miner"].isin(list(ORACLES))]
    regions = table[(table["part_kind"] == "semantic") & (table["part"] == "all")]
    spread = regions.set_index("id")[["least_covered", "balance"]]
    sets = _labelled(whole.drop(columns=["least_covered", "balance"]).join(spread, on="id"))
    numbers = [name for name in VALUES["seeds"] if COLUMNS[name].dtype != "string"]
    sets[numbers] = sets[numbers].astype("float64")
    sets["correct"] = sets["precision"] * sets["seeds_found"] / sets["n_seeds"].astype("float64")
    return sets.reset_index(drop=True)


def seed_parts(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Tell the quality of parts of the seed sets that a miner found, one row for each part.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.
    kind
        ``confidence``, ``stage`` or a kind of region.

    Returns
    -------
    pandas.DataFrame
        The columns of the store with ``variant``, ``plain`` and ``label`` as in :func:`seed_sets`; ``part``
        is the name of the part.
    """
    parts = table[
        (table["part_kind"] == kind) & (table["part"] != "all") & ~table["miner"].isin(list(ORACLES))
    ]
    return _labelled(parts).reset_index(drop=True)


def plain_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the rows of the kinds of seeds that the study compares, and of the released rules."""
    return table[_labelled(table)["plain"]]


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """Add the columns ``variant``, ``plain`` and ``label``."""
    miners = [spec.miner for spec in table["spec"]]
    labels = [_label(miner) for miner in miners]
    return table.assign(
        variant=pd.Series(
            [miner.parameters.get("variant", "") for miner in miners], table.index, dtype="object"
        ),
        plain=pd.Series([label is not None for label in labels], table.index, dtype=bool),
        label=pd.Series(
            [label or _other_label(miner) for label, miner in zip(labels, miners, strict=True)],
            table.index,
            dtype="string",
        ),
    )


def _label(miner: MinerOptions) -> str | None:
    """Return the name of a kind of seeds that the study compares, or of the released rules."""
    if miner.name == "psqe" and miner.parameters == {"variant": "released"}:
        return RELEASED
    return kind_of(miner) or (None if miner.parameters else miner.name)


def _other_label(miner: MinerOptions) -> str:
    """Return a name of seeds that the study does not compare, which no seeds with other parameters have."""
    if miner.name == "pivot" and set(miner.parameters) == {"modality"}:
        return f"pivot, {miner.parameters['modality']}"
    return f"{miner.name} ({', '.join(f'{name} = {value}' for name, value in miner.parameters.items())})"


def changes(
    table: pd.DataFrame,
    base: MinerOptions,
    departures: Mapping[str, MinerOptions],
    values: Sequence[str],
) -> pd.DataFrame:
    """Tell what departures from a miner's parameters change on the same draw, in percentage points.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.
    base
        The miner from which to depart.
    departures
        Options of the miner by the text of the change, such as ``mutual = False``. Those without a run are
        left out.
    values
        Columns of :func:`seed_sets`.

    Returns
    -------
    pandas.DataFrame
        One row for each run, in the order of ``departures``: ``task``, ``random_state``, ``change`` and the
        values.

    Raises
    ------
    DataError
        If no departure was run on a draw on which the base was run, too.
    """
    sets = seed_sets(table)
    before = _mined_by(sets, base).set_index(DRAW)[list(values)]
    parts = []
    for text, miner in departures.items():
        after = _mined_by(sets, miner).set_index(DRAW)[list(values)]
        after = after[after.index.isin(before.index)]
        parts.append((100 * (after - before.loc[after.index])).assign(change=text))
    if not any(map(len, parts)):
        raise DataError(f"the results have no departure from {base.name} {base.parameters}",
                        remedy="run it with psqe results fill")  # fmt: skip
    return pd.concat(parts).reset_index()


def _mined_by(sets: pd.DataFrame, miner: MinerOptions) -> pd.DataFrame:
    """Choose the seed sets of a miner with given options, on every draw."""
    draws = sets[DRAW].drop_duplicates().itertuples(index=False, name=None)
    return sets[sets["id"].isin([seeds_spec(task, miner, int(state)).id for task, state in draws])]


def swept(table: pd.DataFrame, *, n_seeds: int = 600, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Collect seed sets of PSQE where one parameter at a time took other values.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.
    n_seeds
        Number of seeds wanted where it is not the parameter that varies, 600 by default.
    sizes
        Numbers of seeds to show.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`seed_sets`, ``parameter`` and ``setting``, its value; the run with the default
        belongs to every parameter.
    """
    tried = {
        "clusters": {float(n): psqe_options(n_seeds, n_clusters=n) for n in N_CLUSTERS},
        "temperature": {t: psqe_options(n_seeds, switches={"temperature": t}) for t in TEMPERATURES},
        "image weight": {w: psqe_options(n_seeds, weights={"image": w}) for w in IMAGE_WEIGHTS},
        "seeds K": {float(n): psqe_options(n) for n in sizes},
    }
    sets = seed_sets(table)
    parts = [
        _mined_by(sets, miner).assign(parameter=parameter, setting=setting)
        for parameter, options in tried.items()
        for setting, miner in options.items()
    ]
    return pd.concat(parts, ignore_index=True)


def compared(table: pd.DataFrame, sizes: Sequence[int] = SIZES[1:]) -> pd.DataFrame:
    """Collect the seed sets of the kinds that the study compares, by the number of seeds ``asked`` for.

    The released rules may return fewer or more seeds than that; :data:`AS_MANY` are the corrected rules asked
    for as many as the released ones found on the same draw.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.
    sizes
        Numbers of seeds.

    Returns
    -------
    pandas.DataFrame
        The columns of :func:`seed_sets`, ``asked``, and ``complete``: whether every label was run on the draw
        that was run on any. Rows are in the order of ``asked`` and label.
    """
    sets = seed_sets(table)
    sets = sets[sets["plain"]]
    usual = sets[sets["n_seeds"].isin(sizes)].assign(asked=lambda t: t["n_seeds"])
    wanted = usual.loc[usual["label"] == RELEASED, [*DRAW, "asked", "seeds_found"]]
    wanted = wanted.rename(columns={"seeds_found": "n_seeds"}).astype({"n_seeds": "Int64"})
    corrected = sets[sets["label"] == CORRECTED]
    same = wanted.merge(corrected, on=[*DRAW, "n_seeds"]).assign(label=AS_MANY)
    both = pd.concat([usual, same], ignore_index=True)
    both["correct"] = both["precision"] * both["seeds_found"] / both["asked"].astype("float64")
    n_labels = both.groupby(["asked", *DRAW])["label"].transform("nunique")
    both["complete"] = n_labels == n_labels.max()
    place = {
        label: i
        for i, label in enumerate(
            ["pivot", "pivot, fused", "mutual", RELEASED, AS_MANY, CORRECTED, "psqe, even"]
        )
    }
    return both.sort_values(
        ["asked", "label"], key=lambda c: c.map(place) if c.name == "label" else c, kind="stable",
        ignore_index=True,
    )  # fmt: skip


def verdicts(table: pd.DataFrame, sizes: Sequence[int] = SIZES[1:]) -> pd.DataFrame:
    """Compare the corrected rules with the released ones, for each task and number of seeds.

    Means are over the draws on which both were run. Precision is compared at equal numbers of seeds: as many
    as the released rules found.

    Parameters
    ----------
    table
        The seeds of the results store, or rows of them.
    sizes
        Numbers of seeds.

    Returns
    -------
    pandas.DataFrame
        One row for each task and number of seeds on which the released rules were run. ``behind`` names the
        measures in which the corrected rules are behind: ``precision`` at that number, or ``least covered``,
        where they are asked for as many seeds as the released ones were.
    """
    names = {RELEASED: "released", AS_MANY: "corrected, as many", CORRECTED: "corrected"}
    values = {"precision": "precision", "precision_judged": "judged", "least_covered": "least covered"}
    sets = compared(table, sizes)
    sets = sets[sets["label"].isin(list(names))].assign(label=sets["label"].map(names))
    rows: list[dict[str, Any]] = []
    for task, asked, runs in group_rows(
        sets.sort_values(["task", "asked"], kind="stable"), ["task", "asked"]
    ):
        wide = runs.pivot_table(index="random_state", columns="label", values=["seeds_found", *values])
        columns = pd.MultiIndex.from_product([["seeds_found", *values], names.values()])
        wide = wide.reindex(columns=columns).dropna()
        if wide.empty:
            continue
        mean = wide.mean().astype(float)
        behind = {
            "precision": mean["precision", "corrected, as many"] < mean["precision", "released"],
            "least covered": mean["least_covered", "corrected"] < mean["least_covered", "released"],
        }
        rows.append({
            "task": task, "K": asked, "draws": len(wide),
            "found by released": mean["seeds_found", "released"],
            **{f"{values[value]}, {name}": mean[value, name] for value in values for name in names.values()},
            "behind": ", ".join(name for name, worse in behind.items() if worse) or "-",
        })  # fmt: skip
    return pd.DataFrame(rows)
