"""Build the book: from executed notebooks and pages to HTML that needs no other host."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from psqe.errors import PsqeError, PsqeWarning
from psqe.extras import needs_extra
from psqe.files import content_hash, hash_of, write_json, write_text
from psqe.study.book.inputs import Inputs, code, folders_among
from psqe.study.book.lock import locked
from psqe.study.book.notebook import Notebook, prerequisites
from psqe.study.book.records import digest, key_of, whole_record
from psqe.study.book.reference import write_reference
from psqe.study.book.site_process import PARENT
from psqe.study.project import Project

BUILT = "built.json"
"""The file in the folder of the site that says what the site was built from. It is written last."""


@dataclass(frozen=True)
class Sources:
    """What a site is built from.

    Attributes
    ----------
    common
        The hash of all that decides every page: the configuration, the contents, the package.
    pages
        The hash of the source of each page, without those of the API reference, which the package decides.
    """

    common: str
    pages: dict[str, str]

    @classmethod
    def of(cls, project: Project) -> Sources:
        """Look at the sources of a book.

        Parameters
        ----------
        project
            The checkout.

        Returns
        -------
        Sources
            Their hashes now.

        Raises
        ------
        PsqeError
            If a page of the table of contents is missing, or a file cannot be read.
        """
        written = (page for page in project.pages() if not page.startswith("api/"))
        files = {page: _source(project, page) for page in written}
        others = [project.root / "_config.yml", *sorted(set(project.book.glob("*.*")) - set(files.values()))]
        parts = [path.name + content_hash(path.read_bytes()) for path in others if path.is_file()]
        folders = sorted(path for path in project.book.glob("_*") if path.is_dir())
        return cls(
            common=content_hash(code(), *parts, hash_of(folders)),
            pages={page: content_hash(*_texts(path)) for page, path in files.items()},
        )

    @classmethod
    def read(cls, output: Path) -> Sources | None:
        """Read what a site was built from.

        Parameters
        ----------
        output
            The folder of what Sphinx has built, ``build/_build``.

        Returns
        -------
        Sources or None
            The hashes of the last build; ``None`` if it did not end well, or there was none.
        """
        try:
            return cls(**json.loads((output / BUILT).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


def build_book(root: str | Path | None = None, *, fresh: bool = False) -> Path:
    """Build the book of a checkout, while no study runs there.

    Every warning is an error: a dead reference, a figure that no run wrote, a number that no run
    produced. Sphinx's whole output is kept in ``build/book.log``.

    Parameters
    ----------
    root
        The checkout. By default it is looked for from the working directory upwards.
    fresh
        Whether to build every page; by default those that a change since the last build concerns.

    Returns
    -------
    Path
        ``build/_build/html/index.html``.

    Raises
    ------
    PsqeError
        If a notebook of the table of contents has not been run, or the build warns or fails; if a study runs
        in the checkout, or its folders cannot be written.

    Warns
    -----
    PsqeWarning
        If something has changed since a notebook ran that decides what it writes.
    """
    project = Project.find(root)
    with locked(project, "psqe book"):
        if names := outdated(project):
            warnings.warn(
                f"the book shows {', '.join(names)} as they were before something changed that decides what "
                "they write; psqe study runs them again",
                PsqeWarning,
                stacklevel=2,
            )
        return build_pages(project, fresh=fresh)


def outdated(project: Project) -> list[str]:
    """Find the notebooks in the book that ``psqe study`` would run again, with the parameters that they had.

    Parameters
    ----------
    project
        The checkout.

    Returns
    -------
    list of str
        The names of these notebooks, in the order of the book. A notebook that has never been run is not
        among them.

    Raises
    ------
    PsqeError
        If a notebook cannot be read.
    """
    notebooks = [Notebook.read(path) for path in project.notebooks()]
    records = {notebook.name: whole_record(project.runs, notebook.name) for notebook in notebooks}
    values = (value for record in records.values() if record for value in record.parameters.values())
    inputs = Inputs.of(project.root, folders_among(values, project.root))
    waits_for, found = prerequisites(notebooks), []
    for notebook in notebooks:
        record, now = records[notebook.name], ""
        if record is not None:
            others = () if record.left_out else sorted(waits_for[notebook.name])
            before = {other: digest(project.runs, other) for other in others if records[other]}
            now = key_of(
                notebook, record.parameters, record.profile, inputs.digest, before, left_out=record.left_out
            )
        run = project.runs / f"{notebook.name}.ipynb"
        if run.is_file() and (record is None or record.key != now):
            found.append(notebook.name)
    return found


def build_pages(
    project: Project, *, fresh: bool = False, say: Callable[[str], None] = lambda what: None
) -> Path:
    """Build the book of a checkout whose lock this process has; see :func:`build_book`.

    Parameters
    ----------
    project
        The checkout.
    fresh
        Whether to build every page; by default those that a change since the last build concerns.
    say
        A function that is told in a few words what is done; by default nothing is told.

    Returns
    -------
    pathlib.Path
        ``build/_build/html/index.html``.

    Raises
    ------
    PsqeError
        If jupyter-book is not installed, a page of the table of contents is missing or was not run, a file
        cannot be read or written, or the build warns or fails.
    """
    with needs_extra("book"):
        import_module("jupyter_book")
    project.notebooks()  # the table of contents and the notebooks agree
    sources, output = Sources.of(project), project.build / "_build"
    html, before = output / "html", Sources.read(output)
    if (
        fresh
        or before is None
        or before.common != sources.common
        or before.pages.keys() != sources.pages.keys()
    ):
        # Sphinx does not repeat the warnings of pages that it has built before.
        shutil.rmtree(output, ignore_errors=True)
    elif before == sources and all((html / f"{page}.html").is_file() for page in sources.pages):
        say("the book is as it was")
        return html / "index.html"
    say("book")
    # A checksum of a style sheet that a former build wrote would be put into pages.
    shutil.rmtree(html / "_static", ignore_errors=True)
    write_reference(project.book)
    (output / BUILT).unlink(missing_ok=True)
    _run_sphinx(project)
    remove_old_pictures(html)
    remove_old_words(html)
    write_json(output / BUILT, asdict(sources))
    return html / "index.html"


def remove_old_pictures(html: Path) -> None:
    """Remove the pictures of former builds, which no page shows any more.

    Parameters
    ----------
    html
        The folder of the site.
    """
    shown: set[str] = set()
    for page in html.rglob("*.html"):
        shown.update(re.findall(r"_images/([^\"'?#)\s]+)", page.read_text(encoding="utf-8")))
    for picture in (html / "_images").glob("*"):
        if quote(picture.name) not in shown and picture.name not in shown:
            picture.unlink()


def remove_old_words(html: Path) -> None:
    """Remove from the index of the search the words of former builds, which are on no page any more.

    Parameters
    ----------
    html
        The folder of the site.
    """
    path, start, end = html / "searchindex.js", "Search.setIndex(", ")"
    index = json.loads(path.read_text(encoding="utf-8").removeprefix(start).removesuffix(end))
    for kind in ("terms", "titleterms"):
        index[kind] = {word: pages for word, pages in index[kind].items() if pages != []}
    write_text(path, start + json.dumps(index, sort_keys=True) + end)


def _texts(page: Path) -> list[bytes]:
    """Read the source of a page, and the files that it includes, such as the README."""
    text = page.read_bytes()
    included = re.findall(rb"^```\{include\} (\S+)", text, re.MULTILINE)
    paths = [page.parent / name.decode() for name in included]
    return [text, *(path.read_bytes() for path in paths if path.is_file())]  # Sphinx reports missing ones


def _source(project: Project, page: str) -> Path:
    """Find the source of a page.

    Raises
    ------
    PsqeError
        If there is none.
    """
    if page.startswith("runs/"):
        path = project.book / f"{page}.ipynb"
        if not path.is_file():
            notebook = project.root / "notebooks" / f"{path.stem}.md"
            raise PsqeError("has not been run yet", path=notebook, remedy="run psqe study first")
        return path
    path = project.book / f"{page}.md"
    if not path.is_file():
        raise PsqeError("is missing", path=path, remedy="write it, or take it out of book/_toc.yml")
    return path


def _run_sphinx(project: Project) -> None:
    """Run Sphinx, in a process of its own, which ends with this one.

    Raises
    ------
    PsqeError
        If it fails or warns.
    """
    # The jupyter-book of this interpreter's environment, whatever other one is on the path.
    command = [sys.executable, "-P", "-m", "psqe.study.book.site_process"]
    command += ["build", str(project.book)]
    command += ["--config", str(project.root / "_config.yml"), "--path-output", str(project.build)]
    command += ["-W", "-n", "--keep-going"]
    # The log is searched below: its messages must be English and without colours.
    environment = {**os.environ, "NO_COLOR": "1", "LANGUAGE": "en", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command,
        cwd=project.root,
        env={**environment, PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    log = project.build / "book.log"
    text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    write_text(log, text)
    if done.returncode or not (project.build / "_build" / "html" / "index.html").is_file():
        raise PsqeError(_fault(text), path=project.book, remedy=f"see {log}")


def _fault(log: str) -> str:
    """Say in one line what is wrong: the first warning, and how many more there are."""
    faults = [line.strip() for line in log.splitlines() if re.search(r"\b(WARNING|ERROR|CRITICAL)\b", line)]
    if not faults:
        last = [line.strip() for line in log.splitlines() if line.strip()][-1:]
        return f"the book cannot be built: {' '.join(last)}"
    more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"the book cannot be built: {faults[0]}{more}"
