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
        raise DataError(f"missing from the package {distribution!r}", path=path, remedy=remedy)
    return path
