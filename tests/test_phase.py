"""Seeds of set precision and coverage as experiments, and the views of regions."""

import numpy as np
import pandas as pd
import pytest

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import all_regions
from psqe.seeds import balance
from psqe.study import experiments, figures, phase, store
from psqe.study.experiments import evenness_shares
from psqe.study.phase import drawn_runs, phase_rows, price_of_evenness, run_drawn, worth
from psqe.study.results import alignment_results, region_contrasts, region_parts, seed_results


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The runs of drawn seeds on two random states of a planted pair, through a store of their own."""
    pairs = {state: planted_pair(300, random_state=state) for state in (0, 1)}
    monkeypatch.setattr(
        experiments, "loaded", lambda t, d, m, state: (*pairs[state], all_regions(*pairs[state]))
    )
    monkeypatch.setattr(experiments, "_mined", experiments._mined.__wrapped__)
    monkeypatch.setattr(phase, "LEVELS", (1.0, 0.6))
    monkeypatch.setattr(phase, "EVENNESS", (0.0, 1.0))
    path = tmp_path / "store"
    append = store.append
    monkeypatch.setattr(store, "append", lambda rows: append(rows, path))
    short = experiments.run_experiment.__globals__["ALIGNERS"]["mclea"].preset
    monkeypatch.setattr(
        experiments.ALIGNERS["mclea"],
        "preset",
        classmethod(lambda c, p, **k: short(p, **{**k, "n_epochs": 3})),
    )
    run_drawn("planted", 60, [0, 1])
    return pairs, store.read(path)


def test_drawn_seeds_are_stored_with_what_was_asked_for(made):
    _, table = made
    found = phase_rows(table, "planted", 60)
    assert len(found) == 8 and found["random_state"].nunique() == 2
    for asked, rows in found.groupby("asked"):
        assert rows["precision"].mean() == pytest.approx(asked, abs=0.02)
    assert found["hits@1"].between(0, 1).all()
    even = found.groupby("evenness")["balance"].mean()
    assert even[1.0] > even[0.0]
    assert phase_rows(table, "planted", 61).empty
    with pytest.raises(DataError):  # pages that compare miners do not meet them
        seed_results(table, task="planted")
    with pytest.raises(DataError):
        alignment_results(table, protocol="full", task="planted")
    figure = figures.operating(found)
    assert len(figure.axes[0].texts) == 4


def test_evenness_goes_from_the_pivots_shares_to_those_of_the_entities(made):
    pairs, _ = made
    task, features = pairs[0]
    regions = all_regions(task, features)["semantic"]
    uneven, middle, even = (evenness_shares(task, features, regions, x, 60) for x in (0.0, 0.5, 1.0))
    entities = np.bincount(regions.left, minlength=len(regions.names))
    np.testing.assert_allclose(even, entities / entities.sum(), rtol=1e-6)
    np.testing.assert_allclose(middle, (uneven + even) / 2, rtol=1e-6)
    assert uneven.sum() == pytest.approx(1, rel=1e-6)


def test_every_level_is_run_on_every_state():
    runs = drawn_runs("emoji/en-fr", 600, [0, 3])
    assert len(runs) == len(set(runs)) == 2 * len(phase.LEVELS) * len(phase.EVENNESS)
    assert {run.settings for run in runs if run.precision == 0.8 and run.evenness == 0.5} == {
        "preset=small precision=0.8 evenness=0.5"
    }


def test_worth_is_paired_by_random_state():
    rows = pd.DataFrame(
        [
            {"asked": p, "evenness": e, "random_state": s, "hits@1": 0.3 + 0.4 * p + 0.1 * e + 0.2 * s}
            for p in (0.6, 0.8, 1.0) for e in (0.0, 1.0) for s in (0, 1, 2)
        ]
    )  # fmt: skip
    found = worth(rows).set_index("change")
    assert found.loc["precision 0.6 to 1 at evenness 0", "mean"] == pytest.approx(16)
    assert found.loc["evenness 0 to 1 at precision 0.8", ["mean", "low", "high"]].tolist() == pytest.approx(
        [10] * 3
    )
    assert (found["n"] == 3).all()
    assert worth(rows[rows["evenness"] == 0])["change"].tolist() == ["precision 0.6 to 1 at evenness 0"]
    assert worth(rows.iloc[:0]).empty
    price = price_of_evenness(rows)
    assert price["precision"] == pytest.approx(16) and price["evenness high"] == pytest.approx(10)
    assert price["points of precision"] == pytest.approx(25) and price["states"] == 3
    assert price_of_evenness(rows[rows["evenness"] == 0]) == price_of_evenness(rows.iloc[:0]) == {}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5])
def test_a_balance_has_its_share_of_two_regions(share):
    assert phase.equivalent_share(balance({"a": 1 - share, "b": share})) == pytest.approx(share, abs=1e-6)


def test_operating_points_are_means_of_whole_sets():
    def rows(state, precision, even):
        own = {"random_state": state, "n_seeds": 10, "recall": 0.1}
        return [
            region_row("all", float("nan"), **{**own, "precision": precision}),
            region_row("semantic", float("nan"), **{**own, "balance": even, "estimated": float("nan")}),
        ]

    table = store.table_of([*rows(0, 0.5, 0.8), *rows(1, 0.7, 1.0), *rows(2, 0.1, 0.6)[:1]])
    ((x, y),) = phase.operating_points(table, ["t"], 10).values()
    assert y == pytest.approx(0.6) and x == pytest.approx(phase.equivalent_share(0.9))
    with pytest.raises(ParameterError):
        phase.equivalent_share(0.4)


def region_row(region, coverage, **values):
    return {
        "task": "t", "settings": "-", "modalities": "image", "miner": "pivot", "variant": "-", "n_seeds": 10,
        "aligner": "-", "random_state": 0, "region": region, "coverage": coverage, "precision": 0.5,
        "estimated": 0.5, **values,
    }  # fmt: skip


def test_contrasts_name_the_regions_and_leave_other_settings_out():
    table = store.table_of([
        region_row("degree: low", 0.1), region_row("degree: middle", 0.2), region_row("degree: high", 0.4),
        region_row("degree: low", 0.2, random_state=1), region_row("degree: middle", 0.2, random_state=1),
        region_row("degree: high", 0.2, random_state=1),
        region_row("degree: low", 0.9, settings="n_clusters=2"), region_row("degree: low", 0.9, n_seeds=20),
        region_row("degree: low", 0.9, miner="psqe", variant="released"),
        region_row("stage: cluster", float("nan")),
    ])  # fmt: skip
    parts = region_parts(table, ["t"], 10)
    assert len(parts) == 6 and set(parts["kind"]) == {"degree"}
    (found,) = region_contrasts(parts).to_dict("records")
    assert (found["most covered"], found["least covered"]) == ("high", "low")
    assert found["ratio"] == pytest.approx(0.3 / 0.15)
    assert 0.9 < found["balance"] < 1
    assert region_parts(table, ["other"], 10).empty


def test_figures_of_coverage_show_what_they_are_given():
    table = pd.DataFrame({"x": [1.0, 2.0, 1.0, 2.0], "y": [1.0, 3.0, 2.0, 5.0], "s": ["a", "a", "b", "b"]})
    axes = figures.curves(
        table, x="x", y="y", series="s", xlabel="X", ylabel="Y", log="x", points=table
    ).axes[0]
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "X"
    lines = [line.get_ydata().tolist() for line in axes.lines]
    assert [1.0, 3.0] in lines and [2.0, 5.0] in lines
    axes = figures.agreement(table, x="x", y="y", series="s", xlabel="X", ylabel="Y", panels="s").axes
    assert [a.get_title(loc="left") or a.get_title() for a in axes] == ["a", "b"]
    assert axes[0].get_xlim() == axes[0].get_ylim()
    points = pd.DataFrame({"x": [1.0], "y": [1.0], "value": [0.25]})
    figure = figures.phase_diagram(
        np.arange(6.0).reshape(2, 3), x=[0, 1, 2], y=[0, 1], xlabel="X", ylabel="Y", label="L",
        points=points, named={"pivot": (0.5, 0.5)},
    )  # fmt: skip
    assert "0.25" in [text.get_text() for text in figure.axes[0].texts]
    x = np.linspace(0, 2, 5)
    figure = figures.phase_diagram(
        np.arange(6.0).reshape(2, 3), x=[0, 1, 2], y=[0, 1], xlabel="X", ylabel="Y", label="L",
        beyond=(x, x / 2, "nothing"),
    )  # fmt: skip
    assert "nothing" in [text.get_text() for text in figure.axes[0].texts]
    assert any(collection.get_hatch() for collection in figure.axes[0].collections)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_xydata(), np.column_stack([x, x / 2]))
    with pytest.raises(ParameterError):
        figures.phase_diagram(np.zeros((3, 2)), x=[0, 1, 2], y=[0, 1], xlabel="", ylabel="", label="")
    with pytest.raises(ParameterError):
        figures.curves(table.iloc[:0], x="x", y="y", series="s", xlabel="", ylabel="")
