"""A small sound pair of two languages, as rows of tables, for tests that write it in other forms."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Rows = list[tuple[str, ...]]
Tables = dict[str, Rows]

_CITIES = (
    ("Lisbon", "Lisbonne", "Portugal", "Portugal", 545_796, 1143),
    ("Vienna", "Vienne", "Austria", "Autriche", 1_982_097, 1137),
    ("Athens", "Athènes", "Greece", "Grèce", 643_452, 1834),
    ("Brussels", "Bruxelles", "Belgium", "Belgique", 194_291, 979),
    ("Copenhagen", "Copenhague", "Denmark", "Danemark", 653_648, 1167),
    ("Warsaw", "Varsovie", "Poland", "Pologne", 1_862_345, 1300),
    ("Edinburgh", "Édimbourg", "Scotland", "Écosse", 506_520, 1124),
    ("London", "Londres", "England", "Angleterre", 8_866_180, 47),
    ("Naples", "Naples", "Italy", "Italie", 913_462, 470),
    ("Venice", "Venise", "Italy", "Italie", 250_369, 421),
    ("Seville", "Séville", "Spain", "Espagne", 684_025, 206),
    ("Cologne", "Cologne", "Germany", "Allemagne", 1_087_353, 38),
    ("Munich", "Munich", "Germany", "Allemagne", 1_510_378, 1158),
    ("Geneva", "Genève", "Switzerland", "Suisse", 203_856, 121),
    ("Bucharest", "Bucarest", "Romania", "Roumanie", 1_716_961, 1459),
    ("Krakow", "Cracovie", "Poland", "Pologne", 804_237, 966),
)

LINKS: Rows = [(f"e{i + 100}", f"f{(i * 7) % len(_CITIES) + 500}") for i in range(len(_CITIES))]
"""The true links of the pair."""


def _side(*, right: bool) -> Tables:
    tables: Tables = {"triples": [], "attributes": [], "names": []}
    relation, *attributes = (
        ("pays", "habitants", "fondation") if right else ("country", "population", "founded")
    )
    for (left_id, right_id), city in zip(LINKS, _CITIES, strict=True):
        entity = right_id if right else left_id
        tables["triples"].append((entity, relation, str(city[2 + right])))
        tables["attributes"] += [(entity, name, str(city[4 + i])) for i, name in enumerate(attributes)]
        tables["names"].append((entity, str(city[right])))
    return tables


LEFT, RIGHT = _side(right=False), _side(right=True)
"""The tables of both sides; the countries are only tails of triples."""
HEADERS = {
    "triples": ("head", "relation", "tail"),
    "attributes": ("entity", "attribute", "value"),
    "names": ("entity", "name"),
    "links": ("left", "right"),
}

Write = Callable[[Iterable[Sequence[str]]], bytes]


def tsv(rows: Iterable[Sequence[str]]) -> bytes:
    """Plain tab-separated text, the documented form."""
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def delimited(delimiter: str = ",", *, quote_all: bool = False, encoding: str = "utf-8") -> Write:
    """A function that writes rows as Python's csv module, R, pandas or Excel do."""

    def write(rows: Iterable[Sequence[str]]) -> bytes:
        text = io.StringIO()
        quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
        csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\n").writerows(rows)
        return text.getvalue().encode(encoding)

    return write


def written(
    folder: Path,
    *,
    left: Mapping[str, Rows] = LEFT,
    right: Mapping[str, Rows] = RIGHT,
    links: Rows | None = LINKS,
    write: Write = tsv,
    ending: str = ".tsv",
    header: bool = False,
) -> Path:
    """Write the pair, or a changed one, in the layout of folders and return the folder."""
    for side, tables in (("left", left), ("right", right)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for table, rows in tables.items():
            first = [HEADERS[table]] if header else []
            (folder / side / f"{table}{ending}").write_bytes(write([*first, *rows]))
    if links is not None:
        first = [HEADERS["links"]] if header else []
        (folder / f"links{ending}").write_bytes(write([*first, *links]))
    return folder
