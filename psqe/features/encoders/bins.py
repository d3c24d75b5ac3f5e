"""The numbers among an entity's attribute values, whatever the attributes are called.

Two graphs seldom name an attribute alike, and seldom round alike, but a birth date, a population or a
latitude is the same number in both. Each number falls into bins of several kinds:

=======  =================================================================================
kind     bins
=======  =================================================================================
coarse   1 % wide on a logarithmic scale with a sign: what is nearly equal
fine     0.001 % wide on that scale: what is equal but for rounding
leading  0.001 % of a power of ten wide, of the leading digits alone: what is equal but for
         a power of ten, as square metres and square kilometres are
day      one for each day of the calendar, for dates with a day
=======  =================================================================================

A number between the centres of two bins is shared between them, so that two numbers agree the less the
further they are apart. Numbers in the forms of other countries, such as ``1.234.567,8`` and ``12,5 %``, count
where all values of an attribute agree on how to read them (:mod:`psqe.number_forms`). A date counts as the
year plus the month by twelve, as Freebase's numbers in FB15K have it: 1955.75 is September 1955. Bins
weigh ``idf ** 2``,
``idf = log((2 + n) / (1 + df))``: half of all people have a year in the twentieth century, but hardly two
places have a population of 37,056. ``n`` is the number of entities of both sides with any number, ``df`` the
number of those in this bin. A bin of one side alone cannot agree with anything and is left out.

An entity has some twenty of tens of thousands of bins, so they are added up in :data:`DIM` columns: every
bin in :data:`PLACES` of them, drawn at random, with a random sign (a sparse random projection, Kane and
Nelson 2014). Cosines change by ``1 / sqrt(DIM)`` or so.

The widths, the leading digits (two to three points of Hits@1), the square, :data:`DIM` and :data:`PLACES`
were chosen with gold links in view, on FB15K-DB15K, the one benchmark with values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array, diags_array

from psqe.errors import DataError
from psqe.features.base import Modality
from psqe.features.encoder_registry import TaskEncoder
from psqe.graph import AlignmentTask, DoubleArray, FloatArray, IntArray, KnowledgeGraph, Sides
from psqe.number_forms import read_attributes

COARSE, FINE = 1e-2, 1e-5
"""Widths of bins of ``sign(x) log(1 + |x|)``, and of the leading digits, ``log10 |x|`` modulo 1."""

DIM = 512
"""Columns of the vectors."""

PLACES = 4
"""Columns that a bin is added to."""

LONGEST_NUMBER = 400
"""Number of characters of the longest number; a float has at most 309 digits before its point."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_DATE = re.compile(r"([+-]?\d{4,6})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ].*|Z|[+-]\d\d:\d\d)?")


class Number(NamedTuple):
    """A number, and the day of the calendar if it is a date with a day; the day is 0 otherwise.

    Examples
    --------
    >>> Number(1955.75).day
    0
    """

    value: float
    day: int = 0


def parse_number(text: str) -> Number | None:
    """Return the number or the date that a value holds, or ``None``.

    Numbers are written with digits, a decimal point and perhaps an exponent; commas, units and words make a
    value a text. Dates are years, ``1955-09`` or ``1955-09-30``, perhaps with a time.

    Examples
    --------
    >>> parse_number("1955-09"), parse_number("-12.5e3"), parse_number("7 km")
    (Number(value=1955.75, day=0), Number(value=-12500.0, day=0), None)
    """
    text = text.strip()
    if len(text) > LONGEST_NUMBER:
        return None
    if _NUMBER.fullmatch(text):
        value = float(text)
        return Number(value) if np.isfinite(value) else None
    date = _DATE.fullmatch(text)
    if date is None:
        return None
    year, month, day = (int(part or 0) for part in date.groups())
    if month > 12 or day > 31:
        return None
    known = month > 0 and day > 0
    return Number(year + month / 12, (year * 12 + month) * 31 + day if known else 0)


