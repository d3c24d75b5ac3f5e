"""The study of links and of the answer none: what is measured, what is kept, what is shown."""

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from psqe.datasets.synthetic import planted_pair
from psqe.errors import PsqeError
from psqe.evaluation import feature_scorer
from psqe.links.predict import predict_links
from psqe.links.quality import link_quality
from psqe.links.rules import LinkRule
from psqe.study import linking
from psqe.study.benchmarks import view
from psqe.study.linking import COLUMNS, KEY, THRESHOLDS, cut, link_rows, put, read


@pytest.fixture
def planted_task(monkeypatch):
    """A planted pair with dangling entities in place of every task."""
    pair = planted_pair(60, 3, 8, noise=0.6, dangling=0.15, random_state=0)
    monkeypatch.setattr(linking, "study_pair", lambda name, state: (*pair, view("name")))
    monkeypatch.setattr(linking, "N_SEEDS", {"emoji": 12})
    return pair


def test_every_rule_and_threshold_by_plain_recomputation(planted_task):
    task, features = planted_task
    rows = list(link_rows("emoji/en-fr", 0, ["features"]))
    assert len(rows) == 3 * 2 * len(THRESHOLDS) * 3
    assert len({tuple(row[name] for name in KEY) for row in rows}) == len(rows)
    for row in rows:
        threshold = {"none": 0.0, "auto": None, "by labels": row["at"]}[row["threshold"]]
        rule = LinkRule(row["matching"], row["rule"], threshold)
        links = predict_links(task, features, feature_scorer(task, features), rule=rule)
        quality = link_quality(links.pairs, task)
        wanted = (
            quality["links"]
            if row["answer"] == "link"
            else quality["no_counterpart"][row["answer"].partition(", ")[2]]
        )
        for name in ("n", "n_right", "precision", "recall", "f1"):
            assert row[name] == wanted[name]
        assert row["expected_right"] == pytest.approx(links.confidence.sum(), rel=1e-5)
        assert row["at"] == pytest.approx(links.threshold)
        assert row["n_seeds"] == 0


def test_models_are_trained_on_seeds_of_psqe(planted_task, monkeypatch):
    mined = []

    class Miner(linking.PSQEMiner):
        def mine(self, task, features):
            mined.append((self.n_seeds, self.random_state))
            return super().mine(task, features)

    monkeypatch.setattr(linking, "PSQEMiner", Miner)
    table = pd.DataFrame(link_rows("emoji/en-fr", 3, list(linking.MODELS)))
    assert mined == [(12, 3)], "once for all models"
    assert dict(table.groupby("model")["n_seeds"].first()) == {"features": 0, "eva": 12, "propagation": 12}
    f1 = table[table["answer"] == "link"].groupby(["model", "threshold"])["f1"].mean().unstack()
    assert (f1["by labels"] >= f1[["auto", "none"]].max(axis=1)).all()


def test_the_best_threshold_is_that_of_an_exhaustive_search(planted_task):
    task, features = planted_task
    rule = LinkRule(threshold=None)
    links = predict_links(task, features, feature_scorer(task, features), rule=rule)
    pairs = linking.chosen_pairs(links)
    sure = np.concatenate([links.confidence, links.doubtful_confidence])
    assert (np.diff(sure) <= 0).all()
    f1 = {t: link_quality(pairs[sure >= t], task)["links"]["f1"] for t in sure.tolist()}
    n, at = cut(links, task, "by labels")
    assert f1[at] == pytest.approx(max(f1.values())) and n == (sure >= at).sum()
    with pytest.raises(PsqeError, match="no gold links"):
        cut(links, task.without_links(), "by labels")


def test_kept_rows_are_replaced_by_their_key(planted_task, tmp_path):
    path = tmp_path / "links.csv"
    assert read(path).empty and list(read(path)) == list(COLUMNS)
    rows = list(link_rows("emoji/en-fr", 0, ["features"]))
    put(rows, path)
    put([{**rows[0], "f1": 0.125}], path)
    table = read(path)
    assert len(table) == len(rows) and list(table) == list(COLUMNS)
    assert (table["f1"] == 0.125).sum() == 1
    put([{**row, "random_state": 1} for row in rows], path)
    assert read(path).groupby("random_state").size().tolist() == [len(rows)] * 2


def test_a_run_goes_on_where_it_stopped(planted_task, tmp_path, monkeypatch):
    monkeypatch.setattr(linking, "links_path", lambda: tmp_path / "links.csv")
    ran, rows_of = [], linking.link_rows

    def noted(name, state, models):
        ran.append((name, state, *models))
        return rows_of(name, state, models)

    monkeypatch.setattr(linking, "link_rows", noted)
    app = typer.Typer()
    app.command()(linking.main)
    for more in (["--model", "features"], ["--model", "features", "--model", "propagation"], []):
        done = CliRunner().invoke(app, ["--task", "emoji/en-fr", "--state", "2", *more])
        assert done.exit_code == 0, done.output
    assert ran == [
        ("emoji/en-fr", 2, "features"),
        ("emoji/en-fr", 2, "propagation"),
        ("emoji/en-fr", 2, "eva"),
    ]
