"""Tables about seeds, regions and drawn seeds compute what they say."""

from __future__ import annotations

import json
import math
import re
import warnings

import pandas as pd
import pytest
from stored import TASK, alignment_run, directions, part, seeds_run, table

from psqe.errors import DataError, ParameterError
from psqe.evaluation.intervals import format_interval, mean_interval
from psqe.options import MinerOptions
from psqe.seeds import balance
from psqe.study import figures, tables
from psqe.study.plans.base import alignment_spec, psqe_options
from psqe.study.store import RunResult, Store
from psqe.study.tables.page import mean_text, over_states
from psqe.study.tables.phase import equivalent_share


def test_nothing_found_is_said():
    with pytest.raises(DataError, match=r"no regions with .*task=nowhere"):
        tables.region_results(table([], "seeds"), "coverage", task="nowhere")


def test_departures_from_the_default_do_not_mix_with_it():
    low = part("degree", "low", coverage=0.5)
    seeds = table(
        [
            seeds_run(low, part("stage", "refine", estimated=0.5)),
            seeds_run(part("degree", "low", coverage=0.1), parameters={"variant": "released"}),
            seeds_run(part("degree", "low", coverage=0.2), parameters={"switches": {"fill": False}}),
        ],
        "seeds",
    )
    assert tables.region_results(seeds, "coverage") == {"psqe": [{"degree": {"low": 0.5}}]}
    released = tables.region_results(seeds, "coverage", miner_parameters={"variant": "released"})
    assert released == {"psqe": [{"degree": {"low": 0.1}}]}
    departed = tables.region_results(seeds, "coverage", miner_parameters={"switches": {"fill": False}})
    assert departed == {"psqe": [{"degree": {"low": 0.2}}]}


def test_changes_are_taken_on_the_same_draw_and_kept_in_order():
    mutual, fill = (psqe_options(600, switches={name: False}) for name in ("mutual", "fill"))
    seeds = table(
        [
            seeds_run(part("semantic", least_covered=0.1)),
            seeds_run(state=1, precision=0.8),
            seeds_run(miner=mutual, precision=0.85),
            seeds_run(miner=mutual, state=1, precision=0.8),
            seeds_run(miner=mutual, state=2, precision=0.1),  # There is no base on this draw.
            seeds_run(miner=fill, precision=0.95, seeds_found=300),
            seeds_run(miner=psqe_options(600, n_clusters=2), precision=0.7),
        ],
        "seeds",
    )
    wanted = {"mutual = False": mutual, "fill = False": fill}
    found = tables.changes(seeds, psqe_options(600), wanted, ["precision", "correct"])
    assert list(dict.fromkeys(found["change"])) == list(wanted)
    assert found["precision"].tolist() == pytest.approx([-5, 0, 5])
    assert found["correct"].tolist()[-1] == pytest.approx(100 * (0.95 / 2 - 0.9))
    with pytest.raises(DataError, match="no departure from psqe"):
        tables.changes(seeds, psqe_options(600, variant="released"), wanted, ["precision"])
    tried = tables.swept(seeds)
    assert tried[tried["parameter"] == "clusters"].sort_values("setting")["setting"].tolist() == [2, 5, 5]
    assert set(tried["parameter"]) == {"clusters", "temperature", "image weight", "seeds K"}
    assert tables.seed_sets(seeds)["least_covered"].dropna().tolist() == [0.1]


def test_the_released_variant_is_compared_at_its_own_number():
    found = tables.compared(
        table(
            [
                seeds_run(),
                seeds_run(parameters={"variant": "released"}, seeds_found=88, precision=0.7),
                seeds_run(n_seeds=88, precision=1.0),
                seeds_run(miner="pivot", precision=0.5),
            ],
            "seeds",
        )
    )
    assert found["label"].tolist() == ["pivot", "psqe, released", "psqe, as many", "psqe"]
    assert found["precision"].tolist() == [0.5, 0.7, 1.0, 0.9]
    assert set(found["asked"]) == {600}


def test_verdicts_name_what_the_corrected_variant_is_behind_in():
    def seeds(precision, least):
        known = {"precision_judged": 0.5, "seeds_judged": 10}
        runs = [
            ({"parameters": {"variant": "released"}, "seeds_found": 88, "precision": precision}, least),
            ({"n_seeds": 88, "precision": 0.8}, 0.0),
            ({"precision": 0.7}, 0.2),
        ]
        return table(
            [seeds_run(part("semantic", least_covered=least), **run, **known) for run, least in runs], "seeds"
        )

    better = tables.verdicts(seeds(0.5, 0.1))
    assert better["behind"].tolist() == ["-"] and better["found by released"].tolist() == [88]
    assert tables.verdicts(seeds(0.9, 0.3))["behind"].tolist() == ["precision, least covered"]
    assert tables.verdicts(seeds(0.9, 0.1))["behind"].tolist() == ["precision"]
    assert tables.verdicts(table([seeds_run()], "seeds")).empty


