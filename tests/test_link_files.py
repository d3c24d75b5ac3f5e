"""Gold links in the files of other tools: tables, RDF, SSSOM and the alignment format of OAEI."""

import gzip
import os
import warnings
from pathlib import Path

import cases
import cities
import numpy as np
import pyoxigraph as ox
import pytest

from psqe.cli.main import main
from psqe.datasets.exchanged_links import exchanged_rows
from psqe.datasets.faults import Faults
from psqe.datasets.gold_links import LinkDraft
from psqe.datasets.layouts import check_folder, read_folder
from psqe.datasets.own_outputs import MARK
from psqe.errors import DataError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

A, B = "http://a.example/place/", "http://b.example/id/"
LINKS = [(A + left, B + right) for left, right in cities.LINKS]


def named_by_iris(tables: cities.Tables, base: str) -> cities.Tables:
    """The tables of a side with IRIs for entities; the tails of triples stay words."""
    return {name: [(base + row[0], *row[1:]) for row in rows] for name, rows in tables.items()}


def pair(folder: Path, name: str, content: str | bytes) -> Path:
    """Write the sound pair with IRIs, and one more file."""
    sides = {"left": named_by_iris(cities.LEFT, A), "right": named_by_iris(cities.RIGHT, B)}
    cities.written(folder, **sides, links=None)
    folder.joinpath(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def found(folder: Path) -> set[tuple[str, str]]:
    """The gold links that a folder is read with, and nothing must be told about it."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return links_of(read_folder(folder))


def links_of(task: AlignmentTask) -> set[tuple[str, str]]:
    assert task.links is not None
    return {(task.left.entities[i], task.right.entities[j]) for i, j in task.links.tolist()}


def told(folder: Path) -> str:
    """What is told when a folder is read without a fault."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read_folder(folder)
    return "\n".join(str(one.message) for one in caught if one.category is PsqeWarning)


def test_links_are_sorted_whatever_their_order() -> None:
    left, right = (KnowledgeGraph(side, tuple(f"{side}{i:02}" for i in range(60)), (), []) for side in "lr")
    order = np.random.default_rng(0).permutation(60).tolist()
    links = LinkDraft(left, right, Faults())
    for i in order:
        links.add(left.entities[i], right.entities[59 - i], Path("links.tsv"), 1)
    assert links.array(Path("links.tsv")).tolist() == [[i, 59 - i] for i in range(60)]


# ---- statements


def statements(predicate: str, links: list[tuple[str, str]] = LINKS) -> str:
    return "".join(f"<{left}> <{predicate}> <{right}> .\n" for left, right in links)


OWL, SKOS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2004/02/skos/core#"


@pytest.mark.parametrize(
    "predicate",
    [
        f"{OWL}sameAs", f"{OWL}equivalentClass", f"{OWL}equivalentProperty", f"{SKOS}exactMatch",
        "http://schema.org/sameAs", "https://schema.org/sameAs",
    ],
)  # fmt: skip
def test_each_predicate_that_says_the_same_is_a_link_in_either_direction(
    tmp_path: Path, predicate: str
) -> None:
    turned = [(right, left) if i % 2 else (left, right) for i, (left, right) in enumerate(LINKS)]
    assert found(pair(tmp_path / "a", "links.nt", statements(predicate))) == set(LINKS)
    assert found(pair(tmp_path / "b", "reference.ttl", statements(predicate, turned))) == set(LINKS)
    packed = gzip.compress(statements(predicate).encode())
    assert found(pair(tmp_path / "c", "mappings.nt.gz", packed)) == set(LINKS)


def test_statements_that_say_something_else_are_counted_and_are_no_links(tmp_path: Path) -> None:
    text = statements(f"{SKOS}exactMatch", LINKS[:5]) + statements(f"{SKOS}closeMatch", LINKS[5:])
    folder = pair(tmp_path / "a", "links.nt", text)
    assert f"links.nt: statements that do not say that two entities are the same, and are no links: "\
        f"{SKOS}closeMatch 11; write owl:sameAs" in told(folder)  # fmt: skip
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS[:5])
    assert main(["data", "check", str(folder)]) == 0


