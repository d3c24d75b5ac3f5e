"""The notebook runner: parameters are checked first, runs repeat to the byte, failures leave a trace."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.errors import ParameterError, PsqeError
from psqe.study.book.notebook import Notebook, long_first, prerequisites
from psqe.study.book.parameters import Parameter, parse_assignments, parse_parameters, resolve
from psqe.study.book.run_notebook import run_notebook
from psqe.study.project import Project

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
psqe:
  after: %s
  profiles: {smoke: {n: 2}}
---

# A page
"""
PARAMETERS = """n: int = 5  # how many; 1..9
rate: float = 0.5  # how fast; 0..1
kind: str = "square"  # which power; square | cube
states: list[int] = [0, 1]  # one run each; 0..
flags: list[str] = ["a"]  # any words
loud: bool = False  # whether to shout"""
BODY = """import os
from pathlib import Path
print(n, kind, states, os.environ["OMP_NUM_THREADS"])
Path("made.txt").write_text(str(n * n))"""


def cell(source: str, tags: str = "") -> str:
    return f"\n```{{code-cell}} ipython3\n{tags}\n{source}\n```\n"


def write(path: Path, *bodies: str, after: str = "[]", parameters: str = PARAMETERS) -> Path:
    text = HEAD % after + cell(parameters, ":tags: [parameters]\n") + "".join(cell(body) for body in bodies)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write(tmp_path / "page.md", BODY)


def test_run_uses_the_values_shows_them_and_repeats_to_the_byte(notebook: Path, tmp_path: Path) -> None:
    out = tmp_path / "out {1}"  # braces are formats to papermill
    target = run_notebook(notebook, {"n": "3", "states": "4,5"}, out_dir=out)
    first = target.read_bytes()
    assert target == out / "page.ipynb"
    assert (out / "made.txt").read_text() == "9"
    run_notebook(notebook, {"n": 3, "states": [4, 5]}, out_dir=out)
    assert target.read_bytes() == first
    content = json.loads(first)
    declared, body = (c for c in content["cells"] if c["cell_type"] == "code")
    assert "n: int = 3  # how many; 1..9" in declared["source"]
    assert "hide-input" in declared["metadata"]["tags"]
    assert body["outputs"][0]["text"].strip() == "3 square [4, 5] 1"
    record = json.loads((out / "page.run.json").read_text())
    assert record["parameters"]["n"] == 3
    assert record["profile"] == "default"
    assert record["seconds"] > 0
    assert record["versions"]["python"].startswith("3.11")
    assert sorted(p.name for p in out.iterdir()) == ["made.txt", "page.ipynb", "page.run.json"]


def test_a_failing_cell_gives_one_line_and_keeps_the_half_run_notebook(tmp_path: Path) -> None:
    page = write(tmp_path / "page.md", "print('before')", "raise ValueError('two\\nlines')", "print('after')")
    with pytest.raises(PsqeError) as caught:
        run_notebook(page, out_dir=tmp_path / "out")
    message = str(caught.value)
    assert "\n" not in message
    assert "page.md: cell 3" in message
    assert "ValueError: two lines" in message
    assert "page.failed.ipynb" in message
    failed = (tmp_path / "out" / "page.failed.ipynb").read_text()
    assert "before" in failed
    assert "ValueError" in failed
    assert not (tmp_path / "out" / "page.ipynb").exists()


