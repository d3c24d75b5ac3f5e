"""Tables that speak of different entities, or of the same ones in different spellings, are told."""

import json
import re
import unicodedata

import pandas as pd
import pytest
from cases import NAME, aligned, case
from cities import LEFT, LINKS, RIGHT, Tables, written

from psqe import graph_from_frames
from psqe.cli.main import main
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.datasets.spelling import Spellings, spelling_key
from psqe.errors import DataError, PsqeWarning


def respelt(change, tables: Tables = LEFT, only=("names",)) -> Tables:
    """The tables of a side, the identifiers of some of them changed; tails of triples stay."""
    return {
        name: [(change(row[0]), *row[1:]) for row in rows] if name in only else rows
        for name, rows in tables.items()
    }


def renamed(change, tables: Tables = LEFT) -> Tables:
    return respelt(change, tables, tuple(tables))


SPELLINGS = {
    "a number of pandas": (lambda e: e[1:], lambda e: f"{e}.0", "100.0"),
    "lost zeros": (lambda e: f"00{e[1:]}", lambda e: e[2:], "00100"),
    "an exponent": (lambda e: f"{e[1:]}00000", lambda e: f"{int(e) / 1e7:g}e+07", "e+07"),
    "thousands": (lambda e: f"{e[1:]}000", lambda e: f"{int(e):,}", "100,000"),
    "thousands with points": (
        lambda e: f"{e[1:]}000000",
        lambda e: f"{int(e):,}".replace(",", "."),
        "100.000",
    ),
    "a decimal comma": (lambda e: e[1:], lambda e: f"{e},0", "100,0"),
    "case": (str, str.upper, "E100"),
    "brackets": (lambda e: f"http://x.org/{e}", lambda e: f"<{e}>", "<http://x.org/e100>"),
    "quotes": (str, lambda e: f"'{e}'", "\"'e100'\""),
    "a character that joins words": (str, lambda e: f"{e}\u2060", "\\u2060"),
    "zero width": (str, lambda e: f"\u200b{e}", "\\u200b"),
    "a byte order mark": (str, lambda e: f"{e[0]}\ufeff{e[1:]}", "\\ufeff"),
    "percent-encoding": (lambda e: f"S\u00e3o {e}", lambda e: f"S%C3%A3o%20{e[4:]}", "S%C3%A3o"),
    "https": (lambda e: f"http://x.org/{e}", lambda e: e.replace("http:", "https:"), "https:"),
    "a slash": (lambda e: f"http://x.org/{e}", lambda e: f"{e}/", "e100/"),
    "a prefix": (lambda e: f"http://dbpedia.org/resource/{e}", lambda e: f"dbr:{e[28:]}", "dbr:e100"),
    "underscores": (lambda e: f"city_{e}", lambda e: e.replace("_", " "), "city e100"),
    "HTML": (lambda e: f"A&{e}", lambda e: e.replace("&", "&amp;"), "A&amp;e100"),
    "an apostrophe": (lambda e: f"l'{e}", lambda e: e.replace("'", "\u2019"), "l\u2019e100"),
    "bytes of Python": (str, lambda e: f"b'{e}'", "b'e100'"),
    "bytes of Python in double quotes": (lambda e: f"l'{e}", lambda e: f'b"{e}"', "l'e100"),
    "text of Python 2": (str, lambda e: f"u'{e}'", "u'e100'"),
    "a tuple of Python": (lambda e: e[1:], lambda e: f"('{e}',)", "('100',)"),
    "a tuple of a number": (lambda e: e[1:], lambda e: f"({e},)", "(100,)"),
    "a list": (lambda e: e[1:], lambda e: f"[{e}]", "[100]"),
    "a list of a text": (str, lambda e: f"['{e}']", "['e100']"),
    "a set": (str, lambda e: "{'" + e + "'}", "{'e100'}"),
    "a dictionary": (str, lambda e: "{'id': '" + e + "'}", "{'id': 'e100'}"),
    "a number of NumPy": (lambda e: e[1:], lambda e: f"np.int64({e})", "np.int64(100)"),
    "a float of NumPy": (lambda e: e[1:], lambda e: f"np.float64({e}.0)", "np.float64(100.0)"),
    "a text of NumPy": (str, lambda e: f"np.str_('{e}')", "np.str_('e100')"),
    "an array": (lambda e: e[1:], lambda e: f"array([{e}])", "array([100])"),
    "a node of rdflib": (
        lambda e: f"http://x.org/{e}",
        lambda e: f"rdflib.term.URIRef('{e}')",
        "URIRef('http://x.org/e100')",
    ),
    "a key of MongoDB": (str, lambda e: f"ObjectId('{e}')", "ObjectId('e100')"),
    "a formula": (lambda e: e[1:], lambda e: f'="{e}"', '="100"'),
    "full width": (lambda e: e[1:], lambda e: "".join(chr(ord(c) + 0xFEE0) for c in e), "\uff11"),
}