def test_the_handed_links_in_rdf_are_read(tmp_path: Path) -> None:
    for name in ("20-links/a-exactMatch", "20-links/d-oaei"):
        folder = cases.case(name, tmp_path / name[-1])
        assert len(found(folder)) == 36
        assert cases.aligned(folder, "--modalities", "name")["link_quality"]["links"]["f1"] == 1


@pytest.mark.parametrize(
    "text",
    [
        statements(f"{OWL}sameAs"),
        "# true links\n\n" + statements(f"{OWL}sameAs"),
        "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n" + statements("x").replace("<x>", "owl:sameAs"),
    ],
)
def test_statements_in_a_file_with_the_ending_of_a_table_are_read(tmp_path: Path, text: str) -> None:
    for name in ("links.tsv", "reference.txt"):
        folder = pair(tmp_path / name, name, text)
        assert links_of(read_folder_quietly(folder)) == set(LINKS)


# ---- the alignment format


def cell(left: str, right: str, relation: str = "<relation>=</relation>", measure: str = "1.0") -> str:
    return (
        f'<map><Cell><entity1 rdf:resource="{left}"/><entity2 rdf:resource="{right}"/>'
        f"{relation}<measure>{measure}</measure></Cell></map>\n"
    )


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
SPACE = "http://knowledgeweb.semanticweb.org/heterogeneity/alignment"


def alignment(cells: str, space: str = SPACE, before: str = "") -> str:
    return (
        f'<?xml version="1.0"?>{before}<rdf:RDF xmlns="{space}" {RDF}><Alignment><xml>yes</xml>'
        f"<level>0</level><type>11</type><onto1>one</onto1><onto2>two</onto2>{cells}</Alignment></rdf:RDF>"
    )


CELLS = "".join(cell(*link) for link in LINKS)
NESTED = "".join(
    f'<map><Cell cid="{i}"><entity1><Class rdf:about="{left}"/></entity1>'
    f'<entity2><rdf:Description rdf:about="{right}"/></entity2></Cell></map>'
    for i, (left, right) in enumerate(LINKS)
)
PREFIXED = CELLS
for _name in ("map", "Cell", "entity1", "entity2", "relation", "measure"):
    PREFIXED = PREFIXED.replace(f"<{_name}", f"<a:{_name}").replace(f"</{_name}", f"</a:{_name}")
TEXTS = "".join(
    f"<map><Cell><entity1>\n {left}\n</entity1><entity2>{right}</entity2><relation>EQ</relation></Cell></map>"
    for left, right in LINKS
)
ENTITY = f'<!DOCTYPE rdf:RDF [<!ENTITY a "{A}"><!ENTITY b "{B}">]>'
SHORT = "".join(cell(left.replace(A, "&a;"), right.replace(B, "&b;")) for left, right in LINKS)
RELATIVE = CELLS.replace(A, "")
CLASS = "<relation>fr.inrialpes.exmo.align.impl.rel.EquivRelation</relation>"


