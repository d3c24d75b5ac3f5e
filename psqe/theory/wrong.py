"""P3: a wrong seed pulls harder than a right one, and pushes the true counterpart away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, DoubleArray
from psqe.seeds.failures import counterparts, failures
from psqe.seeds.seed_set import SeedSet
from psqe.theory.batch import Batch, gradient
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


def swapped(
    rng: np.random.Generator, temperature: float, *, cosine: float = 0.8, n_batch: int = 512, dim: int = 64
) -> Batch:
    """True pairs on the sphere, of which seeds 0 and 1 have swapped right ends; no same-side negatives.

    The true counterpart of either is the other's right end.
    """
    left = uniform(rng, n_batch, dim)
    right = near(rng, left, cosine)
    right[[0, 1]] = right[[1, 0]]
    return Batch(left, right, temperature, same_side=False)


def simulated(
    temperature: float,
    *,
    cosine: float = 0.8,
    n_batch: int = 512,
    dim: int = 64,
    n_draws: int = 20,
    random_state: int = 0,
) -> list[WrongSeed]:
    """The same, drawn: means over the two wrong and over the right seeds of :func:`swapped`, a draw each."""
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(n_draws):
        batch = swapped(rng, temperature, cosine=cosine, n_batch=n_batch, dim=dim)
        masses = mass(batch)
        pull = masses[:2].mean() / masses[2:].mean()
        on_truth = (batch.p[[0, 1], [1, 0]] / temperature / masses[:2]).mean()
        found.append(WrongSeed(float(pull), float(on_truth)))
    return found


def descended(batch: Batch, n_steps: int, *, learning_rate: float) -> Batch:
    """The batch after steps down its own loss, every vector free to move on the sphere.

    A step goes against ``B tau`` times :func:`psqe.theory.batch.gradient`, so that the rate is that of one
    seed whatever the size of the batch and the temperature; then rows are unit again.
    """
    for _ in range(n_steps):
        moved = []
        for z, g in zip((batch.left, batch.right), gradient(batch), strict=True):
            z = z - learning_rate * len(batch) * batch.temperature * g
            moved.append(z / np.linalg.norm(z, axis=1, keepdims=True))
        batch = Batch(moved[0], moved[1], batch.temperature, batch.same_side)
    return batch


def seed_table(
    seeds: SeedSet,
    task: AlignmentTask,
    features: Features,
    *,
    temperatures: Sequence[float],
    same_side: bool = False,
) -> pd.DataFrame:
    """What each seed of a list does to its two ends when all of them are one batch of fused features.

    Parameters
    ----------
    seeds, task, features
        The seeds; the task they are of, with gold links; vectors, fused by :func:`psqe.features.fusion.fuse`.
    temperatures, same_side
        Of the loss.

    Returns
    -------
    One row per ``temperature``, seed and ``side`` as anchor: ``kind`` (``right``; ``wrong`` when both ends
    have another counterpart; ``dangling`` when an end has none), ``cosine`` of the two ends, ``pull``
    (``1 - p`` of the target), ``chance`` (the mean of ``1 - p_v`` over the other ends ``v`` across that are
    not the truth: what the pull would be of a target drawn among them), ``on_truth`` (share of the
    repulsion on the true counterpart; NaN when that is not in the batch, or is the target), ``others`` and
    ``others_squared`` (mean cosine with the other ends across, and mean of its square).

    Raises
    ------
    DataError
        If the task has no gold links.
    """
    found = failures(seeds, task)
    kind = np.where(found.correct, "right", np.where(found.on_dangling, "dangling", "wrong"))
    candidates = task.left.candidates, task.right.candidates
    left, right = (
        vectors[np.searchsorted(own, ends)]
        for vectors, own, ends in zip(fuse(features, *candidates), candidates, seeds.pairs.T, strict=True)
    )
    n, seed = len(seeds), np.arange(len(seeds))
    places = []
    for column, of_end in enumerate(counterparts(task)):
        among = {int(entity): place for place, entity in enumerate(seeds.pairs[:, 1 - column])}
        places.append(np.array([among.get(int(entity), -1) for entity in of_end[seeds.pairs[:, column]]]))
    tables = []
    for temperature in temperatures:
        forth = Batch(left, right, temperature, same_side)
        for side, batch, place in zip(("left", "right"), (forth, forth.flipped), places, strict=True):
            inside = (place >= 0) & ~found.correct
            p_truth = np.where(inside, batch.p[seed, place], 0)
            pull = mass(batch) * temperature
            others = batch.p[:, :n].sum(axis=1) - batch.p_target - p_truth
            cosine, across = batch.s[batch.is_target], batch.s[:, :n]
            columns = {
                "temperature": temperature, "side": side, "kind": kind, "cosine": cosine,
                "pull": pull, "chance": 1 - others / (n - 1 - inside),
                "on_truth": np.where(inside, p_truth / pull, np.nan),
                "others": (across.sum(axis=1) - cosine) / (n - 1),
                "others_squared": ((across**2).sum(axis=1) - cosine**2) / (n - 1),
            }  # fmt: skip
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def rince_losses(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """RINCE (Chuang et al. 2022), per anchor ``(B,)``: a loss that forgives wrong seeds.

    ``-exp(q s_+ / tau) / q + (weight * sum_v exp(s_v / tau))^q / q``. For ``q`` towards 0 it behaves like
    InfoNCE, up to the constant ``log weight``; at ``q = 1`` it is linear in all ``exp(s_v / tau)``, and label
    noise that does not depend on the pair does no more than change the weight (:func:`under_noise`).

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


