"""Tables as tools write them: the graphs read from any form equal those of the plain form."""

import bz2
import csv
import gzip
import io
import lzma
import re
import warnings

import pandas as pd
import pytest
import zstandard
from cases import aligned, case
from cities import HEADERS, LEFT, LINKS, RIGHT, delimited, tsv, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psqe.datasets.entity_tables import read_entities
from psqe.datasets.faults import Faults
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.datasets.tables import read_table
from psqe.errors import DataError, PsqeWarning


def said(folder):
    """Everything that the task in a folder holds, by identifiers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)
        task = read_in_order(folder)
    sides = [
        (graph.entities, graph.relations, graph.triples.tolist(), graph.names, graph.attributes,
         graph.candidates.tolist())
        for graph in task.sides
    ]  # fmt: skip
    return sides, None if task.links is None else task.links.tolist()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return said(written(tmp_path_factory.mktemp("plain")))


def r_table(*, sep="\t", row_names=False, quote=True, escape="double"):
    """A function that writes rows as R's ``write.table`` does: texts quoted, numbers not."""

    def cell(text):
        if text.replace(".", "").isdigit() or not quote:
            return text
        return '"' + text.replace('"', '""' if escape == "double" else '\\"') + '"'

    def write(rows):
        lines = []
        for i, row in enumerate(rows):
            cells = [cell(text) for text in row]
            if row_names and i:
                cells = [f'"{i}"', *cells]
            lines.append(sep.join(cells) + "\n")
        return "".join(lines).encode()

    return write


def pandas_index(rows):
    header, *body = rows
    return pd.DataFrame(body, columns=list(header)).to_csv().encode()


def sep_line(delimiter):
    return lambda rows: f"sep={delimiter}\r\n".encode() + delimited(delimiter)(rows).replace(b"\n", b"\r\n")


def ending_in(end, write=tsv):
    return lambda rows: write(rows).replace(b"\n", end)


def packed(compress, write=tsv):
    return lambda rows: compress(write(rows))


def spaced(rows):
    return "".join(", ".join(f'"{cell}"' for cell in row) + "\n" for row in rows).encode()


def parquet(rows):
    header, *body = rows
    stream = io.BytesIO()
    pd.DataFrame(body, columns=list(header)).to_parquet(stream)
    return stream.getvalue()


def parquet_indexed(rows):
    header, *body = rows
    stream = io.BytesIO()
    pd.DataFrame(body, columns=list(header)).iloc[::-1].to_parquet(stream)
    return stream.getvalue()


