"""Aligners crossed with miners: what is run, what is kept, and the tables made of it."""

from functools import lru_cache

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from psqe.aligners import ALIGNERS, TrainedAligner
from psqe.aligners.iterative import AddedSeeds
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import embedding_scorer, evaluate
from psqe.evaluation.regions import all_regions
from psqe.seeds import SeedSet
from psqe.study import comparison, experiments, store, supervised
from psqe.study.aligner_tables import FEATURES, added_table, crossed, gain_table, gains, matrix, presets
from psqe.study.comparison import PARTS, compared, stored
from psqe.study.experiments import NO_SEEDS, SEEDS, Experiment, run_experiment

TASK = "emoji/en-fr"


def rows(aligner="eva", part="plain", miner="psqe", state=0, task=TASK, hits=(0.4, 0.6)):
    """Both directions of one alignment, as the store has them."""
    one = Experiment(task, miner, comparison.N_SEEDS["emoji"], state, aligner=aligner, options=PARTS[part])
    key = {**one.of_seeds, "aligner": aligner, "settings": one.settings}
    return [
        {
            **key,
            "direction": direction,
            "protocol": "full",
            "hits@1": hit,
            "mrr": hit,
            "seconds": 1.0,
        }
        for direction, hit in zip(("l2r", "r2l"), hits, strict=True)
    ]


@pytest.fixture
def planted_task(monkeypatch):
    """A planted pair in place of every pair of graphs, and models of three epochs."""
    pair = planted_pair(40, 3, 8, random_state=0)
    monkeypatch.setattr(experiments, "loaded", lambda *_: (*pair, all_regions(*pair)))
    monkeypatch.setattr(experiments, "_mined", experiments._mined.__wrapped__)
    monkeypatch.setattr(experiments, "_trained", experiments._trained.__wrapped__)
    for kind in ALIGNERS.values():
        if issubclass(kind, TrainedAligner):
            monkeypatch.setitem(kind.PRESETS["small"], "n_epochs", 3)
    monkeypatch.setattr(comparison, "N_SEEDS", {"emoji": 12, "dbp15k": 12})
    return pair


def test_every_aligner_meets_every_kind_of_seeds():
    found = list(compared(TASK, 3, parts=["plain"], aligners=list(ALIGNERS)))
    without, *others = [(one.miner, one.aligner, one.n_seeds) for one in found]
    assert without == (NO_SEEDS, "propagation", 0)
    assert others == [(m, a, comparison.N_SEEDS["emoji"]) for m in SEEDS for a in ALIGNERS]
    assert {one.random_state for one in found} == {3} and {one.settings for one in found} == {"preset=small"}
    again = list(compared(TASK, 3, parts=["both"], aligners=list(ALIGNERS), miners=["psqe"]))
    assert {one.aligner for one in again} == {"eva", "mclea", "meaformer"}, "no training to vary"
    assert {one.settings for one in again} == {"preset=small iterative_start=50 residual=2"}


def test_what_is_stored_is_not_run_again_and_seeds_keep_their_rows(planted_task, tmp_path, monkeypatch):
    path, real_read, real_append = tmp_path / "store", store.read, store.append
    monkeypatch.setattr(store, "read", lambda where=path: real_read(where))
    monkeypatch.setattr(store, "append", lambda rows: real_append(rows, path))
    ran = []

    def noted(one):
        ran.append(one.key)
        return run_experiment(one)

    monkeypatch.setattr(comparison, "run_experiment", noted)
    app = typer.Typer()
    app.command()(comparison.main)
    arguments = ["--task", TASK, "--state", "0", "--aligner", "eva", "--miner", "mutual"]

    def run(*more):
        result = CliRunner().invoke(app, [*arguments, *more])
        assert result.exit_code == 0, result.output

    run()
    assert len(ran) == 1 and ran[0] in stored(store.read())
    before = store.read().query("aligner == '-'")["date"].tolist()
    run()
    assert len(ran) == 1
    run("--part", "plain", "--part", "residual")
    assert len(ran) == 2 and ran[1][-1] == "preset=small residual=2"
    assert store.read().query("aligner == '-'")["date"].tolist() == before


