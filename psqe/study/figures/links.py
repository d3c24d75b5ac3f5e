"""The figure that shows what a threshold of confidence does to links."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from psqe.errors import ParameterError
from psqe.figure_style import BLUE, GREY, ORANGE, PURPLE, SKY, styled


@styled
def threshold_curve(curve: pd.DataFrame, chosen: Mapping[str, float]) -> Figure:
    """Draw precision, recall and F1 by the threshold of confidence, and mark chosen thresholds.

    Parameters
    ----------
    curve
        Columns ``threshold``, ascending; ``precision``, ``recall`` and ``f1`` of the links; ``no
        counterpart``, the F1 of the other answer; ``expected``, the F1 expected from the confidences. See
        :func:`psqe.study.tables.threshold_curve`.
    chosen
        Thresholds by name.

    Raises
    ------
    ParameterError
        If the curve is empty.
    """
    if curve.empty:
        raise ParameterError("no threshold to show", remedy="give at least one")
    figure, axes = plt.subplots(figsize=(7, 3.2))
    x = curve["threshold"]
    for name, colour, dashes, width, label in (
        ("precision", SKY, (0, ()), 1.2, "precision"),
        ("recall", ORANGE, (0, ()), 1.2, "recall"),
        ("f1", BLUE, (0, ()), 2.2, "F1 of links"),
        ("expected", BLUE, (0, (1, 1)), 1.4, "F1 expected without labels"),
        ("no counterpart", PURPLE, (0, (4, 2)), 1.6, "F1 of no counterpart"),
    ):
        axes.plot(x, curve[name], color=colour, ls=dashes, lw=width, label=label)
    for (name, at), height in zip(chosen.items(), (0.04, 0.12, 0.2), strict=False):
        axes.axvline(at, color=GREY, lw=1)
        axes.annotate(
            name, (at, height), (4, 0), textcoords="offset points", fontsize=8.5,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
        )  # fmt: skip
    axes.set(xlabel="smallest confidence of a link", ylabel="share", xlim=(0, 1), ylim=(0, 1.03))
    figure.legend(loc="outside upper center", ncols=3)
    return figure


@styled
def evidence_histogram(evidence: pd.DataFrame) -> Figure:
    """Draw how much evidence there is for correct pairs, for wrong ones and for pairs of orphans.

    Parameters
    ----------
    evidence
        Columns ``pairs``, the kind of pair, and ``evidence``; see :func:`psqe.study.tables.pair_evidence`.

    Raises
    ------
    ParameterError
        If there is no pair.
    """
    if evidence.empty:
        raise ParameterError("no evidence to show", remedy="give at least one pair")
    figure, axes = plt.subplots(figsize=(7, 2.8))
    edges = np.linspace(evidence["evidence"].min(), evidence["evidence"].max(), 41)
    looks = zip((BLUE, ORANGE, PURPLE), ((0, ()), (0, ()), (0, (4, 2))), strict=True)
    for (kind, own), (colour, dashes) in zip(evidence.groupby("pairs", sort=False), looks, strict=False):
        axes.hist(
            own["evidence"], bins=list(edges), density=True, histtype="step", color=colour, ls=dashes, lw=1.8,
            label=f"{kind} ({len(own):,})",
        )  # fmt: skip
    axes.set(xlabel="evidence for the pair, logarithm of odds before calibration", ylabel="density")
    figure.legend(loc="outside upper center", ncols=3)
    return figure
