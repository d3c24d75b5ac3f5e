"""Proposition P3: a wrong seed attracts more than a correct one, and repels the true counterpart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from psqe.errors import ParameterError
from psqe.evaluation.truth import gold_links
from psqe.features.base import Features
from psqe.features.fusion import fuse
from psqe.graph import AlignmentTask, BoolArray, DoubleArray
from psqe.seeds.failures import failures
from psqe.seeds.seed_set import SeedSet
from psqe.theory.batch import Batch, gradient
from psqe.theory.sphere import log_mean_exp, near, uniform
from psqe.theory.split import attraction, mass, repulsion


def margin_change(batch: Batch, seed: int, truth: DoubleArray) -> float:
    """Return the change of the margin of the true counterpart when the anchor descends on ``l_k``.

    The margin ``m = <z_a, z_b*> - <z_a, z_b>`` is that of the true counterpart ``b*`` over the entity ``b``
    of the seed. Its change is given per unit of learning rate, with all candidates fixed.

    Parameters
    ----------
    batch
        The batch.
    seed
        Position of the wrong seed ``(a, b)``.
    truth
        The embedding ``z_b*`` ``(d,)``, which may be in the batch or not.
    """
    descent = -(attraction(batch) + repulsion(batch))[seed]
    return float(descent @ (truth - batch.right[seed]))


def margin_change_parts(
    batch: Batch, seed: int, truth: DoubleArray, place: int | None
) -> tuple[float, float]:
    """Split :func:`margin_change` of unit vectors into the part of the seed and that of all other candidates.

    The part of the seed is ``-(1 - <z_b, z_b*>)(1 - p_b + p_b*) / tau``, with ``p_b* = 0`` unless ``b*`` is
    in the batch. The part of the others is ``-sum_v p_v <z_v, z_b* - z_b> / tau``.

    Parameters
    ----------
    batch, seed, truth
        As in :func:`margin_change`, with unit vectors.
    place
        The column of ``b*`` (see :class:`~psqe.theory.batch.Batch`), or ``None`` if it is not in the batch.

    Returns
    -------
    The part of the seed and the part of the others; their sum is :func:`margin_change`.

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
    """The forces of a wrong seed in comparison with those of a correct one.

    Attributes
    ----------
    pull
        Attraction mass of the wrong seed divided by that of the correct one.
    on_truth
        Share of the wrong seed's repulsion that falls on the true counterpart in the same batch.

    Examples
    --------
    >>> wrong = expected(0.1, n_batch=64)
    >>> round(wrong.pull, 2), round(wrong.on_truth, 2)
    (22.84, 0.96)
    """

    pull: float
    on_truth: float


def expected(temperature: float, *, cosine: float = 0.8, n_batch: int = 512, dim: int = 64) -> WrongSeed:
    """Return the expected forces of a wrong seed where everything except true pairs is uniform on the sphere.

    Let the negatives add up to ``N = (B - 1) E exp(s / tau)``, and let ``e = exp(cosine / tau)``. Then
    ``1 - p`` of a correct seed is ``N / (e + N)``; that of a wrong one, whose target is a further random
    direction, is nearly one. The true counterpart is one of the ``B - 1`` negatives of the wrong seed, with
    the weight ``e``.

    Parameters
    ----------
    temperature
        The temperature ``tau``.
    cosine
        Cosine of the entities of a true pair; 0.8 by default.
    n_batch
        Number ``B`` of seeds in the batch; 512 by default.
    dim
        Number of dimensions; 64 by default.
    """
    log_one = log_mean_exp(temperature, dim)
    log_true = cosine / temperature
    log_n = np.log(n_batch - 1) + log_one
    right = 1 / (1 + np.exp(log_true - log_n))
    # The negatives of the wrong seed are the true counterpart and B - 2 others, which are like its target.
    log_rest = np.logaddexp(log_true, np.log(max(n_batch - 2, 1)) + log_one)
    wrong = 1 / (1 + np.exp(log_one - log_rest))
    return WrongSeed(float(wrong / right), float(np.exp(log_true - log_rest)))


