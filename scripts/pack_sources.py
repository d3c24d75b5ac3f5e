"""Pack the pinned files of the published benchmarks from the SOURCES.md of a data root. Run once.

    python scripts/pack_sources.py DATA_ROOT

Reads ``DATA_ROOT/*/SOURCES.md``, whose tables have the columns file, repo, commit, path in repo, bytes,
sha256 and licence, and writes ``psqe/datasets/sources.json``, byte for byte the same each time. Rows whose
repo is "derived" are files that were assembled from others; :data:`DERIVED` says from what.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.datasets.fetch import SOURCES

COLUMNS = ["file", "repo", "commit", "path in repo", "bytes", "sha256", "licence"]

FULL = (
    "6946d433a8bab2a1a7d8c88af046d74efa72f7b0",  # lzxlin/MCLEA
    "c997b63de949097039c9ae988d2293693e120543",  # blzhu0823/PathFusion
)
"""Commits that SOURCES.md abbreviates, in full where that is known. Servers take both."""

DERIVED: dict[str, dict[str, Any]] = {
    "DBP15K": {
        "made_from": "thunlp/MuGNN at e007f38 (bin/DBP15k: entity2att, attr2id, entity2id)",
        "without": "is read but has no attributes",
        "needed": False,
        "instead": [],
    },
    "FB15K_DB15K": {
        "made_from": "thunlp/OpenKE at 64c4ec8 (FB15K-237: all splits; FB15K: valid and test), in the ids of "
        "ent_ids_2",
        "without": "cannot be read",
        "needed": True,
        "instead": ["FB15K_DB15K/triples_2"],
    },
}
"""By the folder that SOURCES.md is in."""


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of the table in a SOURCES.md; exits with one line when there is none."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if len(table) < 3 or table[0] != COLUMNS:
        sys.exit(f"{path}: has no table with the columns {', '.join(COLUMNS)}")
    return [dict(zip(COLUMNS, row, strict=True)) for row in table[2:]]


def record(folder: str, row: dict[str, str]) -> dict[str, Any]:
    """One file as :class:`psqe.datasets.fetch.PinnedFile` has it."""
    found = {"file": f"{folder}/{row['file']}", "size": int(row["bytes"]), "sha256": row["sha256"]}
    if row["repo"] == "derived":
        return found
    commit = next((full for full in FULL if full.startswith(row["commit"])), row["commit"])
    source = {"repository": row["repo"], "commit": commit, "path": row["path in repo"]}
    return {**found, **source, "licence": row["licence"]}


def belongs(file: str, folder: str) -> bool:
    """Whether a file is of the benchmark in ``folder``: in it, or its names in the folder for all pairs."""
    top, _, last = folder.rpartition("/")
    return file.startswith(f"{folder}/") or file == f"{top}/translated_ent_name/dbp_{last}.json"


def pack(root: Path) -> str:
    """The table as JSON, one file a line."""
    tops = sorted({one.folder.partition("/")[0] for one in BENCHMARKS.values()})
    files = [record(top, row) for top in tops for row in rows(root / top / "SOURCES.md")]
    blocks = []
    for name, one in BENCHMARKS.items():
        own = sorted((f for f in files if belongs(f["file"], one.folder)), key=lambda f: str(f["file"]))
        block = '    "files": ' + _lines([f for f in own if "repository" in f])
        if made := [f for f in own if "repository" not in f]:
            how = json.dumps(DERIVED[one.folder.partition("/")[0]])[1:-1]
            block += f',\n    "derived": {{{how}, "files": {_lines(made)}}}'
        blocks.append(f'  "{name}": {{\n{block}\n  }}')
    lost = [f["file"] for f in files if not any(belongs(f["file"], b.folder) for b in BENCHMARKS.values())]
    if lost:
        sys.exit(f"{', '.join(lost)}: of no benchmark")
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _lines(records: list[dict[str, Any]]) -> str:
    return "[\n      " + ",\n      ".join(map(json.dumps, records)) + "\n    ]"


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_root", type=Path)
    SOURCES.write_text(pack(parser.parse_args().data_root), encoding="utf-8")


if __name__ == "__main__":
    main()
