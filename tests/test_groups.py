"""Several sources: groups agree with the truth, hold each source once, and depend on no identifier."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psqe
from psqe.cli.main import main
from psqe.datasets.one_graph import load_graph
from psqe.datasets.planted_groups import planted_sources
from psqe.errors import DataError, ParameterError
from psqe.graph import KnowledgeGraph
from psqe.groups.joining import join_pairs, member_confidence

COUNTRIES = Path(__file__).parents[1] / "examples" / "countries"
Pairs = set[frozenset[tuple[str, str]]]


def pairs_of(found: psqe.Groups) -> Pairs:
    """The pairs of entities, each with its source, that are in one group."""
    return {
        frozenset(pair)
        for _, group in found.groups.groupby("group")
        for pair in combinations(zip(group["source"], group["entity"], strict=True), 2)
    }


@pytest.fixture(scope="module")
def planted() -> tuple[list[KnowledgeGraph], psqe.Groups]:
    graphs, _ = planted_sources(3, 80, noise=0.4, random_state=1)
    return graphs, psqe.align_all(graphs)


def test_groups_find_most_planted_entities_and_have_one_of_each_source(
    planted: tuple[list[KnowledgeGraph], psqe.Groups],
) -> None:
    graphs, found = planted
    hidden = [{entity.partition(":")[2]: entity for entity in graph.entities} for graph in graphs]
    true: Pairs = {
        frozenset([(graphs[i].name, hidden[i][key]), (graphs[j].name, hidden[j][key])])
        for i, j in combinations(range(3), 2)
        for key in hidden[i].keys() & hidden[j].keys()
    }
    predicted = pairs_of(found)
    assert len(predicted & true) > 0.9 * len(predicted)
    assert len(predicted & true) > 0.9 * len(true)
    assert not found.groups.duplicated(["group", "source"]).any()
    assert not found.groups.duplicated(["source", "entity"]).any()
    assert len(found.groups) + len(found.alone) == sum(len(graph.candidates) for graph in graphs)


def test_groups_do_not_depend_on_identifiers_and_the_order_of_rows(
    planted: tuple[list[KnowledgeGraph], psqe.Groups],
) -> None:
    graphs, found = planted
    rng = np.random.default_rng(0)
    mixed: list[KnowledgeGraph] = []
    old: dict[tuple[str, str], str] = {}
    for graph in graphs:
        other = graph.take(rng.permutation(graph.n_entities))
        labels = tuple(map(str, rng.permutation(graph.n_entities)))
        old |= {(graph.name, new): entity for new, entity in zip(labels, other.entities, strict=True)}
        mixed.append(replace(other, entities=labels))
    again = psqe.align_all(mixed)
    assert {
        frozenset((source, old[source, entity]) for source, entity in pair) for pair in pairs_of(again)
    } == pairs_of(found)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_group_has_a_source_twice_and_strong_pairs_are_joined_first(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 9))
    source = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    possible = [(a, b) for a, b in combinations(range(n), 2) if source[a] != source[b]]
    chosen = data.draw(st.lists(st.sampled_from(possible), unique=True)) if possible else []
    values = data.draw(st.lists(st.floats(0, 1), min_size=len(chosen), max_size=len(chosen), unique=True))
    order = np.argsort(values)[::-1]
    pairs = np.array(chosen, dtype=np.int64).reshape(-1, 2)[order]
    confidence = np.array(values, dtype=float)[order]
    groups = join_pairs(n, pairs, confidence, source=source)
    for group in groups:
        assert len({source[i] for i in group}) == len(group) > 1
    if len(pairs):
        assert any({*pairs[0].tolist()} <= {*group} for group in groups)
    for shares in member_confidence(groups, n, pairs, confidence):
        assert all(0 <= share <= 1 for share in shares)


def test_one_strong_pair_does_not_join_two_groups_by_average_linkage() -> None:
    inner = [(a, b) for group in ((0, 1, 2), (3, 4, 5)) for a, b in combinations(group, 2)]
    pairs, confidence = np.array([*inner, (2, 3)]), np.array([*[0.9] * 6, 0.8])
    assert join_pairs(6, pairs, confidence, least=0.5) == [[0, 1, 2], [3, 4, 5]]
    assert join_pairs(6, pairs, confidence) == [[0, 1, 2, 3, 4, 5]]


def test_confidence_falls_along_a_path() -> None:
    pairs, confidence = np.array([[0, 1], [1, 2]]), np.array([0.8, 0.5])
    (shares,) = member_confidence([[0, 1, 2]], 3, pairs, confidence)
    assert np.allclose(shares, [(0.8 + 0.4) / 2, (0.8 + 0.5) / 2, (0.5 + 0.4) / 2])


def test_sources_that_share_nothing_are_joined_through_a_third(
    planted: tuple[list[KnowledgeGraph], psqe.Groups],
) -> None:
    one, both, two = planted[0]
    one = replace(one, vectors={"image": one.vectors["image"]})
    two = replace(two, vectors={"attribute": two.vectors["attribute"]})
    found = psqe.align_all([replace(graph, triples=graph.triples[:0]) for graph in (one, both, two)])
    assert f"{one.name} and {two.name} are not compared" in found.choices
    assert found.groups.groupby("group")["source"].agg({one.name, two.name}.issubset).sum() > 20


def test_the_command_writes_groups_and_says_what_is_in_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [str(COUNTRIES / side) for side in ("left", "right")]
    assert main(["align-all", *folders, "--modalities", "name", "--name", "a", "--name", "b"]) == 0
    assert "in no group" in capsys.readouterr().out
    table = pd.read_csv("groups.tsv", sep="\t", dtype=str)
    assert list(table.columns) == ["group", "source", "entity", "name", "confidence"]
    assert set(table["source"]) == {"a", "b"}
    assert len(table) > 60


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([COUNTRIES / "left"], "1 source given"),
        ([COUNTRIES / "left", COUNTRIES / "left"], "is given twice"),
        ([COUNTRIES, COUNTRIES / "right"], "is the folder of a pair"),
        ([COUNTRIES / "left", "nowhere"], "is not there"),
        ([COUNTRIES / "left", COUNTRIES / "right", "--name", "a"], "the names of 2 sources"),
        ([COUNTRIES / "left", COUNTRIES / "right", "--features", "x.npz"], "--features is about one pair"),
        (
            [COUNTRIES / "left", COUNTRIES / "right", "--out", COUNTRIES / "right" / "names.tsv"],
            "is a file of",
        ),
        ([COUNTRIES / "left", COUNTRIES / "right", "--out", "groups.xlsx"], "--out cannot write .xlsx"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    arguments: list[object], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["align-all", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert told in lines[-1]
    assert not list(tmp_path.iterdir())


def test_ready_vectors_and_two_names_are_refused(
    planted: tuple[list[KnowledgeGraph], psqe.Groups],
) -> None:
    one, two, _ = planted[0]
    with pytest.raises(ParameterError, match="two sources are called"):
        psqe.align_all([one, replace(two, name=one.name)])
    with pytest.raises(ParameterError, match="ready vectors"):
        psqe.align_all([one, two], features=psqe.FeatureFile(path=Path("x.npz")))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="no miner"):
        psqe.align_all([one, two], seeds="nobody")


def test_one_graph_is_read_as_the_side_of_a_pair(tmp_path: Path) -> None:
    pair = psqe.load_task(COUNTRIES)
    graph = load_graph(COUNTRIES / "left")
    assert graph.name == "left"
    assert graph.entities == pair.left.entities
    assert graph.attributes == pair.left.attributes
    assert graph.images == pair.left.images
    with pytest.raises(DataError, match="has no table of a graph"):
        load_graph(tmp_path)
    (tmp_path / "names.tsv").write_text("entity\tname\n")
    with pytest.raises(DataError):
        load_graph(tmp_path)
