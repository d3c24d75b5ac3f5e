"""How identifiers are compared: a character and an accent are the same as the accented character."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unicodedata import normalize


def composed(identifier: str) -> str:
    """Return an identifier in Unicode's composed form (NFC), in which identifiers compare.

    macOS writes ``é`` as ``e`` and an accent in the names of files, most other tools as one character.

    Examples
    --------
    >>> len("e" + chr(0x301)), len(composed("e" + chr(0x301)))
    (2, 1)
    """
    return identifier if identifier.isascii() else normalize("NFC", identifier)


class EntityIndex(dict[str, int]):
    """The number of each entity by its identifier, which is found in either form of its accents.

    Parameters
    ----------
    entities
        The identifiers, as the files spell them, in the order of their numbers.

    Examples
    --------
    >>> index = EntityIndex(["Rome", "Orle" + chr(0x301) + "ans"])
    >>> index["Orl" + chr(0xE9) + "ans"], index.get("Oslo")
    (1, None)
    """

    def __init__(self, entities: Iterable[str]) -> None:
        super().__init__((entity, i) for i, entity in enumerate(entities))
        self._composed = {composed(entity): i for entity, i in self.items() if not entity.isascii()}

    def __missing__(self, entity: str) -> int:
        return self._composed[composed(entity)]

    def __contains__(self, entity: object) -> bool:
        return super().__contains__(entity) or (
            isinstance(entity, str) and composed(entity) in self._composed
        )

    def get(self, entity: str, default: Any = None) -> Any:
        """Return the number of an entity, or ``default`` if there is none."""
        try:
            return self[entity]
        except KeyError:
            return default