TURTLE = f"@prefix a: <{SPACE}#> .\n" + "".join(
    f'[] a a:Cell ; a:entity1 <{left}> ; a:entity2 <{right}> ; a:relation "=" ; a:measure 1.0 .\n'
    for left, right in LINKS
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("links.rdf", alignment(CELLS)),
        ("refalign.rdf", alignment(CELLS, space=f"{SPACE}#")),
        ("reference.xml", alignment(CELLS, space="")),
        ("Alignment.XML", alignment(NESTED)),
        ("mapping.owl", alignment(PREFIXED).replace("xmlns=", "xmlns:a=")),
        ("reference.rdf.gz", gzip.compress(alignment(CELLS).encode(), mtime=0)),
        ("links.tsv", alignment(CELLS)),
        ("alignment.rdf", alignment(TEXTS)),
        ("alignment.rdf", alignment(SHORT, before=ENTITY)),
        ("alignment.rdf", alignment(CELLS, before="<!DOCTYPE rdf:RDF>")),
        ("alignment.rdf", alignment(CELLS, before='<!DOCTYPE rdf:RDF SYSTEM "align.dtd">')),
        ("alignment.rdf", alignment(CELLS, before='<!DOCTYPE rdf:RDF PUBLIC "-//x" "http://x.example/a.dtd">')),
        ("alignment.rdf", alignment(CELLS, before="<!DOCTYPE rdf:RDF [<!ELEMENT measure ANY>]>")),
        ("links.xml", alignment(RELATIVE).replace("<Alignment>", f'<Alignment xml:base="{A}">')),
        ("links.rdf", alignment("".join(cell(*link, CLASS) for link in LINKS))),
        ("links.rdf", alignment("".join(cell(*link, "") for link in LINKS))),
        ("links.rdf", alignment("".join(cell(*link, f"<relation>{OWL}sameAs</relation>") for link in LINKS))),
        ("links.rdf", alignment(CELLS.replace("=</rel", f"{OWL}equivalentClass</rel"))),
        ("links.rdf", alignment(CELLS.replace("=</rel", "skos:exactMatch</rel"))),
        ("links.rdf", alignment(NESTED.replace("Class", "Relation"))),
        ("links.rdf", "\ufeff" + alignment(CELLS)),
        ("reference.xml", f'<?xml version="1.0"?><alignment {RDF}>{CELLS.lower()}</alignment>'),
        ("links.ttl", TURTLE),
        ("links.nt", "".join(f"{one} .\n" for one in ox.parse(TURTLE, format=ox.RdfFormat.TURTLE))),
        ("links.rdf", alignment(CELLS).replace('?xml version="1.0"?', '?xml version="1.0" encoding="utf-16"?')
            .encode("utf-16")),
        ("links.rdf", alignment("<!-- " + "long " * 40_000 + "-->" + CELLS)),
    ],
)  # fmt: skip
def test_the_alignment_format_is_read_as_tools_write_it(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    assert found(pair(tmp_path / "a", name, content)) == set(LINKS)


def test_cells_with_another_relation_are_counted_and_are_no_links(tmp_path: Path) -> None:
    cells = CELLS + cell(*LINKS[0], "<relation>&lt;</relation>") + cell(*LINKS[1], "<relation>?</relation>")
    cells += cell(LINKS[2][0], LINKS[3][1], measure="0.0")
    folder = pair(tmp_path / "a", "refalign.rdf", alignment(cells))
    assert (
        "are no links: 1 with the relation <, 1 with the relation ?, 1 with a measure of 0; "
        "write the relation = and a measure above 0 into those"
    ) in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS)


AND = '<e:Class><e:and rdf:parseType="Collection">{}{}</e:and></e:Class>'
TWO = '<e:Class rdf:about="{}"/>'


@pytest.mark.parametrize("form", [AND, "{}{}", "<e:Relation><e:inverse>{}{}</e:inverse></e:Relation>"])
def test_an_expression_in_the_place_of_an_entity_is_no_link(tmp_path: Path, form: str) -> None:
    """EDOAL says things of intersections of classes, and the first class of one is not what is meant."""
    expression = form.format(TWO.format(LINKS[0][0]), TWO.format(LINKS[1][0]))
    cells = (
        f"<map><Cell><entity1>{expression}</entity1><entity2>{TWO.format(LINKS[2][1])}</entity2></Cell></map>"
    )
    content = alignment(cells + CELLS).replace(
        "<rdf:RDF", '<rdf:RDF xmlns:e="http://ns.inria.org/edoal/1.0/#"'
    )
    folder = pair(tmp_path / "a", "links.rdf", content)
    assert "are no links: 1 with an expression in the place of an entity;" in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS)


def test_an_alignment_without_a_cell_has_no_link_and_stops_nothing(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "links.rdf", alignment(""))
    assert "links.rdf: has no link, so nothing is compared with gold links" in told(folder)


