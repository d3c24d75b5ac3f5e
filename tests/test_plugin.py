"""Miners, aligners, encoders and layouts from elsewhere: found by name, and held to the same contracts.

The distribution is the template for contributors. It is installed into a folder that only these tests see.
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
from psqe.errors import ParameterError, PsqeWarning
from psqe.features.encoder_registry import ENCODERS
from psqe.registry import Registry
from psqe.seeds import MINERS

TESTS = Path(__file__).parent
PLUGIN = TESTS.parent / "examples" / "templates" / "plugin"
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
    shutil.copytree(PLUGIN, source)
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


OWN_MINERS = dict(MINERS)

FAULTY = {
    "lost": ("no_such_package:Miner", "cannot be imported (ModuleNotFoundError: "),
    "absent": ("psqe.seeds:NoSuchMiner", "cannot be imported (AttributeError: "),
    "broken": ("broken_syntax:Miner", "cannot be imported (SyntaxError: "),
    "raising": ("raising_module:Miner", "cannot be imported (RuntimeError: no luck"),
    "number": ("math:pi", "is no class that implements psqe.seeds.base:Miner"),
    "unfinished": ("psqe.seeds:Miner", "is no class that implements psqe.seeds.base:Miner"),
    "nameless": ("nameless_miner:Nameless", "lacks name"),
    "none": ("psqe.seeds:PSQEMiner", "has a name that stands for no entry at all"),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of two distributions whose entry points cannot be used, each for another reason."""
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "broken_syntax.py").write_text("def (")
    (folder / "raising_module.py").write_text("raise RuntimeError('no luck')")
    (folder / "nameless_miner.py").write_text(
        "from psqe.seeds import Miner\nclass Nameless(Miner):\n    def _mine(self, task, features): ...\n"
    )
    entries = "".join(f"{name} = {value}\n" for name, (value, _) in FAULTY.items())
    miners = f"[psqe.miners]\npivot = psqe.seeds:PSQEMiner\ntwo = psqe.seeds:PSQEMiner\n{entries}"
    others = "[psqe.encoders]\nbad = math:pi\n[psqe.layouts]\nbad-layout = json\n"
    others += "[psqe.aligners]\nbad-aligner = os:sep\n"
    for name, text in {
        "faulty": miners + others,
        "other": "[psqe.miners]\ntwo = psqe.seeds:PSQEMiner\n",
    }.items():
        distribution = folder / f"{name}-1.0.dist-info"
        distribution.mkdir()
        (distribution / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (distribution / "entry_points.txt").write_text(text)
    return folder


def test_a_faulty_entry_point_is_an_error_of_its_own_name_only(
    monkeypatch: pytest.MonkeyPatch, faulty: Path
) -> None:
    monkeypatch.syspath_prepend(faulty)
    registry: Registry = Registry("miner", "psqe.seeds.miners", "psqe.miners", "psqe.seeds.base:Miner")
    for name, (value, message) in FAULTY.items():
        with pytest.raises(ParameterError) as caught:
            registry.resolve(name)
        assert str(caught.value).startswith(f"the miner {name!r} ({value}, from faulty) {message}")
    with pytest.raises(ParameterError, match=r"a name that 'two' .*, from .*has, too; rename it in"):
        registry.resolve("two")
    with pytest.warns(
        PsqeWarning, match=r"left out: the miner 'pivot' \(.*, from faulty\) has a name that is"
    ):
        assert registry.resolve("pivot") is OWN_MINERS["pivot"]
    with pytest.warns(PsqeWarning) as warned:
        assert registry.usable() == OWN_MINERS
    assert len(warned) == len(FAULTY) + 1
    assert set(registry) == {*OWN_MINERS, *FAULTY, "two"}


SEVERAL_COMMANDS = """
import contextlib, io, json, sys
from psqe.cli.main import main
done = []
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(arguments)
    done.append([code, out.getvalue(), err.getvalue().splitlines()])
print(json.dumps(done))
"""


def test_faulty_entry_points_stop_nothing_else(faulty: Path, folder: Path, tmp_path: Path) -> None:
    commands = [
        ["describe"],
        ["align", "--help"],
        ["data", "check", str(folder)],
        ["describe", "broken"],
        ["seeds", str(TESTS.parent / "examples" / "countries"), "--miner", "number"],
        ["seeds", "emoji/en-fr", "--modalities", "name", "--encoder", "name=bad"],
        ["align", "emoji/en-fr", "--aligner", "bad-aligner"],
    ]
    done = run(faulty, "-c", SEVERAL_COMMANDS, json.dumps(commands), cwd=tmp_path)
    assert not done.returncode, done.stderr
    (*_, listed, _), (*_, shown, _), (*_, check_lines), *errors = json.loads(done.stdout)
    assert listed.count("cannot be used: ") == len(FAULTY) + 4 and "  pivot  " in listed
    assert "psqe, random, two (cannot be used), lost (cannot be used)" in " ".join(shown.split())
    assert sum("left out: the layout 'bad-layout' (json, from faulty) lacks" in x for x in check_lines) == 1
    assert "has the files of no layout" in check_lines[-1]
    for code, _, lines in errors:
        assert code == 2 and lines[-1].startswith("psqe: the ") and ", from faulty) " in lines[-1]


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
    shutil.copy(PLUGIN / "first_plugin" / f"{kind}.py", tmp_path / "psqe" / room / f"{module}.py")
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
