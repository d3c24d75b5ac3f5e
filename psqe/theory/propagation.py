"""Proposition P5: through the graph, entities without a seed move by one step on the seeds near them."""

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
    """Return ``A^L values``, computed step by step without a power of ``A``.

    Parameters
    ----------
    adjacency
        The matrix ``A`` ``(n, n)``.
    values
        One value or one vector per node, ``(n,)`` or ``(n, d)``.
    n_layers
        The number ``L`` of steps.

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
    """The linear graph encoder ``Z = A^L X W``, graph propagation without nonlinearity (Wu et al. 2019).

    The methods return the change of ``Z`` by a gradient step, per unit of learning rate. These changes are
    exact, because ``Z`` is linear in ``X`` and in ``W``. Their argument ``gradient`` is ``G = dl / dZ``
    ``(n, d)``, which is zero except at the seeds.

    Attributes
    ----------
    adjacency
        The matrix ``A`` ``(n, n)``, symmetric (:func:`psqe.adjacency.normalised_adjacency`) or not
        (:func:`psqe.adjacency.walk`).
    inputs
        The inputs ``X`` ``(n, d_in)``.
    weights
        The weights ``W`` ``(d_in, d)``.
    n_layers
        The number ``L`` of layers.

    Examples
    --------
    >>> mean = sparse.csr_array(np.full((2, 2), 0.5))
    >>> encoder = LinearEncoder(mean, np.eye(2), np.eye(2), n_layers=1)
    >>> encoder.embeddings().tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    >>> encoder.change_by_inputs(np.array([[1.0, 0.0], [0.0, 0.0]])).tolist()
    [[-0.5, 0.0], [-0.5, 0.0]]
    """

    adjacency: sparse.csr_array
    inputs: DoubleArray
    weights: DoubleArray
    n_layers: int

    def embeddings(self) -> DoubleArray:
        """Return ``Z`` ``(n, d)``."""
        return propagated(self.adjacency, self.inputs @ self.weights, self.n_layers)

    def change_by_weights(self, gradient: DoubleArray) -> DoubleArray:
        """Return the change of ``Z`` by a step of ``W``, ``-A^L X X^T (A^L)^T G`` ``(n, d)``."""
        at_inputs = self._back(gradient)
        return -propagated(self.adjacency, self.inputs @ (self.inputs.T @ at_inputs), self.n_layers)

    def change_by_graph(self, gradient: DoubleArray) -> DoubleArray:
        """Return the part of :meth:`change_by_weights` that spreads along edges of the graph ``(n, d)``.

        It is ``-A^L diag(X X^T) (A^L)^T G``. The other part goes from an entity to others with similar
        inputs.
        """
        squared = (self.inputs**2).sum(axis=1, keepdims=True)
        return -propagated(self.adjacency, squared * self._back(gradient), self.n_layers)

    def change_by_inputs(self, gradient: DoubleArray) -> DoubleArray:
        """Return the change of ``Z`` by a step of the inputs ``X``, ``-A^L (A^L)^T G W^T W`` ``(n, d)``."""
        arrived = propagated(self.adjacency, self._back(gradient), self.n_layers)
        return -arrived @ (self.weights.T @ self.weights)

    def _back(self, gradient: DoubleArray) -> DoubleArray:
        """Return ``(A^L)^T G``."""
        return propagated(self.adjacency.T.tocsr(), gradient, self.n_layers)


def reach(adjacency: sparse.csr_array, seeds: IntArray, n_layers: int) -> DoubleArray:
    """Return how much of the seeds' gradients reaches each entity ``u``, ``sum_k [A^L (A^L)^T]_{u k}``.

    For the symmetric ``A``, ``[A^(2L)]_{u k} = sqrt(deg u / deg k) P^(2L)(u -> k)``, where ``P`` is the
    random walk and degrees count the self loop; the root favours entities of high degree. For ``A = P`` it is
    the probability that walks of ``L`` steps from ``u`` and from ``k`` end at the same entity.

    Parameters
    ----------
    adjacency
        The matrix ``A`` ``(n, n)``.
    seeds
        Entities that are in seeds ``(m,)``.
    n_layers
        The number ``L`` of layers.

    Returns
    -------
    Sums over the seeds ``(n,)``.
    """
    given = np.zeros(adjacency.shape[0])
    np.add.at(given, seeds, 1.0)
    return propagated(adjacency, propagated(adjacency.T.tocsr(), given, n_layers), n_layers)


def lengths(adjacency: sparse.csr_array, n_layers: int) -> DoubleArray:
    """Return the expected length of each embedding ``Z_u`` for independent inputs ``(n,)``.

    It is ``sqrt([A^L (A^L)^T]_{u u})``. The function computes ``A^L``, which has an entry for every two
    entities within ``L`` steps. It is meant for graphs of some 10,000 entities and two or three layers.
    """
    power = sparse.csr_array(sparse.eye_array(adjacency.shape[0]))
    for _ in range(n_layers):
        power = power @ adjacency
    roots: DoubleArray = np.sqrt(np.asarray(power.multiply(power).sum(axis=1)).ravel())
    return roots


def turn(change: DoubleArray, embeddings: DoubleArray) -> DoubleArray:
    """Return the angles ``(n,)``, in radians, by which a small ``change (n, d)`` turns ``embeddings (n, d)``.

    An angle is the length of the part of the change orthogonal to the embedding, divided by the length of the
    embedding: unit rows keep nothing else of the change.
    """
    length = np.linalg.norm(embeddings, axis=1)
    angles: DoubleArray = np.linalg.norm(tangent(change, embeddings / length[:, None]), axis=1) / length
    return angles


def unit_gradient(embeddings: DoubleArray, pairs: IntArray, temperature: float) -> DoubleArray:
    """Return the gradient ``G`` of :func:`psqe.theory.batch.loss` of unit rows by embeddings.

    Parameters
    ----------
    embeddings
        Embeddings of all entities ``(n, d)``, not normalised.
    pairs
        Rows of the seeds' entities ``(B, 2)``, each row at most once.
    temperature
        Temperature of the loss.

    Returns
    -------
    The gradient ``(n, d)``, which is zero except at the seeds.
    """
    at_embeddings = np.zeros_like(embeddings)
    length = np.linalg.norm(embeddings[pairs], axis=2)
    unit = embeddings[pairs] / length[:, :, None]
    for side, part in enumerate(gradient(Batch(unit[:, 0], unit[:, 1], temperature))):
        at_embeddings[pairs[:, side]] = tangent(part, unit[:, side]) / length[:, [side]]
    return at_embeddings


def limit(adjacency: sparse.csr_array, seeds: IntArray) -> DoubleArray:
    """Return the limit of :func:`reach` for many layers ``(n,)``.

    It is ``sum_k sqrt(deg u deg k) / sum_v deg v``, over the connected part of the graph that contains ``u``.
    It depends on degrees only, and no longer on where the seeds are.

    Parameters
    ----------
    adjacency
        The symmetric matrix ``A`` ``(n, n)`` of :func:`psqe.adjacency.normalised_adjacency`.
    seeds
        Entities that are in seeds ``(m,)``.
    """
    _, part = sparse.csgraph.connected_components(adjacency, directed=False)
    # The diagonal of A = D^(-1/2) (E + I) D^(-1/2) holds the inverse degrees.
    degree = 1 / adjacency.diagonal()
    given = np.zeros(len(degree))
    np.add.at(given, seeds, 1.0)
    by_part = np.bincount(part, weights=given * np.sqrt(degree)) / np.bincount(part, weights=degree)
    limits: DoubleArray = np.sqrt(degree) * by_part[part]
    return limits


def attention_model(task: AlignmentTask, *, dim: int = 64, random_state: int = 0) -> ModalityEncoder:
    """Return the structure encoder of MCLEA with its initial weights, and no other modality.

    Parameters
    ----------
    task
        The two graphs.
    dim
        Width of the structure embedding; 64 by default.
    random_state
        Seed of the initial weights.
    """
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
    """Train the structure encoder on seeds, in place, with all seeds in one batch.

    Parameters
    ----------
    model
        The encoder, from :func:`attention_model`.
    pairs
        The seeds ``(B, 2)``, as nodes of the joint graph (right entities after the left ones).
    n_epochs
        Number of steps.
    temperature
        Temperature of InfoNCE; 0.1 by default.
    learning_rate
        Learning rate of AdamW; 0.01 by default.
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
    """The effect of one small step of a graph attention network on its output, per unit of learning rate.

    Attributes
    ----------
    embeddings
        The output ``Z`` ``(n, d)`` before the step, not normalised.
    gradient
        The gradient ``G = dl / dZ`` ``(n, d)`` before the step.
    change
        By name, the change of ``Z`` ``(n, d)``: by a gradient step of ``inputs`` (the learned vector of every
        entity), of ``shared`` weights (diagonal and attention), of ``all`` parameters, and by the first step
        of ``adam``, which divides every coordinate of the gradient by its own absolute value.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> task, _ = planted_pair(20, random_state=0)
    >>> model = attention_model(task, dim=4)
    >>> pairs = np.array([[0, task.left.n_entities], [1, task.left.n_entities + 1]])
    >>> sorted(attention_step(model, pairs).change)
    ['adam', 'all', 'inputs', 'shared']
    """

    embeddings: DoubleArray
    gradient: DoubleArray
    change: Mapping[str, DoubleArray]


