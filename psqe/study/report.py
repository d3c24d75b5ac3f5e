"""One HTML file about an alignment, for whoever is going to use its links: a notebook, run and put on a page.

The page needs no other file and no other host: pictures are inside, and there is no script in it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from psqe.errors import PsqeError
from psqe.files import write_text
from psqe.links.review import BORDER, NOTHING, SURE, TAKEN, TIE, UNSURE
from psqe.study.book.runner import run_notebook
from psqe.study.project import Project

NOTEBOOK = "alignment-report"

CREDITS = {
    "emoji/": "Left pictures: Twemoji, © Twitter and contributors, CC BY 4.0. Right pictures: OpenMoji, "
    "CC BY-SA 4.0."
}
"""Who drew the pictures of a task, by how its name begins."""

BECAUSE = {
    NOTHING: "nothing is known of the entity",
    UNSURE: "the best pair for it is too unsure",
    TIE: "several entities are exactly alike",
    TAKEN: "the nearest entity on the other side prefers another one",
}

CHOSEN = {
    "mutual": "Chosen were the pairs that are each other's best by",
    "one_to_one": "Chosen were, one to one, the pairs with the largest sum of",
}
BY = {
    "cosine": "similarity",
    "csls": "similarity less the mean similarity to the ten nearest (CSLS)",
    "sinkhorn": "confidence",
}

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ max-width: 60rem; margin: 2rem auto 4rem; padding: 0 1.2rem; color: #1b1b1b; background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif; }}
h1 {{ font-size: 1.8rem; line-height: 1.2; margin-bottom: 0.2em; }}
h2 {{ font-size: 1.25rem; margin-top: 2.2em; border-top: 1px solid #d8d8d8; padding-top: 0.9em; }}
img {{ max-width: 100%; }}
.cell_output {{ overflow-x: auto; margin: 1em 0; }}
.cell_output > img {{ display: block; max-width: min(46rem, 100%); }}
.admonition {{ background: #eef5fa; border-left: 4px solid #0072b2; padding: 0.4em 1.2em; }}
.admonition-title {{ font-weight: 600; margin: 0.4em 0 0; }}
.admonition ul {{ margin-top: 0.4em; padding-left: 1.2em; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; }}
.text_html > table:not(.psqe-cases) td, .text_html > table:not(.psqe-cases) th {{
  border-bottom: 1px solid #e4e4e4; }}
code, .literal {{ font-family: ui-monospace, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.92em; }}
@media print {{ body {{ max-width: none; }} h2 {{ break-after: avoid; }} tr, img {{ break-inside: avoid; }} }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def report_notebook() -> Path:
    """The notebook that a report is made from.

    Raises
    ------
    PsqeError
        If the package does not stand in a checkout of the project, where its notebooks are.
    """
    return Project.find(Path(__file__)).root / "notebooks" / f"{NOTEBOOK}.md"


def write_report(review: Mapping[str, Any], path: str | Path) -> None:
    """Run the report's notebook on a review and write it as one HTML file.

    Parameters
    ----------
    review
        What :func:`psqe.links.review.review` returns.
    path
        The file to write.

    Raises
    ------
    PsqeError
        If there is no notebook, a cell of it fails, or the file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "review.json")
        write_text(given, json.dumps(review, allow_nan=False))
        try:
            done = run_notebook(report_notebook(), {"review": str(given)}, out_dir=folder)
        except PsqeError as error:  # the half-run notebook it points to is gone in a moment
            raise PsqeError(error.what, path=error.path) from error
        page = as_page(done, title=f"Links of {review['given']['task']}")
    write_text(path, page)


def as_page(notebook: str | Path, *, title: str) -> str:
    """An executed notebook without its code, as the text of one HTML file.

    Raises
    ------
    PsqeError
        If something in it cannot be shown.
    """
    # Loading these takes a second, and only this function needs them.
    from docutils.core import publish_parts  # type: ignore[import-untyped]
    from docutils.utils import SystemMessage  # type: ignore[import-untyped]
    from myst_nb.docutils_ import Parser  # type: ignore[import-untyped]

    notebook = Path(notebook)
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "nb_execution_mode": "off", "nb_remove_code_source": True, "nb_output_folder": folder,
            "nb_append_css": False, "nb_output_stderr": "remove", "myst_enable_extensions": ["dollarmath"],
            "math_output": "MathML", "image_loading": "embed", "file_insertion_enabled": False,
            "embed_stylesheet": False, "stylesheet_path": [], "report_level": 5, "halt_level": 2,
            "output_encoding": "unicode",
        }  # fmt: skip
        try:
            parts = publish_parts(
                notebook.read_text(encoding="utf-8"), source_path=str(notebook), writer_name="html5",
                destination_path=str(Path(folder, "page.html")), parser=Parser(), settings_overrides=settings,
            )  # fmt: skip
        except SystemMessage as error:
            raise PsqeError(f"cannot be put on a page ({error})", path=notebook) from error
    return _PAGE.format(title=escape(title), body=parts["html_body"])


