"""Numbers that stand for missing ones are noted; extreme numbers, years and prices are not."""

from pathlib import Path

import cities
import pytest

from psqe.datasets.layouts import check_folder


def notes(folder: Path, values: list[str], n: int = 16) -> list[str]:
    """Give the first cities these values of an attribute, and return what is noted of them."""
    plain = [str(100 + 7 * i) for i in range(n)]
    rows = [
        (entity, "height", value)
        for (entity, _), value in zip(cities.LEFT["names"], [*values, *plain[len(values) :]], strict=True)
    ]
    left = {**cities.LEFT, "attributes": [*cities.LEFT["attributes"], *rows]}
    found = check_folder(cities.written(folder, left=left))
    assert not found
    return [str(note) for note in found.notes]


@pytest.mark.parametrize(
    "code",
    ["-999", "9999", "-9999", "99999", "-999.0", "9999.0", "-99", "inf", "-inf", "Infinity", "1e308",
     "1.7976931348623157e+308", "1e+30", "-9998", "-32768", "999999999", "-2147483648"],
)  # fmt: skip
def test_a_number_that_stands_for_a_missing_one_is_noted(tmp_path: Path, code: str) -> None:
    told = notes(tmp_path / "codes", [code] * 4)
    assert len(told) == 1 and f"{code!r} is the value of 'height' of 4 entities" in told[0]
    assert notes(tmp_path / "repaired", [""] * 4) == [], "the remedy"


@pytest.mark.parametrize(
    "values",
    [
        ["9999"],
        ["-999"],
        ["199", "199", "199"],
        ["99", "99", "99"],
        ["5000", "5000", "5000"],
        ["0", "0", "0"],
    ],
)
def test_other_numbers_are_not_noted(tmp_path: Path, values: list[str]) -> None:
    assert notes(tmp_path / "pair", values) == []


def test_ranges_and_other_forms_are_left_as_they_are(tmp_path: Path) -> None:
    assert notes(tmp_path / "pair", ["10-20", "0x3f", "0x3f", "0x3f", "10-20", "10-20"]) == []
