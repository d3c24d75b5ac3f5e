"""The review page: one HTML file in which a person judges links without a network and without a server.

The page lists all pairs and all entities without a link, the pairs first whose verdicts are expected to help
most, and writes the verdicts into a file that :func:`psqe.links.read_verdicts` reads. Everything that comes
from the data stays text: it is put into the page as JSON, and shown as text by the script of the page, which
is the only one that the page's security policy allows.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from psqe.features.base import Features
from psqe.files import content_hash, write_text
from psqe.graph import AlignmentTask
from psqe.links.predict import Links
from psqe.links.report.environment import environment
from psqe.links.report.review_data import review_data
from psqe.seeds import SeedSet

_NOT_IN_A_SCRIPT = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
"""Characters of JSON that could end the element around it, or that no UTF-8 file holds."""


@dataclass(frozen=True, eq=False)
class ReviewPage:
    """A page on which a person judges links; made by :func:`review_page`.

    Parameters
    ----------
    data
        What the page shows (:func:`psqe.links.report.review_data.review_data`).

    Examples
    --------
    >>> from psqe.datasets.synthetic import planted_pair
    >>> from psqe.evaluation import feature_scorer
    >>> from psqe.links import predict_links
    >>> task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
    >>> links = predict_links(task, features, feature_scorer(task, features))
    >>> review_page(task, features, links).to_html()[:15]
    '<!DOCTYPE html>'
    """

    data: Mapping[str, Any]

    def to_html(self) -> str:
        """Return the page as the text of one HTML file."""
        from markupsafe import Markup

        data = in_script(self.data)
        style, script = (_source(f"review.{kind}") for kind in ("css", "js"))
        return environment().get_template("review.html").render(
            task=self.data["task"],
            data=Markup(data),
            identity=content_hash(data),
            style=Markup(style),
            script=Markup(script),
            policy="; ".join([
                "default-src 'none'", "base-uri 'none'", "form-action 'none'", "img-src data:",
                f"style-src {_digest(style)}", f"script-src {_digest(script)}",
            ]),
        )  # fmt: skip

    def save(self, path: str | Path) -> None:
        """Write the page as one HTML file.

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


def review_page(
    task: AlignmentTask, features: Features, links: Links, *, seeds: SeedSet | None = None
) -> ReviewPage:
    """Make a page on which a person judges links. No gold link is read.

    Parameters
    ----------
    task, features
        The pair of graphs that was aligned, and its features.
    links
        The predicted links. The verdicts that they keep to are the first ones on the page.
    seeds
        The seeds that the links were found with; ``None`` where they are not known.

    Returns
    -------
    ReviewPage
        The page.

    Raises
    ------
    ParameterError
        If the links are those of another task, or a file with verdicts cannot hold an identifier, such as one
        with a tab (:func:`psqe.links.verdict_files.check_verdict_identifiers`).
    DataError
        If the features do not fit the task.

    Warns
    -----
    PsqeWarning
        If pictures cannot be read. They are left out.
    """
    return ReviewPage(review_data(task, features, links, seeds=seeds))


def in_script(content: Mapping[str, Any]) -> str:
    r"""Write JSON that can stand inside a script element of HTML, whatever texts it has.

    Parameters
    ----------
    content
        What JSON can hold; no number that is not finite.

    Returns
    -------
    str
        The JSON, without a character that could end the element.

    Examples
    --------
    >>> print(in_script({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _NOT_IN_A_SCRIPT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _source(name: str) -> str:
    return files("psqe.links.report").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The name by which a security policy allows one inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
