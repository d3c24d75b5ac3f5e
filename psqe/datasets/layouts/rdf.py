"""The layout of a pair in RDF: one file of statements for each side.

=====================================  =======================================================  ==========
file                                   what it holds                                            there
=====================================  =======================================================  ==========
``left.nt``, ``right.nt``              the statements of a side, in any format of RDF           always
``links.tsv`` or ``links.nt``          left and right IRI, or statements with ``owl:sameAs``;   optionally
                                       see :mod:`psqe.datasets.link_names` for other formats
``psqe.toml``                          which predicates are which, see below                    optionally
=====================================  =======================================================  ==========

A side is a file in N-Triples (``.nt``), Turtle (``.ttl``), RDF/XML (``.rdf``, ``.owl``, ``.xml``), N-Quads
(``.nq``), TriG (``.trig``), N3 (``.n3``) or JSON-LD (``.jsonld``, ``.json``), which may be compressed:
``left.nt.gz``, ``.bz2``, ``.xz`` or ``.zst``. Where content and ending disagree, the content counts. What a
statement becomes:

- Literals of a *label* predicate are names: ``rdfs:label``, ``skos:prefLabel``, ``skosxl:prefLabel`` by its
  ``skosxl:literalForm``, ``foaf:name``, ``schema:name``. An entity without any of them is named by its
  ``dcterms:title``, ``dc:title``, synonym or ``skos:altLabel``, and then by the words of its IRI.
- Objects of an *image* predicate are images: ``foaf:depiction``, ``schema:image``, ``dbo:thumbnail``. They
  are files in the folder, by a relative path (a literal, or in Turtle an IRI) or by a ``file:`` IRI.
- Any other literal is an attribute, by its lexical value. Geometry, binary data, markup and texts of more
  than 100,000 characters are left out, and a note counts them.
- Any other IRI or blank node is the tail of a triple. ``rdf:type`` is a relation like others.
- Ontology headers, annotation properties, labels of SKOS-XL, the terms of RDF, RDFS, OWL and XML Schema, and
  IRIs that stand for blank nodes (``/.well-known/genid/``) are entities that never get a link.
  Nor do records of an entity: the statements, values, references, pages and predicates of properties in dumps
  of Wikibase, and pages with a ``foaf:primaryTopic`` and no name.
- Statements with ``owl:sameAs`` are left out. Those that link the two graphs are counted in a warning, as
  are, in another one, those that name something else, such as the IRIs of a third data set.

A relative IRI of Turtle is an identifier as it is written. ``psqe.toml`` chooses other predicates, or
``[]`` for none::

    labels = ["http://example.org/title"]
    images = []
    languages = {left = "en", right = "fr"}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import tell_unchecked
from psqe.datasets.labels import bare
from psqe.datasets.link_files import EQUIVALENCES, read_links
from psqe.datasets.link_names import find_links, link_files
from psqe.datasets.rdf.files import files_of, has_files
from psqe.datasets.rdf.names import common_languages, language_of
from psqe.datasets.rdf.side import Side
from psqe.datasets.unread_links import tell_unread_links
from psqe.files import is_there
from psqe.graph import SIDES, AlignmentTask, IntArray, KnowledgeGraph, counted

if TYPE_CHECKING:
    from psqe.datasets.rdf.settings import Settings

SETTINGS = "psqe.toml"
"""The file that says which predicates are which."""

DESCRIPTION = "RDF: left.nt and right.nt, or with .ttl, .rdf, .owl, .nq, .trig, .n3, .jsonld"


def recognises(folder: Path) -> bool:
    """Return whether a folder has files of this layout, or two files of RDF that need other names."""
    return has_files(folder)


def files(folder: Path) -> dict[str, Path | None]:
    """Return the path of every file that the layout knows; ``None`` for a file that is missing."""
    sources: dict[str, Path | None] = {part: next(iter(files_of(folder, part)), None) for part in SIDES}
    links: dict[str, Path | None] = {path.name: path for path in link_files(folder)}
    settings = folder / SETTINGS
    return {**sources, **(links or {"links": None}), SETTINGS: settings if is_there(settings) else None}


def read(folder: Path, *, name: str, faults: Faults) -> AlignmentTask | None:
    """Read the alignment task in ``folder``.

    Parameters
    ----------
    folder
        Folder with the files above.
    name
        Name of the task.
    faults
        Receives everything that is wrong with the files.

    Returns
    -------
    AlignmentTask
        Entities are all IRIs and blank nodes but those that are only predicates, in the order of their
        identifiers, whatever the order of the statements. Candidates are the IRIs that are the subject of a
        statement, without those that describe the files. Blank nodes get the identifiers of
        :func:`psqe.datasets.rdf.blank_nodes.name_blank_nodes`.

        If an entity has several names, a name in the preferred language is chosen, else one in a variant of
        it (``en-GB`` for ``en``), else one without a language, else one in any language, by the alphabet;
        among these the predicate that comes first in the settings decides, then the text that sorts first.
        Where the settings name no language and entities have names in several, the language is one that most
        entities of both sides have (:func:`psqe.datasets.rdf.names.common_languages`). The other names do not
        become attributes. A candidate without a name gets the words of its IRI
        (:func:`psqe.datasets.rdf.names.words_of_iri`), unless IRIs are codes. If an entity has several
        images, the predicate that comes first in the settings decides, then the path that sorts first.

        Links are read by :func:`psqe.datasets.link_files.read_links`. ``None`` after gathered faults without
        which there is no graph.

    Raises
    ------
    DataError
        If a file is missing, exists in two forms, is no RDF or has more faults than statements; if a
        statement is about a statement; if ``psqe.toml`` has an unknown key or an impossible value; if a side
        has no candidate; or if an image is missing, no image, or outside the folder. The error names the
        file and, where there is one, the line.

    Warns
    -----
    PsqeWarning
        If images are on the web, as they are not fetched; if a link names something that is no candidate; if
        the statements of a side have ``owl:sameAs``; if a statement cannot be read. These records are left
        out. Also if text that is no valid RDF is read as it was meant, if a language was chosen, if
        candidates have no label, and if another predicate seems to have their names.
    """
    from psqe.datasets.rdf.settings import Settings, read_settings

    path = folder / SETTINGS
    settings = read_settings(path, faults) if is_there(path) else Settings()
    if settings is None:
        return None
    sides = [Side(folder, side, settings, faults) for side in SIDES]
    complete = [side.read() for side in sides]
    refused = [faults.in_files([side.path]) for side in sides]
    if not all(complete):
        tell_unchecked(find_links(folder, faults), refused, faults)
        return None
    _tell_settings_without_effect(sides, settings, path, faults)
    _tell_likely_labels(sides, settings, faults)
    languages = _languages(sides, settings, folder, faults)
    left, right = (side.build(language) for side, language in zip(sides, languages, strict=True))
    _tell_links_inside(left, right, sides[0].path, faults)
    _tell_links_inside(right, left, sides[1].path, faults)
    for side, other in zip(sides, (right, left), strict=True):
        _tell_same(side, left.index(), right.index(), other, faults)
    return AlignmentTask(name, left, right, _links(folder, left, right, faults, refused))


def _languages(
    sides: list[Side], settings: Settings, folder: Path, faults: Faults
) -> tuple[str | None, str | None]:
    """Return the languages of names: those of the settings, else those that both sides have in common."""
    chosen = settings.languages
    if chosen.left or chosen.right:
        return chosen.left, chosen.right
    left, right = sides
    found = common_languages(left.names, right.names, left.candidates, right.candidates)
    if found is None:
        return None, None
    left_said, right_said = (f"in {language!r}" if language else "without a language" for language in found)
    said = (
        f"{left_said} on both sides" if found[0] == found[1] else f"{left_said} left and {right_said} right"
    )
    example = ", ".join(f'{side} = "{language or "en"}"' for side, language in zip(SIDES, found, strict=True))
    faults.note(
        f"has labels in several languages, of which those {said} are taken",
        path=folder,
        remedy=f"choose others, if they are better, in psqe.toml: languages = {{{example}}}",
    )
    return found[0] or None, found[1] or None


def _tell_settings_without_effect(sides: list[Side], settings: Settings, path: Path, faults: Faults) -> None:
    """Tell that chosen predicates of names are nowhere in a side, and refuse a language that is nowhere.

    Names in a language that the user did not choose would give wrong links without a word about them.
    """
    for side in sides:
        shares, _ = side.names.languages(side.candidates)
        wanted = getattr(settings.languages, side.side)
        if not shares and settings.chooses_labels and settings.labels:
            faults.note(
                f"the key labels lists the predicates of names, such as {settings.labels[0]!r}, but no "
                f"candidate of the {side.side} side has one of them",
                path=path,
                remedy="correct the predicates, or delete the key labels, so that the usual ones are read",
            )
        elif (
            shares
            and wanted
            and not {language_of(wanted), language_of(wanted).partition("-")[0]} & set(shares)
        ):
            there = ", ".join(sorted(language or "none" for language in shares))
            faults.add(
                f"wants names in {wanted!r} on the {side.side} side, which has none",
                path=path,
                remedy=f"choose from its languages ({there}), or delete the key languages",
            )


def _tell_likely_labels(sides: list[Side], settings: Settings, faults: Faults) -> None:
    """Tell that predicates that are no labels seem to have the names of a side without labels."""
    likely = {side.side: found for side in sides if (found := side.likely_label()) is not None}
    if not likely:
        return
    used = {predicate for side in sides for predicate in side.label_predicates}
    known = [predicate for predicate in (*settings.labels, *settings.fallbacks) if predicate in used]
    labels = ", ".join(f'"{predicate}"' for predicate in dict.fromkeys((*known, *likely.values())))
    where = "replace the labels in psqe.toml by" if settings.chooses_labels else "begin psqe.toml with"
    for side in sides:
        if side.side in likely:
            faults.note(
                f"most entities have no label, and the literals of {likely[side.side]!r} look like their "
                "names, but are read as attributes",
                path=side.path,
                remedy=f"if they are the names, {where}: labels = [{labels}]",
            )


def _tell_links_inside(graph: KnowledgeGraph, other: KnowledgeGraph, path: Path, faults: Faults) -> None:
    """Tell that statements of a side say which entities of the other side are the same."""
    same = [i for i, relation in enumerate(graph.relations) if relation in EQUIVALENCES]
    tails = graph.triples[np.isin(graph.triples[:, 1], same), 2]
    abroad = np.setdiff1d(tails, graph.candidates)
    index = other.index()
    linked = [i for i in abroad.tolist() if graph.entities[i] in index]
    if linked:
        relations = " and ".join(graph.relations[i] for i in same)
        faults.note(
            f"says by {relations} which entities of the {other.name!r} graph are the same, for example "
            f"{graph.entities[linked[0]]!r} ({counted(len(linked), 'entity')}), and this is not read as "
            "gold links",
            path=path,
            remedy="move them to links.nt",
        )


def _tell_same(
    side: Side, left: Mapping[str, int], right: Mapping[str, int], other: KnowledgeGraph, faults: Faults
) -> None:
    """Tell that statements with ``owl:sameAs`` are left out: links of the pair, and links to other data."""
    strange = [
        (first, second)
        for first, second in side.same
        if not ((first in left and second in right) or (first in right and second in left))
    ]
    n_links = len(side.same) - len(strange)
    if n_links:
        faults.leave_out(
            f"statements with owl:sameAs that link the two graphs: {n_links:,}",
            path=side.path,
            remedy="move them to links.nt",
        )
    if strange:
        faults.note(
            f"statements with owl:sameAs that name no entity of the {other.name!r} graph, and are left out: "
            f"{len(strange):,}, for example {strange[0][0]!r} and {strange[0][1]!r}",
            path=side.path,
            remedy="if they are links, move them to links.nt and spell the entities there as the graphs do",
        )


def _links(
    folder: Path,
    left: KnowledgeGraph,
    right: KnowledgeGraph,
    faults: Faults,
    refused: Sequence[Sequence[Path]],
) -> IntArray | None:
    path = find_links(folder, faults)
    if path is None:
        tell_unread_links(folder, left, right, faults)
        return None
    return read_links(path, left, right, faults, label=bare, refused=refused)
