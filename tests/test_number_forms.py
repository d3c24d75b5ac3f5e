"""Numbers of other countries are read where all values of an attribute agree, and told where they do not."""

import numpy as np
import pytest
from cases import aligned, case
from cities import LEFT, RIGHT, written

from psqe.datasets.layouts import check_folder, read_in_order
from psqe.features.encoders.bins import BinsEncoder
from psqe.number_forms import decorated_number, number_in_thousands, read_numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["1.234.567,8", "545.923"], [1234567.8, 545923]),
        (["1 234 567", "545 923"], [1234567, 545923]),
        (["1\u00a0234,5", "1\u202f234"], [1234.5, 1234]),
        (["1'234", "12\u2019345.5"], [1234, 12345.5]),
        (["12,5", "38,72", "1,234"], [12.5, 38.72, 1.234]),
        (["1,234", "1,982,097"], [1234, 1982097]),
        (["1,234", "5.5"], [1234, 5.5]),
        (["\uff11\uff12\uff13", "\uff11.\uff15"], [123, 1.5]),
        (["\u0663\u0664\u0665", "\u0661\u066c\u0662\u0663\u0664\u066b\u0665"], [345, 1234.5]),
        (["12 %", "5%"], [12, 5]),
        (["\u20ac 1.234,50", "\u20ac 5,00"], [1234.5, 5]),
        (["$5", "$1,234.50"], [5, 1234.5]),
        (["5 km", "7,5 km"], [5, 7.5]),
        (["CHF 5", "CHF 1'200"], [5, 1200]),
        (["12,34,567", "5"], [1234567, 5]),
        (["\u22129,14", "38,72"], [-9.14, 38.72]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["1,5E+3", "2,5"], [1500, 2.5]),
        (["-1.234.567"], [-1234567]),
    ],
)
def test_numbers_are_read_where_all_values_agree(texts, numbers):
    reading = read_numbers(texts)
    assert [reading.numbers[text] for text in texts] == numbers and reading.doubt is None


@pytest.mark.parametrize(
    ("texts", "doubt"),
    [
        (["1,234"], "'1,234' is either 1234 or 1.234"),
        (["1,234", "567", "9,876"], "'1,234' is either 1234 or 1.234"),
        (["12,5", "1.5"], "'12,5' has a decimal comma and '1.5' a decimal point"),
        (["5 km", "300 m"], "'5 km' and '300 m' have different units"),
        (
            [f"{i}.{i}" for i in range(110, 120)],
            "'110.110' is read as 110.11, as three digits follow each point",
        ),
        (["944", "1.147", "1.208", "1.300", "1.459", "2.011"], "'1.147' is read as 1.147, as three digits"),
    ],
)
def test_what_can_be_read_in_two_ways_is_told(texts, doubt):
    assert read_numbers(texts).numbers == {} and doubt in read_numbers(texts).doubt


@pytest.mark.parametrize(
    "texts",
    [
        ["1.5", "2"], ["1e5"], ["1955-09-30", "5"], ["1.2.3", "192.168.0.1"], ["E0.6", "E1.0"],
        ["10:30"], ["1-2"],
        ["1/2"],        ["text", "1,5"], ["1 23"], ["1,234,56"], ["5 apples"], ["A 5"], ["", "x"], [],
        ["+49 30 1234"], ["1,2,3"],        ["\u2460"], ["x" * 100], ["9" * 100],
    ],
)  # fmt: skip
def test_everything_else_is_read_as_before(texts):
    assert read_numbers(texts) == ({}, None)


@pytest.mark.parametrize("form", [
    "{} inhabitants", "~{}", "ca. {}", "c. {}", "{}+", "{} million", "{} (2020)", "{}[1]", "{} sq km", "> {}",
    '"{}"^^xsd:decimal', "{}^^<http://www.w3.org/2001/XMLSchema#double>", "'{}'", "{} m a.s.l.",
    "US$ {}",
])  # fmt: skip
def test_numbers_between_other_signs_are_told(tmp_path, form):
    texts = [form.format(n) for n in (1.5, 200, 3000, 45, 51, 632)]
    assert decorated_number(texts) == min(texts)
    rows = [(e, a, form.format(v) if a == "population" else v) for e, a, v in LEFT["attributes"]]
    notes = check_folder(written(tmp_path / "pair", left={**LEFT, "attributes": rows})).notes
    assert notes and all("'population'" in str(n) or "in quotes" in str(n) for n in notes)


