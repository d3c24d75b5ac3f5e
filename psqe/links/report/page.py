"""The report on links as one HTML page.

The page contains its pictures, needs no other file and no network, and runs no script. Everything that comes
from the data is escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psqe.errors import ParameterError
from psqe.features.base import Features
from psqe.files import write_text
from psqe.graph import AlignmentTask
from psqe.links.predict import Links
from psqe.links.report import sentences, tables
from psqe.links.report.environment import environment
from psqe.links.report.facts import LinkFacts, link_facts
from psqe.seeds import SeedSet

if TYPE_CHECKING:
    from jinja2 import Template
    from matplotlib.figure import Figure

SECTIONS = (
    "given", "predicted", "border", "certain", "unlinked", "regions", "truth", "confidence", "provenance"
)  # fmt: skip
"""The sections of a report, in order."""


@dataclass(frozen=True, eq=False)
class LinkReport:
    """A report on predicted links, for the person who is going to use them.

    Parameters
    ----------
    facts
        What the report shows.

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> link_report(task, features, links).to_html()[:15]
    '<!DOCTYPE html>'
    """

    facts: LinkFacts

    def takeaways(self) -> dict[str, str]:
        """The four main statements by name: ``links``, ``confidence``, ``unlinked`` and ``truth``."""
        return sentences.takeaways(self.facts)

    def section(self, name: str) -> str:
        """One section as HTML without its heading, for a notebook.

        Parameters
        ----------
        name
            One of :data:`SECTIONS`.

        Raises
        ------
        ParameterError
            If there is no such section.
        """
        if name not in SECTIONS:
            raise ParameterError(
                f"a report has no section {name!r}", remedy=f"choose from {', '.join(SECTIONS)}"
            )
        return _template("section.html").render(facts=self.facts, name=name)

    def to_html(self) -> str:
        """The whole report as the text of one HTML file."""
        return _template("page.html").render(facts=self.facts, names=SECTIONS)

    def save(self, path: str | Path) -> None:
        """Write the report as one HTML file.

        Parameters
        ----------
        path
            The file to write.

        Raises
        ------
        PsqeError
            If the file cannot be written.
        """
        write_text(path, self.to_html())


def link_report(
    task: AlignmentTask,
    features: Features,
    links: Links,
    *,
    seeds: SeedSet | None = None,
    evaluation: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> LinkReport:
    """Make a report on predicted links. Gold links of the task, where known, are used for checking only.

    Parameters
    ----------
    task, features
        The pair of graphs that was aligned, and its features.
    links
        The predicted links, from :func:`psqe.links.predict_links`.
    seeds
        The seeds that the links were found with, to tell the links outside the seeds apart; ``None`` where
        they are not known.
    evaluation
        The result of :func:`psqe.evaluation.evaluate` with these seeds, for the table of the ranking; no such
        table by default.
    provenance
        The mappings ``parameters`` and ``versions`` that the links were computed with, for the last section;
        none by default.

    Raises
    ------
    DataError
        If the features do not fit the task.
    ParameterError
        If the links are those of another task, or an argument is something else.
    """
    facts = link_facts(task, features, links, seeds=seeds, evaluation=evaluation, provenance=provenance)
    return LinkReport(facts)


@cache
def _template(name: str) -> Template:
    # Drawing is loaded only when a page is made, because most commands do not need it.
    from psqe.figure_text import describe
    from psqe.links.report import figures

    templates = environment()
    templates.globals.update(figures=figures, sentences=sentences, tables=tables)
    templates.filters["png"] = _png
    templates.filters["described"] = describe
    return templates.get_template(name)


def _png(figure: Figure) -> str:
    """A figure as a data URI; the same figure always gives the same text."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=144, metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(data.getvalue()).decode("ascii")