def attention_step(model: ModalityEncoder, pairs: IntArray, *, temperature: float = 0.1) -> AttentionStep:
    """Measure the effect of a step of :func:`psqe.training.losses.info_nce`, in float64.

    Changes are central differences, because the network is not linear and the effect of a real step depends
    on its size. The model is left in float64 with unchanged weights.

    Parameters
    ----------
    model
        The encoder, from :func:`attention_model`.
    pairs
        The seeds ``(B, 2)``, as nodes of the joint graph.
    temperature
        Temperature of InfoNCE; 0.1 by default.
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
    # In the first step of Adam both running means are the gradient itself, up to the same factor.
    adam = [slope / (slope.abs() + 1e-8) for slope in slopes]
    ways = {"inputs": [slopes[0], *none[1:]], "shared": [none[0], *slopes[1:]], "all": slopes, "adam": adam}

    @torch.no_grad()
    def moved(by: list[Tensor]) -> DoubleArray:
        size = min(
            float(1e-4 * p.abs().max() / d.abs().max())
            for p, d in zip(parameters, by, strict=True)
            if d.any()
        )
        outputs = []
        for sign in (1.0, -1.0):
            for p, d in zip(parameters, by, strict=True):
                p.sub_(sign * size * d)
            outputs.append(graph(model.entity, edges))
            for p, d in zip(parameters, by, strict=True):
                p.add_(sign * size * d)
        change: DoubleArray = ((outputs[0] - outputs[1]) / (2 * size)).numpy()
        return change

    return AttentionStep(z.detach().numpy(), at_z.numpy(), {name: moved(by) for name, by in ways.items()})
