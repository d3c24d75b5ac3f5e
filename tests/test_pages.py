"""The pages of the book: after a change those are built again that it concerns, and none is out of date."""

import json
import shutil
from pathlib import Path

import pytest
from studies import Command, until, write_notebook

from psqe.errors import PsqeError
from psqe.study.book import build
from psqe.study.book.build import Sources, build_pages, remove_old_pictures
from psqe.study.project import Project

ROOT = Path(__file__).parents[1]
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
)
"""Two pictures of one dot, a red and a blue one."""


def write_page(project: Project, name: str, text: str, number: int, picture: int = 0) -> None:
    """Write an executed notebook that shows a picture and has a number for other pages."""
    path = project.runs / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    glued = {
        "output_type": "display_data",
        "data": {"application/papermill.record/text/plain": str(number)},
        "metadata": {"scrapbook": {"mime_prefix": "application/papermill.record/", "name": "number"}},
    }
    shown = {"output_type": "display_data", "data": {"image/png": PICTURE[picture]}, "metadata": {}}
    cells = [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": text},
        {
            "cell_type": "code", "id": "b", "metadata": {}, "source": "1", "execution_count": 1,
            "outputs": [glued, shown],
        },
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A book of five pages, two of them notebooks, without the API reference."""
    root = tmp_path / "checkout"
    (root / "notebooks").mkdir(parents=True)
    (root / "book").mkdir()
    config = (ROOT / "_config.yml").read_text()
    (root / "_config.yml").write_text(config.replace("      - psqe.study.book.reference\n", ""))
    for name in ("_extra", "_static"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name)
    for name in ("references.bib", "search.js"):
        shutil.copy(ROOT / "book" / name, root / "book")
    for name in "ab":
        write_notebook(root / "notebooks", name)
    pages = {
        "_toc.yml": "format: jb-book\nroot: index\nchapters:\n"
        + "".join(f"  - file: {page}\n" for page in ("runs/a", "runs/b", "words", "references")),
        "index.md": "# The title\n\nThe number is {glue:text}`runs/a.ipynb::number:d`.\n",
        "words.md": "# Words\n\nSee {doc}`runs/b` and {ref}`the section <there>`.\n",
        "references.md": "# References\n\n```{bibliography}\n```\n",
    }
    for name, text in pages.items():
        (root / "book" / name).write_text(text)
    found = Project.find(root)
    write_page(found, "a", "# A\n\nCited: {cite:p}`liu2021eva`.", 5)
    write_page(found, "b", "# B\n\n(there)=\n## There", 7)
    monkeypatch.setattr(build, "write_reference", lambda book: [])
    return found


def site(project: Project) -> dict[str, bytes]:
    html = project.build / "_build" / "html"
    return {str(p.relative_to(html)): p.read_bytes() for p in html.rglob("*") if p.is_file()}


def rebuilt(project: Project, **options: bool) -> tuple[list[str], set[str]]:
    """Build the pages; return what was said, and the pages that were written."""
    html = project.build / "_build" / "html"
    before = {page: page.stat().st_mtime_ns for page in html.rglob("*.html")}
    said: list[str] = []
    build_pages(project, say=said.append, **options)
    pages = {page for page in html.rglob("*.html") if page.stat().st_mtime_ns != before.get(page)}
    return said, {page.relative_to(html).with_suffix("").as_posix() for page in pages}


def test_only_the_pages_that_a_change_concerns_are_written_and_the_site_is_that_of_a_whole_build(
    project: Project,
) -> None:
    assert rebuilt(project)[1] >= {"index", "runs/a", "runs/b", "words", "references"}
    assert rebuilt(project) == (["the book is as it was"], set())

    write_page(project, "a", "# A\n\nCited: {cite:p}`liu2021eva`.", 6, picture=1)
    said, written = rebuilt(project)
    assert said == ["book"]
    assert {"index", "runs/a"} <= written and not {"runs/b", "words", "references"} & written
    after = site(project)
    assert ">6<" in after["index.html"].decode()
    rebuilt(project, fresh=True)
    assert site(project) == after

    write_page(project, "b", "# Another title\n\n(there)=\n## There", 7)
    assert rebuilt(project)[1] >= {"index", "runs/a", "runs/b", "words", "references"}
    assert "Another title" in site(project)["words.html"].decode()


def test_a_reference_that_is_dead_since_a_change_of_another_page_stops_the_build(project: Project) -> None:
    rebuilt(project)
    write_page(project, "b", "# B", 7)
    with pytest.raises(PsqeError, match=r"words\.md.* 'there'"):
        build_pages(project)
    assert Sources.read(project.build / "_build") is None
    with pytest.raises(PsqeError, match=r"words\.md.* 'there'"):
        build_pages(project)  # Sphinx would not repeat it
    write_page(project, "b", "# B\n\n(there)=\n## There", 7)
    build_pages(project)


def test_pictures_that_no_page_shows_go(tmp_path: Path) -> None:
    (tmp_path / "_images").mkdir()
    for name in ("a.png", "b c.png", "old.png"):
        (tmp_path / "_images" / name).touch()
    (tmp_path / "page.html").write_text('<img src="_images/a.png"> <img src="../_images/b%20c.png">')
    remove_old_pictures(tmp_path)
    assert sorted(path.name for path in (tmp_path / "_images").iterdir()) == ["a.png", "b c.png"]


@pytest.mark.parametrize("stop", ["kill", "interrupt"])
def test_sphinx_ends_with_the_command_and_the_next_build_starts_from_nothing(
    project: Project, stop: str
) -> None:
    command = Command(project.root, "book")
    until(lambda: any("site_process" in name for name in command.others().values()))
    if stop == "kill":
        command.kill()
    else:
        assert command.interrupt() == 130
        old, last = command.told().splitlines()  # these notebooks have no records
        assert old.startswith("psqe: warning: the book shows a, b as they were before something changed")
        assert last == "psqe: interrupted; what was finished is kept"
    until(lambda: not command.others(), timeout=2)
    assert Sources.read(project.build / "_build") is None