FORMS = {
    "plain": (tsv, ".tsv"),
    "with a mark": (lambda rows: b"\xef\xbb\xbf" + tsv(rows), ".tsv"),
    "UTF-16": (lambda rows: tsv(rows).decode().encode("utf-16"), ".tsv"),
    "UTF-16, big end first": (lambda rows: b"\xfe\xff" + tsv(rows).decode().encode("utf-16-be"), ".txt"),
    "UTF-32": (lambda rows: tsv(rows).decode().encode("utf-32"), ".tsv"),
    "returns and newlines": (ending_in(b"\r\n"), ".tsv"),
    "returns": (ending_in(b"\r"), ".tsv"),
    "returns in CSV": (ending_in(b"\r", delimited(quote_all=True)), ".csv"),
    "no newline at the end": (lambda rows: tsv(rows)[:-1], ".tsv"),
    "empty lines": (ending_in(b"\n\n"), ".tsv"),
    "rows of delimiters": (lambda rows: delimited()(rows) + b",,\n,,\n"[: 6], ".csv"),
    "CSV": (delimited(), ".csv"),
    "CSV, all quoted": (delimited(quote_all=True), ".csv"),
    "TSV, all quoted": (delimited("\t", quote_all=True), ".tsv"),
    "TSV, quoted as needed": (delimited("\t"), ".tsv"),
    "semicolons": (delimited(";"), ".csv"),
    "semicolons, all quoted, UTF-16": (delimited(";", quote_all=True, encoding="utf-16"), ".csv"),
    "bars": (delimited("|"), ".csv"),
    "bars in text": (delimited("|"), ".txt"),
    "tabs in CSV": (tsv, ".csv"),
    "commas in TSV": (delimited(), ".tsv"),
    "quoted commas in TSV": (delimited(quote_all=True), ".tsv"),
    "semicolons in TSV": (delimited(";"), ".tsv"),
    "commas in text": (delimited(), ".txt"),
    "blank after each comma": (spaced, ".csv"),
    "sep=;": (sep_line(";"), ".csv"),
    "sep=,": (sep_line(","), ".csv"),
    "R": (r_table(), ".tsv"),
    "R, names of rows": (r_table(row_names=True), ".tsv"),
    "R, escaped": (r_table(escape="backslash"), ".tsv"),
    "R, blanks": (r_table(sep=" ", row_names=True), ".txt"),
    "R, CSV": (r_table(sep=",", row_names=True), ".csv"),
    "R, unquoted": (r_table(quote=False, row_names=True), ".tsv"),
    "pandas with its index": (pandas_index, ".csv"),
    "gzip": (packed(gzip.compress), ".tsv.gz"),
    "gzip, CSV": (packed(gzip.compress, delimited()), ".csv.gz"),
    "bzip2": (packed(bz2.compress), ".tsv.bz2"),
    "xz": (packed(lzma.compress), ".txt.xz"),
    "Zstandard": (packed(zstandard.ZstdCompressor().compress), ".csv.zst"),
    "compressed, but not called so": (packed(gzip.compress), ".tsv"),
    "called compressed, but not so": (tsv, ".tsv.gz"),
    "Parquet": (parquet, ".parquet"),
    "Parquet with an index": (parquet_indexed, ".parquet"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_as_the_plain_one(tmp_path, plain, form):
    write, end = FORMS[form]
    folder = written(tmp_path / "pair", write=write, ending=end, header=True)
    assert not check_folder(folder).shown
    assert said(folder) == plain


@pytest.mark.parametrize(
    "form", ["CSV", "TSV, all quoted", "semicolons", "commas in TSV", "gzip", "UTF-16", "bars"]
)
def test_forms_without_a_header(tmp_path, plain, form):
    write, end = FORMS[form]
    folder = written(tmp_path / "pair", write=write, ending=end)
    assert not check_folder(folder).shown
    assert said(folder) == plain


@pytest.mark.parametrize(
    ("form", "noted"),
    [
        ("plain", 0),
        ("CSV", 0),
        ("semicolons", 0),
        ("R", 0),
        ("Parquet", 0),
        ("commas in TSV", 7),
        ("tabs in CSV", 7),
    ],
)
def test_only_contradictions_are_noted(tmp_path, form, noted):
    write, end = FORMS[form]
    notes = check_folder(written(tmp_path / "pair", write=write, ending=end, header=True)).notes
    assert len(notes) == noted
    for note in notes:  # following the remedy ends the notes
        new = note.remedy.split()[-1]
        note.path.rename(note.path.with_suffix(new))
    assert not check_folder(tmp_path / "pair").notes


HEADS = [
    ("subject", "predicate", "object"), ("S", "P", "O"), ("h", "r", "t"), ("Source", "Relation", "Target"),
    (":START_ID", ":TYPE", ":END_ID"), ("node1", "label", "node2"), ("Head Entity", "rel_type", "tail_id"),
    ("entity1", "relationship", "entity2"), ("from", "edge", "to"), ("source", "type", "target"),
]  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_headers_of_triples_in_any_order(tmp_path, head, order):
    rows = [tuple(row[i] for i in order) for row in (head, *LEFT["triples"])]
    assert table(tmp_path, "triples", rows) == LEFT["triples"]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("names", ("id", "label")), ("names", ("URI", "Title")), ("names", ("item", "itemLabel")),
        ("names", ("Entity ID", "Entity_Name")), ("names", ("key", "name")), ("names", ("id", "nom")),
        ("attributes", ("subject", "property", "value")), ("attributes", ("id", "key", "value")),
        ("attributes", ("key", "attribute", "value")), ("attributes", ("id", "variable", "value")),
        ("attributes", ("e", "a", "v")), ("attributes", ("ENTITY", "Predicate", "Object")),
        ("links", ("ltable_id", "rtable_id")), ("links", ("id1", "id2")), ("links", ("source", "target")),
        ("links", ("SrcEntity", "TgtEntity")), ("links", ("entity1", "entity2")),
        ("links", ("left_id", "right_id")),
        ("links", ("subject_id", "object_id")), ("links", ("kg1", "kg2")),
    ],
)  # fmt: skip
def test_headers_of_other_tables(tmp_path, name, head):
    rows = {**LEFT, "links": LINKS}[name]
    assert table(tmp_path, name, [head, *rows]) == rows
    turned = [tuple(reversed(row)) for row in (head, *rows)]
    assert table(tmp_path, name, turned) == rows


