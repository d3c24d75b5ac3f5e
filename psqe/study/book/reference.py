"""The pages of the API reference, one per module, generated from the docstrings before the book is built.

This module is an extension of Sphinx too (it is listed in ``_config.yml``): it keeps what is on these pages
out of the results of the site's search, which is meant for the chapters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from sphinx.application import Sphinx
from sphinx.domains.python import ObjectEntry, PythonDomain
from sphinx.environment import BuildEnvironment

from psqe.files import write_text

PACKAGE = Path(__file__).resolve().parents[2]
"""The folder of the package ``psqe``."""

UNDESCRIBED = ("cli", "study")
"""The rooms that the reference leaves out, because a user of the library imports nothing from them: the
command line describes itself (``psqe --help``), and the study is described by its notebooks."""


def library_modules() -> list[str]:
    """Find the public modules of ``psqe`` that a user of the library may import.

    Returns
    -------
    The dotted names in alphabetical order, without those of the rooms :data:`UNDESCRIBED`. A module is public
    if no part of its name begins with an underscore.

    Examples
    --------
    >>> library_modules()[:3]
    ['psqe', 'psqe.adjacency', 'psqe.aligners']
    """
    names = (
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in PACKAGE.rglob("*.py")
        if path.relative_to(PACKAGE).parts[0] not in UNDESCRIBED
    )
    return sorted(name for name in names if "._" not in name)


def page_of(module: str) -> str:
    """Name the page of a module: ``api/ROOM`` for a room, ``api/ROOM/MODULE`` for a module in it.

    Modules directly below ``psqe`` are in the room ``psqe``.

    Parameters
    ----------
    module
        The dotted name of the module.

    Returns
    -------
    str
        The path of the page in the sources of the book, without suffix.

    Examples
    --------
    >>> page_of("psqe.seeds"), page_of("psqe.seeds.audit"), page_of("psqe.graph")
    ('api/seeds', 'api/seeds/psqe.seeds.audit', 'api/psqe/psqe.graph')
    """
    room = module.split(".")[1:2]
    if room and (PACKAGE / room[0]).is_dir():
        return f"api/{room[0]}" if module == f"psqe.{room[0]}" else f"api/{room[0]}/{module}"
    return f"api/psqe/{module}" if room else "api/psqe"


def write_reference(book: Path) -> list[str]:
    """Write the pages of the reference into the sources of the book, in place of those that were there.

    A page that would be the same is not touched.

    Parameters
    ----------
    book
        The folder with the sources of the book. The pages go into its folder ``api``.

    Returns
    -------
    The names of the pages, relative to ``book`` and without suffix.
    """
    pages = {page_of(module): module for module in library_modules()}
    for path in (book / "api").rglob("*.rst"):
        if path.relative_to(book).with_suffix("").as_posix() not in pages:
            path.unlink()
    for page, module in pages.items():
        title = module.replace("_", r"\_")
        # What a package exports is described on the page of the module that defines it.
        text = (
            f":nosearch:\n\n{title}\n{'=' * len(title)}\n\n.. automodule:: {module}\n   :ignore-module-all:\n"
        )
        if page.count("/") == 1:  # the page of a room lists its modules
            text += "\n.. tableofcontents::\n"
        path = book / f"{page}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
    return list(pages)


class ReferenceDomain(PythonDomain):
    """Python objects as Sphinx describes them, but unlisted by the search and known by every public name."""

    _known: tuple[int, frozenset[str]] = (0, frozenset())

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """Yield the objects as Sphinx does, with the priority (-1) that keeps them out of the search."""
        for name, shown, kind, page, anchor, _ in super().get_objects():
            yield name, shown, kind, page, anchor, -1

    def find_obj(
        self,
        env: BuildEnvironment,
        modname: str,
        classname: str,
        name: str,
        type: str | None,
        searchmode: int = 0,
    ) -> list[tuple[str, ObjectEntry]]:
        """Find an object as Sphinx does, or, where a package exports it, in the module that defines it."""
        last = name.removesuffix("()").rpartition(".")[2]
        if searchmode == 1 and not name.startswith("psqe.") and last not in self._last_names():
            return []  # Sphinx would compare it with the end of the name of every object
        found = super().find_obj(env, modname, classname, name, type, searchmode)
        if found or not name.startswith("psqe."):
            return found
        try:
            exported = resolve_name(name.removesuffix("()"))
            defined = f"{exported.__module__}.{exported.__qualname__}"
        except (ImportError, AttributeError):
            return []
        return super().find_obj(env, modname, classname, defined, type, searchmode)

    def _last_names(self) -> frozenset[str]:
        """The last parts of the names of all objects. It is made again whenever there are more, or fewer."""
        n, names = self._known
        if n != len(self.objects):
            names = frozenset(name.rpartition(".")[2] for name in self.objects)
            self._known = len(self.objects), names
        return names


UNDECLARED = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")
"""Extensions that do not declare whether pages may be read in several processes. They may: the first numbers
sections when all pages are read, and the second changes documents in LaTeX only."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    # Autodoc writes annotations of a base class into the classes that it describes. A pydantic model that is
    # defined after that would find types in them that its module does not know.
    for module in library_modules():
        import_module(module)
    app.add_domain(ReferenceDomain, override=True)
    app.connect("autodoc-process-docstring", _keep_colons, priority=400)  # before napoleon, which has 500
    app.connect("env-before-read-docs", _declare)
    # Before the theme makes the sidebar, which has 500.
    app.connect("html-page-context", partial(_share_sidebar, {}), priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _declare(app: Sphinx, env: object, names: object) -> None:
    """Declare that pages may be read in several processes, for extensions that do not say so."""
    for name in UNDECLARED:
        if name in app.extensions:
            app.extensions[name].parallel_read_safe = True


def _share_sidebar(
    made: dict[tuple[str, str], str],
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: object,
) -> None:
    """Make the sidebar once for all pages of modules of a subpackage.

    It lists rooms and no modules (``max_navbar_depth`` in ``_config.yml``), so that the pages of a folder
    have the same one. Sphinx would make it for each page, and copy the contents of all pages each time.
    """
    folder = pagename.rpartition("/")[0]
    if not folder.startswith("api/"):
        return
    make = context["toctree"]

    def kept(**options: Any) -> str:
        key = folder, repr(sorted(options.items()))
        if key not in made:
            made[key] = make(**options)
        return made[key]

    context["toctree"] = kept


def _keep_colons(
    app: Sphinx, what: str, name: str, described: object, options: object, lines: list[str]
) -> None:
    """Begin the description of a value with an empty line.

    Napoleon takes what stands before a colon in the first line for the type of the value.
    """
    if what in ("data", "attribute", "property"):
        lines.insert(0, "")
