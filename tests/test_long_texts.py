"""Texts of any length: what is read of them, and that short ones are not changed."""

import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from cities import LEFT, written

from psqe.cli.main import main
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import PsqeWarning
from psqe.features import build_features
from psqe.features.encoders.bag import attribute_bags
from psqe.features.encoders.bins import parse_number
from psqe.features.text import (
    LONGEST_LABELS,
    LONGEST_VALUE,
    LONGEST_VALUES,
    attribute_texts,
    name_texts,
    relation_texts,
    texts_of,
)
from psqe.graph import AlignmentTask, KnowledgeGraph


def graph_of(*attributes: tuple[tuple[str, str | None], ...], **columns: tuple[str, ...]) -> KnowledgeGraph:
    n = len(attributes) or len(columns.get("names", ()))
    return KnowledgeGraph("g", tuple(map(str, range(n))), (), [], attributes=attributes, **columns)


def test_texts_below_the_bound_are_not_changed() -> None:
    values = tuple((f"a{i:02}", f"{i:02}" + "x" * 95) for i in range(40))
    graph = graph_of(values, (("one", "y" * LONGEST_VALUE),), names=("n" * LONGEST_VALUE, "é" * 999))
    assert attribute_texts(graph) == [", ".join(value for _, value in values), "y" * LONGEST_VALUE]
    assert name_texts(graph) == ["n" * LONGEST_VALUE, "é" * 999]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts_of(AlignmentTask("t", graph, graph), "attribute")
        texts_of(AlignmentTask("t", graph, graph), "name")


def test_a_long_value_leaves_the_others_as_they_are() -> None:
    """A value of 2.7 MB among 144 attributes took 13.5 GB."""
    pairs = tuple((f"a{i:03}", f"value {i}") for i in range(144))
    text = attribute_texts(graph_of((("a000", "long " * 540_000), *pairs)))[0]
    assert len(text) < 3200 and all(f", value {i}" in text for i in range(1, 144))
    assert text.startswith("long long") and text.endswith("value 143")


@pytest.mark.parametrize(
    "lengths", [(900,) * 20, (3, 1000, 1000, 1000, 1000, 1000), (20,) * 1000, (1,) * 9000]
)
def test_of_many_values_each_has_its_share(lengths: tuple[int, ...]) -> None:
    values = [f"{i:04}"[:length] + "x" * (length - 4) for i, length in enumerate(lengths)]
    text = attribute_texts(graph_of(tuple((f"a{i:05}", value) for i, value in enumerate(values))))[0]
    parts = text.split(", ")
    assert sum(map(len, parts)) <= LONGEST_VALUES
    if len(lengths) <= 20:
        assert len(parts) == len(lengths) and parts[0].startswith(values[0][:3])
        assert max(map(len, parts)) - min(len(p) for p, v in zip(parts, values, strict=True) if p != v) <= 1


def test_labels_of_an_entity_without_values_are_bounded_too() -> None:
    labels = tuple((f"label{i}", None) for i in range(30_000))
    assert len(attribute_texts(graph_of(labels))[0]) == LONGEST_LABELS
    relations = KnowledgeGraph("g", ("a",), ("r" * 5000,), [(0, 0, 0)])
    assert relation_texts(relations) == ["r" * LONGEST_VALUE]


def test_what_is_shortened_is_told_once_with_its_number() -> None:
    long = graph_of((("a", "x" * 1001),), (("a", "short"),), names=("n" * 2000, "m"))
    task = AlignmentTask("t", long, long)
    with pytest.warns(PsqeWarning) as told:
        build_features(task, ["name", "attribute"], cache=False)
    messages = sorted(str(warning.message) for warning in told)
    assert len(messages) == 2 and all("\n" not in message for message in messages)
    assert messages[0].startswith("task 't': 2 texts of modality 'attribute' are too long")
    assert messages[1].endswith("the first 1,000 characters of each name, value or label are read")
    with pytest.warns(PsqeWarning, match="2 texts of modality 'name' are too long"):
        build_features(task, ["name"], encoders={"name": "bigram"})


