"""RDF that is not in UTF-8: what is read, and that the remedy in the message helps."""

import json
from pathlib import Path

import pytest

from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import DataError, PsqeWarning

RDFS = "http://www.w3.org/2000/01/rdf-schema#"
LABELS = {"left": ("München", "Köln", "Zürich"), "right": ("Genève", "Orléans", "Besançon")}


def lines(side: str, *, in_iri: bool = False) -> str:
    """Return statements of N-Triples, which are Turtle, TriG, N3 and N-Quads as well."""
    return "".join(
        f'<http://x.org/{side}/{text if in_iri else i}> <{RDFS}label> "{text}" .\n'
        for i, text in enumerate(LABELS[side])
    )


def xml(side: str) -> str:
    things = "".join(
        f'<rdf:Description rdf:about="http://x.org/{side}/{i}"><rdfs:label>{text}</rdfs:label>'
        "</rdf:Description>\n"
        for i, text in enumerate(LABELS[side])
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdfs="' + RDFS + '" '
        f'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n{things}</rdf:RDF>\n'
    )


def json_ld(side: str) -> str:
    things = [{"@id": f"http://x.org/{side}/{i}", f"{RDFS}label": t} for i, t in enumerate(LABELS[side])]
    return json.dumps(things, ensure_ascii=False)


def saved(folder: Path, ending: str, encoding: str, *, in_iri: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    for side in LABELS:
        text = {"rdf": xml, "jsonld": json_ld}.get(ending, lambda side: lines(side, in_iri=in_iri))(side)
        (folder / f"{side}.{ending}").write_bytes(text.encode(encoding))
    return folder


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp850", "mac_roman"])
@pytest.mark.parametrize("ending", ["nt", "nq", "ttl", "n3", "trig", "rdf"])
def test_bytes_that_are_not_utf8_are_told_once_and_the_remedy_is_to_save_the_file_as_utf8(
    tmp_path: Path, ending: str, encoding: str
) -> None:
    folder = saved(tmp_path / "pair", ending, encoding)
    found = check_folder(folder)
    assert not found
    told = [str(note) for note in found.notes]
    assert len(told) == 2
    for note in told:
        where = "" if ending == "rdf" else " (lines 1, 2, 3)"  # XML is read whole, with one note
        assert (
            f"has bytes that are not UTF-8{where}, which are read as the replacement character U+FFFD" in note
        )
        assert note.endswith("; save the file as UTF-8")
    with pytest.warns(PsqeWarning, match="save the file as UTF-8"):
        read_in_order(folder)
    task = read_in_order(saved(folder, ending, "utf-8"))  # the remedy; a warning would be an error here
    assert task is not None and task.left.names == LABELS["left"]


@pytest.mark.parametrize("ending", ["nt", "nq", "ttl", "n3", "trig"])
def test_an_iri_that_is_not_utf8_is_left_out_with_the_same_remedy(tmp_path: Path, ending: str) -> None:
    folder = saved(tmp_path / "pair", ending, "latin-1", in_iri=True)
    found = check_folder(folder)
    assert found.count
    for fault in found.shown:
        assert "bytes that are not UTF-8" in fault.what and fault.remedy == "save the file as UTF-8"
    assert not check_folder(saved(folder, ending, "utf-8", in_iri=True))


def test_json_ld_that_is_not_utf8_is_refused_with_the_same_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"left.jsonld:1: is not UTF-8; save the file as UTF-8"):
        read_in_order(saved(tmp_path / "pair", "jsonld", "latin-1"))


def test_bytes_that_are_not_utf8_hide_no_other_repair_in_lines(tmp_path: Path) -> None:
    folder = saved(tmp_path / "pair", "nt", "utf-8")
    more = "".join(
        f'<http://x.org/left/{i}> <{RDFS}label> "{text}"@en_GB .\n' for i, text in ((7, "été"), (8, "b"))
    )
    with (folder / "left.nt").open("ab") as stream:
        stream.write(more.encode("latin-1"))
    notes = [str(note) for note in check_folder(folder).notes if "RDF" in str(note) or "UTF-8" in str(note)]
    assert ["is no valid RDF in 1 place" in note for note in notes].count(True) == 1
    assert ["save the file as UTF-8" in note for note in notes].count(True) == 1
