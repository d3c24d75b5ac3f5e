"""The accounting identity from stored runs: parts add up to gains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from stored import TASK, alignment_run, table

from psqe.study import tables
from psqe.study.store import RunResult
from psqe.study.tables.accounts import PARTS


def told(miner, state, seeds, wrong, free, rates, aligner="eva"):
    """A run whose queries are in three groups with given sizes and Hits@1."""
    run = alignment_run(aligner, miner=miner, state=state)
    n = {"seeds": seeds, "wrong": wrong, "free": free}
    total = sum(n.values())
    hits = sum(n[group] * rate for group, rate in zip(n, rates, strict=True)) / total
    common = {"protocol": "full", "matching": "cosine", "part_kind": "all", "part": "all"}
    rows = [
        {**common, "links": links, "direction": direction, "n_queries": size, "hits@1": rate}
        for direction in ("l2r", "r2l")
        for links, size, rate in (("all", total, hits), *zip(n, n.values(), rates, strict=True))
        if size
    ]
    return RunResult(run.spec, rows, 1.0)


RUNS = [
    told("pivot", 0, 30, 40, 30, (1.0, 0.1, 0.4)), told("psqe", 0, 60, 0, 40, (1.0, 0.0, 0.5)),
    told("pivot", 1, 20, 40, 40, (1.0, 0.2, 0.4)), told("psqe", 1, 50, 10, 40, (0.9, 0.1, 0.6)),
    told("psqe", 2, 50, 10, 40, (0.9, 0.1, 0.6)),
]  # fmt: skip


def test_parts_add_up_to_the_gain_of_runs_on_the_same_draw():
    found = tables.accounts(table(RUNS, "alignment"), [TASK])
    (row,) = tables.gain_accounts(found, "pivot").to_dict("records")
    gains = [0.8 - (0.3 + 0.04 + 0.12), (0.45 + 0.01 + 0.24) - (0.2 + 0.08 + 0.16)]
    assert row["gain"] == pytest.approx(100 * np.mean(gains)) and row["runs"] == 2
    assert sum(row[part] for part in PARTS) == pytest.approx(row["gain"])
    assert row["more seed links"] > 10 and row["low"] < row["gain"] < row["high"]
    (texts,) = tables.account_table(tables.gain_accounts(found, "pivot")).to_dict("records")
    assert texts["gain"] == f"{row['gain']:+.1f} [{row['low']:.1f}, {row['high']:.1f}]"
    assert [texts[part] for part in PARTS] == [f"{row[part]:+.1f}" for part in PARTS]
    assert list(texts) == ["aligner", "gain", *PARTS, "states"] and texts["states"] == 2


def test_runs_from_before_links_were_told_apart_are_left_out():
    found = tables.accounts(table([*RUNS, alignment_run("mclea", hits=(0.1, 0.3))], "alignment"), [TASK])
    assert set(found["aligner"]) == {"eva", "mclea"}
    old = RunResult(
        RUNS[0].spec, [{**row, "n_queries": None} for row in RUNS[0].rows if row["links"] == "all"]
    )
    assert tables.accounts(table([old], "alignment"), [TASK]).empty
    assert tables.gain_accounts(tables.accounts(table([old], "alignment"), [TASK]), "pivot").empty


def test_totals_are_predicted_from_the_features_on_free_links():
    trained = told("psqe", 0, 60, 0, 40, (0.5, 0.0, 0.7))
    bare = RunResult(trained.spec.replace(aligner=None), trained.rows, 1.0)
    found = tables.accounts(table([*RUNS, bare], "alignment"), [TASK])
    (row,) = tables.predicted_totals(found).to_dict("records")
    assert (row["aligner"], row["miner"], row["random_state"]) == ("eva", "psqe", 0)
    assert row["told"] == pytest.approx(0.6 + 0.4 * 0.7) and row["measured"] == pytest.approx(0.6 + 0.4 * 0.5)
    assert row["free"] == pytest.approx(0.4 * -0.2) and row["wrong"] == 0
    (error,) = tables.prediction_errors(tables.predicted_totals(found)).to_dict("records")
    assert error["measured - predicted"] == pytest.approx(-8) and error["mean error"] == pytest.approx(8)
    assert error["runs"] == 1 and error["free links"] == pytest.approx(-8)


def test_parts_of_evenness_add_up_by_precision():
    rates = {"seeds": (1.0, 0.9), "wrong": (0.2, 0.3), "free": (0.5, 0.6)}
    counts = {"seeds": (50, 50), "wrong": (20, 10), "free": (30, 40)}
    rows = {
        group: pd.DataFrame([
            {"asked": 0.8, "evenness": float(e), "random_state": s, "n_queries": counts[group][e],
             "hits@1": rates[group][e]}
            for e in (0, 1) for s in (0, 1)
        ])
        for group in rates
    }  # fmt: skip
    (row,) = tables.evenness_parts(rows).to_dict("records")
    gain = 100 * (0.5 * 0.9 + 0.1 * 0.3 + 0.4 * 0.6 - (0.5 + 0.2 * 0.2 + 0.3 * 0.5))
    assert row["gain"] == pytest.approx(gain) and row["states"] == 2 and row["precision"] == 0.8
    assert row["seed links"] + row["beside wrong seeds"] + row["free links"] == pytest.approx(gain)
    assert row["seed links"] == pytest.approx(-5) and row["free links"] == pytest.approx(3.5)
    alone = {group: own[own["evenness"] == 0] for group, own in rows.items()}
    assert tables.evenness_parts(alone).empty
