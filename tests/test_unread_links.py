"""Files with gold links that are called otherwise are told by their content."""

from pathlib import Path

import cities
import pytest

from psqe.datasets.layouts import check_folder

SAID = "names an entity of each side in most rows"


def told(pair: Path) -> list[str]:
    found = check_folder(pair)
    assert not [note for note in found.notes if SAID in str(note)]
    return [str(fault) for fault in found.shown]


@pytest.mark.parametrize("separator", ["\t", ",", "|", " "])
@pytest.mark.parametrize(
    "name",
    ["gs.tsv", "gold_labels.csv", "labels.csv", "answer.tsv", "solution.csv", "train.csv", "y.txt",
     "gold/gs.csv", "splits/test.csv", "links/links.tsv", "eval/all.dat", "what ever", "tables.md"],
)  # fmt: skip
@pytest.mark.parametrize("header", [True, False])
def test_gold_links_in_another_file_are_told(tmp_path: Path, name: str, separator: str, header: bool) -> None:
    pair = cities.written(tmp_path / "pair", links=None)
    path = pair / name
    path.parent.mkdir(exist_ok=True)
    rows = [("ltable_id", "rtable_id")] * header + cities.LINKS
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    (message,) = told(pair)
    assert SAID in message and repr(name) in message
    (pair / "links.tsv").write_bytes(cities.tsv(cities.LINKS))  # the remedy
    assert not check_folder(pair) and not check_folder(pair).notes


@pytest.mark.parametrize(
    "row", [("{1}", "{0}"), ("7", "{0}", "{1}", "1"), ("<{0}>", "<{1}>"), ('"{0}"', '"{1}"')]
)
def test_other_columns_are_told_too(tmp_path: Path, row: tuple[str, ...]) -> None:
    pair = cities.written(tmp_path / "pair", links=None)
    lines = [",".join(row).format(*link) for link in cities.LINKS]
    (pair / "pairs of cities.csv").write_text("\n".join(lines) + "\n")
    assert len(told(pair)) == 1


def test_other_files_are_not_told(tmp_path: Path) -> None:
    pair = cities.written(tmp_path / "pair", links=None)
    (pair / "README.md").write_text("The pair of cities, such as e100 and f500.\n\nMore text.\n")
    (pair / "seeds.tsv").write_text("left\tright\n" + "".join(f"{a}\t{b}\n" for a, b in cities.LINKS))
    (pair / "one.csv").write_text("".join(f"{a},city\n" for a, _ in cities.LINKS))
    (pair / "binary.dat").write_bytes(bytes(range(256)) * 9)
    (pair / "out").mkdir()
    head = "left\tright\tscore\tconfidence\trank_margin\n"
    (pair / "out" / "links.tsv").write_text(head + "".join(f"{a}\t{b}\t1\t1\t0\n" for a, b in cities.LINKS))
    assert told(pair) == []
