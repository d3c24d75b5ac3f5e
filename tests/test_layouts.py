"""Layouts of OpenEA, of a pair of one's own and of RDF: what is read, and what is refused, where."""

import gzip
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest
from folders import (
    DEPICTION,
    FOLDER,
    LABEL,
    OPENEA,
    PAIRS,
    RDF,
    SAME_AS,
    SAYS,
    TURTLE,
    Files,
    L,
    P,
    R,
    of_graph,
    of_task,
    png,
    statements,
    table,
    with_line,
    write,
)

from psqe.datasets import load_task
from psqe.datasets.faults import Faults
from psqe.datasets.layouts import LAYOUTS, check_folder, layout_of, read_folder, read_in_order
from psqe.datasets.layouts.openea import lexical_value
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

SUFFIX = {"jape": "zh_en"}


def folder_of(layout: str, root: Path) -> Path:
    return root / SUFFIX.get(layout, layout)


def read(folder: Path) -> AlignmentTask:
    """As the layout has it, not shuffled."""
    task = read_in_order(folder, name="t")
    assert task is not None
    return task


def names(graph: KnowledgeGraph) -> dict[str, str]:
    return {e: n for e, n in zip(graph.entities, graph.names, strict=True) if n is not None}


# ---- what is read


@pytest.mark.parametrize("layout", SAYS)
def test_a_task_holds_what_the_files_say(tmp_path, layout):
    folder = write(folder_of(layout, tmp_path), PAIRS[layout])
    assert of_task(read(folder), folder) == SAYS[layout](PAIRS[layout])
    assert of_task(load_task(folder), folder) == SAYS[layout](PAIRS[layout])
    assert not check_folder(folder)


def test_openea(tmp_path):
    folder = write(tmp_path / "EN_FR_15K_V1", OPENEA)
    task = read(folder)
    assert (task.left.name, task.left.language, task.right.language) == ("EN_FR_15K_V1-1", "en", "fr")
    assert names(task.left) == {
        f"{L}resource/AC/DC": "AC/DC",
        f"{L}resource/Sydney": "Sydney",
        f"{L}resource/Australia": "Australia",
    }
    assert names(task.right) == {}  # Wikidata's numbers name nothing
    attributes = dict(zip(task.left.entities, task.left.attributes, strict=True))
    assert attributes[f"{L}resource/Sydney"] == (
        (f"{P}area", "12367.7"),
        (f"{P}motto", "I take, but I surrender"),
    )
    assert attributes[f"{L}resource/AC/DC"] == ((f"{P}empty", None), (f"{P}said", "Let there\tbe"))
    assert read(write(tmp_path / "D_W_15K_V1", OPENEA)).left.language is None


def test_openea_hides_names_behind_numbers(tmp_path):
    pair = {k: v.replace(b"Sydney", b"E513085").replace(b"Q3130", b"E1") for k, v in OPENEA.items()}
    task = read(write(tmp_path / "x", pair))
    assert names(task.left).keys() == {f"{L}resource/AC/DC", f"{L}resource/Australia"}
    assert names(task.right) == {"http://www.wikidata.org/entity/E1": "E1"}


def test_openea_with_brackets_and_blanks_is_the_same(tmp_path):
    pair = dict(OPENEA)
    pair["rel_triples_1"] = re.sub(rb"(http[^\t\n]+)", rb" <\1> ", pair["rel_triples_1"])
    pair["ent_links"] = re.sub(rb"(http[^\t\n]+)", rb"<\1>", pair["ent_links"])
    assert of_task(read(write(tmp_path / "a", pair)), tmp_path) == SAYS["openea"](OPENEA)


