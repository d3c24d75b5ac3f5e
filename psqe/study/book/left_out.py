"""Chapters that a study on another task leaves out, because the task lacks what they need.

The front matter of a notebook says under ``psqe`` what it needs of the task that it is run on::

    psqe:
      needs: {modalities: [image, attribute], links: true, seeds: [n_seeds, shown]}

:class:`~psqe.study.book.notebook.Needs` describes what can be said.

A chapter that is left out has a page with its title and its labels, so that references to it still work.
Where other pages quote its numbers, they say that it was left out: the module is an extension of Sphinx, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.ext.glue.utils import PendingGlueReference
from nbformat import NotebookNode, from_dict
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from psqe.datasets import is_named
from psqe.errors import ParameterError
from psqe.study.book.notebook import Needs, Notebook

MARK = "psqe_left_out"
"""The entry in the metadata of a page that stands for a chapter which was left out."""


@dataclass(frozen=True)
class TaskFacts:
    """What a task has.

    Attributes
    ----------
    task
        The name of the task, or a folder.
    modalities
        The modalities that both of its graphs have.
    n_links
        The number of its gold links.
    n_pairs
        The number of one-to-one pairs of candidates that are possible.
    """

    task: str
    modalities: tuple[str, ...]
    n_links: int
    n_pairs: int


def look_at(task: str, dangling: float | None = None) -> TaskFacts:
    """Load a task and see what it has.

    Parameters
    ----------
    task
        The name of the task, or a folder.
    dangling
        The share of its candidates to drop; that of the study when omitted, with which a notebook has as few
        entities as it can have without a parameter for it.

    Returns
    -------
    TaskFacts
        What the task has.

    Raises
    ------
    PsqeError
        If it cannot be loaded.
    """
    from psqe.datasets import load_task
    from psqe.features import available_modalities
    from psqe.study.plans.base import task_options

    loaded = load_task(task, dangling=task_options(task).dangling if dangling is None else dangling)
    n_links = 0 if loaded.links is None else len(loaded.links)
    n_pairs = min(len(graph.candidates) for graph in loaded.sides)
    return TaskFacts(task, available_modalities(loaded), n_links, n_pairs)


def what_is_missing(needs: Needs, facts: TaskFacts, values: Mapping[str, Any]) -> str:
    """Say what a task lacks that a notebook needs.

    Parameters
    ----------
    needs
        What the notebook needs.
    facts
        What the task has.
    values
        The value of every parameter of the notebook.

    Returns
    -------
    The end of a sentence whose subject is the task; empty if it lacks nothing.

    Examples
    --------
    >>> facts = TaskFacts("countries", ("name", "attribute"), n_links=51, n_pairs=59)
    >>> what_is_missing(Needs(modalities=["image"], seeds=["n_seeds"]), facts, {"n_seeds": 600})
    'has no modality image, and allows 59 one-to-one pairs where 600 are needed (n_seeds)'
    """
    missing = [f"has no modality {name}" for name in needs.modalities if name not in facts.modalities]
    collection = facts.task.partition("/")[0] if is_named(facts.task) else ""
    if needs.collections and collection not in needs.collections:
        missing.append(f"is no pair of {' or '.join(needs.collections)}")
    if needs.links and not facts.n_links:
        missing.append("has no gold links")
    elif isinstance(needs.links, list):
        missing += _too_few("has", facts.n_links, "gold links", _largest(needs.links, values))
    elif needs.links > facts.n_links:
        missing.append(f"has {facts.n_links:,} gold links where {needs.links:,} are needed")
    missing += _too_few("allows", facts.n_pairs, "one-to-one pairs", _largest(needs.seeds, values))
    return ", and ".join(missing)


def check_needs(notebook: Notebook, values: Mapping[str, Any]) -> None:
    """Refuse to run a notebook on a task that lacks what the notebook needs.

    Parameters
    ----------
    notebook
        The notebook.
    values
        The value of every parameter. A notebook without a parameter ``task`` is never refused.

    Raises
    ------
    ParameterError
        If the task lacks something.
    PsqeError
        If the task cannot be loaded.
    """
    needs = notebook.front.needs
    if "task" not in values or needs == Needs():
        return
    task = str(values["task"])
    if missing := what_is_missing(needs, look_at(task, values.get("dangling")), values):
        raise ParameterError(
            f"the notebook {notebook.name} cannot be run on {task}, which {missing}",
            remedy="give another task, or parameters that need less",
        )


def _largest(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, int]:
    """Return the largest number in each of some parameters."""
    return {
        name: max(value, default=0) if isinstance(value := values[name], list) else value for name in names
    }


def _too_few(verb: str, number: int, what: str, needed: Mapping[str, int]) -> list[str]:
    """Say which numbers are larger than one that a task has."""
    return [
        f"{verb} {number:,} {what} where {least:,} are needed ({name})"
        for name, least in needed.items()
        if least > number
    ]


def page_of(notebook: Notebook, sentence: str) -> NotebookNode:
    """Make the page of a chapter that was left out.

    Parameters
    ----------
    notebook
        The chapter.
    sentence
        Why it was left out.

    Returns
    -------
    A notebook with the title, the labels and the sentence. What refers to a part of the chapter leads to the
    title.
    """
    text = notebook.text.decode()
    title = re.search(r"^# .*$", text, re.MULTILINE)
    labels = re.findall(r"^(?:\(|:name: |:label: )([^()\s]+)(?:\)=)?\s*$", text, re.MULTILINE)
    formulas = re.findall(r"^\$\$ \(([^()\s]+)\)\s*$", text, re.MULTILINE)
    parts = [f"({label})=" for label in labels]
    parts += [title[0] if title else f"# {notebook.name}", f"```{{note}}\n{sentence}\n```"]
    parts += [f"$$\n\\ldots\n$$ ({label})" for label in formulas]
    cell = {"cell_type": "markdown", "id": "cell-0", "metadata": {}, "source": "\n\n".join(parts)}
    metadata = {"kernelspec": notebook.content.metadata.kernelspec, MARK: True}
    content = {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    page: NotebookNode = from_dict(content)  # type: ignore[no-untyped-call]
    return page


def is_left_out(path: Path) -> bool:
    """Return whether an executed notebook is the page of a chapter that was left out.

    Parameters
    ----------
    path
        The executed notebook.

    Returns
    -------
    bool
        Whether it is; ``False`` if the file cannot be read.
    """
    try:
        return bool(json.loads(path.read_bytes())["metadata"].get(MARK))
    except (OSError, ValueError, KeyError):
        return False


class NumbersLeftOut(SphinxPostTransform):
    """Says of numbers of chapters that were left out, where other pages quote them, that they were."""

    default_priority = 4  # before MyST-NB looks for them, which has 5

    def run(self, **options: Any) -> None:
        """Replace the references to such numbers on a page."""
        left_out = cache(lambda page: is_left_out(Path(self.env.doc2path(page))))
        for node in list(self.document.findall(PendingGlueReference)):
            if left_out(node.refdoc):
                node.replace_self(nodes.inline("", "(left out)"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.add_post_transform(NumbersLeftOut)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
