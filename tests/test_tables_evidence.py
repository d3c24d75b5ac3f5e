"""The tables and the plans of the crossing and of damaged pairs."""

import math

import pandas as pd
import pytest
from stored import OTHER_TASK, TASK, directions

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.options import MinerOptions
from psqe.study import figures, tables
from psqe.study.plans.alignments import NO_SEEDS, untrained
from psqe.study.plans.base import kind_of
from psqe.study.plans.best import CONCORD_LINKS
from psqe.study.plans.damage import LEVELS, PRECISIONS, SYSTEMS, WRONG, damaged_spec, on_damaged, wrong_spec
from psqe.study.plans.evidence import ALIGNERS, FEATURES, SEEDS, cell, crossing, seeds_on
from psqe.study.run import run
from psqe.study.store import RunResult, results_table


def crossed_run(kind, aligner, hits, *, state=0, task=TASK, free=None):
    rows = directions([hits, hits])
    rows += directions([free, free], links="free") if free is not None else []
    return RunResult(cell(kind, aligner, task, state), rows)


def test_the_crossing_has_every_cell_once_and_shares_the_runs_of_other_plans():
    specs = crossing([TASK], [0])
    alignments = [spec for spec in specs if spec.subject == "alignment"]
    assert len(set(specs)) == len(specs)
    assert len(alignments) == len(SEEDS) * len(ALIGNERS) + 4
    assert set(untrained([TASK], [0])) <= set(specs)
    assert cell("psqe", "mclea", TASK, 0).miner == MinerOptions(name="psqe", n_seeds=600)
    assert kind_of(cell("random", "mclea", TASK, 0).miner) is None


def test_a_pair_with_one_modality_has_no_kind_of_seeds_that_needs_two():
    assert set(SEEDS) - set(seeds_on("dbp15k/fr_en")) == {"pivot, fused", "pivot, attribute"}
    assert set(seeds_on(TASK)) == set(SEEDS)


def test_the_matrix_averages_pairs_within_random_states_that_all_pairs_have():
    runs = [
        crossed_run("psqe", "eva", hits, state=state, task=task)
        for task, state, hits in (
            (TASK, 0, 0.5), (OTHER_TASK, 0, 0.7), (TASK, 1, 0.6), (OTHER_TASK, 1, 0.6), (TASK, 2, 0.0)
        )
    ]  # fmt: skip
    found = tables.evidence_runs(results_table(runs, "alignment"), [TASK, OTHER_TASK], matching="cosine")
    text = tables.evidence_matrix(found)
    assert text["seeds"].tolist() == ["psqe"]
    assert text["eva"].tolist() == ["60.0\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}0.0"]


def test_what_is_learned_is_the_difference_to_the_features_on_the_same_links():
    runs = [
        crossed_run("psqe", "eva", 0.9, free=0.5), crossed_run("psqe", FEATURES, 0.6, free=0.45),
        crossed_run("mutual", "eva", 0.8, free=0.4), crossed_run(NO_SEEDS, FEATURES, 0.6),
    ]  # fmt: skip
    table = results_table(runs, "alignment")
    free = tables.learned(tables.evidence_runs(table, [TASK], matching="cosine", links="free"))
    assert free["seeds"].tolist() == ["psqe"] and free["gain"].tolist() == pytest.approx([5.0])
    whole = tables.learned(tables.evidence_runs(table, [TASK], matching="cosine"))
    assert dict(zip(whole["seeds"], whole["gain"], strict=True)) == pytest.approx({"psqe": 30, "mutual": 20})
    assert tables.evidence_matrix(free, "gain")["eva"].tolist() == ["+5.0"]


def test_an_empty_store_is_told_how_to_be_filled():
    with pytest.raises(DataError) as error:
        tables.evidence_runs(results_table([], "alignment"), [TASK], matching="cosine")
    assert "psqe results fill evidence" in error.value.remedy
    with pytest.raises(DataError) as error:
        tables.damage_runs(results_table([], "damaged"), [TASK], matching="cosine")
    assert "psqe results fill damaged" in error.value.remedy


