"""The download of a file over HTTP: resumed after an interruption, verified, and never left incomplete."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from psqe.errors import DataError
from psqe.temporary import temporary_folder

TIMEOUT = 30
"""Seconds without a byte after which a request fails."""
REQUESTS = 5
"""Most requests of one download, each of which goes on where the one before broke off."""
CHUNK = 1 << 13
"""Bytes that are written at a time: at most this many are lost when an answer breaks off."""


def download(url: str, target: Path, *, size: int, sha256: str, otherwise: str) -> None:
    """Download ``url`` to ``target``, by way of ``<target>.part``.

    An interrupted download is continued from ``<target>.part``, if the server supports ranges. A progress
    bar is shown on standard error if that is a terminal.

    Parameters
    ----------
    url
        Address of the file.
    target
        Path of the file to be, in a folder that exists.
    size, sha256
        Size in bytes and SHA-256 hash, 64 hexadecimal digits, that the file must have.
    otherwise
        Alternative for a user who cannot download the file, for messages.

    Raises
    ------
    DataError
        If the file cannot be fetched or written, the download breaks off, or the file has another size or
        hash. ``target`` does not exist then, and ``<target>.part`` holds only an interrupted download.
    """
    try:
        downloader = _Resuming(target, size, otherwise)
        # pooch leaves an empty file in its folder when the process is killed, so it gets a folder of its own.
        with _quiet_pooch(), temporary_folder(target) as folder:
            try:
                pooch.retrieve(
                    url, known_hash=f"sha256:{sha256}", fname=target.name, path=folder, downloader=downloader
                )
            except ValueError:  # of the hash
                remove_part(target)
                raise
            (folder / target.name).replace(target)
            remove_part(target)
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
    except ValueError as error:
        raise DataError(
            f"what {url} has was deleted: {str(error).partition('. ')[0]}",
            path=target,
            remedy=f"run it again, or {otherwise}",
        ) from error


def remove_part(target: Path) -> None:
    """Remove what an interrupted download of a file left beside it, because the file is there."""
    with suppress(OSError):  # the folder may be read-only
        _part(target).unlink(missing_ok=True)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


@contextmanager
def _quiet_pooch() -> Iterator[None]:
    """Keep pooch from reporting each download on standard error, which is for faults here."""
    log = pooch.get_logger()
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _reason(error: BaseException) -> str:
    """Return the innermost cause of an error in a few words; the error itself quotes several others."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT} s"
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return getattr(error, "strerror", None) or str(error)


class _Resuming:
    """A downloader for pooch that continues the download in ``<target>.part``."""

    def __init__(self, target: Path, size: int, otherwise: str) -> None:
        self.target = target
        self.size = size
        self.otherwise = otherwise
        self.part = _part(target)

    def __call__(self, url: str, output_file: str, _: object) -> None:
        """Download the whole file, or raise and keep the part that arrived."""
        if self._so_far() > self.size:
            self.part.unlink()
        # None shows the bar on a terminal only.
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
        self._hand_over(Path(output_file))

    def _hand_over(self, file: Path) -> None:
        """Put what arrived in the place of ``file``; while its hash is computed, it keeps its own name, too.

        A process that is killed meanwhile has then nothing to download again.
        """
        file.unlink(missing_ok=True)
        try:
            os.link(self.part, file)
        except OSError:  # some file systems have no second names
            self.part.replace(file)

    def _so_far(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _request(self, url: str, bar: tqdm[Any]) -> None:
        """Request the missing part of the file and append what arrives, even if it is not all."""
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
                self.part.unlink()  # the next request asks for the whole file
                return
            answer.raise_for_status()
            if not partial:
                start = 0  # this server supports no ranges and sends the whole file
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
                    return  # interrupted: the next request continues from here

    def _check_size(self, url: str, size: int) -> None:
        """Refuse a file of another size before all of it has arrived."""
        if size == self.size:
            return
        self.part.unlink(missing_ok=True)
        raise DataError(
            f"{url} has another size: at least {size:,} bytes, but {self.size:,} are pinned",
            path=self.target,
            remedy=f"run it again, or {self.otherwise}",
        )
