"""The files of the project say the same thing, and none of them leads to a place that is not the reader's."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from pip._internal.exceptions import RequirementsFileParseError
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import ParsedRequirement, parse_requirements

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LINES = [
    line.strip()
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def split(requirement: str) -> tuple[str, str]:
    name, rule = re.fullmatch(r"([A-Za-z0-9._-]+)\s*(.*)", requirement).groups()  # type: ignore[union-attr]
    return normal(name), rule


PINS = dict(split(line) for line in LINES)


def test_every_requirement_is_an_exact_pin_once_and_torch_comes_first() -> None:
    assert LINES[0].startswith("torch==")
    assert all(re.fullmatch(r"==[\w.!]+", rule) for rule in PINS.values())
    assert len(PINS) == len(LINES)
    assert not {"torchvision", "torchaudio", "timm"} & set(PINS)  # they would replace torch


def test_the_pins_satisfy_the_ranges_of_the_package() -> None:
    from packaging.specifiers import SpecifierSet

    extras = PYPROJECT["project"]["optional-dependencies"]
    assert set(extras) == {"emoji", "han", "book", "hf", "workflow", "cluster", "dev"}
    wanted = [extras[name] for name in ("emoji", "han", "book", "hf", "workflow", "cluster", "dev")]
    for requirement in sum(wanted, PYPROJECT["project"]["dependencies"]):
        name, rule = split(requirement)
        assert name in PINS, f"{name} is in pyproject.toml, but not in requirements.txt"
        assert SpecifierSet(rule).contains(PINS[name].removeprefix("==")), requirement


def test_the_pins_are_what_this_environment_has_and_nothing_it_needs_is_unpinned() -> None:
    if Path(sys.prefix) != ROOT / ".venv":
        pytest.skip("not run by make test: this interpreter is not that of .venv")
    installed = {normal(d.metadata["Name"]): d.version.partition("+")[0] for d in metadata.distributions()}
    own = {"psqe", "pip", "setuptools", "wheel"}
    # Where there is no CPU build of torch, it brings these; nothing here uses them.
    gpu = tuple(n for n in installed if n == "triton" or n.startswith(("nvidia-", "cuda-")))
    assert {f"{n}=={v}" for n, v in installed.items() if n not in (*own, *gpu)} == {
        f"{n}{v}" for n, v in PINS.items()
    }


def test_the_conda_environment_is_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    python, _, pip = environment["dependencies"]
    assert python == "python=3.11"
    assert PYPROJECT["project"]["requires-python"] == ">=3.11,<3.12"
    assert pip["pip"] == [LINES[0], "--requirement requirements.txt", "--editable ."]


def pip_reads(lines: list[str], folder: Path) -> list[ParsedRequirement]:
    """What pip makes of lines that conda hands over in a file beside requirements.txt."""
    shutil.copy(ROOT / "requirements.txt", folder)
    (folder / "conda.txt").write_text("\n".join(lines), encoding="utf-8")
    return list(parse_requirements(str(folder / "conda.txt"), session=PipSession()))


def test_pip_can_read_what_conda_hands_over(tmp_path: Path) -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    lines = environment["dependencies"][-1]["pip"]
    read = pip_reads(lines, tmp_path)
    assert [line.requirement for line in read[:-1]] == [LINES[0], *LINES]
    assert read[-1].is_editable and read[-1].requirement == "."
    with pytest.raises(RequirementsFileParseError, match="no such option"):
        pip_reads([*lines[:-1], "--no-deps --editable ."], tmp_path)


def test_the_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PYPROJECT["project"]["version"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_lists_its_targets_and_names_the_python_it_wants() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("book", "test", "lint", "clean"):
        assert re.search(rf"^  make {target} +\S", listed, re.MULTILINE)
    wrong = subprocess.run(
        ["make", "--always-make", "venv", "PYTHON=/nonexistent/python", "VENV=/nonexistent"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert wrong.returncode
    assert "is not Python 3.11; name one that is" in wrong.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_installs_once(tmp_path: Path) -> None:
    """With the stamp newer than what it depends on, nothing is installed; when the pins change, it is."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    stamp = tmp_path / ".venv" / "installed"
    stamp.parent.mkdir()
    stamp.touch()

    def plan() -> str:
        command = ["make", "--dry-run", "book"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "pip install" not in plan()
    assert "psqe study --profile default" in plan()
    later = stamp.stat().st_mtime + 60
    import os

    os.utime(tmp_path / "requirements.txt", (later, later))
    installs = [line for line in plan().splitlines() if "pip install" in line]
    assert len(installs) == 3
    pins, lacking, itself = installs
    assert "--no-deps" in pins and "--no-deps" not in lacking and "--editable ." in itself


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_no_tracked_file_is_large_or_names_a_home_folder() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert files
    for path in files:
        if not path.is_file():  # removed in the working tree
            continue
        assert path.stat().st_size < 3_000_000, path
        if path.suffix in {".py", ".md", ".toml", ".yml", ".txt", ".cff", ""} and path != Path(__file__):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(/home/|/root/|/Users/)\w", text), path


def test_notebooks_are_sources_without_outputs() -> None:
    assert list((ROOT / "notebooks").glob("*.md"))
    assert not list((ROOT / "notebooks").rglob("*.ipynb"))


def test_pinned_packages_are_for_every_python_311():
    """A pin that needs a later patch release cannot be installed where Python 3.11 is an earlier one."""
    needed = {}
    for line in LINES:
        name, version = line.split("==")
        if metadata.version(name) == version:  # an older environment may still have another version
            needed[name] = metadata.metadata(name).get("Requires-Python")  # not every package states it
    assert len(needed) > 50
    assert [name for name, text in needed.items() if text and "3.11.0" not in SpecifierSet(text)] == []
