"""The variant ``released`` against what the authors' public codes compute from the same weights and inputs.

The reference values are outputs of the public codes of MCLEA, MEAformer and EVA, which ran on a CPU in single
precision on one small pair of graphs, with dropout off. They are beside the project and never part of it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from psqe.aligners import EVA, MCLEA, MEAformer
from psqe.aligners.model import SeedBatch
from psqe.features import Features
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.training.loop import Training

FOLDER = Path(__file__).parents[2] / "shared" / "faithful"
N_SIDE = 30
"""Number of entities of each side of the pair."""

TOLERANCE = 1e-5
"""The largest difference that is allowed, in single precision."""


class Reference:
    """What the authors' code of one model computed, with the pair of graphs that it ran on."""

    def __init__(self, name: str) -> None:
        path = FOLDER / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"the reference values of {name} are not on this machine")
        with np.load(path) as arrays:
            self.arrays = {key: arrays[key] for key in arrays.files}
        graphs = []
        for side, start in (("left", 0), ("right", N_SIDE)):
            triples = self.arrays["triples"]
            of_side = triples[(triples[:, 0] >= start) & (triples[:, 0] < start + N_SIDE)]
            labels = tuple(f"r{i}" for i in range(triples[:, 1].max() + 1))
            names = tuple(f"{side} {i}" for i in range(N_SIDE))
            graphs.append(KnowledgeGraph(side, names, labels, of_side - [start, 0, start]))
        self.task = AlignmentTask("reference", *graphs)
        assert sum(len(graph.triples) for graph in graphs) == len(self.arrays["triples"])
        given = {
            f"{name}_{side}": self.arrays[name][rows]
            for name in ("image", "relation", "attribute")
            for side, rows in (("left", slice(None, N_SIDE)), ("right", slice(N_SIDE, None)))
        }
        self.features = Features.from_arrays(given)
        self.seeds = torch.from_numpy(self.arrays["seeds"] - [0, N_SIDE])

    def __getitem__(self, key: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[key])

    def terms(self) -> list[dict[str, float]]:
        """The terms of the loss of each batch, by name."""
        names = self.arrays["loss_names"].tolist()
        return [dict(zip(names, row, strict=True)) for row in np.atleast_2d(self.arrays["loss_terms"])]


def close(found, wanted, what: str, atol: float = TOLERANCE) -> None:
    found, wanted = (torch.as_tensor(x).detach().double() for x in (found, wanted))
    assert found.shape == wanted.shape, what
    difference = float((found - wanted).abs().max())
    scale = max(1.0, float(wanted.abs().max()))
    assert difference <= atol * scale, f"{what} differs by {difference:.3g}"


def batch_of(inputs, seeds) -> SeedBatch:
    nodes = inputs.nodes(seeds)
    return SeedBatch(seeds, nodes, inputs.edges.k_hop_subgraph(nodes, 2), inputs.present, ())


def trained_once(aligner, network, inputs, seeds, **config) -> None:
    """Train for one epoch as the aligner would, with the seeds in their order."""
    settings = replace(aligner._config(), n_epochs=1, shuffle=False, **config)
    Training(network, lambda chosen: network.loss(batch_of(inputs, chosen)), seeds, settings).run()


# ---- MCLEA

GAT = "cross_graph_model.layer_stack"


def gat_parameters(reference, kind: str, prefix: str = "") -> dict[str, torch.Tensor]:
    """The parameters of both layers of graph attention as ours are laid out."""
    layers = [f"{kind}/{prefix}{GAT}.{layer}" for layer in range(2)]
    diagonal = torch.stack([reference[f"{layer}.w"][:, 0] for layer in layers])
    attention = torch.stack([reference[f"{layer}.a_src_dst"][..., 0] for layer in layers])
    return {
        "encoder.graph.diagonal": diagonal,
        "encoder.graph.attention": attention.unflatten(2, (2, -1)),
    }


def mclea_parameters(reference, kind: str) -> dict[str, torch.Tensor]:
    """The authors' parameters, their gradients or their values after a step, by our names."""
    found = gat_parameters(reference, kind)
    found["encoder.entity"] = reference[f"{kind}/entity_emb.weight"]
    for i, name in enumerate(("img", "rel", "att")):
        for part in ("weight", "bias"):
            found[f"encoder.linear.{i}.{part}"] = reference[f"{kind}/{name}_fc.{part}"]
    # Ours: structure, image, relation, attribute. Theirs: image, attribute, relation, structure, two idle.
    found["fusion"] = reference[f"{kind}/fusion.weight"][[3, 0, 2, 1], 0]
    tail = {"weights": "{}_log_vars", "gradient": "gradient_{}", "after": "after_{}"}[kind]
    for weights in ("intra", "inter"):
        # Theirs: structure, relation, attribute, image, two idle.
        for i, theirs in enumerate([0, 3, 1, 2, 4, 5]):
            found[f"weights.{weights}.log_variance.{i}"] = reference[tail.format(weights)][theirs]
    return found


