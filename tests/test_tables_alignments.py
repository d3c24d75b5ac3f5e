"""Tables about alignments and aligners: what is chosen, what is averaged, and what is paired."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from stored import OTHER_TASK, TASK, alignment_run, directions, table

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.aligners.iterative import AddedSeeds
from psqe.errors import DataError
from psqe.evaluation.intervals import mean_interval
from psqe.options import FeatureOptions, MinerOptions
from psqe.study import tables
from psqe.study.plans import PLANS, faithful, supervised
from psqe.study.plans.alignments import NO_SEEDS, untrained
from psqe.study.plans.base import KINDS_OF_SEEDS
from psqe.study.store import RunResult
from psqe.study.tables.alignments import FEATURES, UNTRAINED


def crossed(*runs, tasks=(TASK,), **options):
    return tables.crossed(table(runs, "alignment"), tasks, **options)


def test_alignments_are_means_of_both_directions():
    rows = table([alignment_run(hits=(0.2, 0.6)), alignment_run(miner="mutual")], "alignment")
    found = tables.alignment_results(rows, protocol="full")
    assert found["miner"].tolist() == ["mutual", "psqe"]
    assert found["hits@1"].tolist() == pytest.approx([0.5, 0.4])


def test_features_alone_are_told_by_matching():
    matchings = ("cosine", "csls", "sinkhorn")

    def rows_of(links, more):
        return [
            row
            for i, matching in enumerate(matchings, 1)
            for row in directions([0.1 * i + more] * 2, "full", matching, links)
        ]

    bar = [
        RunResult(spec, [*rows_of("all", 0), *(rows_of("free", 0.05) if spec.miner else [])])
        for spec in untrained([TASK], [0])
    ]
    rows = table([*bar, alignment_run()], "alignment")
    found = tables.untrained_results(rows)
    assert found["matching"].tolist() == list(matchings), "features do not use seeds: one row tells of all"
    assert found["hits@1"].tolist() == pytest.approx([0.1, 0.2, 0.3])
    free = tables.untrained_results(rows, links="free")
    assert set(free["miner"]) == set(KINDS_OF_SEEDS) and len(free) == 3 * len(KINDS_OF_SEEDS)
    assert free.groupby("matching")["hits@1"].mean().tolist() == pytest.approx([0.15, 0.25, 0.35])
    assert tables.alignment_results(rows)["miner"].tolist() == ["psqe"]


def test_settings_and_aligners_are_never_mixed():
    short, long = (alignment_run("mclea", parameters={"n_epochs": n}) for n in (2, 9))
    with pytest.raises(DataError, match="mix aligner_parameters"):
        tables.alignment_results(table([short, long], "alignment"), protocol="full")
    rows = table([alignment_run("mclea"), alignment_run("eva")], "alignment")
    with pytest.raises(DataError, match="mix aligner: eva, mclea"):
        tables.alignment_results(rows, protocol="full")
    assert tables.alignment_results(rows, protocol="full", aligner="eva")["aligner"].tolist() == ["eva"]
    both = tables.alignment_results(rows, protocol="full", aligner=("eva", "mclea"))
    assert set(both["aligner"]) == {"eva", "mclea"}


def test_regions_of_an_alignment_are_those_of_both_directions():
    run = alignment_run()
    low = {
        "protocol": "full", "matching": "cosine", "links": "all", "direction": "both",
        "part_kind": "degree", "part": "low", "hits@1": 0.3,
    }  # fmt: skip
    rows = table([RunResult(run.spec, [*run.rows, low])], "alignment")
    found = tables.region_results(rows, "hits@1", protocol="full", aligner="eva")
    assert found == {"psqe": [{"degree": {"low": 0.3}}]}


def test_a_gain_is_paired_by_random_state():
    rows = pd.DataFrame({
        "miner": ["psqe", "pivot"] * 3, "n_seeds": 10, "random_state": [0, 0, 1, 1, 2, 2],
        "hits@1": [0.9, 0.5, 0.6, 0.1, 0.7, 0.4],
    })  # fmt: skip
    gain = tables.paired_gain(rows, "hits@1", "psqe", "pivot").iloc[0]
    assert (gain["gain"], gain["low"], gain["high"]) == pytest.approx(mean_interval([0.4, 0.5, 0.3]))
    assert gain["runs"] == 3


def test_without_seeds():
    runs = crossed(alignment_run("propagation", miner=None, hits=(0.4, 0.6)))
    assert runs[["miner", "hits@1"]].values.tolist() == [[NO_SEEDS, pytest.approx(0.5)]]
    assert tables.matrix(runs)[NO_SEEDS].tolist() == ["50.0"]


def test_the_bar_is_under_the_same_matching_as_the_models_and_on_the_same_links():
    bare, pivot, *_ = untrained([TASK], [0])
    image = FeatureOptions(modalities=("image",))
    encoded = FeatureOptions(modalities=("image", "attribute"), encoders={"attribute": "bag"})
    others = [bare.replace(features=features) for features in (image, encoded)]
    bar = [
        RunResult(spec, [*directions([hit] * 2, matching="csls"), *directions([0.3] * 2)])
        for spec, hit in ((bare, 0.7), (others[0], 0.1), (others[1], 0.2))
    ]
    free = directions([0.6, 0.6], matching="csls", links="free")
    bar.append(RunResult(pivot, [*directions([0.7] * 2, matching="csls"), *free]))
    model = alignment_run()
    model = RunResult(model.spec, [*model.rows, *directions([0.5] * 2, matching="csls")])
    found = tables.matrix(crossed(model, *bar, matching="csls"))
    assert found[["aligner", "training", NO_SEEDS, "psqe"]].values.tolist() == [
        [FEATURES, UNTRAINED, "70.0", ""], ["eva", "plain", "", "50.0"]
    ]  # fmt: skip
    found = tables.matrix(crossed(model, *bar, matching="csls", links="free"))
    assert found[["aligner", NO_SEEDS, "pivot"]].values.tolist() == [[FEATURES, "", "60.0"]]


def test_a_pair_is_shown_by_links_and_matching_with_the_features_beside():
    bare, *given = untrained([TASK], [0])
    psqe = next(spec for spec in given if spec.miner == alignment_run().spec.miner)
    runs = [
        RunResult(bare, directions([0.7, 0.7])),
        RunResult(psqe, [*directions([0.7, 0.7]), *directions([0.6, 0.6], links="free")]),
        RunResult(alignment_run().spec, [*alignment_run().rows, *directions([0.4, 0.4], links="free")]),
    ]
    found = {(links, "cosine"): crossed(*runs, links=links) for links in ("all", "free")}
    table = tables.pair_table(found)
    assert table.values.tolist() == [["features", "70.0", "60.0"], ["eva", "50.0", "40.0"]]
    assert list(table) == ["model", "all, cosine", "free, cosine"]
    bare_model = alignment_run("propagation", miner=None).spec  # its run without seeds is none with PSQE's
    rows = [*directions([0.9, 0.9]), *directions([0.9, 0.9], links="free")]
    more = {links: crossed(*runs, RunResult(bare_model, rows), links=links[0]) for links in found}
    assert tables.pair_table(more).values.tolist() == table.values.tolist()
    assert tables.pair_table({links: runs[:0] for links, runs in found.items()}).empty


def test_crossed_keeps_the_studys_runs_only():
    own = alignment_run()
    own = RunResult(own.spec, [*own.rows, *directions([0.9, 0.9], "peer")])
    published = own.spec.replace(aligner=own.spec.aligner.model_copy(update={"preset": "published"}))
    runs = [own, alignment_run(training="residual", hits=(0.6, 0.8)), alignment_run(n_seeds=77)]
    runs.append(RunResult(published, directions([0.1, 0.1])))
    found = crossed(*runs).set_index("training")
    assert found["hits@1"].to_dict() == {"plain": pytest.approx(0.5), "residual": pytest.approx(0.7)}
    assert crossed(*runs, protocol="peer", matching="csls")["hits@1"].tolist() == [pytest.approx(0.9)]
    assert crossed(*runs, tasks=[OTHER_TASK]).empty


def test_matrix_averages_pairs_before_states():
    runs = []
    for state, hit in ((0, 0.2), (1, 0.4)):
        runs.append(alignment_run(state=state, hits=(hit, hit)))
        runs.append(alignment_run(state=state, task=OTHER_TASK, hits=(hit + 0.2, hit + 0.2)))
    runs.append(alignment_run(state=2, hits=(0.9, 0.9)))  # It is on one pair only, and would lift the mean.
    runs += [alignment_run("mclea", task=task, hits=(0.9, 0.9)) for task in (TASK, OTHER_TASK)]
    found = tables.matrix(crossed(*runs, tasks=[TASK, OTHER_TASK]))
    assert found["aligner"].tolist() == ["eva", "mclea"]
    assert found.loc[0, "psqe"] == "40.0\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}127.1", (
        "t of one degree of freedom"
    )
    assert found.loc[1, "psqe"] == "90.0" and found.loc[0, "pivot"] == ""


def test_gains_are_paired():
    runs = []
    for state in (0, 1, 2):
        base = 0.1 * state  # What makes a draw easy is common to both.
        runs.append(alignment_run(state=state, hits=(base + 0.3, base + 0.3)))
        runs.append(alignment_run(state=state, miner="mutual", hits=(base + 0.25, base + 0.25)))
    runs.append(alignment_run(state=9))  # It has no partner.
    found = tables.gains(crossed(*runs), "mutual")
    assert found["task"].tolist() == [TASK, "all"] and found["runs"].tolist() == [3, 3]
    assert found["gain"].tolist() == pytest.approx([5.0, 5.0])
    assert (found["high"] - found["low"]).max() < 1e-6
    assert tables.gains(crossed(*runs), "pivot").empty
    other = [alignment_run(task=OTHER_TASK, miner=miner) for miner in ("psqe", "mutual")]
    found = tables.gains(crossed(*runs, *other, tasks=[TASK, OTHER_TASK]), "mutual").set_index("task")
    assert found["runs"].to_dict() == {TASK: 3, OTHER_TASK: 1, "all": 1}
    assert found.loc["all", "gain"] == pytest.approx(2.5)


def test_gains_side_by_side():
    runs = [alignment_run(hits=(0.5, 0.5)), alignment_run(state=1, hits=(0.6, 0.6))]
    runs += [alignment_run(miner="mutual", state=s, hits=(h, h)) for s, h in ((0, 0.4), (1, 0.5))]
    runs.append(alignment_run(miner="pivot", hits=(0.2, 0.2)))
    found = tables.gain_table(crossed(*runs), ("pivot", "mutual", "true links"))
    assert found["pair"].tolist() == [TASK, "all"]
    for row in found.to_dict("records"):
        assert row["over pivot"] == "+30.0" and row["over mutual"].startswith("+10.0 [10.0, 10.0")
        assert row["over true links"] == ""


def test_presets_tell_what_the_aligners_have():
    found = tables.presets().set_index("parameter")
    trained = [name for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)]
    assert list(found) == trained
    for name in trained:
        before, after = (ALIGNERS[name].preset(preset).parameters for preset in ("published", "small"))
        assert found.loc["n_epochs", name] == f"{before['n_epochs']} \u2192 {after['n_epochs']}"
        assert found.loc["iterative_start", name] == "never"
    assert found.loc["dropout", "eva"] == "" and found.loc["dropout", "meaformer"] == "0.1"


def test_added_seeds_are_judged_afterwards(planted):
    task = planted[0]
    right, wrong = task.links[:3], np.column_stack([task.links[3:5, 0], task.links[4:6, 1]])
    rounds = [AddedSeeds(5, np.concatenate([right, wrong]), wrong[:1]), AddedSeeds(9, right, wrong[:0])]
    found = tables.added_table(rounds, task)
    assert found["added"].tolist() == [5, 3] and found["correct"].tolist() == [pytest.approx(0.6), 1.0]
    assert found["removed"].tolist() == [1, 0] and found["removed correct"].iloc[0] == 0
    assert np.isnan(found["removed correct"].iloc[1])
    assert np.isnan(tables.added_table(rounds, task.without_links())["correct"]).all()


def test_supervised_runs_stand_beside_the_published_numbers_and_in_no_table_of_the_study():
    specs = supervised.supervised(["dbp15k/fr_en"], [0, 1])
    runs = [RunResult(spec, directions([0.5 + 0.1 * spec.random_state, 0.9], "peer")) for spec in specs]
    rows = table(runs, "alignment")
    found = tables.supervised_table(rows)
    assert found["published"].tolist() == [
        supervised.PUBLISHED[name]["dbp15k/fr_en"] for name in found["aligner"]
    ]
    assert found["Hits@1"].tolist() == pytest.approx([0.55] * len(found)) and set(found["states"]) == {2}
    assert all(isinstance(spec.miner, MinerOptions) for spec in specs)
    assert tables.crossed(rows, ["dbp15k/fr_en"]).empty


def test_released_aligners_stand_beside_their_authors_code():
    specs = PLANS["faithful"].specs([faithful.AUTHORS_TASK], [0])
    assert {spec.aligner.preset for spec in specs} == {"published"}
    hits = {0: [0.5, 0.6], 1: [0.6, 0.8], 2: [0.7, 0.9]}  # by the number of parameters that make a variant
    first, *rest = specs
    assert "variant" in first.aligner.parameters and first.miner.name == "pivot"
    made = [len(set(spec.aligner.parameters) - {"n_epochs"}) for spec in rest]
    runs = [RunResult(spec, directions(hits[n], "full")) for spec, n in zip(rest, made, strict=True)]
    found = tables.faithful_table(table(runs, "alignment"))
    assert len(found) == len(specs) / 3
    missing = found[found["released"].isna()]
    assert missing[["seeds", "epochs"]].to_numpy().tolist() == [["pivot", 50]]
    stored = found[found["released"].notna()]
    assert stored["released"].tolist() == pytest.approx([0.7] * len(stored))
    assert found["corrected"].tolist() == pytest.approx([0.55] * len(found))
    assert found["released, centred"].tolist() == pytest.approx([0.8] * len(found))
    known = stored[stored["authors' code"].notna()]
    assert set(known["aligner"]) == {"mclea"} and set(known["seeds"]) == {"psqe", "mutual", "pivot"}
    assert known["difference"].tolist() == pytest.approx((70 - 100 * known["authors' code"]).tolist())
    assert found["difference"].notna().sum() == len(known)
