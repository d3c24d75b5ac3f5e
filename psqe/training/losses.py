"""Losses on the embeddings of the left and the right entities of a batch of seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn


def info_nce(left: Tensor, right: Tensor, *, temperature: float, same_side: bool = True) -> Tensor:
    """Compute symmetric InfoNCE with in-batch negatives.

    It is the loss of van den Oord et al. (2018), as in the intra-modal loss of Lin et al. (2022, eq. 6-8).

    For anchor ``a_k`` the candidates are ``b_1 .. b_B`` and, with ``same_side``, ``a_j`` for ``j != k``.
    The loss is the mean over anchors of ``-log softmax`` at ``b_k``, averaged over the two directions.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)``, row by row the two entities of a seed; with unit rows, products are cosines.
    temperature
        Positive divisor of the products.
    same_side
        Whether the other anchors, which are on the side of the anchor, are negatives too (the default).

    Returns
    -------
    The loss, a scalar.
    """
    n = len(left)
    target = torch.arange(n, device=left.device)
    across = left @ right.T / temperature
    rows, columns = across, across.T
    if same_side:
        mask = torch.eye(n, dtype=torch.bool, device=left.device)
        rows = torch.cat([rows, (left @ left.T / temperature).masked_fill(mask, -torch.inf)], dim=1)
        columns = torch.cat([columns, (right @ right.T / temperature).masked_fill(mask, -torch.inf)], dim=1)
    cross_entropy = nn.functional.cross_entropy
    return (cross_entropy(rows, target) + cross_entropy(columns, target)) / 2


def nca(left: Tensor, right: Tensor, *, scale: float, attraction: float) -> Tensor:
    """Compute the loss of EVA (Liu et al. 2021), from neighbourhood components analysis.

    With cosines ``s_ij`` of the left entity of seed i and the right entity of seed j, scale ``alpha`` and
    attraction ``beta``, it is the mean over seeds i of

        log(1 + sum_{j != i} e^(alpha s_ij)) / alpha + log(1 + sum_{j != i} e^(alpha s_ji)) / alpha
        - beta log(1 + max(s_ii, 0))

    The attraction of a seed does not depend on the negatives, and there are no negatives of the same side.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)`` with unit rows.
    scale
        The positive factor ``alpha``.
    attraction
        The factor ``beta``.

    Returns
    -------
    The loss, a scalar.
    """
    s = left @ right.T
    of_seed = s.diagonal()
    logits = (scale * s).masked_fill(torch.eye(len(s), dtype=torch.bool, device=s.device), -torch.inf)
    # log(1 + sum exp): the 1 is a further cell, e^0.
    zero = torch.zeros(len(s), 1, dtype=s.dtype, device=s.device)
    repulsion = sum(torch.cat([zero, cells], dim=1).logsumexp(dim=1) for cells in (logits, logits.T))
    result: Tensor = (repulsion / scale - attraction * torch.log1p(of_seed.relu())).mean()
    return result


@dataclass(frozen=True)
class InfoNCE:
    """The loss :func:`info_nce` with its settings.

    Parameters
    ----------
    temperature
        Positive divisor of the products.
    same_side
        Whether the other anchors are negatives too (the default).

    Examples
    --------
    >>> import torch
    >>> round(float(InfoNCE(temperature=0.5)(torch.eye(3), torch.eye(3))), 4)
    0.4327
    """

    temperature: float
    same_side: bool = True

    def __call__(self, left: Tensor, right: Tensor) -> Tensor:
        """Compute the loss of embeddings ``(B, d)``, a scalar."""
        return info_nce(left, right, temperature=self.temperature, same_side=self.same_side)


@dataclass(frozen=True)
class NCA:
    """The loss :func:`nca` with its settings.

    Parameters
    ----------
    scale
        The positive factor ``alpha``.
    attraction
        The factor ``beta``.

    Examples
    --------
    >>> import torch
    >>> round(float(NCA(scale=5.0, attraction=10.0)(torch.eye(3), torch.eye(3))), 4)
    -6.492
    """

    scale: float
    attraction: float

    def __call__(self, left: Tensor, right: Tensor) -> Tensor:
        """Compute the loss of embeddings ``(B, d)``, a scalar."""
        return nca(left, right, scale=self.scale, attraction=self.attraction)


ContrastiveLoss = InfoNCE | NCA
"""A loss that pulls the two entities of a seed together and pushes other entities away."""


def log_matches(left: Tensor, right: Tensor, *, temperature: float) -> list[Tensor]:
    """Compute how likely each entity of a batch is matched with each other one, by a softmax over cosines.

    The candidates of an entity are those of :func:`info_nce`: the entities of the other side and, as in the
    authors' code of MCLEA, the other entities of its own side.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)`` with unit rows, row by row the two entities of a seed.
    temperature
        Positive divisor of the cosines.

    Returns
    -------
    Logarithms ``(B, 2B)`` for the left entities and for the right ones; an entity has no share in itself.
    """
    across = left @ right.T / temperature
    # A large number, and not infinity, whose product with the share 0 is no number.
    own = torch.eye(len(left), dtype=left.dtype, device=left.device) * 1e9
    return [
        torch.cat([logits, ends @ ends.T / temperature - own], dim=1).log_softmax(dim=1)
        for logits, ends in ((across, left), (across.T, right))
    ]


def distillation(
    teacher: tuple[Tensor, Tensor],
    student: tuple[Tensor, Tensor],
    *,
    temperature: float,
    mean_over: Literal["seeds", "cells"] = "seeds",
) -> Tensor:
    """Compute the inter-modal alignment loss of Lin et al. (2022, eq. 9-10).

    Each embedding gives, for every entity of the batch, the shares of :func:`log_matches`. The loss is the
    mean Kullback-Leibler divergence of the student's shares from the teacher's, over both directions. The
    teacher's are constants.

    Parameters
    ----------
    teacher, student
        Pairs of embeddings ``(B, d)`` with unit rows, of the left and of the right entities.
    temperature
        Positive divisor of the cosines of both.
    mean_over
        ``"seeds"`` (the default) for the mean of the divergences, which are sums over the cells of a softmax;
        ``"cells"`` for the mean over all cells, as in the authors' code, which divides once more by the
        number of cells of a softmax.

    Returns
    -------
    The loss, a scalar.
    """
    with torch.no_grad():
        targets = log_matches(*teacher, temperature=temperature)
    return distillation_from(targets, student, temperature=temperature, mean_over=mean_over)


def distillation_from(
    targets: Sequence[Tensor],
    student: tuple[Tensor, Tensor],
    *,
    temperature: float,
    mean_over: Literal["seeds", "cells"] = "seeds",
) -> Tensor:
    """Compute :func:`distillation` from a teacher's known shares, which several students can learn.

    Parameters
    ----------
    targets
        The shares that the teacher's embeddings give, as from :func:`log_matches`; constants.
    student, temperature, mean_over
        As for :func:`distillation`.

    Returns
    -------
    The loss, a scalar.
    """
    guesses = log_matches(*student, temperature=temperature)
    losses = [
        nn.functional.kl_div(guess, target, log_target=True, reduction="batchmean")
        for guess, target in zip(guesses, targets, strict=True)
    ]
    mean = (losses[0] + losses[1]) / 2
    return mean if mean_over == "seeds" else mean / guesses[0].shape[1]


class UncertaintyWeights(nn.Module):
    """A sum of losses that are weighted by learned homoscedastic uncertainty (Kendall et al. 2018).

    The sum is ``sum_i exp(-w_i) * loss_i + w_i``, where the ``w_i`` are learned, beginning from 0.

    Parameters
    ----------
    names
        Names of the losses.
    n_idle
        Number of further weights that belong to no loss. In the public codes of MCLEA and MEAformer, which
        always have six weights, a modality that the data lack adds its ``w_i`` to the sum, which falls
        without end; 0 by default.

    Examples
    --------
    >>> import torch
    >>> weights = UncertaintyWeights(["image", "name"])
    >>> weights({"image": torch.tensor(1.5), "name": torch.tensor(2.0)}).item()
    3.5
    """

    def __init__(self, names: Sequence[str], *, n_idle: int = 0) -> None:
        super().__init__()
        self._index = {name: i for i, name in enumerate(names)}
        # This is a list because torch forbids some names of modalities as names of parameters.
        self.log_variance = nn.ParameterList(torch.zeros(()) for _ in range(len(names) + n_idle))

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Weigh and add up the scalars in ``losses``; a missing loss has no part in the sum."""
        pairs = [(self.log_variance[self._index[name]], loss) for name, loss in losses.items()]
        # Without the product with zero, the idle weights would share one gradient in memory.
        pairs += [(weight, weight.new_zeros(())) for weight in self.log_variance[len(self._index) :]]
        terms = [torch.exp(-weight) * loss + weight for weight, loss in pairs]
        return torch.stack(terms).sum()
