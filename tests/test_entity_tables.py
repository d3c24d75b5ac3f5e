"""Two tables with one row for each entity are a pair, whatever exported them."""

import re

import pandas as pd
import pytest
from cases import NAME, aligned, case
from cities import LEFT, LINKS, RIGHT, delimited, tsv
from folders import png
from test_tables import r_table

from psqe.cli.main import main
from psqe.datasets.layouts import check_folder, layout_name, read_in_order
from psqe.errors import DataError, PsqeWarning

COLUMNS = (("id", "name", "population", "founded"), ("code", "nom", "habitants", "fondation"))
CSV = delimited()


def wide(tables, header):
    """The tables of a side as one table."""
    values = {(entity, attribute): value for entity, attribute, value in tables["attributes"]}
    rows = [(entity, name, *(values[entity, a] for a in header[2:])) for entity, name in tables["names"]]
    return [header, *rows]


ROWS = wide(LEFT, COLUMNS[0]), wide(RIGHT, ("id", *COLUMNS[1][1:]))


def pair(folder, write=CSV, end=".csv", names=("left", "right"), rows=ROWS, links=LINKS):
    folder.mkdir()
    for name, table in zip(names, rows, strict=True):
        (folder / f"{name}{end}").write_bytes(write(table))
    if links:
        (folder / f"links{end}").write_bytes(write([("left", "right"), *links]))
    return folder


def parquet(rows):
    import io

    stream = io.BytesIO()
    frame = pd.DataFrame(rows[1:], columns=list(rows[0]))
    for column in frame.columns[2:]:
        frame[column] = frame[column].astype(int)
    frame.to_parquet(stream)
    return stream.getvalue()


