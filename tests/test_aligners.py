"""The contract of every aligner. A new entry of ``ALIGNERS`` is tested without a new line here."""

import inspect
from typing import get_args

import numpy as np
import pytest
import torch
from impossible import faults_of_values
from pairs import relabelled, tiny, with_arrays, with_fewer_candidates, with_wrong_links, without_links

from psqe.aligners import ALIGNERS, Aligner, TrainedAligner
from psqe.cli.describe import parameter_sentences
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.evaluation import evaluate
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.seeds import SeedSet, true_links
from psqe.similarity import Matching
from psqe.training import losses
from psqe.training.callback import Callback

pytestmark = pytest.mark.parametrize("name", list(ALIGNERS))

EPOCHS = 4


def make(name: str, **parameters) -> Aligner:
    """The small preset, trained briefly and fast, with those of the parameters that the aligner knows."""
    accepted = inspect.signature(ALIGNERS[name]).parameters
    given = {"n_epochs": EPOCHS, "batch_size": 16, "learning_rate": 1e-2, "check_every": 1, **parameters}
    return ALIGNERS[name].preset("small", **{k: v for k, v in given.items() if k in accepted})


def given_seeds(pairs) -> SeedSet:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return SeedSet(pairs, np.zeros(len(pairs), dtype=np.float32), ("given",) * len(pairs))


def table(aligner: Aligner) -> np.ndarray:
    """The similarities of all entities."""
    left, right = aligner.embeddings()
    return aligner.similarity(np.arange(len(left)), np.arange(len(right))).rows(0, len(left))


def content(aligner: Aligner) -> tuple[bytes, ...]:
    """The embeddings, and all similarities: seeds may change these alone."""
    return (*(side.tobytes() for side in aligner.embeddings()), table(aligner).tobytes())


def all_finite(aligner: Aligner) -> bool:
    return all(np.isfinite(values).all() for values in (*aligner.embeddings(), table(aligner)))


@pytest.fixture(scope="module")
def seeds(planted) -> SeedSet:
    return true_links(planted[0], 30)


@pytest.fixture(scope="module")
def fitted(planted, seeds):
    cache: dict[str, Aligner] = {}

    def get(name: str) -> Aligner:
        if name not in cache:
            cache[name] = make(name).fit(*planted, seeds)
        return cache[name]

    return get


def test_embeddings_and_similarity(name, planted, seeds, fitted):
    task, _ = planted
    aligner = fitted(name)
    left, right = aligner.embeddings()
    assert len(left) == task.left.n_entities and len(right) == task.right.n_entities
    assert left.shape[1] == right.shape[1] and all_finite(aligner)
    before = left.copy(), right.copy()
    aligner.similarity(np.arange(len(left)), np.arange(len(right))).rows(0, 1)
    assert all(map(np.array_equal, aligner.embeddings(), before))  # rows are scaled in a copy
    if not aligner.by_embeddings:
        return
    # An aligner may take seeds as given, whatever their embeddings; and a vector of zeros has no cosine.
    rows = np.setdiff1d(np.flatnonzero(left.any(axis=1)), seeds.pairs[:, 0])[[3, 0, 8]]
    columns = np.setdiff1d(np.flatnonzero(right.any(axis=1)), seeds.pairs[:, 1])[:2]
    block = aligner.similarity(rows, columns).rows(0, 3)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            x, y = left[row], right[column]
            assert block[i, j] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-5)


def test_the_cost_of_a_fit_is_kept(name, fitted):
    assert fitted(name).seconds_ > 0 and fitted(name).peak_mb_ > 0


def test_fit_returns_itself_and_parameters_rebuild(name, planted, seeds, fitted):
    aligner = make(name)
    assert aligner.fit(*planted, seeds) is aligner
    assert type(aligner)(**aligner.parameters).parameters == aligner.parameters
    assert repr(aligner).startswith(type(aligner).__name__)
    assert content(aligner) == content(fitted(name))


def test_a_second_fit_forgets_the_first(name, planted, seeds, fitted):
    aligner = make(name).fit(*planted, seeds.head(5))
    assert content(aligner) != content(fitted(name))
    assert content(aligner.fit(*planted, seeds)) == content(fitted(name))


def test_global_generators_neither_matter_nor_move(name, planted, seeds, fitted):
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert content(make(name).fit(*planted, seeds)) == content(fitted(name))
    assert torch.equal(torch.get_rng_state(), before)


def test_random_state_matters_and_is_used(name, planted, seeds, fitted):
    if "random_state" not in inspect.signature(ALIGNERS[name]).parameters:
        pytest.skip("draws nothing")
    assert content(make(name, random_state=1).fit(*planted, seeds)) != content(fitted(name))