def swapped(
    rng: np.random.Generator, temperature: float, *, cosine: float = 0.8, n_batch: int = 512, dim: int = 64
) -> Batch:
    """Draw true pairs on the sphere and exchange the right entities of seeds 0 and 1.

    The true counterpart of each of the two wrong seeds is the right entity of the other. The batch has no
    same-side negatives.

    Parameters
    ----------
    rng
        The random generator.
    temperature, cosine, n_batch, dim
        As in :func:`expected`.
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
    """Measure what :func:`expected` predicts on batches of :func:`swapped`.

    Parameters
    ----------
    temperature, cosine, n_batch, dim
        As in :func:`expected`.
    n_draws
        Number of batches; 20 by default.
    random_state
        Seed of the random generator.

    Returns
    -------
    For each batch, the mean over its two wrong seeds in comparison with the mean over its correct ones.
    """
    rng = np.random.default_rng(random_state)
    measured = []
    for _ in range(n_draws):
        batch = swapped(rng, temperature, cosine=cosine, n_batch=n_batch, dim=dim)
        masses = mass(batch)
        pull = masses[:2].mean() / masses[2:].mean()
        on_truth = (batch.p[[0, 1], [1, 0]] / temperature / masses[:2]).mean()
        measured.append(WrongSeed(float(pull), float(on_truth)))
    return measured


def descended(batch: Batch, n_steps: int, *, learning_rate: float) -> Batch:
    """Return a batch after some steps of descent on its loss, in which every vector moves on the sphere.

    A step goes against ``B tau`` times :func:`psqe.theory.batch.gradient`, so that the learning rate is that
    of one seed for any size of the batch and any temperature. After each step rows are scaled to unit length.

    Parameters
    ----------
    batch
        The batch, with unit rows.
    n_steps
        Number of steps.
    learning_rate
        Learning rate of one seed.
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
    """Measure the forces of each seed where all seeds are one batch of fused features.

    Parameters
    ----------
    seeds
        The seeds; their entities are candidates.
    task
        The task, with gold links.
    features
        Vectors, which are fused by :func:`psqe.features.fusion.fuse`.
    temperatures
        Temperatures of InfoNCE.
    same_side
        Whether the other anchors are negatives too; not by default.

    Returns
    -------
    A table with one row per ``temperature``, seed and ``side`` of the anchor and the columns
    ``kind`` (``correct``; ``wrong`` if both entities have another counterpart; ``dangling`` if one has none),
    ``cosine`` of the two entities, ``pull`` (``1 - p`` of the target), ``chance`` (the mean of ``1 - p_v``
    over the other entities ``v`` of the other side except true counterparts, which is the pull of a target
    drawn among them; NaN if there is none), ``on_truth`` (share of the repulsion on the true counterpart, or
    on all of them where there are several; NaN if none is in the batch, or one is the target), ``others`` and
    ``others_squared`` (mean cosine with the other entities of the other side, and mean of its square).

    Raises
    ------
    DataError
        If the task has no gold links.
    ParameterError
        If there are fewer than two seeds, or no temperature.
    """
    if len(seeds) < 2 or not temperatures:
        what = f"{len(seeds)} seeds at {len(temperatures)} temperatures"
        raise ParameterError(
            what, remedy="give at least two seeds, which repel each other, and a temperature"
        )
    found = failures(seeds, task)
    kind = np.where(found.correct, "correct", np.where(found.on_dangling, "dangling", "wrong"))
    candidates = task.left.candidates, task.right.candidates
    left, right = (
        vectors[np.searchsorted(among, ends)]
        for vectors, among, ends in zip(fuse(features, *candidates), candidates, seeds.pairs.T, strict=True)
    )
    n = len(seeds)
    true = _true_pairs(seeds, task)
    tables = []
    forth = Batch(left, right, 1.0, same_side)
    for temperature in temperatures:
        for side, given, of_anchor in zip(
            ("left", "right"), (forth, forth.flipped), (true, true.T), strict=True
        ):
            batch = given.at(temperature)
            correct = found.correct.astype(int)
            n_true = of_anchor.sum(axis=1) - correct  # true counterparts that are not the target
            p_true = (batch.p[:, :n] * of_anchor).sum(axis=1) - batch.p_target * correct
            n_others = np.maximum(n - 1 - n_true, 0)
            others = batch.p[:, :n].sum(axis=1) - batch.p_target - p_true
            pull = mass(batch) * temperature
            cosine, across = batch.s[batch.is_target], batch.s[:, :n]
            columns = {
                "temperature": temperature, "side": side, "kind": kind, "cosine": cosine, "pull": pull,
                "chance": np.where(n_others > 0, 1 - others / np.maximum(n_others, 1), np.nan),
                "on_truth": np.where((n_true > 0) & ~found.correct, p_true / pull, np.nan),
                "others": (across.sum(axis=1) - cosine) / (n - 1),
                "others_squared": ((across**2).sum(axis=1) - cosine**2) / (n - 1),
            }  # fmt: skip
            tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _true_pairs(seeds: SeedSet, task: AlignmentTask) -> BoolArray:
    """Return whether the left end of each seed and the right end of each seed are a gold link ``(n, n)``."""
    rows = {int(entity): row for row, entity in enumerate(seeds.pairs[:, 0])}
    columns = {int(entity): column for column, entity in enumerate(seeds.pairs[:, 1])}
    true = np.zeros((len(seeds), len(seeds)), dtype=bool)
    for left, right in gold_links(task).tolist():
        if left in rows and right in columns:
            true[rows[left], columns[right]] = True
    return true