def test_texts_that_begin_alike_are_told_apart_only_within_the_bound() -> None:
    """The vector of a long text is that of its beginning, and does not depend on what else is in the task."""
    begin = "word " * 200
    graph = graph_of((("a", begin + "one"),), (("a", begin + "two"),), (("a", "other"),))
    with pytest.warns(PsqeWarning):
        left = build_features(AlignmentTask("t", graph, graph), ["attribute"], cache=False)["attribute"].left
    np.testing.assert_array_equal(left.values[0], left.values[1])


def test_long_values_in_a_bag_are_equal_only_if_they_are_equal() -> None:
    begin = "x" * 100_000
    one, two, three = attribute_bags(graph_of((("a", begin),), (("a", begin + "y"),), (("a", begin),)))
    assert one == three != two and max(map(len, two)) < 2000
    assert "a=short" in attribute_bags(graph_of((("a", "short"),)))[0]


def test_long_digits_take_no_time() -> None:
    start = time.perf_counter()
    assert parse_number("1" * 2_000_000 + "x") is None and parse_number("9" * 2_000_000) is None
    assert time.perf_counter() - start < 1


@pytest.mark.filterwarnings("ignore::psqe.errors.PsqeWarning")
def test_a_name_of_many_megabytes_is_aligned(tmp_path: Path) -> None:
    for side in ("left", "right"):
        (tmp_path / "pair" / side).mkdir(parents=True)
        rows = "".join(f"{side}{i}\tcity number {i}\n" for i in range(30))
        (tmp_path / "pair" / side / "names.tsv").write_text(f"{rows}{side}\t{'long name ' * 1_000_000}\n")
        triples = "".join(f"{side}{i}\tnear\t{side}{(i + 1) % 30}\n" for i in range(30))
        (tmp_path / "pair" / side / "triples.tsv").write_text(triples)
    links = tmp_path / "links.tsv"
    report = tmp_path / "report.html"
    options = ["--modalities", "name", "--n-seeds", "10", "--out", str(links), "--report", str(report)]
    assert main(["align", str(tmp_path / "pair"), *options]) == 0
    assert "left0\tright0" in links.read_text() and links.stat().st_size < 10_000
    assert report.stat().st_size < 5_000_000


def test_a_graph_keeps_as_much_of_a_value_as_encoders_read():
    """A hundred thousand abstracts of ten thousand characters would take two gigabytes."""
    from psqe.datasets import graphs
    from psqe.datasets.faults import Faults
    from psqe.features import text

    assert graphs.LONGEST_VALUE == text.LONGEST_VALUE
    draft, faults = graphs.GraphDraft(), Faults(gather=True)
    draft.add_attribute(draft.entity("a"), "abstract", " " + "x" * 5000)
    draft.add_attribute(draft.entity("a"), "title", "y" * 1000)
    graph = draft.build("g", faults)
    assert [len(value) for _, value in graph.attributes[0]] == [1000, 1000]
    assert "1 value of attributes longer than 1,000 characters" in str(faults.notes[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("n" * 1000, "n" * 1000),
        ("n" * 1001, None),
        ("New  York", "New York"),
        (" " * 100_000 + "New York" + " " * 100_000, "New York"),
        ("x y " * 1_000_000, None),
        ("x" * 999 + " " + "y", None),
        ("Rome" + " " * 100_000 + "Italy", None),
        ("é" * 20_000, None),
        ("a " * 500, " ".join("a" * 500)),
        ("", ""),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("form", ["folder", "rdf"])
def test_a_graph_keeps_as_much_of_a_name_as_encoders_read_and_says_so(tmp_path, text, name, form):
    if form == "rdf":
        label = "http://www.w3.org/2000/01/rdf-schema#label"
        for side, first in (("left", text), ("right", "New York")):
            lines = [f'<http://{side}.org/a> <{label}> "{first}" .', f'<http://{side}.org/b> <{label}> "b" .']
            (tmp_path / f"{side}.nt").write_text("\n".join(lines))
    else:
        written(tmp_path, left={**LEFT, "names": [*LEFT["names"], ("zz", text or " ")]}, links=None)
    faults = check_folder(tmp_path)
    told = [str(note) for note in faults.notes if "longer than 1,000 characters" in str(note)]
    assert len(told) == (name is None)
    if text:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            task = read_in_order(tmp_path)
        entity = "http://left.org/a" if form == "rdf" else "zz"
        kept = task.left.names[task.left.entities.index(entity)]
        assert kept == name or (name is None and len(kept) <= 1000 and text.startswith(kept[:4]))