@pytest.mark.parametrize("change", [without_links, with_wrong_links])
def test_gold_links_and_groups_are_not_read(name, planted, seeds, fitted, change):
    assert content(make(name).fit(*change(planted), seeds)) == content(fitted(name))


@pytest.mark.parametrize("sides", [{"right": 21}, {"left": 22}, {"left": 23, "right": 24}], ids=str)
def test_relabelled_entities_get_the_same_embeddings_and_similarities(name, planted, seeds, fitted, sides):
    pair, left, right = relabelled(planted, **sides)
    moved = np.column_stack([np.argsort(left)[seeds.pairs[:, 0]], np.argsort(right)[seeds.pairs[:, 1]]])
    model = make(name).fit(*pair, given_seeds(moved))
    found, wanted = model.embeddings(), fitted(name).embeddings()
    np.testing.assert_array_equal(found[0], wanted[0][left])
    np.testing.assert_array_equal(found[1], wanted[1][right])
    # Rows and columns of a product of matrices differ by rounding with their places.
    np.testing.assert_allclose(table(model), table(fitted(name))[left][:, right], atol=1e-5)


def test_order_and_scores_of_the_seeds_do_not_matter(name, planted, seeds, fitted):
    shuffled = given_seeds(np.random.default_rng(0).permutation(seeds.pairs))
    assert content(make(name).fit(*planted, shuffled)) == content(fitted(name))


class Witness(Callback):
    """A callback that keeps all that it is called with."""

    def __init__(self) -> None:
        self.calls: list[list[tuple]] = []  # by step

    def batch_begins(self, step):
        assert step == len(self.calls)
        self.calls.append([])

    def contrast(self, name, pairs, left, right, loss):
        self.calls[-1].append((name, pairs, left.detach().clone(), right.detach().clone(), loss))


def trains(name: str) -> None:
    if "learning_rate" not in inspect.signature(ALIGNERS[name]).parameters:
        pytest.skip("does not train")


@pytest.mark.filterwarnings("ignore:.* never called the callback")
def test_an_observing_callback_changes_nothing(name, planted, seeds, fitted):
    assert content(make(name).fit(*planted, seeds, callback=Witness())) == content(fitted(name))


def test_a_callback_observes_every_epoch_and_can_end_the_training(name, planted, seeds):
    class Watch(Callback):
        def __init__(self) -> None:
            self.epochs: list[tuple] = []

        def epoch_ends(self, training):
            weights = [weight.detach().clone() for weight in training.module.parameters()]
            self.epochs.append((training.epoch, len(training.history), len(training.seeds), weights))
            if training.epoch == 2:
                training.stop()

    watch = Watch()
    if "learning_rate" not in inspect.signature(ALIGNERS[name]).parameters:
        with pytest.warns(PsqeWarning, match=f"{name} never called the callback"):
            make(name).fit(*planted, seeds, callback=watch)
        assert not watch.epochs
        return
    model = make(name).fit(*planted, seeds, callback=watch)
    assert [epoch[:3] for epoch in watch.epochs] == [(1, 1, len(seeds)), (2, 2, len(seeds))]
    assert len(model.history_) == 2
    assert any(not torch.equal(a, b) for a, b in zip(*(epoch[3] for epoch in watch.epochs), strict=True))


def test_a_callback_observes_every_step_and_every_seed(name, planted, seeds):
    trains(name)
    callback = Witness()
    make(name).fit(*planted, seeds, callback=callback)
    wanted, found = set(map(tuple, seeds.pairs.tolist())), set()
    assert len(callback.calls) >= EPOCHS
    for step in callback.calls:
        names = [name for name, *_ in step]
        assert names and len(set(names)) == len(names)
        for _, pairs, left, right, loss in step:
            seen = list(map(tuple, pairs.tolist()))
            assert len(set(seen)) == len(seen) == len(left) == len(right) >= 2
            assert torch.isfinite(loss(left, right))
            found |= set(seen)
    assert found == wanted


def test_a_callback_is_given_the_vectors_of_the_entities_of_the_seeds(name, planted, seeds):
    """With next to no learning, an entity has one vector throughout, and in the end the same."""
    trains(name)
    callback = Witness()
    ends = make(name, learning_rate=1e-30, dropout=0.0).fit(*planted, seeds, callback=callback).embeddings()
    known: dict[tuple, torch.Tensor] = {}
    for step in callback.calls:
        for embedding, pairs, *vectors, _ in step:
            for side in (0, 1):
                for entity, vector in zip(pairs[:, side].tolist(), vectors[side], strict=True):
                    first = known.setdefault((embedding, side, entity), vector)
                    torch.testing.assert_close(vector, first)

    def agrees(embedding):
        own = [(key, z) for key, z in known.items() if key[0] == embedding]
        return all(
            np.shape(z) == ends[side][entity].shape and np.allclose(z, ends[side][entity], atol=1e-5)
            for (_, side, entity), z in own
        )

    assert any(agrees(embedding) for embedding in {key[0] for key in known})


