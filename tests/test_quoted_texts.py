"""Texts in quotes that stay are told where there are many, and a name in quotes among others is not."""

import pytest
from cities import LEFT, Tables, written

from psqe.datasets.layouts import check_folder


def notes(folder, left: Tables) -> list[str]:
    faults = check_folder(written(folder / "pair", left=left))
    assert not faults
    return [str(note) for note in faults.notes]


def quoted(table: str, column: int, quotes: str, every: int) -> Tables:
    rows = [
        tuple(
            f"{quotes[0]}{c}{quotes[1]}" if k == column and i % every == 0 else c for k, c in enumerate(row)
        )
        for i, row in enumerate(LEFT[table])
    ]
    return {**LEFT, table: rows}


@pytest.mark.parametrize("quotes", ["''", "``", "\u201c\u201d", "\u00ab\u00bb"])
@pytest.mark.parametrize("every", [1, 2, 5])
@pytest.mark.parametrize(
    ("table", "column", "what"),
    [
        ("names", 1, "names"),
        ("attributes", 2, "values"),
        ("attributes", 1, "attributes"),
        ("triples", 1, "rel"),
    ],
)
def test_many_texts_in_quotes_are_told_and_the_remedy_ends_it(tmp_path, quotes, every, table, column, what):
    told = [n for n in notes(tmp_path, quoted(table, column, quotes, every)) if "in quotes" in n]
    assert len(told) == 1 and f"{table}.tsv" in told[0] and f" {what}" in told[0] and "remove" in told[0]
    assert not notes(tmp_path / "repaired", LEFT)


def test_double_quotes_around_half_of_the_names_are_told(tmp_path):
    assert "8 of 16 names are in quotes" in notes(tmp_path, quoted("names", 1, '""', 2))[0]


@pytest.mark.parametrize("name", ['"Heroes"', "'Allo 'Allo!", "'s-Hertogenbosch", "Rock 'n' Roll", '5" gun'])
def test_one_name_with_quotes_is_not_told(tmp_path, name):
    assert not notes(tmp_path, {**LEFT, "names": [(LEFT["names"][0][0], name), *LEFT["names"][1:]]})


def test_a_zero_byte_is_told_where_it_is(tmp_path):
    folder = written(tmp_path / "pair")
    path = folder / "left" / "names.tsv"
    path.write_bytes(b"\0entity\tname\n" + path.read_bytes())
    (fault,) = check_folder(folder).shown
    assert "names.tsv:1: has a zero byte" in str(fault)
