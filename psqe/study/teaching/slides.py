"""Slides of a chapter: one file of HTML, made from the executed notebook, which needs no other host.

A heading, a figure, a table and a question start a slide. Text that does not fit on its slide, and the
explanations after a figure, become notes, which the key N shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from nbformat import NotebookNode

from psqe.errors import PsqeError
from psqe.study.teaching.markdown import Block, Reader, glued_numbers
from psqe.study.teaching.versions import BOOK_ONLY, stub

MOST_WORDS = 90
"""Text beyond this number of words on one slide becomes a note."""

MOST_WORDS_WITH_CODE = 75
"""Code stands below text of at most this number of words."""

WITHOUT = ("remove-cell", "remove-output")
"""The tags of cells whose outputs no page shows."""


@dataclass
class Slide:
    """One slide.

    Attributes
    ----------
    title
        The heading, as HTML.
    body
        What it shows, as HTML.
    notes
        What the speaker may say, as HTML.
    words
        The number of words in the body.
    """

    title: str
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    words: int = 0


def make_slides(notebook: NotebookNode, titles: Mapping[str, str]) -> list[Slide]:
    """Make the slides of an executed notebook.

    Parameters
    ----------
    notebook
        The executed notebook.
    titles
        The titles of the pages of the book by name, which stand in for references.

    Returns
    -------
    list of Slide
        At least one slide.

    Raises
    ------
    PsqeError
        If the notebook has no heading, or its text shows what no cell has computed.
    """
    deck = _Deck()
    reader = Reader(glued_numbers(notebook), titles)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if BOOK_ONLY in tags:
            continue
        if cell.cell_type == "markdown":
            for block in reader.blocks(cell.source):
                deck.add(block)
        elif cell.cell_type == "code":
            if "solution" in tags:
                deck.show_code(stub(cell.source))
            if not set(WITHOUT) & set(tags):
                for output in cell.get("outputs", []):
                    deck.show(output, _description(cell, output))
    if not deck.slides:
        raise PsqeError("the notebook has no heading, so that it makes no slide")
    return deck.slides


def deck_page(slides: list[Slide], mathjax: str) -> str:
    """Write slides as a page of HTML that needs no other file.

    Parameters
    ----------
    slides
        The slides, at least one.
    mathjax
        The program of MathJax, which sets the formulas.

    Returns
    -------
    str
        The page. Arrow keys move, and printing gives a page for each slide.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("psqe.study.teaching"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True,
    )  # fmt: skip
    has_formulas = any(
        r"\(" in part or r"\[" in part for slide in slides for part in slide.body + slide.notes
    )
    name = re.sub(r"<[^>]*>", "", slides[0].title)
    return environment.get_template("deck.html").render(
        slides=slides, title=name, mathjax=mathjax if has_formulas else ""
    )


class _Deck:
    """Slides that are being made."""

    def __init__(self) -> None:
        self.slides: list[Slide] = []

    def add(self, block: Block) -> None:
        """Put a heading or a block of text where it belongs."""
        if block.kind == "heading":
            self._begin(block.html)
        elif not self.slides:
            return
        elif block.html.startswith("<p><strong>Question"):
            self._begin(self.slides[-1].title)
            self._put(block)
        elif len(block.items) > 1 and block.words > MOST_WORDS and not self.slides[-1].body:
            self._add_items(block)
        elif self.slides[-1].notes or (
            self.slides[-1].body and self.slides[-1].words + block.words > MOST_WORDS
        ):
            self.slides[-1].notes.append(block.html)
        else:
            self._put(block)

    def show(self, output: NotebookNode, description: str) -> None:
        """Put what a cell has drawn or printed on a slide of its own."""
        if not self.slides:
            return
        title = self.slides[-1].title
        if html := _shown(output, description or f"Figure of the section {_plain(title)}"):
            self._begin(title)
            self.slides[-1].body.append(html)

    def show_code(self, source: str) -> None:
        """Put code on the slide, or on the next one if the slide has much text already."""
        if self.slides:
            if self.slides[-1].words > MOST_WORDS_WITH_CODE:
                self._begin(self.slides[-1].title)
            self.slides[-1].body.append(f"<pre><code>{escape(source)}</code></pre>")

    def _begin(self, title: str) -> None:
        last = self.slides[-1] if self.slides else None
        if last is not None and last.title == title and not (last.body or last.notes):
            return
        self.slides.append(Slide(title))

    def _put(self, block: Block) -> None:
        self.slides[-1].body.append(block.html)
        self.slides[-1].words += block.words

    def _add_items(self, block: Block) -> None:
        """Spread the items of a long list over several slides."""
        for item in block.items:
            part = Block("text", item)
            if self.slides[-1].body and self.slides[-1].words + part.words > MOST_WORDS:
                self._begin(self.slides[-1].title)
            self._put(part)


def _description(cell: NotebookNode, output: NotebookNode) -> str:
    """The text in the place of a picture: what the author wrote, else what the figure says of itself."""
    written = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    return str(written or output.get("metadata", {}).get("image/png", {}).get("alt", ""))


def _shown(output: NotebookNode, description: str) -> str:
    """Write an output as HTML: a picture, a table or printed lines; nothing for all others."""
    if output.get("output_type") == "stream":
        lines = [line for line in "".join(output["text"]).splitlines() if not _is_check(line)]
        is_shown = output.get("name") == "stdout" and any(line.strip() for line in lines)
        return f'<pre class="printed">{escape(chr(10).join(lines))}</pre>' if is_shown else ""
    data: Mapping[str, Any] = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).replace("\n", "")
        return f'<img alt="{escape(description)}" src="data:image/png;base64,{picture}">'
    if "<table" in (html := "".join(data.get("text/html", ""))):
        return f'<div class="table">{html}</div>'
    return ""


def _is_check(line: str) -> bool:
    """Whether a check of the lab has printed a line."""
    return re.match(r"Task \d+ is solved", line) is not None


def _plain(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)
