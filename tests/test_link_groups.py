"""Groups of links with respect to seeds, and the numbers of each group, against slow, plain recomputation."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import Table, tiny

from psqe.errors import ParameterError
from psqe.evaluation import Regions, evaluate, link_groups, query_groups
from psqe.similarity import matched

LEFT, RIGHT = 6, 5
DIRECTIONS = {"l2r": 0, "r2l": 1}
PAIR = st.tuples(st.integers(0, LEFT - 1), st.integers(0, RIGHT - 1))
SEEDS = st.lists(PAIR, max_size=8, unique=True).map(
    lambda pairs: np.array(pairs, dtype=np.int64).reshape(-1, 2)
)
LINKS = st.lists(PAIR, min_size=1, max_size=12, unique=True).map(lambda pairs: np.array(pairs))
"""Gold links, several of an entity among them."""


def group_of_link(link: tuple[int, int], seeds: list[tuple[int, int]]) -> str:
    if link in seeds:
        return "seeds"
    return "wrong" if any(link[0] == left or link[1] == right for left, right in seeds) else "free"


def group_of_query(query: int, column: int, links, seeds) -> str:
    groups = [group_of_link(link, seeds) for link in links if link[column] == query]
    if "seeds" in groups:
        return "seeds"
    return "free" if set(groups) == {"free"} else "wrong"


def tuples(pairs: np.ndarray) -> list[tuple[int, int]]:
    return [(left, right) for left, right in pairs.tolist()]


@settings(max_examples=100, deadline=None)
@given(LINKS, SEEDS)
def test_groups_by_the_definition(links, seeds):
    masks = link_groups(links, seeds)
    for i, link in enumerate(tuples(links)):
        assert [name for name, mask in masks.items() if mask[i]] == [group_of_link(link, tuples(seeds))]
    for column in range(2):
        queries = np.unique(links[:, column])
        masks = query_groups(queries, links, seeds, column)
        for i, query in enumerate(queries.tolist()):
            wanted = group_of_query(query, column, tuples(links), tuples(seeds))
            assert [name for name, mask in masks.items() if mask[i]] == [wanted]


def plain_rank(row: np.ndarray, asked: set[int], true: set[int]) -> float:
    """The realistic rank of the best answer that is asked for, the other true ones left out."""
    best = max(row[j] for j in asked)
    others = [row[j] for j in range(len(row)) if j not in true]
    return 1 + sum(x > best + 1e-6 for x in others) + sum(abs(x - best) <= 1e-6 for x in others) / 2


def plain_numbers(ranks: list[float]) -> dict[str, float | None]:
    if not ranks:
        return dict.fromkeys(("hits@1", "hits@5", "hits@10", "mrr"))
    hits = {f"hits@{k}": sum(rank <= k for rank in ranks) / len(ranks) for k in (1, 5, 10)}
    return {**hits, "mrr": sum(1 / rank for rank in ranks) / len(ranks)}


def scored(table: np.ndarray):
    return lambda rows, columns: Table(table[np.ix_(rows, columns)])


SCORES = st.lists(st.integers(-3, 3), min_size=LEFT * RIGHT, max_size=LEFT * RIGHT).map(
    lambda values: np.array(values, dtype=np.float32).reshape(LEFT, RIGHT) / 4
)


@settings(max_examples=60, deadline=None)
@given(LINKS, SEEDS, SEEDS, SCORES)
def test_every_number_of_every_group_by_plain_recomputation(links, seeds, others, scores):
    task = replace(tiny(LEFT, RIGHT)[0], links=links)
    compared = np.concatenate([seeds, others])
    report = evaluate(task, scored(scores), seeds=seeds, compared=compared)
    json.dumps(report, allow_nan=False)
    last = tuples(links)[len(links) - round(0.7 * len(links)) :]
    peers = [sorted({link[column] for link in last}) for column in range(2)]
    for direction, column in DIRECTIONS.items():
        for protocol in ("full", "peer"):
            tested = tuples(links) if protocol == "full" else last
            left, right = (list(range(LEFT)), list(range(RIGHT))) if protocol == "full" else peers
            table = scores[np.ix_(left, right)]
            if protocol == "peer" and tested:
                table = matched(Table(table), "csls", csls_k=3).rows(0, len(left))
            table, own, other = (table.T, right, left) if column else (table, left, right)
            ranks: dict[str, list[float]] = {
                name: [] for name in ("all", "seeds", "wrong", "free", "free_of_all")
            }
            for query in dict.fromkeys(link[column] for link in tested):
                asked = {other.index(link[1 - column]) for link in tested if link[column] == query}
                true = {
                    other.index(link[1 - column])
                    for link in tuples(links)
                    if link[column] == query and link[1 - column] in other
                }
                rank = plain_rank(table[own.index(query)], asked, true)
                ranks["all"].append(rank)
                ranks[group_of_query(query, column, tuples(links), tuples(seeds))].append(rank)
                if group_of_query(query, column, tuples(links), tuples(compared)) == "free":
                    ranks["free_of_all"].append(rank)
            for group, found in ranks.items():
                entry = report["metrics" if group == "all" else f"metrics_{group}"][direction][protocol]
                assert entry == pytest.approx(plain_numbers(found))
                assert report["n_queries"][direction][protocol][group] == len(found)


@pytest.mark.parametrize("matching", ["cosine", "csls", "sinkhorn"])
def test_seeds_change_no_number_about_all_links(planted, matching):
    task, _ = planted
    rng = np.random.default_rng(0)
    table = rng.standard_normal((task.left.n_entities, task.right.n_entities)).astype(np.float32)
    table /= np.abs(table).max()
    plain = evaluate(task, scored(table), matching=matching)
    with_seeds = evaluate(task, scored(table), matching=matching, seeds=task.links[::3])
    assert all(plain[f"metrics_{group}"] is None for group in ("free", "seeds", "wrong", "free_of_all"))
    assert plain["metrics"] == with_seeds["metrics"] and plain["ties"] == with_seeds["ties"]
    assert plain["n_queries"]["l2r"]["full"] == {
        "all": len(task.links), "free": None, "seeds": None, "wrong": None, "free_of_all": None
    }  # fmt: skip


def test_without_a_seed_every_link_is_free(planted):
    task, _ = planted
    table = np.random.default_rng(1).random((task.left.n_entities, task.right.n_entities), dtype=np.float32)
    nothing = np.empty((0, 2), dtype=np.int64)
    report = evaluate(task, scored(table), seeds=nothing, compared=nothing)
    assert report["metrics_free"] == report["metrics_free_of_all"] == report["metrics"]
    empty = dict.fromkeys(("hits@1", "hits@5", "hits@10", "mrr"))
    assert report["metrics_seeds"] == report["metrics_wrong"] == {
        direction: {"full": empty, "peer": empty} for direction in DIRECTIONS
    }  # fmt: skip
    counts = report["n_queries"]["r2l"]["full"]
    assert (
        counts["free"] == counts["free_of_all"] == counts["all"] and counts["seeds"] == counts["wrong"] == 0
    )


def test_free_links_by_region():
    """Left 0 to 3 answer correctly except 2. Link 0 is a seed; of region b, all links are seeds or wrong."""
    task = tiny(6, 6, links=True)[0]
    table = np.eye(6, dtype=np.float32)
    table[2, 3] = 2
    regions = Regions("semantic", ("a", "b"), np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1, 1]))
    report = evaluate(
        task,
        scored(table),
        regions={"semantic": regions},
        seeds=np.array([[0, 0], [4, 5]]),
        compared=np.array([[0, 0], [4, 5], [1, 2]]),
    )
    found = report["regions"]["semantic"]
    # From the left 1 of 3 free queries fails, and from the right the favourite of left 2 fails.
    assert found["a"] == pytest.approx(
        {
            "n": 4,
            "hits@1": 3 / 4,
            "n_free": 3,
            "hits@1_free": 2 / 3,
            "n_free_of_all": 1,
            "hits@1_free_of_all": 1 / 2,
        }
    )
    assert found["b"]["n_free"] == found["b"]["n_free_of_all"] == 0
    assert found["b"]["hits@1"] == 1
    assert found["b"]["hits@1_free"] is found["b"]["hits@1_free_of_all"] is None


def test_one_protocol_alone(planted):
    task, _ = planted
    table = np.random.default_rng(2).random((task.left.n_entities, task.right.n_entities), dtype=np.float32)
    both = evaluate(task, scored(table), seeds=task.links[:9])
    for protocol in ("full", "peer"):
        one = evaluate(task, scored(table), seeds=task.links[:9], protocols=[protocol])
        for name in ("metrics", "metrics_free", "metrics_seeds", "metrics_wrong", "n_queries"):
            assert one[name] == {d: {protocol: both[name][d][protocol]} for d in DIRECTIONS}
        assert one["ties"] == (both["ties"] if protocol == "full" else None)


def test_scores_are_asked_for_once_in_each_protocol(planted):
    task, _ = planted
    asked = []

    def scorer(rows, columns):
        asked.append((len(rows), len(columns)))
        return Table(np.eye(max(asked[-1]), dtype=np.float32)[: len(rows), : len(columns)])

    evaluate(task, scorer, seeds=task.links[:9], compared=task.links[:12])
    assert len(asked) == 2
    evaluate(task, scorer, seeds=task.links[:9], protocols=("full",))
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocols": ["ful"]}, "no protocol 'ful'.*full, peer"),
        ({"protocols": []}, "no protocol is given"),
        ({"protocols": "full"}, "the protocols cannot be 'full'; give a list"),
        ({"protocols": None}, "the protocols cannot be None; give a list"),
        ({"protocols": iter(["full"])}, "the protocols cannot be .*; give a list"),
        ({"seeds": 5}, "the seeds cannot be 5; give an array or a list of pairs"),
        ({"seeds": [(0, 0), (1,)]}, r"row 1 \(from 0\) of the seeds is \[1\] and not 2 whole numbers"),
        ({"compared": np.array([1, 2])}, r"argument compared have the shape \(2,\) instead of \(n, 2\)"),
        ({"seeds": [[0, 0], [0.5, np.nan]]}, r"row 1 \(from 0\) of the seeds is \[0.5, nan\]"),
        ({"seeds": [[True, False]]}, r"row 0 .* \[True, False\] and not"),
        ({"seeds": np.array([[True, False]])}, r"row 0 .* \[True, False\] and not"),
        ({"seeds": np.array([["0", "1"]])}, "row 0 .* '1'. and not 2 whole numbers"),
        ({"seeds": [(0, 1), (0, 3)]}, "the seeds have the right entity 3, and .* from 0 to 2"),
        ({"compared": np.array([[-1, 1]])}, "compared have the left entity -1, and .* from 0 to 2"),
        ({"regions": [[0, 1, 2]]}, r"one of the regions cannot be \[0, 1, 2\]; give Regions"),
        ({"regions": "degree"}, "regions cannot be 'degree'; give Regions"),
        ({"regions": [Regions.from_labels("x", "aab", "aab")] * 2}, "two of the regions have the kind 'x'"),
        ({"regions": Regions.from_labels("x", "aab", "a")}, "right regions by x are those of 1 entities"),
        (
            {"seeds": np.array([[0, 0], [1, 1]]), "compared": np.array([[0, 0]])},
            "2 entities of the seeds are in none of the seed sets that are compared",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_an_error(options, message):
    task, _ = tiny(3, 3, links=True)
    with pytest.raises(ParameterError, match=message):
        evaluate(task, scored(np.eye(3, dtype=np.float32)), **options)


def test_regions_need_the_protocol_that_they_are_about():
    task, _ = tiny(2, 2, links=True)
    regions = {"degree": Regions("degree", ("low",), np.zeros(2, int), np.zeros(2, int))}
    with pytest.raises(ParameterError, match="protocol 'full'"):
        evaluate(task, scored(np.eye(2, dtype=np.float32)), regions=regions, protocols=["peer"])


def test_lists_of_pairs_are_as_good_as_arrays():
    """Lists, tuples, data frames and whole floats mean what an integer array means."""
    task, _ = tiny(4, 4, links=True)
    scorer = scored(np.eye(4, dtype=np.float32))
    wanted = evaluate(task, scorer, seeds=np.array([[0, 0], [1, 2]]))
    for seeds in ([(0, 0), [1, 2]], pd.DataFrame({"l": [0, 1], "r": [0, 2]}), np.array([[0.0, 0], [1, 2]])):
        assert evaluate(task, scorer, seeds=seeds) == wanted
        masks = link_groups([(0, 0), (1, 1), (3, 3)], seeds)
        assert [mask.tolist() for mask in masks.values()] == np.eye(3, dtype=bool).tolist()
    assert evaluate(task, scorer, seeds=zip([0, 1], [0, 2], strict=True)) == wanted
    assert query_groups([0, 3], [(0, 0), (3, 3)], [], 0)["free"].all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, []), "the links cannot be None; give an array or a list of pairs"),
        (([(0, 0)], {0: 0}), "the seeds cannot be {0: 0}; give"),
        (([("Rome", "Roma")], []), r"row 0 \(from 0\) of the links is \['Rome', 'Roma'\] and not"),
        (([[0, 1, 2], [0, 1, 2]], []), r"the links have the shape \(2, 3\) instead of \(n, 2\)"),
    ],
)
def test_what_is_no_list_of_pairs_is_an_error(arguments, message):
    with pytest.raises(ParameterError, match=message):
        link_groups(*arguments)
    with pytest.raises(ParameterError, match="column is 2; give 0"):
        query_groups([0], [(0, 0)], [], 2)


def test_regions_by_labels_alone_in_a_list_or_by_name():
    task, _ = tiny(2, 2, links=True)
    regions = Regions.from_labels("country", ["it", "fr"], ["it", None])
    scorer = scored(np.eye(2, dtype=np.float32))
    found = [evaluate(task, scorer, regions=given) for given in (regions, [regions], {"country": regions})]
    assert found[0] == found[1] == found[2]
    assert {name: row["n"] for name, row in found[0]["regions"]["country"].items()} == {"fr": 1, "it": 1}
    for left in ([0, 2], [0.5, 0], [0, None]):
        with pytest.raises(ParameterError, match=r"left regions by x .*; give the number of a region"):
            Regions("x", ("a", "b"), left, [0, 1])


def test_a_task_and_a_scorer_are_asked_for():
    task, _ = tiny(2, 2, links=True)
    with pytest.raises(ParameterError, match="the task cannot be 'emoji/en-fr'; give an AlignmentTask"):
        evaluate("emoji/en-fr", scored(np.eye(2, dtype=np.float32)))
    with pytest.raises(ParameterError, match="the scorer cannot be None; give a function"):
        evaluate(task, None)
