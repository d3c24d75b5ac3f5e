"""The process that :mod:`psqe.pictures.renderer` starts: reads drawings from a pipe and writes pictures.

It imports nothing of psqe, so that it starts in little time.
"""

from __future__ import annotations

import struct
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REQUEST, ANSWER = ">IIB", ">BI"
MOST_BYTES = 2 * 2**30
"""Number of bytes of memory that the process may have."""

STACK = 256 * 2**20
"""Number of bytes of the stack of the thread that renders, which nested drawings need."""

FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSansMono")
"""The fonts that are loaded; they have Latin, Greek, Cyrillic, Arabic, Hebrew and other alphabets."""


def main() -> None:
    """Answer requests until the pipe is closed."""
    _limit_memory()
    threading.stack_size(STACK)
    thread = threading.Thread(target=_serve)
    thread.start()
    thread.join()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [MOST_BYTES, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve() -> None:
    while True:
        head = sys.stdin.buffer.read(struct.calcsize(REQUEST))
        if len(head) < struct.calcsize(REQUEST):
            return
        size, pixels, with_fonts = struct.unpack(REQUEST, head)
        try:
            ok, answer = True, _rendered(sys.stdin.buffer.read(size).decode(), pixels, with_fonts)
        except BaseException as error:  # a panic of the renderer is no Exception
            ok, answer = False, f"{type(error).__name__}: {error}".encode()
        sys.stdout.buffer.write(struct.pack(ANSWER, ok, len(answer)) + answer)
        sys.stdout.buffer.flush()


def _rendered(text: str, pixels: int, with_fonts: bool) -> bytes:
    import resvg_py

    fonts: dict[str, Any] = {}
    if with_fonts:
        families = ("font_family", "serif_family", "sans_serif_family", "cursive_family", "fantasy_family")
        fonts = {"font_files": _font_files(), **dict.fromkeys(families, "DejaVu Sans")}
        fonts.update(serif_family="DejaVu Serif", monospace_family="DejaVu Sans Mono")
    data = resvg_py.svg_to_bytes(
        svg_string=text, width=pixels, height=pixels, skip_system_fonts=True, **fonts
    )
    return bytes(data)


def _font_files() -> list[str]:
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [str(path) for name in FONTS if (path := folder / f"{name}.ttf").is_file()]


if __name__ == "__main__":
    main()