def test_features_beside_are_added_to_one_training(planted_task):
    task, features = planted_task
    plain, residual = (
        Experiment(TASK, "mutual", 12, 0, aligner="mclea", options=PARTS[part])
        for part in ("plain", "residual")
    )
    fitted, weight = residual.residual_later()
    assert fitted == plain and weight == comparison.RESIDUAL
    model = ALIGNERS["mclea"].preset("small", random_state=0, residual=weight)
    model.fit(task, features, residual.seeds())
    wanted = evaluate(task, embedding_scorer(*model.embeddings()))["metrics"]
    found = {
        row["direction"]: row["hits@1"]
        for row in run_experiment(residual)
        if row.get("protocol") == "full" and "region" not in row
    }
    assert found == {d: pytest.approx(wanted[d]["full"]["hits@1"]) for d in ("l2r", "r2l")}
    for part in ("both", "iterative", "stopped"):
        one = Experiment(TASK, "mutual", 12, 0, options=PARTS[part])
        assert one.residual_later() == (one, 0.0)


def test_without_seeds(planted_task):
    """Rows of the alignment alone, which stand in a column of their own."""
    (one,) = compared(TASK, 0, parts=["plain"], aligners=["propagation"], miners=[NO_SEEDS])
    found = run_experiment(one)
    assert {row["aligner"] for row in found} == {"propagation"} and {row["n_seeds"] for row in found} == {0}
    task, features = planted_task
    model = ALIGNERS["propagation"].preset("small", random_state=0).fit(task, features, SeedSet.empty())
    wanted = evaluate(task, model.similarity, matching="sinkhorn")["metrics"]
    runs = crossed(store.table_of(found), [TASK])
    mean = np.mean([wanted[d]["full"]["hits@1"] for d in ("l2r", "r2l")])
    assert runs[["miner", "hits@1"]].values.tolist() == [[NO_SEEDS, pytest.approx(mean)]]
    assert matrix(runs)[NO_SEEDS].tolist() == [f"{100 * mean:.1f}"]


def test_a_model_is_trained_once_for_parts_that_train_alike(planted_task, monkeypatch):
    fitted = []
    kind = ALIGNERS["mclea"]
    fit = kind.fit

    def counted(self, *arguments, **options):
        fitted.append(self.parameters["residual"])
        return fit(self, *arguments, **options)

    monkeypatch.setattr(kind, "fit", counted)
    monkeypatch.setattr(experiments, "_trained", lru_cache(1)(experiments._trained))
    runs = compared(TASK, 0, parts=["plain", "residual"], aligners=["mclea"], miners=["mutual", "pivot"])
    for one in runs:
        run_experiment(one)
    assert fitted == [0, 0]


def test_the_bar_is_there_by_matching():
    key = {"task": TASK, "modalities": "attribute+image", "miner": "none", "n_seeds": 0, "random_state": 0}
    full = {"protocol": "full", "direction": "l2r"}
    bar = [
        {**key, **full, "aligner": "csls", "hits@1": 0.7},
        {**key, **full, "aligner": "cosine", "hits@1": 0.6},
    ]
    other = [
        {**bar[0], "modalities": "image", "hits@1": 0.1},
        {**bar[0], "settings": "image=use", "hits@1": 0.2},
    ]
    table = matrix(crossed(store.table_of(rows() + bar + other), [TASK]))
    assert table[["aligner", "training", NO_SEEDS]].values.tolist() == [
        [FEATURES, "cosine", "60.0"], [FEATURES, "csls", "70.0"], ["eva", "plain", ""]
    ]  # fmt: skip


def test_crossed_keeps_the_studys_runs_only():
    other = [{**row, "n_seeds": 77} for row in rows()]
    strange = [{**row, "settings": "preset=published"} for row in rows()]
    peer = [{**row, "protocol": "peer", "hits@1": 0.9} for row in rows()]
    table = store.table_of(rows() + rows(part="residual", hits=(0.6, 0.8)) + other + strange + peer)
    found = crossed(table, [TASK]).set_index("part")
    assert found["hits@1"].to_dict() == {"plain": pytest.approx(0.5), "residual": pytest.approx(0.7)}
    assert crossed(table, [TASK], protocol="peer")["hits@1"].tolist() == [pytest.approx(0.9)]
    assert crossed(table, ["emoji/en-de"]).empty


def test_matrix_averages_pairs_before_states():
    made = []
    for state, hit in ((0, 0.2), (1, 0.4)):
        made += rows(state=state, hits=(hit, hit))
        made += rows(state=state, task="emoji/en-de", hits=(hit + 0.2, hit + 0.2))
    made += rows(state=2, hits=(0.9, 0.9))  # on one pair only: it would lift the mean
    made += rows("mclea", hits=(0.9, 0.9)) + rows("mclea", task="emoji/en-de", hits=(0.9, 0.9))
    table = matrix(crossed(store.table_of(made), [TASK, "emoji/en-de"]))
    assert table["aligner"].tolist() == ["eva", "mclea"]
    assert table.loc[0, "psqe"] == "40.0\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}127.1", (
        "t of one degree of freedom"
    )
    assert table.loc[1, "psqe"] == "90.0" and table.loc[0, "pivot"] == ""


