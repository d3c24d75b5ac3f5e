"""Tables whose columns or names were exchanged are told, and tables that are only unusual are not."""

import pytest
from cities import LEFT, Rows, Tables, written

from psqe.datasets.layouts import check_folder

IDS = [row[0] for row in LEFT["names"]]
NEAR: Rows = [(one, "near", other) for one, other in zip(IDS, [*IDS[3:], *IDS[:3]], strict=True)]
"""Triples whose tails are entities that have more to them."""


def notes(folder, **tables: Rows) -> list[str]:
    left: Tables = {**LEFT, **tables}
    found = check_folder(written(folder / "pair", left=left))
    assert not found
    return [str(note) for note in found.notes]


def ordered(rows: Rows, *order: int) -> Rows:
    return [tuple(row[i] for i in order) for row in rows]


@pytest.mark.parametrize("triples", [LEFT["triples"], NEAR, LEFT["triples"] + NEAR])
def test_triples_with_the_tail_before_the_relation(tmp_path, triples):
    (note,) = notes(tmp_path, triples=ordered(triples, 0, 2, 1))
    assert "triples.tsv: its" in note and "looks like one of tails" in note and "head, relation, tail" in note
    assert not notes(tmp_path / "repaired", triples=triples)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("triples", [LEFT["triples"], NEAR * 2, LEFT["triples"] + NEAR])
def test_triples_with_the_relation_before_the_head_or_after_it(tmp_path, order, triples):
    found = check_folder(written(tmp_path / "a", left={**LEFT, "triples": ordered(triples, *order)}))
    first = str([*found.shown, *found.notes][0])
    assert (
        "triples.tsv: " in first
        and "column of" in first
        and "write the columns head, relation, tail" in first
    )
    assert not notes(tmp_path / "repaired", triples=triples)


@pytest.mark.parametrize("order", [(1, 0, 2), (1, 2, 0)])
def test_relations_in_the_place_of_heads_are_told_without_other_tables_too(tmp_path, order):
    left = {"triples": ordered(LEFT["triples"], *order)}
    found = check_folder(written(tmp_path / "a", left=left, links=None))
    assert any("column of relations" in str(note) and "'country'" in str(note) for note in found.notes)


def test_heads_and_tails_that_were_exchanged(tmp_path):
    told = notes(tmp_path / "a", triples=ordered(LEFT["triples"], 2, 1, 0))
    assert (
        "other tables describe its tails, such as 'e100', and none of its 13 heads, such as 'Austria'"
        in told[0]
    )
    assert not notes(tmp_path / "repaired")


@pytest.mark.parametrize("attributes", [
    LEFT["attributes"],
    [row for row in LEFT["attributes"] if row[1] == "founded"],
    LEFT["attributes"] + [(e, "motto", f"we are {e}") for e in IDS],
])  # fmt: skip
def test_attributes_with_the_value_before_the_attribute(tmp_path, attributes):
    (note,) = notes(tmp_path, attributes=ordered(attributes, 0, 2, 1))
    assert "attributes.tsv: its" in note and "looks like one of values" in note
    assert not notes(tmp_path / "repaired", attributes=attributes)


def test_triples_and_attributes_that_were_exchanged(tmp_path):
    told = notes(tmp_path, triples=LEFT["attributes"], attributes=NEAR)
    assert len(told) == 2
    assert "32 of its 32 tails" in told[0] and "look like values of attributes" in told[0]
    assert "16 of its 16 values" in told[1] and "are entities" in told[1]


@pytest.mark.parametrize(("table", "rows"), [
    ("triples", [(e, f"has_{i % 7}", "yes" if i % 2 else "no") for i, e in enumerate(IDS * 3)]),
    ("triples", [(e, "in", str(i % 5)) for i, e in enumerate(IDS)]),
    ("triples", [(e, "made in", str(1950 + i)) for i, e in enumerate(IDS[:7])] + NEAR),
    ("triples", [(f"event {i}", "took place in", e) for i, e in enumerate(IDS[:4])] + NEAR),
    ("triples", [(e, "in", f"place {i % 9}") for i, e in enumerate(IDS)]),
    ("triples", [(IDS[i % 2], f"relation {i}", e) for i, e in enumerate(IDS)]),
    ("attributes", [(e, f"tag {i % 9}", "1") for i, e in enumerate(IDS * 3)]),
    ("attributes", [(e, f"kind {i} {k}", "true") for i, e in enumerate(IDS) for k in range(3)]),
    ("attributes", [(e, "code", e) for e in IDS]),
    ("attributes", [(e, "also", IDS[3]) for e in IDS[:5]] + LEFT["attributes"]),
    ("attributes", [(e, f"population {1980 + 10 * (i % 4)}", str(i)) for i, e in enumerate(IDS * 4)]),
])  # fmt: skip
def test_unusual_tables_are_not_told(tmp_path, table, rows):
    assert not [
        note
        for note in notes(tmp_path, **{table: rows})
        if "like" in note or "are entities" in note or "describe" in note
    ]


def test_numbers_that_are_identifiers_by_chance_are_not_told(tmp_path):
    numbers = {e: str(i + 1) for i, e in enumerate(IDS)}
    left = {name: [(numbers[row[0]], *row[1:]) for row in rows] for name, rows in LEFT.items()}
    left["attributes"] = [(e, "age", str(1 + int(e) % 5)) for e in numbers.values()]
    assert not check_folder(written(tmp_path / "pair", left=left, links=None)).notes