def test_a_cell_that_ends_the_kernel_politely_fails_the_notebook(tmp_path: Path) -> None:
    page = write(tmp_path / "page.md", "import sys\nsys.exit()", "print('after')")
    with pytest.raises(PsqeError, match=r"page\.md: ended in the cell 'import sys', and no cell") as caught:
        run_notebook(page, out_dir=tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["page.failed.ipynb"]


def test_a_file_without_code_is_no_notebook_to_run(tmp_path: Path) -> None:
    (tmp_path / "words.md").write_text("# Only words\n")
    with pytest.raises(PsqeError, match=r"words\.md: has no code cell, so that there is nothing to run"):
        run_notebook(tmp_path / "words.md", out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_kernel_that_dies_is_one_line_too(tmp_path: Path) -> None:
    page = write(tmp_path / "page.md", "import os\nos._exit(9)")
    with pytest.raises(PsqeError, match=r"page\.md: the kernel died, .*; see .*page\.failed\.ipynb"):
        run_notebook(page, out_dir=tmp_path)
    assert (tmp_path / "page.failed.ipynb").is_file()


def test_a_folder_that_cannot_be_made_is_found_before_the_run(notebook: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PsqeError, match="cannot be written"):
        run_notebook(notebook, out_dir=tmp_path / "file" / "out")


def test_given_values_go_before_the_profile_and_the_profile_before_the_default(notebook: Path) -> None:
    read = Notebook.read(notebook)
    assert read.values("default", {})["n"] == 5
    assert read.values("smoke", {})["n"] == 2
    assert read.values("smoke", {"n": 7})["n"] == 7


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"m": 1}, r"no parameter 'm'; the notebook has: n \(int\), rate \(float\)"),
        ({"n": "many"}, "'many', which is no int"),
        ({"n": 2.0}, "no int"),
        ({"n": True}, "no int"),
        ({"n": "10"}, r"must lie in 1\.\.9"),
        ({"rate": "nan"}, "'rate' is nan; give a finite number"),
        ({"rate": float("-inf")}, "'rate' is -inf; give a finite number"),
        ({"states": "[]"}, "'states' is an empty list; give at least one value"),
        ({"kind": "fourth"}, "choose from square, cube"),
        ({"states": "1,-2"}, "must lie in 0"),
        ({"states": "1,x"}, "no list"),
        ({"states": 3}, "no list"),
        ({"loud": "maybe"}, "no bool"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(
    notebook: Path, tmp_path: Path, values: dict[str, object], part: str
) -> None:
    with pytest.raises(ParameterError, match=part) as caught:
        run_notebook(notebook, values, out_dir=tmp_path / "out")
    assert "page.md" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("task", "part"),
    [
        ("emoji/en-xx", "unknown language 'xx' in 'emoji/en-xx'; write emoji/"),
        ("han/none", "there is no task 'han/none'; choose from han/ja-zh"),
        ("dbp15k/de_en", "'dbp15k/de_en' is no task; choose from dbp15k/zh_en"),
        ("countries", "'countries' is no task and no folder; give a folder that exists, or one of the tasks"),
    ],
)
def test_a_task_that_does_not_exist_is_refused_before_a_kernel_starts(
    tmp_path: Path, task: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("psqe.study.book.kernels.COMMAND", ("no-such-program",))
    page = write(tmp_path / "page.md", parameters='task: str = "emoji/en-fr"  # the pair')
    with pytest.raises(ParameterError, match=re.escape(f"page.md: {part}")):
        run_notebook(page, {"task": task}, out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_is_a_task_wherever_the_kernel_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pair").mkdir()
    page = write(tmp_path / "page.md", parameters='task: str = "emoji/en-fr"  # the pair')
    assert Notebook.read(page).values("default", {"task": "pair"}) == {"task": str(tmp_path / "pair")}
    assert Notebook.read(page).values("default", {}) == {"task": "emoji/en-fr"}


def test_an_unknown_profile_is_refused(notebook: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="choose from smoke, default, full"):
        run_notebook(notebook, profile="huge", out_dir=tmp_path)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("n = 5  # how many", "declares no parameter"),
        ("n: int = 5", "has no comment"),
        ("n: int = 5  # how many; 6..", "must lie in 6"),
        ("n: int = 2 + 3  # how many", "no literal"),
        ("n: complex = 1  # how many", "has type complex"),
        ("n: int = 5  # a\nn: int = 6  # b", "declared twice"),
        ("n: int = (  # a", "no Python"),
        ("import os", "declares no parameter"),
    ],
)
def test_a_parameters_cell_that_breaks_the_rules_is_refused(source: str, part: str) -> None:
    with pytest.raises(ParameterError, match=part):
        parse_parameters(source)


