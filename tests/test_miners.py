"""The contract of every miner. A new entry of ``MINERS`` is tested without a new line here.

The released variant of PSQE is held to what it promises: without its rule that K-means starts from rows in
the order of the files, it depends on content only.
"""

import inspect
from dataclasses import replace

import numpy as np
import pytest
import torch
from impossible import faults_of_values
from pairs import (
    Pair,
    graph,
    mine_quietly,
    relabelled,
    tiny,
    with_arrays,
    with_fewer_candidates,
    with_wrong_links,
    without_links,
)

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.seeds import MINERS, Miner, SeedSet, correct

N = 30
RELEASED, EVEN = "psqe released", "psqe even"
SWITCHES = {RELEASED: {"n_epochs": 5, "dim": 16, "row_order": "content"}, EVEN: {"n_epochs": 5}}
miners = pytest.mark.parametrize("name", list(MINERS))
miners_and_variants = pytest.mark.parametrize("name", [*MINERS, RELEASED, EVEN])


def make(name: str, n_seeds: int = N, **parameters) -> Miner:
    """A miner with those of the parameters that it knows."""
    if name in SWITCHES:
        name, variant = name.split()
        parameters = {"variant": variant, "switches": SWITCHES[f"{name} {variant}"], **parameters}
    accepted = inspect.signature(MINERS[name]).parameters
    return MINERS[name](n_seeds, **{k: v for k, v in parameters.items() if k in accepted})


def mine(name: str, pair: Pair, **parameters) -> SeedSet:
    """Mine, without warnings unless as released, where noise is filled in and seeds run short."""
    miner = make(name, **parameters)
    return mine_quietly(miner, pair) if name == RELEASED else miner.mine(*pair)


def content(seeds: SeedSet) -> tuple:
    """All that a miner decides, as bytes."""
    trace = [
        (
            t.stage, t.note, t.added.tobytes(), t.dropped.tobytes(), t.pairs.tobytes(),
            t.why_added, t.why_dropped, t.confidence.tobytes(),
        )
        for t in seeds.trace
    ]  # fmt: skip
    return seeds.pairs.tobytes(), seeds.scores.tobytes(), seeds.stages, seeds.confidence.tobytes(), trace


def sound(seeds: SeedSet, pair: Pair) -> None:
    """One-to-one pairs of candidates, each with a score, a stage, and a confidence in [0, 1]."""
    task, _ = pair
    assert seeds.pairs.shape == (len(seeds), 2)
    for column, g in enumerate((task.left, task.right)):
        assert len(set(seeds.pairs[:, column])) == len(seeds)
        assert set(seeds.pairs[:, column]) <= set(g.candidates)
    assert np.isfinite(seeds.scores).all()
    for sure, pairs in ((seeds.confidence, seeds.pairs), *((t.confidence, t.pairs) for t in seeds.trace)):
        assert sure.shape == (len(pairs),) and np.isfinite(sure).all()
        assert (sure >= 0).all() and (sure <= 1).all()


def check(seeds: SeedSet, pair: Pair, n_seeds: int = N) -> None:
    """Sound seeds, at most as many as asked, best first."""
    sound(seeds, pair)
    assert len(seeds) <= n_seeds
    assert (np.diff(seeds.scores) <= 0).all()


@pytest.fixture(scope="module")
def mined(planted):
    """The seeds of each miner on the planted pair, mined once."""
    cache: dict[str, SeedSet] = {}

    def get(name: str) -> SeedSet:
        if name not in cache:
            cache[name] = mine(name, planted)
        return cache[name]

    return get


@miners
def test_seeds_are_what_was_asked_for(name, planted, mined):
    seeds = mined(name)
    check(seeds, planted)
    assert len(seeds) == seeds.n_wanted == N
    assert seeds.miner == name
    stages = {t.stage for t in seeds.trace}
    assert set(seeds.stages) <= stages, "each stage has a trace, which SeedSet.from_single_stage makes"
    assert seeds.parameters["n_seeds"] == N
    assert seeds.seconds > 0 and seeds.peak_mb > 0
    assert {tuple(p) for p in seeds.trace[-1].pairs} == {tuple(p) for p in seeds.pairs}


@miners_and_variants
def test_parameters_rebuild_the_miner_and_show_in_its_repr(name):
    miner = make(name, random_state=3)
    assert type(miner)(**miner.parameters).parameters == miner.parameters
    assert repr(miner).startswith(type(miner).__name__) and f"n_seeds={N}" in repr(miner)


