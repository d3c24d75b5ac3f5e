"""Predicted links in the formats of other tools, and which files outputs may be written to."""

import csv
import json
import os
import re
import shutil
import warnings
from pathlib import Path

import cases
import cities
import numpy as np
import pyoxigraph as ox
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_link_files import A, B, links_of, named_by_iris

import psqe
from psqe.cli.main import main
from psqe.datasets.faults import Faults
from psqe.datasets.link_files import read_links
from psqe.datasets.own_outputs import LINK_ENDINGS, MARK
from psqe.datasets.pairs import check_outputs, default_output
from psqe.errors import ParameterError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides
from psqe.links.formats import FORMATS, format_of, save_links
from psqe.links.nearest import TwoNearest
from psqe.links.predict import Links
from psqe.links.rules import LinkRule

QUICK = ("--modalities", "name", "--n-seeds", "5")


def side(name: str, entities: tuple[str, ...]) -> KnowledgeGraph:
    return KnowledgeGraph(name, entities, (), [])


def some_links(n: int) -> Links:
    """Links between the entities of equal number, with falling confidence."""
    nothing = TwoNearest(np.full((n, 2), -1), np.full((n, 2), -np.inf, np.float32))
    confidence = np.linspace(1, 0.25, n, dtype=np.float32)
    return Links(
        np.column_stack([np.arange(n)] * 2), confidence, confidence, confidence, np.zeros(n, bool), False,
        True,
        np.empty((0, 2), np.int64), np.empty(0), 0.0, 0.02, 1.0, LinkRule(), Sides(nothing, nothing),
    )  # fmt: skip


def pair(left: list[str], right: list[str]) -> AlignmentTask:
    return AlignmentTask("pair", side("left", tuple(left)), side("right", tuple(right)))


def read_back(path: Path, task: AlignmentTask) -> list[list[int]]:
    """The pairs that the reader of gold links finds; it may only say that psqe wrote them."""
    faults = Faults(gather=True)
    links = read_links(path, task.left, task.right, faults)
    assert not faults and [MARK[:15] in str(note) for note in faults.notes] in ([], [True])
    return links.tolist()  # type: ignore[no-any-return]  # numpy does not say what it returns


LEFT = [
    "http://a.example/x#1", "http://a.example/Zürich_(city)", "urn:uuid:0b1c", "GO:0008150", "left:1",
    "http://a.example/a&b'c", "http://a.example/", "http://a.example/=cmd", "https://a.example/%22q%22",
]  # fmt: skip
RIGHT = [
    "http://www.wikidata.org/entity/Q72", "http://dbpedia.org/resource/AC/DC", "urn:isbn:1", "MONDO:1",
    "right:x", "http://b.example/?q=1&r=2", "mailto:a@b.example", "http://b.example/東京", "skos:x",
]  # fmt: skip


@pytest.mark.parametrize("ending", [ending for ending in LINK_ENDINGS if ending not in (".tsv", ".csv")])
def test_what_is_written_is_read_back_as_the_same_pairs(tmp_path: Path, ending: str) -> None:
    task, path = pair(LEFT, RIGHT), tmp_path / f"links{ending}"
    save_links(some_links(len(LEFT)), path, task)
    assert read_back(path, task) == [[i, i] for i in range(len(LEFT))]


LOCAL = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
IRI = st.builds(
    lambda space, local: space + local,
    st.sampled_from(["http://x.example/", "http://x.example/a#", "urn:x:", "GO:", "left:", "http://"]),
    LOCAL,
).filter(lambda iri: valid(iri))


def valid(iri: str) -> bool:
    try:
        ox.NamedNode(iri)
    except ValueError:
        return False
    return True


@settings(deadline=None, max_examples=100)
@given(data=st.lists(st.tuples(IRI, IRI), min_size=1, max_size=6, unique_by=(lambda p: p[0], lambda p: p[1])))
def test_any_iris_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, data: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("links")
    task = pair([left for left, _ in data], [right for _, right in data])
    for ending in (".ttl", ".nt", ".sssom.tsv", ".xml"):
        save_links(some_links(len(data)), folder / f"links{ending}", task)
        if not set(task.left.entities) & set(task.right.entities):
            assert read_back(folder / f"links{ending}", task) == [[i, i] for i in range(len(data))], ending