def test_an_alignment_that_names_the_right_entity_first_is_read_and_told(tmp_path: Path) -> None:
    turned = alignment("".join(cell(right, left) for left, right in LINKS))
    folder = pair(tmp_path / "a", "refalign.rdf", turned)
    assert "names the right entity first in 16 of 16 lines" in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS)


def test_an_ontology_about_cells_is_no_alignment(tmp_path: Path) -> None:
    same = "".join(f'<x:Cell rdf:about="{a}"><owl:sameAs rdf:resource="{b}"/></x:Cell>' for a, b in LINKS)
    text = f'<rdf:RDF {RDF} xmlns:x="http://x.example/" xmlns:owl="{OWL}">{same}</rdf:RDF>'
    folder = pair(tmp_path / "a", "links.rdf", text)
    assert "are no links: http://www.w3.org/1999/02/22-rdf-syntax-ns#type 16" in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS)


BOMB = '<!DOCTYPE a [<!ENTITY l0 "lol">' + "".join(
    f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(10)
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (alignment(CELLS)[:-40], r"links.rdf:16: is broken XML \(.*\); correct this line"),
        (alignment(cell("&x;", "b")), r"links.rdf:1: is broken XML \(undefined entity\)"),
        (alignment("<map><Cell><entity1/></Cell></map>"), "links.rdf:1: a cell does not name two entities"),
        (
            alignment("&x;" + CELLS, before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hosts">]>'),
            "links.rdf: refers to another file by an entity; write out what its entities stand for",
        ),
        (
            alignment(cell("&x;", "b"), before='<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hosts">]>'),
            r"links.rdf:1: is broken XML \(reference to external entity",
        ),
        (alignment(cell("b", "b", "&l10;"), before=f"{BOMB}]>"), r"links.rdf:1: is broken XML \(limit on"),
    ],
)
def test_a_broken_alignment_is_one_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        read_folder(pair(tmp_path / "a", "links.rdf", content))
    assert "\n" not in str(raised.value)
    assert check_folder(tmp_path / "a").count == 1


# ---- SSSOM

CURIES = f"# curie_map:\n#   a: {A}\n#   b: {B}\n# mapping_set_id: https://example.org/set\n"
COLUMNS = ("subject_id", "predicate_id", "object_id", "mapping_justification")


def sssom(
    rows: list[tuple[str, ...]], *, header: str = CURIES, columns: tuple[str, ...] = COLUMNS, tab: str = "\t"
) -> str:
    return header + "".join(tab.join(row) + "\n" for row in [columns, *rows])


def mapping(left: str, right: str, predicate: str = "skos:exactMatch") -> tuple[str, ...]:
    return left.replace(A, "a:"), predicate, right.replace(B, "b:"), "semapv:ManualMappingCuration"


MAPPINGS = [mapping(*link) for link in LINKS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("links.sssom.tsv", sssom(MAPPINGS)),
        ("mappings.sssom.tsv", sssom(MAPPINGS)),
        ("links.tsv", sssom(MAPPINGS)),
        ("links.csv", sssom(MAPPINGS, tab=",")),
        ("mappings.sssom.tsv", sssom([mapping(*link, "owl:sameAs") for link in LINKS])),
        ("mappings.sssom.tsv", sssom([mapping(*link, f"{SKOS}exactMatch") for link in LINKS])),
        ("mapping.sssom.tsv", "\ufeff" + sssom(MAPPINGS).replace("\n", "\r\n")),
        ("links.sssom.tsv", sssom([(left, "owl:sameAs", right, "") for left, right in LINKS], header="")),
        ("links.sssom.tsv", sssom(MAPPINGS, header=CURIES.replace("# ", "#"))),
        ("links.sssom.tsv", sssom([("", *row[::-1]) for row in MAPPINGS],
            columns=("comment", *COLUMNS[::-1]))),
        ("links.sssom.tsv", sssom([(*row, '"a ""quoted""\ncomment"') for row in MAPPINGS],
            columns=(*COLUMNS, "comment"))),
        ("links.sssom.tsv", sssom([MAPPINGS[0], ("# checked up to here",), *MAPPINGS[1:]])),
    ],
)  # fmt: skip
def test_sssom_is_read_as_tools_write_it(tmp_path: Path, name: str, content: str) -> None:
    assert found(pair(tmp_path / "a", name, content)) == set(LINKS)