@miners
def test_parameters_are_typed_and_described(name):
    cls = MINERS[name]
    assert cls.name == name and inspect.isclass(cls) and issubclass(cls, Miner)
    miner = make(name)
    assert cls.typed(miner.parameters) == miner.parameters
    for parameter in inspect.signature(cls).parameters:
        assert f"\n{parameter}\n    " in inspect.getdoc(cls), f"{parameter} is not described"
        with pytest.raises(ParameterError, match=f"^{parameter} is <object"):
            cls.typed({parameter: object()})
            pytest.fail(f"{parameter} needs a type: write it in the constructor")
    with pytest.raises(ParameterError, match="has no parameter 'n_seed'; choose from n_seeds"):
        cls.typed({"n_seed": 3})


@miners_and_variants
def test_same_twice_and_no_global_generator_is_touched(name, planted, mined):
    wanted = content(mined(name))
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert content(mine(name, planted)) == wanted
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


@miners_and_variants
def test_random_state_is_the_only_source_of_chance(name, planted, mined):
    if name in MINERS and "random_state" not in inspect.signature(MINERS[name]).parameters:
        pytest.skip("draws nothing")
    other = mine(name, planted, random_state=1)
    assert other.parameters["random_state"] == 1
    sound(other, planted)
    if name in ("random", RELEASED):  # which draws noise
        assert content(other) != content(mined(name))


@miners_and_variants
@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_and_groups_are_not_read(name, planted, mined, change):
    assert content(mine(name, change(planted))) == content(mined(name))


@miners_and_variants
@pytest.mark.parametrize("sides", [{"right": 11}, {"left": 12}, {"left": 13, "right": 14}], ids=str)
def test_relabelled_entities_give_the_same_seeds(name, planted, mined, sides):
    pair, left, right = relabelled(planted, **sides)
    wanted, found = mined(name), mine(name, pair)
    np.testing.assert_array_equal(
        np.column_stack([left[found.pairs[:, 0]], right[found.pairs[:, 1]]]), wanted.pairs
    )
    assert found.scores.tobytes() == wanted.scores.tobytes()
    assert found.confidence.tobytes() == wanted.confidence.tobytes()
    assert found.stages == wanted.stages


@miners_and_variants
def test_look_alikes_are_not_matched_by_their_order(name):
    """Twins listed in the order of the links: a rule that breaks ties by id is correct every time."""
    n = 40
    side = np.random.default_rng(0).standard_normal((2, 6)).repeat(n // 2, axis=0)
    links = np.column_stack([np.arange(n), np.arange(n)])
    task = AlignmentTask("twins", graph("l", n), graph("r", n), links)
    features = Features.from_arrays({"attribute_left": side, "attribute_right": side})
    seeds = mine_quietly(make(name, n, n_clusters=2), (task, features))
    sound(seeds, (task, features))
    assert correct(seeds.pairs, task).sum() <= 8  # two are expected of chance, 40 of the order


@miners
def test_only_candidates(name, planted):
    pair = with_fewer_candidates(planted)
    seeds = make(name, 20).mine(*pair)
    check(seeds, pair, 20)
    assert len(seeds) == 20


@miners
def test_fewer_than_asked_is_said(name, planted):
    miner = make(name, 5000)
    with pytest.warns(PsqeWarning, match=rf"miner {name}: 5,000 seeds asked for, \d+ found"):
        seeds = miner.mine(*planted)
    check(seeds, planted, 5000)
    assert 0 < len(seeds) <= 70 and seeds.n_wanted == 5000


@miners
def test_missing_modalities(name):
    pair = planted_pair(80, 3, 12, missing=0.5, random_state=2)
    seeds = mine_quietly(make(name), pair)
    check(seeds, pair)
    assert len(seeds) > 10
    if name != "random":
        for column, side in enumerate(("left", "right")):
            has_any = np.any([m[side].present for m in pair[1].values()], axis=0)
            assert has_any[seeds.pairs[:, column]].all(), "an entity of which nothing is known is in a seed"


@miners
@pytest.mark.parametrize("modality", ["image", "attribute"])
def test_one_modality(name, planted, modality):
    task, features = planted
    seeds = mine_quietly(make(name), (task, features.select([modality])))
    check(seeds, planted)
    assert len(seeds) > 10


@miners
def test_a_modality_that_one_side_has_not(name, planted):
    """No images on the left: seeds come from what both have, or the miner says what it lacks."""
    task, features = planted
    image = with_arrays(
        features["image"],
        left=np.zeros_like(features["image"].left.values),
        left_present=np.zeros(task.left.n_entities, dtype=bool),
    )
    pair = task, Features({"image": image, "attribute": features["attribute"]})
    try:
        seeds = mine_quietly(make(name), pair)
    except ParameterError as error:
        assert "has the modality 'image'" in str(error) or name != "pivot"
        assert "image" in str(error), "the error has to name the modality that is lacking"
        pair = task, Features({"attribute": features["attribute"], "image": image})
        seeds = mine_quietly(make(name), pair)
    else:
        assert name != "pivot", "which compares one modality"
    check(seeds, pair)
    assert len(seeds) > 10, "compare what both sides have, or raise a ParameterError as the pivot does"


@miners
def test_a_side_without_any_modality_is_an_error(name, planted):
    if name == "random":
        pytest.skip("reads no features")
    task, features = planted
    empty = {
        key: with_arrays(m, right=np.zeros_like(m.right.values), right_present=np.zeros_like(m.right.present))
        for key, m in features.items()
    }
    with pytest.raises(PsqeError, match="no candidate of"):
        make(name).mine(task, Features(empty))


@miners_and_variants
def test_isolated_entities(name):
    pair = planted_pair(60, 3, 12, density=0.0)
    assert not len(pair[0].left.triples)
    seeds = mine_quietly(make(name), pair)
    sound(seeds, pair)
    assert len(seeds) > 10


@miners
@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (5, 2), (3, 3)], ids=str)
def test_tiny_graphs(name, shape):
    pair = tiny(*shape)
    seeds = mine_quietly(make(name, 3, n_clusters=1), pair)
    check(seeds, pair, 3)
    assert len(seeds) >= 1