@pytest.mark.parametrize("kind", SPELLINGS)
@pytest.mark.parametrize("table", ["names", "attributes"])
def test_another_spelling_in_one_table_is_a_fault_that_shows_both(tmp_path, kind, table):
    plain, other, example = SPELLINGS[kind]
    sound = renamed(plain)
    links = [(plain(left), right) for left, right in LINKS]
    folder = written(tmp_path / "sound", left=sound, links=links)
    assert not check_folder(folder) and not check_folder(folder).notes
    folder = written(tmp_path / "broken", left=respelt(other, sound, (table,)), links=links)
    faults = check_folder(folder)
    assert faults.count == 1 and example in str(faults.shown[0]), faults.shown
    assert "identifiers differ" in str(faults.shown[0]) and "\n" not in str(faults.shown[0])
    with pytest.raises(DataError, match="differ from those in"):
        read_in_order(folder)


NEAR = [(row[0], "near", LEFT["names"][i - 3][0]) for i, row in enumerate(LEFT["names"])]
"""Triples between entities that have names."""


@pytest.mark.parametrize("kind", SPELLINGS)
@pytest.mark.parametrize("column", [0, 2])
@pytest.mark.parametrize("alone", [False, True])
def test_another_spelling_of_heads_or_of_tails_alone(tmp_path, kind, column, alone):
    plain, other, example = SPELLINGS[kind]
    sound = {**renamed(plain), "triples": [(plain(h), r, plain(t)) for h, r, t in NEAR]}
    if alone:
        sound = {"triples": sound["triples"]}
    assert not check_folder(written(tmp_path / "sound", left=sound, links=None))
    assert not [n for n in check_folder(tmp_path / "sound").notes if "spelling" in str(n)]
    rows = [tuple(other(c) if i == column else c for i, c in enumerate(row)) for row in sound["triples"]]
    faults = check_folder(written(tmp_path / "pair", left={**sound, "triples": rows}, links=None))
    assert (
        faults.count >= 1
        and "differ from others only in" in str(faults.shown[0])
        and example in str(faults.shown[0])
    )


def test_half_of_the_tails_in_another_spelling_and_two_that_may_be_others(tmp_path):
    rows = [(h, r, t.upper() if i % 2 else t) for i, (h, r, t) in enumerate(NEAR)]
    faults = check_folder(written(tmp_path / "pair", left={**LEFT, "triples": rows}))
    assert "8 identifiers of heads alone or tails alone" in str(faults.shown[0])
    many = [(f"x{i}", "near", f"x{i + 1}") for i in range(100)]
    rows = [*NEAR, *many, ("x7", "near", "X9"), ("x8", "near", "X11")]
    faults = check_folder(written(tmp_path / "few", left={**LEFT, "triples": rows}))
    assert not faults and any("2 identifiers of heads alone" in str(note) for note in faults.notes)


def test_a_few_of_many_are_told_and_the_rest_is_read(tmp_path):
    left = respelt(lambda e: e.upper() if e == "e103" else e)
    faults = check_folder(written(tmp_path / "pair", left=left))
    assert not faults
    assert "the spellings of 1 identifier differ from those in triples.tsv only in large" in str(
        faults.notes[0]
    )


