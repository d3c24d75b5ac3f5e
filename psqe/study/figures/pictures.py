"""Figures made of the pictures of entities: pairs, seeds, and a small similarity matrix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from psqe.errors import ParameterError
from psqe.evaluation.truth import among, gold_links, linked
from psqe.features.image import open_picture
from psqe.figure_style import CORRECT, CORRECT_SYMBOL, GREY, WRONG, WRONG_SYMBOL, styled
from psqe.graph import AlignmentTask, FloatArray, IntArray, counted
from psqe.study.figures.labels import entity_labels, label

WIDTH = 7.0
"""Width of a figure of pictures in inches."""

PICTURE = 0.6
"""Width and height of a picture in inches."""

ROW = 1.06
"""Height of a row of pictures and names in inches."""

FOOT = 0.06
"""Height of the empty space below the last row in inches."""

PIXELS = 144
"""Width and height of a picture in pixels."""


def _page(height: float) -> tuple[Figure, Axes]:
    """An empty figure whose coordinates are inches from the upper left corner."""
    figure = plt.figure(figsize=(WIDTH, height), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    return figure, axes


def _picture(axes: Axes, path: Path | None, x: float, y: float, size: float = PICTURE) -> None:
    """Draw a picture with its centre at ``(x, y)``; a dotted box where the entity has none."""
    half = size / 2
    if path is None:
        axes.add_patch(Rectangle((x - half, y - half), size, size, fill=False, ec=GREY, ls=":", lw=0.8))
        axes.text(x, y, "no\npicture", ha="center", va="center", fontsize=8, color=GREY)
        return
    picture = open_picture(path).resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
    limits = axes.get_xlim(), axes.get_ylim()
    axes.imshow(np.asarray(picture), extent=(x - half, x + half, y + half, y - half), aspect="auto")
    axes.set(xlim=limits[0], ylim=limits[1])


def _frame(axes: Axes, x: float, y: float, is_correct: bool, *, size: float = PICTURE + 0.1) -> None:
    """Draw a frame whose colour and symbol both show whether a seed is correct."""
    colour, symbol = (CORRECT, CORRECT_SYMBOL) if is_correct else (WRONG, WRONG_SYMBOL)
    half = size / 2
    axes.add_patch(Rectangle((x - half, y - half), size, size, fill=False, ec=colour, lw=1.6))
    box = {"boxstyle": "circle,pad=0.15", "fc": colour, "ec": "none"}
    axes.text(x + half, y - half, symbol, ha="center", va="center", fontsize=7, color="white", bbox=box)


def _caption(axes: Axes, text: str, x: float, y: float) -> None:
    """Write lines of text under a picture, each on its own baseline, so that captions in a row align."""
    for i, line in enumerate(text.splitlines()):
        axes.text(x, y + 0.1 + 0.125 * i, line, ha="center", va="baseline", fontsize=7.8)


@styled
def pair_grid(task: AlignmentTask, pairs: IntArray, *, n_columns: int = 3) -> Figure:
    """Draw pairs of pictures side by side, left entity first, with the names below.

    Parameters
    ----------
    task
        The two graphs.
    pairs
        Integer array ``(n, 2)``: left and right entity of each pair.
    n_columns
        Number of pairs in a row.

    Raises
    ------
    ParameterError
        If there is no pair.
    DataError
        If a picture cannot be read.
    """
    if not len(pairs):
        raise ParameterError("no pair to show", remedy="give at least one")
    names = entity_labels(task, "left"), entity_labels(task, "right")
    n_rows = -(-len(pairs) // n_columns)
    page, axes = _page(n_rows * ROW + FOOT)
    cell = WIDTH / n_columns
    for position, pair in enumerate(np.asarray(pairs).tolist()):
        row, column = divmod(position, n_columns)
        for i, graph in enumerate((task.left, task.right)):
            x, y = (column + (0.29, 0.71)[i]) * cell, row * ROW + 0.38
            _picture(axes, graph.images[pair[i]], x, y)
            _caption(axes, label(names[i][pair[i]]), x, y + 0.35)
        if column:
            axes.plot(
                [column * cell] * 2, [row * ROW + 0.08, (row + 1) * ROW - 0.08], color="#D8D8D8", lw=0.7
            )
    shown = [f"{names[0][left]} and {names[1][right]}" for left, right in np.asarray(pairs).tolist()]
    page.set_label(f"Pictures of {counted(len(shown), 'pair')}, left entity first: {'; '.join(shown)}.")
    return page


@styled
def seed_gallery(
    task: AlignmentTask, pairs: IntArray, *, scores: FloatArray | None = None, n_columns: int = 2
) -> Figure:
    """Draw seeds as pictures: the left entity, the right entity chosen for it, and its true counterpart.

    The frame of the chosen entity shows by colour and by symbol whether the seed is correct. An entity
    without a counterpart is marked as dangling. Of several true counterparts, the first one is shown, or the
    one that was chosen.

    Parameters
    ----------
    task
        The two graphs, with gold links.
    pairs
        Integer array ``(n, 2)``: the seeds to show.
    scores
        Float array ``(n,)``: the confidence of each seed, written beside it; none by default.
    n_columns
        Number of seeds in a row.

    Raises
    ------
    ParameterError
        If there is no seed.
    DataError
        If the task has no gold links, or a picture cannot be read.
    """
    if not len(pairs):
        raise ParameterError("no seed to show", remedy="give at least one")
    links = gold_links(task)
    of_left = dict(links[::-1].tolist())
    is_link, on_right = among(np.asarray(pairs), links), linked(task).right
    names = entity_labels(task, "left"), entity_labels(task, "right")
    n_rows, head = -(-len(pairs) // n_columns), 0.25
    page, axes = _page(head + n_rows * ROW + FOOT)
    cell = WIDTH / n_columns
    slots = [(i + 0.5) * cell / 3 for i in range(3)]
    for column in range(min(n_columns, len(pairs))):
        for slot, title in zip(slots, ("left entity", "chosen", "true counterpart"), strict=True):
            axes.text(column * cell + slot, 0.16, title, ha="center", fontsize=8.3, weight="bold")
        if column:
            axes.plot([column * cell] * 2, [0.08, head + n_rows * ROW - 0.08], color="#D8D8D8", lw=0.7)
    told = []
    for position, (left, right) in enumerate(np.asarray(pairs).tolist()):
        row, column = divmod(position, n_columns)
        x, y = [column * cell + slot for slot in slots], head + row * ROW + 0.38
        true = right if is_link[position] else of_left.get(left, -1)
        _picture(axes, task.left.images[left], x[0], y)
        _caption(axes, label(names[0][left]), x[0], y + 0.38)
        _picture(axes, task.right.images[right], x[1], y)
        _frame(axes, x[1], y, true == right)
        text = label(names[1][right], lines=2 if on_right[right] else 1)
        _caption(axes, text + ("" if on_right[right] else "\n(dangling)"), x[1], y + 0.38)
        if scores is not None:
            axes.text((x[0] + x[1]) / 2, y, f"{scores[position]:.2f}", ha="center", va="center", fontsize=8)
        of_true = names[1][true] if true >= 0 else "none"
        judged = "correct" if true == right else f"wrong, the true counterpart is {of_true}"
        told.append(f"{names[0][left]} with {names[1][right]}, {judged}")
        if true < 0:
            axes.text(x[2], y, "none:\ndangling", ha="center", va="center", fontsize=8, color=GREY)
        else:
            _picture(axes, task.right.images[true], x[2], y)
            _caption(axes, label(names[1][true]), x[2], y + 0.38)
    page.set_label(f"Pictures of {counted(len(told), 'seed')}: {'; '.join(told)}.")
    return page


@styled
def similarity_grid(
    task: AlignmentTask,
    left: IntArray,
    right: IntArray,
    similarity: FloatArray,
    *,
    chosen: Sequence[tuple[int, int]] = (),
) -> Figure:
    """Draw a small similarity matrix with the pictures of the entities on its axes.

    Parameters
    ----------
    task
        The two graphs, with gold links.
    left, right
        The entities of the rows ``(a,)`` and of the columns ``(b,)``, one to eight of each.
    similarity
        Their similarities ``(a, b)``.
    chosen
        Cells (row, column) that a rule chose, in the order of its choice. Each gets a number and, as in
        :func:`seed_gallery`, a frame that shows whether it is correct.

    Raises
    ------
    ParameterError
        If a side has no entity or more than eight entities.
    DataError
        If the task has no gold links, or a picture cannot be read.
    """
    n_rows, n_columns = similarity.shape
    if not (1 <= n_rows <= 8 and 1 <= n_columns <= 8):
        raise ParameterError(f"{n_rows} x {n_columns} cells make no page", remedy="give one to eight a side")
    links = gold_links(task)
    names = entity_labels(task, "left"), entity_labels(task, "right")
    head, margin = 1.1, 1.9
    size = min(0.8, (WIDTH - margin - 0.1) / n_columns)
    page, axes = _page(head + n_rows * size + 0.1)
    low, high = float(similarity.min()), float(similarity.max())
    for column, entity in enumerate(right.tolist()):
        x = margin + (column + 0.5) * size
        _picture(axes, task.right.images[entity], x, head - 0.27, 0.46)
        axes.text(x, 0.5, label(names[1][entity], width=11, lines=3), ha="center", va="bottom", fontsize=6.8)
    for row, entity in enumerate(left.tolist()):
        y = head + (row + 0.5) * size
        _picture(axes, task.left.images[entity], margin - 0.3, y, 0.46)
        axes.text(margin - 0.6, y, label(names[0][entity], width=17), ha="right", va="center", fontsize=7.8)
        for column in range(n_columns):
            x = margin + (column + 0.5) * size
            value = float(similarity[row, column])
            depth = (value - low) / max(high - low, 1e-9)
            corner = (x - size / 2, y - size / 2)
            colour = plt.get_cmap("Greys")(0.55 * depth)
            axes.add_patch(Rectangle(corner, size, size, fc=colour, ec="white", lw=1.5))
            axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=9.5)
    for order, (row, column) in enumerate(chosen, start=1):
        x, y = margin + (column + 0.5) * size, head + (row + 0.5) * size
        is_link = among(np.array([[left[row], right[column]]]), links)[0]
        _frame(axes, x, y, bool(is_link), size=size - 0.1)
        axes.text(
            x - size / 2 + 0.12,
            y - size / 2 + 0.12,
            str(order),
            ha="left",
            va="top",
            fontsize=7,
            weight="bold",
        )
    told = [
        f"{names[0][entity]}: " + ", ".join(f"{value:.2f}" for value in similarity[row])
        for row, entity in enumerate(left.tolist())
    ]
    columns = ", ".join(names[1][entity] for entity in right.tolist())
    text = f"A table of similarities with {columns}. {'; '.join(told)}."
    if chosen:
        cells = [f"{names[0][left[row]]} with {names[1][right[column]]}" for row, column in chosen]
        text += f" Chosen in this order: {'; '.join(cells)}."
    page.set_label(text)
    return page