FORMS = {
    "CSV": (delimited(), ".csv"),
    "semicolons": (delimited(";"), ".csv"),
    "TSV": (tsv, ".tsv"),
    "text": (tsv, ".txt"),
    "quoted": (delimited(quote_all=True, encoding="utf-16"), ".csv"),
    "R": (r_table(sep=",", row_names=True), ".csv"),
    "Parquet": (parquet, ".parquet"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("links", [None, LINKS])
def test_two_tables_in_any_form(tmp_path, form, links):
    write, end = FORMS[form]
    folder = pair(tmp_path / "cities", write, end, links=None)
    if links:
        (folder / "links.csv").write_bytes(delimited()([("left", "right"), *links]))
    faults = check_folder(folder)
    assert not faults.shown and not faults.notes
    assert layout_name(folder) == "tables"
    task = read_in_order(folder)
    for graph, tables in ((task.left, LEFT), (task.right, RIGHT)):
        names = dict(tables["names"])
        assert graph.entities == tuple(sorted(names)) and len(graph.triples) == 0
        assert graph.names == tuple(names[entity] for entity in graph.entities)
        found = {(graph.entities[i], *pair) for i, pairs in enumerate(graph.attributes) for pair in pairs}
        assert found == set(tables["attributes"])
    assert links is None or len(task.links) == len(LINKS)
    assert (task.links is None) == (links is None)


@pytest.mark.parametrize(
    "names", [("left", "right"), ("a", "b"), ("tableA", "tableB"), ("x.2024", "y.2025"), ("Left", "Right")]
)
def test_names_of_the_tables(tmp_path, names):
    task = read_in_order(pair(tmp_path / "cities", names=names))
    assert set(task.left.entities) == {entity for entity, _ in LEFT["names"]}


def test_the_sides_count_where_they_are_called_so(tmp_path):
    folder = pair(tmp_path / "cities")
    (folder / "prices.csv").write_text("id,name\nx,y\n")
    with pytest.warns(PsqeWarning, match="tables that are not read: prices.csv"):
        assert read_in_order(folder).left.name == "left"
    (folder / "left.csv").rename(folder / "one.csv")
    with pytest.raises(DataError, match="has the files of no layout; known are"):
        read_in_order(folder)


@pytest.mark.parametrize("header", ["idAbt,idBuy", "left,right", "x,y"])
def test_a_third_table_of_two_columns_has_the_links(tmp_path, header):
    """The pairs of products that many read first, Abt-Buy and Amazon-Google, have such files."""
    folder = pair(tmp_path / "cities", names=("Abt", "Buy"), links=None)
    rows = "".join(f"{left},{right}\n" for left, right in LINKS)
    (folder / "abt_buy_perfectMapping.csv").write_text(f"{header}\n{rows}")
    with pytest.warns(PsqeWarning) as told:
        task = read_in_order(folder)
    words = " ".join(str(one.message) for one in told)
    assert "the gold links are read from abt_buy_perfectMapping.csv" in words
    assert ("is taken for a header" in words) == (header != "left,right")
    assert {(task.left.entities[a], task.right.entities[b]) for a, b in task.links.tolist()} == set(LINKS)
    (folder / "abt_buy_perfectMapping.csv").rename(folder / "links.csv")
    (folder / "links.csv").write_text(f"left,right\n{rows}")
    faults = check_folder(folder)
    assert not faults and not faults.notes


def test_tables_of_labelled_pairs_are_no_entities_and_are_told(tmp_path):
    folder = pair(tmp_path / "cities", names=("tableA", "tableB"), links=None)
    for name in ("train", "valid", "test"):
        rows = "".join(f"{left},{right},1\n" for left, right in LINKS)
        (folder / f"{name}.csv").write_text(f"ltable_id,rtable_id,label\n{rows}")
    with pytest.warns(PsqeWarning, match="tables that are not read: test.csv, train.csv, valid.csv"):
        task = read_in_order(folder)
    assert task.links is None and len(task.left.entities) == len(LINKS)


@pytest.mark.parametrize(
    ("header", "entity", "name"),
    [
        ("id,name,x", "a", "b"), ("name,id,x", "b", "a"), ("x,title,ISBN_id", "c", "b"),
        ("URI,label,x", "a", "b"),
        ("product_id,product_name,x", "a", "b"), ("idAbt,title,x", "a", "b"), ("key,nom,x", "a", "b"),
        ("entity,fullName,x", "a", "b"), ("x,Titel,ID", "c", "b"), ("qid,itemLabel,x", "a", "b"),
        (",id,name", "b", "c"),
        ("subject,name,x", "a", "b"),
    ],
)  # fmt: skip
def test_known_words_of_columns(tmp_path, header, entity, name):
    folder = pair(tmp_path / "cities", links=None)
    (folder / "left.csv").write_text(f"{header}\na,b,c\n")
    graph = read_in_order(folder).left
    assert graph.entities == (entity,) and graph.names == (name,)


@pytest.mark.parametrize(
    ("header", "entity", "name", "told"),
    [
        ("URI,label,id", "c", "b", "the identifiers are those of the column 'id', and 'URI' is an attribute"),
        ("id,title,name", "a", "c", "the names are those of the column 'name', and 'title' is an attribute"),
    ],
)
def test_a_choice_between_columns_is_told(tmp_path, header, entity, name, told):
    folder = pair(tmp_path / "cities", links=None)
    (folder / "left.csv").write_text(f"{header}\na,b,c\n")
    with pytest.warns(match=told):
        graph = read_in_order(folder).left
    assert graph.entities == (entity,) and graph.names == (name,)
    first, other = re.findall("'(.*?)'", told)
    swapped = header.replace(first, "?").replace(other, first).replace("?", other)  # the remedy
    (folder / "left.csv").write_text(f"{swapped}\na,b,c\n")
    with pytest.warns(match=told):
        assert read_in_order(folder).left.entities != graph.entities or entity == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "code,name\n1,x\n",
            "left.csv:1: no column is known to hold the identifiers; its columns are code, name",
        ),
        (
            "id,bezirk\n1,x\n",
            "left.csv:1: no column is known to hold the names; its columns are id, bezirk",
        ),
        (
            "id,name\n1,x\n2,y\n1,z\n",
            "left.csv:4: '1' is in the column 'id' already, in line 2; keep one row",
        ),
        ("id,name\n1,x\n,y\n", "left.csv:3: the column 'id' is empty; give each row an identifier"),
        ("id,name\n1,x\n 2,y\n", "left.csv:3: the column 'id' has blanks around '2'; remove them"),
        ("id,name,x,x\n1,x,2,3\n", "left.csv:1: has two columns 'x'; give each column a name of its own"),
        ("id,name\n", "left.csv: has no row under a header; write one row"),
        ("", "left.csv: has no row under a header; write one row"),
        ("id,name\n1,x\n2,y,z\n", "left.csv:3: expected 2 columns, found 3; write as many as the header has"),
        ("id,name,image\n1,x,none.png\n", "left.csv:2: the image 'none.png' is missing"),
        ("id,name,image\n1,x,/none.png\n", "left.csv:2: the path '/none.png' is absolute"),
    ],
)
def test_what_cannot_be_a_table_of_entities_is_one_line(tmp_path, text, message):
    folder = pair(tmp_path / "cities")
    (folder / "left.csv").write_text(text)
    with pytest.raises(DataError, match=re.escape(message)) as told:
        read_in_order(folder)
    assert "\n" not in str(told.value) and told.value.remedy
    assert check_folder(folder).count


