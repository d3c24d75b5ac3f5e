"""What a data engineer tries in the first hour, and which message leads on from there."""

import numpy as np
import pandas as pd
import pytest
from folders import FOLDER, write

import psqe
from psqe.cli.main import main
from psqe.datasets.faults import SHOWN, Faults
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import DataError, ParameterError
from psqe.features.vector_tables import read_table

CSV = b"id,name\n1,Rome\n2,Paris\n"
TURTLE = b"# cities\n@prefix a: <http://a.example/> .\na:rome a a:City .\n"


def told(capsys, *arguments):
    assert main([str(argument) for argument in arguments]) == 2
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_two_files_for_one_task(tmp_path, capsys):
    assert "psqe data convert LEFT RIGHT --out DIR" in told(capsys, "align", "a.csv", "b.csv")
    assert "see psqe data list --help" in told(capsys, "data", "list", "a")
    (tmp_path / "thesaurus.ttl").write_bytes(TURTLE)
    assert "called left.ttl and right.ttl" in told(capsys, "align", tmp_path / "thesaurus.ttl")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.ttl", TURTLE, "is RDF or XML and no table; give psqe align a folder"),
        ("a.csv", b"\xef\xbb\xbf" + TURTLE, "is RDF or XML and no table"),
        ("a.rdf", b'<?xml version="1.0"?>\n<rdf:RDF/>', "is RDF or XML and no table"),
        ("a.rq", b"PREFIX a: <http://a.example/>\na:rome a a:City .\n", "is RDF or XML and no table"),
        ("a.json", b'[{"id": 1, "name": "Rome"}]', "is JSON and no table; write it as CSV or Parquet"),
        ("a.jsonl", b'{"id": 1, "name": "Rome"}\n{"id": 2, "name": "Paris"}\n', "is JSON and no table"),
        ("a.csv", b'[\n  {\n    "id": 1}]', "is JSON and no table"),
        (
            "a.sql",
            b"-- dump\nSET x = 1;\nCREATE TABLE a (id int);\n",
            "has commands of SQL and no table; load",
        ),
        ("a.csv", b"insert into a values (1, 'Rome');\n", "has commands of SQL and no table"),
        ("a.csv", b"COPY public.a (id, name) FROM stdin;\n1\tRome\n", "has commands of SQL and no table"),
        ("a.csv", b"<table border=1>\n<tr><td>1</td></tr></table>", "is HTML or XML and no table; write it"),
    ],
)
def test_files_that_are_no_tables(tmp_path, capsys, name, content, message):
    (tmp_path / "b.csv").write_bytes(CSV)
    (tmp_path / name).write_bytes(content)
    line = told(capsys, "data", "convert", tmp_path / name, tmp_path / "b.csv", "--out", tmp_path / "pair")
    assert message in line and not (tmp_path / "pair").exists()


def test_words_that_only_look_like_rdf_or_json_are_cells(tmp_path):
    for side in ("left", "right"):
        (tmp_path / f"{side}.csv").write_text("id,name\n[1],prefix a\n{b},@prefix b\ninsert,create table\n")
    task = read_in_order(tmp_path)
    assert task is not None and task.left.entities == ("[1]", "insert", "{b}")


@pytest.mark.parametrize("name", ["left.xlsx", "left.jsonl", "catalogue.db"])
def test_a_folder_with_files_of_a_kind_that_is_not_read(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(DataError, match=f"{name!r} is a file of a kind that is not read; write the table"):
        read_in_order(tmp_path)


def test_the_column_of_the_identifiers_can_be_renamed_as_the_message_says(tmp_path, capsys):
    for side in ("left", "right"):
        (tmp_path / f"{side}.csv").write_bytes(CSV.replace(b"id", b"gadget"))
    assert "call the column of the identifiers 'id'" in str(check_folder(tmp_path).shown[0])
    for side in ("left", "right"):
        (tmp_path / f"{side}.csv").write_bytes(CSV)
    assert not check_folder(tmp_path)


def test_columns_with_long_names_make_no_long_message(tmp_path):
    for side in ("left", "right"):
        (tmp_path / f"{side}.csv").write_text(f"{'x' * 5000},y\n1,2\n")
    assert len(str(check_folder(tmp_path).shown[0])) < 500


def test_paths_of_images_that_lack_their_folder(tmp_path):
    write(tmp_path, FOLDER)
    images = tmp_path / "left" / "images"
    images.mkdir(exist_ok=True)
    entity = (tmp_path / "left" / "names.tsv").read_text().splitlines()[1].partition("\t")[0]
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(images / "picture-one.png")
    table = tmp_path / "left" / "images.tsv"
    table.write_text(f"entity\tpath\n{entity}\tpicture-one.png\n")
    faults = [str(fault) for fault in check_folder(tmp_path).shown]
    assert any("is missing, but 'images/picture-one.png' is there; write each path" in one for one in faults)
    table.write_text(f"entity\tpath\n{entity}\timages/picture-one.png\n")
    assert not any("picture-one" in str(fault) for fault in check_folder(tmp_path).shown)


def test_many_faults_of_one_kind_hide_no_other_kind():
    faults = Faults(gather=True)
    for i in range(3 * SHOWN):
        faults.add(f"{i} is wrong", path="names.tsv", line=i, remedy="repair it")
    faults.add("is not read", path="truth.tsv", remedy="rename it")
    assert len(faults.shown) == SHOWN + 1 and "truth.tsv" in str(faults.shown[-1])
    for i in range(3 * SHOWN):
        faults.add("is wrong", path=f"{i}.tsv", remedy="repair it")
    assert len(faults.shown) == 2 * SHOWN and faults.count == 6 * SHOWN + 1


def test_pandas_keeps_an_index_of_consecutive_numbers_beside_the_columns(tmp_path):
    frame = pd.DataFrame({"name": ["Rome", "Paris", "Oslo"]}, index=pd.RangeIndex(70, 73, name="id"))
    frame.to_parquet(tmp_path / "left.parquet")
    frame.reset_index().to_csv(tmp_path / "right.csv", index=False)
    task = read_in_order(tmp_path)
    assert task is not None and task.left.entities == task.right.entities == ("70", "71", "72")
    vectors = pd.DataFrame(np.eye(3), index=pd.RangeIndex(70, 73, name="entity")).add_prefix("image_")
    vectors.to_parquet(tmp_path / "vectors.parquet")
    assert list(read_table(tmp_path / "vectors.parquet").entities or ()) == ["70", "71", "72"]


def test_a_table_of_vectors_says_how_its_identifiers_are_found(tmp_path):
    path = tmp_path / "vectors.csv"
    path.write_text("sku,image_0,image_1\n1,.5,1\n2,1,.5\n")
    with pytest.raises(DataError, match=r"column 'sku'.*; call it entity if it has the identifiers"):
        read_table(path)
    path.write_text("entity,image_0,image_1\n1,.5,1\n2,1,.5\n")
    assert list(read_table(path).entities or ()) == ["1", "2"]


def test_identifiers_that_pandas_reads_as_integers_can_be_explained():
    names = {"names": pd.DataFrame({"entity": [1, 2, 3], "name": ["Rome", "Paris", "Oslo"]})}
    alignment = psqe.align((names, names), features=["name"], seeds="none")
    for one in (1, np.int64(1), "1"):
        assert alignment.explain(one, 1).linked
    with pytest.raises(DataError, match=r"1\.0 is no identifier; give a text, such as '1'"):
        alignment.explain(1.0, "1")
    with pytest.raises(ParameterError, match="gold links are given with the pair"):
        psqe.align((names, names), links=pd.DataFrame())