def test_intervals_are_over_random_states():
    rows = pd.DataFrame({"random_state": [0, 0, 1], "x": [0.2, 0.4, 0.7]})
    assert tables.over_states(rows, "x") == pytest.approx(mean_interval([0.3, 0.7]))


def test_a_mean_of_two_random_states_stands_alone_and_its_interval_is_cut_to_what_is_possible():
    rows = pd.DataFrame({"random_state": [0, 0, 1, 2], "x": [0.9, 0.9, 1, 1], "gap": [1, 1, 1, None]})
    assert tables.mean_text(rows, "x", ".2f", within=(0, 1)) == "0.97 (0.82 to 1.00)"
    assert tables.mean_text(rows[:3], "x", ".2f") == "0.95"
    assert tables.mean_text(rows, "gap", ".2f") == "1.00"
    assert tables.mean_text(rows.assign(x=0.5), "x", ".2f") == "0.50"


def test_no_table_shows_a_negative_zero():
    rows = pd.DataFrame({"random_state": [0, 1, 2], "change": [-0.001, 0.0, 0.001], "n": [-1, 0, 1]})
    assert tables.mean_text(rows, "change", "+.1f") == "+0.0 (+0.0 to +0.0)"
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", tables.show(rows, "zeros", digits=1).to_html())
    assert cells == ["0", "0.0", "-1", "1", "0.0", "0", "2", "0.0", "1"]
    assert format_interval(-0.0004, -0.0006, 0.2, ".0%", bounds_form=".1f") == "0% (0.0 to 0.2)"


def test_a_table_says_what_its_empty_cells_mean_if_it_has_any():
    rows = pd.DataFrame({"row": ["a", ""], "gain": [0.5, None]})
    page = tables.show(rows, "dashes", digits=1, caption="Gains", empty="not run").to_html()
    assert re.findall(r"<td[^>]*>([^<]*)</td>", page) == ["a", "0.5", "–", "–"]
    assert "<caption>Gains; –: not run</caption>" in page
    assert (
        "<caption>Gains</caption>"
        in tables.show(rows[:1], "full", caption="Gains", empty="not run").to_html()
    )
    assert re.findall(r"<td[^>]*>([^<]*)</td>", tables.show(rows, "blank").to_html()) == [
        "a",
        "0.500",
        "",
        "",
    ]


def test_parts_of_seeds_have_their_own_names():
    refine = part("stage", "refine", estimated=0.5)
    tenth = part("confidence", "0.9", estimated=0.95)
    seeds = table([seeds_run(refine), seeds_run(tenth, parameters={"variant": "released"})], "seeds")
    assert tables.seed_parts(seeds, "stage")["part"].tolist() == ["refine"]
    assert tables.seed_parts(seeds, "confidence")["label"].tolist() == ["psqe, released"]


def thirds(*coverage, state=0, **run):
    parts = [part("degree", name, coverage=c, precision=0.5)
             for name, c in zip(("low", "middle", "high"), coverage, strict=False)]  # fmt: skip
    return seeds_run(
        *parts,
        part("stage", "cluster", estimated=0.5),
        **{"miner": "pivot", "n_seeds": 10, **run},
        state=state,
    )


def test_contrasts_name_the_regions_and_leave_other_settings_out():
    seeds = table(
        [
            thirds(0.1, 0.2, 0.4), thirds(0.2, 0.2, 0.2, state=1),
            thirds(0.9, miner="psqe", parameters={"n_clusters": 2}), thirds(0.9, n_seeds=20),
            thirds(0.9, miner="psqe", parameters={"variant": "released"}),
        ],
        "seeds",
    )  # fmt: skip
    parts = tables.region_parts(seeds, [TASK], 10)
    assert len(parts) == 6 and set(parts["kind"]) == {"degree"}
    (found,) = tables.region_contrasts(parts).to_dict("records")
    assert (found["most covered"], found["least covered"]) == ("high", "low")
    assert found["ratio"] == pytest.approx(0.3 / 0.15)
    assert 0.9 < found["balance"] < 1
    assert tables.region_parts(seeds, ["other"], 10).empty
    assert tables.third_ranks(parts)["region"].tolist() == ["low"] * 2 + ["middle"] * 2 + ["high"] * 2