def table(folder, name, rows, write=tsv, end=".tsv", notes=0):
    """The rows that are read from a table."""
    (folder / f"{name}{end}").write_bytes(rows if isinstance(rows, bytes) else write(rows))
    faults = Faults()
    found = [tuple(cells) for _, cells in read_table(folder / f"{name}{end}", name, faults)]
    assert len(faults.notes) == notes, list(map(str, faults.notes))
    return found


def test_words_of_headers_that_are_records(tmp_path):
    """An entity may be called as a column is."""
    for rows in (
        [("name", "Name"), ("title", "Title")],
        [("q1", "name"), ("q2", "label")],
        [("rome", "label"), ("label", "Label")],
    ):
        assert table(tmp_path, "names", rows) == rows
    rows = [("s", "in", "o"), ("o", "p", "s"), ("a", "b", "c")]
    assert table(tmp_path, "triples", rows) == rows


def test_further_columns_are_noted(tmp_path):
    rows = [("name", "lang", "id"), ("Roma", "it", "rome")]
    assert table(tmp_path, "names", rows, notes=1) == [("rome", "Roma")]
    rows = [("Unnamed: 0", "id", "name"), ("0", "rome", "Roma")]
    assert table(tmp_path, "names", rows) == [("rome", "Roma")]


@pytest.mark.parametrize("head", [("id", "bezeichner"), ("URI", "what"), ("entity", "naming")])
def test_an_unknown_header_is_an_error_whose_remedy_works(tmp_path, head):
    with pytest.raises(DataError, match=r"names.tsv:1: looks like a header .* call the columns entity, name"):
        table(tmp_path, "names", [head, *LEFT["names"]])
    assert table(tmp_path, "names", [("entity", "name"), *LEFT["names"]]) == LEFT["names"]
    assert table(tmp_path, "names", [("entity", "name"), head, *LEFT["names"]]) == [head, *LEFT["names"]]


@pytest.mark.parametrize("word", ["label", "is_match", "similarity"])
def test_pairs_with_a_verdict_are_no_links(tmp_path, word):
    with pytest.raises(DataError, match=rf"links.csv:2: has a column '{word}' that is not 1"):
        table(tmp_path, "links", [("ltable_id", "rtable_id", word), ("a", "b", "0")], delimited(), ".csv")


TITLES = [
    "List of the cities",
    "# exported 2024-01-01",
    "Export from SAP\n",
    "Table 1: Cities\nSource: UN",
    "sep",
]
LAST_LINES = [
    "(16 rows)", "\n(16 rows)\n", "16 rows selected.", "-- end", "Time: 12.4 ms", "# end", "<EOF>", "\\.",
    "Total", "16 rows in set (0.00 sec)", "NOTICE:  done", "\x1a",
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [(t, "") for t in TITLES] + [("", line) for line in LAST_LINES])
@pytest.mark.parametrize(
    ("write", "end", "header"),
    [(tsv, ".tsv", False), (delimited(), ".csv", True), (delimited("|"), ".txt", True)],
)
def test_lines_around_a_table_are_faults_whose_remedy_works(
    tmp_path, plain, header, before, after, write, end
):
    folder = written(tmp_path, write=write, ending=end, header=header)
    path = folder / "left" / f"triples{end}"
    text = path.read_text()
    path.write_text(f"{before}\n{text}{after}\n".lstrip("\n"))
    assert check_folder(folder)
    while found := check_folder(folder):  # equal faults are told once
        assert not found.notes
        lines = path.read_text().split("\n")
        for fault in found.shown:
            assert "delete the line if it is no row of the table, but a title" in str(fault)
            lines[fault.line - 1] = ""  # as the remedy says
        path.write_text("\n".join(lines))
    assert said(folder)[0][0][2] == plain[0][0][2]


