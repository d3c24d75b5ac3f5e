"""Seeds drawn to a set precision and coverage."""

from dataclasses import replace

import numpy as np
import pytest

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError
from psqe.evaluation.regions import semantic_regions
from psqe.evaluation.truth import n_findable
from psqe.seeds import correct, drawn_seeds, oracle_seeds, supervised_links, true_links
from psqe.seeds.failures import blame_chain, failures
from psqe.seeds.oracle import _within, evenness_shares
from psqe.theory.wrong import seed_table


@pytest.fixture(scope="module")
def pair():
    task, features = planted_pair(400, 4, 16, noise=0.4, random_state=0)
    return task, features, semantic_regions(task, features)


@pytest.mark.parametrize("precision", [0.0, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("shares", [(1, 1, 1, 1), (8, 1, 1, 0)], ids=["even", "uneven"])
def test_precision_and_shares_are_those_asked_for(pair, precision, shares):
    task, features, regions = pair
    found = drawn_seeds(task, features, regions, n_seeds=100, precision=precision, shares=shares)
    assert len(found) == 100 and len(np.unique(found.pairs[:, 1])) == 100
    counts = np.bincount(regions.left[found.pairs[:, 0]], minlength=4)
    linked = np.bincount(regions.left[task.links[:, 0]], minlength=4)
    asked = 100 * np.array(shares) / sum(shares)
    if (asked <= linked).all():
        assert np.abs(counts - asked).max() < 1
    assert (counts <= linked).all() and ((counts == 0) == (asked == 0)).all()
    assert correct(found.pairs, task).mean() == pytest.approx(precision, abs=0.02)


def test_wrong_ends_are_near_and_never_the_counterpart(pair):
    task, features, regions = pair
    found = drawn_seeds(task, features, regions, n_seeds=80, precision=0, shares=np.ones(4))
    same = regions.left[found.pairs[:, 0]] == regions.right[found.pairs[:, 1]]
    assert same.mean() > 0.6  # near by features is mostly the same region, one in four by chance
    assert not correct(found.pairs, task).any()


def test_draws_repeat_and_differ(pair):
    task, features, regions = pair
    first, again, other = (
        drawn_seeds(
            task, features, regions, n_seeds=50, precision=0.8, shares=np.ones(4), random_state=s
        ).pairs
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_full_regions_pass_their_rest_on():
    assert _within(np.array([8.0, 1.0, 1.0]), np.array([10, 100, 100]), 50).tolist() == [10, 20, 20]
    assert _within(np.array([1.0, 1.0, 1.0]), np.array([9, 9, 9]), 10).sum() == 10
    with pytest.raises(ParameterError, match="have 10 links"):
        _within(np.array([1.0, 0.0]), np.array([10, 100]), 11)


@pytest.mark.parametrize(
    ("change", "error"),
    [({"precision": 1.2}, ParameterError), ({"shares": (1, 1)}, ParameterError),
     ({"n_seeds": 399}, ParameterError), ({"shares": (-1, 1, 1, 1)}, ParameterError),
     ({"precision": 0.0, "n_nearest": 1}, DataError)],
    ids=["precision", "shares", "too many", "negative", "no free neighbour"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(pair, change, error):
    given = {"n_seeds": 60, "precision": 0.5, "shares": (1, 1, 1, 1)} | change
    with pytest.raises(error):
        drawn_seeds(*pair, **given)
    with pytest.raises(DataError, match="no gold links"):
        drawn_seeds(pair[0].without_links(), *pair[1:], n_seeds=5, precision=1, shares=np.ones(4))


def test_oracle_seeds_are_those_of_their_function(pair):
    task, features, regions = pair
    given = {"n_seeds": 40, "random_state": 2}
    shares = evenness_shares(task, features, regions, 0.5, 40)
    for name, parameters, wanted in (
        ("true links", given, true_links(task, 40, random_state=2)),
        ("supervised", {"share": 0.2}, supervised_links(task, share=0.2)),
        ("drawn", given | {"precision": 0.7, "evenness": 0.5},
         drawn_seeds(task, features, regions, precision=0.7, shares=shares, **given)),
    ):  # fmt: skip
        found = oracle_seeds(name, task, features, **parameters)
        np.testing.assert_array_equal(found.pairs, wanted.pairs)
        assert found.miner == name and found.parameters == wanted.parameters


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [("true link", {}, "no seeds 'true link'.*choose from true links, supervised, drawn"),
     ("true links", {"n": 3}, "choose from n_seeds, random_state"),
     ("true links", {}, "lacks 'n_seeds'; give n_seeds, random_state"),
     ("true links", {"n_seeds": 0}, "n_seeds is 0"), ("true links", {"n_seeds": "3"}, "n_seeds is '3'"),
     ("true links", {"n_seeds": 3, "random_state": -1}, "random_state is -1"),
     ("true links", {"n_seeds": 3, "task": 1}, "no parameter 'task'"),
     ("drawn", {"n_seeds": -9, "precision": 1.0, "evenness": 0.5}, "n_seeds is -9"),
     ("drawn", {"n_seeds": 9, "precision": "1", "evenness": 0.5}, "precision is '1'"),
     ("supervised", {"share": 2}, "share is 2"),
     ("drawn", {"n_seeds": 9, "precision": 1, "evenness": 1.5}, "evenness is 1.5")],
)  # fmt: skip
def test_unknown_oracles_and_parameters_are_errors(pair, name, parameters, message):
    with pytest.raises(ParameterError, match=message):
        oracle_seeds(name, *pair[:2], **parameters)


def test_seeds_drawn_from_several_counterparts_are_one_to_one(pair):
    task, features, regions = pair
    twins = np.column_stack([task.links[:9, 0], np.roll(task.links[:9, 1], 1)])
    task = replace(task, links=np.concatenate([twins, task.links]))
    drawn = drawn_seeds(task, features, regions, n_seeds=100, precision=0.5, shares=np.ones(4))
    assert correct(drawn.pairs, task).mean() == pytest.approx(0.5, abs=0.02)
    n = n_findable(task)
    assert correct(true_links(task, 40).pairs, task).all()
    assert correct(supervised_links(task, share=0.2).pairs, task).all()
    with pytest.raises(ParameterError, match="ask for at most"):
        true_links(task, n + 1)


def test_a_chain_of_wrong_seeds_follows_any_of_several_counterparts(pair):
    task, _, _ = pair
    seeds = true_links(task, 10)
    swapped = replace(seeds, pairs=np.column_stack([seeds.pairs[:, 0], np.roll(seeds.pairs[:, 1], 1)]))
    chain = blame_chain(swapped, task)
    assert len(chain) == 6 and correct(chain, task).all()
    several = replace(task, links=np.concatenate([task.links, [[chain[0, 0], swapped.pairs[3, 1]]]]))
    assert failures(seeds, several).correct.all() and not failures(seeds, several).on_dangling.any()
    again = blame_chain(swapped, several)
    assert correct(again, several).all() and len(np.unique(again[:, 1])) == len(again)
    assert len(blame_chain(seeds, several)) == 0


def test_forces_of_wrong_seeds_see_every_true_counterpart(pair):
    task, features, _ = pair
    seeds = true_links(task, 10)
    swapped = replace(seeds, pairs=np.column_stack([seeds.pairs[:, 0], np.roll(seeds.pairs[:, 1], 1)]))
    further = np.column_stack([swapped.pairs[:, 0], np.roll(swapped.pairs[:, 1], 1)])  # in the batch, too
    several = replace(task, links=np.concatenate([task.links, further]))
    one, both = (seed_table(swapped, truth, features, temperatures=[0.1]) for truth in (task, several))
    assert (both["on_truth"] > one["on_truth"]).all()
    assert (both["pull"] == one["pull"]).all()
    known = seed_table(seeds, several, features, temperatures=[0.1])
    assert (known["kind"] == "correct").all() and known["on_truth"].isna().all()
    assert (known["chance"] != seed_table(seeds, task, features, temperatures=[0.1])["chance"]).any()


@pytest.mark.parametrize(("n_seeds", "temperatures"), [(0, [0.1]), (1, [0.1]), (2, [])])
def test_forces_need_two_seeds_and_a_temperature(pair, n_seeds, temperatures):
    task, features, _ = pair
    with pytest.raises(ParameterError, match="give at least two seeds, which repel"):
        seed_table(true_links(task, 10).head(n_seeds), task, features, temperatures=temperatures)
