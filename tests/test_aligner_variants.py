"""The variants of the trained aligners: every switch does something, and all together make the other one."""

import warnings
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from pairs import with_arrays

from psqe.aligners import ALIGNERS, EVA, MCLEA, MEAformer, TrainedAligner
from psqe.aligners.iterative import BlocksOfRounds
from psqe.aligners.variants import OptimiserRestart, TrainedRules, completed
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.features.base import Features, Modality
from psqe.graph import AlignmentTask, Sides
from psqe.seeds import true_links
from psqe.switches import Switches
from psqe.training.callback import Callback
from psqe.training.graph_attention import Edges
from psqe.training.loop import Training, TrainingConfig

MODELS = {"eva": EVA, "mclea": MCLEA, "meaformer": MEAformer}
SMALL = {
    "n_epochs": 7, "batch_size": 8, "learning_rate": 1e-2,
    "iterative_start": 1, "iterative_every": 1, "iterative_rounds": 2,
}  # fmt: skip
WIDTHS = {
    "eva": {"structure_dim": 4, "structure_output_dim": 3, "image_dim": 4, "modality_dim": 3},
    "mclea": {"structure_dim": 4, "modality_dim": 4},
    "meaformer": {"dim": 4, "hidden_dim": 5},
}
EACH = [(name, f.name) for name, kind in MODELS.items() for f in fields(kind.RULES)]


