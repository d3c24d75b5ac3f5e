"""An extension of Sphinx that reads and writes again only the pages that a change concerns.

Sphinx itself compares times of files, and does not know that a page shows numbers of another one. Here, a
page is read again if its content has changed. A page is written again if it was read again, if it shows
numbers of a page that was, or if anything has changed that other pages can show of a page: titles, contents,
numbers of sections, labels, formulas, citations. Then all pages are written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from docutils import nodes
from myst_nb.ext.glue.utils import PendingGlueReference
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector

from psqe.files import content_hash


@dataclass
class Known:
    """What is known of the pages, kept with Sphinx's environment from build to build.

    Attributes
    ----------
    content
        The hash of the source of each page when it was read.
    shows
        The pages whose numbers each page shows.
    shared
        The hash of all that pages can show of others.
    """

    content: dict[str, str] = field(default_factory=dict)
    shows: dict[str, set[str]] = field(default_factory=dict)
    shared: str = ""


class ChangedPages(EnvironmentCollector):
    """Finds the pages to read and to write again."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page that is to be read again, or is gone."""
        known = _known(env)
        known.content.pop(docname, None)
        known.shows.pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: set[str], other: BuildEnvironment
    ) -> None:
        """Take over what another process has read."""
        known, theirs = _known(env), _known(other)
        for docname in docnames:
            known.content[docname] = theirs.content[docname]
            known.shows[docname] = theirs.shows[docname]

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Note the content of a page and whose numbers it shows."""
        env, known = app.env, _known(app.env)
        known.content[env.docname] = _hash(env, env.docname)
        known.shows[env.docname] = {node.refdoc for node in doctree.findall(PendingGlueReference)}

    def get_outdated_docs(
        self, app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
    ) -> list[str]:
        """Find the pages whose content is another one than when they were read."""
        content = _known(env).content
        return [page for page in env.found_docs if page in content and content[page] != _hash(env, page)]

    def note_read(self, app: Sphinx, env: BuildEnvironment, docnames: Iterable[str]) -> None:
        """Note the pages that are about to be read."""
        self.read = set(docnames)

    def get_updated_docs(self, app: Sphinx, env: BuildEnvironment) -> list[str]:
        """Find the pages to write again, beside those that were read."""
        if not self.read:
            return []
        known, shared = _known(env), _shared(env)
        if known.shared != shared:
            known.shared = shared
            return sorted(env.found_docs)
        return [page for page, others in known.shows.items() if others & self.read]


def _known(env: BuildEnvironment) -> Known:
    if not hasattr(env, "psqe_known"):
        env.psqe_known = Known()  # type: ignore[attr-defined]
    known: Known = env.psqe_known  # type: ignore[attr-defined]
    return known


def _hash(env: BuildEnvironment, docname: str) -> str:
    return content_hash(Path(env.doc2path(docname)).read_bytes())


def _shared(env: BuildEnvironment) -> str:
    """Hash what pages can show of others; the descriptions of Python objects change with psqe only."""
    pages = sorted(env.found_docs)
    labels, cited = env.domaindata["std"], env.domaindata["cite"]["citation_refs"]
    parts = [
        [(page, env.titles[page].astext(), env.tocs[page].pformat()) for page in pages],
        [(page, env.toc_secnumbers.get(page), env.toc_fignumbers.get(page)) for page in pages],
        [sorted(labels[kind].items()) for kind in ("labels", "anonlabels", "objects", "progoptions")],
        sorted(env.domaindata["math"]["objects"].items()),
        sorted((ref.docname, ref.citation_ref_id, [target.key for target in ref.targets]) for ref in cited),
    ]
    return content_hash(repr(parts))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    collector = ChangedPages()
    collector.enable(app)
    app.connect("env-before-read-docs", collector.note_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
