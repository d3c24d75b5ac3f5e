"""One file over HTTP: resumed where an earlier download broke off, verified, and never half there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from psqe.errors import DataError

TIMEOUT = 30
"""Seconds without a byte after which a server counts as silent."""
REQUESTS = 5
"""How often a file is asked for in one download while its answers break off."""
CHUNK = 1 << 13
"""Bytes that are written at a time: so many at most are lost when an answer breaks off."""


def download(url: str, target: Path, *, size: int, sha256: str, otherwise: str) -> None:
    """Download ``url`` to ``target``, by way of ``<target>.part``.

    What an interrupted download left in ``<target>.part`` is gone on with, if the server knows ranges. A
    progress bar is on standard error if that is a terminal.

    Parameters
    ----------
    url
        Where it is.
    target
        What it becomes, in a folder that is there.
    size, sha256
        What it must have: bytes, and 64 hexadecimal digits.
    otherwise
        What else a user can do when it cannot be had, for messages.

    Raises
    ------
    DataError
        If it cannot be had or written, breaks off, or is not what it must be. ``target`` is not there then,
        and only what broke off stays in ``<target>.part``.
    """
    try:
        with _quiet_pooch():
            pooch.retrieve(
                url,
                known_hash=f"sha256:{sha256}",
                fname=target.name,
                path=target.parent,
                downloader=_Resuming(target, size, otherwise),
            )
    except requests.RequestException as error:
        raise DataError(
            f"cannot be fetched from {url} ({_reason(error)})",
            path=target,
            remedy=f"go online and run it again, or {otherwise}",
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot be written ({error.strerror or error})",
            path=target,
            remedy="make room for it or choose another folder",
        ) from error
    except ValueError as error:  # pooch, of the hash
        raise DataError(
            f"what {url} has was deleted: {str(error).partition('. ')[0]}",
            path=target,
            remedy=f"run it again, or {otherwise}",
        ) from error


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Pooch tells each download on standard error, which is for faults here."""
    log = pooch.get_logger()
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _reason(error: BaseException) -> str:
    """What went wrong at the bottom, in a few words: the text of the error itself is a nest of others."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT} s"
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or str(error)


class _Resuming:
    """A downloader for pooch that goes on with what an earlier one left in ``<target>.part``."""

    def __init__(self, target: Path, size: int, otherwise: str) -> None:
        self.target = target
        self.size = size
        self.otherwise = otherwise
        self.part = target.with_name(target.name + ".part")

    def __call__(self, url: str, output_file: str, _: object) -> None:
        """Download all of it, or raise and keep what came."""
        if self._so_far() > self.size:
            self.part.unlink()
        # None: on a terminal only.
        with tqdm(
            total=self.size, desc=self.target.name, unit="B", unit_scale=True, leave=False, disable=None
        ) as bar:
            for _ in range(REQUESTS):
                if self._so_far() == self.size:
                    break
                self._request(url, bar)
        if self._so_far() != self.size:
            raise DataError(
                f"{url} breaks off; {self._so_far():,} of {self.size:,} bytes are in {self.part.name}",
                path=self.target,
                remedy="run it again to go on from there",
            )
        self.part.replace(output_file)

    def _so_far(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _request(self, url: str, bar: tqdm[Any]) -> None:
        """Ask for what is missing and append what comes, be it all or not."""
        start = self._so_far()
        # Sizes and ranges are those of the file itself: nothing may be compressed on the way.
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            partial = answer.status_code == requests.codes.partial_content
            fits = answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
            if start and (
                answer.status_code == requests.codes.range_not_satisfiable or (partial and not fits)
            ):
                self.part.unlink()  # the next request asks for all of it
                return
            answer.raise_for_status()
            if not partial:
                start = 0  # this server knows no ranges and sends all of it
            length = answer.headers.get("Content-Length", "")
            if length.isdecimal() and "Content-Encoding" not in answer.headers:
                self._check_size(url, start + int(length))
            bar.reset(self.size)
            bar.update(start)
            with self.part.open("ab" if start else "wb") as stream:
                try:
                    for chunk in answer.iter_content(CHUNK):
                        stream.write(chunk)
                        bar.update(len(chunk))
                        if stream.tell() > self.size:
                            self._check_size(url, stream.tell())
                except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                    return  # broken off: the next request goes on from here

    def _check_size(self, url: str, size: int) -> None:
        """Refuse another file under this address before all of it has come."""
        if size == self.size:
            return
        self.part.unlink(missing_ok=True)
        raise DataError(
            f"{url} has another size: at least {size:,} bytes, but {self.size:,} are pinned",
            path=self.target,
            remedy=f"run it again, or {self.otherwise}",
        )
