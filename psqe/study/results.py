"""Views of the results store that pages show: seeds, alignments, regions, and paired gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from psqe.errors import DataError
from psqe.evaluation.intervals import mean_interval
from psqe.evaluation.regions import THIRDS
from psqe.seeds import balance
from psqe.study.ablation import OF_MINER, SIZES
from psqe.study.experiments import SEEDS
from psqe.study.old_store import METRICS

KINDS = ("degree", "density", "semantic")
"""Kinds of region; other parts of the seeds (``stage: refine``) have names of the same form."""


def _chosen(table: pd.DataFrame, what: str, **values: object) -> pd.DataFrame:
    """Rows whose columns have the values given, at least one.

    Without ``variant`` or ``settings`` among them, seeds are those of miners as they are by default.
    """
    found = table
    if "variant" not in values:
        found = found[found["variant"].isin(["-", "corrected"])]
    if "settings" not in values:
        departs = found["settings"].str.contains("|".join(OF_MINER), regex=True)
        found = found[~departs]
    for name, value in values.items():
        found = found[found[name].isin(value if isinstance(value, tuple) else (value,))]
    if found.empty:
        wanted = ", ".join(f"{name}={value}" for name, value in values.items())
        raise DataError(f"the results have no {what} with {wanted}", remedy="run the experiments first")
    return found.reset_index(drop=True)


def seed_results(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Rows about whole seed sets: precision and recall by miner, number of seeds and random state.

    Parameters
    ----------
    table
        The store, or rows of it.
    values
        Columns and the values they must have, for example ``task="emoji/en-fr"``; a tuple for one of several.

    Raises
    ------
    DataError
        If there is no such row.
    """
    return _chosen(table, "seeds", protocol="-", region="all", **values)


def alignment_results(table: pd.DataFrame, *, protocol: str, **values: object) -> pd.DataFrame:
    """Rows about whole alignments under one protocol; see :func:`seed_results`.

    Each metric is the mean of the two directions. Without ``settings`` or ``aligner`` among ``values``, all
    alignments on seeds must have been made with the same.

    Raises
    ------
    DataError
        If there is no such row, or settings or aligners are mixed.
    """
    chosen = _chosen(table, "alignment", protocol=protocol, region="all", **values)
    trained = chosen[chosen["miner"] != "none"]
    for column in ("settings", "aligner"):
        found = trained[column].unique()
        if len(found) > 1 and not isinstance(values.get(column), tuple):
            raise DataError(f"the results mix {column}: {', '.join(map(str, found))}", remedy="choose one")
    keys = ["miner", "aligner", "n_seeds", "random_state", "settings"]
    return in_order(chosen.groupby(keys, as_index=False)[["hits@1", "hits@5", "hits@10", "mrr"]].mean())


