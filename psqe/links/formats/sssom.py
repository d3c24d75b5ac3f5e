"""Predicted links in SSSOM, the Simple Standard for Sharing Ontological Mappings.

Source: https://mapping-commons.github.io/sssom
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable

import yaml

from psqe.datasets.own_outputs import MARK
from psqe.datasets.sssom import PREFIXES
from psqe.files import content_hash
from psqe.graph import SIDES, AlignmentTask
from psqe.links.formats.base import check_iris, link_rows
from psqe.links.predict import Links

COLUMNS = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label", "mapping_justification",
    "confidence",
)  # fmt: skip

CARDINALITY = "mapping_cardinality"
"""A further column where entities may be in several links."""

KNOWN = {
    "http://www.wikidata.org/entity/": "wd",
    "http://dbpedia.org/resource/": "dbr",
    "http://purl.obolibrary.org/obo/": "obo",
}
"""Namespaces with the prefix that everyone gives them."""

MOST_NAMESPACES = 20
"""Number of the namespaces of a side that get a prefix; the identifiers in others are written in full."""


class Sssom:
    """An SSSOM table with its metadata in the lines that begin with ``#``."""

    name = "SSSOM"

    def check(self, task: AlignmentTask) -> None:
        """Raise :class:`~psqe.errors.ParameterError` if a candidate has no IRI."""
        check_iris(task, self.name)

    def text(self, links: Links, task: AlignmentTask) -> str:
        """Return the table: predicates are ``skos:exactMatch``, and each mapping has its confidence.

        Where entities may be in several links, each mapping has its cardinality, too.
        """
        rows = list(link_rows(links, task))
        prefixes = prefixes_of([row.left for row in rows], [row.right for row in rows])
        table = io.StringIO()
        writer = csv.writer(table, delimiter="\t", lineterminator="\n")
        of_left, of_right = Counter(row.left for row in rows), Counter(row.right for row in rows)
        several = links.chosen_by.cardinality != "one-to-one"
        writer.writerow((*COLUMNS, *((CARDINALITY,) if several else ())))
        for row in rows:
            # SSSOM writes 1:n for a subject with several objects, of which each has this subject only.
            ends = ("n" if of_right[row.right] > 1 else "1", "n" if of_left[row.left] > 1 else "1")
            subject, found = _curie(row.left, prefixes), _curie(row.right, prefixes)
            labels = [" ".join((name or "").split()) for name in (row.left_name, row.right_name)]
            writer.writerow(
                (subject, labels[0], "skos:exactMatch", found, labels[1], "semapv:CompositeMatching",
                 f"{min(row.confidence, 1.0):.6g}", *((":".join(ends),) if several else ()))
            )  # fmt: skip
        header = {
            "curie_map": {
                **{prefix: space for space, prefix in prefixes.items()},
                **{prefix: PREFIXES[prefix] for prefix in ("semapv", "skos")},
            },
            "mapping_set_id": f"urn:psqe:{content_hash(table.getvalue())}",
            "license": "https://w3id.org/sssom/license/unspecified",
            "mapping_tool": "psqe",
            "comment": MARK,
        }
        text = yaml.safe_dump(header, sort_keys=False, allow_unicode=True, width=1_000_000)
        return "".join(f"# {line}\n" for line in text.splitlines()) + table.getvalue()


def _namespace(iri: str) -> str:
    """Return an IRI without what follows its last separator.

    >>> _namespace("http://example.org/a#b"), _namespace("GO:0008150")
    ('http://example.org/a#', 'GO:')
    """
    end = max(iri.rfind(mark, 0, -1) for mark in ("/#" if "/" in iri[:-1] or "#" in iri[:-1] else ":"))
    return iri[: end + 1]


def prefixes_of(left: Iterable[str], right: Iterable[str]) -> dict[str, str]:
    """Return the prefixes of the commonest namespaces of the IRIs of both sides, by namespace.

    Examples
    --------
    >>> prefixes_of(["http://example.org/a"], ["http://dbpedia.org/resource/A"])
    {'http://example.org/': 'left', 'http://dbpedia.org/resource/': 'dbr'}
    """
    sides = [list(left), list(right)]
    schemes = {iri.partition(":")[0] for side in sides for iri in side}
    prefixes: dict[str, str] = {}
    for side, iris in zip(SIDES, sides, strict=True):
        counts = Counter(map(_namespace, iris))
        for space in sorted(counts, key=lambda one: (-counts[one], one))[:MOST_NAMESPACES]:
            scheme = space.removesuffix(":")
            known = scheme if scheme in schemes else KNOWN.get(space)
            taken = {*prefixes.values(), *PREFIXES, *(schemes - {scheme})}
            names = (f"{side}{number or ''}" for number in range(len(taken) + 2))
            free = (
                known if known and known not in taken else next(name for name in names if name not in taken)
            )
            prefixes.setdefault(space, free)
    return prefixes


def _curie(iri: str, prefixes: dict[str, str]) -> str:
    space = _namespace(iri)
    return f"{prefixes[space]}:{iri.removeprefix(space)}" if space in prefixes else iri