def test_openea_links_of_the_splits(tmp_path):
    first, second = OPENEA["ent_links"].splitlines(keepends=True)
    splits = {"721_5fold/1/train_links": first, "721_5fold/1/valid_links": second}
    splits["721_5fold/1/test_links"] = b"".join(
        [f"{L}resource/Sydney\thttp://www.wikidata.org/entity/Q3130\n".encode(), first]
    )
    folder = write(tmp_path / "a", {**OPENEA, **splits}, ent_links=None)
    assert len(read(folder).links) == 3
    assert len(read(write(tmp_path / "b", {**OPENEA, **splits})).links) == 2  # ent_links says it all
    (folder / "721_5fold/1/valid_links").unlink()
    with pytest.raises(DataError, match=r"721_5fold/1/valid_links: cannot be read"):
        read(folder)
    assert read(write(tmp_path / "c", OPENEA, ent_links=None)).links is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"1.5"^^<http://www.w3.org/2001/XMLSchema#double>', "1.5"),
        ('"1970"^^xsd:gYear', "1970"),
        ('"text"@en', "text"),
        ('"text"@zh-Hans .', "text"),
        ('"text"', "text"),
        ('""@en', ""),
        ('"a "real" one"@en', 'a "real" one'),
        ('"a" and "b"', '"a" and "b"'),
        (r'"say \"hi\"\n\u00e9\U0001F600\\"', 'say "hi"\né😀\\'),
        (r'"\uD800 \U00110000 \q"', r"\uD800 \U00110000 \q"),
        ("1.5", "1.5"),
        (" text ", "text"),
        ('"open', '"open'),
        ('"1.5"^^<http://www', '"1.5"^^<http://www'),
        ('"', '"'),
        (r"C:\new", r"C:\new"),
    ],
)
def test_lexical_values(text, value):
    assert lexical_value(text) == value


def test_lines_of_attributes_cut_short_are_left_out_and_told(tmp_path):
    text = OPENEA["attr_triples_1"] + f"{L}resource/Sydney\t{P}motto\t'two\nlines'\n\nalone\n".encode()
    folder = write(tmp_path / "a", OPENEA, attr_triples_1=text)
    told = (
        r"left out a record \(one of 2 such records\): .*attr_triples_1:6: expected 3 columns, found 1; write"
    )
    with pytest.warns(PsqeWarning, match=told):
        task = read(folder)
    assert (f"{P}motto", "'two") in task.left.attributes[task.left.index()[f"{L}resource/Sydney"]]
    faults = check_folder(folder)
    assert [fault.line for fault in faults.shown] == [6] and "1 more line: 8)" in faults.report()[0]


def test_folder(tmp_path):
    task = read(write(tmp_path / "mine", FOLDER))
    assert (task.left.name, task.right.name, task.left.language) == ("mine-left", "mine-right", None)
    assert task.left.entities == ("fr", "lyon", "paris", "seine")
    assert names(task.left) == {"paris": "Paris", "seine": "The Seine"}
    assert names(task.right) == {"p1": "p1", "p2": "p2", "p9": "p9"}  # no names.tsv: what identifiers say
    assert task.left.attributes[2] == (("capital", None), ("people", "2 million"))


def test_names_that_identifiers_do_not_say(tmp_path):
    pair = {"left/triples.tsv": table(("http://x/Lake_Como", "in", "Q42")), "right/triples.tsv": table("abc")}
    assert names(read(write(tmp_path / "a", pair)).left) == {"http://x/Lake_Como": "Lake Como"}


def test_sides_by_other_names(tmp_path):
    pair = {path.replace("left/", "b/").replace("right/", "a/"): text for path, text in FOLDER.items()}
    pair["c/readme.txt"] = b"no side"
    links = [line.split("\t")[::-1] for line in FOLDER["links.tsv"].decode().splitlines()[1:]]
    task = read(write(tmp_path / "x", {**pair, "links.tsv": table(*links)}))
    assert (task.left.name, task.right.name) == ("x-a", "x-b")
    assert names(task.right)["paris"] == "Paris" and len(task.links) == 2


def test_links_are_optional(tmp_path):
    for layout, links in (("openea", "ent_links"), ("folder", "links.tsv"), ("rdf", "links.nt")):
        folder = write(tmp_path / layout, {**PAIRS[layout], links: None})
        assert read(folder).links is None
        assert layout_of(folder).files(folder).get(links) is None


@pytest.mark.parametrize("suffix", [".jpg", ".gif", ".webp", ".bmp", ".tiff", ".svg"])
def test_images_of_other_kinds(tmp_path, suffix):
    from PIL import Image

    folder = write(tmp_path / "a", {**FOLDER, "left/images/fr.png": None, "links.tsv": None})
    image = folder / "left" / "images" / f"lyon{suffix}"
    if suffix == ".svg":
        image.write_text('<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>')
    else:
        Image.effect_noise((40, 40), 50).save(image)
    assert read(folder).left.images[1] == image and not check_folder(folder)
    image.write_bytes(image.read_bytes()[:-40])
    assert str(check_folder(folder).shown[0]).startswith(f"{image}: cannot be read ")


