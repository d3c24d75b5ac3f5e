"""Vector drawings to pixels, in a process of its own.

A small drawing can make a renderer recurse until its process dies, or fill the memory. The process that
renders is therefore another one, which may die: it has a bound on memory and on time, and is started again
for the next drawing. A process renders one drawing after the other, so that starting it costs little.

The time that drawings take in vain is bounded for all of them together, too: each that runs out of time
leaves less for the next ones, and when :data:`SECONDS_IN_VAIN` are spent, none is rendered any more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

from psqe.pictures.content import OR_WITHOUT, NoPictureError

SECONDS = 60.0
"""Number of seconds that one drawing may take, as long as none has run out of time."""

SECONDS_IN_VAIN = 180.0
"""Number of seconds that all drawings together that run out of time may take, from :func:`begin_run` on."""

LEAST_SECONDS = 1.0
"""Number of seconds that one drawing may take at least."""

REQUEST, ANSWER = ">IIB", ">BI"
"""The heads of the messages: number of bytes, pixels, whether fonts are needed; success, number of bytes."""

_spent = 0.0
"""Number of seconds that drawings took in vain."""

_FAILED = "the renderer stopped; the drawing is nested too deeply, or takes too much memory or time"


class NotRenderedError(NoPictureError):
    """A drawing that was not tried, since others took all the time that there is for such drawings.

    Examples
    --------
    >>> issubclass(NotRenderedError, NoPictureError)
    True
    """


def begin_run() -> None:
    """Begin to count the time that drawings take in vain: a pair is read that may be another one."""
    global _spent
    _spent = 0.0


def _limit() -> float:
    """Return the number of seconds that the next drawing may take."""
    left = SECONDS_IN_VAIN - _spent
    if left <= 0:
        raise NotRenderedError(
            "was not rendered, because drawings before it took all the time that there is for those "
            "that cannot be rendered",
            remedy="save those as PNG, or leave their entities without an image, and try again",
        )
    return min(SECONDS, max(LEAST_SECONDS, left / 3))


def render(text: str, pixels: int, *, with_fonts: bool = False) -> bytes:
    """Render a drawing.

    Parameters
    ----------
    text
        The drawing, an SVG document without references to other files.
    pixels
        Number of pixels of the longer side.
    with_fonts
        Whether the drawing has text, for which fonts are loaded: those that come with matplotlib, so that a
        drawing looks alike on every machine.

    Returns
    -------
    bytes
        The picture as PNG.

    Raises
    ------
    NoPictureError
        If the drawing cannot be rendered, or takes too much time.
    NotRenderedError
        If other drawings took so much time that this one is not tried.
    """
    limit = _limit()
    process = _taken()
    try:
        ok, answer = process.ask(text.encode(), pixels, with_fonts, limit)
    except BaseException:
        process.close()
        raise
    _put_back(process)
    if not ok:
        raise _cannot(answer.decode("utf-8", "replace"))
    return answer


def _cannot(reason: str) -> NoPictureError:
    return NoPictureError(f"cannot be rendered ({reason})", remedy=f"save it as PNG, {OR_WITHOUT}")


class _Process:
    """A process that renders one drawing after the other."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("render_process.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
            )
        except OSError as error:
            raise _cannot(f"no process can be started: {error.strerror}") from error

    def ask(self, drawing: bytes, pixels: int, with_fonts: bool, seconds: float) -> tuple[bool, bytes]:
        """Send a drawing; return whether it was rendered, and the picture or the reason why not."""
        global _spent
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            stdin, stdout = self._process.stdin, self._process.stdout
            assert stdin is not None and stdout is not None
            stdin.write(struct.pack(REQUEST, len(drawing), pixels, with_fonts) + drawing)
            stdin.flush()
            head = stdout.read(struct.calcsize(ANSWER))
            if len(head) < struct.calcsize(ANSWER):
                raise BrokenPipeError
            ok, size = struct.unpack(ANSWER, head)
            answer = stdout.read(size)
            if len(answer) < size:
                raise BrokenPipeError
            return bool(ok), answer
        except (BrokenPipeError, ConnectionError) as error:
            if not late.is_set():
                raise _cannot(_FAILED) from error
            _spent += seconds
            raise _cannot(f"it takes longer than {seconds:.2g} s") from error
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent is of no use any more
                    stream.close()
        self._process.wait()


_lock = threading.Lock()
_idle: dict[int, list[_Process]] = {}
"""The processes without work, by the process that started them: a fork must not use those of its parent."""


def _taken() -> _Process:
    with _lock:
        idle = _idle.get(os.getpid(), [])
        if idle:
            return idle.pop()
    return _Process()


def _put_back(process: _Process) -> None:
    with _lock:
        _idle.setdefault(os.getpid(), []).append(process)


@atexit.register
def _close_all() -> None:
    for process in _idle.pop(os.getpid(), []):
        process.close()
