"""A cache of encoded vectors on disk, found by the content of what was encoded.

Each encoder and version has a folder of shards. A shard is an ``.npz`` with ``keys`` (content hashes,
``(n,)`` byte strings of 32 hex digits, sorted) and ``vectors`` (float32 ``(n, d)``). Shards are only ever
added, each under the hash of its keys, so that two processes never write different content to one name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from psqe.errors import CacheError, PsqeError
from psqe.files import atomic_path, cache_folder, content_hash, reason
from psqe.graph import FloatArray


def default_cache_dir() -> Path:
    """Return the folder of the cached vectors, see :func:`psqe.files.cache_folder`.

    Raises
    ------
    CacheError
        If ``PSQE_CACHE`` begins with the home folder of a user whom the machine does not know.
    """
    return cache_folder("features")


class VectorCache:
    """The cached vectors of one encoder, by content hash.

    Parameters
    ----------
    root
        Folder of the vectors of all encoders; it is made when the first vector is written.
    encoder, version
        Name and version of the encoder. Another version has another folder and never reads these vectors.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     cache = VectorCache(folder, "length", "1")
    ...     cache.add({content_hash("Rome"): np.ones(2, dtype=np.float32)})
    ...     list(cache.lookup([content_hash("Rome"), content_hash("Oslo")]).values())
    [array([1., 1.], dtype=float32)]
    """

    def __init__(self, root: str | Path, encoder: str, version: str) -> None:
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{encoder}-{version}")
        # The hash differs where the readable parts of two encoders happen to be equal.
        self.folder = Path(root).expanduser() / f"{readable[:80]}-{content_hash(encoder, version)[:8]}"

    def lookup(self, keys: Collection[str]) -> dict[str, FloatArray]:
        """Return the vectors ``(d,)`` of those ``keys`` that the cache has.

        Raises
        ------
        CacheError
            If a shard cannot be read or does not have the form that :meth:`add` writes.
        """
        wanted = set(keys)
        vectors: dict[str, FloatArray] = {}
        try:
            shards = sorted(self.folder.glob("*.npz")) if wanted else []
        except OSError as error:
            raise CacheError(
                f"the cache folder cannot be read ({error.strerror})",
                path=self.folder,
                remedy="choose a folder that you may read and write",
            ) from error
        for path in shards:
            if not path.name.startswith("."):  # a dot marks a file that is being written
                vectors.update(_read_shard(path, wanted))
        return vectors

    def add(self, vectors: Mapping[str, FloatArray]) -> None:
        """Write vectors ``(d,)``, by key, as one new shard, atomically. Without a vector no shard is written.

        Raises
        ------
        CacheError
            If the folder cannot be written.
        """
        if not vectors:
            return
        keys = sorted(vectors)
        stacked = np.stack([vectors[key] for key in keys]).astype(np.float32, copy=False)
        path = self.folder / f"{content_hash(*keys)}.npz"
        try:
            with atomic_path(path) as temporary, temporary.open("wb") as stream:
                np.savez(stream, keys=np.array(keys, dtype="S32"), vectors=stacked)
        except (PsqeError, OSError) as error:
            raise self._unwritable(reason(error)) from error

    def require_writable(self) -> None:
        """Make the folder of the encoder, or raise :class:`CacheError` if it cannot be made or written."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(str(error.strerror)) from error
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise self._unwritable("Permission denied")

    def _unwritable(self, reason: str) -> CacheError:
        return CacheError(
            f"encoded vectors cannot be saved here ({reason})",
            path=self.folder,
            remedy="set PSQE_CACHE to a folder that you may write to, or build without a cache",
        )


def _read_shard(path: Path, wanted: set[str]) -> dict[str, FloatArray]:
    """Return the wanted vectors of one shard. Vectors are read only if any key is wanted."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            keys = [key.decode() for key in archive["keys"].tolist()]
            rows = [(row, key) for row, key in enumerate(keys) if key in wanted]
            if not rows:
                return {}
            vectors = archive["vectors"]
        if vectors.ndim != 2 or len(vectors) != len(keys) or vectors.dtype != np.float32:
            raise ValueError(f"{len(keys)} keys, vectors {vectors.shape} {vectors.dtype}")
        if not np.isfinite(vectors).all():
            raise ValueError("vectors that are not finite")
    except Exception as error:  # a broken archive raises many kinds of errors
        raise CacheError(
            f"broken cache file ({type(error).__name__}: {error})",
            path=path,
            remedy="delete it; what was in it is encoded again",
        ) from error
    return {key: vectors[row] for row, key in rows}