def test_rdf(tmp_path):
    folder = write(tmp_path / "atlas", RDF)
    task = read(folder)
    blank = task.left.entities[0]
    assert task.left.entities == (blank, f"{L}fr", f"{L}lyon", f"{L}paris")
    assert blank.startswith("_:") and task.left.names == (None, "France", "lyon", "Paris")
    assert (task.left.name, task.left.language, task.right.language) == ("atlas-left", "en", None)
    assert names(task.right) == {f"{R}{p}": p for p in ("p1", "p2", "p9")}  # no label: what IRIs say
    assert task.right.attributes[2] == ((f"{P}nom", "França"),)
    assert task.left.images[3] == folder / "images" / "paris.png"


def test_turtle(tmp_path):
    folder = write(tmp_path / "atlas", TURTLE)
    left, right, links = of_task(read(folder), folder)
    assert left["triples"] == {(f"{L}paris", f"{P}in", f"{L}fr"), (f"{L}lyon", f"{P}in", f"{L}fr")}
    assert left["attributes"] == {(f"{L}fr", f"{P}people", "68")}
    assert right["attributes"] == {("_:", f"{P}en", "France")}
    assert right["candidates"] == {f"{R}p1", f"{R}p2", f"{R}p9"}
    assert links == {(f"{L}paris", f"{R}p1"), (f"{L}fr", f"{R}p9")}


@pytest.mark.parametrize("files", [RDF, TURTLE], ids=["rdf", "turtle"])
def test_turtle_and_n_triples_of_the_same_statements_are_the_same(tmp_path, files):
    forms = {".nt": ox.RdfFormat.N_TRIPLES, ".ttl": ox.RdfFormat.TURTLE}
    tasks = []
    for suffix in forms:
        pair = {}
        for name, content in files.items():
            old = Path(name).suffix
            if old in forms:
                triples = (q.triple for q in ox.parse(content, forms[old]))
                name, content = name.replace(old, suffix), ox.serialize(triples, format=forms[suffix])
            pair[name] = content
        tasks.append(read(write(tmp_path / suffix[1:] / "x", pair)))
    for side in ("left", "right"):
        assert everything(tasks[0].sides[side]) == everything(tasks[1].sides[side])
    assert tasks[0].links.tolist() == tasks[1].links.tolist()


def test_compressed_files_and_byte_order_marks(tmp_path):
    mark = b"\xef\xbb\xbf"
    plain = of_task(read(write(tmp_path / "a", RDF)), tmp_path / "a")
    packed = {
        "left.nt": None,
        "left.nt.gz": gzip.compress(mark + RDF["left.nt"]),
        "links.nt": None,
        "links.ttl.gz": gzip.compress(mark + RDF["links.nt"]),
    }
    assert of_task(read(write(tmp_path / "b", {**RDF, **packed})), tmp_path / "b") == plain


def test_relative_iris_of_turtle(tmp_path):
    left = f"<paris> <in> <fr> ; <{DEPICTION}> <images/pa%20ris.png> .\n<> <about> <#us> .\n"
    pair = {"left.ttl": left.encode(), "right.nt": RDF["right.nt"], "images/pa ris.png": png()}
    pair["links.tsv"] = table(("paris", f"<{R}p1>"))
    folder = write(tmp_path / "a", pair)
    said, _, links = of_task(read(folder), folder)
    assert said["triples"] == {("paris", "in", "fr"), (".", "about", "#us")}
    assert said["images"] == {"paris": "images/pa ris.png"}
    assert links == {("paris", f"{R}p1")}


def test_which_name_of_several(tmp_path):
    other = "http://www.w3.org/2004/02/skos/core#prefLabel"
    texts = [(LABEL, '"Wien"@de'), (other, '"Vienna"@en'), (LABEL, '"Vienna, GB"@en-GB'), (LABEL, '"Bec"')]
    texts += [(other, '"Beč"@hr'), (LABEL, '"Vindobona"@la'), (LABEL, '"  "@en')]
    order = ["Vienna", "Vienna, GB", "Bec", "Wien", "Beč", "Vindobona"]
    rows = dict(zip(["Wien", "Vienna", "Vienna, GB", "Bec", "Beč", "Vindobona", " "], texts, strict=True))
    for i, wanted in enumerate(order):
        several = ((f"{L}wien", *rows[name]) for name in [" ", *order[i:][::-1]])
        # A language that a whole side lacks would be an error; one entity may lack it.
        left = statements(*several, (f"{L}graz", LABEL, '"Graz"@en'))
        folder = write(tmp_path / str(i), {**RDF, "left.nt": left, "links.nt": None})
        task = read(folder)
        assert names(task.left) == {f"{L}wien": wanted, f"{L}graz": "Graz"}
        assert task.left.attributes == ((), ())  # the other names are none


