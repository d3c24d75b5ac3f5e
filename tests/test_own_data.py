"""A pair of one's own from files to links, on the command line, with the examples of the project."""

import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import psqe
from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.datasets.layouts import check_folder, layout_of
from psqe.errors import DataError

EXAMPLES = Path(__file__).parents[1] / "examples"
ARRAYS = ("--features", "f.npz", "--n-seeds", "20")


@pytest.fixture
def pair(tmp_path, monkeypatch) -> Path:
    """A copy of the example, and vectors that know the links but for some noise, in a folder to work in."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES / "countries", "mine")
    task = load_task("mine")
    rng = np.random.default_rng(0)
    sides = [rng.normal(size=(graph.n_entities, 8)) for graph in (task.left, task.right)]
    sides[1][task.links[:, 1]] = sides[0][task.links[:, 0]] + 0.1 * rng.normal(size=(len(task.links), 8))
    entities = {f"{side}_entities": np.array(task.sides[side].entities) for side in ("left", "right")}
    np.savez("f.npz", some_left=sides[0], some_right=sides[1], **entities)
    return Path("mine")


def test_the_examples_are_right_and_say_the_same():
    tables, statements = (load_task(EXAMPLES / name) for name in ("countries", "countries-rdf"))
    for name in ("countries", "countries-rdf"):
        assert not check_folder(EXAMPLES / name)
    for side in ("left", "right"):
        one, other = tables.sides[side], statements.sides[side]
        assert sorted(filter(None, one.names)) == sorted(filter(None, other.names))
        assert len(one.triples) == len(other.triples) and len(one.candidates) == len(other.candidates) == 59
        assert sum(map(bool, one.images)) == 59 and not any(other.images)
    assert len(tables.links) == len(statements.links) == 51


def test_from_a_folder_to_links(pair, capsys):
    main(["seeds", "mine", *ARRAYS, "--out", "seeds.tsv", "--json", "audit.json"])
    where = ["--seeds", "seeds.tsv", "--aligner", "mclea", "--threshold", "auto"]
    assert main(["align", "mine", *ARRAYS[:2], *where]) == 0
    assert "links from 20 seeds" in capsys.readouterr().out
    links = pd.read_csv("links.tsv", sep="\t")
    assert list(links) == ["left", "right", "score", "confidence", "rank_margin"]
    gold = set(map(tuple, pd.read_csv("mine/links.tsv", sep="\t").to_numpy()))
    assert links["confidence"].between(0, 1).all() and links["confidence"].is_monotonic_decreasing
    assert np.mean([tuple(pair) in gold for pair in links[["left", "right"]].to_numpy()]) > 0.8


def test_the_true_links_are_never_written_over(pair, capsys):
    before = (pair / "links.tsv").read_bytes()
    assert main(["align", "mine", *ARRAYS, "--out", "mine/links.tsv"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "links.tsv is a file of" in line and "such as mine/psqe-links.tsv" in line
    assert (pair / "links.tsv").read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o400)
    with pytest.raises(DataError, match="closed: cannot be read; make the folder readable"):
        layout_of(tmp_path / "closed")


def test_numbers_alone_link_something_and_gold_links_choose_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path))
    found = psqe.align(EXAMPLES / "countries", features=["number"])
    assert 0 < len(found.links) <= 59 and found.quality["links"]["n_gold"] == 51
    assert 0 <= found.quality["links"]["n_correct"] <= len(found.links)
    assert 0 < found.links["confidence"].sum() <= len(found.links)
    again = psqe.align(EXAMPLES / "countries", features=["number"])
    pd.testing.assert_frame_equal(again.links, found.links)
    shutil.copytree(EXAMPLES / "countries", tmp_path / "blind")
    (tmp_path / "blind" / "links.tsv").unlink()
    blind = psqe.align(tmp_path / "blind", features=["number"])
    assert blind.quality is None
    pd.testing.assert_frame_equal(blind.links, found.links)
