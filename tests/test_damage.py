"""Damage on purpose: it does what it says, to a share, and does not depend on ids, order or gold links."""

from dataclasses import replace

import numpy as np
import pytest

from psqe.datasets.damage import COPY, DAMAGES, HUB, damaged
from psqe.datasets.pairs import load_pair
from psqe.errors import DataError, ParameterError
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.options import FeatureOptions, MinerOptions, TaskOptions
from psqe.study.run import run
from psqe.study.spec import RunSpec

PAIR = load_pair("examples/countries")


def by_name(task):
    """What a pair says about each right entity, without its identifier and its place."""
    graph = task.right
    degree = graph.degree()
    return {
        (graph.names[i], graph.attributes[i], graph.images[i] and graph.images[i].name, int(degree[i]))
        for i in range(graph.n_entities)
    }


def shuffled(task, seed):
    """The same pair with other ids, in another order."""
    rng = np.random.default_rng(seed)
    task = task.take(rng.permutation(task.left.n_entities), rng.permutation(task.right.n_entities))
    return replace(
        task, **{
            side: replace(graph, entities=tuple(f"{seed}-{rng.integers(2**60)}" for _ in graph.entities))
            for side, graph in (("left", task.left), ("right", task.right))
        }
    )  # fmt: skip


def pictures(graph):
    return [graph.images[i] for i in graph.candidates if graph.images[i] is not None]


@pytest.mark.parametrize("kind", DAMAGES)
def test_no_damage_changes_nothing_but_the_parameters(kind):
    whole = damaged(PAIR, {kind: 0.0})
    assert by_name(whole) == (by_name(PAIR) | {(None, (), None, 0)} if kind == "hub" else by_name(PAIR))
    assert whole.parameters["damage"] == {kind: 0.0}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_depends_neither_on_ids_nor_on_the_order_of_rows(kind):
    damage = {kind: 0.4}
    assert by_name(damaged(PAIR, damage)) == by_name(damaged(shuffled(PAIR, 7), damage))
    assert by_name(damaged(PAIR, damage)) != by_name(PAIR)


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_does_not_read_gold_links_and_is_drawn_by_the_random_state(kind):
    damage = {kind: 0.4}
    known = damaged(PAIR, damage)
    assert by_name(known) == by_name(damaged(replace(PAIR, links=None), damage))
    assert by_name(known) != by_name(damaged(PAIR, damage, random_state=1)) or kind == "hub"


def test_missing_pictures_are_missing_on_both_sides_and_a_larger_share_contains_a_smaller_one():
    some, more = (damaged(PAIR, {"missing pictures": share}) for share in (0.3, 0.6))
    for side in ("left", "right"):
        before, few, fewer = (set(pictures(getattr(task, side))) for task in (PAIR, some, more))
        assert len(few) == len(before) - round(0.3 * len(before))
        assert fewer < few < before


def test_exchanged_pictures_are_those_of_others_and_none_is_lost():
    mixed = damaged(PAIR, {"exchanged pictures": 1.0}).right
    assert sorted(map(str, pictures(mixed))) == sorted(map(str, pictures(PAIR.right)))
    assert all(a != b for a, b in zip(mixed.images, PAIR.right.images, strict=True) if b is not None)


def test_typos_change_about_the_share_of_texts_and_leave_none_empty():
    rough = damaged(PAIR, {"typos": 0.3}).right
    texts = [(a, b) for a, b in zip(PAIR.right.names, rough.names, strict=True) if a]
    assert all(b for _, b in texts)
    assert 0.5 < np.mean([a != b for a, b in texts]) <= 1
    assert [a for a, _ in rough.attributes[0]] == [a for a, _ in PAIR.right.attributes[0]]
    assert damaged(PAIR, {"typos": 0.3}).left is PAIR.left


def test_a_duplicate_has_all_that_its_original_has_and_is_a_true_counterpart():
    twice = damaged(PAIR, {"duplicates": 1.0})
    graph, n = twice.right, len(PAIR.right.candidates)
    assert len(graph.candidates) == 2 * n and len(twice.links) == 2 * len(PAIR.links)
    index = {name: i for i, name in enumerate(graph.entities)}
    original = PAIR.right.candidates[0]
    copy = index[f"{graph.entities[original]}{COPY}"]
    assert graph.attributes[copy] == graph.attributes[original]
    assert graph.images[copy] == graph.images[original]
    assert graph.degree()[copy] >= PAIR.right.degree()[original]
    assert len(set(graph.ids.tolist())) == graph.n_entities


def test_a_hub_is_connected_with_the_share_of_the_entities_and_is_no_candidate():
    tied = damaged(PAIR, {"hub": 0.5})
    for before, graph in zip(PAIR.sides, tied.sides, strict=True):
        hub = graph.entities.index(HUB)
        assert graph.degree()[hub] == round(0.5 * before.n_entities)
        assert hub not in graph.candidates


@pytest.mark.parametrize(
    ("damage", "fault", "remedy"),
    [
        ({"fire": 0.1}, "no kind of damage 'fire'", "missing pictures"),
        ({"typos": 1.5}, "share of 'typos' is 1.5", "from 0 to 1"),
    ],
)
def test_damage_that_there_is_not_is_refused(damage, fault, remedy):
    with pytest.raises(ParameterError, match=fault) as error:
        damaged(PAIR, damage)
    assert remedy in error.value.remedy


@pytest.mark.parametrize("kind", ["missing pictures", "exchanged pictures", "typos"])
def test_a_pair_that_lacks_what_would_be_damaged_is_refused(kind):
    bare = KnowledgeGraph("bare", ("a",), (), [])
    with pytest.raises(DataError, match="graph 'bare' has"):
        damaged(AlignmentTask("bare", bare, bare), {kind: 0.5})


@pytest.mark.parametrize(("kind", "share"), [("duplicates", 0.001), ("exchanged pictures", 0.02)])
def test_a_share_that_would_damage_nothing_is_refused(kind, share):
    with pytest.raises(DataError, match=r"which is too few to damage; give a share of at least 0\.0"):
        damaged(PAIR, {kind: share})
    assert damaged(PAIR, {kind: 0.0}).right.entities == PAIR.right.entities


def test_a_run_on_a_damaged_pair_says_so_and_no_other_subject_takes_it():
    options = TaskOptions(name="examples/countries", damage={"typos": 0.2})
    features = FeatureOptions(modalities=("name",), encoders={"name": "bigram"})
    spec = RunSpec(
        subject="damaged", task=options, features=features, miner=MinerOptions(name="mutual", n_seeds=10)
    )
    result = run(spec)
    assert {row["links"] for row in result.rows} == {"all", "free"}
    assert result.rows[0]["seeds_found"] == 10
    assert spec.columns["damage"] == '{"typos":0.2}'
    assert RunSpec.from_json(spec.json_text) == spec
    with pytest.raises(ParameterError, match="the pair is damaged"):
        run(spec.replace(subject="alignment"))
