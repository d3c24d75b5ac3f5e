"""Encoded vectors on disk, named by the content of what was encoded.

One folder per encoder and version; in it, shards. A shard is an ``.npz`` with ``keys`` (content hashes,
``(n,)`` byte strings of 32 hex digits, sorted) and ``vectors`` ``(n, d)`` float32. Shards are only ever
added, each under the hash of its keys, so that two processes never write different things to one name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from psqe.errors import CacheError, PsqeError
from psqe.files import atomic_path, content_hash
from psqe.graph import FloatArray


def default_cache_dir() -> Path:
    """Where vectors are kept: ``features`` under ``PSQE_CACHE``, else under the user's cache folder."""
    root = os.environ.get("PSQE_CACHE")
    if root:
        return Path(root).expanduser() / "features"
    import platformdirs

    return Path(platformdirs.user_cache_dir("psqe", appauthor=False)) / "features"


class VectorCache:
    """The vectors of one encoder, by content hash.

    Parameters
    ----------
    root
        Folder of all encoders' vectors; made when first written to.
    encoder, version
        Name and version of the encoder. Another version has its own folder and never sees these vectors.
    """

    def __init__(self, root: str | Path, encoder: str, version: str) -> None:
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{encoder}-{version}")
        # The hash tells apart what the readable part may have made equal.
        self.folder = Path(root).expanduser() / f"{readable[:80]}-{content_hash(encoder, version)[:8]}"

    def lookup(self, keys: Collection[str]) -> dict[str, FloatArray]:
        """The vectors ``(d,)`` of those ``keys`` that are there.

        Raises
        ------
        CacheError
            If a shard cannot be read or is not what :meth:`add` writes.
        """
        wanted = set(keys)
        found: dict[str, FloatArray] = {}
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
                found.update(_read_shard(path, wanted))
        return found

    def add(self, vectors: Mapping[str, FloatArray]) -> None:
        """Write ``vectors`` (key to ``(d,)``) as one new shard, atomically. Nothing to write is no shard.

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
        except PsqeError as error:
            raise self._unwritable(error.what) from error
        except OSError as error:
            raise self._unwritable(str(error.strerror)) from error

    def require_writable(self) -> None:
        """Make the folder; raise :class:`CacheError` if it cannot be made or written."""
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
    """The wanted vectors of one shard; the vectors are only read when there are any."""
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
    except Exception as error:  # a broken archive raises half a dozen kinds
        raise CacheError(
            f"broken cache file ({type(error).__name__}: {error})",
            path=path,
            remedy="delete it; what was in it is encoded again",
        ) from error
    return {key: vectors[row] for row, key in rows}
