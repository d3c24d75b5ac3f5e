"""The images of a pair: which files they are, and a check of each before any of them is encoded."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from psqe.datasets.faults import Faults
from psqe.files import open_file
from psqe.pictures.content import OR_WITHOUT, NoPictureError, check_file, picture_bytes
from psqe.pictures.drawing import is_drawing, parse_drawing
from psqe.pictures.renderer import NotRenderedError

ENDINGS = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".svg",
     ".svgz", ".ico", ".heic", ".heif", ".jxl", ".jp2", ".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".psd", "")
)  # fmt: skip
"""The endings of files in a folder of images that are meant as images, in lower case."""

LEFT_BY_SYSTEMS = frozenset(
    ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "@eadir", "__macosx")
)  # fmt: skip
"""Names of files that systems leave in folders of images, in lower case. They are passed over."""

WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://|//|www\.", re.IGNORECASE)
"""How an address on the web begins."""


def images_in(folder: Path, faults: Faults) -> Iterator[Path]:
    """Yield the files of a folder that are meant as images, by name.

    Parameters
    ----------
    folder
        The folder.
    faults
        Receives a folder that cannot be read; and, as left out, subfolders, pipes and files of other kinds.
        Hidden files, and those that systems leave behind, are passed over.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        faults.add(f"cannot be read ({error.strerror})", path=folder, remedy="it is the folder of the images")
        return
    for path in paths:
        if path.name.lower() in LEFT_BY_SYSTEMS:
            continue
        if path.suffix.lower() not in ENDINGS and path.is_file() and not _begins_as_image(path):
            faults.leave_out(
                f"{path.name!r} is no image", path=folder, remedy="move it elsewhere", kind="file"
            )
        elif path.is_dir():
            remedy = "put the images themselves into the folder, or list their paths in images.tsv"
            faults.leave_out(f"{path.name!r} is a folder", path=folder, remedy=remedy, kind="folder")
        else:
            yield path


def _begins_as_image(path: Path) -> bool:
    try:
        _check_beginning(path)
    except NoPictureError:
        return False
    return True


def named_image(
    root: Path, named: str, faults: Faults, *, within: Path, source: Path, line: int | None = None
) -> Path | None:
    """Return the path of an image that a table names; ``None`` after a fault without which there is no path.

    Parameters
    ----------
    root
        The folder from which relative paths start.
    named
        What the table says.
    faults
        Receives an address on the web, an absolute path, and everything that :func:`is_image` reports.
    within
        The folder of the pair.
    source, line
        The table, and the line in it.
    """
    folder = root.absolute().name
    fault = None
    if WEB.match(named):
        fault = "is a web address", f"download it into the folder {folder}, and write its path there"
    elif named.lower().startswith("data:"):
        fault = "holds the image itself", f"save it in the folder {folder}, and write its path there"
    if fault is not None:
        what = f"the image {shortened(named)!r} {fault[0]}"
        faults.add(what, path=source, line=line, remedy=fault[1], lost=False)
        return None
    if Path(named).is_absolute() or re.match(r"[A-Za-z]:[\\/]", named):
        faults.add(
            f"the path {shortened(named)!r} is absolute",
            path=source,
            line=line,
            remedy=f"write it relative to the folder {folder}",
            lost=False,
        )
        return None
    path = root / named
    if "\\" in named and not path.exists():  # as Windows writes it
        path = root / named.replace("\\", "/")
    if _lacks_its_folder(root, named):
        faults.add(
            f"the image {shortened(named)!r} is missing, but {shortened(f'images/{named}')!r} is there",
            path=source,
            line=line,
            remedy=f"write each path as it is from the folder {folder}, with images/ before it",
            lost=False,
        )
        return None
    is_image(path, faults, named=named, source=source, line=line, within=within)
    return path  # a broken image, too, so that its entity stays the same


def _lacks_its_folder(root: Path, named: str) -> bool:
    """Return whether there is no file of a name in a folder, but one in its folder ``images``."""
    try:
        return not (root / named).exists() and (root / "images" / named).is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def is_image(
    path: Path,
    faults: Faults,
    *,
    named: str = "",
    source: Path | None = None,
    line: int | None = None,
    within: Path | None = None,
) -> bool:
    """Return whether there is an image at ``path``.

    Only the beginning of a file is read, and all of a vector drawing, unless faults are gathered: then
    everything is decoded.

    Parameters
    ----------
    path
        Path of the image.
    faults
        Receives a file that is missing, no image, outside ``within``, too large, or transparent everywhere.
        References of a drawing to other files are left out.
    named, source, line
        The name of the image in a table, the table, and the line in it, if a table lists the image.
    within
        The folder of the pair, which the image must be in after links are followed; any file when omitted.
    """
    subject = f"the image {shortened(named)!r}" if named else ""
    try:
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            remedy = f"copy it into the folder {within.absolute().name}, {OR_WITHOUT}"
            raise NoPictureError("is outside the folder of the pair", remedy=remedy)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # decoders warn of what is refused here, or of no importance
            references = _check_whole(path) if faults.gather else _check_beginning(path)
    except NotRenderedError as error:
        faults.put_once(error.at(source or path, subject=subject, line=line), lost=False)
        return False
    except NoPictureError as error:
        faults.put(error.at(source or path, subject=subject, line=line), lost=False)
        return False
    except (OSError, RuntimeError, ValueError) as error:  # links that lead to each other, a zero byte
        fault = NoPictureError(
            f"cannot be read ({type(error).__name__}: {error})", remedy=f"put a file there, {OR_WITHOUT}"
        )
        faults.put(fault.at(source or path, subject=subject, line=line), lost=False)
        return False
    if references:
        faults.leave_out(
            f"the drawing {path.name!r} refers to {shortened(references[0])!r}, which is not read",
            path=path.parent,
            remedy="embed the other file in the drawing, or save the drawing as PNG",
        )
    return True


def shortened(text: str) -> str:
    """Return a text without its middle if it is long.

    Examples
    --------
    >>> len(shortened("data:image/png;base64," + "A" * 100_000))
    113
    """
    return text if len(text) <= 120 else f"{text[:80]}...{text[-30:]}"


def _check_beginning(path: Path) -> tuple[str, ...]:
    """Raise an error unless a file begins as an image; return the references of a drawing."""
    from psqe.pictures.raster import open_header

    if is_drawing(picture_bytes(path, 4096)):
        return parse_drawing(picture_bytes(path)).references
    check_file(path)
    with open_file(path) as stream:
        open_header(stream)
    return ()


def _check_whole(path: Path) -> tuple[str, ...]:
    """Raise an error unless a file is an image that shows something; return the references of a drawing."""
    from psqe.pictures.pixels import decode

    data = picture_bytes(path)
    if decode(data, 64, coarse=True).getchannel("A").getbbox() is None:
        raise NoPictureError("is transparent everywhere", remedy=f"put another image there, {OR_WITHOUT}")
    return parse_drawing(data).references if is_drawing(data) else ()