def rince_losses(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """Return RINCE (Chuang et al. 2022), a loss that is robust against wrong seeds, per anchor ``(B,)``.

    It is ``-exp(q s_+ / tau) / q + (weight * sum_v exp(s_v / tau))^q / q``. For ``q`` towards 0 it approaches
    InfoNCE, up to the constant ``log weight``. At ``q = 1`` it is linear in all ``exp(s_v / tau)``, and label
    noise that does not depend on the pair only changes the weight (:func:`under_noise`).

    Parameters
    ----------
    batch
        The batch.
    q
        Robustness, in (0, 1].
    weight
        Positive weight of the sum over candidates.

    Raises
    ------
    ParameterError
        If ``q`` is not in (0, 1] or ``weight`` not positive.
    """
    _check(q, weight)
    logits = batch.s / batch.temperature
    total = np.exp(logits).sum(axis=1)
    losses: DoubleArray = (-np.exp(q * logits[batch.is_target]) + (weight * total) ** q) / q
    return losses


def rince_coefficients(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """Return the derivatives ``d l_k / d s_kv`` of RINCE ``(B, 2B)``.

    With ``e_v = exp(s_v / tau)`` and ``E`` their sum they are ``weight^q E^(q-1) e_v / tau``, minus
    ``e_+^q / tau`` at the target. The factor ``e_+^q`` makes the loss robust, because the attraction of a
    distant target is weak.

    Parameters
    ----------
    batch, q, weight
        As in :func:`rince_losses`.
    """
    _check(q, weight)
    logits = batch.s / batch.temperature
    e = np.exp(logits)
    coefficients = weight**q * e.sum(axis=1, keepdims=True) ** (q - 1) * e
    coefficients[batch.is_target] -= e[batch.is_target] ** q
    scaled: DoubleArray = coefficients / batch.temperature
    return scaled


def rince_pull(batch: Batch, *, q: float, weight: float) -> DoubleArray:
    """Return the attraction of RINCE ``(B,)``, which is minus its derivative by the target's similarity."""
    return -rince_coefficients(batch, q=q, weight=weight)[batch.is_target]


def rince_pull_at(s: ArrayLike, p: ArrayLike, temperature: float, *, q: float, weight: float) -> DoubleArray:
    """Return ``tau`` times :func:`rince_pull`, from similarities and InfoNCE shares of targets.

    It is ``e^q (1 - weight^q p^(1-q))`` with ``e = exp(s / tau)``; at ``q = 0`` this is ``1 - p``, the
    attraction of InfoNCE.

    Parameters
    ----------
    s, p
        Similarities and softmax shares of the targets, of one shape, which is that of the result.
    temperature
        The temperature ``tau``.
    q, weight
        As in :func:`rince_losses`; here ``q`` may be 0.
    """
    powered = np.exp(q * np.asarray(s, dtype=np.float64) / temperature)
    pull: DoubleArray = powered * (1 - weight**q * np.asarray(p, dtype=np.float64) ** (1 - q))
    return pull


def rince_expected(
    cosines: ArrayLike, temperature: float, *, q: float, weight: float, n_batch: int = 512, dim: int = 64
) -> DoubleArray:
    """Return :func:`rince_pull_at` of correct seeds with these cosines in the setting of :func:`expected`."""
    s = np.asarray(cosines, dtype=np.float64)
    log_n = np.log(n_batch - 1) + log_mean_exp(temperature, dim)
    return rince_pull_at(s, 1 / (1 + np.exp(log_n - s / temperature)), temperature, q=q, weight=weight)


def rince_ratio(
    temperature: float, *, q: float, weight: float, cosine: float = 0.8, n_batch: int = 512, dim: int = 64
) -> float:
    """Return the attraction of a wrong seed divided by that of a correct one under RINCE.

    The setting is that of :func:`expected`. The wrong target is a random direction, so that its ``e`` is
    replaced by the mean. At ``q = 0`` the ratio is that of :func:`expected`.
    """
    mean = np.exp(log_mean_exp(temperature, dim))
    # The mean of e^q = e^(s q / tau) is the same integral at the temperature tau / q.
    powered = np.exp(log_mean_exp(temperature / q, dim)) if q > 0 else 1.0
    total = np.exp(cosine / temperature) + (n_batch - 1) * mean
    wrong = powered - weight**q * total ** (q - 1) * mean
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
    """Measure the attraction under RINCE on batches of :func:`swapped`.

    Parameters
    ----------
    temperature, cosine, n_batch, dim, n_draws, random_state
        As in :func:`simulated`.
    qs
        Values of ``q``; 0 is InfoNCE.
    weight
        As in :func:`rince_losses`.
    cosines
        Cosines of further correct seeds, of which the batch has eight each; none by default.

    Returns
    -------
    A table with one row per ``draw``, ``q`` and ``cosine`` (NaN for the wrong seeds) and the column ``pull``:
    their mean attraction divided by the mean attraction of the correct seeds with the cosine ``cosine``.

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
    """Return the effect on RINCE at ``q = 1`` of label noise that does not depend on the pair.

    Let each target be the true one with probability ``1 - noise``, and otherwise one of the ``B - 1`` other
    right entities of the batch, each with the same probability. The expected loss is ``factor`` times the
    loss on true seeds with another weight: ``factor = 1 - noise B / (B - 1)``, and the weight is
    ``(weight - noise / (B - 1)) / factor``.

    Parameters
    ----------
    weight
        As in :func:`rince_losses`.
    noise
        Probability that a target is wrong.
    n_batch
        Number ``B`` of seeds in a batch.

    Returns
    -------
    The factor and the new weight.

    Raises
    ------
    ParameterError
        If the true entity is not the most probable one, or the new weight would not be positive.
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
    """Raise :class:`ParameterError` if the parameters of RINCE are out of their bounds."""
    if not 0 < q <= 1 or not weight > 0:
        raise ParameterError(f"q is {q} and weight {weight}", remedy="give q in (0, 1] and a positive weight")
