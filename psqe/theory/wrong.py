"""P3: a wrong seed pulls harder than a right one, and pushes the true counterpart away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from psqe.errors import ParameterError
from psqe.kg import DoubleArray
from psqe.theory.batch import Batch
from psqe.theory.sphere import log_mean_exp, near, uniform
from psqe.theory.split import attraction, mass, repulsion


def margin_change(batch: Batch, seed: int, truth: DoubleArray) -> float:
    """How fast the margin of the truth grows along descent of ``l_k`` by the anchor.

    ``m = <z_a, z_b*> - <z_a, z_b>``, of the true counterpart over the seed's end; ``dm`` for a unit of
    learning rate, with all candidates held still.

    Parameters
    ----------
    batch
        The batch.
    seed
        Position of the wrong seed ``(a, b)``.
    truth
        ``z_b*`` ``(d,)``, whether it is in the batch or not.
    """
    descent = -(attraction(batch) + repulsion(batch))[seed]
    return float(descent @ (truth - batch.right[seed]))


def margin_change_parts(
    batch: Batch, seed: int, truth: DoubleArray, place: int | None
) -> tuple[float, float]:
    """:func:`margin_change` of unit vectors as the seed's own doing and that of all other candidates.

    Own: ``-(1 - <z_b, z_b*>)(1 - p_b + p_b*) / tau``, with ``p_b*`` zero unless ``b*`` is in the batch.
    Others: ``-sum_v p_v <z_v, z_b* - z_b> / tau``.

    Parameters
    ----------
    batch, seed, truth
        As in :func:`margin_change`; unit vectors.
    place
        The column of ``b*`` (see :class:`~psqe.theory.batch.Batch`), or ``None`` if it is not in the batch.

    Returns
    -------
    The two parts; their sum is :func:`margin_change`.

    Raises
    ------
    ParameterError
        If the column at ``place`` does not hold ``truth``.
    """
    if place is not None and not np.allclose(batch.candidates[place], truth):
        raise ParameterError(f"column {place} of the batch is not the true counterpart")
    p = batch.p[seed].copy()
    p_truth = 0.0 if place is None else float(p[place])
    cosine = float(batch.right[seed] @ truth)
    own = -(1 - cosine) * (float(mass(batch)[seed]) * batch.temperature + p_truth) / batch.temperature
    p[batch.is_target[seed]] = 0
    if place is not None:
        p[place] = 0
    others = -float(p @ (batch.candidates @ (truth - batch.right[seed]))) / batch.temperature
    return own, others


@dataclass(frozen=True)
class WrongSeed:
    """A wrong seed beside a right one.

    Attributes
    ----------
    pull
        The wrong seed's attraction mass over the right one's.
    on_truth
        Share of the wrong seed's repulsion that falls on the true counterpart, in the same batch.
    """

    pull: float
    on_truth: float


def expected(temperature: float, *, cosine: float = 0.8, n_batch: int = 512, dim: int = 64) -> WrongSeed:
    """What to expect of a wrong seed when everything but true pairs is uniform on the sphere.

    With ``N = (B - 1) E exp(s / tau)`` for the negatives and ``e = exp(cosine / tau)``: a right seed's
    ``1 - p`` is ``N / (e + N)``; of a wrong one, whose target is one more random direction, it is nearly one.
    The true counterpart stands among ``B - 1`` negatives of the wrong seed, and gets ``e`` of them.
    """
    log_one = log_mean_exp(temperature, dim)
    log_true = cosine / temperature
    log_n = np.log(n_batch - 1) + log_one
    right = 1 / (1 + np.exp(log_true - log_n))
    # The wrong seed's negatives: the truth and B - 2 others; its target is one more like these.
    log_rest = np.logaddexp(log_true, np.log(max(n_batch - 2, 1)) + log_one)
    wrong = 1 / (1 + np.exp(log_one - log_rest))
    return WrongSeed(float(wrong / right), float(np.exp(log_true - log_rest)))


def simulated(
    temperature: float,
    *,
    cosine: float = 0.8,
    n_batch: int = 512,
    dim: int = 64,
    n_draws: int = 20,
    random_state: int = 0,
) -> list[WrongSeed]:
    """The same, drawn: batches of true pairs on the sphere in which two seeds have swapped right ends.

    Seeds 0 and 1 are wrong, and the true counterpart of either is the other's right end. Same-side
    negatives are off, as in :func:`expected`. One entry a draw.
    """
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(n_draws):
        left = uniform(rng, n_batch, dim)
        right = near(rng, left, cosine)
        right[[0, 1]] = right[[1, 0]]
        batch = Batch(left, right, temperature, same_side=False)
        masses = mass(batch)
        pull = masses[:2].mean() / masses[2:].mean()
        on_truth = (batch.p[[0, 1], [1, 0]] / temperature / masses[:2]).mean()
        found.append(WrongSeed(float(pull), float(on_truth)))
    return found


def rince_losses(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """RINCE (Chuang et al. 2022, eq. 4), per anchor ``(B,)``: a loss that forgives wrong seeds.

    ``-exp(q s_+ / tau) / q + (weight * sum_v exp(s_v / tau))^q / q``. For ``q`` towards 0 it behaves like
    InfoNCE; at ``q = 1`` it is symmetric in the sense of Ghosh et al. (2015), and label noise that does not
    depend on the pair does not move its minimum.

    Raises
    ------
    ParameterError
        If ``q`` is not in (0, 1] or ``weight`` not positive.
    """
    _check(q, weight)
    logits = batch.s / batch.temperature
    total = np.exp(logits).sum(axis=1)
    found: DoubleArray = (-np.exp(q * logits[batch.is_target]) + (weight * total) ** q) / q
    return found


def rince_coefficients(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """``d l_k / d s_kv`` of RINCE ``(B, 2B)``.

    With ``e_v = exp(s_v / tau)`` and ``E`` their sum: ``weight^q E^(q-1) e_v / tau``, less ``e_+^q / tau``
    at the target. The factor ``e_+^q`` is what forgives: a target that is far away pulls weakly.
    """
    _check(q, weight)
    logits = batch.s / batch.temperature
    e = np.exp(logits)
    coefficients = weight**q * e.sum(axis=1, keepdims=True) ** (q - 1) * e
    coefficients[batch.is_target] -= e[batch.is_target] ** q
    found: DoubleArray = coefficients / batch.temperature
    return found


def rince_pull(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """The size of RINCE's attraction ``(B,)``: minus its coefficient at the target."""
    return -rince_coefficients(batch, q=q, weight=weight)[batch.is_target]


def _check(q: float, weight: float) -> None:
    if not 0 < q <= 1 or not weight > 0:
        raise ParameterError(f"q is {q} and weight {weight}", remedy="give q in (0, 1] and a positive weight")
