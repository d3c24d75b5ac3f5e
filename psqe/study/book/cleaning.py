"""Remove from executed notebooks what differs from run to run, so that the same run gives the same bytes."""

from __future__ import annotations

import json
import re
from itertools import groupby
from typing import Any

from nbformat import NotebookNode

ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]{6,16}\b")
"""The address in memory by which Python describes an object that has no other description."""

PROCESS = re.compile(r"(?<=ipykernel_)\d+(?=[/\\])")
"""The number of the kernel's process, in the name by which a warning or a traceback calls a cell."""


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Remove what differs from run to run from an executed notebook.

    That is times, random identifiers of cells, addresses in memory, numbers of processes, and the order in
    which what was printed and what was written to standard error arrived.

    Parameters
    ----------
    notebook
        The executed notebook, which is changed.

    Returns
    -------
    nbformat.NotebookNode
        The same notebook.
    """
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if "outputs" in cell:
            cell["outputs"] = _in_order(cell["outputs"])
            for output in cell["outputs"]:
                _clean(output)
    return notebook


def notebook_text(notebook: NotebookNode) -> str:
    """Write a notebook as JSON, the same text for the same content.

    Parameters
    ----------
    notebook
        The notebook.

    Returns
    -------
    str
        The content of a file ``.ipynb``.
    """
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def without_places(text: Any) -> Any:
    """Replace addresses in memory, and numbers of kernels' processes, by dots.

    Parameters
    ----------
    text
        A text, or the list of its lines; anything else stays as it is.

    Returns
    -------
    str, list or object
        The text or the list with dots; anything else itself.

    Examples
    --------
    >>> without_places("<pandas.io.formats.style.Styler object at 0x7f21aa30>")
    '<pandas.io.formats.style.Styler object at 0x...>'
    >>> without_places("/tmp/ipykernel_417/77.py:1: UserWarning: few seeds")
    '/tmp/ipykernel_.../77.py:1: UserWarning: few seeds'
    """
    if isinstance(text, list):
        return [without_places(line) for line in text]
    return PROCESS.sub("...", ADDRESS.sub("0x...", text)) if isinstance(text, str) else text


def _clean(output: NotebookNode) -> None:
    """Clean the texts of an output; pictures and data of other programs stay as they are."""
    if output["output_type"] == "stream":
        output["text"] = without_places(output["text"])
    for kind, content in output.get("data", {}).items():
        if "text/" in kind:  # also what glue keeps under a type of its own, which ends so
            output["data"][kind] = without_places(content)


def _in_order(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join what was written to each stream between two other outputs: what was printed comes first.

    Two streams arrive one after the other as it happens.
    """
    ordered: list[NotebookNode] = []
    for is_stream, together in groupby(outputs, key=lambda output: output["output_type"] == "stream"):
        if not is_stream:
            ordered += together
            continue
        joined: dict[str, NotebookNode] = {}
        for output in together:
            first = joined.setdefault(output["name"], output)
            if first is not output:
                first["text"] += output["text"]
        ordered += [joined[name] for name in ("stdout", "stderr") if name in joined]
    return ordered
