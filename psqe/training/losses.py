"""Losses, from embeddings of the two ends of a batch of seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def info_nce(left: Tensor, right: Tensor, *, temperature: float, same_side: bool = True) -> Tensor:
    """Symmetric InfoNCE with in-batch negatives (van den Oord et al. 2018; ICL of Lin et al. 2022, eq. 6-8).

    For anchor ``a_k`` the candidates are ``b_1 .. b_B`` and, with ``same_side``, ``a_j`` for ``j != k``.
    The loss is the mean over anchors of ``-log softmax`` at ``b_k``, averaged over the two directions.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)``, row by row the two ends of a seed; unit rows for cosine.
    temperature
        Positive.
    same_side
        Whether the other anchors of one's own side are negatives too.

    Returns
    -------
    A scalar.
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
    """EVA's loss (Liu et al. 2021), after neighbourhood components analysis, with in-batch negatives.

    With cosines ``s_ij`` of left end i and right end j, scale ``alpha`` and attraction ``beta``, it is the
    mean over seeds i of

        log(1 + sum_{j != i} e^(alpha s_ij)) / alpha + log(1 + sum_{j != i} e^(alpha s_ji)) / alpha
        - beta log(1 + max(s_ii, 0))

    What pulls a seed together does not depend on the negatives, and there are no negatives of the same side.

    Parameters
    ----------
    left, right
        Embeddings ``(B, d)`` with unit rows.
    scale
        ``alpha``, positive.
    attraction
        ``beta``.

    Returns
    -------
    A scalar.
    """
    s = left @ right.T
    of_seed = s.diagonal()
    logits = (scale * s).masked_fill(torch.eye(len(s), dtype=torch.bool, device=s.device), -torch.inf)
    # log(1 + sum exp) with the one as one more cell, e^0.
    one = torch.zeros(len(s), 1, dtype=s.dtype, device=s.device)
    repulsion = sum(torch.cat([one, cells], dim=1).logsumexp(dim=1) for cells in (logits, logits.T))
    result: Tensor = (repulsion / scale - attraction * torch.log1p(of_seed.relu())).mean()
    return result


@dataclass(frozen=True)
class InfoNCE:
    """:func:`info_nce` with its settings."""

    temperature: float
    same_side: bool = True

    def __call__(self, left: Tensor, right: Tensor) -> Tensor:
        """The loss of ends ``(B, d)``."""
        return info_nce(left, right, temperature=self.temperature, same_side=self.same_side)


@dataclass(frozen=True)
class NCA:
    """:func:`nca` with its settings."""

    scale: float
    attraction: float

    def __call__(self, left: Tensor, right: Tensor) -> Tensor:
        """The loss of ends ``(B, d)``."""
        return nca(left, right, scale=self.scale, attraction=self.attraction)


ContrastiveLoss = InfoNCE | NCA
"""What pulls the ends of a seed together and pushes others away."""


def distillation(
    teacher: tuple[Tensor, Tensor], student: tuple[Tensor, Tensor], *, temperature: float
) -> Tensor:
    """Inter-modal alignment loss: KL from the joint embedding's matches to a modality's.

    Lin et al. 2022, eq. 9-10.

    Each embedding gives a softmax over the right (left) ends of the batch for every left (right) end.
    The teacher's is a constant. The loss is the mean KL of the student's from it, both directions.

    Parameters
    ----------
    teacher, student
        Pairs of embeddings ``(B, d)`` with unit rows, left and right ends.
    temperature
        Divides the cosines of both.

    Returns
    -------
    A scalar.
    """

    def log_matches(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        logits = left @ right.T / temperature
        return logits.log_softmax(dim=1), logits.T.log_softmax(dim=1)

    with torch.no_grad():
        targets = log_matches(*teacher)
    guesses = log_matches(*student)
    losses = [
        nn.functional.kl_div(guess, target, log_target=True, reduction="batchmean")
        for guess, target in zip(guesses, targets, strict=True)
    ]
    return (losses[0] + losses[1]) / 2


class UncertaintyWeights(nn.Module):
    """Sum of losses weighted by learned homoscedastic uncertainty (Kendall et al. 2018).

    ``sum_i exp(-w_i) * loss_i + w_i`` with ``w`` learned from 0.

    Parameters
    ----------
    names
        Names of the losses.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__()
        self._places = {name: i for i, name in enumerate(names)}
        # A list, because torch forbids some names of modalities as names of parameters.
        self.log_variance = nn.ParameterList(torch.zeros(()) for _ in names)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Weigh and add the scalars in ``losses``; a loss that is not there leaves its weight as it is."""
        own = [(self.log_variance[self._places[name]], loss) for name, loss in losses.items()]
        terms = [torch.exp(-weight) * loss + weight for weight, loss in own]
        return torch.stack(terms).sum()