def test_seeds_matter(name, planted, fitted):
    other = true_links(planted[0], 30, random_state=1)
    assert content(make(name).fit(*planted, other)) != content(fitted(name))


def reciprocal_rank(similarities: np.ndarray, links: np.ndarray) -> float:
    """The mean of one divided by the rank of each link in its row."""
    rows = similarities[links[:, 0]]
    own = rows[np.arange(len(links)), links[:, 1]][:, None]
    return float((1 / (0.5 + (rows > own).sum(axis=1) + (rows == own).sum(axis=1) / 2)).mean())


def test_true_seeds_rank_their_links_no_worse_than_features_and_permuted_seeds_do(name):
    """An aligner that takes a seed for one of other entities than its own spoils the features."""
    task, features = planted_pair(60, 3, 8, noise=1.0, random_state=4)
    links = true_links(task, 30).pairs
    permuted = np.column_stack([links[:, 0], np.roll(links[:, 1], 7)])
    true, other = (
        reciprocal_rank(
            table(make(name, n_epochs=15, batch_size=1000).fit(task, features, given_seeds(pairs))), links
        )
        for pairs in (links, permuted)
    )
    left, right = fuse(features, np.arange(task.left.n_entities), np.arange(task.right.n_entities))
    assert true >= reciprocal_rank(left @ right.T, links) - 0.1, "are seeds given to their own entities?"
    assert true >= other - 0.1


def test_too_few_seeds(name, planted, seeds):
    needed = ALIGNERS[name].min_seeds
    for n in range(needed):
        with pytest.raises(DataError, match=f"{n} seeds? (is|are) too few .*; mine at least {needed}"):
            make(name).fit(*planted, seeds.head(n))


def test_as_many_seeds_as_it_needs_are_enough(name, planted, seeds):
    assert all_finite(make(name).fit(*planted, seeds.head(ALIGNERS[name].min_seeds)))


@pytest.mark.parametrize("pairs", [[[0, 0], [1, 5000]], [[-1, 0], [1, 1]]], ids=str)
def test_seeds_outside_the_graphs(name, planted, pairs):
    with pytest.raises(DataError, match="outside graph"):
        make(name).fit(*planted, given_seeds(pairs))


def test_features_of_another_task(name, planted, seeds):
    task, features = planted
    short = features.take(np.arange(task.left.n_entities - 1), np.arange(task.right.n_entities))
    with pytest.raises(DataError, match="one row per entity"):
        make(name).fit(task, short, seeds)


def test_missing_modalities_are_masked(name):
    """Half of the vectors are missing; what stands in their rows changes nothing."""
    task, features = planted_pair(60, 3, 8, missing=0.5, random_state=2)
    seeds = true_links(task, 20)
    wanted = content(make(name).fit(task, features, seeds))
    arrays = {}
    for key, m in features.items():
        for side in ("left", "right"):
            vectors, present = m[side].values, m[side].present
            arrays[f"{key}_{side}"] = np.where(present[:, None], vectors, 7.0)
            arrays[f"{key}_{side}_present"] = present
    assert content(make(name).fit(task, Features.from_arrays(arrays), seeds)) == wanted


@pytest.mark.parametrize("modality", ["image", "attribute"])
def test_one_modality(name, planted, seeds, modality):
    task, features = planted
    assert all_finite(make(name).fit(task, features.select([modality]), seeds))


@pytest.mark.filterwarnings("ignore:concord found no pair")
def test_a_modality_that_no_seed_has(name, planted, seeds):
    """Images on one side only: nothing to learn from them, nothing to crash on."""
    task, features = planted
    m = features["image"]
    image = with_arrays(m, right=np.zeros_like(m.right.values), right_present=np.zeros_like(m.right.present))
    for given in ({"image": image, "attribute": features["attribute"]}, {"image": image}):
        assert all_finite(make(name).fit(task, Features(given), seeds))


def test_a_modality_that_some_entities_have(name, planted, seeds):
    """Images of three left entities, beside keywords of all and alone."""
    task, features = planted
    few = with_arrays(features["image"], left_present=np.arange(task.left.n_entities) < 3)
    for given in ({"image": few, "attribute": features["attribute"]}, {"image": few}):
        assert all_finite(make(name).fit(task, Features(given), seeds))


def test_entities_that_are_no_candidates(name, planted):
    pair = with_fewer_candidates(planted)
    left, _ = make(name).fit(*pair, true_links(pair[0], 10)).embeddings()
    assert len(left) == pair[0].left.n_entities


