"""Numbers that stand for missing ones, such as ``-999`` and ``1e308``, among the values of an attribute."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.datasets.graphs import GraphDraft

SEVERAL, SHARE = 3, 0.03
"""Number of entities, and share of those with the attribute, that must have such a number."""

FAR = 3.0
"""How many times the distance between the quartiles such a number lies away from them."""

_NINES = re.compile(r"-?9{2,}(?:\.(?:0+|9+))?|-(?:9{2,}8|32768|2147483648)(?:\.0+)?")
_NO_NUMBER = re.compile(
    r"[+-]?(?:inf(?:inity)?|∞|1(?:\.0*)?e\+?(?:30|37|38|99|300|308)|1\.7976\d*e\+?308)", re.IGNORECASE
)


def note_missing_codes(draft: GraphDraft, path: Path | str, faults: Faults) -> None:
    """Note attributes of which many values are one number that usually stands for a missing one.

    Parameters
    ----------
    draft
        The side, before it is built.
    path
        The file that the note names.
    faults
        Receives one note with the number of such attributes and an example.

    Examples
    --------
    >>> draft, faults = GraphDraft(), Faults(gather=True)
    >>> for i in range(20):
    ...     draft.add_attribute(draft.entity(f"city {i}"), "altitude", "-999" if i < 4 else str(40 + i))
    >>> note_missing_codes(draft, "left.csv", faults)
    >>> "'-999' is the value of 'altitude' of 4 entities" in str(faults.notes[0])
    True
    """
    suspects = {
        pair
        for pair in draft.attribute_pairs()
        if pair[1] is not None and (_NINES.fullmatch(pair[1]) or _NO_NUMBER.fullmatch(pair[1]))
    }
    if not suspects:
        return
    counts = Counter(pair for pairs in draft.attributes.values() for pair in pairs & suspects)
    often = {pair for pair, n in counts.items() if n >= SEVERAL}
    if not often:
        return
    attributes = {attribute for attribute, _ in often}
    numbers: dict[str, list[float]] = {attribute: [] for attribute in attributes}
    for pairs in draft.attributes.values():
        for attribute, value in pairs:
            if attribute in attributes and value is not None:
                number = _number(value)
                numbers[attribute] += [] if number is None else [number]
    found = sorted(
        (attribute, value)
        for attribute, value in often
        if value is not None
        and counts[attribute, value] >= SHARE * len(numbers[attribute])
        and _is_far(value, numbers[attribute])
    )
    if found:
        attribute, value = found[0]
        more = f" (one of {len(found):,} such numbers)" if len(found) > 1 else ""
        faults.note(
            f"{value!r} is the value of {attribute!r} of {counts[found[0]]:,} entities{more}, and is far "
            "from the others, as numbers that stand for missing ones are",
            path=path,
            remedy="leave these values empty if they are not known",
        )


def _number(text: str) -> float | None:
    try:
        return float(text.replace("∞", "inf"))
    except ValueError:
        return None


def _is_far(text: str, numbers: list[float]) -> bool:
    """Return whether a number is no finite one, or lies far from the quartiles of the others."""
    number = _number(text)
    others = sorted(one for one in numbers if one != number and math.isfinite(one))
    if number is None or len(others) < SEVERAL:
        return False
    low, high = others[len(others) // 4], others[3 * len(others) // 4]
    if _NO_NUMBER.fullmatch(text):
        return True
    if number < 0 <= others[0]:
        return True
    margin = FAR * (high - low)
    return not low - margin <= number <= high + margin