def test_images_of_a_column(tmp_path):
    folder = pair(tmp_path / "cities", links=None)
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.png").write_bytes(png())
    (folder / "left.csv").write_text("id,name,photo,size\n1,x,pictures/one.png,3\n2,y,,4\n")
    graph = read_in_order(folder).left
    assert graph.images == (folder / "pictures" / "one.png", None) and graph.attributes[0] == (("size", "3"),)
    (folder / "left.csv").write_text("id,name,photo,size\n1,x,https://example.org/a.png,3\n2,y,,4\n")
    with pytest.warns(match=r"the column 'photo' has 1 web addresses, which are not fetched"):
        assert read_in_order(folder).left.images == (None, None)


def test_other_layouts_come_first(tmp_path):
    folder = pair(tmp_path / "cities", links=None)
    (folder / "left.nt").write_text("<http://e/a> <http://e/b> <http://e/c> .\n")
    (folder / "right.nt").write_text("<http://e/a> <http://e/b> <http://e/c> .\n")
    assert layout_name(folder) == "rdf"


def test_what_was_handed_in(tmp_path):
    folder = case("UX01-csv/a-two-tables", tmp_path)
    base = case("00-base", tmp_path / "base")
    truth = (base / "links.tsv").read_bytes()
    (folder / "links.tsv").write_bytes(truth)
    assert aligned(folder, *NAME)["link_quality"]["links"]["f1"] == 1


# ---- psqe data convert


def facts(task):
    sides = [
        (graph.entities, graph.names, graph.attributes, graph.triples.tolist(), graph.candidates.tolist(),
         [path and path.read_bytes() for path in graph.images])
        for graph in task.sides
    ]  # fmt: skip
    return sides, None if task.links is None else task.links.tolist()


@pytest.mark.parametrize("form", FORMS)
def test_what_is_converted_is_the_same_pair(tmp_path, form, capsys):
    write, end = FORMS[form]
    folder = pair(tmp_path / "cities", write, end, links=None)
    (folder / "links.csv").write_bytes(CSV([("left", "right"), *LINKS]))
    out = tmp_path / "new"
    tables = [str(folder / f"{side}{end}") for side in ("left", "right")]
    assert main(["data", "convert", *tables, "--links", str(folder / "links.csv"), "--out", str(out)]) == 0
    assert "16 entities and 16 entities, 16 links" in capsys.readouterr().out
    assert facts(read_in_order(out)) == facts(read_in_order(folder))
    assert not check_folder(out).notes and layout_name(out) == "folder"


