"""The pictures of characters: strokes as KanjiVG draws them, and the glyphs of a font.

They are files of the cache, written once, because neither source has one picture a file: KanjiVG's files
also number the strokes, and a font has all glyphs in one file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

from psqe.datasets.han.assets import font_file, stroke_files
from psqe.datasets.han.common import character_id
from psqe.datasets.installed import reinstall
from psqe.errors import CacheError, DataError
from psqe.files import cache_folder, content_hash
from psqe.temporary import temporary_folder

STROKES_VERSION, GLYPHS_VERSION = "3", "3"
"""Versions of the drawings; raise one when its pictures change."""

GLYPH_PIXELS = 224
"""Height of the square on which the font is drawn, in pixels, which is what image encoders take."""

_SVG = "http://www.w3.org/2000/svg"


def stroke_drawings() -> dict[str, Path]:
    """Return the drawing of the strokes of each character of KanjiVG, without numbers and names of parts.

    Raises
    ------
    DataError
        If the package ``kanjivg`` is not installed, or one of its files is broken.
    CacheError
        If the drawings cannot be written.
    """
    files = stroke_files()
    key = content_hash("strokes", STROKES_VERSION, *(f"{c}{p.stat().st_size}" for c, p in files.items()))

    def draw(folder: Path) -> None:
        # In the order of the names, so that the times of the files do not tell the order of code points.
        for character in sorted(files, key=lambda character: _name("kanji", character)):
            path = files[character]
            (folder / f"{_name('kanji', character)}.svg").write_text(plain_strokes(path), encoding="utf-8")

    folder = _made_once(f"strokes-{key[:16]}", draw, len(files))
    return {character: folder / f"{_name('kanji', character)}.svg" for character in files}


def read_drawing(path: Path) -> ElementTree.Element:
    """Read a file of KanjiVG.

    Raises
    ------
    DataError
        If the file cannot be read, or is no XML.
    """
    try:
        return ElementTree.parse(path).getroot()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise DataError(what, path=path, remedy=reinstall("kanjivg")) from error
    except ElementTree.ParseError as error:
        what = f"cannot be read as a drawing ({error})"
        raise DataError(what, path=path, remedy=reinstall("kanjivg")) from error


def plain_strokes(path: Path) -> str:
    """Return a file of KanjiVG as a drawing of its strokes alone.

    Raises
    ------
    DataError
        If the file is no drawing or has no stroke.
    """
    root = read_drawing(path)
    paths = [element.get("d", "") for element in root.iter(f"{{{_SVG}}}path")]
    if not paths:
        raise DataError("has no stroke", path=path, remedy=reinstall("kanjivg"))
    strokes = "".join(f'<path d="{d}"/>' for d in paths)
    style = 'fill="none" stroke="#000" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"'
    return (
        f'<svg xmlns="{_SVG}" viewBox="{root.get("viewBox", "0 0 109 109")}"><g {style}>{strokes}</g></svg>'
    )


def glyph_drawings(characters: Sequence[str]) -> dict[str, Path]:
    """Return the drawing of the glyph of each character in the font Noto Serif SC.

    Parameters
    ----------
    characters
        Characters that the font has, see :func:`characters_of_font`.

    Raises
    ------
    DataError
        If the package ``pylopdf-fonts-zh-cn`` is not installed, or the font lacks a character.
    CacheError
        If the drawings cannot be written.
    """
    font = font_file()
    known = characters_of_font()
    if missing := [character for character in characters if character not in known]:
        raise DataError(f"has no glyph of {missing[0]!r}", path=font, remedy=reinstall("pylopdf-fonts-zh-cn"))
    ordered = sorted(set(characters))
    key = content_hash("glyphs", GLYPHS_VERSION, str(font.stat().st_size), "".join(ordered))
    folder = _made_once(
        f"glyphs-{key[:16]}", lambda folder: _draw_glyphs(font, ordered, folder), len(ordered)
    )
    return {character: folder / f"{_name('hanzi', character)}.png" for character in ordered}


def characters_of_font() -> Mapping[str, str]:
    """Return the name of the glyph of each character of the font Noto Serif SC.

    Raises
    ------
    DataError
        If the package ``pylopdf-fonts-zh-cn`` is not installed.
    """
    from fontTools.ttLib import TTFont, TTLibError

    file = font_file()
    try:
        with TTFont(file, lazy=True) as font:
            return {chr(code): str(name) for code, name in font.getBestCmap().items()}
    except (TTLibError, OSError, AttributeError) as error:  # the last where there is no table of characters
        what = f"cannot be read as a font ({error})"
        raise DataError(what, path=file, remedy=reinstall("pylopdf-fonts-zh-cn")) from error


def _draw_glyphs(file: Path, characters: Sequence[str], folder: Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(file), GLYPH_PIXELS, layout_engine=ImageFont.Layout.BASIC)
    # In the order of the names, so that the times of the files do not tell the order of code points.
    for character in sorted(characters, key=lambda character: _name("hanzi", character)):
        left, top, right, bottom = font.getbbox(character)
        alpha = Image.new("L", (int(right - left), int(bottom - top)), 0)
        ImageDraw.Draw(alpha).text((-left, -top), character, fill=255, font=font)
        picture = Image.merge("LA", (Image.new("L", alpha.size, 0), alpha))
        picture.save(folder / f"{_name('hanzi', character)}.png", compress_level=6)


def _name(side: str, character: str) -> str:
    """Return the name of a picture, which tells no code point, for pictures are exported with their names."""
    return character_id(side, character).partition(":")[2]


def _made_once(name: str, make: Callable[[Path], None], n_files: int) -> Path:
    """Return a folder of the cache; make it whole or not at all if it is not there.

    A folder with another number of files, or with an empty one, was damaged, and is made again.
    """
    root = cache_folder("pictures")
    folder = root / name
    with ExitStack() as stack:
        try:
            if _is_whole(folder, n_files):
                return folder
            root.mkdir(parents=True, exist_ok=True)
            temporary = stack.enter_context(temporary_folder(folder))
        except OSError as error:
            raise _unwritable(root, error) from error
        made, damaged = temporary / "made", temporary / "damaged"
        try:
            made.mkdir()
            make(made)
            made.chmod(0o755)
            if not _is_whole(folder, n_files):  # another process may have made it at the same time
                if os.path.lexists(folder):
                    folder.rename(damaged)
                made.rename(folder)
        except OSError as error:
            if not _is_whole(folder, n_files):
                raise _unwritable(root, error) from error
    return folder


def _is_whole(folder: Path, n_files: int) -> bool:
    """Return whether a folder is there with so many files, none of them empty."""
    if not folder.is_dir():
        return False
    sizes = [entry.stat().st_size if entry.is_file() else 0 for entry in os.scandir(folder)]
    return len(sizes) == n_files and all(sizes)


def _unwritable(root: Path, error: OSError) -> CacheError:
    return CacheError(
        f"pictures cannot be saved here ({error.strerror})",
        path=root,
        remedy="set PSQE_CACHE to a folder that you may write to",
    )