@pytest.mark.parametrize(
    ("delimiter", "other", "end"),
    [("\t", ";", ".tsv"), (",", "\t", ".tsv"), (",", ";", ".csv"), (";", ",", ".csv"), (";", "\t", ".txt")],
)
def test_a_line_with_another_delimiter_is_the_fault_and_not_all_others(tmp_path, delimiter, other, end):
    names = {"\t": "tabs", ",": "commas", ";": "semicolons"}
    told = f"separates its columns by {names[other]}, and most lines by {names[delimiter]}; separate them by"
    folder = written(tmp_path / "pair", write=delimited(delimiter), ending=end, header=True)
    path = folder / "left" / f"attributes{end}"
    lines = path.read_text().splitlines()
    lines[5] = lines[5].replace(delimiter, other)
    path.write_text("\n".join(lines) + "\n")
    (fault,) = check_folder(folder).report()
    assert fault.startswith(f"{path}:6: {told}")
    for line in (0, 3):  # two tables of entities, in which the header counts, too
        pair = tmp_path / f"entities-{line}"
        pair.mkdir()
        rows = [["id", "name", "size"], *([f"t{i}", f"Town {i * 7}", str(i * 100)] for i in range(9))]
        lines = [delimiter.join(row) for row in rows]
        (pair / f"right{end}").write_text("\n".join(lines) + "\n")
        lines[line] = lines[line].replace(delimiter, other)
        (pair / f"left{end}").write_text("\n".join(lines) + "\n")
        (fault,) = check_folder(pair).report()
        assert fault.startswith(f"{pair / 'left'}{end}:{line + 1}: {told}")


def test_commas_in_texts_do_not_make_commas_the_delimiter_of_a_table_with_tabs(tmp_path):
    rows = [f"e{i}\tTown, number {i}" for i in range(9)]
    (tmp_path / "names.tsv").write_text("\n".join([*rows, "e9"]) + "\n")
    faults = Faults(gather=True)
    assert len(list(read_table(tmp_path / "names.tsv", "names", faults))) == 9
    assert faults.report()[0].startswith(f"{tmp_path}/names.tsv:10: expected 2 columns, found 1")


DRAWN = [
    " entity | name\n--------+-------\n e1     | Rome\n(1 row)\n",
    "+--------+------+\n| entity | name |\n+--------+------+\n| e1     | Rome |\n+--------+------+\n",
    "| entity | name |\n|---|:---:|\n| e1 | Rome |\n",
    "| entity | name |\n| --- | --- |\n| e1 | Rome |\n",
    "entity | name\n:--- | ---:\ne1 | Rome\n",
    "entity|name\n------+----\ne1    |Rome\n",
    "┌─────────┬──────┐\n│ entity  │ name │\n├─────────┼──────┤\n│ e1      │ Rome │\n└─────────┴──────┘\n",
    "+----+\n| entity | name |\n+----+\n| e1 | Rome |\n+----+\n",
]


@pytest.mark.parametrize("text", DRAWN)
@pytest.mark.parametrize("end", [".csv", ".txt", ".tsv"])
def test_a_table_that_was_drawn_with_lines_is_one_fault(tmp_path, text, end):
    with pytest.raises(DataError, match=f"names{end}: is a table that was drawn with lines, as psql, mysql"):
        table(tmp_path, "names", text.encode(), end=end)


def test_a_title_above_a_table_of_entities_is_told(tmp_path):
    rows = "id,title,price\n" + "".join(f"p{i},Thing {chr(97 + i)},{i}\n" for i in range(9))
    for title in ("Our products\n", "Our products,,\n", "Products\n\n", "Products\nof 2024\n"):
        path = tmp_path / "left.csv"
        path.write_text(title + rows)
        faults = Faults(gather=True)
        assert read_entities(path, faults) is None and faults.count == 1
        assert "alone in its first line, which looks like a title; delete the lines before" in str(
            faults.shown[0]
        )
        path.write_text(rows + "(9 rows)\n")
        read_entities(path, faults := Faults(gather=True))
        assert faults.count == 1 and "delete the line if it is no row of the table" in str(faults.shown[0])


QUOTES = [
    'The "Old" Town', '5" pipe', '"Old" Town', 'Town of "Old"', '"Heroes"', '"', '""Heroes""', 'a "b" c "d"',
    '"Old Town', '7"', "'Rome'", '"Hello" and "Goodbye"', 'x""y',
]  # fmt: skip


@pytest.mark.parametrize("text", QUOTES)
def test_quotes_in_plain_text_stay(tmp_path, text):
    rows = [*LEFT["names"][:5], ("q", text), *LEFT["names"][5:]]
    assert table(tmp_path, "names", rows) == rows
    rows = [("q", text), *LEFT["names"]]
    assert table(tmp_path, "names", [("entity", "name"), *rows]) == rows


