"""The left graph of characters: KanjiVG's strokes and components, KANJIDIC2's grades and meanings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from psqe.datasets.builder import GraphBuilder
from psqe.datasets.han.assets import is_han, stroke_files
from psqe.datasets.han.common import add_shared_meanings, character_id, frequency_band, radical_group
from psqe.datasets.han.drawings import read_drawing, stroke_drawings
from psqe.datasets.han.glosses import plain_glosses
from psqe.datasets.han.tables import Kanji, read_kanjidic
from psqe.graph import KnowledgeGraph

SIDE = "kanji"

PLACES = {
    "left": "left", "right": "right", "top": "top", "bottom": "bottom", "middle": "middle",
    "kamae": "frame", "kamaec": "framed", "⿵A": "frame", "⿵B": "framed", "⿶1": "frame", "⿶2": "framed",
    "tare": "upper_left", "tarec": "below_upper_left", "nyo": "lower_left", "nyoc": "above_lower_left",
}  # fmt: skip
"""Where a component is, by the code of the place in KanjiVG; a component at any other place is a ``part``."""

_NAMESPACE = "{http://kanjivg.tagaini.net}"


def left_characters() -> tuple[str, ...]:
    """Return the characters of the left graph: those of KanjiVG that KANJIDIC2 has, by code point.

    Raises
    ------
    DataError
        If the package ``kanjivg`` is not installed.
    """
    known = read_kanjidic()
    return tuple(character for character in stroke_files() if character in known)


def left_graph(language: str, characters: Sequence[str]) -> KnowledgeGraph:
    """Build the graph of Japanese characters.

    Its relations are components by their place, radicals, variants of components, the number of strokes, the
    school grade, the band of the frequency in newspapers, and meanings that characters share. A component
    that is a character of the graph is that entity; any other is a node without a text.

    Parameters
    ----------
    language
        Language of the meanings, one of :data:`psqe.datasets.han.tables.LANGUAGES`.
    characters
        The characters of the graph, all or some of :func:`left_characters`, by code point.

    Raises
    ------
    DataError
        If the package ``kanjivg`` is not installed, or one of its files is broken.
    """
    known, files = read_kanjidic(), stroke_files()
    drawings = stroke_drawings()
    meanings = [plain_glosses(known[character].meanings[language]) for character in characters]
    graph = GraphBuilder(
        f"{SIDE}-{language}", language, [character_id(SIDE, c) for c in characters],
        attributes=[tuple(("meaning", gloss) for gloss in own) for own in meanings],
        images=[drawings[c] for c in characters],
        groups=[radical_group(known[c].radical) for c in characters],
    )  # fmt: skip
    for character in characters:
        _add_facts(graph, character, known[character])
        _add_components(graph, files[character])
    add_shared_meanings(graph, SIDE, dict(zip(characters, meanings, strict=True)))
    return graph.build()


def _add_facts(graph: GraphBuilder, character: str, facts: Kanji) -> None:
    head = character_id(SIDE, character)
    if facts.strokes is not None:
        graph.add(head, "written_with", graph.node("strokes", str(facts.strokes)))
    if facts.grade is not None:
        graph.add(head, "taught_in", graph.node("grade", str(facts.grade)))
    if facts.rank is not None:
        graph.add(head, "in_newspapers", graph.node("newspapers", frequency_band(facts.rank)))


def _add_components(graph: GraphBuilder, path: Path) -> None:
    """Add the tree of components in a file of KanjiVG."""
    for whole, place, part in _parts(list(read_drawing(path)), None):
        head, tail = _node(graph, whole), _node(graph, part.get("element", ""))
        graph.add(head, f"{PLACES[place]}_part" if place in PLACES else "part", tail)
        if part.get("radical"):
            graph.add(head, "radical", tail)
        if original := part.get("original"):
            graph.add(tail, "variant_of", _node(graph, original))


def _parts(
    elements: Sequence[ElementTree.Element], whole: str | None
) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Yield each component below some groups: what it is a part of, its place, and its own facts.

    Groups without a component, which only bind strokes together, are passed through. A component that is
    written in two pieces has the same name twice.
    """
    for element in elements:
        facts = {
            key.removeprefix(_NAMESPACE): value
            for key, value in element.items()
            if key.startswith(_NAMESPACE)
        }
        name = facts.get("element")
        if name is None:
            yield from _parts(list(element), whole)
            continue
        if whole is not None and name != whole:
            yield whole, facts.get("position", ""), facts
        yield from _parts(list(element), name)


def _node(graph: GraphBuilder, component: str) -> str:
    """Return the entity of a component that is a character of the graph, else a node without a text."""
    if len(component) == 1 and is_han(component):
        identifier = character_id(SIDE, component)
        if graph.has(identifier):
            return identifier
    return graph.node("component", character_id(SIDE, component))
