"""Identifiers of many digits that spreadsheets and floating-point numbers have cut are told."""

import random

import pytest
from cities import LEFT, LINKS, RIGHT, Tables, written

from psqe.datasets.cut_numbers import CutNumbers
from psqe.datasets.layouts import check_folder

_RANDOM = random.Random(5)
FAR = {e: str(_RANDOM.randrange(10**18, 9 * 10**18)) for e, _ in LEFT["names"]}
BARCODES = {e: str(_RANDOM.randrange(10**12, 9 * 10**12)) for e, _ in LEFT["names"]}
NEAR = {e: str(1234567890123456000 + i) for i, (e, _) in enumerate(LEFT["names"])}

CUTS = {
    "a spreadsheet": lambda n: n[:15] + "0" * (len(n) - 15),
    "a spreadsheet that rounds": lambda n: str(round(int(n), 15 - len(n))),
    "a spreadsheet that was saved as CSV": lambda n: f"{int(n):.5E}",
    "a German spreadsheet": lambda n: f"{int(n):.5E}".replace(".", ","),
    "groups of three": lambda n: f"{int(n[:15] + '0' * (len(n) - 15)):,}",
    "R": lambda n: f"{int(n):.14e}",
    "a float of pandas": lambda n: repr(float(n)),
    "JavaScript": lambda n: str(int(float(n))),
}


def renamed(numbers: dict[str, str]) -> Tables:
    return {name: [(numbers[row[0]], *row[1:]) for row in rows] for name, rows in LEFT.items()}


def links(numbers: dict[str, str]) -> list[tuple[str, ...]]:
    return [(numbers[left], right) for left, right in LINKS]


def told(folder, left: Tables, numbers: dict[str, str]) -> list[str]:
    found = check_folder(written(folder, left=left, links=links(numbers)))
    return [*map(str, found.shown), *map(str, found.notes)]


@pytest.mark.parametrize("kind", CUTS)
@pytest.mark.parametrize("table", ["names", "triples", "attributes"])
def test_identifiers_of_one_table_that_were_cut_are_a_fault_with_both_spellings(tmp_path, kind, table):
    left = renamed(FAR)
    left[table] = [(CUTS[kind](row[0]), *row[1:]) for row in left[table]]
    first, *_ = told(tmp_path, left, FAR)
    cut = {CUTS[kind](number): number for number in FAR.values()}
    assert "only in digits that a program for numbers has cut off" in first
    assert any(f"{one!r}" in first and f"{other!r}" in first for one, other in cut.items())
    assert "export these columns as text" in first


def test_codes_of_twelve_digits_that_a_spreadsheet_shows_with_an_exponent(tmp_path):
    left = renamed(BARCODES)
    left["names"] = [(f"{int(n):.5E}", name) for n, name in left["names"]]
    assert "has cut off, for example" in told(tmp_path, left, BARCODES)[0]


@pytest.mark.parametrize("kind", [kind for kind in CUTS if kind != "JavaScript"])
def test_different_identifiers_that_became_one_are_told_with_a_remedy_that_loses_nothing(tmp_path, kind):
    left = renamed({e: CUTS[kind](n) for e, n in NEAR.items()})
    assert "export these columns as text" in told(tmp_path / "a", left, NEAR)[0]
    del left["names"]
    assert any(
        "so that different entities may have become one" in text for text in told(tmp_path / "b", left, NEAR)
    )


def test_a_few_that_were_cut_are_noted(tmp_path):
    left = renamed(FAR)
    left["names"] = [
        (CUTS["a spreadsheet"](n) if i == 3 else n, *row) for i, (n, *row) in enumerate(left["names"])
    ]
    assert "unless they are different entities" in told(tmp_path, left, FAR)[0]


@pytest.mark.parametrize("numbers", [
    FAR, NEAR, BARCODES,
    {e: str(10**17 + 5001 * i) for i, e in enumerate(FAR)},
    {e: str(9007199254740993 + 2 * i) for i, e in enumerate(FAR)},
    {e: f"{i + 1}000000000000" for i, e in enumerate(FAR)},
    {e: str(100000 * (i + 1)) for i, e in enumerate(FAR)},
])  # fmt: skip
def test_whole_numbers_are_not_told(tmp_path, numbers):
    assert not told(tmp_path, renamed(numbers), numbers)


def test_a_link_to_what_was_cut_says_so(tmp_path):
    left = renamed({e: CUTS["a spreadsheet"](n) for e, n in FAR.items()})
    found = check_folder(written(tmp_path, left=left, right=RIGHT, links=links(FAR)))
    assert f"but '{left['names'][0][0]}' is; they differ in digits that a program" in str(found.shown[0])


def test_numbers_of_other_lengths_are_others():
    numbers = CutNumbers(["1234567890123456789", "rome"])
    assert [numbers.other(text) for text in ("1.23457E+17", "123456789012345000", "rome", "1.2")] == [
        None
    ] * 4
    assert CutNumbers(["99999999999999999"]).whole("100000000000000000") == "99999999999999999"


SPELLED = {
    "pandas": (lambda i: f"{100 + i}.0", "whole numbers that end in '.0', for example '100.0'"),
    "a German export": (lambda i: f"{100 + i},0", "whole numbers that end in ',0', for example '100,0'"),
    "whole numbers": (lambda i: f"{100 + i}", ""),
    "sections": (lambda i: f"{i // 5 + 1}.{i % 5}", ""),
    "codes": (lambda i: f"v{i}.0", ""),
}


@pytest.mark.parametrize("kind", SPELLED)
def test_identifiers_that_are_floats_in_all_tables_are_told(tmp_path, kind):
    """All tables of a side agree, so that only a note shows that the source has other identifiers."""
    spell, words = SPELLED[kind]
    numbers = {entity: spell(i) for i, (entity, _) in enumerate(LEFT["names"])}
    left = {
        name: [(numbers[row[0]], *(numbers.get(cell, cell) for cell in row[1:])) for row in rows]
        for name, rows in LEFT.items()
    }
    notes = [text for text in told(tmp_path / "pair", left, numbers) if "whole numbers that" in text]
    assert len(notes) == bool(words) and all(words in note for note in notes)