@pytest.mark.filterwarnings("ignore:.*no candidate of the left side has:psqe.errors.PsqeWarning")
def test_settings(tmp_path):
    settings = f'labels = ["{P}nom"]\nimages = ["{P}photo"]\nlanguages = {{right = "PT"}}\n'
    extra = statements(
        (f"{R}p1", f"{P}photo", '"images/paris.png"'),
        (f"{R}p2", f"{P}photo", f"file://{tmp_path}/a/images/paris.png"),
        (f"{R}p9", f"{P}nom", '"France"@fr'),
        (f"{R}p9", f"{P}nom", '"França"@pt'),
    )
    pair = {**RDF, "psqe.toml": settings.encode(), "right.nt": RDF["right.nt"] + extra}
    folder = write(tmp_path / "a", pair)
    left, right, _ = of_task(read(folder), folder)
    assert right["images"] == {f"{R}p1": "images/paris.png", f"{R}p2": "images/paris.png"}
    task = read(folder)
    assert names(task.right)[f"{R}p9"] == "França" and task.right.language == "pt"
    assert (f"{L}paris", LABEL, "Paris") in left["attributes"]  # no label here, so an attribute
    assert (f"{L}paris", DEPICTION, "images/paris.png") in left["attributes"] and not left["images"]


def test_what_a_pair_in_rdf_leaves_out_is_told_once_a_kind(tmp_path):
    left = RDF["left.nt"] + statements(
        (f"{L}lyon", DEPICTION, "https://x.example/lyon.png"),
        (f"{L}fr", DEPICTION, '"http://x.example/fr.png"'),
        (f"{L}fr", SAME_AS, f"{R}p9"),
    )
    links = RDF["links.nt"] + statements(
        (f"{R}p2", SAME_AS, f"{L}lyon"), (f"{L}fr", LABEL, '"x"'), (f"{L}in", SAME_AS, f"{R}p4")
    )
    extra = statements((f"{L}in", f"{P}of", f"{L}out"), (f"{R}p9", f"{P}dans", f"{R}p4"))
    pair = {**RDF, "left.nt": left + extra, "links.nt": links, "right.nt": RDF["right.nt"] + extra}
    folder = write(tmp_path / "a", pair)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        task = read(folder)
    messages = sorted(str(one.message) for one in told)
    wanted = [
        rf"links.nt: statements that do not say that two entities are the same, and are no links: {LABEL} 1",
        r"left.nt: statements with owl:sameAs that link the two graphs: 1; move them to links.nt",
        r"left.nt: images on the web: 2, the first http://x.example/fr.png; download them into",
        rf"links.nt:5: '{R}p4' is no candidate of the right graph; describe it in that graph",
        r"left.nt: 3 of 5 candidates have no label, and 3 of these are named by the words of their IRIs",
    ]
    assert len(messages) == 5
    for words in wanted:
        assert any(f"{folder}/{words}" in message for message in messages), words
    assert len(check_folder(folder).shown) == 3 and len(check_folder(folder).notes) == 2
    said, _, found = of_task(task, folder)
    assert found == {(f"{L}paris", f"{R}p1"), (f"{L}fr", f"{R}p9"), (f"{L}lyon", f"{R}p2")}  # either way
    assert not any(relation in (SAME_AS, DEPICTION) for _, relation, _ in said["triples"])


@pytest.mark.parametrize("side", ["left.nt", "right.nt"])
def test_same_as_leads_to_links_only_where_both_graphs_have_the_entities(tmp_path, side):
    """Dumps such as DBpedia name entities of other data by ``owl:sameAs``, which are no links of the pair."""
    other = "http://other.example/1"
    abroad = [(f"{L}paris", SAME_AS, other), (other, SAME_AS, f"{R}p1"), (f"{L}paris", SAME_AS, f"{L}fr")]
    sound = read(write(tmp_path / "sound", RDF))
    folder = write(tmp_path / "a", {**RDF, side: RDF[side] + statements(*abroad)})
    with pytest.warns(PsqeWarning, match="name no entity of the") as told:
        task = read(folder)
    checked = check_folder(folder)
    assert len(told) == 1 and ": 3, for example" in str(told[0].message)
    assert not checked.shown and len(checked.notes) == 1 and "links.nt and spell" in str(checked.notes[0])
    assert [everything(graph) for graph in task.sides] == [everything(graph) for graph in sound.sides]

    folder = write(
        tmp_path / "b", {**RDF, side: RDF[side] + statements(*abroad, (f"{R}p1", SAME_AS, f"{L}fr"))}
    )
    assert [str(fault) for fault in check_folder(folder).shown] == [
        f"{folder / side}: statements with owl:sameAs that link the two graphs: 1; move them to links.nt"
    ]


