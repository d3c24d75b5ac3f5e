r"""Pack the tables of the emoji pair from the npm packages of CLDR. Run once per CLDR version.

    npm pack cldr-annotations-full@48.2.0
    npm pack cldr-annotations-derived-full@48.2.0
    npm pack cldr-core@48.2.0
    python scripts/pack_emoji_tables.py cldr-annotations-full-48.2.0.tgz \
        cldr-annotations-derived-full-48.2.0.tgz cldr-core-48.2.0.tgz

Writes into ``psqe/datasets/emoji/tables``, byte for byte the same each time:

``<language>.tsv.gz``
    One emoji or symbol a line: code points (lower-case hexadecimal, no variation selector), short name,
    keywords joined by ``|``; separated by tabs, sorted by code points. Name or keywords may be empty.
``territories.json``
    ``within`` (a territory or region -> regions), ``official_language`` and ``currency`` (a territory ->
    codes).
``UNICODE-LICENSE.txt``
    The notice that goes with both.

With ``--openmoji openmoji-17.0.0.tgz`` (``npm pack openmoji@17.0.0``) also ``openmoji-artists.json``: who
drew each picture, which adds the relation ``drawn_by`` to the right graph. That table is under CC BY-SA 4.0;
it stays on the machine that wrote it (git ignores it).
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

from packing import compressed

TABLES = Path(__file__).resolve().parent.parent / "psqe" / "datasets" / "emoji" / "tables"
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "ja", "ko", "sw", "zh")


def member(archive: Path, name: str) -> bytes:
    """The content of one file of an npm tarball; exits with one line when it is not there."""
    try:
        with tarfile.open(archive) as tar:
            stream = tar.extractfile(f"package/{name}")
            assert stream is not None
            return stream.read()
    except (OSError, tarfile.TarError, KeyError) as error:
        sys.exit(f"{archive}: {name} cannot be read ({error})")


def key(text: str) -> str:
    """Lower-case hexadecimal code points without variation selectors, joined by ``-``."""
    return "-".join(f"{ord(c):x}" for c in text if c != "\ufe0f")


def read_annotations(full: Path, derived: Path, language: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Short name and keywords by code points."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for archive, folder, top in (
        (full, "annotations", "annotations"),
        (derived, "annotationsDerived", "annotationsDerived"),
    ):
        table = json.loads(member(archive, f"{folder}/{language}/annotations.json"))[top]["annotations"]
        for text, entry in table.items():
            found[key(text)] = ("".join(entry.get("tts", [])), tuple(entry.get("default", ())))
    return found


def read_territories(core: Path) -> dict[str, dict[str, list[str]]]:
    """Facts about territories. Deprecated regions, overlapping groupings and old money stay out."""

    def supplemental(name: str) -> dict[str, Any]:
        content = json.loads(member(core, f"supplemental/{name}.json"))["supplemental"]
        table: dict[str, Any] = content[name]
        return table

    within: dict[str, set[str]] = {}
    for region, entry in supplemental("territoryContainment").items():
        if "-status-" in region or "_grouping" in entry:
            continue
        for part in entry["_contains"]:
            within.setdefault(part, set()).add(region)
    official = {
        territory: {
            language
            for language, facts in entry.get("languagePopulation", {}).items()
            if "_officialStatus" in facts
        }
        for territory, entry in supplemental("territoryInfo").items()
    }
    currency = {
        territory: {
            code
            for period in periods
            for code, facts in period.items()
            if "_to" not in facts and facts.get("_tender") != "false"
        }
        for territory, periods in supplemental("currencyData")["region"].items()
    }
    return {
        relation: {head: sorted(tails) for head, tails in sorted(table.items()) if tails}
        for relation, table in (("within", within), ("official_language", official), ("currency", currency))
    }


def artists(openmoji: Path) -> dict[str, str]:
    """Artist by code points."""
    table = json.loads(member(openmoji, "data/openmoji.json"))
    return {key(entry["emoji"]): entry["openmoji_author"] for entry in table if entry["openmoji_author"]}


def pack(full: Path, derived: Path, core: Path, out: Path, languages: list[str]) -> None:
    """Write the tables of ``languages`` and the facts about territories into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for language in languages:
        table = read_annotations(full, derived, language)
        for code, (name, keywords) in table.items():
            if any(c in text for text in (name, *keywords) for c in "\t\n|"):
                sys.exit(f"{language}: {code}: a name or keyword holds a separator")
        lines = (f"{code}\t{name}\t{'|'.join(words)}\n" for code, (name, words) in sorted(table.items()))
        (out / f"{language}.tsv.gz").write_bytes(compressed("".join(lines)))
    # One territory a line: json.dumps writes either one line in all or one a code.
    facts = ",\n".join(
        f'"{relation}":{{\n' + ",\n".join(f'"{k}":{json.dumps(v)}' for k, v in table.items()) + "\n}"
        for relation, table in read_territories(core).items()
    )
    (out / "territories.json").write_text(f"{{{facts}}}\n", encoding="utf-8")
    (out / "UNICODE-LICENSE.txt").write_bytes(member(core, "LICENSE"))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("full", type=Path, help="tarball of cldr-annotations-full")
    parser.add_argument("derived", type=Path, help="tarball of cldr-annotations-derived-full")
    parser.add_argument("core", type=Path, help="tarball of cldr-core")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder of the tables")
    parser.add_argument(
        "--language",
        action="append",
        help=f"a language of CLDR, may be repeated; without it {' '.join(LANGUAGES)}",
    )
    parser.add_argument("--openmoji", type=Path, help="tarball of openmoji, for the table of artists")
    given = parser.parse_args(arguments)
    pack(given.full, given.derived, given.core, given.out, given.language or list(LANGUAGES))
    if given.openmoji:
        text = json.dumps(artists(given.openmoji), ensure_ascii=False, indent=0, sort_keys=True)
        (given.out / "openmoji-artists.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
