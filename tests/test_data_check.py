"""``psqe data check`` and ``psqe data info`` on folders, and folders that something has happened to."""

import contextlib
import io
import json
import pickle
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from cities import LEFT, LINKS, RIGHT, delimited, tsv, written
from folders import FOLDER, PAIRS, RDF, SAYS, Files, of_task, png, table, write
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.cli.main import main
from psqe.datasets.faults import SHOWN
from psqe.datasets.info import folder_info
from psqe.datasets.layouts import check_folder, read_folder
from psqe.errors import DataError, PsqeWarning

ATTRIBUTES = LEFT["attributes"]


def run(*arguments: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(a) for a in arguments])
    return code, out.getvalue(), err.getvalue()


# ---- the command line


@pytest.mark.parametrize("layout", PAIRS)
def test_check_says_what_was_found_to_be_right(tmp_path, layout):
    folder = write(tmp_path / "zh_en", PAIRS[layout])
    code, out, err = run("data", "check", folder)
    assert (code, err) == (0, "") and out.count("\n") == 1
    assert re.fullmatch(
        rf"{folder}: nothing wrong; layout \w+; left: \d entities, \d triples; right: \d entities, "
        r"\d triples; 2 links\n",
        out,
    )
    unlinked = write(tmp_path / "b", {**FOLDER, "links.tsv": None})
    assert run("data", "check", unlinked)[1].endswith("; no links\n")


def test_check_says_every_fault_in_one_line(tmp_path):
    files = {**FOLDER, "links.tsv": table(("rome", "p1"), ("fr", "p9", "x"))}
    folder = write(tmp_path / "x", {**files, "left/images/fr.png": b"x", "left/images/rome.png": png()})
    code, out, err = run("data", "check", folder)
    assert (code, err) == (2, "")
    lines = out.splitlines()
    assert [line.removeprefix(f"{folder}/") for line in lines] == [
        "left/images/fr.png: is no image; put the image there, or leave the entity without an image",
        "left/images: 'rome.png' is named by no entity; "
        "call an image as its entity, or list the paths in images.tsv",
        "links.tsv:2: expected 2 columns, found 3; write the columns left, right alone, or name all columns "
        "in a first line",
        "links.tsv:1: 'rome' is no entity of the left graph; write it as the graphs do, or delete this link",
        "links.tsv: has no link between candidates of the two graphs (1 other link), so nothing is compared "
        "with gold links; write the identifiers as the graphs do, the left entity first",
    ]


@pytest.mark.parametrize("more", [0, 1, 1234])
def test_check_shows_so_many_and_counts_the_rest(tmp_path, more):
    links = FOLDER["links.tsv"] + table(*((f"rome{i}", "p1") for i in range(SHOWN + more)))
    code, out, _ = run("data", "check", write(tmp_path / "x", {**FOLDER, "links.tsv": links}))
    lines = out.splitlines()
    assert code == 2 and len(lines) == SHOWN + bool(more)
    assert all(f"links.tsv:{i}: 'rome{i - 4}'" in line for i, line in enumerate(lines[:SHOWN], 4))
    assert not more or lines[-1] == f"... and {more:,} more"


def test_equal_faults_of_a_file_are_told_once_with_their_number_and_the_first_lines(tmp_path):
    rows = [(entity, name) for entity, name, _ in ATTRIBUTES]
    folder = written(tmp_path / "x", left={**LEFT, "attributes": rows})
    (folder / "right" / "names.tsv").write_bytes(table(("f500",)) + tsv(RIGHT["names"][1:]))
    code, out, _ = run("data", "check", folder)
    assert code == 2 and out.splitlines() == [
        f"{folder}/left/attributes.tsv:1: expected 3 columns, found 2; write the columns that are missing, "
        "separated by tabs, or delete the line if it is no row of the table, but a title, a count of rows or "
        "a comment (the same in 31 more lines: 2, 3, 4, ...)",
        f"{folder}/right/names.tsv:1: expected 2 columns, found 1; write the columns that are missing, "
        "separated by tabs, or delete the line if it is no row of the table, but a title, a count of rows or "
        "a comment",
    ]