def test_identifiers_of_obo_need_no_declared_prefix(tmp_path: Path) -> None:
    obo = "http://purl.obolibrary.org/obo/"
    left = {
        table: [(f"{obo}GO_{row[0][1:]:0>7}", *row[1:]) for row in rows]
        for table, rows in cities.LEFT.items()
    }
    folder = cities.written(tmp_path / "a", left=left, links=None)
    rows = [(f"GO:{a[1:]:0>7}", "skos:exactMatch", b, "") for a, b in cities.LINKS]
    folder.joinpath("links.sssom.tsv").write_text(sssom(rows, header=""), encoding="utf-8")
    assert found(folder) == {(f"{obo}GO_{a[1:]:0>7}", b) for a, b in cities.LINKS}


def test_mappings_that_say_something_else_are_counted_and_are_no_links(tmp_path: Path) -> None:
    columns = (*COLUMNS, "predicate_modifier")
    rows = [(*row, "") for row in MAPPINGS[:10]] + [(*MAPPINGS[10], "Not")]
    rows += [(*mapping(*LINKS[11], "skos:broadMatch"), ""), (*mapping(LINKS[12][0], "sssom:NoTermFound"), "")]
    folder = pair(tmp_path / "a", "links.sssom.tsv", sssom(rows, columns=columns))
    assert (
        "are no links: Not skos:exactMatch 1, skos:broadMatch 1, sssom:NoTermFound 1; write skos:exactMatch"
        in told(folder)
    )
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS[:10])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (sssom(MAPPINGS, header="#: [\n"), "links.sssom.tsv:1: the lines that begin with # are no YAML"),
        (
            sssom([*MAPPINGS, MAPPINGS[0][:3]]),
            "links.sssom.tsv:22: expected 4 columns, found 3; write as many",
        ),
        (
            sssom([("", *MAPPINGS[0][1:])]),
            "links.sssom.tsv:6: names no entity; fill subject_id and object_id",
        ),
        (sssom(MAPPINGS).encode() + b"\xff", "links.sssom.tsv: is not UTF-8"),
    ],
)
def test_a_broken_table_of_mappings_is_one_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_folder(pair(tmp_path / "a", "links.sssom.tsv", content))


def test_the_prefixes_of_a_table_may_be_in_a_file_beside_it(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "links.sssom.tsv", sssom(MAPPINGS, header=""))
    (folder / "links.sssom.yml").write_text(CURIES.replace("# ", "").replace("#", ""))
    assert found(folder) == set(LINKS)


# ---- which file, and in which direction


def test_what_has_the_name_of_gold_links_and_is_no_file_is_told(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "notes", "")
    for make in (Path.mkdir, lambda path: path.symlink_to("nowhere"), os.mkfifo):
        make(folder / "links.tsv")
        with pytest.raises(
            DataError, match=r"links.tsv: has the name of a file of gold links, but is no file"
        ):
            read_folder(folder)
        (folder / "links.tsv").rename(tmp_path / f"{len(list(tmp_path.iterdir()))}")


def test_a_table_that_names_the_right_entity_first_is_read_and_told(tmp_path: Path) -> None:
    folder = cities.written(tmp_path / "a", links=[(right, left) for left, right in cities.LINKS])
    assert "links.tsv: names the right entity first in 16 of 16 lines, and is read that way" in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(cities.LINKS)


def numbered(tables: cities.Tables, first: int, ids: list[str]) -> cities.Tables:
    number = {entity: str(first + i) for i, entity in enumerate(ids)}
    return {name: [(number[row[0]], *row[1:]) for row in rows] for name, rows in tables.items()}