def region_results(
    table: pd.DataFrame, value: str, **values: object
) -> dict[str, list[dict[str, dict[str, float]]]]:
    """Values by region: for each miner one mapping (kind, region, value) per random state.

    The form that :func:`psqe.study.figures.results.by_region` takes.

    Parameters
    ----------
    table
        The store, or rows of it.
    value
        ``coverage``, ``precision`` or ``hits@1``.
    values
        Columns and the values they must have.
    """
    chosen = _chosen(table, "regions", **values)
    regions = chosen["region"].str.startswith(tuple(f"{kind}: " for kind in KINDS))
    chosen = chosen[regions & chosen[value].notna()]
    runs: dict[str, list[dict[str, dict[str, float]]]] = {}
    for miner, _, rows in _groups(chosen, ["miner", "random_state"]):
        by_kind: dict[str, dict[str, float]] = {}
        for region, number in zip(rows["region"], rows[value], strict=True):
            kind, name = region.split(": ", 1)
            by_kind.setdefault(kind, {})[name] = float(number)
        for kind, values_of in by_kind.items():  # the store sorts by name; thirds have an order of their own
            if set(values_of) <= set(THIRDS):
                by_kind[kind] = {name: values_of[name] for name in THIRDS if name in values_of}
        runs.setdefault(str(miner), []).append(by_kind)
    return {miner: runs[miner] for miner in (*SEEDS, *runs) if miner in runs}


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Rows with the miners in the order of :data:`psqe.study.experiments.SEEDS`, then as they were."""
    place = {miner: i for i, miner in enumerate(SEEDS)}
    return table.sort_values("miner", key=lambda names: names.map(place).fillna(len(place)), kind="stable")


def paired_gain(
    table: pd.DataFrame, value: str, better: str, worse: str, *, by: Sequence[str] = ("n_seeds",)
) -> pd.DataFrame:
    """How much one miner gains over another on the same draws: mean difference and its 95 % interval.

    Differences are taken within a random state, where both miners had the same graphs, so what makes a
    draw easy or hard for both cancels out.
    """
    keys = [*by, "random_state"]
    wide = table.pivot_table(index=keys, columns="miner", values=value)
    gains = (wide[better] - wide[worse]).dropna().rename("gain").reset_index()
    rows: list[Mapping[str, Any]] = []
    for *labels, group in _groups(gains, list(by)):
        mean, low, high = mean_interval([float(gain) for gain in group["gain"]])
        rows.append(
            {**dict(zip(by, labels, strict=True)), "gain": mean, "low": low, "high": high, "runs": len(group)}
        )
    return pd.DataFrame(rows)


def _groups(table: pd.DataFrame, by: list[str]) -> list[tuple[Any, ...]]:
    """Groups of rows as ``(*labels, rows)``, in order of appearance."""
    return [(*labels, rows) for labels, rows in table.groupby(by, sort=False)]


SET = ["task", "settings", "miner", "variant", "n_seeds", "random_state"]
"""What tells one seed set from another."""


def seed_sets(table: pd.DataFrame) -> pd.DataFrame:
    """One row per seed set of a store: the quality of the whole, of whatever variant and settings.

    ``least_covered`` and ``balance`` are those of the semantic regions, ``right`` is the number of right
    seeds as a share of the number wanted, ``label`` tells miner and variant.
    """
    own = table[(table["aligner"] == "-") & table["estimated"].notna()]
    whole = own[own["region"] == "all"].drop(columns=["least_covered", "balance"])
    regions = table[(table["aligner"] == "-") & (table["region"] == "semantic")]
    found = whole.merge(regions[[*SET, "least_covered", "balance"]], on=SET, how="left")
    metrics = [name for name in METRICS if name in found]
    found[metrics] = found[metrics].astype("float64")
    found["right"] = found["precision"] * found["seeds_found"] / found["n_seeds"]
    found["label"] = miner_labels(found)
    return found


def miner_labels(table: pd.DataFrame) -> pd.Series:
    """Miner and, where it is the released one, variant."""
    return table["miner"].where(table["variant"] != "released", table["miner"] + ", released")


def changes(
    table: pd.DataFrame,
    variant: str,
    settings: Sequence[str],
    values: Sequence[str],
    *,
    n_seeds: int = 600,
) -> pd.DataFrame:
    """What departures from a variant of PSQE change on the same draw, in percentage points.

    Parameters
    ----------
    table
        The store, or rows of it.
    variant
        From what to depart.
    settings
        The departures, as the column ``settings`` has them. Those without a run are left out.
    values
        Columns of :func:`seed_sets`.
    n_seeds
        Of which seed sets.

    Returns
    -------
    One row per run, in the order of ``settings``: ``task``, ``random_state``, ``change`` (such as
    ``mutual = False``) and the values.

    Raises
    ------
    DataError
        If there is no such run.
    """
    sets = seed_sets(table)
    sets = sets[(sets["miner"] == "psqe") & (sets["variant"] == variant) & (sets["n_seeds"] == n_seeds)]
    sets = sets.set_index(["task", "random_state"])
    base = sets.loc[sets["settings"] == "-", list(values)].astype(float)
    parts = []
    for setting in settings:
        found = sets.loc[(sets["settings"] == setting) & sets.index.isin(base.index), list(values)]
        text = setting.removeprefix("switch:").replace("=", " = ")
        parts.append((100 * (found.astype(float) - base.loc[found.index])).assign(change=text))
    if not any(map(len, parts)):
        raise DataError(f"the results have no departure from {variant}", remedy="run psqe.study.ablation")
    return pd.concat(parts).reset_index()


PARAMETERS = {
    "clusters": ("n_clusters=", 5.0),
    "temperature": ("switch:temperature=", 0.1),
    "image weight": ("weights=image:", 1.0),
}
"""Parameters of which the study tries several values: how their settings begin, and the default."""


def swept(table: pd.DataFrame, *, n_seeds: int = 600, sizes: Sequence[int] = SIZES) -> pd.DataFrame:
    """Seed sets of the corrected PSQE where one parameter at a time took other values.

    Columns ``parameter`` and ``setting`` besides those of :func:`seed_sets`; the run with all defaults
    belongs to every parameter.
    """
    sets = seed_sets(table)
    sets = sets[(sets["miner"] == "psqe") & (sets["variant"] == "corrected")]
    default = sets[sets["settings"] == "-"]
    parts = []
    for parameter, (begin, usual) in PARAMETERS.items():
        other = sets[sets["settings"].str.startswith(begin) & ~sets["settings"].str.contains(" ")]
        values = other["settings"].str.removeprefix(begin).astype(float)
        both = [default.assign(setting=usual), other.assign(setting=values)]
        parts.append(pd.concat(part[part["n_seeds"] == n_seeds] for part in both).assign(parameter=parameter))
    of_size = default[default["n_seeds"].isin(sizes)]
    parts.append(of_size.assign(parameter="seeds K", setting=of_size["n_seeds"].astype(float)))
    return pd.concat(parts, ignore_index=True)


def parts_of(table: pd.DataFrame, part: str) -> pd.DataFrame:
    """Rows about parts of seed sets that have an estimate: ``confidence``, ``stage`` or a kind of region.

    With ``label`` as in :func:`seed_sets`; ``region`` is the name of the part alone.
    """
    found = table[(table["aligner"] == "-") & table["estimated"].notna()]
    found = found[found["region"].str.startswith(f"{part}: ")]
    names = found["region"].str.removeprefix(f"{part}: ")
    return found.assign(label=miner_labels(found), region=names, part=names).reset_index(drop=True)


def compared(table: pd.DataFrame, sizes: Sequence[int] = SIZES[1:]) -> pd.DataFrame:
    """Seed sets of all miners at their defaults, by the number ``asked`` for.

    The released variant may return fewer or more than that; ``psqe, as many`` is the corrected one asked
    for as many as the released one found on the same draw. ``complete`` tells the draws on which all
    miners were run that were run on any.
    """
    sets = seed_sets(table)
    sets = sets[sets["settings"] == "-"]
    draw = ["task", "random_state"]
    released = sets.loc[(sets["variant"] == "released") & sets["n_seeds"].isin(sizes)]
    corrected = sets[sets["variant"] == "corrected"]
    wanted = released[[*draw, "n_seeds", "seeds_found"]].rename(
        columns={"n_seeds": "asked", "seeds_found": "n_seeds"}
    )
    same = wanted.merge(corrected, on=[*draw, "n_seeds"]).assign(label="psqe, as many")
    usual = sets[sets["n_seeds"].isin(sizes)]
    both = pd.concat([usual.assign(asked=usual["n_seeds"]), same], ignore_index=True)
    both["right"] = both["precision"] * both["seeds_found"] / both["asked"]
    labels = ["pivot", "mutual", "psqe, released", "psqe, as many", "psqe"]
    place = {label: i for i, label in enumerate(labels)}
    n_labels = both.groupby(["asked", *draw])["label"].transform("nunique")
    both["complete"] = n_labels == n_labels.max()
    return both.sort_values(
        ["asked", "label"], key=lambda c: c.map(place) if c.name == "label" else c, kind="stable"
    )


def verdicts(table: pd.DataFrame, sizes: Sequence[int] = SIZES[1:]) -> pd.DataFrame:
    """The corrected variant against the released one, per task and number of seeds.

    Means over the draws on which both were run. Precision is compared at equal numbers of seeds: as many as
    the released variant found. ``behind`` names the measures in which the corrected variant is behind:
    ``precision`` at that number, or ``least covered``, where it is asked for as many as the released one was.

    Returns
    -------
    No row where the released variant was not run.
    """
    sets = compared(table, sizes)
    names = {"psqe, released": "released", "psqe, as many": "corrected, as many", "psqe": "corrected"}
    values = ["seeds_found", "precision", "precision_judged", "least_covered"]
    sets = sets[sets["label"].isin(list(names))].assign(label=sets["label"].map(names))
    rows: list[Mapping[str, Any]] = []
    for task, asked, runs in _groups(sets.sort_values(["task", "asked"], kind="stable"), ["task", "asked"]):
        wide = runs.pivot_table(index="random_state", columns="label", values=values)
        wide = wide.reindex(columns=pd.MultiIndex.from_product([values, list(names.values())])).dropna()
        if wide.empty:
            continue
        mean = wide.mean().astype(float)
        behind = {
            "precision": mean["precision", "corrected, as many"] < mean["precision", "released"],
            "least covered": mean["least_covered", "corrected"] < mean["least_covered", "released"],
        }
        rows.append(
            {
                "task": task, "K": asked, "draws": len(wide),
                "found by released": mean["seeds_found", "released"],
                **{f"precision, {name}": mean["precision", name] for name in names.values()},
                **{f"judged, {name}": mean["precision_judged", name] for name in names.values()},
                **{f"least covered, {name}": mean["least_covered", name] for name in names.values()},
                "behind": ", ".join(name for name, worse in behind.items() if worse) or "-",
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def over_states(table: pd.DataFrame, value: str) -> tuple[float, float, float]:
    """Mean of a column and its 95 % interval over random states, each the mean over its rows."""
    return mean_interval(table.groupby("random_state")[value].mean().dropna().astype(float).tolist())


def region_parts(table: pd.DataFrame, tasks: Sequence[str], n_seeds: int) -> pd.DataFrame:
    """Coverage and precision of single regions, of miners as they are by default.

    Parameters
    ----------
    table
        The store.
    tasks, n_seeds
        Which runs.

    Returns
    -------
    The rows, with ``kind`` and ``region`` apart and ``label`` as in :func:`seed_sets`; empty when nothing is
    stored.
    """
    own = table[table["task"].isin(tasks) & (table["n_seeds"] == n_seeds) & (table["settings"] == "-")]
    own = own[own["miner"].isin(SEEDS) & own["variant"].isin(["-", "corrected"])]
    found = [
        own[(own["aligner"] == "-") & own["region"].str.startswith(f"{kind}: ")].assign(kind=kind)
        for kind in KINDS
    ]
    rows = pd.concat(found)
    rows = rows[rows["coverage"].notna()]
    names = [
        region.removeprefix(f"{kind}: ") for region, kind in zip(rows["region"], rows["kind"], strict=True)
    ]
    return rows.assign(region=names, label=miner_labels(rows)).reset_index(drop=True)


def region_contrasts(parts: pd.DataFrame) -> pd.DataFrame:
    """Which region of each kind a miner covers most and least.

    Parameters
    ----------
    parts
        Rows of :func:`region_parts`.

    Returns
    -------
    One row per kind and miner: ``most covered``, ``least covered`` (names), ``ratio`` of their mean coverages
    and ``balance``, the mean over runs of :func:`psqe.seeds.audit.balance`.
    """
    rows = []
    for kind, label, mine in _groups(parts, ["kind", "label"]):
        means = mine.groupby("region")["coverage"].mean()
        runs = mine.groupby(["task", "random_state"])
        even = [
            balance(dict(zip(run["region"], run["coverage"].astype(float), strict=True))) for _, run in runs
        ]
        least = float(means.min())
        rows.append(
            {
                "kind": kind, "label": label, "most covered": means.idxmax(), "least covered": means.idxmin(),
                "ratio": float(means.max()) / least if least > 0 else float("inf"),
                "balance": sum(even) / len(even),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)