def test_the_most_probable_links_of_our_aligner_are_seeds_with_confidences():
    spec = cell(CONCORD_LINKS, FEATURES, "examples/countries", 0, n_seeds=10)
    with pytest.warns(PsqeWarning, match="not calibrated"):  # so small a pair does not suffice
        found = run(spec.part("seeds", miner=spec.miner)).rows[0]
    assert found["seeds_found"] == 10 and found["precision"] > 0.5 and 0 < found["estimated"] <= 1
    with pytest.raises(ParameterError, match="have a number and no other parameters"):
        run(spec.part("seeds", miner=MinerOptions(name=CONCORD_LINKS)))


# ---- damaged pairs


def damaged_run(spec, hits, precision=None):
    row = {"matching": "csls", "links": "all", "n_queries": 10, "hits@1": hits, "mrr": hits}
    return RunResult(spec, [{**row, "precision": precision}])


def test_the_plan_of_damage_has_each_run_once_and_the_whole_pair_among_them():
    specs = on_damaged([TASK], [0])
    assert len(set(specs)) == len(specs)
    assert sum(not spec.task.damage for spec in specs) == len(SYSTEMS) + 4 * len(PRECISIONS)
    assert {kind for spec in specs for kind in spec.task.damage} == set(LEVELS)
    assert all(spec.subject == "damaged" for spec in specs)


def damage_store():
    runs = [damaged_run(damaged_spec("features", "typos", 0, TASK, s), 0.8 + 0.1 * s) for s in (0, 1)]
    runs += [damaged_run(damaged_spec("features", "typos", 0.4, TASK, s), 0.3 + 0.1 * s) for s in (0, 1)]
    runs += [damaged_run(damaged_spec("MCLEA", "typos", 0, TASK, s), 0.9, 0.95) for s in (0, 1)]
    runs += [damaged_run(damaged_spec("MCLEA", "typos", 0.4, TASK, s), 0.2, 0.4) for s in (0, 1)]
    runs += [damaged_run(wrong_spec("mclea", 0.2, TASK, s), 0.1, 0.2) for s in (0, 1)]
    return results_table(runs, "damaged")


def test_the_whole_pair_stands_beside_every_kind_of_damage():
    runs = tables.damage_runs(damage_store(), [TASK], matching="csls")
    whole = runs[(runs["share"] == 0) & (runs["system"] == "MCLEA")]
    assert set(whole["damage"]) == set(LEVELS)
    wrong = runs[runs["damage"] == WRONG]
    assert set(wrong.loc[wrong["system"] == "MCLEA", "share"]) == {0.8}
    assert set(wrong.loc[wrong["system"] == "features", "hits@1"].round(6)) == {0.8, 0.9}


def test_losses_are_taken_within_random_states():
    found = tables.losses(tables.damage_runs(damage_store(), [TASK], matching="csls"))
    typos = found[found["damage"] == "typos"].set_index("system")
    assert typos.loc["features", ["loss", "low", "high"]].tolist() == pytest.approx([50, 50, 50])
    assert typos.loc["MCLEA", "share"] == 0.4 and typos.loc["MCLEA", "loss"] == pytest.approx(70)


def test_a_system_falls_below_the_features_at_the_smallest_such_share():
    means = tables.damage_means(tables.damage_runs(damage_store(), [TASK], matching="csls"))
    assert tables.below_features(means, "MCLEA") == {
        **dict.fromkeys(LEVELS, None), "typos": 0.4, WRONG: 0.8
    }  # fmt: skip
    row = means[(means["damage"] == "typos") & (means["system"] == "features") & (means["share"] == 0.4)]
    assert row["mean"].item() == pytest.approx(0.35) and row["runs"].item() == 2


def test_the_table_and_the_figure_of_damage_show_every_share():
    runs = tables.damage_runs(damage_store(), [TASK], matching="csls")
    table = tables.damage_table(runs, "typos")
    assert table["share"].tolist() == ["0", "40"]
    assert table["MCLEA"].str.startswith("90.0").tolist() == [True, False]
    figure = figures.damage_curves(tables.damage_means(runs))
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
    assert titles == [*LEVELS, WRONG]
    with pytest.raises(ParameterError):
        figures.damage_curves(pd.DataFrame({"damage": ["typos"], "share": [math.nan]}))
