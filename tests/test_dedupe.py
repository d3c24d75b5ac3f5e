"""Duplicates within one graph: most planted ones are found, none where there are none, and files are safe."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import psqe
from psqe.cli.main import main
from psqe.datasets.own_outputs import is_own_table
from psqe.datasets.planted_groups import planted_duplicates
from psqe.errors import ParameterError
from psqe.graph import IntArray, KnowledgeGraph
from psqe.groups.tail import duplicate_probability

LEFT = Path(__file__).parents[1] / "examples" / "countries" / "left"
Pairs = set[frozenset[str]]


def pairs_of(found: psqe.Duplicates) -> Pairs:
    """The pairs of entities that are in one group."""
    members = found.groups.groupby("group")["entity"]
    return {frozenset(pair) for _, entities in members for pair in combinations(entities, 2)}


def true_pairs(graph: KnowledgeGraph, hidden: IntArray) -> Pairs:
    return {
        frozenset((graph.entities[a], graph.entities[b]))
        for a, b in combinations(range(graph.n_entities), 2)
        if hidden[a] == hidden[b]
    }


@pytest.fixture(scope="module")
def planted() -> tuple[KnowledgeGraph, IntArray, psqe.Duplicates]:
    graph, hidden = planted_duplicates(150, noise=0.3, random_state=3)
    return graph, hidden, psqe.dedupe(graph)


def test_most_planted_duplicates_are_found_and_most_that_are_found_are_right(
    planted: tuple[KnowledgeGraph, IntArray, psqe.Duplicates],
) -> None:
    graph, hidden, found = planted
    true, predicted = true_pairs(graph, hidden), pairs_of(found)
    assert len(predicted & true) >= 0.9 * len(predicted)
    assert len(predicted & true) >= 0.7 * len(true)
    assert not found.groups["entity"].duplicated().any()
    assert found.pairs["confidence"].min() >= 0.5


def test_an_entity_is_never_a_duplicate_of_itself_and_a_pair_is_listed_once(
    planted: tuple[KnowledgeGraph, IntArray, psqe.Duplicates],
) -> None:
    pairs = planted[2].pairs
    assert (pairs["entity"] != pairs["duplicate"]).all()
    assert len({frozenset(pair) for pair in pairs[["entity", "duplicate"]].values}) == len(pairs)


@pytest.mark.parametrize("random_state", range(3))
def test_without_duplicates_none_are_told(random_state: int) -> None:
    graph, _ = planted_duplicates(150, doubled=0, trebled=0, random_state=random_state)
    assert len(psqe.dedupe(graph)) == 0


def test_identifiers_and_the_order_of_rows_change_nothing(
    planted: tuple[KnowledgeGraph, IntArray, psqe.Duplicates],
) -> None:
    graph, _, found = planted
    rng = np.random.default_rng(0)
    other = graph.take(rng.permutation(graph.n_entities))
    labels = tuple(map(str, rng.permutation(graph.n_entities)))
    old = dict(zip(labels, other.entities, strict=True))
    again = psqe.dedupe(replace(other, entities=labels))
    assert {frozenset(old[entity] for entity in pair) for pair in pairs_of(again)} == pairs_of(found)
    assert np.allclose(again.pairs["confidence"], found.pairs["confidence"], atol=1e-3)


def test_a_higher_threshold_leaves_fewer_pairs(
    planted: tuple[KnowledgeGraph, IntArray, psqe.Duplicates],
) -> None:
    graph, _, found = planted
    strict = psqe.dedupe(graph, threshold=0.95)
    assert 0 < len(strict.pairs) < len(found.pairs)
    assert strict.pairs["confidence"].min() >= 0.95


def test_probabilities_rise_with_scores_and_need_scores_that_differ() -> None:
    scores = np.random.default_rng(0).standard_normal(4950)
    found = duplicate_probability(scores, 100)
    assert found is not None
    assert (np.diff(found[np.argsort(scores)]) >= 0).all()
    assert duplicate_probability(np.zeros(4950), 100) is None
    assert duplicate_probability(scores[:45], 10) is None


@pytest.mark.filterwarnings("ignore:.*have the name")
def test_equal_names_and_few_entities_are_told_apart_by_nothing() -> None:
    equal = psqe.dedupe({"names": [(str(i), "thing") for i in range(50)]})
    assert len(equal) == 0
    assert "50 entities not compared, because nothing tells them from others" in equal.choices
    assert len(psqe.dedupe({"names": [("1", "Rome")]})) == 0


def test_many_copies_of_each_entity_are_one_group_each() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 12)) for _ in range(60)]
    found = psqe.dedupe({"names": [(f"{i}-{k}", word) for i, word in enumerate(words) for k in range(10)]})
    sizes = found.groups.groupby("group")["name"].agg(["size", "nunique"])
    assert (len(sizes), {*sizes["size"]}, {*sizes["nunique"]}) == (60, {10}, {1})


@pytest.mark.filterwarnings("ignore:.*markup")
def test_the_command_writes_groups_and_pairs_with_hostile_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), 9)) for _ in range(80)]
    rows = {f"{i:03}": word for i, word in enumerate(words)}
    rows |= {"=1+1": f"<b>{words[0]}</b>", "0e5": f'{words[1]} "x"', "100": words[2]}
    folder = tmp_path / "graph"
    folder.mkdir()
    table = "".join(f'"{entity}","{name.replace(chr(34), chr(34) * 2)}"\n' for entity, name in rows.items())
    (folder / "names.csv").write_text(f"entity,name\n{table}")
    out, pairs = folder / "psqe-found.tsv", tmp_path / "pairs.tsv"
    assert main(["dedupe", str(folder), "--out", str(out), "--pairs", str(pairs)]) == 0
    assert "pairs of duplicates" in capsys.readouterr().out
    groups = pd.read_csv(out, sep="\t", dtype=str, keep_default_na=False)
    assert list(groups.columns) == ["group", "entity", "name", "confidence"]
    assert {"002", "100"} in [{*own} for own in groups.groupby("group")["entity"].agg(list)]
    assert is_own_table(out)
    assert is_own_table(pairs)
    assert len(psqe.dedupe(folder)) == groups["group"].nunique()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "is not there"),
        ([LEFT.parent], "is the folder of a pair"),
        ([LEFT / "names.tsv"], "is a file and no folder"),
        ([LEFT, "--threshold", "0"], "the threshold is 0.0"),
        ([LEFT, "--modalities", "smell"], "smell"),
        ([LEFT, "--out", LEFT / "names.tsv"], "is a file of"),
        ([LEFT, "--out", LEFT / "images" / "groups.tsv"], "would be read"),
        ([LEFT, "--out", "x.tsv", "--pairs", "x.tsv"], "is the file of two outputs"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    arguments: list[object], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["dedupe", *map(str, arguments)]) == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_a_graph_without_evidence_and_ready_vectors_are_refused() -> None:
    bare = KnowledgeGraph("bare", ("1", "2"), (), np.empty((0, 3), dtype=np.int64))
    with pytest.raises(ParameterError, match="nothing that its entities can be compared by"):
        psqe.dedupe(bare)
    with pytest.raises(ParameterError, match="ready vectors"):
        psqe.dedupe(bare, features=psqe.FeatureFile(path=Path("x.npz")))  # type: ignore[arg-type]