def test_the_formats_are_those_of_the_command_line_and_the_longest_ending_decides() -> None:
    assert tuple(FORMATS) == LINK_ENDINGS
    assert [format_of(name).name for name in ("A.SSSOM.TSV", "a.tsv", "a.b.TTL", "links")] == [
        "SSSOM", "TSV", "Turtle", "TSV",
    ]  # fmt: skip
    with pytest.raises(
        ParameterError, match=r"written as .xlsx files; let the name end in .tsv, .*.rdf or .xml"
    ):
        format_of("links.xlsx")


def test_turtle_and_n_triples_are_read_by_another_reader(tmp_path: Path) -> None:
    task = pair(LEFT, RIGHT)
    for ending, form in ((".ttl", ox.RdfFormat.TURTLE), (".nt", ox.RdfFormat.N_TRIPLES)):
        save_links(some_links(len(LEFT)), tmp_path / f"a{ending}", task)
        said = {
            (statement.subject.value, statement.object.value)
            for statement in ox.parse(path=tmp_path / f"a{ending}", format=form)
            if statement.predicate.value == "http://www.w3.org/2002/07/owl#sameAs"
        }
        assert said == set(zip(LEFT, RIGHT, strict=True))


def test_the_alignment_format_is_rdf_with_the_confidence_as_measure(tmp_path: Path) -> None:
    save_links(some_links(len(LEFT)), tmp_path / "a.rdf", pair(LEFT, RIGHT))
    space = "http://knowledgeweb.semanticweb.org/heterogeneity/alignment#"
    said = list(ox.parse(path=tmp_path / "a.rdf", format=ox.RdfFormat.RDF_XML))
    first = {one.object.value for one in said if one.predicate.value == f"{space}entity1"}
    measures = [float(one.object.value) for one in said if one.predicate.value == f"{space}measure"]
    assert first == set(LEFT)
    assert np.allclose(sorted(measures), np.linspace(0.25, 1, len(LEFT)), atol=1e-5)


def test_sssom_has_the_metadata_and_the_columns_that_it_requires(tmp_path: Path) -> None:
    task = pair(LEFT, RIGHT)
    save_links(some_links(len(LEFT)), tmp_path / "a.sssom.tsv", task)
    lines = (tmp_path / "a.sssom.tsv").read_text().splitlines()
    header = yaml.safe_load("\n".join(line[1:] for line in lines if line.startswith("#")))
    assert {"mapping_set_id", "license", "curie_map"} <= set(header)
    rows = list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))
    spaces = header["curie_map"]
    for row, left in zip(rows, LEFT, strict=True):
        prefix, _, rest = row["subject_id"].partition(":")
        assert spaces[prefix] + rest == left
        assert row["predicate_id"] == "skos:exactMatch" and row["mapping_justification"].startswith("semapv:")
        assert 0 <= float(row["confidence"]) <= 1


def test_the_many_namespaces_of_a_side_do_not_all_get_a_prefix(tmp_path: Path) -> None:
    left = [f"http://a.example/{i}/item" for i in range(50)]
    task = pair(left, [f"http://b.example/{i}" for i in range(50)])
    save_links(some_links(50), tmp_path / "a.sssom.tsv", task)
    assert (tmp_path / "a.sssom.tsv").read_text().count("#   left") == 20
    assert len(read_back(tmp_path / "a.sssom.tsv", task)) == 50


