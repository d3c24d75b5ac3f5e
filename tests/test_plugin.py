"""Miners, aligners, encoders and layouts from elsewhere: found by name, and held to the same contracts.

``tests/plugin`` is a distribution of its own. It is installed into a folder that only these tests look into.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from psqe.aligners import ALIGNERS
from psqe.datasets.layouts import LAYOUTS
from psqe.errors import ParameterError
from psqe.features.encoder_registry import ENCODERS
from psqe.registry import Registry
from psqe.seeds import MINERS

TESTS = Path(__file__).parent
NAMES = {"miner": "fused-greedy", "aligner": "anchored", "encoder": "letters", "layout": "one-file"}
REGISTRIES: dict[str, Registry] = {
    "miner": MINERS,
    "aligner": ALIGNERS,
    "encoder": ENCODERS,
    "layout": LAYOUTS,
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the plug-in is installed into."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    target = tmp_path_factory.mktemp("installed")
    shutil.copytree(TESTS / "plugin", source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--disable-pip-version-check", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pair in the layout of the plug-in: forty names, each with a letter more on the right."""
    names = [f"{a}{b}{a}o{c}" for a in "bdkt" for b in "aeiou" for c in "nr"]
    triples = [[f"L{i}", "next", f"L{i + 1}"] for i in range(len(names) - 1)]
    pair = {
        "left": {"names": {f"L{i}": name for i, name in enumerate(names)}, "triples": triples},
        "right": {"names": {f"R{i}": f"{name}s" for i, name in enumerate(names)}, "triples": []},
        "links": [[f"L{i}", f"R{i}"] for i in range(len(names))],
    }
    folder = tmp_path_factory.mktemp("pair")
    (folder / "pair.json").write_text(json.dumps(pair), encoding="utf-8")
    return folder


def run(installed: Path, *arguments: str, cwd: Path = TESTS.parent) -> subprocess.CompletedProcess[str]:
    """Run Python where the plug-in is installed, too."""
    environment = {**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{TESTS.parent}"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True
    )


def psqe(installed: Path, cwd: Path, *arguments: str) -> str:
    done = run(installed, "-m", "psqe.cli.main", *arguments, cwd=cwd)
    assert not done.returncode, done.stderr
    return done.stdout


def test_without_the_plugin_its_names_are_errors() -> None:
    for kind, name in NAMES.items():
        with pytest.raises(ParameterError, match=f"there is no {kind} {name!r}; choose from .*"):
            REGISTRIES[kind].resolve(name)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("lost = no_such_package:Miner", "the miner 'lost' cannot be imported from no_such_package:Miner"),
        ("lost = psqe.seeds:NoSuchMiner", "the miner 'lost' cannot be imported from psqe.seeds:NoSuchMiner"),
        (
            "pivot = psqe.seeds:PSQEMiner",
            "the miner 'pivot' of psqe.seeds:PSQEMiner has a name that is taken",
        ),
    ],
)
def test_a_faulty_entry_point_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str, message: str
) -> None:
    distribution = tmp_path / "faulty-1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text(f"[psqe.miners]\n{entry}\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry: Registry = Registry("miner", "psqe.seeds.miners", "psqe.miners", lambda module: module)
    with pytest.raises(ParameterError, match=message):
        registry.resolve("lost")


def test_the_plugin_is_listed_and_described(installed: Path, tmp_path: Path) -> None:
    listed = psqe(installed, tmp_path, "describe")
    for name in NAMES.values():
        assert name in listed
    assert "pool" in psqe(installed, tmp_path, "describe", "fused-greedy")
    assert "Length of the axis of a seed" in " ".join(
        psqe(installed, tmp_path, "describe", "anchored").split()
    )
    shown = psqe(installed, tmp_path, "align", "--help")
    assert "fused-greedy" in shown and "anchored" in shown


def test_the_contract_suites_run_on_the_plugin(installed: Path) -> None:
    suites = [str(TESTS / f"test_{kind}s.py") for kind in NAMES]
    chosen = ["-k", " or ".join(NAMES.values())]
    done = run(installed, "-m", "pytest", "-v", "-p", "no:cacheprovider", *chosen, *suites)
    assert not done.returncode, done.stdout
    for name in NAMES.values():
        assert re.search(rf"\[.*{name}.*\] PASSED", done.stdout), name


def test_the_command_line_uses_the_plugin(installed: Path, folder: Path, tmp_path: Path) -> None:
    psqe(
        installed, tmp_path, "align", str(folder), "--miner", "fused-greedy", "--miner-parameter", "pool=50",
        "--aligner", "anchored", "--aligner-parameter", "weight=0.5", "--modalities", "name",
        "--encoder", "name=letters", "--n-seeds", "20", "--json", "report.json",
    )  # fmt: skip
    report = json.loads((tmp_path / "report.json").read_text())
    assert (
        report["parameters"]["miner"]["name"] == "fused-greedy"
        and report["parameters"]["miner"]["pool"] == 50
    )
    assert (
        report["parameters"]["aligner"]["name"] == "anchored"
        and report["parameters"]["aligner"]["weight"] == 0.5
    )
    assert report["metrics"]["l2r"]["full"]["hits@1"] > 0.5


def test_a_run_of_the_study_uses_the_plugin(installed: Path, folder: Path, tmp_path: Path) -> None:
    code = f"""
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, TaskOptions
from psqe.study.run import run
from psqe.study.spec import RunSpec
spec = RunSpec(
    subject="alignment",
    task=TaskOptions(name={str(folder)!r}),
    features=FeatureOptions(modalities=("name",), encoders={{"name": "letters"}}),
    miner=MinerOptions(name="fused-greedy", n_seeds=20, parameters={{"pool": 50}}),
    aligner=AlignerOptions(name="anchored", parameters={{"weight": 0.5}}),
)
assert RunSpec.from_json(spec.json_text) == spec
print(run(spec))
"""
    done = run(installed, "-c", code, cwd=tmp_path)
    assert not done.returncode, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(
    ("kind", "room", "class_name"),
    [
        ("miner", "seeds/miners", "FusedGreedyMiner"),
        ("aligner", "aligners/models", "Anchored"),
        ("encoder", "features/encoders", "LetterEncoder"),
        ("layout", "datasets/layouts", ""),
    ],
)
def test_one_of_our_own_is_one_new_file(kind: str, room: str, class_name: str, tmp_path: Path) -> None:
    """A module that is put into a copy of the package is found under its name, with no other change."""
    shutil.copytree(TESTS.parent / "psqe", tmp_path / "psqe", ignore=shutil.ignore_patterns("__pycache__"))
    module = NAMES[kind].replace("-", "_")
    shutil.copy(TESTS / "plugin" / "first_plugin" / f"{kind}.py", tmp_path / "psqe" / room / f"{module}.py")
    where = {
        "miner": "seeds",
        "aligner": "aligners",
        "encoder": "features.encoder_registry",
        "layout": "datasets.layouts",
    }
    code = f"""
from psqe.{where[kind]} import {kind.upper()}S as registry
found = registry.resolve({NAMES[kind]!r})
print(getattr(found, "__name__", ""), found.__module__ if isinstance(found, type) else found.__name__)
"""
    done = run(tmp_path, "-c", code, cwd=tmp_path)
    assert not done.returncode, done.stderr
    module_name = f"psqe.{room.replace('/', '.')}.{module}"
    assert done.stdout.split() == [class_name or module_name, module_name]
