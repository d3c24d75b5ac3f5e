"""The list of all emoji, from Unicode's ``emoji-test.txt`` (package ``emoji-data``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from psqe.datasets.emoji.assets import VARIATION_SELECTOR, emoji_file
from psqe.errors import DataError

JOINER = "200d"
TONES = ("1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff")
_REGIONAL_A = 0x1F1E6
_LINE = re.compile(
    r"^(?P<code>[0-9A-F ]+);\s*fully-qualified\s*#\s*\S+\s+E(?P<version>[\d.]+)\s+(?P<name>.+)$"
)


@dataclass(frozen=True)
class Emoji:
    """One fully qualified emoji.

    Attributes
    ----------
    code
        Lower-case hexadecimal code points without leading zeros, for example ``("1f600",)``.
    title
        Unicode's English title. It serves to find the untoned form of an emoji, and is never data.
    version
        The Emoji version that introduced it, for example ``"15.1"``.
    group, subgroup
        Unicode's categories.

    Examples
    --------
    >>> emoji = Emoji(("1f44b", "1f3fb"), "waving hand: light skin tone", "1.0", "People & Body", "hand")
    >>> emoji.key, emoji.tones
    ('1f44b-1f3fb', ('1f3fb',))
    """

    code: tuple[str, ...]
    title: str
    version: str
    group: str
    subgroup: str

    @property
    def key(self) -> str:
        """The code points without variation selectors, joined by ``-``, which is the key of every table."""
        return "-".join(c for c in self.code if c != VARIATION_SELECTOR)

    @property
    def tones(self) -> tuple[str, ...]:
        """The skin tones in it, in order: none, one (of one or several people) or two."""
        return tuple(c for c in self.code if c in TONES)

    @property
    def parts(self) -> tuple[str, ...]:
        """Keys of the distinct parts between zero-width joiners; empty when nothing is joined."""
        if JOINER not in self.code:
            return ()
        parts = self.key.split(f"-{JOINER}-")
        return tuple(dict.fromkeys(parts))

    @property
    def territory(self) -> str | None:
        """The two-letter territory of a country flag, else ``None``."""
        if self.subgroup != "country-flag":
            return None
        return "".join(chr(int(c, 16) - _REGIONAL_A + ord("A")) for c in self.code)


@lru_cache(maxsize=1)
def read_emoji() -> tuple[Emoji, ...]:
    """Read all fully qualified emoji, skin tones included, in Unicode's order.

    Raises
    ------
    DataError
        If the package ``emoji-data`` is missing or its file holds no emoji.
    """
    path = emoji_file("emoji_data", "data", "emoji-test.txt")
    emoji: list[Emoji] = []
    group = subgroup = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            group = line.partition(":")[2].strip()
        elif line.startswith("# subgroup:"):
            subgroup = line.partition(":")[2].strip()
        elif match := _LINE.match(line):
            code = tuple(f"{int(point, 16):x}" for point in match["code"].split())
            emoji.append(Emoji(code, match["name"].strip(), match["version"], group, subgroup))
    if not emoji:
        raise DataError("no fully qualified emoji in it", path=path, remedy="install emoji-data again")
    return tuple(emoji)


def untoned_keys(emoji: tuple[Emoji, ...]) -> dict[str, str]:
    """Return the key of the untoned form of each toned emoji, by key.

    Most often the untoned form is the sequence without its tones. Two persons with a tone each may be a
    single code point when they have no tones; Unicode's titles then identify the untoned form.
    """
    plain_keys = {e.key for e in emoji if not e.tones}
    plain_titles = {e.title: e.key for e in emoji if not e.tones}
    untoned: dict[str, str] = {}
    for e in emoji:
        if not e.tones:
            continue
        bare = "-".join(c for c in e.key.split("-") if c not in TONES)
        head, _, tail = e.title.partition(": ")
        rest = [part for part in tail.split(", ") if not part.endswith("skin tone")]
        title = f"{head}: {', '.join(rest)}" if rest else head
        untoned[e.key] = bare if bare in plain_keys else plain_titles.get(title) or plain_titles[head]
    return untoned