@miners_and_variants
def test_a_side_of_candidates_smaller_than_the_graph(name, planted):
    pair = with_fewer_candidates(planted)
    sound(mine_quietly(make(name, 20), pair), pair)


@miners
@pytest.mark.parametrize("shape", [(1, 1), (1, 4)], ids=str)
def test_one_entity_gives_a_seed_or_a_clear_error(name, shape):
    pair = tiny(*shape)
    try:
        seeds = mine_quietly(make(name, 1, n_clusters=1), pair)
    except DataError as error:
        assert "no left entity has a vector in image that differs" in str(error)
    else:
        check(seeds, pair, 1)
        assert len(seeds) == 1


@miners_and_variants
def test_no_candidates(name, planted):
    task, features = planted
    empty = replace(task.right, candidates=np.empty(0, dtype=np.int64))
    with pytest.raises(DataError, match="has no candidates"):
        make(name).mine(AlignmentTask("none", task.left, empty), features)


@miners_and_variants
def test_features_of_another_task(name, planted):
    task, features = planted
    short = features.take(np.arange(task.left.n_entities), np.arange(task.right.n_entities - 1))
    with pytest.raises(DataError, match="one row per entity"):
        make(name).mine(task, short)


@miners_and_variants
@pytest.mark.parametrize("n", [0, -3])
def test_impossible_numbers_of_seeds(name, n):
    with pytest.raises(ParameterError, match="n_seeds"):
        make(name, n)
        pytest.fail("the constructor has to raise a ParameterError for an impossible n_seeds")


@miners
def test_every_number_is_refused_by_a_parameter_error_or_mines(name):
    pair = planted_pair(30, 3, 8, noise=0.5, random_state=2)

    def works(parameter: str, value: float) -> bool:
        sound(mine_quietly(make(name, **{"n_seeds": 8, "n_epochs": 4, parameter: value}), pair), pair)
        return True

    assert not faults_of_values(MINERS[name], works)


@miners_and_variants
def test_the_input_is_left_as_it_was(name, planted, mined):
    mined(name)
    fresh_task, fresh = planted_pair(80, [3, 2, 1], 12, noise=0.5, missing=0.1, random_state=1)
    np.testing.assert_array_equal(planted[0].links, fresh_task.links)
    for key, m in fresh.items():
        np.testing.assert_array_equal(planted[1][key].left.values, m.left.values)
        np.testing.assert_array_equal(planted[1][key].right.values, m.right.values)