def test_numbers_that_both_sides_have_are_read_in_the_direction_of_the_whole_table(tmp_path: Path) -> None:
    ids = [left for left, _ in cities.LINKS], [right for _, right in cities.LINKS]
    sides = {"left": numbered(cities.LEFT, 0, ids[0]), "right": numbered(cities.RIGHT, 5, ids[1])}
    links = [(str(i), str(i + 5)) for i in range(16)]
    assert found(cities.written(tmp_path / "a", **sides, links=links)) == set(links)
    turned = [(right, left) for left, right in links]
    with pytest.warns(PsqeWarning, match="names the right entity first"):
        assert links_of(read_folder(cities.written(tmp_path / "b", **sides, links=turned))) == set(links)
    mixed = links[:8] + turned[8:]
    with pytest.raises(DataError, match="can be read in both ways; name the left entity first in all lines"):
        read_folder(cities.written(tmp_path / "c", **sides, links=mixed))


@pytest.mark.parametrize("turned", [(5,), (0, 9), (2, 7, 11), (1, 2, 3, 4, 5, 6)])
def test_links_of_which_some_have_their_columns_exchanged_are_told(
    tmp_path: Path, turned: tuple[int, ...]
) -> None:
    left, right = (
        {row[0]: str(i + 1) for i, row in enumerate(side["names"])} for side in (cities.LEFT, cities.RIGHT)
    )
    order = [3, 8, 1, 12, 0, 15, 6, 10, 2, 14, 5, 13, 4, 9, 7, 11]  # circles of several lengths
    links = [(str(i + 1), str(j + 1)) for i, j in enumerate(order)]
    sides = {
        side: {name: [(numbers[row[0]], *row[1:]) for row in rows] for name, rows in tables.items()}
        for side, tables, numbers in (("left", cities.LEFT, left), ("right", cities.RIGHT, right))
    }
    exchanged = [link[::-1] if i in turned else link for i, link in enumerate(links)]
    folder = cities.written(tmp_path / "a", **sides, links=exchanged)
    message = told(folder)
    assert "links.tsv:" in message and "would be in one link each if the columns of" in message
    repaired = cities.written(tmp_path / "b", **sides, links=links)
    assert len(found(repaired)) == 16


def test_several_counterparts_are_not_taken_for_exchanged_columns() -> None:
    assert not exchanged_rows([("1", "2"), ("1", "3"), ("2", "3"), ("3", "1")])
    assert not exchanged_rows([(str(i), str((i + 5) % 9)) for i in range(9)])


def test_two_files_of_gold_links_are_an_error_and_one_must_go(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "links.nt", statements(f"{OWL}sameAs"))
    (folder / "refalign.rdf").write_text(alignment(CELLS))
    with pytest.raises(DataError, match=r"a: has links.nt and refalign.rdf; keep one file of gold links"):
        read_folder(folder)
    (folder / "links.nt").unlink()
    assert found(folder) == set(LINKS)


@pytest.mark.parametrize(
    "name",
    [
        "gold.tsv", "ground_truth.csv", "sameAs.nt", "gold_standard.tsv", "matches.csv", "link.tsv",
        "links (1).tsv", "ref_pairs.tsv", "ent_links", "links.xlsx", "correspondences.json", "mappings.zip",
    ],
)  # fmt: skip
def test_a_file_that_looks_like_gold_links_and_is_not_read_is_told(tmp_path: Path, name: str) -> None:
    folder = pair(tmp_path / "a", name, statements(f"{OWL}sameAs"))
    message = told(folder)
    assert f"'{name}' may hold gold links, but is not read; " in message
    assert ("rename it to links." in message) == name.endswith((".tsv", ".csv", ".nt", ".json"))
    assert read_folder_quietly(folder).links is None


def read_folder_quietly(folder: Path) -> AlignmentTask:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)
        return read_folder(folder)