def rince_of(s: ArrayLike, p: ArrayLike, temperature: float, *, q: float, weight: float) -> DoubleArray:
    """``tau`` times :func:`rince_pull`, from similarity ``s`` and InfoNCE share ``p`` of the target.

    ``e^q (1 - weight^q p^(1-q))`` with ``e = exp(s / tau)``; at ``q = 0`` this is ``1 - p``, the pull of
    InfoNCE. The shape is that of ``s`` and ``p``.
    """
    powered = np.exp(q * np.asarray(s, dtype=np.float64) / temperature)
    found: DoubleArray = powered * (1 - weight**q * np.asarray(p, dtype=np.float64) ** (1 - q))
    return found


def rince_expected(
    cosines: ArrayLike, temperature: float, *, q: float, weight: float, n_batch: int = 512, dim: int = 64
) -> DoubleArray:
    """:func:`rince_of` for right seeds with these cosines, in the setting of :func:`expected`."""
    s = np.asarray(cosines, dtype=np.float64)
    log_n = np.log(n_batch - 1) + log_mean_exp(temperature, dim)
    return rince_of(s, 1 / (1 + np.exp(log_n - s / temperature)), temperature, q=q, weight=weight)


def rince_ratio(
    temperature: float, *, q: float, weight: float, cosine: float = 0.8, n_batch: int = 512, dim: int = 64
) -> float:
    """The pull of a wrong seed over that of a right one under RINCE, in the setting of :func:`expected`.

    The wrong target is a random direction, so ``e`` becomes its mean. At ``q = 0``: :func:`expected`.
    """
    one = np.exp(log_mean_exp(temperature, dim))
    # The mean of e^q, with e^(s q / tau): the same integral at the temperature tau / q.
    powered = np.exp(log_mean_exp(temperature / q, dim)) if q > 0 else 1.0
    total = np.exp(cosine / temperature) + (n_batch - 1) * one
    wrong = powered - weight**q * total ** (q - 1) * one
    right = rince_expected(cosine, temperature, q=q, weight=weight, n_batch=n_batch, dim=dim)
    return float(wrong / right)


def rince_simulated(
    temperature: float,
    *,
    qs: Sequence[float],
    weight: float,
    cosines: Sequence[float] = (),
    cosine: float = 0.8,
    n_batch: int = 512,
    dim: int = 64,
    n_draws: int = 20,
    random_state: int = 0,
) -> pd.DataFrame:
    """Pulls under RINCE, drawn: as in :func:`swapped`, with eight right seeds of each of ``cosines``.

    Returns
    -------
    One row per ``draw``, ``q`` (0 is InfoNCE) and ``cosine`` (NaN for the wrong seeds): ``pull``, the mean
    over that of the right seeds with the cosine of all others.

    Raises
    ------
    ParameterError
        If the batch is too small for all these seeds.
    """
    n_each, first = 8, 2 + 8 * len(cosines)
    if n_batch <= first:
        raise ParameterError(f"{len(cosines)} cosines need a batch of more than {first} seeds")
    rng = np.random.default_rng(random_state)
    rows = []
    for draw in range(n_draws):
        batch = swapped(rng, temperature, cosine=cosine, n_batch=n_batch, dim=dim)
        right = batch.right.copy()
        parts = {value: slice(2 + n_each * i, 2 + n_each * (i + 1)) for i, value in enumerate(cosines)}
        for value, part in parts.items():
            right[part] = near(rng, batch.left[part], value)
        batch = Batch(batch.left, right, temperature, same_side=False)
        for q in qs:
            pull = mass(batch) if q == 0 else rince_pull(batch, q=q, weight=weight)
            for value, part in {float("nan"): slice(0, 2), **parts}.items():
                ratio = float(pull[part].mean() / pull[first:].mean())
                rows.append({"draw": draw, "q": q, "cosine": value, "pull": ratio})
    return pd.DataFrame(rows)


def under_noise(weight: float, *, noise: float, n_batch: int) -> tuple[float, float]:
    """What noise that is blind to the pair makes of RINCE at ``q = 1``: a factor, and another weight.

    Let each target be the true one with probability ``1 - noise``, else one of the ``B - 1`` other right ends
    of the batch, all alike. The expected loss is ``factor`` times the loss on true seeds with the weight
    returned: ``factor = 1 - noise B / (B - 1)``, ``(weight - noise / (B - 1)) / factor``.

    Raises
    ------
    ParameterError
        If the true end is not the likeliest, or the weight so small that the new one would not be positive.
    """
    each = noise / (n_batch - 1)
    factor = 1 - noise - each
    if not (noise >= 0 and factor > 0 and weight > each):
        raise ParameterError(
            f"noise {noise} and weight {weight} with {n_batch} candidates",
            remedy=f"noise must lie below {1 - 1 / n_batch:.3g}, the weight above {each:.3g}",
        )
    return factor, (weight - each) / factor


def _check(q: float, weight: float) -> None:
    if not 0 < q <= 1 or not weight > 0:
        raise ParameterError(f"q is {q} and weight {weight}", remedy="give q in (0, 1] and a positive weight")
