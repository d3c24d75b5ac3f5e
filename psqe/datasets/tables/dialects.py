"""How a file of delimited text separates and quotes its cells, decided by all of its lines together."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from psqe.datasets.faults import Faults
from psqe.datasets.packed import PACKED
from psqe.datasets.tables.sources import TextSource

DELIMITERS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "blanks"}
"""What may separate cells, and what it is called."""

LARGEST = 16_000_000
"""Number of characters of the largest cell in quotes: a quote that is never closed would take everything."""

MOST = 0.5
"""Share of the lines above which a delimiter is that of most lines."""

_HEAD = 500
_USUAL = {".tsv": "\t", ".tab": "\t", ".csv": ","}
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?|NA|NaN|NULL|TRUE|FALSE|true|false")
_RULE = re.compile(r"\s*[+|]?[-=:+| ]*-{3}[-=:+| ]*|\s*[\u2500-\u257f]{3,}\s*")
"""A line that is drawn under the names of columns, or as the upper side of a box."""
_LONGEST_RECORD = 2000
_ENOUGH = 20_000
"""Number of records whose single cells are looked at; that quotes are balanced is asked of all."""

Quoting = Literal["none", "doubled", "escaped"]
Fit = Callable[[list[list[str]]], float]


@dataclass(frozen=True)
class Dialect:
    """How cells are separated and quoted.

    Parameters
    ----------
    delimiter
        The character between two cells.
    quoting
        ``"none"``: quotes belong to the text. ``"doubled"``: cells may be in double quotes, and a quote
        within them is written twice. ``"escaped"``: a quote within them has a backslash before it.
    first
        The first line (from 1) of the table; 2 after a line ``sep=;``.
    blanks
        Whether a blank after a delimiter belongs to the delimiter.
    """

    delimiter: str
    quoting: Quoting
    first: int = 1
    blanks: bool = False


def ending(path: Path) -> str:
    """Return the ending of a file's name in small letters, without that of a compression.

    Examples
    --------
    >>> ending(Path("names.TSV.gz"))
    '.tsv'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def dialect_of(source: TextSource, fit: Fit, faults: Faults) -> Dialect | None:
    """Decide how a file separates and quotes its cells.

    Parameters
    ----------
    source
        The text.
    fit
        Function from records to the share of them, 0 to 1, that may be rows of the table that is wanted.
    faults
        Receives a file that could be read in two ways; and, as a note, a delimiter that contradicts the
        ending of the file's name.

    Returns
    -------
    Dialect or None
        ``None`` after a fault.
    """
    head = [text for _, text in islice(source.lines(), _HEAD)]
    first, named = 1, None
    if head and (sep := re.fullmatch(r'"?sep=(.)"?', head[0].strip("\ufeff"), re.IGNORECASE)):
        first, named = 2, sep[1]
        head = head[1:]
    if any(map(_RULE.fullmatch, head[:2])) and re.search("[|\u2502\u2503\u2551]", "".join(head[:2])):
        faults.add(
            "is a table that was drawn with lines, as psql, mysql, DuckDB and Markdown show them",
            path=source.path,
            remedy="export it as CSV, as psql --csv and duckdb -csv do, or with tabs, as mysql --batch does",
        )
        return None
    quotes = source.has('"')
    delimiter = named or _delimiter(source.path, head, fit, faults, quotes=quotes)
    if delimiter is None:
        return None
    blanks = delimiter in ",;|" and _blank_after_all(head, delimiter)
    if not quotes:
        return Dialect(delimiter, "none", first, blanks)
    escaped = source.has('\\"')
    if delimiter != "\t" and not escaped:
        return Dialect(delimiter, "doubled", first, blanks)
    evidence = _Evidence(delimiter, blanks=blanks, escaped=escaped)
    for line, text in source.lines():
        if line >= first:
            evidence.see(line, text)
    evidence.close()
    quoting = evidence.verdict(source.path, faults)
    return None if quoting is None else Dialect(delimiter, quoting, first, blanks)


def odd_line(cells: Sequence[str], delimiter: str, width: int) -> tuple[str, str] | None:
    """Return what is wrong with a line that has another delimiter than most lines, and a remedy.

    Parameters
    ----------
    cells
        The line, separated by the delimiter of most lines.
    delimiter
        That delimiter; one of :data:`DELIMITERS`.
    width
        Number of columns of the other lines.

    Returns
    -------
    tuple or None
        ``None`` if the line has as many cells as the others, or no other delimiter gives it as many.

    Examples
    --------
    >>> odd_line(["rome;Rome"], ",", 2)[0], odd_line(["rome"], ",", 2)
    ('separates its columns by semicolons, and most lines by commas', None)
    """
    if len(cells) >= width:
        return None
    line = delimiter.join(cells)
    fitting = [other for other in DELIMITERS if other != " " and line.count(other) == width - 1]
    if not fitting:
        return None
    usual = DELIMITERS[delimiter]
    return (
        f"separates its columns by {DELIMITERS[fitting[0]]}, and most lines by {usual}",
        f"separate them by {usual}, too",
    )