@pytest.mark.parametrize("ending", [".ttl", ".nt", ".sssom.tsv", ".rdf", ".xml"])
def test_identifiers_that_are_no_iris_are_told_before_the_work_and_the_remedy_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = cities.written(tmp_path / "pair"), tmp_path / f"found{ending}"
    monkeypatch.setattr("psqe.api.align", None)  # the work, which must not begin
    assert main(["align", str(folder), *QUICK, "--out", str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r"names entities by IRIs, and '\w+' of the left graph is none; .* in .csv or .tsv", line)
    assert not out.exists()
    monkeypatch.undo()
    task = psqe.load_task(folder)
    assert [format_of(f"found{working}").check(task) for working in (".csv", ".tsv")] == [None, None]


def iri_pair(folder: Path) -> Path:
    return cities.written(
        folder, left=named_by_iris(cities.LEFT, A), right=named_by_iris(cities.RIGHT, B), links=None
    )


def test_links_in_each_format_and_as_truth_of_the_same_pair(tmp_path: Path) -> None:
    folder = iri_pair(tmp_path / "pair")
    alignment = psqe.align(folder, features=["name"], seeds="none")
    found = set(map(tuple, alignment.links[["left", "right"]].to_numpy()))
    assert len(found) > 10
    for ending in LINK_ENDINGS:
        out = tmp_path / f"found{ending}"
        alignment.save_links(out)
        truth = Path(shutil.copy(out, folder / f"links{ending}"))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            task = psqe.load_task(folder)
        (message,) = (str(one.message) for one in told)
        if ending in (".tsv", ".csv"):
            assert "has the columns of an output of psqe" in message and task.links is None
        else:
            assert "was written by psqe: its links are predictions" in message
            assert links_of(task) == found
        truth.unlink()
    with pytest.raises(ParameterError, match=r"links cannot be written as \.json files"):
        alignment.save_links(tmp_path / "found.json")
    with pytest.raises(ParameterError, match=r"would be read as a file of .*, such as .*pair/psqe-links.ttl"):
        alignment.save_links(folder / "links.ttl")


@pytest.mark.parametrize("name", ["left/candidates.tsv", "left/names.csv", "right/images.tsv", "psqe.toml"])
def test_no_output_gets_the_name_of_a_file_that_a_layout_reads(tmp_path: Path, name: str) -> None:
    folder = iri_pair(tmp_path / "pair")
    with pytest.raises(
        ParameterError, match=rf"{name} (would be read as|is) a file of .*; write to another file"
    ):
        check_outputs([folder / name], str(folder))


def test_links_in_another_format_on_the_command_line(tmp_path: Path) -> None:
    out = tmp_path / "found.sssom.tsv"
    assert main(["align", str(iri_pair(tmp_path / "pair")), *QUICK, "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) > 20


# ---- tabs and line breaks in identifiers


@pytest.mark.parametrize("strange", ["a\tb", "a\nb", "a\rb"])
def test_identifiers_that_no_table_with_tabs_can_hold(tmp_path: Path, strange: str) -> None:
    task = pair([strange, "c"], ["d", "e"])
    with pytest.raises(
        ParameterError, match=r"of the left graph has a tab or a line break.*ends in .csv"
    ) as told:
        save_links(some_links(2), tmp_path / "a.tsv", task)
    assert "\n" not in str(told.value) and not (tmp_path / "a.tsv").exists()
    save_links(some_links(2), tmp_path / "a.csv", task)
    with (tmp_path / "a.csv").open(newline="") as stream:
        assert [row[:2] for row in csv.reader(stream)][1:] == [[strange, "d"], ["c", "e"]]
    seeds = psqe.SeedSet(np.array([[0, 0]]), np.array([1.0]), ("given",))
    with pytest.raises(ParameterError, match=r"tab or a line break.*ends in .npy"):
        seeds.save_tsv(tmp_path / "s.tsv", task)
    seeds.save_npy(tmp_path / "s.npy", task)
    assert psqe.SeedSet.load(tmp_path / "s.npy", task).pairs.tolist() == [[0, 0]]


# ---- outputs in the folder of the pair, and outputs that are needed for something else


def test_align_in_the_folder_of_the_pair_never_changes_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cities.written(tmp_path / "pair", links=None)
    for place, task, n_times in (folder, ".", 2), (folder / "left", "..", 1):
        monkeypatch.chdir(place)
        for _ in range(n_times):
            assert main(["align", task, *QUICK, "--json", "report.json"]) == 0
            shown = capsys.readouterr()
            assert "-> psqe-links.tsv" in shown.out and not shown.err
            assert json.loads(Path("report.json").read_text())["link_quality"] is None
    assert main(["data", "check", str(folder)]) == 0
    assert not (folder / "links.tsv").exists()
    monkeypatch.chdir(tmp_path)
    assert str(default_output("links.tsv", "pair")) == "links.tsv"
    assert str(default_output("links.tsv", "emoji/en-fr")) == "links.tsv"


def test_the_handed_folder_with_an_output_in_it_is_aligned_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = cases.case("28-out-in-folder/pair", tmp_path)
    before = (folder / "links.tsv").read_bytes()
    monkeypatch.chdir(folder)
    with pytest.warns(PsqeWarning, match="columns of an output of psqe"):
        assert main(["align", ".", *cases.NAME]) == 0
    assert (folder / "links.tsv").read_bytes() == before
    assert len((folder / "psqe-links.tsv").read_text().splitlines()) == 37


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("--out", "links.csv"), ("--out", "links.ttl"), ("--out", "Refalign.RDF"),
        ("--out", "mapping.sssom.tsv"),
        ("--out", "left/images.tsv"), ("--out", "right/names.csv"), ("--out", "alignment.xml"),
        ("--json", "left.json"), ("--report", "left/images/page.html"), ("--out", "left/../links.tsv"),
        ("--out", "../pair/reference.tsv"), ("--out", "left/attributes.tsv"),
    ],
)  # fmt: skip
def test_no_output_gets_a_name_that_would_be_read_and_the_remedy_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    option: str,
    name: str,
) -> None:
    folder = iri_pair(tmp_path / "pair")
    (folder / "left" / "images").mkdir()
    monkeypatch.chdir(folder)
    assert main(["align", ".", *QUICK, option, name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    told = re.fullmatch(
        r"psqe: \S+ (would be read as|is) a file of \.; write to another file, such as (\S+)", line
    )
    assert told, line
    if "images/" not in name:
        check_outputs([Path(told[2])], ".")
        Path(told[2]).write_text("content")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert psqe.load_task(folder).links is None
    assert not (folder / name).exists() or name.endswith("attributes.tsv")


@pytest.mark.parametrize(
    "options",
    [
        ("--out", "a.tsv", "--json", "./a.tsv"),
        ("--out", "a.tsv", "--json", "A.TSV"),
        ("--out", "new/a.tsv", "--json", "new/../new/a.tsv"),
        ("--json", "a", "--out", "other/a"),
        ("--seeds", "seeds.tsv", "--out", "seeds.tsv"),
        ("--seeds", "seeds.tsv", "--out", "hard.tsv"),
        ("--seeds", "seeds.tsv", "--json", "soft.tsv"),
        ("--features", "f.npz", "--json", "f.npz"),
        ("--aligner", "mclea", "--checkpoint", "a.tsv", "--out", "a.tsv"),
        ("--out", "pair/left/names.tsv"),
        ("--json", "names-again.tsv"),
    ],
)
def test_an_output_never_replaces_an_input_or_another_output(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = cities.written(tmp_path / "pair", links=None)
    Path("seeds.tsv").write_text("left\tright\n")
    Path("f.npz").write_bytes(b"x")
    os.link("seeds.tsv", "hard.tsv")
    Path("soft.tsv").symlink_to("seeds.tsv")
    os.link("pair/left/names.tsv", "names-again.tsv")
    Path("other").symlink_to(".")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert main(["align", str(folder), *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(r" is (a file of .*|the file of two outputs|read, too); write to another file", line), (
        line
    )
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_an_output_goes_through_a_link_to_the_file_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "real.tsv").write_text("old")
    (tmp_path / "link.tsv").symlink_to("real.tsv")
    save_links(some_links(2), tmp_path / "link.tsv", pair(["a", "b"], ["c", "d"]))
    assert (tmp_path / "link.tsv").is_symlink()
    assert (tmp_path / "real.tsv").read_text().startswith("left\tright\tscore")


def test_an_unknown_ending_is_told_before_the_work_and_each_ending_of_the_remedy_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = iri_pair(tmp_path / "pair")
    monkeypatch.chdir(tmp_path)
    assert main(["align", str(folder), "--out", "found.xlsx"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("psqe: --out cannot write .xlsx files; let the name end in .tsv, .csv, .ttl")
    endings = re.findall(r"(?<= )(?:\.\w+)+(?=,|$| or)", line.partition("let the name end in")[2])
    assert tuple(endings) == LINK_ENDINGS