@pytest.fixture
def mclea():
    """The reference, our aligner, its inputs and its network with the authors' weights."""
    reference = Reference("mclea")
    aligner = MCLEA(variant="released", structure_dim=16, modality_dim=16, batch_size=12)
    inputs = aligner._inputs(reference.task, reference.features)
    network = aligner._model(inputs)
    network.load_state_dict(mclea_parameters(reference, "weights"))
    return reference, aligner, inputs, network


def test_mclea_embeds_as_its_authors_do(mclea):
    reference, _, _, network = mclea
    parts = network.encoder()
    for name, part in parts.items():
        close(part, reference[f"embedding/{name}"], name)
    # Theirs is not of unit length, and has the modalities in another order.
    theirs = reference["embedding/joint"]
    image, attribute, relation, structure = torch.nn.functional.normalize(theirs).split(16, dim=1)
    close(network.embeddings(), torch.cat([structure, image, relation, attribute], dim=1), "joint")


def test_mclea_has_the_losses_of_its_authors(mclea):
    reference, _, inputs, network = mclea
    for terms, seeds in zip(reference.terms(), reference.seeds.split(12), strict=True):
        batch = batch_of(inputs, seeds)
        units = {
            name: torch.nn.functional.normalize(part)
            for name, part in network.encoder(batch.nodes, batch.subgraph).items()
        }
        joint = batch.pair_embeddings("joint", network.side_by_side(units))
        close(network.contrast(joint.left, joint.right), terms["joint"], "joint")
        for name, embedded in units.items():
            pairs = batch.pair_embeddings(name, embedded)
            close(network.contrast(pairs.left, pairs.right), terms[f"intra {name}"], f"intra {name}")
            inter = network.distil(network.targets(joint), (pairs.left, pairs.right))
            close(network.inner_weight * inter, terms[f"inter {name}"], f"inter {name}", atol=1e-9)
        close(network.loss(batch), terms["total"], "total")


def test_mclea_steps_as_its_authors_do(mclea):
    reference, aligner, inputs, network = mclea
    for seeds in reference.seeds.split(12):
        network.loss(batch_of(inputs, seeds)).backward()
    for name, wanted in mclea_parameters(reference, "gradient").items():
        close(network.get_parameter(name).grad, wanted, f"the gradient of {name}")
    network.zero_grad()
    trained_once(aligner, network, inputs, reference.seeds)
    for name, wanted in mclea_parameters(reference, "after").items():
        close(network.get_parameter(name), wanted, f"{name} after a step")


# ---- EVA


@pytest.fixture
def eva():
    """The reference, our aligner, its inputs and its network with the authors' weights."""
    reference = Reference("eva")
    sizes = {"structure_dim": 16, "structure_output_dim": 8, "image_dim": 16, "modality_dim": 16}
    aligner = EVA(variant="released", batch_size=12, **sizes)
    inputs = aligner._inputs(reference.task, reference.features)
    network = aligner._model(inputs)
    found = {"encoder.entity": reference["weights/entity"], "fusion": torch.ones(4)}
    for i in range(2):
        # Theirs multiplies by the weight, ours by its transpose.
        found[f"encoder.graph.layers.{i}.weight"] = reference[f"weights/gcn/gc{i + 1}.weight"].T
        found[f"encoder.graph.layers.{i}.bias"] = reference[f"weights/gcn/gc{i + 1}.bias"]
    for i, name in enumerate(("image", "relation", "attribute")):
        for part in ("weight", "bias"):
            found[f"encoder.linear.{i}.{part}"] = reference[f"weights/{name}/{part}"]
    network.load_state_dict(found)
    return reference, aligner, inputs, network


def test_eva_embeds_as_its_authors_do(eva):
    reference, _, _, network = eva
    for name, part in network.encoder().items():
        close(part, reference[f"embedding/{name}"], name)


def test_eva_has_the_losses_of_its_authors(eva):
    reference, _, inputs, network = eva
    for terms, seeds in zip(reference.terms(), reference.seeds.split(12), strict=True):
        batch = batch_of(inputs, seeds)
        for name, part in network.encoder(batch.nodes, batch.subgraph).items():
            pairs = batch.pair_embeddings(name, torch.nn.functional.normalize(part))
            loss = network.structure_loss if name == "structure" else network.modality_loss
            close(loss(pairs.left, pairs.right), terms[name], name)