@pytest.mark.parametrize("ending", [".tsv", ".csv"])
def test_links_are_not_checked_against_what_was_refused(tmp_path, ending):
    """A link to an entity of a refused row is no fault of the link; all others are told."""
    triples = [*((head, relation) for head, relation, _ in LEFT["triples"][:3]), *LEFT["triples"][3:]]
    tables = {"triples": triples, "names": LEFT["names"][3:]}
    links = [*LINKS, ("e103", "nobody")]
    write = tsv if ending == ".tsv" else delimited(",")
    folder = written(tmp_path / "x", left=tables, links=links, ending=ending, write=write)
    code, out, _ = run("data", "check", folder)
    assert code == 2 and len(out.splitlines()) == 3
    assert f"left/triples{ending}:1: expected 3 columns, found 2" in out
    assert f"links{ending}:17: 'nobody' is no entity of the right graph" in out
    assert out.endswith(
        f"note: {folder}/links{ending}: 3 links could not be checked, because something was refused in "
        f"left/triples{ending}; correct this file first\n"
    )
    folder = written(tmp_path / "y", left={"names": [(entity,) for entity, _ in LEFT["names"]]}, links=links)
    _, out, _ = run("data", "check", folder)
    assert out.splitlines()[1:] == [
        f"note: {folder}/links.tsv: the links could not be checked, because something was refused in "
        "left/names.tsv; correct this file first"
    ]


@pytest.mark.parametrize(
    ("layout", "name", "row"),
    [
        ("jape", "ent_ids_1", 0),
        ("openea", "rel_triples_1", 1),
        ("rdf", "left.nt", 3),
        ("turtle", "left.ttl", 5),
    ],
)
def test_links_of_every_layout_are_not_checked_against_what_was_refused(tmp_path, layout, name, row):
    files = dict(PAIRS[layout])
    lines = files[name].splitlines(keepends=True)
    lines[row] = b"broken\n" if layout != "turtle" else b"broken .\n"
    _, out, _ = run("data", "check", write(tmp_path / "zh_en", {**files, name: b"".join(lines)}))
    links = [line for line in out.splitlines() if LINK_FILES.get(layout, "links.tsv") in line]
    assert len(links) == 1 and links[0].startswith("note: ") and "1 link could not be checked" in links[0]
    assert f"because something was refused in zh_en/{name}; correct" in links[0]


def test_names_of_refused_rows_are_not_missed(tmp_path):
    names = [("e100",), *LEFT["names"][1:]]
    folder = written(tmp_path / "x", left={**LEFT, "names": names})
    _, out, _ = run("data", "check", folder)
    assert out.count("\n") == 1 and "no name" not in out
    folder = written(tmp_path / "y", left={**LEFT, "names": LEFT["names"][1:]})
    assert "1 of 16 entities that may get a link has no name" in run("data", "check", folder)[1]


def test_the_first_places_of_text_that_is_read_as_was_meant_are_told(tmp_path):
    lines = [b"<http://l.example/a b> <http://p.example/in> <http://l.example/fr> .\n"] * 5
    _, out, _ = run(
        "data", "check", write(tmp_path / "x", {**RDF, "left.nt": RDF["left.nt"] + b"".join(lines)})
    )
    assert "left.nt:9: is no valid RDF in 5 places (lines 9, 10, 11, ...), read as was probably meant" in out
    turtle = b"<http://l.example/a b> <http://p.example/in> <http://l.example/fr> .\nnonsense .\n"
    files = {**PAIRS["turtle"], "left.ttl": turtle * 2 + PAIRS["turtle"]["left.ttl"]}
    _, out, _ = run("data", "check", write(tmp_path / "y", files))
    assert "left.ttl:1: is no valid RDF in 2 places (lines 1, 3), read" in out
    assert "left.ttl:2: " in out and "(the same in 1 more line: 4)" in out
    latin = b'<http://l.example/fr> <http://p.example/in> "caf\xe9" .\n'
    _, out, _ = run("data", "check", write(tmp_path / "z", {**RDF, "left.nt": RDF["left.nt"] + latin * 2}))
    assert "left.nt:9: has bytes that are not UTF-8 (lines 9, 10), which are read as" in out


def test_check_of_what_is_no_pair(tmp_path):
    (tmp_path / "file").write_text("x")
    for name, words in (
        ("none", "is no folder"),
        ("file", "is a file and no folder"),
        (".", "has the files of no layout"),
    ):
        code, out, err = run("data", "check", tmp_path / name)
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert err.startswith("psqe: ") and words in err