@given(
    n=st.integers(1, 9),
    rate=st.floats(0, 1),
    states=st.lists(st.integers(0, 10**9), min_size=1),
    flags=st.lists(st.text(st.characters(codec="utf-8", exclude_characters=",[]"), min_size=1), min_size=1),
    loud=st.booleans(),
)
def test_a_declaration_reads_back_and_typed_text_means_the_same_as_the_value(
    n: int, rate: float, states: list[int], flags: list[str], loud: bool
) -> None:
    declared = parse_parameters(PARAMETERS)
    values = {"n": n, "rate": rate, "states": states, "flags": flags, "loud": loud}
    source = "\n".join(declared[name].declaration(value) for name, value in values.items())
    again = parse_parameters(source)
    assert {name: p.default for name, p in again.items()} == values
    assert {name: p.comment for name, p in again.items()} == {name: declared[name].comment for name in values}
    typed = {name: str(value) for name, value in values.items()}
    assert resolve(declared, {}, typed) == {**resolve(declared, {}, {}), **values}


def test_assignments_of_the_command_line() -> None:
    assert parse_assignments(["n=3", "text=a=b", "empty="]) == {"n": "3", "text": "a=b", "empty": ""}
    with pytest.raises(ParameterError, match="no assignment"):
        parse_assignments(["n"])
    with pytest.raises(ParameterError, match="given twice"):
        parse_assignments(["n=1", "n=2"])


def test_an_empty_text_is_an_empty_list_where_the_default_is_one() -> None:
    assert Parameter("x", "list[int]", [], "x").convert("") == []
    with pytest.raises(ParameterError, match="is an empty list"):
        Parameter("x", "list[int]", [1], "x").convert("")


def test_notebooks_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PsqeError, match="cannot be read"):
        Notebook.read(tmp_path / "none.md")
    with pytest.raises(PsqeError, match=r"ends in \.md"):
        Notebook.read(tmp_path / "page.ipynb")
    odd = tmp_path / "odd.md"
    odd.write_text((HEAD % "[]").replace("after:", "before:"), encoding="utf-8")
    with pytest.raises(
        PsqeError, match=r"odd\.md: psqe in the front matter has no option 'before'; choose from"
    ):
        Notebook.read(odd)


def test_a_front_matter_that_is_not_yaml_is_told_in_one_line_with_the_place(tmp_path: Path) -> None:
    odd = tmp_path / "odd.md"
    odd.write_text((HEAD % "[]").replace("kernelspec: {", "kernelspec: a: {"), encoding="utf-8")
    with pytest.raises(PsqeError) as raised:
        Notebook.read(odd)
    told = str(raised.value)
    assert "odd.md: has a front matter that is not YAML" in told and "near line 4" in told
    assert "\n" not in told and "quotation marks" in told


def project(tmp_path: Path, toc: list[str]) -> Project:
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_config.yml").write_text("title: x\n")
    chapters = "".join(f"  - file: runs/{name}\n" for name in toc)
    (tmp_path / "book" / "_toc.yml").write_text(f"format: jb-book\nroot: index\nchapters:\n{chapters}")
    return Project.find(tmp_path)


def test_the_table_of_contents_and_the_notebooks_must_agree(tmp_path: Path) -> None:
    found = project(tmp_path, ["b", "a"])
    with pytest.raises(PsqeError, match="names runs/b, but there is no"):
        found.notebooks()
    for name in "abc":
        write(tmp_path / "notebooks" / f"{name}.md")
    with pytest.raises(PsqeError, match="add runs/c"):
        found.notebooks()
    (tmp_path / "notebooks" / "c.md").unlink()
    assert [path.stem for path in found.notebooks()] == ["b", "a"]
    assert Project.find(found.book / "runs") == found


def test_notebooks_that_take_long_begin_first_and_the_rest_keep_their_order(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.md") for name in "abc"]
    paths[2].write_text(paths[2].read_text().replace("psqe:", "psqe:\n  long: true", 1))
    read = [Notebook.read(path) for path in paths]
    assert [notebook.name for notebook in long_first(read)] == ["c", "a", "b"]


def test_what_a_notebook_waits_for(tmp_path: Path) -> None:
    def waiting(**after: str) -> dict[str, set[str]]:
        notebooks = [Notebook.read(write(tmp_path / f"{name}.md", after=a)) for name, a in after.items()]
        return prerequisites(notebooks)

    assert waiting(a="[b]", b="[]", c='["*"]') == {"a": {"b"}, "b": set(), "c": {"a", "b"}}
    with pytest.raises(PsqeError, match="wait for each other: a, b"):
        waiting(a="[b]", b="[a]")
    with pytest.raises(PsqeError, match="waits for 'd'"):
        waiting(a="[]", b="[d]")