def evenness_runs(miner, state, precision, semantic, degree=0.99):
    parts = [part("semantic", balance=semantic, least_covered=semantic / 2), part("density", balance=0.9)]
    return seeds_run(*parts, part("degree", balance=degree), miner=miner, state=state, precision=precision)


def test_evenness_is_compared_on_the_draws_that_both_kinds_have():
    seeds = table(
        [
            evenness_runs("mutual", 0, 0.8, 0.9), evenness_runs("mutual", 1, 0.6, 0.7),
            evenness_runs("psqe", 0, 0.9, 0.8), evenness_runs("psqe", 2, 0.1, 0.1),
            evenness_runs("random", 0, 0.1, 1),
            seeds_run(miner="mutual", state=3, precision=0.5),  # without regions
        ],
        "seeds",
    )  # fmt: skip
    runs = tables.evenness(seeds, 600)
    assert runs[["seeds", "random_state"]].to_numpy().tolist() == [
        ["mutual", 0], ["mutual", 1], ["psqe", 0], ["psqe", 2],
    ]  # fmt: skip
    means = tables.evenness_table(runs).set_index("seeds")
    assert means.loc["mutual", "precision"] == pytest.approx(0.7)
    assert means.loc["psqe", "balance by meaning"] == pytest.approx(0.45)
    words = tables.evenness_words(runs)
    assert "higher in precision (0.900 against 0.800; on 1 of 1 pairs)" in words
    assert "lower in least covered (0.400 against 0.450" in words
    assert "equal in balance by density (0.900 against 0.900) and balance by degree" in words
    assert "does not have both “psqe, even” and “mutual”" in tables.evenness_words(runs, "psqe, even")
    apart = runs[(runs["seeds"] == "mutual") != (runs["random_state"] == 0)]
    assert "on the same draws" in tables.evenness_words(apart)
    nothing = tables.evenness(seeds, 20)
    assert nothing.empty and "does not have both “psqe” and “mutual”" in tables.evenness_words(nothing)


def test_estimates_are_compared_kind_by_kind_and_departures_stay_out():
    seeds = table(
        [
            seeds_run(miner="mutual", precision=0.8, estimated=0.9),
            seeds_run(miner="mutual", state=1, precision=0.8, estimated=0.7),
            seeds_run(precision=0.9, estimated=0.8), seeds_run(state=1, precision=0.8, estimated=0.8),
            seeds_run(state=2, precision=0.1, estimated=0.9),
            seeds_run(miner=psqe_options(600, n_clusters=2), precision=0.1, estimated=0.9),
            seeds_run(miner="mutual", n_seeds=20, precision=0.1, estimated=0.9),
        ],
        "seeds",
    )  # fmt: skip
    sets = tables.seed_sets(seeds)
    bias = tables.bias_table(sets)
    assert bias.columns.tolist() == ["seeds", "K = 600"] and bias["seeds"].tolist() == ["mutual", "psqe"]
    assert bias["K = 600"].tolist() == pytest.approx([0, 70 / 3])
    (found,) = tables.order_table(sets).to_dict("records")
    assert (found["one"], found["other"], found["K"]) == ("psqe", "mutual", 600)
    assert (found["draws"], found["correct"]) == (1, 0)  # on the other draw both are equally precise
    assert (found["true"], found["estimated"]) == pytest.approx((5, 0))
    assert tables.order_table(sets[:0]).empty


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2], "between"),
        ([1, 1.1], "more by 1.1"),
        ([-1, -1.1], "less by 1.1"),
        ([2], "more by 2.0"),
        ([0], "between"),
    ],
)
def test_words_follow_the_interval(values, words):
    found = tables.by_sign(values, above="more by {size}", below="less by {size}", between="between")
    assert found == words


def drawn_runs():
    """Drawn seeds and what MCLEA makes of them, on two random states."""
    runs = []
    for state in (0, 1):
        for precision in (1.0, 0.6):
            for evenness in (0.0, 1.0):
                miner = MinerOptions(
                    name="drawn", n_seeds=600, parameters={"precision": precision, "evenness": evenness}
                )
                even = part("semantic", balance=0.6 + 0.3 * evenness)
                runs.append(seeds_run(even, miner=miner, state=state, precision=precision, estimated=None))
                hits = [0.3 * precision + 0.1 * evenness] * 2
                runs.append(RunResult(alignment_spec(TASK, miner, "mclea", state), directions(hits)))
    return runs


