"""Files that programs leave in a pair: parts, tables under other names, marks within a file."""

import io

import pyarrow
import pyarrow.parquet
import pytest
from cities import HEADERS, LEFT, LINKS, delimited, tsv, written
from folders import of_task

from psqe.datasets.layouts import check_folder, read_in_order


@pytest.mark.parametrize(
    "name",
    [
        *("links.tab", "links.jsonl", "links.feather", "links.tsv.bak", "links.csv.txt", "links.npy"),
        *("pairs.csv", "DBLP-ACM_perfectMapping.csv", "test_links.tsv", "equivalences.tsv"),
    ],
)
def test_a_file_that_may_have_the_gold_links_is_told_when_it_is_not_read(name, tmp_path):
    pair = written(tmp_path / "pair", links=None)
    (pair / name).write_bytes(tsv([HEADERS["links"], *LINKS]))
    (fault,) = check_folder(pair).shown
    assert f"'{name}' may hold gold links, but is not read; " in str(fault)


@pytest.mark.parametrize("name", ["README.md", "references.bib", "map.png", "seeds.txt", "notes.docx"])
def test_other_files_beside_the_sides_are_left_alone(name, tmp_path):
    pair = written(tmp_path / "pair", links=None)
    (pair / name).write_bytes(b"text")
    found = check_folder(pair)
    assert not found and not found.notes


@pytest.mark.parametrize("header", [True, False])
def test_a_byte_order_mark_within_a_file_is_no_part_of_an_identifier(header, tmp_path):
    sound = of_task(read_in_order(written(tmp_path / "sound")), tmp_path)
    pair = written(tmp_path / "pair", header=header)
    first, second = LEFT["names"][:7], LEFT["names"][7:]
    write = delimited("\t", encoding="utf-8-sig")
    top = [HEADERS["names"]] if header else []
    (pair / "left" / "names.tsv").write_bytes(write([*top, *first]) + write(second))
    assert of_task(read_in_order(pair), tmp_path) == sound


def test_lists_in_a_column_of_parquet_are_a_fault(tmp_path):
    pair = written(tmp_path / "pair")
    (pair / "left" / "names.tsv").unlink()
    columns = {"entity": [e for e, _ in LEFT["names"]], "name": [[name] for _, name in LEFT["names"]]}
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), stream)
    (pair / "left" / "names.parquet").write_bytes(stream.getvalue())
    assert "has lists or objects in the column 'name'" in str(check_folder(pair).shown[0])
    columns["name"] = [name for _, name in LEFT["names"]]  # the remedy
    pyarrow.parquet.write_table(pyarrow.table(columns), pair / "left" / "names.parquet")
    assert not check_folder(pair)


def test_a_folder_of_parts_of_a_table_is_told(tmp_path):
    pair = written(tmp_path / "pair")
    (pair / "left" / "names").mkdir()
    (pair / "left" / "names" / "part-00000.csv").write_bytes(tsv(LEFT["names"]))
    (note,) = check_folder(pair).notes
    assert "left: 'names' is a folder, and is not read; " in str(note)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"0\thttp://a/x\0\n1\thttp://a/y\n", "ent_ids_1:1: has a zero byte"),
        (b"0\thttp://a/x\r1\thttp://a/y\r", "ent_ids_1:1: ends lines with carriage returns alone"),
    ],
)
def test_plain_tables_have_no_zero_bytes_and_end_lines_with_line_feeds(content, said, tmp_path):
    for name, text in {
        "ent_ids_1": content,
        "ent_ids_2": b"5\thttp://b/x\n6\thttp://b/y\n",
        "triples_1": b"0\t0\t1\n",
        "triples_2": b"5\t0\t6\n",
    }.items():
        (tmp_path / name).write_bytes(text)
    assert any(said in str(fault) for fault in check_folder(tmp_path).shown)