# ---- order and identifiers


def shuffled(files: Files, seed: int) -> Files:
    """Lines in another order; a header stays."""
    rng = random.Random(seed)
    result = dict(files)
    for name, content in files.items():
        if name.endswith((".png", ".toml", ".json")):
            continue
        lines = content.splitlines(keepends=True)
        fixed = 1 if lines[0].split(b"\t")[0] in (b"head", b"entity", b"left") else 0
        fixed = sum(line.startswith(b"@prefix") for line in lines) or fixed
        rest = lines[fixed:]
        rng.shuffle(rest)
        result[name] = b"".join(lines[:fixed] + rest)
    return result


def everything(graph: KnowledgeGraph) -> tuple:
    images = tuple(path and path.name for path in graph.images)
    columns = (graph.entities, graph.relations, graph.names, graph.attributes, images)
    return (*columns, graph.triples.tolist(), graph.candidates.tolist())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("layout", ["openea", "folder", "rdf", "turtle"])
def test_the_order_of_lines_does_not_matter(tmp_path, layout, seed):
    here = read_folder(write(tmp_path / "a" / "x", PAIRS[layout]), random_state=seed)
    pair = shuffled(PAIRS[layout], seed)
    if layout == "rdf":
        pair["left.nt"] = pair["left.nt"].replace(b"_:place", b"_:b%d" % seed)
    assert pair != PAIRS[layout]
    there = read_folder(write(tmp_path / "b" / "x", pair), random_state=seed)
    assert everything(here.left) == everything(there.left)
    assert everything(here.right) == everything(there.right)
    assert here.links.tolist() == there.links.tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("layout", ["openea", "folder", "rdf"])
def test_other_identifiers_are_the_same_graph(tmp_path, layout, seed):
    stems = {"openea": ["Q27593", "Q3130", "Q408"], "folder": ["p1", "p2", "p9"], "rdf": ["p1", "p2", "p9"]}
    old = stems[layout]
    new = dict(zip(old, random.Random(seed).sample([f"z{i}" for i in range(10)], 3), strict=True))

    def rename(content: bytes) -> bytes:
        return re.sub(rb"\b(%s)\b" % "|".join(old).encode(), lambda m: new[m[1].decode()].encode(), content)

    pair = {k: v if k.endswith(".png") else rename(v) for k, v in PAIRS[layout].items()}
    here, there = write(tmp_path / "a", PAIRS[layout]), write(tmp_path / "b", pair)
    said, other = of_task(read(here), here), of_task(read(there), there)
    assert said != other
    assert eval(rename(repr(said).encode())) == other


def test_blank_nodes_are_told_apart_by_what_is_said_of_them(tmp_path):
    def lists(order: list[int], prefix: str) -> bytes:
        rows = []
        for i in order:
            rows.append((f"_:{prefix}{i}", f"{P}first", f'"{i}"'))
            rows.append((f"_:{prefix}{i}", f"{P}rest", f"_:{prefix}{(i + 1) % 9}"))
        return statements((f"{L}a", f"{P}list", f"_:{prefix}0"), *rows)

    one = read(write(tmp_path / "a", {**RDF, "left.nt": lists(list(range(9)), "x"), "links.nt": None}))
    two = read(write(tmp_path / "b", {**RDF, "left.nt": lists(list(range(9))[::-1], "y"), "links.nt": None}))
    assert one.left.entities == two.left.entities and len(one.left.entities) == 10
    assert np.array_equal(one.left.triples, two.left.triples)
    # Look-alikes stay as many as they are.
    alike = statements(*((f"_:n{i}", f"{P}in", f"{L}a") for i in range(5)), (f"{L}a", f"{P}is", '"a"'))
    task = read(write(tmp_path / "c", {**RDF, "left.nt": alike, "links.nt": None}))
    assert len(task.left.entities) == 6 and len(task.left.triples) == 5
    assert task.left.candidates.tolist() == [task.left.index()[f"{L}a"]]


# ---- what is refused

Case = tuple[str, Files, str]


def case(layout: str, name: str, line: int, text: str, message: str) -> Case:
    return layout, with_line(PAIRS[layout], name, line, text), f"/{name}:{line}: {message}"


def without(layout: str, name: str, message: str) -> Case:
    return layout, {k: v for k, v in PAIRS[layout].items() if k != name}, message


def changed(layout: str, name: str, content: bytes, message: str) -> Case:
    return layout, {**PAIRS[layout], name: content}, message


