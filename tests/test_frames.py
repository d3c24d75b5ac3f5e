"""Graphs from frames say what the same tables say as files, and every fault is one clear error."""

from pathlib import Path

import pandas as pd
import pytest

from psqe import graph_from_frames
from psqe.datasets.layouts import read_in_order
from psqe.datasets.tables import COLUMNS
from psqe.errors import DataError
from psqe.graph import KnowledgeGraph

COUNTRIES = Path(__file__).parents[1] / "examples" / "countries"
TRIPLES = [("rome", "capital of", "italy"), ("pisa", "in", "italy")]
NAMES = {"entity": ["rome", "italy"], "name": [" Roma  caput", "Italia"]}


def content(graph: KnowledgeGraph) -> list[object]:
    return [graph.entities, graph.relations, graph.triples.tolist(), graph.candidates.tolist(), graph.names,
            graph.attributes, graph.images]  # fmt: skip


def frames_of(side: Path) -> dict[str, pd.DataFrame]:
    """The tables of one side, as somebody reads them with pandas; paths made those of this folder."""
    frames = {
        table: pd.read_csv(side / f"{table}.tsv", sep="\t", dtype=str)
        for table in COLUMNS
        if (side / f"{table}.tsv").exists()
    }
    if "images" in frames:
        frames["images"]["path"] = [side / path for path in frames["images"]["path"]]
    return frames


@pytest.mark.parametrize("side", ["left", "right"])
def test_frames_say_what_files_say(side):
    frames = frames_of(COUNTRIES / side)
    assert frames.keys() >= {"triples", "names"}
    files = read_in_order(COUNTRIES).sides[side]
    made = graph_from_frames(**frames, name=files.name, language="en")
    assert content(made)[:-1] == content(files)[:-1] and made.language == "en" and made.name == files.name
    shuffled = {table: frame.sample(frac=1, random_state=0) for table, frame in frames.items()}
    assert content(graph_from_frames(**shuffled)) == content(made)


def test_every_table_and_every_form_of_it(tmp_path):
    (tmp_path / "x.svg").write_text("<svg/>")
    attributes = [{"entity": "rome", "attribute": a, "value": v} for a, v in (("size", 12.5), ("old", None))]
    images = pd.DataFrame({"path": [str(tmp_path / "x.svg")], "entity": ["tiber"]})
    graph = graph_from_frames([*TRIPLES, TRIPLES[0]], NAMES, attributes, images)
    assert graph.entities == ("italy", "pisa", "rome", "tiber")
    assert graph.names == ("Italia", None, "Roma caput", None)
    assert len(graph.triples) == 2 and graph.candidates.tolist() == [0, 1, 2, 3]
    assert graph.attributes[2] == (("old", None), ("size", "12.5"))
    assert graph.images == (None, None, None, tmp_path / "x.svg")


def test_names_alone_are_a_graph():
    graph = graph_from_frames(names=NAMES)
    assert graph.names == ("Italia", "Roma caput") and len(graph.triples) == 0 and len(graph.candidates) == 2


def test_without_names_identifiers_are_read():
    graph = graph_from_frames([("http://x.org/resource/New_York", "in", "Q30")])
    assert graph.names == (None, "New York") and len(graph.candidates) == 2


def test_what_only_ends_triples_is_no_candidate_where_names_are_known():
    graph = graph_from_frames(TRIPLES, {"entity": ["rome"], "name": ["Rome"]})
    assert [graph.entities[i] for i in graph.candidates] == ["pisa", "rome"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "graph 'mine' has no entity; give triples, names, attributes or images"),
        ({"triples": 3}, "graph 'mine': pandas makes no frame of triples"),
        ({"triples": []}, r"triples has the columns \[\]; give exactly the columns head, relation, tail"),
        ({"names": {"entity": ["a"]}}, r"names has the columns \[entity\]; give exactly .* entity, name"),
        (
            {"names": {**NAMES, "language": ["it", "it"]}},
            r"names has .* language\]; give exactly the columns",
        ),
        ({"names": [("a", "A"), (None, "B")]}, "names, row 1: entity is missing; fill it"),
        ({"names": [("a", "A"), ("a", "B")]}, "names, row 1: 'a' has a name already; keep one row"),
        ({"names": [(True, "A")]}, "names, row 0: entity is True, which is a bool and no text; convert the"),
        ({"names": [("a ", "A")]}, "names, row 0: entity has blanks around 'a'; remove them"),
        (
            {"triples": [("a", "r", 2.5)]},
            "triples, row 0: tail is 2.5, which is no whole number below 2\\*\\*53",
        ),
        ({"triples": [("a", 3, "b")]}, "triples, row 0: relation is 3, .* triples\\['relation'\\].astype"),
        ({"triples": [("a", "", "b")]}, "triples, row 0: relation is missing"),
        ({"attributes": [("a", "x", ["y"])]}, r"attributes, row 0: value is \['y'\], which is a list"),
        ({"images": [("a", "no.png")]}, "no.png: is missing; put the image there"),
        ({"images": [("a", COUNTRIES / "links.tsv")]}, "is no image"),
    ],
)
def test_a_fault_is_one_clear_error(tables, message):
    with pytest.raises(DataError, match=message):
        graph_from_frames(**tables, name="mine")


def test_an_entity_has_one_image(tmp_path):
    (tmp_path / "x.svg").write_text("<svg/>")
    with pytest.raises(DataError, match="images, row 1: 'a' has an image already"):
        graph_from_frames(images=[("a", tmp_path / "x.svg"), ("a", tmp_path / "x.svg")])
