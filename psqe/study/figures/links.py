"""Figures and tables of an alignment under review: how sure links are, which to look at, who has none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from psqe.errors import ParameterError
from psqe.figure_style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RIGHT,
    RIGHT_SYMBOL,
    SKY,
    WRONG,
    WRONG_SYMBOL,
    styled,
)

Review = Mapping[str, Any]
"""What :func:`psqe.links.review.review` returns."""

CUTS = (0.99, 0.95, 0.9, 0.8, 0.5, 0.0)
"""Confidences from which on links could be used."""

VERDICTS = {
    "right": (RIGHT_SYMBOL, RIGHT, "right by the true links"),
    "wrong": (WRONG_SYMBOL, WRONG, "wrong by the true links"),
    "unknown": ("?", GREY, "the true links know neither end"),
}

LONGEST = 60
"""Characters of a name or an attribute that are shown."""

_STYLE = """<style>
.psqe-cases { border-collapse: collapse; width: 100%; font-size: 0.86em; line-height: 1.3; }
.psqe-cases th { text-align: left; padding: 0.3em 0.6em; border-bottom: 1px solid #8c8c8c; }
.psqe-cases td { vertical-align: top; padding: 0.45em 0.6em; border-bottom: 1px solid #8c8c8c55; }
.psqe-cases td.n { white-space: nowrap; font-variant-numeric: tabular-nums; }
.psqe-cases div { display: flex; gap: 0.6em; align-items: flex-start; }
.psqe-cases img { width: 44px; height: 44px; flex: none; background: #fff; }
.psqe-cases .more { opacity: 0.75; }
.psqe-cases b { overflow-wrap: anywhere; }
</style>"""


@styled
def confidence_histogram(confidence: Sequence[float], from_seed: Sequence[bool]) -> Figure:
    """How many links there are of each confidence, those that were seeds apart from the others.

    Raises
    ------
    ParameterError
        If there is no link.
    """
    sure, seed = np.asarray(confidence, dtype=np.float64), np.asarray(from_seed, dtype=bool)
    if not len(sure):
        raise ParameterError("no link to show", remedy="give at least one")
    figure, axes = plt.subplots(figsize=(7, 2.6))
    axes.hist(
        [sure[~seed], sure[seed]], bins=np.linspace(0, 1, 21).tolist(), stacked=True,
        color=[BLUE, GREEN], label=["found by the model", "was a seed"], rwidth=0.92,
    )  # fmt: skip
    axes.set(xlabel="confidence", ylabel="links", xlim=(0, 1))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(loc="upper left")
    return figure


@styled
def kept_curve(
    confidence: Sequence[float], right: Sequence[bool] | None = None, judged: Sequence[bool] | None = None
) -> Figure:
    """Expected precision of the most confident links, as more of them are used.

    Parameters
    ----------
    confidence
        Of every link, in descending order ``(n,)``.
    right
        Whether each is right, where that is known, for another curve.
    judged
        Which of them true links can judge, for one more where that is not all of them.

    Raises
    ------
    ParameterError
        If there is no link.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    if not len(sure):
        raise ParameterError("no link to show", remedy="give at least one")
    kept = np.arange(1, len(sure) + 1)
    expected = sure.cumsum() / kept
    figure, axes = plt.subplots(figsize=(7, 2.8))
    if right is not None:
        true = np.asarray(right, dtype=np.float64).cumsum() / kept
        axes.plot(kept, true, color=BLACK, lw=1.2, ls=(0, (4, 2)), label="by true links")
    if right is not None and judged is not None and not np.all(judged) and np.any(judged):
        known = np.asarray(judged, dtype=np.float64)
        true = (known * np.asarray(right, dtype=np.float64)).cumsum() / np.maximum(1, known.cumsum())
        shown = known.cumsum() > 0
        axes.plot(
            kept[shown], true[shown], color=GREY, lw=1.2, ls=(0, (1, 1)), label="by true links, judged ones"
        )
    axes.plot(kept, expected, color=BLUE, lw=2, label="expected")
    for cut in CUTS[:-1]:
        n = int((sure >= cut).sum())
        if n:
            axes.plot(n, expected[n - 1], "o", color=BLUE, ms=5)
            text = f"{cut:g}".removeprefix("0")
            axes.annotate(
                text, (n, expected[n - 1]), (0, -14), textcoords="offset points", ha="center", fontsize=8.5,
                bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none"},
            )  # fmt: skip
    axes.set(xlabel="links used, most confident first", ylabel="precision", ylim=(0, 1.03))
    axes.set_xlim(0, max(2, len(sure)) * 1.02)
    if right is not None:
        axes.legend(loc="lower left")
    return figure


@styled
def threshold_curve(curve: pd.DataFrame, chosen: Mapping[str, float]) -> Figure:
    """What a threshold of confidence does to precision, recall and F1, with thresholds that were chosen.

    Parameters
    ----------
    curve
        ``threshold``, ascending; ``precision``, ``recall`` and ``f1`` of the links; ``no counterpart``, the
        F1 of the other answer; ``expected``, the F1 that the confidences promise. See
        :func:`psqe.study.link_tables.threshold_curve`.
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


def given_table(review: Review) -> pd.DataFrame:
    """What was given: sizes of both graphs, and how many candidates have each of the modalities used."""
    given = review["given"]
    rows: dict[str, list[str]] = {}
    for side in ("left", "right"):
        graph = given[side]
        n = max(1, graph["candidates"])
        values = {
            "language": graph["language"] or "not given",
            "entities": f"{graph['entities']:,}",
            "of these to be linked": f"{graph['candidates']:,}",
            "triples": f"{graph['triples']:,}",
            "relations": f"{graph['relations']:,}",
            "triples of an entity to be linked, mean": f"{graph['mean_degree']:.1f}",
            "without a triple": f"{graph['isolated']:,}",
        }
        for name, counts in given["modalities"].items():
            have = counts[side]
            text = "with none of these" if name == "none" else f"with {name}"
            values[text] = f"{have:,} ({have / n:.1%})" if have else "0"
        for key, value in values.items():
            rows.setdefault(key, []).append(value)
    names = [given[side]["name"] for side in ("left", "right")]
    columns = names if names[0] != names[1] else [f"{names[0]} (left)", f"{names[1]} (right)"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("").reset_index()


def cut_table(review: Review) -> pd.DataFrame:
    """Links from a confidence on: how many, and how many of them are expected to be right, and are."""
    sure = np.array(review["confidence"], dtype=np.float64)
    rows = []
    for cut in CUTS:
        own = sure >= cut
        row: dict[str, Any] = {
            "confidence from": f"{cut:.2f}" if cut else "all",
            "links": f"{own.sum():,}",
            "expected precision": f"{sure[own].mean():.1%}" if own.any() else "",
            "expected wrong": f"{(1 - sure[own]).sum():,.0f}",
        }
        if review["right"] is not None:
            right, known = (np.array(review[key], dtype=bool)[own] for key in ("right", "judged"))
            row["precision by true links"] = f"{right.mean():.1%}" if len(right) else ""
            if not np.all(review["judged"]):
                row["of those that true links judge"] = f"{right[known].mean():.1%}" if known.any() else ""
        rows.append(row)
    return pd.DataFrame(rows)


def unlinked_table(review: Review) -> pd.DataFrame:
    """Who has no link, by side and reason."""
    rows = []
    for side in ("left", "right"):
        reasons, n = review["unlinked"][side], review["given"][side]["candidates"]
        rows += [
            {"side": side, "why": why, "entities": f"{count:,}", "of all to be linked": f"{count / n:.1%}"}
            for why, count in sorted(reasons.items(), key=lambda item: -item[1])
        ]
    return pd.DataFrame(rows, columns=["side", "why", "entities", "of all to be linked"])


def quality_table(review: Review) -> pd.DataFrame:
    """Precision, recall and F1 of the links and of the answer "no counterpart"; empty without gold links."""
    columns = ["answer", "given", "right", "to be found", "precision", "recall", "F1"]
    if review["quality"] is None:
        return pd.DataFrame(columns=columns)
    links, without = review["quality"]["links"], review["quality"]["no_counterpart"]
    rows = [("a link", links, links["n_gold"])]
    rows += [(f"no counterpart, {side}", answer, answer["n_dangling"]) for side, answer in without.items()]
    return pd.DataFrame(
        [
            [name, f"{one['n']:,}", f"{one['n_right']:,}", f"{wanted:,}"]
            + [_with_interval(one, share) for share in ("precision", "recall")]
            + ["" if one["f1"] is None else f"{one['f1']:.3f}"]
            for name, one, wanted in rows
        ],
        columns=columns,
    )


def _with_interval(quality: Mapping[str, Any], share: str) -> str:
    if quality[share] is None:
        return ""
    low, high = quality[f"{share}_interval"]
    return f"{quality[share]:.3f} ({low:.3f} to {high:.3f})"


def reliability_table(review: Review) -> pd.DataFrame:
    """Tenths of confidence, in the form of :func:`psqe.study.figures.ablation.reliability`.

    Only links that gold links can judge count. Empty without gold links.
    """
    columns = ["part", "random_state", "estimated", "precision", "links", "seeds_found"]
    if review["right"] is None:
        return pd.DataFrame(columns=columns)
    table = pd.DataFrame(
        {
            "estimated": review["confidence"], "precision": np.array(review["right"], dtype=float),
            "links": np.where(review["from_seed"], "was a seed", "found by the model"),
        }
    )[np.array(review["judged"], dtype=bool)]  # fmt: skip
    table["part"] = (table["estimated"] * 10).clip(upper=9).astype(int)
    table["seeds_found"] = 1
    parts = table.groupby(["links", "part"]).agg(
        {"estimated": "mean", "precision": "mean", "seeds_found": "sum"}
    )
    return parts.reset_index().assign(random_state=0)[columns]


def region_shares(review: Review) -> dict[str, list[dict[str, dict[str, float | None]]]]:
    """Shares of each region's entities with a link and with one expected to be right.

    In the form of :func:`psqe.study.figures.results.by_region`.
    """
    linked: dict[str, dict[str, float | None]] = {}
    expected: dict[str, dict[str, float | None]] = {}
    for kind, found in review["regions"].items():
        linked[kind] = {name: one["linked"] for name, one in found.items()}
        expected[kind] = {name: one["linked"] * (one["confidence"] or 0.0) for name, one in found.items()}
    return {"have a link": [linked], "expected to have a right one": [expected]}


# ---- links one by one, as HTML: a browser has letters for names that figures have not


def link_cards(cases: Sequence[Mapping[str, Any]]) -> str:
    """A table of links: confidence, both entities, and the runner-up that came nearest to replacing one."""
    known = any(case["verdict"] for case in cases)
    rows = []
    for case in cases:
        runner = "<td></td>"
        if case["runner_up"] is not None:
            runner = _card(case["runner_up"], f"instead of the {case['instead_of']} one")
        note = "was a seed" if case["from_seed"] else ""
        if case["margin"] is not None:
            where = "ahead" if case["margin"] >= 0 else "behind"
            note = f"{where} by {abs(case['margin']):.3f}" + (f"<br>{note}" if note else "")
        first = f'<td class="n"><b>{case["confidence"]:.2f}</b><br><span class="more">{note}</span></td>'
        rows.append(first + _card(case["left"]) + _card(case["right"]) + runner + _verdict(case, known))
    return _table(["confidence", "left", "right", "runner-up"], rows, known)


def nearly_cards(cases: Sequence[Mapping[str, Any]]) -> str:
    """A table of pairs that were too unsure to become links."""
    known = any(case["verdict"] for case in cases)
    rows = [
        f'<td class="n"><b>{case["confidence"]:.2f}</b></td>'
        + _card(case["left"]) + _card(case["right"]) + _verdict(case, known)
        for case in cases
    ]  # fmt: skip
    return _table(["confidence", "left", "right"], rows, known)


def _table(heads: Sequence[str], rows: Sequence[str], known: bool) -> str:
    if not rows:
        return "<p>There is none.</p>"
    heads = [*heads, "true"] if known else heads
    head = "".join(f"<th>{text}</th>" for text in heads)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    table = f'<table class="psqe-cases"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return _STYLE + table


def _card(card: Mapping[str, Any], note: str = "") -> str:
    """An entity in a cell: picture, name, a few attributes or, without any, neighbours."""
    title = card["name"] or _plain(card["id"])
    lines = [f'<b title="{escape(card["id"])}">{escape(_cut(title))}</b>']
    if card["attributes"]:
        lines.append(escape(", ".join(_cut(_plain(text)) for text in card["attributes"])))
    else:
        near = (f"{_cut(_plain(relation))}: {_cut(_plain(end))}" for relation, end in card["neighbours"])
        lines.append(escape("; ".join(near)))
    if note:
        lines.append(f"<i>{escape(note)}</i>")
    picture = "" if card["picture"] is None else f'<img alt="" src="{escape(card["picture"])}">'
    more = "".join(f'<br><span class="more">{line}</span>' for line in lines[1:] if line)
    return f"<td><div>{picture}<span>{lines[0]}{more}</span></div></td>"


def _verdict(case: Mapping[str, Any], known: bool) -> str:
    if not known:
        return ""
    symbol, colour, text = VERDICTS[case["verdict"]]
    return f'<td title="{text}" style="color: {colour}">{symbol}</td>'


def _plain(text: str) -> str:
    """The last part of a URI; any other text as it is."""
    return text.rstrip("/#").replace("#", "/").rpartition("/")[2] if "://" in text else text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