FAULTS: list[Case] = [
    *(
        changed(layout, name, b"", f"/{name}: is empty; fetch the file again")
        for layout in ("openea", "folder")
        for name in PAIRS[layout]
        if not name.endswith(".png") and name not in ("ent_links", "links.tsv")
    ),
    *(
        changed(layout, name, PAIRS[layout][name] + b"\xff\n", f":{n}: {what}")
        for layout, name, n, what in (
            ("openea", "rel_triples_1", 3, "is not UTF-8"),
            ("openea", "ent_links", 3, "is not UTF-8"),
            ("folder", "left/triples.tsv", 4, "is not UTF-8"),
            ("folder", "links.tsv", 4, "is not UTF-8"),
        )
    ),
    without("openea", "rel_triples_1", "/rel_triples_1: cannot be read (No such file or directory); the"),
    without("openea", "rel_triples_2", "/rel_triples_2: cannot be read (No such file or directory); the"),
    case("openea", "rel_triples_1", 2, "a\tb", "expected 3 columns, found 2; write the columns that are"),
    case("openea", "rel_triples_2", 1, "a\tb\tc\td", "expected 3 columns, found 4"),
    case("openea", "rel_triples_2", 1, "a\t \tc", "column 2 is empty; fill it"),
    case("openea", "attr_triples_1", 2, f"{L}x\t\tv", "column 2 is empty"),
    case("openea", "ent_links", 2, "a", "expected 2 columns, found 1"),
    changed(
        "openea", "attr_triples_1", OPENEA["attr_triples_2"],
        "/attr_triples_1: none of its entities is in rel_triples_1: ",
    ),
    ("folder", {k: v for k, v in FOLDER.items() if k[:4] != "left"}, "/left: is missing; a side is a folder"),
    without("folder", "right/flags/one.png", "/right/images.tsv:2: the image 'flags/one.png' is missing"),
    changed("folder", "left/triples.tsv", b"head\trelation\ttail\n", "/left/triples.tsv: is empty"),
    changed("folder", "left/images/fr.png", b"no picture", "/left/images/fr.png: is no image; put"),
    changed("folder", "left/images/fr.gif", png(), "'fr.png' and 'fr.gif' are images of one entity"),
    case("folder", "left/triples.tsv", 2, "paris\tin", "expected 3 columns, found 2"),
    case("folder", "left/triples.tsv", 2, "paris \tin\tfr", "column 1 has blanks around 'paris'; remove"),
    case("folder", "left/triples.tsv", 3, "lyon\tin\t fr", "column 3 has blanks around 'fr'; remove them"),
    case("folder", "left/attributes.tsv", 1, "paris\tpeople", "expected 3 columns, found 2"),
    case("folder", "left/attributes.tsv", 1, "paris\tpeople \t3", "column 2 has blanks around 'people'"),
    case("folder", "left/names.tsv", 3, "paris\tLutetia", "'paris' has one name already, in line 2; keep"),
    case("folder", "right/images.tsv", 3, "p1\tflags/one.png", "'p1' has one image already, in line 2"),
    case("folder", "right/images.tsv", 3, "p2\t/flags/one.png", "the path '/flags/one.png' is absolute"),
    case("folder", "right/images.tsv", 3, "p2\ttriples.tsv", "the image 'triples.tsv' is no image"),
    case("folder", "right/images.tsv", 3, "p2\tflags", "the image 'flags' is a folder"),
    case("folder", "right/images.tsv", 3, "p2\ta\0b", "has a zero byte, which is no text; remove"),
    case("folder", "right/images.tsv", 3, f"p2\t{'a' * 999}", "the image 'aaaaa"),
    case("folder", "links.tsv", 3, "fr\tp9\t1", "expected 2 columns, found 3"),
    without("rdf", "right.nt", "/right.nt: is missing; the folder needs right.nt, or right with another"),
    without("rdf", "images/paris.png", "/left.nt:8: the image 'images/paris.png' is missing; put the image"),
    changed("rdf", "left.ttl", b"", "/rdf: has left.nt and left.ttl; keep one of them in it"),
    changed("rdf", "links.tsv", b"", "/rdf: has links.nt and links.tsv; keep one file of gold links"),
    changed("rdf", "left.nt", b"# nothing\n", "/left.nt: has no statement; write or fetch"),
    changed("rdf", "left.nt", statements(("_:a", f"{P}b", "_:c")), "/left.nt: no IRI is the subject of a"),
    case("rdf", "left.nt", 8, f'<{L}lyon> <{DEPICTION}> "../a.png" .', "the image '../a.png' is outside the"),
    case("rdf", "left.nt", 8, f"<{L}lyon> <{DEPICTION}> <file:///a.png> .", "the image 'file:///a.png' is"),
    case("rdf", "left.nt", 8, f"<{L}lyon> <{DEPICTION}> <file://x/a> .", "the image 'file://x/a' is outside"),
    case("rdf", "left.nt", 8, f'<{L}lyon> <{DEPICTION}> "left.nt" .', "the image 'left.nt' is no image"),
    case("rdf", "links.nt", 2, f"<{L}fr> <{SAME_AS}> _:b .", "links something that has no IRI"),
    changed("turtle", "left.ttl", b"l:a p:in x:b .\n", "/left.ttl:1: is mostly no RDF: column 1: The prefix"),
    *(
        changed("rdf", "psqe.toml", text.encode(), f"/psqe.toml{message}")
        for text, message in (
            ("label = []", ": the key 'label' is not known; the keys are labels, images and"),
            ("labels = 'x'", ": the value of the key 'labels' is no list; write"),
            ("labels = ['rdfs label']", ": entry 1 of the key 'labels' is no IRI (Invalid"),
            ("images = [3]", ": entry 1 of the key 'images' is no text; write"),
            (f"images = ['{LABEL}']", f": {LABEL} is among the labels and among the images"),
            ("languages = {middle = 'en'}", ": the key 'languages.middle' is not known; write"),
            ("languages = {left = 'english!'}", ": the value of the key 'languages.left' is no tag"),
            ("\n\nimages = [", ":3: is no TOML: Invalid value; correct the line"),
            ("ÿ = ", ":1: is no TOML"),
        )
    ),
    changed("rdf", "psqe.toml", b"\xff", "/psqe.toml: is not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "files", "message"), FAULTS, ids=[case[2][:60] for case in FAULTS])
def test_faults_name_file_line_and_remedy(tmp_path, layout, files, message):
    folder = write(folder_of(layout, tmp_path), files)
    with pytest.raises(DataError) as caught:
        read(folder)
    text = str(caught.value)
    assert message in text and "\n" not in text and text.startswith(f"{tmp_path}/") and caught.value.remedy
    gathered = [str(fault) for fault in check_folder(folder).shown]
    assert text in gathered and len(set(gathered)) == len(gathered)


def test_lines_in_compressed_files(tmp_path):
    text = RDF["left.nt"].replace(b"<http://l.example/lyon>", b"lyon")
    packed = gzip.compress(text)
    folder = write(tmp_path / "a", {**RDF, "left.nt": None, "left.nt.gz": packed})
    with pytest.warns(PsqeWarning, match=r"left.nt.gz:2: column 1: The subject of a triple must be"):
        read(folder)
    for broken in (packed[:-9], b"no gzip", packed[:30] + b"xxxxxxx" + packed[37:]):
        (folder / "left.nt.gz").write_bytes(broken)
        with pytest.raises(DataError, match=r"left\.nt\.gz(:\d)?: (cannot be read \(|is )"):
            read(folder)
        assert check_folder(folder)


def test_all_faults_are_told_not_only_the_first(tmp_path):
    files = with_line(RDF, "left.nt", 2, "x")
    files = with_line(with_line(files, "left.nt", 5, "<a:b> y"), "right.nt", 2, "z")
    files = with_line(files, "left.nt", 6, "w")
    faults = check_folder(write(tmp_path / "a", files))
    assert [(fault.path.name, fault.line) for fault in faults.shown] == [
        ("left.nt", 2), ("left.nt", 5), ("right.nt", 2)
    ]  # fmt: skip
    assert faults.report()[0].endswith(" (the same in 1 more line: 6)")
    # What comes behind a fault in Turtle is read.
    shown = check_folder(write(tmp_path / "b", with_line(TURTLE, "left.ttl", 4, "nonsense ."))).shown
    assert [(fault.path.name, fault.line) for fault in shown] == [("left.ttl", 4)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "left/images/rome.png",
            "/left/images: 'rome.png' is named by no entity; call an",
        ),
        (
            "left/name.tsv",
            "/left: 'name.tsv' is not read: the tables of a side are called triples, attributes, names, "
            "images, candidates; names.tsv is read; delete one of the two",
        ),
        (
            "right/Attributes.tsv",
            "candidates; rename it to attributes.tsv if that is meant, or move it elsewhere",
        ),
        ("right/name.csv", "candidates; rename it to names.csv if that is meant"),
        (
            "right/names.xlsx",
            "images, candidates; save the table as CSV in UTF-8, under the name names.csv",
        ),
    ],
)
def test_strangers_in_a_folder_are_left_out_and_told(tmp_path, name, words):
    folder = write(tmp_path / "folder", {**FOLDER, name: png()})
    with pytest.warns(PsqeWarning, match="^left out a file: .*" + re.escape(words)):
        task = read(folder)
    assert of_task(task, folder) == SAYS["folder"](FOLDER)
    assert words in str(check_folder(folder).shown[0])


