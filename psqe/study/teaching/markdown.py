"""The text of a notebook as blocks of HTML, with the numbers that its cells have computed.

Only what the pages of the book use is known: paragraphs, lists, tables, formulas, admonitions, numbers
(``glue:text``), references to pages, and citations.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from nbformat import NotebookNode

from psqe.errors import PsqeError

ADMONITIONS = ("admonition", "note", "tip", "important", "warning", "caution", "hint", "seealso")
"""The directives whose content is text."""


@dataclass(frozen=True)
class Block:
    """A block of text.

    Attributes
    ----------
    kind
        ``heading`` or ``text``.
    html
        The block as HTML; of a heading what stands in it, without its tag.
    items
        The items of a list as HTML, each a list of its own; none for other blocks.
    level
        The level of a heading, from 1.
    """

    kind: str
    html: str
    items: tuple[str, ...] = ()
    level: int = 0

    @property
    def words(self) -> int:
        """The number of words; a formula in the text counts as one, and one on lines of its own as 20."""
        text = re.sub(r"\\\(.*?\\\)", " x ", self.html, flags=re.DOTALL)
        text = re.sub(r"\\\[.*?\\\]", " x" * 20, text, flags=re.DOTALL)
        return len(re.sub(r"<[^>]*>", " ", text).split())


@dataclass(frozen=True)
class Reader:
    """Reads the text of the cells of one notebook.

    Attributes
    ----------
    numbers
        The values that the notebook has glued, by name, as Python writes them.
    titles
        The titles of the pages of the book, by name.
    """

    numbers: Mapping[str, str]
    titles: Mapping[str, str]
    _parser: MarkdownIt = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parser = MarkdownIt("commonmark", {"html": False}).enable("table")
        parser.use(dollarmath_plugin, renderer=_formula)
        parser.use(amsmath_plugin, renderer=lambda content: _formula(content, {"display_mode": True}))
        parser.use(myst_role_plugin).use(colon_fence_plugin)
        vars(parser.renderer)["rules"]["myst_role"] = self._role
        object.__setattr__(self, "_parser", parser)

    def blocks(self, text: str) -> Iterator[Block]:
        """Read a text.

        Parameters
        ----------
        text
            MyST text.

        Yields
        ------
        Block
            Its blocks in order. Solutions, code and directives other than admonitions and formulas are left
            out.

        Raises
        ------
        PsqeError
            If it shows a number that the notebook has not computed, or refers to an unknown page.
        """
        tokens = self._parser.parse(text)
        start = 0
        while start < len(tokens):
            end = _end(tokens, start)
            yield from self._block(tokens[start:end])
            start = end

    def _block(self, tokens: list[Token]) -> Iterator[Block]:
        """Turn the tokens of one block into blocks: several for an admonition, none for what is left out."""
        first = tokens[0]
        if first.type == "heading_open":
            yield Block("heading", self._html(tokens[1:-1]), level=int(first.tag[1:]))
        elif first.type in ("fence", "colon_fence"):
            yield from self._directive(first)
        elif first.type in ("bullet_list_open", "ordered_list_open"):
            yield Block("text", self._html(tokens), tuple(self._items(tokens)))
        elif first.type == "paragraph_open" and re.fullmatch(r"\(.+\)=|%.*", tokens[1].content):
            return  # a target or a comment
        elif first.type != "code_block":
            yield Block("text", self._html(tokens))

    def _directive(self, fence: Token) -> Iterator[Block]:
        found = re.match(r"\{([\w:-]+)\} ?(.*)", fence.info)
        if found is None:
            return
        name, title = found[1], found[2].strip()
        content = re.sub(r"\A(:[\w-]+:.*\n)*", "", fence.content)
        if name == "math":
            yield Block("text", _formula(content, {"display_mode": True}))
        elif name in ADMONITIONS:
            if title:
                yield Block("heading", self._parser.renderInline(title), level=2)
            yield from self.blocks(content)

    def _items(self, tokens: list[Token]) -> Iterator[str]:
        """Write each item of a list as a list of its own, with its number."""
        start, tag = 1, tokens[0].tag
        number = int(tokens[0].attrs.get("start", 1))
        while start < len(tokens) - 1:
            end = _end(tokens, start)
            attribute = f' start="{number}"' if tag == "ol" else ""
            yield f"<{tag}{attribute}>{self._html(tokens[start:end])}</{tag}>"
            start, number = end, number + 1

    def _html(self, tokens: Sequence[Token]) -> str:
        return _without_inner_links(str(self._parser.renderer.render(tokens, self._parser.options, {})))

    def _role(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        """Write a role: a number, the title of a page, a citation, or its text."""
        name, content = tokens[index].meta["name"], tokens[index].content
        if name == "glue:text":
            return escape(self._number(content))
        if name == "doc":
            title, _, target = content.rpartition("<")
            page = target.rstrip(">").rpartition("/")[2]
            if page not in self.titles:
                raise PsqeError(f"the text refers to {page!r}, which is no page of the book")
            return escape(title.strip()) or f"<em>{escape(self.titles[page])}</em>"
        if name.startswith("cite"):
            sources = (re.sub(r"([a-z]+)(\d{4}).*", r"\1 \2", key.strip()) for key in content.split(","))
            return escape(f"({', '.join(source.capitalize() for source in sources)})")
        if name == "eq":
            return "the formula"
        return escape(re.sub(r"\s*<[^>]*>$", "", content))

    def _number(self, content: str) -> str:
        """Write a number as ``glue:text`` does: the name, then the format after a colon."""
        name = content.partition(":")[0]
        if name not in self.numbers:
            raise PsqeError(f"the text shows {name!r}, which no cell has computed", remedy="run psqe study")
        return glued_text(self.numbers, content)


def glued_numbers(notebook: NotebookNode) -> dict[str, str]:
    """Collect what the cells of a notebook have glued, as Python writes it.

    Parameters
    ----------
    notebook
        The executed notebook.
    """
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            glued = output.get("metadata", {}).get("scrapbook", {})
            kind = f"{glued.get('mime_prefix', '')}text/plain"
            if "name" in glued and kind in output["data"]:
                found[glued["name"]] = "".join(output["data"][kind])
    return found


def glued_text(numbers: Mapping[str, str], content: str) -> str:
    """Write what the role ``glue:text`` shows: the name of a value, then the format after a colon.

    Parameters
    ----------
    numbers
        What was glued, by name, as Python writes it.
    content
        What stands in the role.

    Examples
    --------
    >>> glued_text({"share": "0.5"}, "share:.0%")
    '50%'
    """
    name, _, style = content.partition(":")
    return format(ast.literal_eval(numbers[name]), style)


def _formula(content: str, options: Mapping[str, Any]) -> str:
    """Write a formula between the marks that MathJax looks for."""
    start, end = (r"\[", r"\]") if options.get("display_mode") else (r"\(", r"\)")
    return f"{start}{escape(content.strip())}{end}"


def _without_inner_links(html: str) -> str:
    """Write the text of each link that leads to a place of the book and not to an address of the web.

    The sign of a paragraph (¶), which stands for a link to a formula, is left out.
    """
    return re.sub(r'<a (?![^>]*href="https?:)[^>]*>(?:¶|(.*?))</a>', r"\1", html, flags=re.DOTALL)


def _end(tokens: Sequence[Token], start: int) -> int:
    """The number of the token after the block that begins at a token."""
    depth = 0
    for number in range(start, len(tokens)):
        depth += tokens[number].nesting
        if depth == 0:
            return number + 1
    return len(tokens)