def test_one_quote_in_each_of_two_names_encloses_nothing(tmp_path):
    """The first opens and the second closes what could be one name, were not each line a row by itself."""
    names = [(entity, {3: '"Low', 4: 'High"'}.get(i, name)) for i, (entity, name) in enumerate(LEFT["names"])]
    folder = written(tmp_path, left={**LEFT, "names": names})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = read_in_order(folder).left
    assert {graph.names[graph.entities.index(names[i][0])] for i in (3, 4)} == {'"Low', 'High"'}


def test_all_quotes_in_plain_text_together(tmp_path):
    rows = [(f"q{i}", text) for i, text in enumerate(QUOTES)] + LEFT["names"]
    assert table(tmp_path, "names", rows) == rows


@pytest.mark.parametrize("write", [
    delimited("\t"), delimited("\t", quote_all=True), delimited(), delimited(";"), r_table(),
    r_table(escape="backslash"), r_table(sep=",", escape="backslash"),
])  # fmt: skip
@pytest.mark.parametrize("header", [False, True])
def test_quoted_text_with_everything_in_it(tmp_path, write, header):
    texts = [*QUOTES, "a, b", "a; b", "x|y", "back\\slash", "C:\\temp\\x"]
    rows = [(f"q{i}", text) for i, text in enumerate(texts)] + LEFT["names"]
    head = [HEADERS["names"]] if header else []
    end = ".tsv" if b"\t" in write(rows) else ".csv"
    assert table(tmp_path, "names", [*head, *rows], write, end) == rows


def test_line_breaks_and_tabs_in_cells_keep_the_numbers_of_lines(tmp_path):
    rows = [("a", "x", "one\ntwo\nthree"), ("b", "x", "tab\there"), ("c", "x", ""), ("d", "x", "4")]
    for write, end in ((delimited("\t"), ".tsv"), (delimited(), ".csv"), (delimited(quote_all=True), ".csv")):
        assert table(tmp_path, "attributes", rows, write, end) == rows
        path = tmp_path / f"attributes{end}"
        assert [line for line, _ in read_table(path, "attributes", Faults())] == [1, 4, 5, 6]
    path.write_bytes(path.read_bytes() + b'"e","x"\n')
    with pytest.raises(
        DataError,
        match=r"csv:7: expected 3 columns, found 2; write the columns that are missing, separated by commas",
    ):
        list(read_table(path, "attributes", Faults()))


def test_excel_quotes_texts_with_commas_in_tabbed_text(tmp_path):
    content = b'id\tname\ne1\t"Rome, Italy"\ne2\tOslo\ne3\t"The ""Old"" Town"\n'
    assert table(tmp_path, "names", content) == [
        ("e1", "Rome, Italy"),
        ("e2", "Oslo"),
        ("e3", 'The "Old" Town'),
    ]
    with pytest.raises(DataError, match=r"names.tsv:2: a cell in double quotes can mean") as told:
        table(tmp_path, "names", content.rpartition(b"e3")[0])
    assert "remove the quotes; or, if they belong to the text, save the table as CSV" in str(told.value)
    without = content.rpartition(b"e3")[0].replace(b'"', b"")
    assert table(tmp_path, "names", without) == [("e1", "Rome, Italy"), ("e2", "Oslo")]
    rows = [("e1", '"Rome, Italy"'), ("e2", "Oslo")]
    assert table(tmp_path, "names", rows, delimited(), ".csv") == rows