class BinsEncoder(TaskEncoder):
    """Numbers and dates among the attribute values that are within 1 to 2 % of one of the other side.

    Two numbers are near each other if they differ by less than 1 % of the larger one plus one, and not if
    they differ by more than 2 %; a year is a number, too, so that 1 % is some twenty years. They are also
    near if their leading digits are the same, whatever the power of ten, as those of 4200 and 4.2 are, or if
    they are the same day. The closer they are, the more they agree, because each number is shared between
    bins. An entity none of whose numbers is near one of the other side's lacks the modality, as an entity
    without a number does; :func:`n_with_number` counts both.

    Examples
    --------
    >>> from psqe.graph import KnowledgeGraph
    >>> left = KnowledgeGraph("l", ("a",), (), [], attributes=((("born", "1955-09"),),))
    >>> right = KnowledgeGraph("r", ("b",), (), [], attributes=((("birth", "1955.75"),),))
    >>> numbers = BinsEncoder("number").encode_task(AlignmentTask("t", left, right))
    >>> round(float(numbers.left.values[0] @ numbers.right.values[0]), 3)
    1.0
    """

    name = "bins"
    modalities = ("number",)

    def encode_task(self, task: AlignmentTask) -> Modality:
        """Return the numbers of both sides: dense float32 ``(n, DIM)``, rows of unit length.

        An entity without a number, or none of whose numbers comes near one of the other side, is absent.

        Raises
        ------
        DataError
            If both sides have numbers, but no two of them are near each other.
        """
        counts = _counts(task)
        n_bins = counts.left.shape[1]
        frequency = counts.map(_frequency)
        shared = (frequency.left > 0) & (frequency.right > 0)
        if not all(side.nnz for side in counts):
            shared[:] = True  # One side has no number at all: build_features raises an error that names it.
        elif not shared.any():
            raise DataError(
                f"task {task.name!r}: no number of one side is near one of the other",
                remedy="leave modality number out",
            )
        n = sum(int((np.diff(side.indptr) > 0).sum()) for side in counts)
        idf = np.log((2 + n) / (1 + frequency.left + frequency.right)) ** 2 * shared
        places = _places(n_bins)
        return Modality.from_arrays(*counts.map(lambda side: _projected(side, idf, places)))


def n_with_number(task: AlignmentTask) -> Sides[tuple[int, int]]:
    """Count the candidates of each side that have a number, and those with one near one of the other side.

    Parameters
    ----------
    task
        The two graphs.

    Returns
    -------
    For each side, the number of candidates with any number or date among their attribute values, and the
    number of those that have the modality ``number``: one of their numbers shares a bin with a number of the
    other side. Where these are fewer, the others are compared by nothing in this modality.

    Examples
    --------
    >>> left = KnowledgeGraph("l", ("a", "b"), (), [], attributes=((("born", "1955"),), (("born", "12"),)))
    >>> right = KnowledgeGraph("r", ("c",), (), [], attributes=((("birth", "1955"),),))
    >>> n_with_number(AlignmentTask("t", left, right))
    Sides(left=(2, 1), right=(1, 1))
    """
    counts = _counts(task)
    frequency = counts.map(_frequency)
    shared = (frequency.left > 0) & (frequency.right > 0)

    def counted(graph: KnowledgeGraph, side: csr_array) -> tuple[int, int]:
        rows = np.repeat(np.arange(graph.n_entities), np.diff(side.indptr))
        of_any, of_shared = np.unique(rows), np.unique(rows[shared[side.indices]])
        return int(np.isin(graph.candidates, of_any).sum()), int(np.isin(graph.candidates, of_shared).sum())

    return task.sides.map(counted, counts)


def has_number(graph: KnowledgeGraph, entity: int) -> bool:
    """Return whether an entity has a number or a date among its attribute values, near another or not.

    Examples
    --------
    >>> graph = KnowledgeGraph("l", ("a", "b"), (), [], attributes=((("born", "1955"),), (("born", "?"),)))
    >>> has_number(graph, 0), has_number(graph, 1)
    (True, False)
    """
    readings = read_attributes(graph.attributes)
    return any(
        read_number(text, readings[attribute].numbers if attribute in readings else None) is not None
        for attribute, text in graph.attributes[entity]
        if text is not None
    )


def _counts(task: AlignmentTask) -> Sides[csr_array]:
    """Return the shares of the bins that each entity has ``(n, n_bins)``, over the bins of both sides."""
    shares = task.sides.map(_bins)
    bins, where = np.unique(np.concatenate([keys for _, keys, _ in shares]), return_inverse=True)
    columns = Sides(*np.split(where, [len(shares.left[0])]))
    return task.sides.map(
        lambda graph, side, columns: csr_array(
            (side[2], (side[0], columns)), shape=(graph.n_entities, len(bins))
        ),
        shares,
        columns,
    )