def test_gains_are_paired():
    made = []
    for state in (0, 1, 2):
        base = 0.1 * state  # what makes a draw easy is common to both
        made += rows(state=state, hits=(base + 0.3, base + 0.3))
        made += rows(state=state, miner="mutual", hits=(base + 0.25, base + 0.25))
    made += rows(state=9)  # has no partner
    found = gains(crossed(store.table_of(made), [TASK]), "mutual")
    assert found["task"].tolist() == [TASK, "all"] and found["runs"].tolist() == [3, 3]
    assert found["gain"].tolist() == pytest.approx([5.0, 5.0])
    assert (found["high"] - found["low"]).max() < 1e-6
    assert gains(crossed(store.table_of(made), [TASK]), "pivot").empty
    other = [row for miner in ("psqe", "mutual") for row in rows(task="emoji/en-de", miner=miner)]
    found = gains(crossed(store.table_of(made + other), [TASK, "emoji/en-de"]), "mutual").set_index("task")
    assert found["runs"].to_dict() == {TASK: 3, "emoji/en-de": 1, "all": 1}
    assert found.loc["all", "gain"] == pytest.approx(2.5)


def test_presets_tell_what_the_aligners_have():
    table = presets().set_index("parameter")
    trained = [name for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)]
    assert list(table) == trained
    for name in trained:
        before, after = (ALIGNERS[name].preset(preset).parameters for preset in ("published", "small"))
        assert table.loc["n_epochs", name] == f"{before['n_epochs']} \u2192 {after['n_epochs']}"
        assert table.loc["iterative_start", name] == "never"
    assert table.loc["dropout", "eva"] == "" and table.loc["dropout", "meaformer"] == "0.1"


def test_gains_side_by_side():
    made = rows(hits=(0.5, 0.5)) + rows(state=1, hits=(0.6, 0.6))
    made += rows(miner="mutual", hits=(0.4, 0.4)) + rows(miner="mutual", state=1, hits=(0.5, 0.5))
    made += rows(miner="pivot", hits=(0.2, 0.2))
    table = gain_table(crossed(store.table_of(made), [TASK]), ("pivot", "mutual", "true links"))
    assert table["pair"].tolist() == [TASK, "all"]
    for row in table.to_dict("records"):
        assert row["over pivot"] == "+30.0" and row["over mutual"].startswith("+10.0 [10.0, 10.0")
        assert row["over true links"] == ""


def test_added_seeds_are_judged_afterwards(planted):
    task = planted[0]
    right, wrong = task.links[:3], np.column_stack([task.links[3:5, 0], task.links[4:6, 1]])
    rounds = [AddedSeeds(5, np.concatenate([right, wrong]), wrong[:1]), AddedSeeds(9, right, wrong[:0])]
    table = added_table(rounds, task)
    assert table["added"].tolist() == [5, 3] and table["right"].tolist() == [pytest.approx(0.6), 1.0]
    assert table["removed"].tolist() == [1, 0] and table["removed right"].iloc[0] == 0
    assert np.isnan(table["removed right"].iloc[1])
    assert np.isnan(added_table(rounds, task.without_links())["right"]).all()


def test_supervised_runs_learn_from_what_is_not_asked(planted_task, monkeypatch):
    task, features = planted_task

    class Given:
        settings, modalities = "-", ("image",)

        def features(self, task):
            return features

    monkeypatch.setattr(supervised, "load_task", lambda name: task)
    trained_on = []
    fit = ALIGNERS["eva"].fit
    monkeypatch.setattr(
        ALIGNERS["eva"], "fit", lambda self, t, f, seeds: trained_on.append(seeds) or fit(self, t, f, seeds)
    )
    made = list(supervised.supervised_rows("dbp15k/fr_en", "eva", Given(), preset="small", random_state=0))
    assert {row["protocol"] for row in made} == {"peer"} and {row["miner"] for row in made} == {"supervised"}
    n = len(trained_on[0])
    assert n == len(task.links) - round(0.7 * len(task.links)) == made[0]["n_seeds"]
    asked = task.links[n:]
    assert not set(map(tuple, trained_on[0].pairs.tolist())) & set(map(tuple, asked.tolist()))
    table = supervised.supervised_table(store.table_of(made))
    assert table["published"].tolist() == [supervised.PUBLISHED["eva"]["dbp15k/fr_en"]]
    assert crossed(store.table_of(made), ["dbp15k/fr_en"]).empty, "no table of the study shows them"