def _share(lines: Sequence[str], delimiter: str, fit: Fit) -> float:
    """Return the share of the first records that may be rows, if a character separates their cells.

    It is halved where quotes are not as they should be, and 0 where all of them are cut in pieces.
    """
    full = [line for line in lines if line.strip()]
    plain = [line.split(delimiter) for line in full]
    whole = any(all(cell.count('"') % 2 == 0 for cell in record) for record in plain)
    shares = [fit(plain) if whole and delimiter == "\t" else 0.0]
    for strict in (True, False):
        try:
            quoted = list(csv.reader(full, delimiter=delimiter, strict=strict))
        except csv.Error:
            continue
        shares.append(fit(quoted) if strict else fit(quoted) / 2)
        break
    return max(shares)


def _blank_after_all(lines: Sequence[str], delimiter: str) -> bool:
    cells = [cell for line in lines for cell in line.split(delimiter)[1:]]
    return bool(cells) and all(cell.startswith(" ") for cell in cells)


def _delimiter(path: Path, head: list[str], fit: Fit, faults: Faults, *, quotes: bool) -> str | None:
    """Return the delimiter whose records are the rows that are wanted, the usual one first."""
    usual = _USUAL.get(ending(path))
    allowed = [d for d in DELIMITERS if d != " " or quotes]
    shares = {d: _share(head, d, fit) for d in allowed}
    best = max(shares.values())
    most_are_others = shares["\t"] < MOST < best
    if usual == "\t" and (shares[usual] == 1 or (shares[usual] > 0 and best < 1 and not most_are_others)):
        return usual
    for d in allowed:
        if d != usual and shares[d] and d != "\t" and _blank_after_all(head, d):
            shares[d] = 0.0  # a comma or a semicolon with a blank after it is part of a sentence
    if any(share for d, share in shares.items() if d != " "):
        shares[" "] = 0.0  # a blank separates columns only if nothing else does
    best = max(shares.values())
    if best == 0:
        return usual or "\t"
    fitting = [d for d in allowed if shares[d] == best]
    if usual in fitting and not any(d in line for d in fitting for line in head):
        return usual  # a table with one column
    if len(fitting) > 1 and "\t" in fitting and usual is None:
        fitting = ["\t"]
    if len(fitting) > 1:
        names = " or ".join(DELIMITERS[d] for d in fitting)
        faults.add(
            f"its columns could be separated by {names}",
            path=path,
            remedy=f"write sep={fitting[0]} into a line of its own before the first line, "
            "with the character that separates the columns",
        )
        return None
    chosen = fitting[0]
    if usual is not None and chosen != usual and not (usual == "," and chosen in ";|"):
        other = {"\t": ".tsv", " ": ".txt"}.get(chosen, ".csv")
        faults.note(
            f"its columns are separated by {DELIMITERS[chosen]}, though the name ends in {ending(path)}",
            path=path,
            remedy=f"the file is read that way; let its name end in {other}",
        )
    return chosen