@pytest.mark.parametrize(
    ("content", "end", "message"),
    [
        (b'a,"b\nc,d\n', ".csv", "names.csv:1: opens a double quote that is never closed; close it"),
        (b'a,b\nc,"d" e\n', ".csv", "names.csv:2: has text after a closing double quote; write quotes"),
        (b"a,b;c\nd,e;f\n", ".csv", "names.csv: its columns could be separated by commas or semicolons; wri"),
        (
            b"a\tb\nc\n",
            ".tsv",
            "names.tsv:2: expected 2 columns, found 1; write the columns that are missing, separated by tabs",
        ),
        (
            b"a;b\nc\n",
            ".csv",
            "names.csv:2: expected 2 columns, found 1; write the columns that are missing, separated by "
            "semicolons",
        ),
        (
            b"a\tG\xeants\n",
            ".tsv",
            "names.tsv:1: is not UTF-8; save the file as UTF-8; its encoding is probably W",
        ),
        (b"a\t\x81\xff\n", ".tsv", "names.tsv:1: is not UTF-8; save the file as UTF-8"),
        (b"a\0\t\0b\0\n\0", ".tsv", "names.tsv: is text in UTF-16 without a mark that says so; save the"),
        (b"\xff\xfea\0\t", ".tsv", "names.tsv"),
        (b"PK\x03\x04", ".csv", "names.csv: is a spreadsheet or a zip archive; unpack it, or save"),
        (b"PAR1", ".csv", "names.csv: is a Parquet file; let its name end in .parquet"),
        (b"<!DOCTYPE html>", ".csv", "names.csv: is a web page; save the table itself"),
        (b"nothing", ".parquet", "names.parquet: is no Parquet file, or broken"),
        (b"\x1f\x8b\x08broken", ".tsv.gz", "names.tsv.gz: is compressed and broken"),
        (
            gzip.compress(tsv(LEFT["names"]), mtime=0)[:-12],
            ".tsv.gz",
            "names.tsv.gz: is compressed and broken",
        ),
        (b"", ".csv", "names.csv: is empty"),
        (b"entity,name\n", ".csv", "names.csv: is empty"),
        (b"\ta\n", ".tsv", "names.tsv:1: column 1 is empty"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, content, end, message):
    with pytest.raises(DataError, match=re.escape(message)) as told:
        table(tmp_path, "names", content, end=end)
    assert "\n" not in str(told.value) and told.value.remedy


def test_the_line_sep_decides(tmp_path):
    assert table(tmp_path, "names", b"sep=;\na,b;c\nd,e;f\n", end=".csv") == [("a,b", "c"), ("d,e", "f")]


def test_windows_1252_after_its_remedy(tmp_path):
    content = "e1\tGênes\n".encode("cp1252")
    assert table(tmp_path, "names", content.decode("cp1252").encode()) == [("e1", "Gênes")]


def test_types_of_parquet_become_text(tmp_path):
    frame = pd.DataFrame({"value": [1, 2.5, None, True, pd.Timestamp("2020-02-01"), "x"], "id": range(6)})
    frame["attribute"] = "a"
    for column in (frame["value"][:3].astype(float), frame["value"].astype(str)):
        frame.assign(value=column).to_parquet(tmp_path / "attributes.parquet")
        list(read_table(tmp_path / "attributes.parquet", "attributes", Faults()))
    frame.assign(value=frame["value"][:3].astype(float)).to_parquet(tmp_path / "attributes.parquet")
    found = [cells for _, cells in read_table(tmp_path / "attributes.parquet", "attributes", Faults())]
    assert [cells[2] for cells in found] == ["1", "2.5", "", "", "", ""]
    assert [cells[0] for cells in found] == list("012345")
    names = pd.DataFrame({"name": ["a", "b"], "id": [100.0, 101.0]})
    names.to_parquet(tmp_path / "names.parquet")
    assert [c for _, c in read_table(tmp_path / "names.parquet", "names", Faults())] == [
        ["100", "a"],
        ["101", "b"],
    ]


def test_one_table_in_two_files(tmp_path):
    folder = written(tmp_path / "pair")
    (folder / "left" / "names.csv").write_bytes(delimited()(LEFT["names"]))
    with pytest.raises(
        DataError, match=r"left: has names.tsv and names.csv, which are one table; keep one of"
    ):
        read_in_order(folder)


def test_a_side_needs_a_table_but_no_triples(tmp_path, plain):
    for missing in ({"triples"}, {"triples", "attributes"}, {"triples", "names"}):
        left, right = ({k: v for k, v in side.items() if k not in missing} for side in (LEFT, RIGHT))
        folder = written(tmp_path / "-".join(sorted(missing)), left=left, right=right)
        faults = check_folder(folder)
        assert not faults and len(faults.notes) == 2 * ("names" in missing), "then codes are no names"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PsqeWarning)
            task = read_in_order(folder)
        assert task.left.n_entities == len(LINKS) and len(task.left.triples) == 0
    half = {"names": LEFT["names"]}
    faults = check_folder(written(tmp_path / "half", left=half))
    assert not faults
    assert [str(note).partition("; ")[0] for note in faults.notes] == [
        f"{tmp_path / 'half'}: only right has triples"
    ]


def test_tables_that_are_not_read_are_told(tmp_path):
    folder = written(tmp_path / "pair")
    (folder / "left" / "prices.csv").write_text("a,b\n")
    assert [str(note) for note in check_folder(folder).notes] == [
        f"{folder}/left: 'prices.csv' is not read; the tables of a side are called triples, attributes, "
        "names, images, candidates"
    ]


def test_web_addresses_are_no_images(tmp_path):
    folder = written(tmp_path / "pair")
    for image in (
        "https://example.org/a.png",
        "HTTP://example.org/a.png",
        "//example.org/a.png",
        "www.example.org/a",
    ):
        (folder / "left" / "images.tsv").write_bytes(tsv([("e100", image)]))
        with pytest.raises(
            DataError, match=r"images.tsv:1: the image '.*' is a web address; download it into the"
        ):
            read_in_order(folder)


def test_a_pipe_is_no_table(tmp_path):
    import os

    folder = written(tmp_path / "pair")
    os.mkfifo(folder / "left" / "images.tsv")
    with pytest.raises(DataError, match=r"images\.tsv: is no file"):
        read_in_order(folder)


HANDED = [
    "09-quoted/b-names-quoted-only", "10-header/a-subject", "01-attr-only/a-no-triples",
    "UX01-csv/b-layout-csv",
    "UX01-csv/c-commas-in-tsv", "UX01-csv/d-semicolon-in-tsv", "UX01-csv/e-only-links-csv", "UX01-csv/f-txt",
    "UX03-names-only",
]  # fmt: skip


@pytest.mark.parametrize("name", HANDED)
def test_what_was_handed_in(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)
        assert aligned(case(name, tmp_path))["link_quality"]["links"]["f1"] == 1


def test_r_quotes_everything_in_what_was_handed_in(tmp_path):
    folder = case("09-quoted/e-all-quoted-no-links", tmp_path)
    aligned(folder)
    with (tmp_path / "aligned.tsv").open() as stream:
        links = list(csv.DictReader(stream, delimiter="\t"))
    assert len(links) == 36 and not any('"' in cell for row in links for cell in (row["left"], row["right"]))


CELL = st.text(st.sampled_from(list("ab1 .'\"\t\n,;|\\é#=")), min_size=1, max_size=6).filter(
    lambda text: text.strip() and text == text.strip()
)
TABLE = st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6)
WRITTEN = st.sampled_from([(",", ".csv"), (";", ".csv"), ("\t", ".tsv"), ("\t", ".txt"), ("|", ".txt")])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLE, WRITTEN, st.booleans(), st.booleans())
def test_whatever_a_writer_of_csv_wrote_is_read_or_told(tmp_path, rows, form, quote_all, header):
    """With a header it is read, and without one it is read or an error, and never something else."""
    delimiter, end = form
    write = delimited(delimiter, quote_all=quote_all)
    (tmp_path / f"names{end}").write_bytes(write([*([HEADERS["names"]] if header else []), *rows]))
    faults = Faults()
    try:
        found = [tuple(cells) for _, cells in read_table(tmp_path / f"names{end}", "names", faults)]
    except DataError as error:
        assert "\n" not in str(error) and error.remedy
        assert not (header and quote_all), str(error)
        return
    quotes = any('"' in cell for row in rows for cell in row)
    if (header and quote_all) or not (
        quotes or any(c in cell for row in rows for cell in row for c in "\t\n,;|")
    ):
        assert found == rows
    else:
        assert found == rows or faults.notes or not header or delimiter == "\t"


@pytest.mark.parametrize("end", [".gz", ".bz2", ".xz", ".zst"])
def test_a_packed_table_that_was_cut_short_is_a_fault(tmp_path, end):
    """A download that broke off: what could be unpacked is not the table."""
    import bz2
    import gzip
    import lzma

    import zstandard

    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard.compress}[end]
    folder = written(tmp_path / "pair")
    path = folder / "left" / "attributes.tsv"
    content = pack(path.read_bytes())
    path.unlink()
    packed = path.with_name(path.name + end)
    packed.write_bytes(content)
    assert not check_folder(folder)
    for part in (0.5, 0.9):
        packed.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(DataError, match=f"attributes.tsv{end}: is compressed and broken"):
            read_in_order(folder)