def _frequency(counts: csr_array) -> IntArray:
    """Return in how many entities each bin is ``(n_bins,)``."""
    return np.bincount(counts.indices, minlength=counts.shape[1])


def read_number(text: str, reading: Mapping[str, float] | None) -> Number | None:
    """Return the number of a value as its attribute is read, or else as :func:`parse_number` reads it.

    Parameters
    ----------
    text
        The value.
    reading
        The number of each text of the attribute that :func:`parse_number` does not understand, as
        :func:`psqe.number_forms.read_attributes` returns it; ``None`` if there is none.

    Returns
    -------
    The number, or ``None`` if the value holds none.

    Examples
    --------
    >>> read_number("1.982.097", {"1.982.097": 1982097.0})
    Number(value=1982097.0, day=0)
    """
    value = None if reading is None else reading.get(text.strip())
    return parse_number(text) if value is None else Number(value)


def _bins(graph: KnowledgeGraph) -> tuple[IntArray, IntArray, DoubleArray]:
    """Return entities, keys of bins and shares above zero, ``(m,)`` each: the bins of every number."""
    numbers: list[tuple[int, float, int]] = []
    readings = {
        attribute: reading.numbers for attribute, reading in read_attributes(graph.attributes).items()
    }
    for entity, pairs in enumerate(graph.attributes):
        parsed = {read_number(text, readings.get(attribute)) for attribute, text in pairs if text is not None}
        numbers += [(entity, *number) for number in sorted(filter(None, parsed))]
    rows = np.array([row for row, _, _ in numbers], dtype=np.int64)
    values = np.array([value for _, value, _ in numbers], dtype=np.float64)
    days = np.array([day for _, _, day in numbers], dtype=np.int64)
    scale = np.sign(values) * np.log1p(np.abs(values))
    nonzero = values != 0
    leading = np.log10(np.abs(values[nonzero])) % 1
    parts = [
        *_shared(0, rows, scale / COARSE),
        *_shared(1, rows, scale / FINE),
        *_shared(2, rows[nonzero], leading / FINE, modulo=round(1 / FINE)),
        (rows[days > 0], _keys(3, days[days > 0]), np.ones(int((days > 0).sum()))),
    ]
    rows, keys, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
    kept = shares > 0
    return rows[kept], keys[kept], shares[kept]


def _shared(
    kind: int, rows: IntArray, position: DoubleArray, modulo: int | None = None
) -> Iterable[tuple[IntArray, IntArray, DoubleArray]]:
    """Share numbers between the bin below and the bin above them: one part for each of the two."""
    below = np.floor(position)
    for place, share in ((below, 1 - (position - below)), (below + 1, position - below)):
        index = place.astype(np.int64)
        yield rows, _keys(kind, index if modulo is None else index % modulo), share


def _keys(kind: int, places: IntArray) -> IntArray:
    """Return one number for the kind of a bin and its place."""
    return places * 4 + kind


def _places(n_bins: int) -> csr_array:
    """Draw the random columns and signs of all bins ``(n_bins, DIM)``, in the order of the bins."""
    rng = np.random.default_rng(0)
    columns = rng.integers(DIM, size=(n_bins, PLACES))
    signs = rng.choice([-1.0, 1.0], size=(n_bins, PLACES))
    rows = np.repeat(np.arange(n_bins), PLACES)
    return csr_array((signs.ravel(), (rows, columns.ravel())), shape=(n_bins, DIM))


def _projected(counts: csr_array, idf: DoubleArray, places: csr_array) -> FloatArray:
    """Project counts to unit vectors ``(n, DIM)``; rows of entities without a bin that counts are zero."""
    counts.data = np.minimum(counts.data, 1)  # two numbers in one bin count as one
    dense = (counts @ diags_array(idf) @ places).toarray()
    norms = np.linalg.norm(dense, axis=1, keepdims=True)
    norms[norms == 0] = 1
    unit: FloatArray = (dense / norms).astype(np.float32)
    return unit
