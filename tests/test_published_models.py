"""The loss and the embeddings of each whole model, recomputed from its parameters, entity by entity.

What stands here is each paper's architecture with what our docstrings say of masks, and shares no line with
the models. An entity without a modality has no vector of it here, where the models have zeros and masks.
"""

import numpy as np
import plain
import pytest
import torch

from psqe.aligners import EVA, MCLEA, MEAformer, model
from psqe.aligners.model import SeedBatch
from psqe.datasets.synthetic import planted_pair
from psqe.training.loop import TrainingConfig
from psqe.training.modalities import ModelInputs

ALIGNERS = {
    "eva": EVA(structure_dim=4, structure_output_dim=3, image_dim=3, modality_dim=2, structure_scale=4.0),
    "mclea": MCLEA(structure_dim=4, modality_dim=3, temperature=0.2, distillation_temperature=0.5),
    "meaformer": MEAformer(dim=4, hidden_dim=5, dropout=0.0, temperature=0.2),
    "meaformer, two heads": MEAformer(dim=4, n_heads=2, hidden_dim=5, dropout=0.0, temperature=0.2),
}


def parts_of(network, inputs, structure):
    """By entity, the vectors of the modalities that it has: structure first, then what is mapped."""
    edges, found = inputs.edges, []
    for node in range(edges.n):
        own = {"structure": structure[node]}
        for linear, name in zip(network.encoder.linear, inputs.vectors, strict=True):
            if inputs.present[name][node]:
                own[name] = linear.weight @ inputs.vectors[name][node] + linear.bias
        found.append(own)
    return found


def beside(units, weights, dims):
    """Unit vectors of what an entity has, weighted and side by side; nothing where it lacks a modality."""
    nothing = {name: torch.zeros(dim, dtype=torch.float64) for name, dim in dims.items()}
    columns = [weights[name] * units[name] if name in units else nothing[name] for name in dims]
    return plain.unit(torch.cat(columns))


def ends_of(by_node, name, seeds, n_left):
    """Left and right vectors of the seeds both of whose ends have it, and which these are."""
    which = [k for k, (i, j) in enumerate(seeds) if name in by_node[i] and name in by_node[n_left + j]]
    return (
        [by_node[seeds[k][0]][name] for k in which],
        [by_node[n_left + seeds[k][1]][name] for k in which],
        which,
    )


def weighed(losses: dict, log_variances) -> torch.Tensor:
    """Kendall et al. 2018; ``log_variances`` by the name of the loss."""
    return sum(torch.exp(-log_variances[name]) * loss + log_variances[name] for name, loss in losses.items())


def eva(aligner, network, inputs, seeds):
    layers = [(layer.weight, layer.bias) for layer in network.encoder.graph.layers]
    assert [len(bias) for _, bias in layers] == [aligner.structure_dim, aligner.structure_output_dim]
    parts = parts_of(network, inputs, plain.gcn(network.encoder.entity, layers, inputs.edges))
    dims = {"structure": 3, "image": 3, "attribute": 2}
    share = dict(zip(dims, torch.exp(network.fusion) / torch.exp(network.fusion).sum(), strict=True))
    units = [{name: plain.unit(x) for name, x in own.items()} for own in parts]
    joint = [{"joint": beside({name: x.detach() for name, x in own.items()}, share, dims)} for own in units]
    left, right, _ = ends_of(joint, "joint", seeds, inputs.n_left)
    total = plain.nca(left, right, aligner.scale, aligner.attraction)
    for name in dims:
        left, right, which = ends_of(units, name, seeds, inputs.n_left)
        if len(which) > 1:
            scale = aligner.structure_scale if name == "structure" else aligner.scale
            total = total + plain.nca(left, right, scale, aligner.attraction)
    return total, [one["joint"] for one in joint]


