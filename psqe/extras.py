"""Optional packages: which extra of ``psqe`` brings them, and what to say where they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psqe.errors import PsqeError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a failed import of an optional package into an error that names the remedy.

    Parameters
    ----------
    extra
        The name of the extra in ``pyproject.toml`` that brings the package, for example ``"book"``.

    Raises
    ------
    PsqeError
        If a package outside ``psqe`` cannot be found inside the ``with`` block.

    Examples
    --------
    >>> with needs_extra("book"):
    ...     import a_package_that_nobody_has
    Traceback (most recent call last):
    psqe.errors.PsqeError: the package 'a_package_that_nobody_has' is not installed; pip install "psqe[book]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "psqe"):  # a fault of ours
            raise
        raise PsqeError(
            f"the package {package!r} is not installed", remedy=f'pip install "psqe[{extra}]"'
        ) from error