def test_info_of_a_folder(tmp_path):
    folder = write(tmp_path / "atlas", RDF)
    code, out, err = run("data", "info", folder, "--json", tmp_path / "i.json")
    assert (code, err) == (0, "")
    said = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert said["layout"] == ["rdf"] and said["folder"] == [str(folder)]
    assert said["found"] == ["left.nt,", "right.nt,", "links.nt,", "psqe.toml"]
    assert said["missing"] == ["nothing"]
    assert said["mean_degree"] == ["1.667", "1.333"] and said["median_degree"] == ["2.000", "1.000"]
    assert said["max_degree"] == ["2", "2"] and said["isolated"] == ["0", "0"]
    assert said["with_image"] == ["1", "0"] and said["with_translated_name"] == ["0", "0"]
    assert said["attributes"] == ["1", "1"] and said["attribute_values"] == ["1", "1"]
    assert said["links"] == ["2"] and said["dangling_share"] == ["0.333", "0.333"]
    info = json.loads((tmp_path / "i.json").read_text())
    assert info["source"]["found"]["left"] == str(folder / "left.nt") and info["left"]["max_degree"] == 2
    assert run("data", "info", write(tmp_path / "b", {**FOLDER, "links.tsv": None}))[1].count("unknown") == 9


def test_images_are_found_in_a_table_or_in_a_folder_and_missing_once(tmp_path):
    folder = written(tmp_path / "pair")
    for found, missing in ((None, "left/images"), ("folder", None), ("table", None)):
        if found == "folder":
            (folder / "left" / "images").mkdir()
        elif found == "table":
            (folder / "left" / "images.tsv").write_text("e100\ta.png\n")
            (folder / "left" / "a.png").write_bytes(png())
        said = folder_info(folder)
        assert said["missing"].count("left/images") == (missing is not None)
        assert [name for name in said["found"] if name == "left/images"] == ["left/images"] * (
            found is not None
        )


def test_info_of_a_benchmark(tmp_path):
    images = {0: np.ones(4), 12: np.ones(4), 10: np.ones(4)}
    files = {**PAIRS["jape"], "zh_en_GA_id_img_feature_dict.pkl": pickle.dumps(images)}
    write(tmp_path / "DBP15K" / "zh_en", files)
    code, out, _ = run("data", "info", "dbp15k/zh_en", "--data-root", tmp_path)
    said = {line.split()[0]: line.split()[1:] for line in out.splitlines()[1:]}
    assert code == 0 and said["folder"] == [str(tmp_path / "DBP15K" / "zh_en")]
    assert "dbp_zh_en.json," in said["found"] and "attr," in said["missing"]
    assert said["with_translated_name"] == ["1", "1"] and said["with_image_vector"] == ["1", "2"]
    partial = {("triples_2_partial" if k == "triples_2" else k): v for k, v in files.items()}
    write(tmp_path / "FB15K_DB15K", {k: v for k, v in partial.items() if k[0] not in "dz"})
    code, out, _ = run("data", "info", "fb15k/db15k", "--data-root", tmp_path)
    assert code == 0 and "partial=right" in out.splitlines()[0]
    assert "notes                 the Freebase graph is partial: 381,186 of 592,213 triples" in out
    code, out, err = run("data", "info", "srprs/en_fr", "--data-root", tmp_path)
    assert (code, out) == (2, "") and "SRPRS/en_fr_15k_V1: " in err


# ---- folders that something happened to

BYTES = [b"\xff", b"\0", b"\t", b"\n", b"\r", b'"', b"\\", b"<", b".", b" ", b"#", b"\xe2\x80\xa8", b"0"]
UNKNOWN = {"jape": "99\t98", "rdf": "<a:b> <http://www.w3.org/2002/07/owl#sameAs> <e:f> ."}
LINK_FILES = {"jape": "ill_ent_ids", "openea": "ent_links", "rdf": "links.nt"}
WORD = re.compile(rb"[^\s<>,;\[\]]+")