def mclea(aligner, network, inputs, seeds):
    gat = network.encoder.graph
    parts = parts_of(
        network, inputs, plain.gat(network.encoder.entity, gat.diagonal, gat.attention, inputs.edges)
    )
    dims = {"structure": 4, "image": 3, "attribute": 3}
    share = dict(zip(dims, torch.exp(network.fusion) / torch.exp(network.fusion).sum(), strict=True))
    units = [{name: plain.unit(x) for name, x in own.items()} for own in parts]
    joint = [{"joint": beside(own, share, dims)} for own in units]
    whole = ends_of(joint, "joint", seeds, inputs.n_left)
    intra, inter = {}, {}
    for name in dims:
        left, right, which = ends_of(units, name, seeds, inputs.n_left)
        if len(which) > 1:
            intra[name] = plain.info_nce(left, right, aligner.temperature)
            teacher = [[ends[k] for k in which] for ends in whole[:2]]
            inter[name] = plain.distillation(teacher, (left, right), aligner.distillation_temperature)
    of_intra, of_inter = (
        dict(zip(names, network.weights[kind].log_variance, strict=True))
        for kind, names in (("intra", dims), ("inter", dims))
    )
    total = plain.info_nce(*whole[:2], aligner.temperature)
    total = total + weighed(intra, of_intra) + aligner.distillation_weight * weighed(inter, of_inter)
    return total, [one["joint"] for one in joint]


def meaformer(aligner, network, inputs, seeds):
    gat = network.encoder.graph
    parts = parts_of(
        network, inputs, plain.gat(network.encoder.entity, gat.diagonal, gat.attention, inputs.edges)
    )
    dims = dict.fromkeys(("structure", "image", "attribute"), 4)
    early, late, joint = [], [], []
    for own in parts:
        after, weights = plain.modality_attention(
            list(own.values()), len(dims), aligner.n_heads, dict(network.attention.named_parameters())
        )
        early.append({name: plain.unit(x) for name, x in own.items()})
        late.append({name: plain.unit(x) for name, x in zip(own, after, strict=True)})
        joint.append({"joint": beside(early[-1], dict(zip(own, weights, strict=True)), dims)})
    left, right, _ = ends_of(joint, "joint", seeds, inputs.n_left)
    total = plain.info_nce(left, right, aligner.temperature)
    log_variances = dict(zip(dims, network.weights.log_variance, strict=True))
    for units in (early, late):
        losses = {}
        for name in dims:
            left, right, which = ends_of(units, name, seeds, inputs.n_left)
            if len(which) > 1:
                losses[name] = plain.info_nce(left, right, aligner.temperature)
        total = total + weighed(losses, log_variances)
    return total, [one["joint"] for one in joint]


PLAIN = {"eva": eva, "mclea": mclea, "meaformer": meaformer}


@pytest.fixture(scope="module")
def scene():
    """A tiny pair in which a third of the vectors are missing."""
    task, features = planted_pair(14, 2, 5, missing=0.35, random_state=3)
    inputs = ModelInputs.from_task(task, features, dtype=torch.float64)
    assert all(0.4 < float(has.double().mean()) < 0.9 for has in inputs.present.values())
    return task, features, inputs


def network_of(aligner, inputs):
    """Its network with weights unlike those that training begins from, which are often all alike."""
    torch.manual_seed(0)
    network = aligner._model(inputs).double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.4 * torch.randn_like(parameter)
    return network


def seeds_with_images(inputs, n: int, n_with: int) -> list[tuple[int, int]]:
    """``n`` seeds, one-to-one; both ends have an image in the first ``n_with`` of them, in no others."""
    has, found = inputs.present["image"], []
    for want in (True, False):
        for i in range(inputs.n_left):
            for j in range(inputs.edges.n - inputs.n_left):
                free = all(i != a and j != b for a, b in found)
                if (
                    free
                    and bool(has[i] & has[inputs.n_left + j]) is want
                    and len(found) < (n_with if want else n)
                ):
                    found.append((i, j))
    assert len(found) == n
    return found