# ---- what a report says in words


def sentences(review: Mapping[str, Any]) -> dict[str, str]:
    """What the numbers of a review say, one text by place in the report."""
    sure = np.array(review["confidence"], dtype=np.float64)
    given, n = review["given"], len(sure)
    certain, doubtful = sure >= SURE, int((sure < BORDER).sum())
    names = given["left"]["name"], given["right"]["name"]
    said = {
        "links": f"{n:,} links between {names[0]} and {names[1]}; about {sure.sum():,.0f} of them "
        f"({_share(sure.sum(), n)}) are expected to be right.",
        "sure": f"{certain.sum():,} links have a confidence of {SURE} or more; "
        f"{_share(sure[certain].sum(), certain.sum())} of these are expected to be right. "
        f"{doubtful:,} have less than {BORDER} and are more likely wrong than right.",
        "unlinked": _unlinked(review),
        "given": _given(review),
        "histogram": f"{sum(review['from_seed']):,} of the {n:,} links were seeds.",
        "credits": " ".join(text for start, text in CREDITS.items() if given["task"].startswith(start)),
        "temperature": f"{review['temperature']:.3f}",
        "rule": f"{CHOSEN[review['rule']]} {BY[review['matching']]}. Those with a confidence of at least "
        f"{review['threshold']:.2f} became links.",
    }
    return {**said, **(_without_gold() if review["right"] is None else _gold(review))}


def _given(review: Mapping[str, Any]) -> str:
    none = review["given"]["modalities"]["none"]
    if not any(none.values()):
        return "Every one of them has at least one of the modalities that were looked at."
    return (
        f"{none['left']:,} left and {none['right']:,} right ones have none of the modalities that were "
        "looked at: only their triples speak for them."
    )


def _unlinked(review: Mapping[str, Any]) -> str:
    sides = []
    reasons: dict[str, int] = {}
    for side in ("left", "right"):
        counts, n = review["unlinked"][side], review["given"][side]["candidates"]
        sides.append(f"{sum(counts.values()):,} of {n:,} {side} entities ({_share(sum(counts.values()), n)})")
        for why, count in counts.items():
            reasons[why] = reasons.get(why, 0) + count
    text = f"{sides[0]} and {sides[1]} have no link; for them the answer is that there is no counterpart"
    if not reasons:
        return f"{text}."
    most = max(reasons, key=lambda why: reasons[why])
    share = _share(reasons[most], sum(reasons.values()))
    return f"{text}, {'always' if len(reasons) == 1 else f'in {share} of the cases'} because {BECAUSE[most]}."


def _gold(review: Mapping[str, Any]) -> dict[str, str]:
    sure = np.array(review["confidence"], dtype=np.float64)
    right, known = (np.array(review[key], dtype=bool) for key in ("right", "judged"))
    n = len(right)
    text = (
        f"True links are known here, for checking only: {_share(right.sum(), n)} of the links are among them"
    )
    judged = ""
    if not known.all():
        judged = (
            f"True links know neither end of {(~known).sum():,} links. Such a link counts as wrong, which "
            "it is only if the true links are complete; judged ones are the others."
        )
        text += f", and {_share(right[known].sum(), known.sum())} of those with an end that they know"
    missed = "; ".join(
        f"of the {answer['n']:,} {side} ones {answer['n'] - answer['n_right']:,} have a counterpart"
        for side, answer in review["quality"]["no_counterpart"].items()
    )
    reliability = (
        "Links by tenths of confidence: how many are right, of those that true links can judge. On the "
        "dashed line the confidence is as it should be; above it, links are better than they claim. All "
        f"together claim {_share(sure[known].sum(), known.sum())}, and "
        f"{_share(right[known].sum(), known.sum())} are right."
    )
    quality = (
        "Precision is the share of right ones among the answers given, recall the share given of those to be "
        "found, F1 their harmonic mean; in brackets, 95 % intervals."
    )
    if not known.all():
        quality += (
            " If the true links are not complete, an entity that none of them knows may have a counterpart "
            "all the same. Then both answers are better than they seem here."
        )
    return {
        "gold": f"{text}.", "judged": judged, "missing": f"By the true links, {missed}.",
        "reliability": reliability, "quality": quality,
    }  # fmt: skip


def _without_gold() -> dict[str, str]:
    text = "No true links are known here: nothing in this report was checked against labels."
    return {"gold": text, "judged": "", "missing": "", "reliability": text, "quality": ""}


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def record_table(review: Mapping[str, Any]) -> pd.DataFrame:
    """How the links were made: the task, what was looked at, miner, aligner and versions, one row each."""
    how = {**review["how"].get("parameters", {}), "versions": review["how"].get("versions", {})}
    return pd.DataFrame([(key, _in_words(value)) for key, value in how.items()], columns=["what", "value"])


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_in_words(one)}" for key, one in value.items() if one is not None)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
