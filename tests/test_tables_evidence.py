"""The tables and the plans of the crossing and of damaged pairs."""

import math

import pandas as pd
import pytest
from stored import OTHER_TASK, TASK, directions

from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.options import MinerOptions
from psqe.study import figures, tables
from psqe.study.plans.alignments import NO_SEEDS, untrained
from psqe.study.plans.base import kind_of, seeds_of
from psqe.study.plans.best import CONCORD_LINKS
from psqe.study.plans.damage import LEVELS, PRECISIONS, SYSTEMS, WRONG, damaged_spec, on_damaged, wrong_spec
from psqe.study.plans.evidence import ALIGNERS, FEATURES, SEEDLESS, SEEDS, cell, crossing, seeds_on
from psqe.study.run import run
from psqe.study.store import RunResult, results_table


def crossed_runs(hits, *, state=0, task=TASK, free=None, without=()):
    """Every run of the crossing, with the Hits@1 of some cells on all and on free links; others have 0.3."""
    free = free or {}
    results = []
    for kind in (NO_SEEDS, *SEEDS):
        for aligner in SEEDLESS if kind == NO_SEEDS else ALIGNERS:
            if (kind, aligner) in without:
                continue
            rows = directions([hits.get((kind, aligner), 0.3)] * 2)
            if kind != NO_SEEDS:
                rows += directions([free.get((kind, aligner), 0.3)] * 2, links="free")
            results.append(RunResult(cell(kind, aligner, task, state), rows))
    return results


def found_in(runs, links="all", tasks=(TASK,)):
    return tables.evidence_runs(results_table(runs, "alignment"), tasks, matching="cosine", links=links)


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


def test_the_matrix_averages_pairs_within_random_states_that_have_every_run():
    cell_of = ("psqe", "eva")
    runs = [
        run
        for task, state, hits in (
            (TASK, 0, 0.5), (OTHER_TASK, 0, 0.7), (TASK, 1, 0.6), (OTHER_TASK, 1, 0.6), (TASK, 2, 0.0),
            (OTHER_TASK, 2, 0.0),
        )
        for run in crossed_runs(
            {cell_of: hits}, state=state, task=task, without={("random", "mclea")} if state == 2 else ()
        )
    ]  # fmt: skip
    found = found_in(runs, tasks=[TASK, OTHER_TASK])
    assert set(found["random_state"]) == {0, 1}
    text = tables.evidence_matrix(found).set_index("seeds")
    assert list(text.index) == [NO_SEEDS, *SEEDS] and list(text) == list(ALIGNERS)
    assert text.loc["psqe", "eva"] == "60.0"
    assert tables.widest_interval(found) == pytest.approx(50 * 0.1 * 12.706, rel=1e-3)  # .55 and .65
    assert text.loc[NO_SEEDS, "eva"] == ""


def test_what_is_learned_is_the_difference_to_a_bar_on_the_same_links():
    eva, features, clamped = (("psqe", aligner) for aligner in ("eva", FEATURES, "clamped"))
    runs = crossed_runs({eva: 0.9, (NO_SEEDS, FEATURES): 0.6}, free={eva: 0.5, features: 0.45, clamped: 0.48})
    gains = tables.learned(found_in(runs, "free")).set_index(["seeds", "aligner"])["gain"]
    assert gains[eva] == pytest.approx(5) and gains[clamped] == pytest.approx(3)
    assert NO_SEEDS not in gains.index.get_level_values("seeds")
    over_clamped = tables.learned(found_in(runs, "free"), "clamped").set_index(["seeds", "aligner"])["gain"]
    assert over_clamped[eva] == pytest.approx(2) and over_clamped[features] == pytest.approx(-3)
    whole = tables.learned(found_in(runs)).set_index(["seeds", "aligner"])["gain"]
    assert whole[eva] == pytest.approx(30)  # on all links, features are those of the run without seeds


def test_a_part_of_the_crossing_can_be_asked_for():
    part = {"kinds": ["psqe", "mutual"], "aligners": [FEATURES, "eva"]}
    runs = crossed_runs({}, without={("psqe", "mclea"), ("random", "eva"), (NO_SEEDS, "concord")})
    with pytest.raises(DataError):
        found_in(runs)
    found = tables.evidence_runs(results_table(runs, "alignment"), [TASK], matching="cosine", **part)
    cells = set(found[["seeds", "aligner"]].itertuples(index=False, name=None))
    assert cells == {(NO_SEEDS, FEATURES), *((k, a) for k in part["kinds"] for a in part["aligners"])}