# ---- MEAformer

FUSION = "multimodal_encoder.fusion.fusion_layer.0"


def meaformer_parameters(reference, kind: str) -> dict[str, torch.Tensor]:
    """The authors' parameters, their gradients or their values after a step, by our names."""
    found = gat_parameters(reference, kind, "multimodal_encoder.")
    found["encoder.entity"] = reference[f"{kind}/multimodal_encoder.entity_emb.weight"]
    for i, name in enumerate(("img", "rel", "att")):
        for part in ("weight", "bias"):
            found[f"encoder.linear.{i}.{part}"] = reference[f"{kind}/multimodal_encoder.{name}_fc.{part}"]
    for part in ("weight", "bias"):

        def theirs(name: str, part: str = part) -> torch.Tensor:
            return reference[f"{kind}/{FUSION}.{name}.{part}"]

        found[f"attention.attention.in_proj_{part}"] = torch.cat(
            [theirs(f"attention.self.{name}") for name in ("query", "key", "value")]
        )
        found[f"attention.attention.out_proj.{part}"] = theirs("attention.output.dense")
        found[f"attention.norms.0.{part}"] = theirs("attention.output.LayerNorm")
        found[f"attention.feed_forward.0.{part}"] = theirs("intermediate.dense")
        found[f"attention.feed_forward.2.{part}"] = theirs("output.dense")
        found[f"attention.norms.1.{part}"] = theirs("output.LayerNorm")
    log_variances = reference[f"{kind}/multi_loss_layer.log_vars"]
    for i, theirs_at in enumerate([0, 3, 1, 2, 4, 5]):
        found[f"weights.log_variance.{i}"] = log_variances[theirs_at]
    return found


@pytest.fixture
def meaformer():
    """The reference, our aligner without dropout, its inputs and its network with the authors' weights."""
    reference = Reference("meaformer")
    aligner = MEAformer(variant="released", dim=16, hidden_dim=20, dropout=0.0, batch_size=24)
    inputs = aligner._inputs(reference.task, reference.features)
    network = aligner._model(inputs)
    network.load_state_dict(meaformer_parameters(reference, "weights"))
    return reference, aligner, inputs, network


def test_meaformer_embeds_as_its_authors_do(meaformer):
    reference, _, inputs, network = meaformer
    parts = network.encoder()
    for name, part in parts.items():
        close(part, reference[f"embedding/{name}"], name)
    nodes = torch.arange(inputs.edges.n)
    present = torch.ones(len(nodes), len(parts), dtype=torch.bool)
    hidden, weights = network.attention(torch.stack(list(parts.values()), dim=1), present)
    # Ours: structure, image, relation, attribute. Theirs: image, attribute, relation, structure.
    order = [1, 3, 2, 0]
    close(hidden[:, order], reference["embedding/hidden"], "hidden")
    close(weights[:, order], reference["embedding/weights"], "weights")
    image, attribute, relation, structure = torch.nn.functional.normalize(reference["embedding/joint"]).split(
        16, dim=1
    )
    joint = network.join(parts, nodes)
    close(joint, torch.cat([structure, image, relation, attribute], dim=1), "joint")


def test_meaformer_has_the_losses_of_its_authors(meaformer):
    reference, _, inputs, network = meaformer
    (terms,) = reference.terms()
    batch = batch_of(inputs, reference.seeds)
    early, _, joint = network._attend(network.encoder(batch.nodes, batch.subgraph), batch.nodes)
    pairs = batch.pair_embeddings("joint", joint)
    close(network.contrast(pairs.left, pairs.right), terms["joint"], "joint")
    losses = {name: network.contrast(*(embedded[:24], embedded[24:])) for name, embedded in early.items()}
    close(network.weights(losses), terms["early"], "early")
    close(network.loss(batch), terms["total"], "total")


def test_meaformer_steps_as_its_authors_do(meaformer):
    reference, aligner, inputs, network = meaformer
    network.loss(batch_of(inputs, reference.seeds)).backward()
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), aligner.clip)
    close(norm, reference["gradient_norm_before_clip"], "the norm of the gradient")
    for name, wanted in meaformer_parameters(reference, "gradient").items():
        close(network.get_parameter(name).grad, wanted, f"the gradient of {name}")
    network.zero_grad()
    trained_once(aligner, network, inputs, reference.seeds, schedule="constant", warmup=0.0)
    for name, wanted in meaformer_parameters(reference, "after").items():
        close(network.get_parameter(name), wanted, f"{name} after a step")
