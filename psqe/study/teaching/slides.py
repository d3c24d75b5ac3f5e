"""Slides of a chapter: one file of HTML, made from the executed notebook, which needs no other host.

A heading, a figure and a table start a slide. A question stands with the figure before it, else with the one
that follows. A paragraph that ends in a colon stands with what it announces. Text that does not fit on its
slide becomes a note, which the key N shows.
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

MOST_WORDS_WITH_FIGURE = 35
"""A figure, a table or printed lines stand with text of at most this number of words."""

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
    has_figure
        Whether it shows what a cell has drawn or printed.
    """

    title: str
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    words: int = 0
    has_figure: bool = False

    def has_room(self, block: Block) -> bool:
        """Whether a block of text fits below what the slide shows already."""
        most = MOST_WORDS_WITH_FIGURE if self.has_figure else MOST_WORDS
        return not self.body or self.words + block.words <= most


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
        elif _is_question(block.html):
            self._ask(block)
        elif self.slides[-1].notes or not self._make_room(block):
            self.slides[-1].notes.append(block.html)
        elif len(block.items) > 1 and block.words > MOST_WORDS:
            self._add_items(block)
        else:
            self._put(block)

    def show(self, output: NotebookNode, description: str) -> None:
        """Put what a cell has drawn or printed on a slide of its own, or on that of a question about it."""
        if not self.slides:
            return
        last = self.slides[-1]
        if html := _shown(output, description or f"Figure of the section {_plain(last.title)}"):
            waits = len(last.body) == 1 and not last.notes and _is_question(last.body[0])
            if not waits or (self.slides[:-1] and self.slides[-2].has_figure):
                announced = self._take_announcement()
                self._begin(last.title)
                for block in announced:
                    if block.words > MOST_WORDS_WITH_FIGURE:
                        self.slides[-1].notes.append(block.html)
                    else:
                        self._put(block)
            self.slides[-1].body.append(html)
            self.slides[-1].has_figure = True

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

    def _ask(self, block: Block) -> None:
        """Put a question below the figure that it is about, if there is room, or on a slide of its own.

        To make room, the explanations between them become notes.
        """
        slide = self.slides[-1]
        if not slide.has_figure or block.words > MOST_WORDS_WITH_FIGURE:
            self._begin(slide.title)
        else:
            while not slide.has_room(block) and slide.body[-1].startswith("<p>"):
                slide.notes.insert(0, slide.body.pop())
                slide.words -= Block("text", slide.notes[0]).words
            if not slide.has_room(block):
                self._begin(slide.title)
        self._put(block)

    def _make_room(self, block: Block) -> bool:
        """Whether a block fits; if it does not and is announced, it begins a slide with its announcement."""
        if self.slides[-1].has_room(block):
            return True
        announced = self._take_announcement()
        if announced:
            self._begin(self.slides[-1].title)
            for announcement in announced:
                self._put(announcement)
        return bool(announced)

    def _take_announcement(self) -> list[Block]:
        """Take the last paragraph of the last slide off if it ends in a colon."""
        slide = self.slides[-1]
        parts = slide.notes or slide.body
        if not parts or not re.search(r":(</\w+>)*</p>\s*$", parts[-1]):
            return []
        block = Block("text", parts.pop())
        if parts is slide.body:
            slide.words -= block.words
        return [block]

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


def _is_question(html: str) -> bool:
    return html.startswith("<p><strong>Question")


def _is_check(line: str) -> bool:
    """Whether a check of the lab has printed a line."""
    return re.match(r"Task \d+ is solved", line) is not None


def _plain(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)
