"""A study on another task: which chapters are left out, why, and what the book shows in their place."""

import shutil
from pathlib import Path

import pytest
from cities import written
from studies import small_project, write_notebook

from psqe.errors import ParameterError
from psqe.study.book import build, pipeline
from psqe.study.book.left_out import TaskFacts, check_needs, look_at, page_of, what_is_missing
from psqe.study.book.notebook import Needs, Notebook
from psqe.study.book.pipeline import run_study
from psqe.study.book.records import read_record
from psqe.study.commands.notebooks import run

ROOT = Path(__file__).parents[1]
TASK = 'task: str = "emoji/en-fr"  # the pair'
FACTS = TaskFacts("cities", ("name", "attribute"), n_links=51, n_pairs=59)


@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ({"modalities": ["name"], "links": ["few"], "seeds": ["few", "most"]}, ""),
        ({"links": 51}, ""),
        ({"modalities": ["image", "name"]}, "has no modality image"),
        ({"links": ["most"]}, "has 51 gold links where 59 are needed (most)"),
        ({"links": 600}, "has 51 gold links where 600 are needed"),
        ({"seeds": ["many"]}, "allows 59 one-to-one pairs where 1,000 are needed (many)"),
        (
            {"modalities": ["image"], "links": ["list"]},
            "has no modality image, and has 51 gold links where 52 are needed (list)",
        ),
        ({"collections": ["han", "emoji"]}, "is no pair of han or emoji"),
    ],
)
def test_what_a_task_lacks(needs: dict[str, object], missing: str) -> None:
    values = {"few": 51, "most": 59, "many": 1000, "list": [10, 52]}
    assert what_is_missing(Needs(**needs), FACTS, values) == missing


def test_a_named_task_is_of_its_collection() -> None:
    facts = TaskFacts("han/school", ("image",), n_links=9, n_pairs=9)
    assert what_is_missing(Needs(collections=["han"]), facts, {}) == ""


@pytest.mark.parametrize("links", [True, 600, ["n"]])
def test_a_task_without_gold_links_lacks_no_number_of_them_too(links: object) -> None:
    facts = TaskFacts("cities", ("name",), n_links=0, n_pairs=9)
    assert what_is_missing(Needs(links=links), facts, {"n": 5}) == "has no gold links"


def test_what_a_notebook_needs_is_checked(tmp_path: Path) -> None:
    for psqe, part in (
        ("{needs: {pictures: true}}", "psqe in the front matter has no option 'needs.pictures'"),
        (
            "{needs: {modalities: [picture]}}",
            "psqe in the front matter: needs.modalities.0 is 'picture'; it must be",
        ),
        ("{needs: {seeds: [m]}}", "what the notebook needs names 'm', which is no parameter; it has task, n"),
    ):
        page = write_notebook(tmp_path, "page", parameters=TASK + "\nn: int = 5  # how many", psqe=psqe)
        with pytest.raises(ParameterError) as caught:
            Notebook.read(page)
        assert f"page.md: {part}" in str(caught.value)


def test_a_page_has_the_title_and_the_labels_of_the_chapter(tmp_path: Path) -> None:
    body = "(here)=\n## A section\n\n$$ a = b $$ \n\n$$\nc\n$$ (formula)\n"
    path = write_notebook(tmp_path, "page")
    path.write_text(path.read_text() + body)
    (cell,) = page_of(Notebook.read(path), "It lacks everything.")["cells"]
    assert cell["source"] == (
        "(here)=\n\n# The page page\n\n```{note}\nIt lacks everything.\n```\n\n$$\n\\ldots\n$$ (formula)"
    )


def test_what_a_folder_has(tmp_path: Path) -> None:
    folder = written(tmp_path / "pair")
    facts = look_at(str(folder))
    assert "name" in facts.modalities and "image" not in facts.modalities and facts.n_links > 0
    (folder / "links.tsv").unlink()
    assert look_at(str(folder)).n_links == 0


