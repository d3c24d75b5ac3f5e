"""The inputs that strangers' tools produced, which are beside the project and never part of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from psqe.cli.main import main

CASES = Path(__file__).parents[2] / "shared" / "cases"
NAME = ("--modalities", "name", "--n-seeds", "15")
"""The options with which the sound pair ``00-base`` reaches F1 1."""


def case(name: str, folder: Path) -> Path:
    """Return a copy of one of the inputs; skip the test on a machine that does not have it."""
    if not (CASES / name).is_dir():
        pytest.skip(f"the folder {name} of known inputs is not on this machine")
    shutil.copytree(CASES / name, folder / "case")
    return folder / "case"


def aligned(pair: Path, *options: str, out: str = "aligned") -> dict[str, Any]:
    """Align a pair on the command line, which must succeed, and return the summary that it writes."""
    summary = pair.parent / f"{out}.json"
    links = pair.parent / f"{out}.tsv"
    assert main(["align", str(pair), *(options or NAME), "--out", str(links), "--json", str(summary)]) == 0
    content: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    return content