def test_a_file_that_was_told_is_read_after_it_is_renamed(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "sameAs.nt", statements(f"{OWL}sameAs"))
    assert "rename it to links.nt" in told(folder)
    (folder / "sameAs.nt").rename(folder / "links.nt")
    assert found(folder) == set(LINKS)


def test_an_output_of_psqe_is_never_the_truth(tmp_path: Path) -> None:
    folder = cases.case("28-out-in-folder/pair", tmp_path)
    message = told(folder)
    assert (
        "links.tsv: has the columns of an output of psqe, which are predictions, and is not read" in message
    )
    assert read_folder_quietly(folder).links is None
    text = (folder / "links.tsv").read_text()
    (folder / "links.tsv").write_text(
        "".join("\t".join(row.split("\t")[:2]) + "\n" for row in text.splitlines())
    )
    assert len(found(folder)) == len(text.splitlines()) - 1


def test_predictions_in_rdf_in_the_place_of_gold_links_are_read_and_told(tmp_path: Path) -> None:
    content = "".join(f"<{a}> <http://www.w3.org/2002/07/owl#sameAs> <{b}> .\n" for a, b in LINKS)
    folder = pair(tmp_path, "links.nt", f"# {MARK}\n{content}")
    assert "links.nt: was written by psqe: its links are predictions" in told(folder)
    assert links_of(read_folder_quietly(folder)) == set(LINKS)
    (folder / "links.nt").write_text(content)  # as the remedy says
    assert found(folder) == set(LINKS)


def test_seeds_in_the_place_of_gold_links_are_not_the_truth(tmp_path: Path) -> None:
    rows = [(*link, "0.5", "pivot") for link in cities.LINKS]
    for write, ending in ((cities.tsv, ".tsv"), (cities.delimited(";", quote_all=True), ".csv")):
        folder = cities.written(tmp_path / ending, links=None)
        content = write([("left", "right", "score", "stage"), *rows])
        (folder / f"mapping{ending}").write_bytes(content)
        assert "output of psqe" in told(folder) and read_folder_quietly(folder).links is None


def test_packed_tables_of_links_say_what_is_wrong(tmp_path: Path) -> None:
    folder = pair(tmp_path / "a", "links.nt.gz", gzip.compress(b"x" * 999)[:-9])
    with pytest.raises(DataError, match=r"links.nt.gz: cannot be read"):
        read_folder(folder)


@pytest.mark.parametrize("header", [False, True])
def test_entities_that_begin_as_comments_do_are_links(tmp_path: Path, header: bool) -> None:
    """A relative IRI of Turtle, <#rome>, is the identifier #rome."""
    sides = [
        {table: [(f"#{row[0]}", *row[1:]) for row in rows] for table, rows in tables.items()}
        for tables in (cities.LEFT, cities.RIGHT)
    ]
    links = [(f"#{a}", f"#{b}") for a, b in cities.LINKS]
    folder = cities.written(tmp_path / "a", left=sides[0], right=sides[1], links=links, header=header)
    assert found(folder) == set(links)


@pytest.mark.parametrize("ones", ["1.0", "1", "True"])
def test_a_column_of_scores_that_are_all_1_is_told_and_others_are_a_fault(tmp_path: Path, ones: str) -> None:
    """The reference alignments of the biomedical track of OAEI have a column of ones."""
    rows = [f"{left}\t{right}\t{ones}\n" for left, right in LINKS]
    folder = pair(tmp_path / "a", "links.tsv", "".join(["SrcEntity\tTgtEntity\tScore\n", *rows]))
    assert "links.tsv: further columns are left out: Score; the columns SrcEntity, TgtEntity" in told(folder)
    with pytest.warns(PsqeWarning):
        assert links_of(read_folder(folder)) == set(LINKS)
    folder = pair(tmp_path / "b", "links.tsv", "left\tright\tmatch\n" + rows[0].replace(f"\t{ones}", "\t0"))
    with pytest.raises(DataError, match=r"links\.tsv:2: has a column 'match' that is not 1 in each row"):
        read_folder(folder)