@st.composite
def mutated(draw: st.DrawFn, layout: str) -> Files:
    """The files of a pair after one to three accidents."""
    files = dict(PAIRS[layout])
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(files)))
        content = files[name]
        lines = content.splitlines(keepends=True) or [b""]
        line = draw(st.integers(0, len(lines) - 1))
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(ACCIDENTS)):
            case "delete line":
                del lines[line]
            case "duplicate line":
                lines.insert(draw(st.integers(0, len(lines))), lines[line])
            case "swap lines":
                other = draw(st.integers(0, len(lines) - 1))
                lines[line], lines[other] = lines[other], lines[line]
            case "drop column":
                cells = lines[line].rstrip(b"\n").split(b"\t")
                del cells[draw(st.integers(0, len(cells) - 1))]
                lines[line] = b"\t".join(cells) + b"\n"
            case "bad bytes":
                lines = [content[:place], draw(st.sampled_from(BYTES)), content[place:]]
            case "other byte":
                lines = [content[:place], draw(st.binary(min_size=1, max_size=2)), content[place + 1 :]]
            case "empty":
                lines = []
            case "truncate":
                lines = [content[:place]]
            case "change id":
                words = list(WORD.finditer(content))
                if words:
                    here = draw(st.sampled_from(words))
                    new = draw(st.sampled_from([word[0] for word in words] + [b"other", b"12"]))
                    lines = [content[: here.start()], new, content[here.end() :]]
            case "unknown link":
                name = LINK_FILES.get(layout, "links.tsv")
                lines = [files.get(name, b""), UNKNOWN.get(layout, "a\tb").encode(), b"\n"]
        files[name] = b"".join(lines)
        if draw(st.integers(0, 9)) == 0:
            del files[name]
        if not files:
            break
    return files


ACCIDENTS = [
    "delete line", "duplicate line", "swap lines", "drop column", "bad bytes", "other byte", "empty",
    "truncate", "change id", "unknown link",
]  # fmt: skip


def one_line(error: DataError) -> str:
    text = str(error)
    assert isinstance(error, DataError) and text and "\n" not in text and error.remedy
    return text


def survives(layout: str, files: Files) -> None:
    """Check and strict reading agree, and neither ever makes something else of the files than they say."""
    with tempfile.TemporaryDirectory() as root, warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", PsqeWarning)
        folder = write(Path(root) / "zh_en", files)
        try:
            faults = check_folder(folder)
        except DataError as error:
            one_line(error)
            with pytest.raises(DataError):
                read_folder(folder)
            return
        shown = [one_line(fault) for fault in faults.shown]
        assert not [one for one in told if issubclass(one.category, PsqeWarning)]
        code, out, err = run("data", "check", folder)
        assert (code, err) == (2 if faults else 0, "")
        assert len(shown) <= 2 * SHOWN and (len(shown) >= SHOWN or not faults.n_hidden)
        counted = len(shown) + bool(faults.n_hidden)
        assert len(out.splitlines()) == (counted or 1) + len(faults.notes)
        told.clear()
        try:
            task = read_folder(folder)
        except DataError as error:
            assert one_line(error) in shown  # the same fault, the same words
            return
        warned = [str(one.message) for one in told if issubclass(one.category, PsqeWarning)]
        assert all("\n" not in message for message in warned)
        left_out = [message for message in warned if message not in map(str, faults.notes)]
        if faults:
            # Pictures are read to their ends by the check only.
            assert left_out or all("cannot be read" in line or "transparent" in line for line in shown)
            return
        assert not left_out
        if any("is no valid RDF" in str(note) for note in faults.notes):
            return  # the reader of the test knows valid RDF only
        assert task.left.n_entities and task.right.n_entities
        escaped = layout == "openea" and any(b"\\" in content for content in files.values())
        if layout in SAYS and not escaped:  # test_lexical_values has the escapes of literals
            assert of_task(task, folder) == SAYS[layout](files)


@pytest.mark.parametrize("layout", PAIRS)
def test_a_pair_as_it_should_be_survives(layout):
    survives(layout, PAIRS[layout])


@settings(max_examples=60, derandomize=True, deadline=None)
@given(mutated("jape"))
def test_accidents_to_jape(files):
    survives("jape", files)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(mutated("openea"))
def test_accidents_to_openea(files):
    survives("openea", files)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(mutated("folder"))
def test_accidents_to_a_pair_of_ones_own(files):
    survives("folder", files)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(mutated("rdf"))
def test_accidents_to_rdf(files):
    survives("rdf", files)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(mutated("turtle"))
def test_accidents_to_turtle(files):
    survives("turtle", files)
