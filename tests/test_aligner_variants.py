"""The variants of the trained aligners: every switch does something, and all together make the other one."""

import warnings
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from pairs import with_arrays

from psqe.aligners import ALIGNERS, EVA, MCLEA, MEAformer, TrainedAligner
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.seeds import true_links
from psqe.switches import Switches
from psqe.training.graph_attention import Edges

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