def test_files_that_are_no_business_of_the_layout(tmp_path):
    extra = {"seeds.tsv": b"x", "readme.txt": b"x", "left/images/.DS_Store": b"x", "left/notes.md": b"x"}
    folder = write(tmp_path / "folder", {**FOLDER, **extra})
    assert of_task(read(folder), folder) == SAYS["folder"](FOLDER)
    assert not check_folder(folder)


def test_a_side_that_may_not_be_entered(tmp_path, monkeypatch):
    """Root may enter any folder, so that the operating system's answer is made up."""
    folder = write(tmp_path / "folder", FOLDER)
    forbidden = folder / "right"

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(forbidden))

    monkeypatch.setattr("psqe.datasets.layouts.folder._graph", refuse)
    with pytest.raises(DataError, match=rf"{forbidden}: cannot be read \(Permission denied\); make the"):
        read(folder)
    assert len(check_folder(folder).shown) == 1


def test_three_sides_or_one(tmp_path):
    three = {f"{side}/triples.tsv": table("abc") for side in "xyz"}
    folder = write(tmp_path / "a", three)
    with pytest.raises(DataError, match=r"subfolders with tables: 3 \(x, y, z\); name the two sides"):
        read(folder)
    (folder / "x" / "triples.tsv").unlink()
    assert read(folder).left.name == "a-y"
    (folder / "y" / "triples.tsv").unlink()
    with pytest.raises(DataError, match=r"subfolders with tables: 1 \(z\)"):
        read(folder)


