"""The folders of a checkout of the project, and the pages that its table of contents names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from psqe.errors import PsqeError


@dataclass(frozen=True)
class Project:
    """The folders of a checkout.

    Attributes
    ----------
    root
        The folder that holds ``_config.yml`` and ``book/_toc.yml``.
    """

    root: Path

    @classmethod
    def find(cls, start: str | Path | None = None) -> Project:
        """Find the checkout around a folder, or, if there is none, the checkout that the package lies in.

        Parameters
        ----------
        start
            The folder to start from; the working directory by default. Folders above it count.

        Returns
        -------
        Project
            The checkout.

        Raises
        ------
        PsqeError
            If neither the folder nor the package lies in a checkout.
        """
        start = Path.cwd() if start is None else Path(start)
        folder = start.resolve()
        for candidate in (folder, *folder.parents, Path(__file__).resolve().parents[2]):
            if (candidate / "_config.yml").is_file() and (candidate / "book" / "_toc.yml").is_file():
                return cls(candidate)
        raise PsqeError(
            "is not in a checkout of the project",
            path=start,
            remedy="go to the folder that holds _config.yml",
        )

    @property
    def book(self) -> Path:
        """The sources of the book."""
        return self.root / "book"

    @property
    def runs(self) -> Path:
        """The executed notebooks and the files they wrote."""
        return self.book / "runs"

    @property
    def build(self) -> Path:
        """The folder that the book is built into."""
        return self.root / "build"

    @property
    def results(self) -> Path:
        """The committed results of long runs."""
        return self.root / "results"

    def notebooks(self) -> list[Path]:
        """List the notebooks in the order of the table of contents, whose entries are ``runs/NAME``.

        Returns
        -------
        list of pathlib.Path
            The files ``notebooks/NAME.md``.

        Raises
        ------
        PsqeError
            If an entry has no notebook, or a notebook has no entry.
        """
        toc = self.book / "_toc.yml"
        names = [entry.removeprefix("runs/") for entry in self.pages() if entry.startswith("runs/")]
        paths = [self.root / "notebooks" / f"{name}.md" for name in names]
        for path in paths:
            if not path.is_file():
                raise PsqeError(f"names runs/{path.stem}, but there is no {path}", path=toc)
        for path in sorted((self.root / "notebooks").glob("*.md")):
            if path not in paths:
                raise PsqeError(
                    "is in no chapter of the book", path=path, remedy=f"add runs/{path.stem} to {toc}"
                )
        return paths

    def pages(self) -> list[str]:
        """List every page in the table of contents, in order and without suffix.

        The generated pages of the API reference are not among them.

        Returns
        -------
        list of str
            The paths of the pages from the folder of the book.

        Raises
        ------
        PsqeError
            If the table cannot be read.
        """
        toc = self.book / "_toc.yml"
        try:
            return _files(yaml.safe_load(toc.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError) as error:
            raise PsqeError(f"cannot be read ({error})", path=toc) from error


def _files(node: Any) -> list[str]:
    """List the ``root:`` and ``file:`` entries below a node of the table of contents, in order."""
    if isinstance(node, list):
        return [name for child in node for name in _files(child)]
    if not isinstance(node, dict):
        return []
    own = [str(node[key]) for key in ("root", "file") if key in node]
    return own + [name for value in node.values() for name in _files(value)]