def test_drawn_seeds_stand_beside_what_an_aligner_makes_of_them():
    runs = drawn_runs()
    seeds, alignments = table(runs, "seeds"), table(runs, "alignment")
    found = tables.phase_rows(seeds, alignments, TASK, 600)
    assert len(found) == 8 and found["random_state"].nunique() == 2
    assert found["precision"].tolist() == pytest.approx(found["asked"].tolist())
    assert found["hits@1"].tolist() == pytest.approx(
        (0.3 * found["asked"] + 0.1 * found["evenness"]).tolist()
    )
    assert (found["n_queries"] == 10).all()
    even = found.groupby("evenness")["balance"].mean()
    assert even[1.0] > even[0.0]
    assert tables.phase_rows(seeds, alignments, TASK, 601).empty
    with pytest.raises(DataError):  # Pages that compare miners do not meet drawn seeds.
        tables.region_results(seeds, "balance", task=TASK)
    with pytest.raises(DataError):
        tables.alignment_results(alignments, protocol="full", task=TASK)
    other = table([*runs, alignment_run("mclea", miner="psqe", n_seeds=600)], "alignment")
    assert len(tables.phase_rows(seeds, other, TASK, 600)) == 8, "its seeds have no row"
    assert len(figures.operating(found).axes[0].texts) == 4


def test_worth_is_paired_by_random_state():
    rows = pd.DataFrame(
        [
            {"asked": p, "evenness": e, "random_state": s, "hits@1": 0.3 + 0.4 * p + 0.1 * e + 0.2 * s}
            for p in (0.6, 0.8, 1.0) for e in (0.0, 1.0) for s in (0, 1, 2)
        ]
    )  # fmt: skip
    found = tables.worth(rows).set_index("change")
    assert found.loc["precision 0.6 to 1 at evenness 0", "mean"] == pytest.approx(16)
    assert found.loc["evenness 0 to 1 at precision 0.8", ["mean", "low", "high"]].tolist() == pytest.approx(
        [10] * 3
    )
    assert (found["n"] == 3).all()
    uneven = rows[rows["evenness"] == 0]
    assert tables.worth(uneven)["change"].tolist() == ["precision 0.6 to 1 at evenness 0"]
    assert tables.worth(rows.iloc[:0]).empty
    price = tables.price_of_evenness(rows)
    assert price["precision"] == pytest.approx(16) and price["evenness high"] == pytest.approx(10)
    assert price["points of precision"] == pytest.approx(25) and price["states"] == 3
    worthless = rows.assign(
        **{"hits@1": rows["hits@1"] - 0.1 * rows["evenness"] * (rows["random_state"] + 0.2)}
    )
    assert pd.isna(tables.price_of_evenness(worthless)["points of precision"]), "its interval contains zero"
    (single,) = (own for state, own in rows.groupby("random_state") if state == 1)
    assert tables.price_of_evenness(single)["points of precision"] == pytest.approx(25)
    assert tables.price_of_evenness(uneven) == tables.price_of_evenness(rows.iloc[:0]) == {}


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5])
def test_a_balance_has_its_share_of_two_regions(share):
    assert equivalent_share(balance({"a": 1 - share, "b": share})) == pytest.approx(share, abs=1e-6)


def test_operating_points_are_means_of_whole_sets():
    seeds = table(
        [
            seeds_run(part("semantic", balance=0.8), miner="pivot", n_seeds=10, precision=0.5),
            seeds_run(part("semantic", balance=1.0), miner="pivot", n_seeds=10, state=1, precision=0.7),
            seeds_run(miner="pivot", n_seeds=10, state=2, precision=0.1),
        ],
        "seeds",
    )
    ((x, y),) = tables.operating_points(seeds, [TASK], 10).values()
    assert y == pytest.approx(0.6) and x == pytest.approx(equivalent_share(0.9))
    with pytest.raises(ParameterError):
        equivalent_share(0.4)


def test_a_measure_without_any_value_has_no_mean_and_gives_no_warning():
    runs = pd.DataFrame({"random_state": [0, 1, 2], "estimated": [float("nan")] * 3})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mean_text(runs, "estimated") == "-"
        assert all(map(math.isnan, over_states(runs, "estimated")))


def test_a_label_never_names_seeds_of_different_parameters():
    """The pivot on attributes was once averaged with the pivot on pictures."""
    sets = tables.seed_sets(Store().table("seeds"))
    kinds = [(spec.miner.name, json.dumps(spec.miner.parameters, sort_keys=True)) for spec in sets["spec"]]
    assert sets.assign(kind=kinds).groupby("label")["kind"].nunique().max() == 1
    assert {"pivot", "pivot, attribute"} <= set(sets["label"])