def test_what_is_transparent_everywhere_is_no_image_to_encode(tmp_path):
    from PIL import Image

    folder = write(tmp_path / "a", FOLDER)
    Image.new("RGBA", (9, 9), (1, 2, 3, 0)).save(folder / "left/images/fr.png")
    assert "fr.png: is transparent everywhere; put another image" in str(check_folder(folder).shown[0])


# ---- which layout


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_registered_layout_keeps_the_contract(tmp_path, name):
    layout = LAYOUTS[name]
    assert layout.DESCRIPTION and "\n" not in layout.DESCRIPTION
    assert not layout.recognises(tmp_path) and not any(layout.files(tmp_path).values())
    faults = Faults(gather=True)
    assert layout.read(tmp_path, name="t", faults=faults) is None and faults
    with pytest.raises(DataError):
        layout.read(tmp_path, name="t", faults=Faults())


def test_an_unknown_layout_is_an_error():
    with pytest.raises(ParameterError, match="there is no layout 'xml'; choose from folder, jape"):
        LAYOUTS.resolve("xml")


def test_each_pair_is_of_one_layout(tmp_path):
    assert {"folder", "jape", "openea", "rdf"} <= LAYOUTS.keys()
    for layout, files in PAIRS.items():
        folder = write(folder_of(layout, tmp_path), files)
        fitting = [name for name, one in LAYOUTS.items() if one.recognises(folder)]
        assert fitting == [{"turtle": "rdf"}.get(layout, layout)]
        found = layout_of(folder).files(folder)
        assert all(path is None or path.exists() for path in found.values())
        known = {path for path in found.values() if path is not None}
        others = {"images.tsv", "one.png", "paris.png", "fr.png"}
        assert {Path(name).name for name in files} - {path.name for path in known} <= others


def test_two_layouts_in_one_folder(tmp_path):
    folder = write(tmp_path / "a", {**OPENEA, **RDF})
    with pytest.raises(DataError, match=r"has files of the layouts openea and rdf; keep one of them"):
        layout_of(folder)


def test_a_side_of_rdf_in_the_form_of_a_graph(tmp_path):
    """What is asked of a graph holds: no attribute is a relation, no literal an entity."""
    folder = write(tmp_path / "a", RDF)
    said = of_graph(read(folder).left, folder)
    assert {relation for _, relation, _ in said["triples"]} == {f"{P}in", f"{P}at"}
    assert not {value for *_, value in said["attributes"]} & said["entities"]