def test_a_study_on_another_task_runs_what_it_can_and_says_what_it_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(build, "write_reference", lambda book: [])
    project = small_project(tmp_path / "checkout", "pictures", "words", "stored")
    config = (ROOT / "_config.yml").read_text()
    (project.root / "_config.yml").write_text(config.replace("      - psqe.study.book.reference\n", ""))
    for name in ("_extra", "_static"):
        shutil.copytree(ROOT / "book" / name, project.book / name)
    for name in ("references.bib", "search.js"):
        shutil.copy(ROOT / "book" / name, project.book)
    (project.book / "index.md").write_text(
        "# Title\n\n{glue:text}`runs/pictures.ipynb::share:.0%` and {ref}`that <there>`\n"
    )
    notebooks, needs = project.root / "notebooks", "{needs: {modalities: [image]}}"
    glued = "from myst_nb import glue\nglue('share', 0.5, display=False)"
    pictures = write_notebook(notebooks, "pictures", glued, parameters=TASK, psqe=needs)
    pictures.write_text(pictures.read_text() + "\n(there)=\n## A section\n")
    write_notebook(
        notebooks, "words", "print(task, dangling)", parameters=f"{TASK}\ndangling: float = 0.1  # x"
    )
    write_notebook(notebooks, "stored", "print('stored')", parameters="")
    folder = written(tmp_path / "cities")
    monkeypatch.setattr(pipeline, "prepare", look_at_all)

    def lines() -> list[str]:
        run_study("smoke", str(folder), root=project.root)
        return [line.removeprefix("psqe study: ") for line in capsys.readouterr().err.splitlines()]

    why = "This chapter is left out, because *cities* has no modality image."
    said = lines()
    assert said[:2] == ["0 of 3 notebooks are as they were, 2 are run now", f"left out: pictures: {why}"]
    assert "pictures" not in said and {"words", "stored"} <= set(said)
    html = project.build / "_build" / "html"
    assert "(left out) and" in (html / "index.html").read_text().replace("</span>", "")
    page = (html / "runs" / "pictures.html").read_text()
    assert "has no modality image" in page and 'id="there"' in page
    assert f"{folder} 0.0" in (project.runs / "words.ipynb").read_text()
    assert read_record(project.runs / "pictures.run.json").left_out == why
    assert lines()[0] == "3 of 3 notebooks are as they were"


def test_one_notebook_is_refused_on_a_task_that_lacks_what_it_needs(tmp_path: Path) -> None:
    needs = "{needs: {modalities: [image]}}"
    path = write_notebook(tmp_path, "pictures", "print(task)", parameters=TASK, psqe=needs)
    folder, out = written(tmp_path / "cities"), tmp_path / "runs"
    with pytest.raises(ParameterError) as told:
        run(path, [f"task={folder}"], out=out)
    assert str(told.value) == (
        f"the notebook pictures cannot be run on {folder}, which has no modality image; give another task, "
        "or parameters that need less"
    )
    assert not out.exists()
    check_needs(Notebook.read(path), {"n": 1})  # without a task there is nothing to check


def test_what_is_needed_is_counted_among_the_entities_that_are_left(tmp_path: Path) -> None:
    parameters = f"{TASK}\ndangling: float = 0.125  # x\nn: int = 5  # seeds"
    path = write_notebook(tmp_path, "many", "print(n)", parameters=parameters, psqe="{needs: {links: [n]}}")
    notebook = Notebook.read(path)
    check_needs(notebook, notebook.values("default", {"dangling": "0", "n": "1500"}))
    with pytest.raises(ParameterError, match="gold links where 1,500 are needed"):
        check_needs(notebook, notebook.values("default", {"n": "1500"}))


def look_at_all(tasks: list[str]) -> None:
    """Load tasks, without computing features."""
    for task in tasks:
        look_at(task)
