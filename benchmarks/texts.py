"""Measure what long texts cost: seconds and peak memory of an alignment, against the number of entities.

``python benchmarks/texts.py --entities 1000 4000`` writes pairs of entities with abstracts of 2 to 20 kB. It
aligns them with the default options and an empty cache, each in a fresh process, and prints a line for
each. Memory grows with the texts themselves, and time with the number of entities. The exit code is 1 if a
process needs 6 GB.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from psqe.cost import peak_memory_of_children_mb

LIMIT_GB = 6.0


def write_pair(folder: Path, n: int) -> None:
    """Write a pair of ``n`` entities a side whose abstracts and names are equal on both sides."""
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 9))) for _ in range(5000)]
    book = " ".join(draw.choices(words, k=1_000_000))
    for side in ("left", "right"):
        draw = random.Random(1)
        (folder / side).mkdir(parents=True)
        tables = {name: (folder / side / f"{name}.tsv") for name in ("triples", "names", "attributes")}
        with (
            tables["triples"].open("w") as triples,
            tables["names"].open("w") as names,
            tables["attributes"].open("w") as attributes,
        ):
            for i in range(n):
                triples.write(f"{side}{i}\tnear\t{side}{draw.randrange(n)}\n")
                names.write(f"{side}{i}\t{words[i % 5000]} {words[i * 7 % 4999]} {i}\n")
                length = draw.randint(2000, 20_000)
                start = draw.randrange(len(book) - length)
                attributes.write(f"{side}{i}\tabstract\t{book[start : start + length].strip()}\n")


def measure(folder: Path) -> None:
    """Align a pair, and print the seconds and the peak memory of the process."""
    command = [
        sys.executable,
        "-m",
        "psqe.cli.main",
        "align",
        str(folder / "pair"),
        "--out",
        str(folder / "x.tsv"),
    ]
    start = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "PSQE_CACHE": str(folder / "cache")})
    peak = peak_memory_of_children_mb() * (1 << 20) / 1e9
    print(f"{time.perf_counter() - start:,.0f} s, {peak:.2f} GB", flush=True)
    sys.exit(peak > LIMIT_GB)


def main() -> int:
    """Print one line per size and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--entities", type=int, nargs="+", default=[1000, 4000], help="on each side")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        measure(given.measure)
    over = 0
    for n in given.entities:
        with tempfile.TemporaryDirectory() as folder:
            write_pair(Path(folder, "pair"), n)
            print(f"{n:,} entities a side: ", end="", flush=True)
            over |= subprocess.run([sys.executable, __file__, "--measure", folder]).returncode
    return over


if __name__ == "__main__":
    sys.exit(main())
