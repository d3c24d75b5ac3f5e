"""The benchmark of GPUs: it runs without a GPU, without most packages, and within the time it is given."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = ("numpy", "scipy", "torch", "scikit-learn", "pandas", "pydantic", "tqdm")
"""The packages that the benchmark's page says it needs."""

ONLY = """
import json, runpy, sys
class Only:
    'Finds what the other finders find, if it is allowed or part of Python.'
    def __init__(self, finders):
        self.finders = finders
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ALLOWED or top in sys.stdlib_module_names or top.startswith("_"):
            return next(filter(None, (f.find_spec(name, path, target) for f in self.finders)), None)
    def find_distributions(self, *arguments):
        for finder in self.finders:
            if hasattr(finder, "find_distributions"):
                yield from finder.find_distributions(*arguments)
ALLOWED, script, *arguments = json.loads(sys.argv[1])
sys.meta_path[:] = [Only(list(sys.meta_path))]
sys.argv = [script, *arguments]
runpy.run_path(script, run_name="__main__")
"""


def modules_of(distributions: tuple[str, ...]) -> list[str]:
    """The top-level modules of distributions and of all that they require."""

    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    required: set[str] = set()
    waiting = [*distributions]
    while waiting:
        name = plain(waiting.pop())
        if name not in required:
            required.add(name)
            try:
                requirements = metadata.requires(name) or []
            except metadata.PackageNotFoundError:  # one that this machine does without
                continue
            waiting += [
                re.split(r"[^\w.-]", requirement)[0]
                for requirement in requirements
                if "extra ==" not in requirement
            ]
    owners = metadata.packages_distributions()
    return sorted(module for module, names in owners.items() if required & set(map(plain, names)))


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the benchmark with the packages that it needs and no other."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    allowed = [*modules_of(NEEDED), "psqe"]
    given = json.dumps([allowed, str(ROOT / "benchmarks" / "gpu.py"), *arguments])
    command = [sys.executable, "-c", ONLY, given]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_the_modules_of_a_package_include_those_that_it_requires() -> None:
    modules = modules_of(("pandas",))
    assert {"pandas", "numpy", "dateutil"} <= set(modules)
    assert not {"torch", "zstandard", "pyoxigraph", "typer"} & set(modules)


def test_the_benchmark_compares_the_cpu_with_itself_without_other_packages(tmp_path: Path) -> None:
    done = benchmark("--device", "cpu", "--json", str(tmp_path / "gpu.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert {"pivot", "mutual", "psqe"} <= {row["miner"] for row in found["seeds"]}
    assert {row["variant"] for row in found["seeds"] if row["miner"] == "psqe"} == {"corrected", "released"}
    assert all(row["equal"] == 1 and row["seeds"] > 5 for row in found["seeds"])
    models = {(row["aligner"], row["preset"]) for row in found["cost"]}
    assert {
        (name, preset) for name in ("eva", "mclea", "meaformer") for preset in ("small", "published")
    } <= models
    assert {(row["aligner"], row["preset"]) for row in found["agreement"]} == models
    for row in found["agreement"]:
        assert (row["largest difference"], row["same nearest"], row["same links"]) == (0, 1, 1)
    assert all(row["s an epoch"] > 0 and row["process GB"] > 0.05 for row in found["cost"])
    assert found["left_out"] == []
    for sentence in found["says"]:
        assert sentence in done.stdout
    assert "gave the same pairs on the CPU and the device" in done.stdout


def test_the_benchmark_stops_when_its_time_is_over_and_names_what_is_missing(tmp_path: Path) -> None:
    done = benchmark("--device", "cpu", "--minutes", "0.001", "--json", str(tmp_path / "gpu.json"))
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert found["seeds"] == found["agreement"] == found["cost"] == []
    assert "cost: planted/120, mclea, small (the time was over)" in found["left_out"]
    assert "Left out: seeds: planted/60, pivot (the time was over)." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--device", "abacus"], "device is 'abacus'; choose cpu or cuda"),
        (["--device", "cpu", "--dbp15k", "/nowhere/fr_en"], "/nowhere/fr_en"),
    ],
)
def test_the_benchmark_tells_what_it_cannot_use(arguments: list[str], told: str) -> None:
    done = benchmark(*arguments)
    assert done.returncode == 2
    assert told in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
