"""Contrastive losses, from embeddings of the two ends of a batch of seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        self.log_variance = nn.ParameterDict({name: torch.zeros(()) for name in names})

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        """Weigh and add the scalars in ``losses``; a loss that is not there leaves its weight as it is."""
        terms = [torch.exp(-self.log_variance[n]) * loss + self.log_variance[n] for n, loss in losses.items()]
        return torch.stack(terms).sum()