def test_columns_by_option(tmp_path, capsys):
    folder = pair(
        tmp_path / "in",
        rows=(wide(LEFT, ("nr", "what", "population")), wide(RIGHT, ("code", "quoi", "fondation"))),
    )
    tables = [
        "data",
        "convert",
        str(folder / "left.csv"),
        str(folder / "right.csv"),
        "--out",
        str(tmp_path / "out"),
    ]
    options: list[str] = []
    for column in (
        "nr",
        "what",
        "code",
        "quoi",
    ):  # following each remedy leads to the next column, and to the end
        assert main([*tables, *options]) == 2
        assert not (tmp_path / "out").exists()
        message = capsys.readouterr().err
        option = re.search(r"name the column by (--\w+-\w+)", message)[1]
        options += [option, column]
        assert message.count("\n") == 1
    assert main([*tables, *options]) == 0
    task = read_in_order(tmp_path / "out")
    assert task.left.entities == tuple(sorted(entity for entity, _ in LEFT["names"]))
    assert main([*tables, *options]) == 2
    assert "is there already and is not empty" in capsys.readouterr().err


def test_one_option_for_both_sides_and_no_names(tmp_path, capsys):
    rows = [
        [("nr", "size"), *[(name, str(i)) for i, (_, name) in enumerate(side["names"])]]
        for side in (LEFT, RIGHT)
    ]
    folder = pair(tmp_path / "in", rows=rows, links=None)
    tables = [str(folder / "left.csv"), str(folder / "right.csv")]
    assert (
        main(["data", "convert", *tables, "--id", "nr", "--name", "-", "--out", str(tmp_path / "out")]) == 0
    )
    task = read_in_order(tmp_path / "out")
    assert task.left.names == task.left.entities and "Geneva" in task.left.names


def test_texts_with_everything_in_them_survive(tmp_path):
    texts = [
        "a\tb",
        "a\nb",
        '"q"',
        'a "b" c',
        "a, b; c | d",
        "back\\slash",
        "  blanks  ",
        "'",
        '5" pipe',
        "=1+1",
        "é",
    ]
    rows = [("id", "name", "note"), *[(f"x{i}", f"Name {i}", text) for i, text in enumerate(texts)]]
    folder = pair(tmp_path / "in", rows=(rows, rows), links=None)
    tables = [str(folder / "left.csv"), str(folder / "right.csv")]
    assert main(["data", "convert", *tables, "--out", str(tmp_path / "out")]) == 0
    assert facts(read_in_order(tmp_path / "out")) == facts(read_in_order(folder))


def test_pictures_come_along(tmp_path):
    folder = pair(tmp_path / "in", links=None)
    (folder / "one.png").write_bytes(png())
    for side in ("left", "right"):
        (folder / f"{side}.csv").write_text("id,name,image\n1,x,one.png\n2,y,\n")
    tables = [str(folder / "left.csv"), str(folder / "right.csv")]
    assert main(["data", "convert", *tables, "--out", str(tmp_path / "out")]) == 0
    assert facts(read_in_order(tmp_path / "out")) == facts(read_in_order(folder))


def test_nothing_is_half_written(tmp_path, capsys):
    folder = pair(tmp_path / "in")
    (folder / "right.csv").write_text("id,name\n1,x\n1,y\n")
    tables = [str(folder / "left.csv"), str(folder / "right.csv")]
    before = sorted(tmp_path.iterdir())
    assert main(["data", "convert", *tables, "--out", str(tmp_path / "out")]) == 2
    assert "right.csv:3: '1' is in the column 'id' already, in line 2" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_in_place_of_a_folder_is_told_how_to_go_on(tmp_path, capsys):
    folder = pair(tmp_path / "in", links=None)
    assert main(["align", str(folder / "left.csv")]) == 2
    message = capsys.readouterr().err
    assert "psqe data convert LEFT RIGHT --out DIR" in message and message.count("\n") == 1