THOUSANDS = [
    ("k", "M"), ("K", "M"), (" k", " M"), (" thousand", " million"), (" Tsd.", " Mio."), ("k", "mn"),
    ("k", ""), ("", "M"), (" тыс.", " млн"), ("千", "万"), (" mille", " million"), (" lakh", " crore"),
]  # fmt: skip


@pytest.mark.parametrize("units", THOUSANDS)
@pytest.mark.parametrize("before", ["", "$"])
def test_numbers_in_thousands_or_millions_are_told_once(tmp_path, units, before):
    def shortened(text: str) -> str:
        number = int(text)
        return (
            f"{before}{number / 1e6:.2f}{units[1]}"
            if number > 1e6
            else f"{before}{number / 1e3:.1f}{units[0]}"
        )

    rows = [(e, a, shortened(v) if a == "population" else v) for e, a, v in LEFT["attributes"]]
    notes = check_folder(written(tmp_path / "pair", left={**LEFT, "attributes": rows})).notes
    assert len(notes) == 1 and "'population'" in str(notes[0])
    assert "thousands or millions" in str(notes[0]) or "different units" in str(notes[0])


@pytest.mark.parametrize("form", [
    "{} km", "{} m", "{} kg", "{}m", "{} °C", "{}mm", "{}", "B{}", "{}BC", "{} Mbit", "{}kB", "{} k.p.",
])  # fmt: skip
def test_other_units_are_no_thousands(form):
    assert number_in_thousands([form.format(n) for n in range(10, 20)]) is None


@pytest.mark.parametrize("form", [
    "{}", "Q{}", "P-{:04}", "{}A", "ISBN {}", "{}th", "19{:02}-01-01", "{}-{}", "{} km", "{} %", "+49 {}",
    "10:{}", "A {}", "{} and {}", "100{} Berlin", "Route {}", "3D{}", "{}.1.2", "v{}",
])  # fmt: skip
def test_codes_dates_and_numbers_that_are_read_are_not_told(form):
    assert decorated_number([form.format(n, n) for n in range(10, 20)]) is None


FORMS = {
    "German": lambda n: f"{n:,}".replace(",", "."),
    "French": lambda n: f"{n:,}".replace(",", "\u202f"),
    "English": lambda n: f"{n:,}",
    "Swiss": lambda n: f"{n:,}".replace(",", "'"),
    "Arabic digits": lambda n: "".join(chr(0x660 + int(c)) for c in str(n)),
    "full width": lambda n: "".join(chr(0xFF10 + int(c)) for c in str(n)),
    "a unit": lambda n: f"{n} km\u00b2",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_side_of_another_country_has_the_same_vectors(tmp_path, form):
    rows = [(e, a, FORMS[form](int(v)) if a == "habitants" else v) for e, a, v in RIGHT["attributes"]]
    folder = written(tmp_path / "pair", right={**RIGHT, "attributes": rows})
    assert not check_folder(folder).notes
    plain = BinsEncoder("number").encode_task(read_in_order(written(tmp_path / "plain")))
    found = BinsEncoder("number").encode_task(read_in_order(folder))
    assert np.array_equal(found.right.values, plain.right.values)
    assert np.array_equal(found.left.values, plain.left.values)


def test_doubtful_numbers_are_noted_when_the_pair_is_read(tmp_path):
    rows = [(e, a, "1,234" if a == "population" else v) for e, a, v in LEFT["attributes"]]
    notes = check_folder(written(tmp_path / "pair", left={**LEFT, "attributes": rows})).notes
    assert len(
        notes
    ) == 1 and "attributes.tsv: the numbers of 'population' can be read in two ways: '1,234'" in str(notes[0])


def test_the_handed_pair_of_two_countries_is_aligned_as_the_plain_one(tmp_path):
    folder = case("07-numbers/b-both-sides-locale", tmp_path)
    assert not check_folder(folder).notes
    options = ("--modalities", "number", "--n-seeds", "15")
    (tmp_path / "base").mkdir()
    plain = aligned(case("00-base", tmp_path / "base"), *options)
    assert aligned(folder, *options)["link_quality"]["links"]["f1"] == plain["link_quality"]["links"]["f1"]
