"""What a teacher gets: the two notebooks of the lab, and slides of the lab and of chapters."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from psqe.errors import ParameterError, PsqeError
from psqe.files import check_writable, write_text
from psqe.study.book.cleaning import notebook_text
from psqe.study.book.notebook import Notebook
from psqe.study.book.parameters import Profile
from psqe.study.book.run_notebook import run_notebook
from psqe.study.project import Project
from psqe.study.teaching.slides import deck_page, make_slides
from psqe.study.teaching.versions import solution_notebook, student_notebook

LAB = "lab"
"""The name of the notebook of the lab."""

MATHJAX = Path("_extra", "_static", "vendor", "mathjax-3.2.2", "tex-svg.js")
"""Where MathJax is in the sources of the book."""


def write_material(
    out: str | Path,
    chapters: Sequence[str] = (),
    *,
    root: str | Path | None = None,
    profile: Profile = "default",
    force: bool = False,
    say: Callable[[str], None] = lambda what: None,
) -> list[Path]:
    """Write the notebooks of the lab and the slides into a folder.

    The lab is run for it, so that its solutions are known to pass its checks on this machine.

    Parameters
    ----------
    out
        The folder. It is made if it does not exist.
    chapters
        The names of the chapters to make slides of, beside those of the lab; none by default. They must have
        been run, as ``psqe study`` does.
    root
        The checkout. By default it is looked for from the working directory upwards.
    profile
        How much the lab computes, see :func:`psqe.study.book.run_notebook.run_notebook`.
    force
        Whether files that are there and have another content are replaced. By default nothing is written if
        there is one, because it may have somebody's work.
    say
        A function that is told in a few words what is done; by default nothing is told.

    Returns
    -------
    list of pathlib.Path
        The files that were written.

    Raises
    ------
    ParameterError
        If a chapter is unknown or not made by a notebook.
    PsqeError
        If a chapter has not been run or makes no slides, a file cannot be read or written, or a file would be
        replaced. If the lab fails, which is then kept as ``lab.failed.ipynb`` as far as it ran.
    """
    project, out = Project.find(root), Path(out)
    titles = page_titles(project)
    mathjax = _mathjax(project)
    source = project.root / "notebooks" / f"{LAB}.md"
    chapters = [name for name in dict.fromkeys(chapters) if name != LAB]
    texts = {
        f"{LAB}-student.ipynb": notebook_text(student_notebook(Notebook.read(source).content, titles)),
        **{f"{name}-slides.html": _chapter_slides(project, name, titles, mathjax) for name in chapters},
    }
    later = (f"{LAB}-solutions.ipynb", f"{LAB}-slides.html")
    for name in later:
        check_writable(out / name, streams=False)
    _check_kept(out, texts, force)
    say("running the lab")
    lab = _run_lab(source, profile, out)
    contents = notebook_text(solution_notebook(lab, titles)), deck_page(make_slides(lab, titles), mathjax)
    texts.update(zip(later, contents, strict=True))
    _check_kept(out, texts, force)
    for name, text in texts.items():
        write_text(out / name, text)
    return [out / name for name in texts]


def _mathjax(project: Project) -> str:
    """Read the program that sets formulas."""
    path = project.book / MATHJAX
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PsqeError(f"cannot be read ({error.strerror})", path=path) from error


def _chapter_slides(project: Project, name: str, titles: Mapping[str, str], mathjax: str) -> str:
    """Make the slides of a chapter that was run; an error names the chapter."""
    notebook = _executed(project, name)
    try:
        return deck_page(make_slides(notebook, titles), mathjax)
    except PsqeError as error:
        path = project.runs / f"{name}.ipynb"
        raise PsqeError(
            f"makes no slides: {error.what}", path=path, remedy=error.remedy or "run psqe study again"
        ) from error


def _run_lab(source: Path, profile: Profile, out: Path) -> NotebookNode:
    """Run the lab; if a cell fails, the notebook is kept in the folder of the material as far as it ran."""
    kept = out / f"{LAB}.failed.ipynb"
    with tempfile.TemporaryDirectory() as folder:
        failed = Path(folder, kept.name)
        try:
            return _read(run_notebook(source, profile=profile, out_dir=folder))
        except PsqeError as error:
            if not failed.is_file():
                raise
            write_text(kept, failed.read_text(encoding="utf-8"))
            remedy = error.remedy.replace(str(failed), str(kept))
            raise PsqeError(error.what, path=error.path, remedy=remedy) from error


def _check_kept(out: Path, texts: Mapping[str, str], force: bool) -> None:
    """Refuse to replace a file that has another content, such as the work of a student."""
    for name, text in texts.items():
        path = out / name
        check_writable(path, streams=False)
        if not force and path.is_file() and path.read_bytes() != text.encode():
            raise PsqeError(
                "is there and has another content, so that nothing was written",
                path=path,
                remedy="choose another folder by --out, move the file, or replace it by --force",
            )


def page_titles(project: Project) -> dict[str, str]:
    """Read the titles of the pages of a book.

    Parameters
    ----------
    project
        The checkout.

    Returns
    -------
    dict
        The first heading of each page by the name of its file, without folders and suffix.

    Raises
    ------
    PsqeError
        If a page cannot be read.
    """
    titles = {}
    for path in (*sorted(project.book.glob("*.md")), *project.notebooks()):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PsqeError(f"cannot be read ({error})", path=path) from error
        if found := re.search(r"^# (.+)$", text, re.MULTILINE):
            titles[path.stem] = found[1].strip()
    return titles


def _executed(project: Project, name: str) -> NotebookNode:
    """Read the run of a chapter from the book."""
    known = [path.stem for path in project.notebooks()]
    if name not in known:
        near = get_close_matches(Path(name).stem, known, 1)
        raise ParameterError(
            f"there is no chapter {name!r} to make slides of",
            remedy=f"perhaps {near[0]} is meant" if near else f"choose from {', '.join(known)}",
        )
    path = project.runs / f"{name}.ipynb"
    if not path.is_file():
        source = project.root / "notebooks" / f"{name}.md"
        raise PsqeError("has not been run yet", path=source, remedy="run psqe study first")
    return _read(path)


def _read(path: Path) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # a broken file raises one of several kinds
        raise PsqeError(f"is no notebook ({type(error).__name__}: {error})", path=path) from error
    return notebook