def test_a_part_that_the_crossing_does_not_have_is_told():
    table = results_table(crossed_runs({}), "alignment")
    for part in ({"kinds": [NO_SEEDS]}, {"kinds": "psqe"}, {"aligners": ["gcn"]}):
        with pytest.raises(ParameterError, match="the crossing has no"):
            tables.evidence_runs(table, [TASK], matching="cosine", **part)
    twice = {"kinds": ["psqe", "psqe"], "aligners": ["eva", "eva", FEATURES]}
    assert len(tables.evidence_runs(table, [TASK], matching="cosine", **twice)) == 3


def test_a_cell_is_above_its_bar_in_all_runs_or_not():
    high, mixed, low = ("psqe", "eva"), ("mutual", "eva"), ("pivot", "eva")
    runs = [
        run
        for state, more in ((0, 0.1), (1, 0.2))
        for run in crossed_runs({}, state=state, free={high: 0.3 + more, mixed: 0.45 - more, low: 0.3 - more})
    ]
    told = tables.gains_in_all_runs(tables.learned(found_in(runs, "free"))).set_index(["seeds", "aligner"])
    assert told.loc[high, ["gain", "lowest", "highest"]].tolist() == pytest.approx([15, 10, 20])
    assert told.loc[high, "n"] == 2 and told.loc[high, "above"] and not told.loc[high, "below"]
    assert told.loc[mixed, "lowest"] < 0 < told.loc[mixed, "highest"]
    assert not told.loc[mixed, "above"] and not told.loc[mixed, "below"]
    assert told.loc[low, "below"] and not told.loc[low, "above"]
    assert not told.loc[("true links", "eva"), ["above", "below"]].any()  # on the bar


def test_a_gain_that_all_pairs_share_is_found_and_a_cell_of_noise_is_not():
    sure, unsure, tasks = ("psqe", "eva"), ("mutual", "eva"), ["emoji/en-fr", "emoji/en-de", "emoji/en-ja"]
    runs = [
        run
        for task, high, low in zip(tasks, (0.500, 0.501, 0.502), (0.2, 0.5, 0.25), strict=True)
        for run in crossed_runs({}, task=task, free={sure: high, unsure: low})
    ]
    gains = tables.learned(found_in(runs, "free", tasks))
    told = tables.gain_tests(gains[gains["aligner"] == "eva"], "task").set_index(["seeds", "aligner"])
    assert told.loc[sure, "found"] and told.loc[sure, "n"] == 3 and told.loc[sure, "low"] > 19
    assert not told.loc[unsure, "found"] and told.loc[unsure, "low"] < 0 < told.loc[unsure, "high"]
    matrix = tables.gain_matrix(gains).set_index("seeds")
    assert matrix.loc["psqe", "eva"].endswith("*") and matrix.loc["mutual", "eva"][-1].isdigit()
    alone = tables.gain_tests(gains, "random_state")
    assert not alone["found"].any() and alone["p"].isna().all()  # one random state


def test_the_seeds_of_a_crossing_are_those_of_its_cells():
    runs = found_in(crossed_runs({}))
    spec = seeds_of(cell("psqe", FEATURES, TASK, 0))
    rows = [
        {"part_kind": "all", "part": "all", "seeds_found": 600, "precision": 0.9, "precision_judged": 0.95},
        {"part_kind": "semantic", "part": "all", "balance": 0.8},
        {"part_kind": "degree", "part": "all", "balance": 0.1},
    ]
    [found] = tables.evidence_seeds(results_table([RunResult(spec, rows)], "seeds"), runs).to_dict("records")
    assert found == {
        "seeds": "psqe", "task": TASK, "random_state": 0, "n_seeds": 600, "precision": 0.9, "judged": 0.95,
        "balance": 0.8,
    }  # fmt: skip


def test_the_order_of_seeds_is_kept_where_more_precise_ones_give_more():
    kinds = ("pivot", "mutual", "psqe")
    hits = {(kind, "eva"): 0.5 + place / 10 for place, kind in enumerate(kinds)}
    hits |= {(kind, "mclea"): 0.5 - place / 10 for place, kind in enumerate(kinds)}
    precision = pd.Series(
        [0.5, 0.7, 0.9], index=pd.MultiIndex.from_product([kinds, [TASK]], names=["seeds", "task"])
    )
    found = tables.order_kept(found_in(crossed_runs(hits)), precision).set_index("aligner")
    assert found["rho"].to_dict() == pytest.approx({"eva": 1.0, "mclea": -1.0})  # the others are all the same
    assert (found["kinds"] == 3).all()


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