def test_other_spellings_of_a_tenth_of_a_table_are_a_fault(tmp_path):
    left = respelt(lambda e: e.upper() if e in ("e103", "e104") else e)
    faults = check_folder(written(tmp_path / "pair", left=left))
    assert faults.count == 1 and "the spellings of 2 identifiers differ" in str(faults.shown[0])


@pytest.mark.parametrize("kind", ["quotes", "zero width", "percent-encoding", "HTML", "an apostrophe"])
def test_one_of_many_is_a_fault_where_the_spelling_leaves_no_doubt(tmp_path, kind):
    plain, other, _ = SPELLINGS[kind]
    sound = renamed(plain)
    left = respelt(lambda e: other(e) if e == plain("e103") else e, sound)
    faults = check_folder(written(tmp_path / "pair", left=left, links=[(plain(a), b) for a, b in LINKS]))
    assert faults.count == 1 and "the spelling" in str(faults.shown[0])


def test_what_differs_in_one_table_is_two_entities(tmp_path):
    left = {**LEFT, "triples": [*LEFT["triples"], ("E100", "country", "Italy"), ("00100", "country", "Italy"),
                                ("100", "country", "Italy")]}  # fmt: skip
    left["names"] = [*LEFT["names"], ("E100", "Rome"), ("00100", "Pisa"), ("100", "Bari")]
    faults = check_folder(written(tmp_path / "pair", left=left))
    assert not faults and not faults.notes
    assert read_in_order(tmp_path / "pair").left.n_entities == 13 + len(LINKS) + 3


def test_what_one_table_has_in_both_spellings_is_two_entities_whatever_the_others_say_of_it(tmp_path):
    left = {name: list(rows) for name, rows in LEFT.items()}
    left["triples"].append(("x1", "country", "Italy"))
    left["names"] += [("x1", "Rome"), ("X1", "Pisa")]
    faults = check_folder(written(tmp_path / "pair", left=left))
    assert not faults, faults.shown
    assert [note for note in map(str, faults.notes) if "spellings of" in note] == []
    with pytest.warns(PsqeWarning, match="such as 'X1', is not in triples.tsv"):
        task = read_in_order(tmp_path / "pair")
    assert task.left.n_entities == 13 + len(LINKS) + 2


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
def test_accents_in_either_form_are_the_same_identifier(tmp_path, forms):
    def spelt(form):
        return lambda entity: unicodedata.normalize(form, f"zênes é{entity}")

    sound = written(
        tmp_path / "sound", left=renamed(spelt("NFC")), links=[(spelt("NFC")(a), b) for a, b in LINKS]
    )
    left = respelt(spelt(forms[1]), renamed(lambda e: e))
    left["triples"] = respelt(spelt(forms[0]), only=("triples",))["triples"]
    left["attributes"] = respelt(spelt(forms[1]), only=("attributes",))["attributes"]
    folder = written(tmp_path / "mixed", left=left, links=[(spelt(forms[0])(a), b) for a, b in LINKS])
    assert not check_folder(folder) and not check_folder(folder).notes
    expected, task = read_in_order(sound), read_in_order(folder)
    assert task.left.names == expected.left.names and task.left.attributes == expected.left.attributes
    assert task.left.triples.tolist() == expected.left.triples.tolist()
    assert task.links.tolist() == expected.links.tolist()
    kept = spelt("NFC" if "NFC" in forms else "NFD")(LINKS[0][0])
    assert kept in task.left.entities and task.left.index()[spelt("NFC")(LINKS[0][0])] >= 0


def test_tables_without_a_common_entity_are_a_fault(tmp_path):
    folder = written(tmp_path / "pair", left={**LEFT, "names": RIGHT["names"]})
    assert "none of its entities is in triples.tsv and attributes.tsv: 'f500'" in str(
        check_folder(folder).shown[0]
    )


def test_triples_of_other_entities_than_those_of_all_other_tables_are_a_fault(tmp_path):
    folder = written(tmp_path / "pair", left={**LEFT, "triples": RIGHT["triples"]})
    assert "triples.tsv: none of its entities is in attributes.tsv and names.tsv" in str(
        check_folder(folder).shown[0]
    )


