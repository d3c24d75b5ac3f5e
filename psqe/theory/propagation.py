"""P5: through the graph, entities without a seed learn what the seeds near them learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from psqe.errors import ParameterError
from psqe.graph import AlignmentTask, DoubleArray, IntArray
from psqe.theory.batch import Batch, gradient
from psqe.theory.split import tangent
from psqe.training.graph_attention import DiagonalGAT, Edges
from psqe.training.loop import Training, TrainingConfig, seeded
from psqe.training.losses import info_nce
from psqe.training.modalities import STRUCTURE, ModalityEncoder, ModelInputs, unit


def propagated(adjacency: sparse.csr_array, values: DoubleArray, n_layers: int) -> DoubleArray:
    """``A^L values``, step by step: never a power of ``A``.

    Raises
    ------
    ParameterError
        If ``n_layers`` is negative.
    """
    if n_layers < 0:
        raise ParameterError(f"n_layers is {n_layers}", remedy="give at least 0")
    for _ in range(n_layers):
        values = adjacency @ values
    return values


@dataclass(frozen=True, eq=False)
class LinearEncoder:
    """``Z = A^L X W``: graph propagation without nonlinearity (Wu et al. 2019).

    Changes are those that a gradient step makes, per unit of learning rate. They are exact, as ``Z`` is
    linear in ``X`` and in ``W``. ``gradient`` is ``G = dl / dZ`` ``(n, d)``, zero but at the seeds.

    Attributes
    ----------
    adjacency
        ``A`` ``(n, n)``, symmetric (:func:`psqe.adjacency.normalised_adjacency`) or
        not (:func:`psqe.adjacency.walk`).
    inputs
        ``X`` ``(n, d_in)``.
    weights
        ``W`` ``(d_in, d)``.
    n_layers
        ``L``.
    """

    adjacency: sparse.csr_array
    inputs: DoubleArray
    weights: DoubleArray
    n_layers: int

    def embeddings(self) -> DoubleArray:
        """``Z`` ``(n, d)``."""
        return propagated(self.adjacency, self.inputs @ self.weights, self.n_layers)

    def change_by_weights(self, gradient: DoubleArray) -> DoubleArray:
        """What a step of ``W`` does to ``Z``: ``-A^L X X^T (A^L)^T G`` ``(n, d)``."""
        at_inputs = self._back(gradient)
        return -propagated(self.adjacency, self.inputs @ (self.inputs.T @ at_inputs), self.n_layers)

    def change_by_graph(self, gradient: DoubleArray) -> DoubleArray:
        """The part of :meth:`change_by_weights` that takes the way of the graph ``(n, d)``.

        ``-A^L diag(X X^T) (A^L)^T G``; the rest jumps between entities by the similarity of their inputs.
        """
        own = (self.inputs**2).sum(axis=1, keepdims=True)
        return -propagated(self.adjacency, own * self._back(gradient), self.n_layers)

    def change_by_inputs(self, gradient: DoubleArray) -> DoubleArray:
        """What a step of learned inputs ``X`` does to ``Z``: ``-A^L (A^L)^T G W^T W`` ``(n, d)``."""
        arrived = propagated(self.adjacency, self._back(gradient), self.n_layers)
        return -arrived @ (self.weights.T @ self.weights)

    def _back(self, gradient: DoubleArray) -> DoubleArray:
        """``(A^L)^T G``."""
        return propagated(self.adjacency.T.tocsr(), gradient, self.n_layers)


def reach(adjacency: sparse.csr_array, seeds: IntArray, n_layers: int) -> DoubleArray:
    """``sum_k [A^L (A^L)^T]_{u k}`` over the seeds ``(n,)``: how much of the seeds' gradients gets to ``u``.

    For the symmetric ``A``, ``[A^(2L)]_{u k} = sqrt(deg u / deg k) P^(2L)(u -> k)``, with ``P`` the random
    walk and degrees with self loop: the walk is a matter of place, the root favours high degrees. For
    ``A = P`` it is the chance that walks of ``L`` steps from ``u`` and from ``k`` end at one place.
    """
    given = np.zeros(adjacency.shape[0])
    np.add.at(given, seeds, 1.0)
    return propagated(adjacency, propagated(adjacency.T.tocsr(), given, n_layers), n_layers)


def lengths(adjacency: sparse.csr_array, n_layers: int) -> DoubleArray:
    """``sqrt([A^L (A^L)^T]_{u u})`` ``(n,)``: how long ``Z_u`` is when inputs are independent and alike.

    Needs ``A^L``, which has an entry for every two entities within ``L`` steps: for graphs of some 10,000
    entities and two or three layers.
    """
    power = sparse.csr_array(sparse.eye_array(adjacency.shape[0]))
    for _ in range(n_layers):
        power = power @ adjacency
    found: DoubleArray = np.sqrt(np.asarray(power.multiply(power).sum(axis=1)).ravel())
    return found


def turn(change: DoubleArray, embeddings: DoubleArray) -> DoubleArray:
    """How far the directions of ``embeddings (n, d)`` turn by a small ``change (n, d)``: radians ``(n,)``.

    The part of the change across the embedding, over its length: all that unit rows keep of it.
    """
    length = np.linalg.norm(embeddings, axis=1)
    found: DoubleArray = np.linalg.norm(tangent(change, embeddings / length[:, None]), axis=1) / length
    return found


def unit_gradient(embeddings: DoubleArray, pairs: IntArray, temperature: float) -> DoubleArray:
    """``G``: the gradient of :func:`psqe.theory.batch.loss` of unit rows by ``embeddings (n, d)``.

    ``pairs (B, 2)`` are the rows of the seeds, each row at most once.
    """
    found = np.zeros_like(embeddings)
    length = np.linalg.norm(embeddings[pairs], axis=2)
    unit = embeddings[pairs] / length[:, :, None]
    for side, part in enumerate(gradient(Batch(unit[:, 0], unit[:, 1], temperature))):
        found[pairs[:, side]] = tangent(part, unit[:, side]) / length[:, [side]]
    return found


def limit(adjacency: sparse.csr_array, seeds: IntArray) -> DoubleArray:
    """What :func:`reach` tends to with many layers ``(n,)``, in every connected part of the graph.

    ``sum_k sqrt(deg u deg k) / sum_v deg v``, over the part that ``u`` is in: the seeds' places are
    forgotten, degrees alone remain.
    """
    _, part = sparse.csgraph.connected_components(adjacency, directed=False)
    # A = D^(-1/2) (E + I) D^(-1/2), so the loops give the degrees back.
    degree = 1 / adjacency.diagonal()
    given = np.zeros(len(degree))
    np.add.at(given, seeds, 1.0)
    by_part = np.bincount(part, weights=given * np.sqrt(degree)) / np.bincount(part, weights=degree)
    found: DoubleArray = np.sqrt(degree) * by_part[part]
    return found


def attention_model(task: AlignmentTask, *, dim: int = 64, random_state: int = 0) -> ModalityEncoder:
    """The structure embedding of MCLEA with its initial weights, and no other modality."""
    with seeded(random_state):
        inputs = ModelInputs(Edges.joint(task), {}, {}, task.left.n_entities)
        return ModalityEncoder(inputs, DiagonalGAT, structure_dim=dim, dims={})


def train_attention(
    model: ModalityEncoder,
    pairs: IntArray,
    *,
    n_epochs: int,
    temperature: float = 0.1,
    learning_rate: float = 1e-2,
) -> None:
    """Train the structure embedding alone on the seeds ``pairs (B, 2)``, nodes of the joint graph, in place.

    One batch an epoch.
    """
    nodes = torch.from_numpy(pairs)
    subgraph = model.inputs.edges.k_hop_subgraph(nodes.flatten(), n_layers=2)

    def loss(batch: Tensor) -> Tensor:
        left, right = (unit(model(batch[:, side], subgraph)[STRUCTURE]) for side in (0, 1))
        return info_nce(left, right, temperature=temperature)

    config = TrainingConfig(
        n_epochs=n_epochs, batch_size=len(pairs), learning_rate=learning_rate, shuffle=False
    )
    Training(model, loss, nodes, config).run()


@dataclass(frozen=True, eq=False)
class AttentionStep:
    """What one small step of a graph attention network does to its output, per unit of learning rate.

    Attributes
    ----------
    embeddings, gradient
        ``Z`` and ``G = dl / dZ`` ``(n, d)`` before the step; ``Z`` is not normalised.
    change
        Change of ``Z`` ``(n, d)`` by a gradient step of ``inputs`` (the learned vector of every entity),
        of ``shared`` weights (diagonal and attention), of ``all`` parameters, and by the first step of
        ``adam``, which divides every coordinate of the gradient by its own size.
    """

    embeddings: DoubleArray
    gradient: DoubleArray
    change: Mapping[str, DoubleArray]


def attention_step(model: ModalityEncoder, pairs: IntArray, *, temperature: float = 0.1) -> AttentionStep:
    """Measure a step of :func:`psqe.training.losses.info_nce` on the seeds ``pairs (B, 2)``, in float64.

    Changes are central differences: the network is not linear, and a real step would mix its size in. The
    model is left in float64, with its weights as they were.
    """
    model = model.double()
    graph, edges = model.graph, model.inputs.edges
    assert isinstance(graph, DiagonalGAT)
    parameters = [model.entity, graph.diagonal, graph.attention]
    z = graph(model.entity, edges)
    left, right = (unit(z[pairs[:, side]]) for side in (0, 1))
    loss = info_nce(left, right, temperature=temperature)
    at_z, *slopes = torch.autograd.grad(loss, [z, *parameters])
    none = [torch.zeros_like(slope) for slope in slopes]
    # The first step of Adam: both running means are the gradient itself, up to the same factor.
    adam = [slope / (slope.abs() + 1e-8) for slope in slopes]
    ways = {"inputs": [slopes[0], *none[1:]], "shared": [none[0], *slopes[1:]], "all": slopes, "adam": adam}

    @torch.no_grad()
    def moved(by: list[Tensor]) -> DoubleArray:
        size = min(
            float(1e-4 * p.abs().max() / d.abs().max())
            for p, d in zip(parameters, by, strict=True)
            if d.any()
        )
        ends = []
        for sign in (1.0, -1.0):
            for p, d in zip(parameters, by, strict=True):
                p.sub_(sign * size * d)
            ends.append(graph(model.entity, edges))
            for p, d in zip(parameters, by, strict=True):
                p.add_(sign * size * d)
        found: DoubleArray = ((ends[0] - ends[1]) / (2 * size)).numpy()
        return found

    return AttentionStep(z.detach().numpy(), at_z.numpy(), {name: moved(by) for name, by in ways.items()})
