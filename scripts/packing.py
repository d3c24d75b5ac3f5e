"""What the scripts that pack tables share."""

from __future__ import annotations

import gzip
import io


def compressed(text: str) -> bytes:
    """Gzip without a name and a time, so that the same text gives the same bytes."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, mtime=0, fileobj=buffer) as stream:
        stream.write(text.encode())
    return buffer.getvalue()