def test_entities_of_one_table_and_candidates_without_a_name_are_noted(tmp_path):
    left = {**LEFT, "names": [*LEFT["names"][2:], ("x1", "Oslo"), ("x2", "Bergen")]}
    notes = [str(note) for note in check_folder(written(tmp_path / "pair", left=left)).notes]
    assert len(notes) == 2
    assert "2 of its 16 entities, such as 'x1', are not in triples.tsv and attributes.tsv" in notes[0]
    assert "2 of 18 entities that may get a link have no name, for example 'e100'" in notes[1]
    with pytest.warns(PsqeWarning, match="entities"):
        read_in_order(tmp_path / "pair")


@pytest.mark.parametrize("table", ["triples", "attributes", "names"])
def test_an_unknown_header_is_noted_and_following_the_remedy_ends_it(tmp_path, table):
    header = {
        "triples": ("stadt", "bezug", "ziel"),
        "attributes": ("stadt", "was", "wie"),
        "names": ("stadt", "wort"),
    }
    left = {**LEFT, table: [header[table], *LEFT[table]]}
    notes = [str(n) for n in check_folder(written(tmp_path / "pair", left=left)).notes if "header" in str(n)]
    assert len(notes) == 1 and "'stadt'" in notes[0] and f"{table}.tsv" in notes[0]
    left = {name: [header[name], *rows] for name, rows in LEFT.items()}
    notes = [str(n) for n in check_folder(written(tmp_path / "all", left=left)).notes if "header" in str(n)]
    assert len(notes) == 3
    assert not check_folder(written(tmp_path / "all")).notes


def test_links_in_another_spelling_show_the_one_of_the_graph():
    spellings = Spellings(["http://x.org/Rome", "100"])
    assert "'100' is; they differ in the way in which a number is written" in spellings.hint("100.0")
    assert spellings.meant_by("<http://x.org/Rome>") == "http://x.org/Rome" and spellings.hint("Oslo") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("12:30", "30"), ("AC/DC", "DC"), ("r007", "r7"), ("1.5", "1"), ("C++", "C"), ("Rome", "Roma"),
     ("-5", "5"),
     ("1.2.3", "123"), ("e100", "100"), ("A1", "A2"), ("naïve", "naive")],
)  # fmt: skip
def test_different_identifiers_are_not_taken_as_spellings(one, other):
    assert spelling_key(one) != spelling_key(other)


# ---- one number in two forms


def numbered(tables: Tables = LEFT) -> Tables:
    """The tables of a side, its identifiers numbers."""
    return {
        name: [tuple(re.sub("^e(?=1..$)", "", cell) for cell in row) for row in rows]
        for name, rows in tables.items()
    }


NUMBERED_LINKS = [(left[1:], right) for left, right in LINKS]


@pytest.mark.parametrize("table", ["triples", "attributes", "names"])
@pytest.mark.parametrize("form", ["{}.0", "{}.00", "+{}", "{},0", "{:.2f}", "{:.3e}"])
@pytest.mark.parametrize("many", [0, 30])
def test_one_number_in_another_form_is_a_fault_however_few_they_are(tmp_path, table, form, many):
    left = numbered()
    left["triples"] += [(f"{i}", "near", f"{i + 1}") for i in range(200, 200 + many)]
    left["names"] += [(f"{i}", f"Town {i}") for i in range(200, 201 + many if many else 200)]
    row = left[table][3]
    other = form.format(int(row[0])).replace("e+0", "e")
    left[table] = [*left[table][:3], (other, *row[1:]), *left[table][4:]]
    folder = written(tmp_path / "pair", left=left, links=NUMBERED_LINKS)
    faults = check_folder(folder)
    assert faults.count == 1 and f"{table}.tsv" in str(faults.shown[0])
    assert repr(other) in str(faults.shown[0]) and repr(row[0]) in str(faults.shown[0])
    with pytest.raises(DataError, match="only in the way in which a number is written"):
        read_in_order(folder)