@pytest.fixture(scope="module")
def pair():
    """A pair with missing vectors of any length, in which some entities are joined by several triples."""
    task, features = planted_pair(
        50, 2, 6, noise=0.4, missing=0.2, modalities=("image", "attribute", "relation"), random_state=2
    )
    graphs = []
    for graph in task.sides:
        again = graph.triples[: len(graph.triples) // 2].copy()
        again[:, 1] += len(graph.relations)
        labels = (*graph.relations, *(f"{label} again" for label in graph.relations))
        graphs.append(
            replace(
                graph,
                relations=labels,
                triples=np.concatenate([graph.triples, again, again[:3, ::2][:, [0, 0, 0]] * [1, 0, 1]]),
            )
        )
    longer = {
        name: with_arrays(m, left=3 * m.left.values, right=3 * m.right.values) for name, m in features.items()
    }
    return AlignmentTask(task.name, *graphs, links=task.links), Features(longer)


def learned(pair, name: str, **parameters) -> tuple:
    """Embeddings, losses and added seeds of a small training."""
    task, features = pair
    model = MODELS[name](**{**SMALL, **WIDTHS[name], **parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)  # that noise is filled in
        model.fit(task, features, true_links(task, 19))
    added = [(change.epoch, change.added.tolist()) for change in model.added_]
    return *(x.tobytes() for x in model.embeddings()), model.history_, added


@pytest.fixture(scope="module")
def variants(pair):
    return {
        (name, variant): learned(pair, name, variant=variant)
        for name in MODELS
        for variant in ("corrected", "released")
    }


@pytest.mark.parametrize(("name", "switch"), EACH)
def test_every_switch_does_something_alone(pair, variants, name, switch):
    released = MODELS[name].RULES.values("released")[switch]
    found = learned(pair, name, switches={switch: released})
    assert found != variants[name, "corrected"]
    assert found == learned(pair, name, switches={switch: released})


@pytest.mark.parametrize("name", MODELS)
def test_all_switches_make_the_other_variant(pair, variants, name):
    rules = MODELS[name].RULES
    for variant, other in (("corrected", "released"), ("released", "corrected")):
        found = learned(pair, name, variant=variant, switches=rules.values(other))
        assert found == variants[name, other]
    assert variants[name, "corrected"] == learned(pair, name)
    assert variants[name, "corrected"] != variants[name, "released"]


@pytest.mark.parametrize("name", MODELS)
def test_the_table_has_every_switch_with_both_values_and_what_they_do(name):
    kind = MODELS[name]
    table = kind.variants_table()
    assert table["switch"].tolist() == [f.name for f in fields(kind.RULES)]
    for row in table.to_dict("records"):
        assert row["released"] != row["corrected"], "a difference has two values"
        assert row["corrected"] == getattr(kind().rules, row["switch"])
        assert row["released"] == getattr(kind(variant="released").rules, row["switch"])
        for text in (row["what the authors' code does"], row["what we do"]):
            assert text.endswith(".") and text[0].isupper()
        assert row["what the authors' code does"] != row["what we do"]


def test_every_trained_aligner_of_ours_is_here():
    trained = {name: kind for name, kind in ALIGNERS.items() if issubclass(kind, TrainedAligner)}
    assert {name for name in trained if trained[name].__module__.startswith("psqe.")} == set(MODELS)
    assert all(issubclass(kind.RULES, Switches) for kind in MODELS.values())


@pytest.mark.parametrize("kind", MODELS.values(), ids=MODELS)
def test_what_is_unknown_is_refused(kind):
    with pytest.raises(ParameterError, match="no variant 'faithful'; choose from released, corrected"):
        kind(variant="faithful")
    with pytest.raises(ParameterError, match="no switch 'centred'; choose from centre, scaled, "):
        kind(switches={"centred": True})
    for switch, value in (("centre", 1), ("scaled", "none"), ("restart", True), ("missing", None)):
        with pytest.raises(ParameterError, match=f"switch {switch} cannot be "):
            kind(switches={switch: value})
    model = kind(variant="released", switches={"centre": True})
    assert model.rules.centre and model.rules.missing == "noise"
    assert kind(**model.parameters).rules == model.rules


def test_edges_are_counted_as_often_as_triples_join_their_entities(pair):
    task, _ = pair
    edges = Edges.joint(task, count_triples=True)
    once = Edges.joint(task)
    assert torch.equal(edges.targets, once.targets) and torch.equal(edges.sources, once.sources)
    wanted = {(node, node): 1 for node in range(edges.n)}
    for graph, start in ((task.left, 0), (task.right, task.left.n_entities)):
        for head, _, tail in graph.triples.tolist():
            if head != tail:
                for ends in ((start + head, start + tail), (start + tail, start + head)):
                    wanted[ends] = wanted.get(ends, 0) + 1
    found = zip(edges.targets.tolist(), edges.sources.tolist(), strict=True)
    assert dict(zip(found, edges.counts.tolist(), strict=True)) == wanted
    assert max(wanted.values()) > 1
    degree = np.zeros(edges.n, dtype=int)
    for (target, _), times in wanted.items():
        degree[target] += times
    assert edges.degree.tolist() == degree.tolist()


def test_a_subgraph_has_the_counts_of_the_whole(pair):
    """EVA trains on the surroundings of its seeds and embeds with all edges: both must be one function."""
    task, features = pair
    model = EVA(**WIDTHS["eva"], switches={"count_triples": True}, dtype="float64")
    inputs = model._inputs(task, features)
    torch.manual_seed(0)
    network = model._model(inputs).double()
    nodes = inputs.nodes(torch.tensor([[3, 5], [8, 2]]))
    around = inputs.edges.k_hop_subgraph(nodes, 2)
    assert len(around.layers[1]) < len(inputs.edges)
    torch.testing.assert_close(
        network.encoder(nodes, around)["structure"], network.encoder()["structure"][nodes]
    )


# ---- what the switches of iterative learning, of noise and of the schedule do, restated


class Rounds:
    """A training of nothing, in which the pairs that are each other's nearest are given for every epoch."""

    def __init__(self, by_epoch: list[list[tuple[int, int]]], **options) -> None:
        self.by_epoch = by_epoch
        entities = Sides(np.arange(6), np.arange(6))
        self.callback = BlocksOfRounds(self.embed, entities, **options)
        module = torch.nn.Linear(1, 1)
        config = TrainingConfig(n_epochs=len(by_epoch), batch_size=99, learning_rate=0.1)
        self.training = Training(
            module,
            lambda batch: 0 * module.weight.sum(),
            torch.tensor([[0, 0], [1, 1]]),
            config,
            callbacks=[self.callback],
        )
        self.training.run()

    def embed(self):
        """Entities of a pair have one vector; all others have vectors that are nobody's nearest in return."""
        left, right = np.zeros((2, 6, 8), dtype=np.float32)
        for k, (i, j) in enumerate(self.by_epoch[self.training.epoch - 1]):
            left[i, k], right[j, k] = 1, 1
        for n, side in ((6, left), (7, right)):
            alone = ~side.any(axis=1)
            side[alone, n] = 1
        return left, right

    def added(self) -> list[tuple[int, list]]:
        return [(change.epoch, change.added.tolist()) for change in self.callback.added]


def test_a_block_of_rounds_adds_what_every_round_proposed():
    both, one = [(2, 3), (4, 5)], [(2, 3)]
    options = {"start": 0, "every": 1, "rounds": 3}
    steady = Rounds([both] * 3, **options)
    assert [epoch for epoch, _ in steady.added()] == [3] and [2, 3] in steady.added()[0][1]
    broken = Rounds([both, one, both], **options)
    assert [2, 3] in broken.added()[0][1] and [4, 5] not in broken.added()[0][1]
    late = Rounds([both] * 6, start=3, every=1, rounds=3)
    assert late.added()[0][0] == 6
    seeds = steady.training.seeds.tolist()
    assert seeds[:2] == [[0, 0], [1, 1]] and len({left for left, _ in seeds}) == len(seeds)
    # Every second epoch, the second half of four rounds: those before epochs 6 and 8.
    halves = Rounds([both, both, both, one, both, both, both, both], start=0, every=2, rounds=4, half=True)
    assert halves.added()[0][0] == 7 and [4, 5] in halves.added()[0][1]
    missed = Rounds([both, both, both, both, one, both, both, both], start=0, every=2, rounds=4, half=True)
    assert [4, 5] not in missed.added()[0][1]


def test_a_restarted_optimiser_has_a_fifth_of_the_rate_and_no_running_means():
    """Adam's first step has the length of its rate, whatever the gradient is."""

    def positions(rule, n_epochs=6, start=2, **config):
        module = torch.nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            module.weight.fill_(5.0)
        seen = [5.0]

        class Watch(Callback):
            def epoch_ends(self, training):
                seen.append(module.weight.item())

        Training(
            module,
            lambda batch: module.weight.sum(),
            torch.zeros(2, 2, dtype=torch.long),
            TrainingConfig(n_epochs=n_epochs, batch_size=2, learning_rate=0.1, **config),
            callbacks=[OptimiserRestart(rule, start), Watch()],
        ).run()
        return -np.diff(seen)

    assert positions("never") == pytest.approx([0.1] * 6, rel=1e-4)
    for rule in ("once", "every epoch"):
        assert positions(rule) == pytest.approx([0.1] * 2 + [0.02] * 4, rel=1e-4)
    assert positions("once", start=None) == pytest.approx([0.1] * 6, rel=1e-4)
    # The schedule begins again, over three times the four epochs that are left.
    cosine = positions("once", schedule="cosine", rate_at="start")
    wanted = [0.1 * (1 + np.cos(np.pi * k / 6)) / 2 for k in range(2)]
    wanted += [0.02 * (1 + np.cos(np.pi * k / 12)) / 2 for k in range(4)]
    assert cosine == pytest.approx(wanted, rel=1e-4)


def test_a_warmup_at_the_start_of_steps_is_a_whole_number_of_them():
    config = TrainingConfig(n_epochs=10, batch_size=2, learning_rate=1.0, warmup=0.15, schedule="cosine")
    found = [config.rate(step / 10, n_steps=10) for step in range(10)]
    assert found == pytest.approx([0, *(0.5 * (1 + np.cos(np.pi * k / 9)) for k in range(9))], abs=1e-12)


def test_missing_vectors_are_noise_of_both_sides_or_zeros():
    rng = np.random.default_rng(0)
    left, right = (rng.normal(mean, 1, (4000, 2)).astype(np.float32) for mean in (10, 20))
    gone = np.arange(4000) < 2000
    kept = {side: np.where(gone[:, None], 0, x) for side, x in (("left", left), ("right", right))}
    features = Features({name: Modality.from_arrays(**kept) for name in ("image", "name", "relation")})
    rules = TrainedRules.from_variant("released")
    with pytest.warns(PsqeWarning, match=r"image of 4,000 entities, name of 4,000 entities$"):
        filled = completed(features, rules, random_state=1)
    for side in ("left", "right"):
        assert all(filled[name][side].present.all() for name in filled)
        noise = filled["image"][side].values[:2000]
        assert noise.mean() == pytest.approx(15, abs=0.3) and noise.std() == pytest.approx(5.1, abs=0.3)
        uniform = filled["name"][side].values[:2000]
        assert -0.5 <= uniform.min() < -0.49 and 0.49 < uniform.max() <= 0.5
        assert not filled["relation"][side].values[:2000].any()
        for name in filled:
            assert np.array_equal(filled[name][side].values[2000:], kept[side][2000:])
    assert completed(features, TrainedRules(), random_state=1) is features


def test_inputs_of_the_released_variant_are_as_encoders_gave_them(pair):
    task, features = pair
    model = MCLEA(**WIDTHS["mclea"], switches={"centre": False, "scaled": "vectors"})
    inputs = model._inputs(task, features)
    for name, modality in features.items():
        raw = np.concatenate([modality.left.values, modality.right.values])
        norms = np.linalg.norm(raw, axis=1, keepdims=True)
        unit = np.divide(raw, norms, out=np.zeros_like(raw), where=norms > 0)
        np.testing.assert_allclose(inputs.vectors[name], unit if name == "image" else raw, atol=1e-6)


def test_a_training_that_is_resumed_without_a_callback_warns_of_none(planted, tmp_path, recwarn):
    task, features = planted
    for _ in range(2):
        model = ALIGNERS["eva"].preset("small", n_epochs=2)
        model.fit(task, features, true_links(task, 10), checkpoint=tmp_path / "training.pt")
    assert not [str(one.message) for one in recwarn]
