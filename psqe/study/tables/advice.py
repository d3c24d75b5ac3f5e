"""The tables behind the rules for data without labels: modalities, seeds, labels, and label-free numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from psqe.evaluation.intervals import proportion_interval
from psqe.study.plans.base import EMOJI, study_features
from psqe.study.plans.best import FEATURES as OF_SYSTEMS
from psqe.study.plans.labels import CONCORD, GIVEN, LABELLED, PROPAGATION, labels_spec
from psqe.study.plans.links import MODELS
from psqe.study.tables.best import OURS, best_runs, row_name
from psqe.study.tables.estimates import orders
from psqe.study.tables.links import claims, named_models
from psqe.study.tables.page import group_rows
from psqe.study.tables.pays import pays_runs
from psqe.study.tables.rows import percent_text, points_text, row_gains

ALIGNER_NAMES = {CONCORD: OURS, PROPAGATION: PROPAGATION}
"""The aligners of the plan about labels, by the name that tables show."""

DATA_NAMES = {"emoji": "emoji", "dbp15k": "DBP15K", "fb15k": "FB15K-DB15K"}
"""The data on which links are counted, by the first part of the name of a task."""

OF_STUDY = study_features(EMOJI[0]).modalities or ()
"""The modalities by which the study compares emoji pairs."""

UNLABELLED = {None: "no seeds", "psqe": "PSQE's seeds"}
"""What an aligner is given where it has no labels, by its kind of seeds."""


def modality_text(modalities: Sequence[str]) -> str:
    """Write modalities as tables show them.

    >>> modality_text(("image", "attribute"))
    'image + attribute'
    """
    return " + ".join(modalities)


def label_runs(table: pd.DataFrame, tasks: Sequence[str]) -> pd.DataFrame:
    """Collect the stored runs of the plan about labels.

    Parameters
    ----------
    table
        The labels of the results store.
    tasks
        Names of pairs of graphs.

    Returns
    -------
    pandas.DataFrame
        The columns of the store with ``modalities``, ``system`` (the name of the aligner), ``given`` (what it
        was given: no seeds, PSQE's seeds or a number of labels), ``n_labels`` and ``row``, which joins
        ``system`` and ``given``; rows are in the order of the plan.
    """
    states = sorted(int(state) for state in table["random_state"].unique())
    names = [
        (modalities, given, [labels_spec(*given, modalities, task, state).id for state in states])
        for modalities, rows in GIVEN.items()
        for given in rows
        for task in tasks
    ]
    parts = []
    for modalities, (aligner, kind, n_seeds), ids in names:
        n_labels = n_seeds if kind == LABELLED else 0
        given_text = f"{n_labels} labels" if n_labels else UNLABELLED[kind]
        system = ALIGNER_NAMES[aligner]
        parts.append(
            table[table["id"].isin(ids)].assign(
                modalities=modality_text(modalities), system=system, given=given_text, n_labels=n_labels,
                row=f"{system}, {given_text}",
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True).astype({"hits@1": float})


def modality_runs(
    labels: pd.DataFrame, systems: pd.DataFrame, alignments: pd.DataFrame, tasks: Sequence[str]
) -> pd.DataFrame:
    """Collect what two aligners reach with fewer and with more modalities, on all links.

    Parameters
    ----------
    labels, systems, alignments
        The labels, the systems and the alignments of the results store.
    tasks
        Names of pairs of graphs.

    Returns
    -------
    pandas.DataFrame
        ``row`` (our system without seeds, or propagation with PSQE's seeds, and the modalities), ``task``,
        ``random_state``, ``matching``, ``links`` (always ``all``) and ``hits@1``.
    """
    alone = label_runs(labels, tasks)
    alone = alone[alone["n_labels"] == 0]
    most = best_runs(systems, tasks)
    most = most.assign(modalities=modality_text(OF_SYSTEMS.modalities or ()))
    usual = pays_runs(alignments, tasks)
    usual = usual.assign(modalities=modality_text(OF_STUDY))
    parts = []
    for system, given, names in (
        (OURS, "no seeds", {"best": row_name(OURS, seeds=False)}),
        (PROPAGATION, "PSQE's seeds", {"best": PROPAGATION, "pays": "propagation, whitened"}),
    ):
        for runs in (
            alone[(alone["system"] == system) & (alone["given"] == given)],
            usual[usual["row"] == names.get("pays")],
            most[most["row"] == names["best"]],
        ):
            parts.append(runs.assign(row=[f"{system}: {each}" for each in runs["modalities"]]))
    together = pd.concat(parts, ignore_index=True)
    columns = ["row", "task", "random_state", "matching", "links", "hits@1"]
    return together.loc[together["links"] == "all", columns].reset_index(drop=True)


def matching_table(runs: pd.DataFrame, rows: Sequence[str], *, links: str = "all") -> pd.DataFrame:
    """Write Hits@1 of some rows by matching, the mean of the pairs.

    Parameters
    ----------
    runs
        ``row``, ``task``, ``random_state``, ``matching``, ``links`` and ``hits@1``.
    rows
        The rows to show, in order; those that were not run are left out.
    links
        The group of links.

    Returns
    -------
    pandas.DataFrame
        ``system`` and a text for each matching, in percent with half of the 95 % interval over random
        states.
    """
    means = runs[runs["links"] == links].groupby(["row", "matching", "random_state"])["hits@1"].mean()
    cells: dict[str, dict[str, str]] = {}
    for row, matching, own in group_rows(means.reset_index(), ["row", "matching"]):
        cells.setdefault(row, {"system": row})[matching] = percent_text(own["hits@1"])
    return pd.DataFrame([cells[row] for row in rows if row in cells])


def seed_gains(runs: pd.DataFrame, systems: Sequence[str], tasks: Sequence[str]) -> pd.DataFrame:
    """Compute what seeds add to systems that need none, on all links.

    Parameters
    ----------
    runs
        Rows of :func:`psqe.study.tables.best_runs`.
    systems
        The systems.
    tasks
        The pairs.

    Returns
    -------
    pandas.DataFrame
        Rows of :func:`psqe.study.tables.rows.row_gains` about all pairs: the system with seeds minus the
        same system without.
    """
    parts = []
    for system in systems:
        both = [row_name(system, seeds=given) for given in (True, False)]
        own = runs[(runs["links"] == "all") & runs["row"].isin(both)]
        parts.append(row_gains(own, tasks, over=both[1]))
    found = pd.concat(parts, ignore_index=True)
    return found[found["task"] == "all"].reset_index(drop=True)


def size_table(sets: pd.DataFrame, *, kind: str = "psqe") -> pd.DataFrame:
    """Write the true and the estimated precision of seeds by their number, the mean of the pairs.

    Parameters
    ----------
    sets
        Rows of :func:`psqe.study.tables.seed_sets` about the pairs.
    kind
        The kind of seeds; PSQE's by default.

    Returns
    -------
    pandas.DataFrame
        ``K``; ``precision`` and ``estimated``, in percent with half of the 95 % interval over random states;
        and ``correct seeds``, their mean number.
    """
    known = sets[(sets["label"] == kind) & sets["plain"] & (sets["seeds_found"] == sets["n_seeds"])]
    known = known[known.groupby("n_seeds")["task"].transform("nunique") == known["task"].nunique()]
    rows = []
    for size, own in group_rows(known.sort_values("n_seeds", kind="stable"), ["n_seeds"]):
        by_state = own.groupby("random_state")[["precision", "estimated"]].mean()
        if len(by_state) > 1:  # the number was not made for a single draw
            texts = {name: percent_text(by_state[name]) for name in by_state}
            rows.append({"K": int(size), **texts, "correct seeds": float(size * own["precision"].mean())})
    return pd.DataFrame(rows, columns=["K", "precision", "estimated", "correct seeds"])


def label_gains(runs: pd.DataFrame, tasks: Sequence[str], *, links: str, matching: str) -> pd.DataFrame:
    """Compute what labels add to an aligner, or take from it, with the same modalities.

    Parameters
    ----------
    runs
        Rows of :func:`label_runs`.
    tasks
        The pairs.
    links
        ``all``, or ``free`` for the links outside all labels.
    matching
        The matching.

    Returns
    -------
    pandas.DataFrame
        ``modalities``, ``system``, ``labels`` (their number), ``without`` (what the system is given instead),
        ``before`` and ``after`` (Hits@1 in percent, the mean of pairs, with half of the 95 % interval), and
        ``gain`` in points with its 95 % interval ``low`` and ``high``.
    """
    chosen = runs[(runs["links"] == links) & (runs["matching"] == matching)]
    rows = []
    for modalities, system, own in group_rows(chosen, ["modalities", "system"]):
        base = own[own["n_labels"] == 0]
        found = row_gains(own, tasks, over=base["row"].iloc[0])
        texts = {
            row: percent_text(each.groupby("random_state")["hits@1"].mean())
            for row, each in group_rows(own, ["row"])
        }
        for row, each in group_rows(own[own["n_labels"] > 0], ["row"]):
            gain = found[(found["row"] == row) & (found["task"] == "all")].iloc[0]
            rows.append({
                "modalities": modalities, "system": system, "labels": int(each["n_labels"].iloc[0]),
                "without": base["given"].iloc[0], "before": texts[base["row"].iloc[0]], "after": texts[row],
                "gain": gain["gain"], "low": gain["low"], "high": gain["high"],
            })  # fmt: skip
    return pd.DataFrame(rows)


def label_gain_table(gains: pd.DataFrame) -> pd.DataFrame:
    """Write rows of :func:`label_gains` as texts.

    Parameters
    ----------
    gains
        The rows.

    Returns
    -------
    pandas.DataFrame
        The columns of the rows, where ``gain`` is a text with its interval, in points.
    """
    texts = [points_text(row["gain"], row["low"], row["high"]) for row in gains.to_dict("records")]
    return gains.drop(columns=["low", "high"]).assign(gain=texts)


def default_links(table: pd.DataFrame) -> pd.DataFrame:
    """Choose the links of every run that the default rule chooses: mutual pairs by Sinkhorn, no threshold.

    Parameters
    ----------
    table
        The links of the results store.

    Returns
    -------
    pandas.DataFrame
        Its rows, where ``model`` is a name of :data:`psqe.study.plans.links.MODELS`, ``modalities`` is a text
        as :func:`modality_text` writes it, and ``input`` joins the two.
    """
    rows = table[
        (table["matching"] == "sinkhorn") & (table["rule"] == "mutual") & (table["threshold"] == "none")
        & (table["answer"] == "link")
    ]  # fmt: skip
    named = named_models(rows).assign(
        modalities=[modality_text(spec.features.modalities) for spec in rows["spec"]],
    )
    numbers = dict.fromkeys(("n_correct", "expected_correct"), float)
    return named.assign(input=named["model"] + ": " + named["modalities"]).astype(numbers)


def decision_table(links: pd.DataFrame) -> pd.DataFrame:
    """Count how often the expected number of correct links says which of two choices has more correct links.

    Parameters
    ----------
    links
        Rows of :func:`default_links`.

    Returns
    -------
    pandas.DataFrame
        ``decision`` (modalities or aligner), ``same`` (the aligner of two choices of modalities; the data of
        two aligners), ``one``, ``other``, the mean differences ``true`` and ``expected`` (one minus other, in
        links), ``draws``, the number of pairs and random states on which the two differ, and ``correct``, the
        number of these on which the expected numbers are in the true order.
    """
    of_emoji = links["task"].isin(EMOJI)
    on_emoji = links[of_emoji]
    of_study = links[~of_emoji | (links["modalities"] == modality_text(OF_STUDY))]
    parts = [("modalities", model, own, "modalities") for model, own in group_rows(on_emoji, ["model"])]
    parts += [
        ("aligner", data, own, "model")
        for data, own in group_rows(of_study.assign(data=data_names(of_study)), ["data"])
    ]
    found = []
    for decision, same, runs, column in parts:
        names = [name for name in (*map(modality_text, GIVEN), *MODELS) if name in set(runs[column])]
        table = orders(runs, compared=column, names=names, true="n_correct", told="expected_correct")
        found.append(table.assign(decision=decision, same=same))
    together = pd.concat(found, ignore_index=True).rename(columns={"told": "expected"})
    return together[["decision", "same", "one", "other", "true", "expected", "draws", "correct"]]


def data_names(table: pd.DataFrame) -> pd.Series:
    """Name the data of the tasks of a table, one of :data:`DATA_NAMES`."""
    return table["task"].str.partition("/")[0].map(DATA_NAMES)


def level_table(links: pd.DataFrame, *, n_judged: int) -> pd.DataFrame:
    """Compare the expected with the true share of correct links, and with what a few judged links would tell.

    Parameters
    ----------
    links
        Rows of :func:`default_links`.
    n_judged
        The number of judged links.

    Returns
    -------
    pandas.DataFrame
        One row for each kind of data, model and modalities: ``data``, ``modalities``, ``model``; ``claimed``,
        ``correct`` and ``off`` as :func:`psqe.study.tables.links.claims` tells them, means; ``mean size`` and
        ``largest`` of the single differences; and ``judged``, half of the width of the 95 % interval that
        ``n_judged`` links, drawn at random and judged, would leave at this share, in points.
    """
    off = claims(links)
    keys = ["data", "modalities", "model"]
    means = off.assign(data=data_names(off)).groupby(keys, as_index=False, sort=False)
    table = means[["claimed", "correct", "off"]].mean()
    sizes = off.assign(data=data_names(off), size=off["off"].abs()).groupby(keys, sort=False)["size"]
    table = table.assign(**{"mean size": sizes.mean().to_numpy(), "largest": sizes.max().to_numpy()})
    bounds = [proportion_interval(round(n_judged * share / 100), n_judged) for share in table["correct"]]
    return table.assign(judged=[50 * (high - low) for low, high in bounds])