def test_isolated_entities_and_tiny_graphs(name):
    for shape in ((2, 2), (3, 6)):
        task, features = tiny(*shape)
        assert not len(task.left.triples)
        assert all_finite(make(name).fit(task, features, given_seeds([[0, 0], [1, 1]])))


def test_the_matching_is_one_that_evaluation_knows(name, planted, fitted):
    assert ALIGNERS[name].matching in get_args(Matching)
    report = evaluate(planted[0], fitted(name).similarity, matching=ALIGNERS[name].matching)
    assert report["metrics"]["l2r"]["full"]["hits@1"] > 0


def test_training_goes_down_and_beats_chance(name):
    task, features = planted_pair(120, 3, 12, noise=0.4, random_state=4)
    aligner = make(name, n_epochs=30, batch_size=1000).fit(task, features, true_links(task, 30))
    history = getattr(aligner, "history_", None)
    if history is not None:
        last = aligner.checks_[-1][0] if aligner.checks_ else 30  # the adapter stops early by default
        assert len(history) == last and np.mean(history[-5:]) < history[0]
    chance = 1 / len(task.right.candidates)
    for metrics in evaluate(task, aligner.similarity)["metrics"].values():
        assert metrics["full"]["hits@1"] > 30 * chance


def test_every_parameter_has_a_type_that_is_checked_and_a_sentence(name):
    aligner = ALIGNERS[name]
    defaults = make(name).parameters
    assert aligner.typed(defaults) == defaults
    assert all(parameter_sentences(aligner).get(parameter) for parameter in defaults)
    for parameter in defaults:
        with pytest.raises(ParameterError, match=f"{parameter} is"):
            aligner.typed({parameter: object()})
    with pytest.raises(ParameterError, match=r"has no parameter 'dims'; (choose from|leave it out)"):
        aligner.typed({"dims": 3})


def test_presets(name):
    aligner = ALIGNERS[name]
    assert {"published", "small"} <= set(aligner.PRESETS)
    for preset, values in aligner.PRESETS.items():
        built = aligner.preset(preset)
        assert {key: built.parameters[key] for key in values} == values
    with pytest.raises(ParameterError, match=f"no preset 'huge'; choose from {', '.join(aligner.PRESETS)}"):
        aligner.preset("huge")


def test_divergence_is_an_error(name, planted, seeds):
    if not issubclass(ALIGNERS[name], TrainedAligner):
        pytest.skip("does not train, or keeps what it has before it diverges")
    with pytest.raises(FloatingPointError, match="diverged"):
        make(name, learning_rate=1e9).fit(*planted, seeds)


@pytest.mark.parametrize(
    "parameter",
    ["structure_dim", "modality_dim", "temperature", "distillation_temperature", "n_epochs", "learning_rate"],
)
def test_impossible_parameters(name, parameter):
    if parameter not in inspect.signature(ALIGNERS[name]).parameters:
        pytest.skip("has no such parameter")
    with pytest.raises(ParameterError, match=parameter):
        ALIGNERS[name](**{parameter: 0})


@pytest.mark.filterwarnings("ignore::psqe.errors.PsqeWarning")
def test_every_number_is_refused_by_a_parameter_error_or_fits(name):
    task, features = planted_pair(30, 3, 8, noise=0.5, random_state=2)
    seeds = true_links(task, 12)

    def works(parameter: str, value: float) -> bool:
        return all_finite(make(name, **{parameter: value}).fit(task, features, seeds))

    assert not faults_of_values(ALIGNERS[name], works)


def test_a_callback_is_given_the_losses_that_are_computed(name, planted, seeds, monkeypatch):
    trains(name)
    computed = []

    def noted(function):
        def noting(left, right, **settings):
            computed.append((left.detach().clone(), right.detach().clone(), settings))
            return function(left, right, **settings)

        return noting

    for function in (losses.info_nce, losses.nca):
        monkeypatch.setattr(losses, function.__name__, noted(function))
    callback = Witness()
    make(name).fit(*planted, seeds, callback=callback)
    observed = [call for step in callback.calls for call in step]
    wanted = {"structure", *planted[1], "joint"} if issubclass(ALIGNERS[name], TrainedAligner) else {"joint"}
    assert wanted <= {embedding for embedding, *_ in observed}
    for (*_, left, right, loss), (by_left, by_right, settings) in zip(observed, computed, strict=True):
        assert torch.equal(left, by_left) and torch.equal(right, by_right)
        assert vars(loss) == settings


def test_batches_without_a_negative_are_refused(name):
    trains(name)
    with pytest.raises(ParameterError, match="batch_size is 1"):
        ALIGNERS[name](batch_size=1)
