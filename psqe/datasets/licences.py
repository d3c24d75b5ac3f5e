"""The authors and the licences of the data that come with packages: pictures, texts and facts.

The file ``NOTICE`` of the project says the same, with packages and versions; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from psqe.graph import Side

_CREATIVE_COMMONS = "https://creativecommons.org/licenses"
_UNICODE = "https://www.unicode.org/license.txt"
_APACHE = "https://www.apache.org/licenses/LICENSE-2.0"
_EDRDG = "the Electronic Dictionary Research and Development Group"


@dataclass(frozen=True)
class Work:
    """A work of others, such as a set of pictures, of which data are made.

    Parameters
    ----------
    name
        The name of the work.
    holder
        Whose work it is.
    licence
        The short name of its licence.
    address
        Where the licence can be read.
    source
        Where the work is published; empty, the default, if it is known by its name alone.
    note
        What the holder wants to be said in addition; nothing by default.

    Examples
    --------
    >>> TWEMOJI.credit
    'Twemoji, © Twitter, Inc and other contributors, CC BY 4.0'
    """

    name: str
    holder: str
    licence: str
    address: str
    source: str = ""
    note: str = ""

    @property
    def credit(self) -> str:
        """The name of the work, its holder and its licence as text."""
        return f"{self.name}, © {self.holder}, {self.licence}"

    @property
    def linked_credit(self) -> str:
        """The credit as Markdown, in which the work and its licence are links."""
        name = f"[{self.name}]({self.source})" if self.source else self.name
        note = f", {self.note}" if self.note else ""
        return f"{name}, © {self.holder}, [{self.licence}]({self.address}){note}"


TWEMOJI = Work("Twemoji", "Twitter, Inc and other contributors", "CC BY 4.0", f"{_CREATIVE_COMMONS}/by/4.0/")
OPENMOJI = Work(
    "OpenMoji",
    "OpenMoji, the open-source emoji and icon project",
    "CC BY-SA 4.0",
    f"{_CREATIVE_COMMONS}/by-sa/4.0/",
    "https://openmoji.org",
)
CLDR = Work(
    "Unicode CLDR", "2004-2026 Unicode, Inc.", "Unicode License V3", _UNICODE, "https://cldr.unicode.org"
)
EMOJI_LIST = Work("emoji-test.txt", "2025 Unicode, Inc.", "Unicode License V3", _UNICODE)
GEONAMES = Work(
    "GeoNames", "GeoNames", "CC BY 4.0", f"{_CREATIVE_COMMONS}/by/4.0/", "https://www.geonames.org"
)
KANJIVG = Work(
    "KanjiVG",
    "Ulrich Apel",
    "CC BY-SA 3.0",
    f"{_CREATIVE_COMMONS}/by-sa/3.0/",
    "http://kanjivg.tagaini.net",
)
NOTO_SERIF_SC = Work("Noto Serif SC", "Adobe", "SIL Open Font License 1.1", "https://openfontlicense.org")
KANJIDIC = Work(
    "KANJIDIC2",
    _EDRDG,
    "CC BY-SA 4.0",
    f"{_CREATIVE_COMMONS}/by-sa/4.0/",
    "https://www.edrdg.org/edrdg/licence.html",
    "used in conformance with the Group's licence",
)
JMDICT = replace(KANJIDIC, name="JMdict")
CEDICT = Work(
    "CC-CEDICT",
    "the editors of CC-CEDICT",
    "CC BY-SA 4.0",
    f"{_CREATIVE_COMMONS}/by-sa/4.0/",
    "https://cc-cedict.org",
)
OPENCC = Work("Open Chinese Convert", "Carbo Kuo and contributors", "Apache License 2.0", _APACHE)
CJK_DECOMP = Work("cjk-decomp", "Gavin Grover", "Apache License 2.0", _APACHE)
FREQUENCIES = Work(
    "Modern Chinese Character Frequency List",
    "Jun Da",
    "may not be sold",
    "http://lingua.mtsu.edu/chinese-computing/copyright.html",
)


class Kind(StrEnum):
    """What a part of the data is, where a page may show it."""

    PICTURES = "pictures"
    TEXTS = "texts"
    FACTS = "facts"


@dataclass(frozen=True)
class Part:
    """A part of a pair of graphs, and the works that it is made of.

    Parameters
    ----------
    what
        What the part is, in lower case, such as ``"names and keywords"``.
    works
        The works that it is made of.
    kind
        Whether the part is pictures, texts or facts.
    side
        The side that it belongs to; ``None``, the default, if it belongs to both.

    Examples
    --------
    >>> parts_of("emoji/en-fr")[0].title
    'pictures of the left side'
    """

    what: str
    works: tuple[Work, ...]
    kind: Kind
    side: Side | None = None

    @property
    def title(self) -> str:
        """What the part is and the side it belongs to."""
        return f"{self.what} of the {self.side} side" if self.side else self.what


_EMOJI = (
    Part("pictures", (TWEMOJI,), Kind.PICTURES, "left"),
    Part("pictures", (OPENMOJI,), Kind.PICTURES, "right"),
    Part("names and keywords of emoji", (CLDR,), Kind.TEXTS),
    Part("groups, subgroups and versions of emoji", (EMOJI_LIST,), Kind.FACTS),
    Part("facts about countries", (GEONAMES,), Kind.FACTS),
)
_HAN = (
    Part("pictures", (KANJIVG,), Kind.PICTURES, "left"),
    Part("pictures", (NOTO_SERIF_SC,), Kind.PICTURES, "right"),
    Part("meanings", (KANJIDIC, JMDICT), Kind.TEXTS, "left"),
    Part("meanings", (CEDICT,), Kind.TEXTS, "right"),
    Part("components", (KANJIVG,), Kind.FACTS, "left"),
    Part("grades, frequencies and radicals", (KANJIDIC,), Kind.FACTS, "left"),
    Part("forms that Japan simplified", (OPENCC,), Kind.FACTS, "left"),
    Part("parts of characters", (CJK_DECOMP,), Kind.FACTS, "right"),
    Part("frequencies", (FREQUENCIES,), Kind.FACTS, "right"),
)
_WORDS = (
    Part("words", (JMDICT,), Kind.TEXTS, "left"),
    Part("words", (CEDICT,), Kind.TEXTS, "right"),
)

PARTS = {"emoji": _EMOJI, "han": _HAN, "han/words": _WORDS}
"""The parts of each pair that comes with packages, by the name of its task or the first part of that name."""


def parts_of(task_name: str) -> tuple[Part, ...]:
    """Return the parts of a pair that comes with packages, and the works that they are made of.

    Parameters
    ----------
    task_name
        The name of a task, such as ``emoji/en-fr``.

    Returns
    -------
    The parts; none for any other pair, of which nothing is known.

    Examples
    --------
    >>> [part.title for part in parts_of("han/words")]
    ['words of the left side', 'words of the right side']
    >>> parts_of("examples/countries")
    ()
    """
    prefix, slash, _ = task_name.partition("/")
    return PARTS.get(task_name, PARTS.get(prefix, ())) if slash else ()


def picture_credit(task_name: str) -> str:
    """Name the authors and the licences of the pictures of a pair, as text.

    Parameters
    ----------
    task_name
        The name of a task, such as ``emoji/en-fr``.

    Returns
    -------
    A sentence for each side; an empty text for a pair of which nothing is known.

    Examples
    --------
    >>> print(picture_credit("emoji/en-fr").partition(" Right")[0])
    Left pictures: Twemoji, © Twitter, Inc and other contributors, CC BY 4.0.
    """
    return " ".join(
        f"{str(part.side).capitalize()} pictures: {'; '.join(work.credit for work in part.works)}."
        for part in parts_of(task_name)
        if part.kind is Kind.PICTURES
    )