def test_a_number_in_two_forms_in_one_table_is_a_fault_but_zeros_before_it_are_not(tmp_path):
    left = numbered()
    left["names"] = [*left["names"], ("100.0", "Rome"), ("0101", "Pisa")]
    faults = check_folder(written(tmp_path / "pair", left=left, links=NUMBERED_LINKS))
    assert "names.tsv: the identifier '100.0' differs from '100', which is in triples.tsv and" in str(
        faults.shown[0]
    )
    left["names"][-2] = ("0100", "Rome")
    assert not check_folder(written(tmp_path / "zeros", left=left, links=NUMBERED_LINKS))
    left["names"][-2:] = [("1e2", "Rome"), ("1f2", "Pisa")]  # hexadecimal codes
    assert not check_folder(written(tmp_path / "codes", left=left, links=NUMBERED_LINKS))


def test_a_number_in_another_form_among_the_candidates_is_a_fault(tmp_path):
    folder = written(tmp_path / "pair", left=numbered(), links=None)
    (folder / "left" / "candidates.tsv").write_text("100\n101\n102.0\n")
    assert "left/candidates.tsv: the spellings of 1 identifier differ" in str(check_folder(folder).shown[0])


def test_one_number_in_two_forms_is_told_in_frames():
    names = [("100", "Rome"), ("100.0", "Pisa")]
    with pytest.raises(DataError, match=r"graph 'graph', names: the identifier '100\.0' differs from '100'"):
        graph_from_frames(names=names)


# ---- candidates and headers


def test_a_candidate_that_no_table_names_is_told_once(tmp_path):
    folder = written(tmp_path / "pair")
    (folder / "left" / "candidates.tsv").write_text(
        "".join(f"{e}\n" for e, _ in [*LEFT["names"], ("A-777", "")])
    )
    (note,) = map(str, check_folder(folder).notes)
    assert "left/candidates.tsv: entities that no other table names: 1, for example 'A-777'" in note


@pytest.mark.parametrize("header", [True, False])
def test_a_first_record_is_no_header_where_there_is_one(tmp_path, header):
    left = {**LEFT, "names": [("ZZ-1", "Oslo"), *LEFT["names"]]}
    notes = list(map(str, check_folder(written(tmp_path / "pair", left=left, header=header)).notes))
    assert len(notes) == 1 and "'ZZ-1'" in notes[0] and ("looks like a header" in notes[0]) != header


# ---- frames


def test_whole_numbers_of_pandas_are_identifiers_in_frames():
    triples = pd.DataFrame({"head": [100, 101, 102], "relation": "in", "tail": ["it", "it", "fr"]})
    names = pd.DataFrame({"entity": [100.0, 101.0, 102.0], "name": ["Rome", "Pisa", "Lyon"]})
    graph = graph_from_frames(triples, names)
    assert graph.entities == ("100", "101", "102", "fr", "it") and graph.names[:3] == ("Rome", "Pisa", "Lyon")


def test_text_made_of_floats_is_told_in_frames():
    triples = pd.DataFrame({"head": [100, 101, 102], "relation": "in", "tail": ["it", "it", "fr"]})
    names = pd.DataFrame({"entity": [100.0, 101.0, 102.0], "name": ["Rome", "Pisa", "Lyon"]})
    words = r"graph 'graph', names: the spellings of 3 identifiers .* example '100\.0' and '100'; exp"
    with pytest.raises(DataError, match=words):
        graph_from_frames(triples, names.astype({"entity": str}))


# ---- the handed case


def test_the_handed_pair_of_floats_is_told_and_read_when_repaired(tmp_path, capsys):
    folder = case("16-ids/a-names-float", tmp_path)
    assert main(["align", str(folder), *NAME, "--out", str(tmp_path / "o.tsv")]) == 2
    message = capsys.readouterr().err
    assert "the spellings of 36 identifiers differ from those in triples.tsv" in message
    assert "'100.0' and '100'" in message
    assert main(["data", "check", str(folder)]) == 2 and "'100.0' and '100'" in capsys.readouterr().out
    assert not (tmp_path / "o.tsv").exists()
    names = folder / "left" / "names.tsv"
    names.write_text(names.read_text(encoding="utf-8").replace(".0\t", "\t"), encoding="utf-8")
    assert aligned(folder)["link_quality"]["links"]["f1"] == 1
    assert json.loads((tmp_path / "aligned.json").read_text(encoding="utf-8"))
