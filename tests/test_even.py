"""The even choice: quotas that are met where they can be, at a price where they cannot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import mine_quietly

from psqe.datasets.synthetic import planted_pair
from psqe.evaluation.regions import Regions, all_regions
from psqe.features.canonical_order import canonical_order
from psqe.seeds import PSQEMiner, SeedSet, balance, correct, coverage
from psqe.seeds.psqe_rules import VARIANTS, Rules
from psqe.seeds.stages import Space
from psqe.seeds.stages.base import EVEN_CLUSTERS
from psqe.seeds.stages.choose import propose, within_quotas
from psqe.seeds.stages.even import choose_evenly

FAST = {"n_epochs": 3, "dim": 8}
WEIGHT = VARIANTS["even"].evenness
EXACT = 1000.0
"""A weight that no difference of scores outweighs."""


def parts(kind: str, left: list[int], right: list[int] | None = None) -> Regions:
    """Regions by their numbers; the right entities have the same as the left ones when omitted."""
    numbers = [np.array(side, dtype=np.int64) for side in (left, left if right is None else right)]
    names = tuple(map(str, range(1 + max(side.max() for side in numbers))))
    return Regions(kind, names, *numbers)


def diagonal(n: int) -> np.ndarray:
    """The pairs of entities with the same number."""
    return np.column_stack([np.arange(n), np.arange(n)])


def descending(n: int) -> np.ndarray:
    return np.linspace(1, 0.5, n).astype(np.float32)


def test_quotas_of_several_partitions_are_met_exactly():
    """Scores favour region 0 of one partition; the other crosses it; and both are met."""
    halves, thirds = parts("half", [0] * 60 + [1] * 60), parts("third", [0, 1, 2] * 40)
    chosen = choose_evenly(descending(120), diagonal(120), [halves, thirds], 36, weight=EXACT)
    assert np.bincount(halves.left[chosen]).tolist() == [18, 18]
    assert np.bincount(thirds.left[chosen]).tolist() == [12, 12, 12]
    assert (np.diff(chosen) > 0).all()


def test_quotas_are_proportional_to_sizes_of_both_sides():
    """Region 0 has 30 of 40 left entities and 10 of 40 right ones, so half of all ends."""
    regions = parts("uneven", [0] * 30 + [1] * 10, [0] * 10 + [1] * 30)
    chosen = choose_evenly(descending(40), diagonal(40), [regions], 10, weight=EXACT)
    ends = np.concatenate([regions.left[chosen], regions.right[chosen]])
    assert np.bincount(ends).tolist() == [10, 10]


def test_within_a_region_the_best_pairs_are_chosen():
    regions = parts("half", [0, 1] * 10)
    chosen = choose_evenly(descending(20), diagonal(20), [regions], 6, weight=WEIGHT)
    assert chosen.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("weight", "wanted"), [(0.1, [10, 0]), (1.0, [7, 3]), (EXACT, [5, 5])])
def test_a_region_of_doubtful_pairs_gets_what_the_weight_pays_for(weight, wanted):
    """A quota of ten ends is five pairs. Scores differ by .65: at weight 1 the price of 3.25 pairs."""
    regions = parts("half", [0] * 20 + [1] * 20)
    scores = np.repeat(np.array([0.75, 0.1], dtype=np.float32), 20)
    chosen = choose_evenly(scores, diagonal(40), [regions], 10, weight=weight)
    assert np.bincount(regions.left[chosen], minlength=2).tolist() == wanted


def test_no_pairs_and_few_pairs():
    regions = parts("empty third", [0, 0, 2, 2])
    nothing = np.empty(0, dtype=np.float32)
    assert len(choose_evenly(nothing, diagonal(0), [regions], 3, weight=WEIGHT)) == 0
    assert choose_evenly(descending(4), diagonal(4), [regions], 9, weight=WEIGHT).tolist() == [0, 1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 30), st.integers(1, 40), st.floats(0.1, 10))
def test_the_number_asked_for_is_chosen_whatever_the_regions(data, m, n, weight):
    numbers = st.lists(st.integers(0, 3), min_size=m, max_size=m)
    partitions = [parts("some", data.draw(numbers), data.draw(numbers)) for _ in range(2)]
    scores = descending(m)
    chosen = choose_evenly(scores, diagonal(m), partitions, n, weight=weight)
    assert len(chosen) == len(set(chosen.tolist())) == min(n, m)
    assert chosen.tolist() == choose_evenly(scores, diagonal(m), partitions, n, weight=weight).tolist()


@pytest.fixture(scope="module")
def lopsided():
    """Four topics, two of them clear and two noisy: a choice by confidence leaves the noisy ones out."""
    return planted_pair(240, 4, 16, noise=[0.3, 0.3, 0.9, 0.9], dangling=0.2, random_state=2)


@pytest.fixture(scope="module")
def seeds_of(lopsided):
    return {
        variant: PSQEMiner(80, variant=variant, switches=FAST).mine(*lopsided)
        for variant in ("corrected", "even")
    }


def balances(seeds: SeedSet, pair) -> dict[str, float]:
    return {kind: balance(coverage(seeds.pairs, regions)) for kind, regions in all_regions(*pair).items()}


def test_even_seeds_are_as_many_and_more_even_by_every_kind_of_region(lopsided, seeds_of):
    assert len(seeds_of["even"]) == len(seeds_of["corrected"]) == 80
    even, corrected = (balances(seeds_of[variant], lopsided) for variant in ("even", "corrected"))
    assert all(even[kind] > 0.99 for kind in ("degree", "density"))
    assert all(even[kind] >= corrected[kind] for kind in even) and even["semantic"] > corrected["semantic"]
    assert correct(seeds_of["even"].pairs, lopsided[0]).mean() > 0.8


def test_a_higher_weight_makes_more_even_seeds(lopsided):
    """The sum over all partitions is what the weight pays for."""
    order = canonical_order(*lopsided)
    pair = lopsided[0].take(*order).blind(), lopsided[1].take(*order)
    spread = []
    for weight in (0.01, 0.3, 10.0):
        space = Space.build(*pair, rules=Rules(evenness=weight), n_clusters=3, n_seeds=80)
        proposals = propose(space.similarity, 80, space.rules)
        chosen = within_quotas(space, proposals)
        pairs = np.column_stack([space.left[proposals.rows[chosen]], space.right[proposals.columns[chosen]]])
        spread.append(sum(balance(coverage(pairs, regions)) for regions in space.partitions))
    assert spread[0] < spread[1] < spread[2]


def test_without_filling_only_mutual_pairs_are_chosen(lopsided):
    miner = PSQEMiner(230, variant="even", stages=["cluster"], switches={"fill": False})
    seeds = mine_quietly(miner, lopsided)
    assert set(seeds.trace[0].why_added) == {"nearest in both directions"}
    assert len(seeds) < len(mine_quietly(PSQEMiner(230, variant="even", stages=["cluster"]), lopsided))


def test_partitions_need_no_labels_and_few_entities_have_few_clusters():
    pair = planted_pair(6, 2, 8, random_state=0)
    space = Space.build(*pair, rules=VARIANTS["even"], n_seeds=3)
    degree, density, topics = space.partitions
    assert (degree.kind, density.kind) == ("degree", "density")
    assert topics.kind == "semantic" and topics.names[0] == "cluster 0"
    assert len(topics.names) == len(space.left) + len(space.right) < EVEN_CLUSTERS