@dataclass
class _Evidence:
    """What the quotes in a file tell about its quoting, collected over all lines."""

    delimiter: str
    blanks: bool = False
    doubled: bool = True  # whether every record may be quoted with doubled quotes
    escaped: bool = True  # ... with quotes behind backslashes
    strong: bool = False  # doubled quotes in a cell in quotes, which plain text does not have
    empty: bool = False  # a cell of two quotes alone
    needless: bool = False  # a cell in quotes that no program would quote, unless it quotes all
    escapes: bool = False
    spanning: bool = False
    weak: int | None = None  # the line of a cell that some programs quote and others do not
    weak_unquoted: bool = False
    broken: int | None = None  # the line at which no record can be quoted with doubled quotes
    width: int | None = None
    even: bool = True  # whether all lines have the same number of cells when quotes mean nothing
    wrapped: dict[int, int] = field(default_factory=dict)
    unquoted: set[int] = field(default_factory=set)
    n_records: int = 0
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    _open: dict[str, list[str]] = field(default_factory=lambda: {"doubled": [], "escaped": []})

    def __post_init__(self) -> None:
        between = re.escape(self.delimiter)
        outside = rf'[^"{between}]*' if self.delimiter == "\t" else rf'(?:[^"{between}][^{between}]*)?'
        blank = " ?" if self.blanks else ""
        for way, inside in (("doubled", r'"[^"]*(?:""[^"]*)*"'), ("escaped", r'"(?:\\"|[^"])*"')):
            cell = rf"{blank}(?:{inside}|{outside})"
            self._patterns[way] = re.compile(rf"{cell}(?:{between}{cell})*")

    def see(self, line: int, text: str) -> None:
        """Take one line into account."""
        quotes = '"' in text
        if quotes or any(self._open.values()):
            self._see_quotes(line, text)
        if self.n_records > _ENOUGH or not text.strip():
            return
        cells = text.split(self.delimiter)
        if self.width is None:
            self.width = len(cells)
        self.even &= len(cells) == self.width
        self.n_records += 1
        if self.n_records == 1 and not quotes:
            return  # a header is quoted or not, whatever the other rows are
        if quotes or not self.unquoted.issuperset(range(len(cells))):
            for column, cell in enumerate(cells):
                self._see_cell(line, column, cell.strip())

    def _see_quotes(self, line: int, text: str) -> None:
        for way, pattern in self._patterns.items():
            if not getattr(self, way):
                continue
            lines = self._open[way]
            if not lines and pattern.fullmatch(text):
                continue
            lines.append(text)
            record = "\n".join(lines)
            n_quotes = record.count('"') - (record.count('\\"') if way == "escaped" else 0)
            if len(lines) > _LONGEST_RECORD or len(record) > LARGEST:
                setattr(self, way, False)
            elif n_quotes % 2 == 0:
                self.spanning |= way == "doubled"  # over several lines
                setattr(self, way, pattern.fullmatch(record) is not None)
                lines.clear()
        if not self.doubled:
            self.broken = self.broken or line

    def _see_cell(self, line: int, column: int, cell: str) -> None:
        if cell[:1] != '"':
            if cell and not _NUMBER.fullmatch(cell):
                self.unquoted.add(column)
            self.weak_unquoted |= any(sign in cell for sign in ",;|")
            return
        if len(cell) < 2 or cell[-1] != '"':
            self.spanning = True  # perhaps its quotes enclose the delimiter
            return
        inside = cell[1:-1]
        self.wrapped[column] = self.wrapped.get(column, 0) + 1
        if '"' in inside.replace('""', ""):
            self.escapes |= '"' not in inside.replace('\\"', "")
        elif not inside:
            self.empty = True
        elif '""' in inside:
            self.strong = True
        elif any(sign in inside for sign in ",;|"):
            self.weak = self.weak or line
        else:
            self.needless = True

    def close(self) -> None:
        """Tell that there are no more lines."""
        self.doubled &= not self._open["doubled"]
        self.escaped &= not self._open["escaped"]

    @property
    def throughout(self) -> bool:
        """Whether some column has all of its texts in quotes, and more than one, or all columns have."""
        everything = len(self.wrapped) > 1 and not self.unquoted
        return everything or any(n > 1 and c not in self.unquoted for c, n in self.wrapped.items())

    def verdict(self, path: Path, faults: Faults) -> Quoting | None:
        """Return how the file is quoted; ``None`` after a fault."""
        if not self.doubled and self.escaped and self.escapes:
            return "escaped"
        if self.delimiter != "\t":
            return "doubled"
        spanning = self.spanning and not self.even
        empty = self.empty and not self.needless and self.weak is None
        if self.doubled and (self.strong or self.throughout or spanning or empty):
            return "doubled"
        if self.doubled and self.weak is not None and not self.weak_unquoted:
            faults.add(
                "a cell in double quotes can mean a text with these quotes or one without them",
                path=path,
                line=self.weak,
                remedy="remove the quotes; or, if they belong to the text, save the table as CSV",
            )
            return None
        if not self.doubled and self.throughout:
            faults.add(
                "has double quotes that do not fit, although a whole column of the table is in quotes",
                path=path,
                line=self.broken,
                remedy="close each quote, and write a quote inside a cell twice",
            )
            return None
        return "none"


def records(source: TextSource, dialect: Dialect, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line (from 1) and the cells of each record that can be read.

    Parameters
    ----------
    source
        The text.
    dialect
        How its cells are separated and quoted.
    faults
        Receives lines that cannot be decoded, and quotes that are not closed. Such records are left out.
    """
    lines = source.lines(faults)
    for _ in range(dialect.first - 1):
        next(lines, None)
    if dialect.quoting == "none":
        delimiter = dialect.delimiter
        for line, text in lines:
            yield line, text.split(delimiter)
        return
    yield from _quoted(source.path, lines, dialect, faults)


def _quoted(
    path: Path, lines: Iterable[tuple[int, str]], dialect: Dialect, faults: Faults
) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST))
    start = last = 0  # the first line of the record, and the last line that was read

    def fed() -> Iterator[str]:
        nonlocal start, last
        for line, text in lines:
            start, last = start or line, line
            yield (text.replace('\\"', '""') if dialect.quoting == "escaped" else text) + "\n"

    reader = csv.reader(fed(), delimiter=dialect.delimiter, strict=True, skipinitialspace=dialect.blanks)
    while True:
        start = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" in str(error) or "unexpected end" in str(error):
                what, remedy = "opens a double quote that is never closed", "close it, or remove it"
            else:
                what, remedy = "has text after a closing double quote", "write quotes inside a cell twice"
            faults.add(what, path=path, line=start or last, remedy=remedy)
            continue
        if last > start > 0 and any(_holds_rows(cell, dialect.delimiter, len(cells)) for cell in cells):
            faults.note(
                f"a cell in double quotes goes on to line {last}, though each of its lines looks like a row",
                path=path,
                line=start,
                remedy="if a quote was not closed, close it",
            )
        yield start or last, cells


def _holds_rows(cell: str, delimiter: str, width: int) -> bool:
    """Return whether all lines of a cell but the first one have as many columns as the table."""
    lines = cell.split("\n")[1:]
    return bool(lines) and all(
        line.count(delimiter) == width - 1 and f"{delimiter} " not in line for line in lines
    )
