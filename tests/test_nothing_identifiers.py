"""Identifiers that stand for nothing are told, and entities that are called so are not."""

import warnings

import pytest
from cities import LEFT, LINKS, Rows, written

from psqe.datasets.layouts import check_folder, read_in_order

WORDS = ["nan", "NaN", "None", "NULL", "null", "<NA>", "NA", "#N/A", "\\N", "undefined"]


def respelt(rows: Rows, word: str, column: int, places=(3, 9)) -> Rows:
    return [
        tuple(word if i in places and k == column else cell for k, cell in enumerate(row))
        for i, row in enumerate(rows)
    ]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("table", ["triples", "attributes"])
def test_among_codes_they_are_a_fault(tmp_path, word, table):
    left = {**LEFT, table: respelt(LEFT[table], word, 0)}
    fault = str(check_folder(written(tmp_path, left=left)).shown[0])
    assert f"left/{table}.tsv: {word!r} is the identifier of an entity in 2 places" in fault
    kept = [row for row in left[table] if row[0] != word]  # as the remedy says
    assert not check_folder(written(tmp_path / "repaired", left={**LEFT, table: kept}))


def test_in_one_line_of_the_names_it_is_a_fault(tmp_path):
    left = {**LEFT, "names": respelt(LEFT["names"], "nan", 0, places=(3,))}
    assert "'nan' is the identifier of an entity in 1 place," in str(
        check_folder(written(tmp_path, left=left)).shown[0]
    )


@pytest.mark.parametrize("word", WORDS)
def test_among_tails_that_are_words_they_are_noted(tmp_path, word):
    left = {**LEFT, "triples": respelt(LEFT["triples"], word, 2)}
    found = check_folder(written(tmp_path, left=left))
    assert not found and len(found.notes) == 1
    assert f"left/triples.tsv: {word!r} is the identifier" in str(found.notes[0])


@pytest.mark.parametrize(("ids", "name"), [
    (["Nan", "Rome", "Paris", "Oslo", "Bonn", "Bern"], "Nan"),
    (["NA", "DE", "FR", "IT", "ES", "PT"], "Namibia"),
    (["None", "Turin", "Asti", "Alba", "Cuneo", "Bra"], "None, a town near Turin"),
    (["null", "naught", "zero", "nil", "one", "two"], "Null"),
])  # fmt: skip
def test_an_entity_that_is_called_so_is_not_told(tmp_path, ids, name):
    new = dict(zip([e for e, _ in LEFT["names"]], ids, strict=False))
    left = {t: [(new[r[0]], *r[1:]) for r in rows if r[0] in new] for t, rows in LEFT.items()}
    left["names"][0] = (ids[0], name)
    folder = written(tmp_path, left=left, links=[(new[a], b) for a, b in LINKS if a in new])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert ids[0] in read_in_order(folder).left.entities
    assert not [one for one in caught if "stands for nothing" in str(one.message)]
