"""RDF in every format: what is read of a file does not depend on how the file writes it."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
import zstandard
from cases import NAME, aligned, case
from folders import RDF, Files, write
from hypothesis import given, settings
from hypothesis import strategies as st
from test_layouts import everything

from psqe import load_task
from psqe.cli.main import main
from psqe.datasets.faults import Faults
from psqe.datasets.rdf.statements import Statements, label
from psqe.errors import DataError, PsqeWarning

FORMS = {
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".n3": ox.RdfFormat.N3,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}
SYNONYMS = {".owl": ".rdf", ".xml": ".rdf", ".json": ".jsonld", ".turtle": ".ttl", ".nquads": ".nq"}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
GOOD = b'<http://a.example/a> <http://a.example/p> "good" .\n'


def said(file: Path, content: bytes, faults: Faults | None = None) -> list[tuple[str, str, str]]:
    """Subject, predicate and object of the statements of a file, by identifier or text."""
    file.write_bytes(content)
    found = Statements(file, Faults() if faults is None else faults)
    return [(label(s.subject), s.predicate.value, str(s.object.value)) for _, s in found]


def faults_of(file: Path, content: bytes) -> tuple[int, list[str], list[str]]:
    """The number of statements read of a file, its faults and its notes."""
    faults = Faults(gather=True)
    n = len(said(file, content, faults))
    return n, [str(fault) for fault in faults.shown], [str(note) for note in faults.notes]


iris = st.sampled_from([f"http://a.example/{name}" for name in ("a", "b#c", "é", "d?x=1&y=2", "C_(d)")])
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
literals = st.one_of(
    texts.map(ox.Literal),
    st.tuples(texts, st.sampled_from(["en", "zh-hans"])).map(
        lambda pair: ox.Literal(pair[0], language=pair[1])
    ),
    st.integers(-5, 5).map(ox.Literal),
)
nodes = st.one_of(iris.map(ox.NamedNode), st.sampled_from("xy").map(ox.BlankNode))
predicates = st.sampled_from("pq").map(lambda name: ox.NamedNode(f"http://p.example/{name}"))
graphs = st.lists(st.builds(ox.Triple, nodes, predicates, st.one_of(nodes, literals)), min_size=1, max_size=6)


@pytest.mark.filterwarnings("ignore:.*:psqe.errors.PsqeWarning")  # random texts may look damaged
@settings(deadline=None, max_examples=150)
@given(graphs)
def test_every_format_of_a_graph_is_the_same_graph(tmp_path_factory, triples):
    folder = tmp_path_factory.mktemp("pair")
    named = [
        ox.Triple(ox.NamedNode("http://a.example/z"), ox.NamedNode("http://p.example/p"), ox.Literal("z"))
    ]
    read = []
    for ending, form in FORMS.items():
        pair = folder / ending[1:]
        content = ox.serialize([*triples, *named], format=form, **_prefixed(form))
        read.append(
            everything(load_task(write(pair, {f"left{ending}": content, "right.nt": RDF["right.nt"]})).left)
        )
    assert all(other == read[0] for other in read)


def _prefixed(form: ox.RdfFormat) -> dict[str, dict[str, str]]:
    short = {"prefixes": {"a": "http://a.example/", "p": "http://p.example/"}}
    return short if form in (ox.RdfFormat.TURTLE, ox.RdfFormat.TRIG, ox.RdfFormat.RDF_XML) else {}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("ending", [*FORMS, *SYNONYMS])
def test_each_ending_and_compression_is_read(tmp_path, ending, packed):
    form = FORMS[SYNONYMS.get(ending, ending)]
    content = ox.serialize((q.triple for q in ox.parse(RDF["left.nt"], ox.RdfFormat.N_TRIPLES)), format=form)
    plain = {**RDF, "left.nt": None, f"left{ending}{packed}": PACKED[packed](content)}
    expected = load_task(write(tmp_path / "plain", RDF))
    task = load_task(write(tmp_path / "other", plain))
    assert everything(task.left)[:-1] == everything(expected.left)[:-1]


@pytest.mark.parametrize("ending", [".nt", ".ttl", ".owl", ".jsonld", ".n3", ".NT", ".Owl"])
@pytest.mark.parametrize("form", [f for f in FORMS.values() if f is not ox.RdfFormat.N3])
def test_the_content_counts_where_the_ending_says_otherwise(tmp_path, ending, form):
    triples = [q.triple for q in ox.parse(RDF["left.nt"], ox.RdfFormat.N_TRIPLES)]
    content = ox.serialize(triples, format=form)
    assert sorted(said(tmp_path / f"left{ending}", content)) == sorted(
        said(tmp_path / "left.nt", RDF["left.nt"])
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "iso-8859-1", "cp1252"])
def test_other_encodings_are_read_where_the_file_declares_them(tmp_path, encoding):
    text = f'<?xml version="1.0" encoding="{encoding.removesuffix("-sig")}"?>' + XML % (ONE % "Malmö")
    assert said(tmp_path / "left.rdf", text.encode(encoding)) == [("http://a", "http://e/p", "Malmö")]
    if "utf" in encoding:
        lines = '<http://a> <http://e/p> "Malmö" .\n'
        assert said(tmp_path / "left.nt", lines.encode(encoding)) == [("http://a", "http://e/p", "Malmö")]


@pytest.mark.parametrize(
    ("bad", "meant"),
    [
        (b"<http://a b> <http://p> <http://c|d> .", ("http://a b", "http://p", "http://c|d")),
        (b"<http://a> <http://p> <http://c#d?e#f> .", ("http://a", "http://p", "http://c#d?e#f")),
        (b"<http://a> <http://p> <http://c/34.7%> .", ("http://a", "http://p", "http://c/34.7%")),
        (b"<http://a<b> <http://p> <http://c{d}^`> .", ("http://a<b", "http://p", "http://c{d}^`")),
        (b'<http://a> <http://p> "x"@zh_min_nan .', ("http://a", "http://p", "x")),
        (b'<http://a> <http://p> "x"@zh-classical .', ("http://a", "http://p", "x")),
        (b'<http://a> <http://p> "x"@ .', ("http://a", "http://p", "x")),
        (b'<http://a> <http://p> "C:\\games" .', ("http://a", "http://p", "C:\\games")),
        (b'<http://a> <http://p> "\\uD83D\\uDE00" .', ("http://a", "http://p", "\U0001f600")),
        (b'<http://a> <http://p> "x\xe9y" .', ("http://a", "http://p", "x\ufffdy")),
    ],
)
@pytest.mark.parametrize("ending", [".nt", ".nq", ".ttl", ".trig", ".n3"])
def test_what_is_nearly_rdf_is_read_as_it_was_meant_and_told_once(tmp_path, ending, bad, meant):
    file = tmp_path / f"left{ending}"
    n, faults, notes = faults_of(file, GOOD + bad + b"\n" + GOOD)
    assert n == 3 and not faults and len(notes) == 1
    assert f"left{ending}:2: " in notes[0]
    if b"\xe9" in bad:
        assert "has bytes that are not UTF-8" in notes[0] and notes[0].endswith("; save the file as UTF-8")
    else:
        assert "is no valid RDF in" in notes[0] and "read as was probably meant; the first: " in notes[0]
    assert meant in said(file, GOOD + bad + b"\n" + GOOD)


@pytest.mark.parametrize(
    ("bad", "meant"),
    [
        (b"<a b> <http://p> 12 .", ("a b", "http://p", "12")),
        (b'<http://a> <http://p> "x"', ("http://a", "http://p", "x")),
        (b'<http://a> <http://p> "the "old" town"@en .', ("http://a", "http://p", 'the "old" town')),
        (b'<http://a> <http://p> "two\nli\nnes"@en .', ("http://a", "http://p", "two\nli\nnes")),
        (b"<http://a> <http://p> 'x' .", ("http://a", "http://p", "x")),
    ],
)
def test_lines_that_are_nearly_statements_are_read_as_they_were_meant(tmp_path, bad, meant):
    n, faults, notes = faults_of(tmp_path / "left.nt", GOOD + bad + b"\n" + GOOD)
    assert n == 3 and not faults and "left.nt:2: is no valid RDF in 1 place" in notes[0]
    assert meant in said(tmp_path / "left.nt", GOOD + bad + b"\n" + GOOD)


@pytest.mark.parametrize(
    "bad", [b"what?", b'<http://a> <http://p> "open .', b"<a> b <c> .", b"<http://a> <http://p> x:y ."]
)
@pytest.mark.parametrize("ending", [".nt", ".ttl"])
def test_a_statement_that_cannot_be_read_never_hides_the_others(tmp_path, ending, bad):
    if ending == ".ttl" and b"open" in bad:
        return  # a quote that is never closed in Turtle is the test below
    content = 3 * GOOD + bad + b"\n" + 3 * GOOD.replace(b"/a>", b"/b>")
    n, faults, _ = faults_of(tmp_path / f"left{ending}", content)
    assert n >= 5 and 1 <= len(faults) <= 2
    assert ":4: column" in faults[0] and faults[0].endswith(
        "correct or delete the statement, which was left out"
    )
    with pytest.warns(PsqeWarning, match=r"left out a record.*:4: column"):
        faults = Faults()
        said(tmp_path / f"left{ending}", content, faults)
        faults.close()


def test_a_quote_that_is_never_closed_in_turtle_is_told_at_its_line(tmp_path):
    content = 3 * GOOD + b'<http://a> <http://p> "open .\n' + 3 * GOOD
    _, faults, _ = faults_of(tmp_path / "left.ttl", content)
    assert "left.ttl:4: column 30: Line jumps are not allowed in string literals" in faults[0]
    with pytest.raises(DataError, match=r"left\.ttl:4: is mostly no RDF: column 30"):
        said(tmp_path / "left.ttl", content)


def test_a_file_that_is_mostly_no_rdf_is_an_error(tmp_path):
    for content in (b"404: Not Found\n", b"a,b\n1,2\n3,4\n" + GOOD, b"once upon a time\n"):
        for ending in (".nt", ".ttl"):
            with pytest.raises(DataError, match=rf"left{ending}:1: is mostly no RDF: column 1"):
                said(tmp_path / f"left{ending}", content)


XML = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">%s</rdf:RDF>'
ONE = '<rdf:Description rdf:about="http://a"><e:p>%s</e:p></rdf:Description>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (ONE % "fish &amp; chips", ("http://a", "http://e/p", "fish & chips")),
        (ONE % "fish & chips", ("http://a", "http://e/p", "fish & chips")),
        (ONE % "caf&eacute;&nbsp;", ("http://a", "http://e/p", "café\xa0")),
        (ONE % "x\x01y", ("http://a", "http://e/p", "xy")),
        ((ONE % "x").replace("http://a", "http://a?b=1&c=2"), ("http://a?b=1&c=2", "http://e/p", "x")),
        ((ONE % "x").replace("http://a", "http://a b"), ("http://a b", "http://e/p", "x")),
        ((ONE % "x").replace('about="http://a', 'ID="1 a'), ("#1 a", "http://e/p", "x")),
        ((ONE % "x").replace("<e:p", '<e:p xml:lang="zh_min"'), ("http://a", "http://e/p", "x")),
    ],
)
def test_rdf_in_xml_that_is_nearly_well_formed(tmp_path, inside, expected):
    assert said(tmp_path / "left.rdf", (XML % inside).encode()) == [expected]


DTD = "<!DOCTYPE rdf:RDF [%s]>" + XML % (ONE % "&x;")
BOMB = (
    '<!ENTITY x0 "lol">'
    + "".join(f'<!ENTITY x{i} "{f"&x{i - 1};" * 10}">' for i in range(1, 10))
    + '<!ENTITY x "&x9;">'
)
HOSTILE = {
    "bomb.rdf": (DTD % BOMB, ":1: has the entity 'x4', which grows to 30,000"),
    "fetch.rdf": (DTD % '<!ENTITY x SYSTEM "file:///etc/passwd">', ":1: has the entity 'x', which"),
    "deep.rdf": (XML % ("<rdf:Description><e:p>" * 5000), ":1: nests more than 500 elements"),
    "cut.rdf": ((XML % ONE)[:150], ":1: is no well-formed XML: "),
    "mixed.rdf": (XML % (ONE % "x < y"), ":1: is no well-formed XML: "),
    "both.rdf": (XML % '<e:C rdf:about="a"><e:p rdf:resource="b" rdf:nodeID="c"/></e:C>', ": is no RDF"),
    "deep.json": ('{"@context":{"@vocab":"http://v/"},"a":' * 5000 + "1" + "}" * 5000, ": nests more"),
    "brackets.json": ("[" * 100_000, ": nests more than 500 values"),
    "cut.jsonld": ('[{"@id": "http://a", \n"http://p": ', ":2: is no JSON: Expecting value"),
    "plain.json": ('[{"name": "Rome"}]', ": is JSON, but no JSON-LD"),
    "remote.jsonld": ('{"@context": "https://w3id.org/x", "@id": "http://a"}', ": has the context https://w3"),
    "undeclared.ttl": ("x:a x:p x:b .", "declare it with its namespace in the first line, as @prefix x:"),
    "page.nt": ("<!DOCTYPE html>\n<html><body>No</body></html>", ": is a web page, not RDF; download"),
    "page.rdf": ('<html xmlns="http://www.w3.org/1999/xhtml"></html>', ": is a web page"),
    "owlxml.owl": ('<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#"/>', ": is OWL"),
    "functional.owl": ("Prefix(:=<http://a>)\nOntology(<http://a>)", ": is in OWL's functional"),
    "manchester.owl": ("Prefix: a: <http://a>\nOntology: <http://a>", ": is in OWL's Manchester syntax"),
    "a.owl": ("format-version: 1.2\nontology: a\n", ": is in the OBO format, not RDF; save it as Turtle"),
    "pointer.ttl": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ": is only the pointer"),
    "results.xml": ('<?xml version="1.0"?><sparql xmlns="http://w3.org/"/>', ": holds the results of"),
    "zipped.nt": ("PK\x03\x04", ": is an archive; unpack it, and call the file in it zipped.nt"),
    "binary.ttl": ("a\0b", ": is binary, not RDF"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_rdf_or_costs_too_much_is_one_line(tmp_path, name):
    content, message = HOSTILE[name]
    with pytest.raises(DataError) as error:
        said(tmp_path / name, content.encode())
    assert name in str(error.value) and message in str(error.value) and "\n" not in str(error.value)


def test_following_the_remedy_for_a_context_on_the_web(tmp_path):
    content = b'{"@context": {"@vocab": "https://schema.org/"}, "@id": "http://a", "name": "b"}'
    assert said(tmp_path / "left.jsonld", content) == [("http://a", "https://schema.org/name", "b")]


@pytest.mark.parametrize(
    "context",
    ['"https://schema.org"', '"http://schema.org/"', '["https://schema.org", {"p": "http://p"}]',
     '"https://schema.org/docs/jsonldcontext.jsonld"', '"http://www.schema.org"'],
)  # fmt: skip
def test_the_context_of_schema_org_is_known_and_never_fetched(tmp_path, context):
    content = f'{{"@context": {context}, "@id": "http://a", "name": "b", "sameAs": "http://c"}}'
    assert sorted(said(tmp_path / "left.jsonld", content.encode())) == [
        ("http://a", "http://schema.org/name", "b"), ("http://a", "http://schema.org/sameAs", "http://c")
    ]  # fmt: skip


def test_prefixes_that_everyone_knows_need_no_declaration_which_is_told(tmp_path):
    text = b'@prefix skos: <http://other/> .\n<http://a> rdfs:label "b" ; skos:p foaf:c .\n'
    n, faults, notes = faults_of(tmp_path / "left.ttl", text)
    assert n == 2 and not faults and "the first: column 12: The prefix rdfs: has not been" in notes[0]
    assert said(tmp_path / "left.ttl", text) == [
        ("http://a", "http://www.w3.org/2000/01/rdf-schema#label", "b"),
        ("http://a", "http://other/p", "http://xmlns.com/foaf/0.1/c"),
    ]


def test_following_the_remedy_for_a_prefix_that_is_not_declared(tmp_path):
    text = b"@prefix x: <http://x/> .\nx:a x:p x:b ."
    assert said(tmp_path / "left.ttl", text) == [("http://x/a", "http://x/p", "http://x/b")]


def test_json_without_absolute_keys_loses_nothing_silently(tmp_path):
    n, faults, notes = faults_of(
        tmp_path / "left.json", b'{"@id": "http://a b", "name": "c", "http://p": "d"}'
    )
    assert n == 2 and not faults and "is no valid RDF in" in notes[0]


def test_long_lines_and_long_lists_are_bounded(tmp_path):
    long = b'<http://a> <http://p> "' + b"x" * 17_000_000 + b'" .\n'
    n, faults, _ = faults_of(tmp_path / "left.nt", GOOD + long + GOOD)
    assert n == 2 and "left.nt:2: is longer than 16 MB" in faults[0]
    n, faults, _ = faults_of(tmp_path / "left.ttl", GOOD + long + GOOD)
    assert "left.ttl: has a statement of more than 16 MB" in faults[0]
    n, faults, _ = faults_of(tmp_path / "left.ttl", b"<http://a> <http://p> (" + b"1 " * 100_000 + b") .")
    assert n == 200_001 and not faults


def test_named_graphs_are_one_graph_which_is_told(tmp_path):
    quads = GOOD.replace(b" .", b" <http://g> .") + GOOD.replace(b" .", b" <http://h> .")
    n, faults, notes = faults_of(tmp_path / "left.nq", quads)
    assert (
        n == 2 and not faults and "has statements in several named graphs, which are read as one" in notes[0]
    )
    assert faults_of(tmp_path / "left.nq", quads.replace(b"//h", b"//g"))[1:] == ([], [])


def test_files_that_were_cut_short_are_never_read_in_part(tmp_path):
    content = b"".join(GOOD.replace(b"good", b"%d" % i) for i in range(20_000))
    for packed, pack in PACKED.items():
        if packed:
            with pytest.raises(DataError, match=rf"left.nt{packed}: cannot be read"):
                said(tmp_path / f"left.nt{packed}", pack(content)[:-20])
    frames = zstandard.compress(GOOD) + zstandard.compress(GOOD.replace(b"good", b"better"))
    assert len(said(tmp_path / "left.nt.zst", frames)) == 2


def test_statements_about_statements_are_left_out_and_told(tmp_path):
    star = b'<http://a.example/a> <http://p.example/p> "x" {| <http://p.example/since> 2001 |} .'
    folder = write(tmp_path, {"left.ttl": star, "right.nt": RDF["right.nt"]})
    with pytest.warns(PsqeWarning, match="left out a record: .*has a statement about a statement; make an"):
        assert load_task(folder).left.n_entities


def test_formulas_of_n3_are_no_statements(tmp_path):
    n, faults, _ = faults_of(
        tmp_path / "left.n3", GOOD + GOOD + b"<http://a> <http://p> { <http://b> <http://p> 1 } ."
    )
    assert n == 3 and len(faults) == 1 and "is inside a formula of N3" in faults[0]


@pytest.mark.parametrize(
    "name", ["left.zip", "left.nt.zip", "left.tar.gz", "left.tgz", "LEFT.ZIP", "left.7z"]
)
def test_archives_are_told_how_to_unpack(tmp_path, name, capsys):
    folder = write(tmp_path, {"right.nt": RDF["right.nt"], name: b"PK\x03\x04"})
    with pytest.raises(
        DataError, match=rf"/{name}: is an archive; unpack it, and call the file in it left.nt"
    ):
        load_task(folder)
    write(folder, {"left.nt": RDF["left.nt"]})
    assert load_task(write(folder, {k: v for k, v in RDF.items() if "images" in k})).left.n_entities


def test_two_files_of_other_names_are_told_which_names_they_need(tmp_path):
    files: Files = {"dbpedia.nt": RDF["left.nt"], "wikidata.nt": RDF["right.nt"], "README.md": b"# A pair"}
    folder = write(tmp_path, {**{k: v for k, v in RDF.items() if "images" in k}, **files})
    with pytest.raises(
        DataError, match=r"has dbpedia.nt and wikidata.nt, and does not say .* left side; rename dbpedia"
    ):
        load_task(folder)
    for old, new in (("dbpedia.nt", "left.nt"), ("wikidata.nt", "right.nt")):
        (folder / old).rename(folder / new)
    assert load_task(folder).left.names


@pytest.mark.parametrize("name", ["19-formats/b-nq", "19-formats/c-rdfxml", "05-bad-iris/b-ttl"])
@pytest.mark.filterwarnings("default::psqe.errors.PsqeWarning")
def test_known_inputs_in_other_formats(tmp_path, name):
    assert aligned(case(name, tmp_path), *NAME)["link_quality"]["links"]["f1"] == 1.0


def test_a_known_archive(tmp_path, capsys):
    assert main(["align", str(case("19-formats/e-zip", tmp_path))]) == 2
    assert "left.zip: is an archive; unpack it" in capsys.readouterr().err