@pytest.mark.parametrize("n_with_images", [4, 2, 1, 0])
@pytest.mark.parametrize("name", ALIGNERS)
def test_the_loss_is_the_papers_recomputed(scene, name, n_with_images):
    """Values and gradients of all parameters; a modality of fewer than two seeds has no part in it."""
    *_, inputs = scene
    aligner = ALIGNERS[name]
    network = network_of(aligner, inputs)
    wider = seeds_with_images(inputs, 6, n_with_images)  # the seeds of an epoch; the batch has fewer
    subgraph = inputs.edges.k_hop_subgraph(inputs.nodes(torch.tensor(wider)), 2)
    seeds = wider[:-1]
    chosen = torch.tensor(seeds)
    found = network.loss(SeedBatch(chosen, inputs.nodes(chosen), subgraph, inputs.present, ()))
    wanted, _ = PLAIN[aligner.name](aligner, network, inputs, seeds)
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    parameters = dict(network.named_parameters())
    ours, theirs = (
        torch.autograd.grad(loss, list(parameters.values()), materialize_grads=True)
        for loss in (found, wanted)
    )
    learning = 0
    for key, a, b in zip(parameters, ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9, msg=lambda text, key=key: f"{key}: {text}")
        learning += bool(a.abs().max() > 1e-6)
    assert learning > len(parameters) / 2


@pytest.mark.parametrize("name", ALIGNERS)
def test_the_embeddings_are_the_joint_ones_of_all_entities(scene, name, monkeypatch):
    monkeypatch.setattr(model, "BLOCK_ENTITIES", 5)
    *_, inputs = scene
    aligner = ALIGNERS[name]
    network = network_of(aligner, inputs)
    _, wanted = PLAIN[aligner.name](aligner, network, inputs, [(0, 0), (1, 1)])
    found = network.embeddings()
    assert found.dtype == np.float32 and network.training
    np.testing.assert_allclose(found, torch.stack(wanted).detach().numpy(), atol=1e-6)


def test_looking_at_embeddings_drops_nothing_and_draws_nothing(scene):
    """Iterative learning and early stopping look in the middle of a training."""
    *_, inputs = scene
    network = network_of(MEAformer(dim=4, hidden_dim=5, dropout=0.5), inputs)
    before = torch.get_rng_state()
    found = network.embeddings()
    assert torch.equal(torch.get_rng_state(), before) and network.training
    network.eval()
    assert np.array_equal(network.embeddings(), found) and not network.training


def test_each_trains_as_its_authors_do():
    assert EVA()._config() == TrainingConfig(
        n_epochs=1000, batch_size=7500, learning_rate=5e-4, weight_decay=1e-2, accumulate=True
    )
    assert MCLEA()._config() == TrainingConfig(
        n_epochs=1000, batch_size=512, learning_rate=5e-4, weight_decay=1e-2
    )
    assert MEAformer()._config() == TrainingConfig(
        n_epochs=250, batch_size=3500, learning_rate=5e-4, weight_decay=1e-4,
        schedule="cosine", warmup=0.15, clip=1.0,
    )  # fmt: skip
    other = MEAformer(n_epochs=3, batch_size=4, learning_rate=0.1, weight_decay=0.2, warmup=0.3, clip=5.0)
    assert other._config() == TrainingConfig(
        n_epochs=3, batch_size=4, learning_rate=0.1, weight_decay=0.2, schedule="cosine", warmup=0.3, clip=5.0
    )


def test_inputs_are_centred_unit_vectors_of_who_has_one(scene):
    task, features, inputs = scene
    assert inputs.n_left == task.left.n_entities
    for name, modality in features.items():
        rows, mask = [], []
        for side in ("left", "right"):
            vectors, present = modality[side].values, modality[side].present
            own = vectors.astype(np.float64)
            centre = sum(x for x, has in zip(own, present, strict=True) if has) / present.sum()
            for x, has in zip(own, present, strict=True):
                rows.append((x - centre) / np.sqrt(((x - centre) ** 2).sum()) if has else 0 * x)
                mask.append(bool(has))
        np.testing.assert_allclose(inputs.vectors[name], rows, atol=1e-6)
        assert inputs.present[name].tolist() == mask
    seeds = torch.tensor([[1, 2], [0, 3]])
    assert inputs.nodes(seeds).tolist() == [1, 0, inputs.n_left + 2, inputs.n_left + 3]
