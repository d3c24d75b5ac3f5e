"""Numbers and dates among attribute values: read, compared whatever they are called, weighed by rarity."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import DataError
from psqe.features import build_features
from psqe.features.encoders.bins import DIM, BinsEncoder, Number, n_with_number, parse_number
from psqe.graph import AlignmentTask, KnowledgeGraph

Values = tuple[tuple[str, ...], ...]
number_modality = BinsEncoder("number").encode_task


def graph(name: str, values: Values, label: str) -> KnowledgeGraph:
    attributes = tuple(tuple((f"{label}{i}", v) for i, v in enumerate(own)) for own in values)
    return KnowledgeGraph(
        name, tuple(f"{name}{i}" for i in range(len(values))), (), [], attributes=attributes
    )


def cosines(left: Values, right: Values) -> np.ndarray:
    found = number_modality(AlignmentTask("t", graph("l", left, "birthDate"), graph("r", right, "born")))
    return found.left.values @ found.right.values.T


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1982", 1982.0),
        (" -8.47 ", -8.47),
        ("+3.5e-2", 0.035),
        (".5", 0.5),
        ("12.", 12.0),
        ("1955-09", 1955.75),
        ("1955-9-30", 1955.75),
        ("1955-12-31T23:59:59Z", 1956.0),
        ("1955-00-00", 1955.0),
        ("-0044-03-15", -43.75),
        ("1955-09-30+02:00", 1955.75),
    ],
)
def test_what_is_a_number(text: str, value: float) -> None:
    found = parse_number(text)
    assert found is not None and found.value == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    ["", "7 km", "1,234", "1_000", "nan", "inf", "1e999", "1955-13-01", "1955-01-32", "12-05", "-", "."],
)
def test_what_is_none(text: str) -> None:
    assert parse_number(text) is None


def test_days_tell_dates_of_a_month_apart() -> None:
    assert len({parse_number(f"1955-{m:02}-{d:02}") for m in range(1, 13) for d in range(1, 32)}) == 12 * 31
    assert parse_number("1955-09") == Number(1955.75, 0)


OTHERS = tuple((str(10_000 * 3**i),) for i in range(12))
"""Numbers far from each other and from those of the tests: without them every bin is frequent."""


def test_equal_agree_near_ones_partly_others_not() -> None:
    left = (("37056",), *OTHERS)
    right = (("37056.0",), ("37130",), ("371300",), ("-37056",), *OTHERS)
    row = cosines(left, right)[0]
    assert row[0] > 0.99
    assert 0.02 < row[1] < 0.8
    assert abs(row[2]) < 0.15 and abs(row[3]) < row[0]


def test_a_number_agrees_less_with_each_step_away() -> None:
    left = (("1000000",), *OTHERS)
    steps = (("1000000",), ("1000004",), ("1000008",), ("1002000",), ("1500000",))
    row = cosines(left, (*steps, *OTHERS))[0, :5]
    assert (np.diff(row[:4]) < -0.01).all()


def test_a_power_of_ten_is_seen_through() -> None:
    left = (("37300000.0",), *OTHERS)
    right = (("37.3",), ("41.7",), *OTHERS)
    row = cosines(left, right)[0]
    assert row[0] > 0.3 and row[0] > 3 * abs(row[1])


def test_freebase_dates_meet_dbpedia_dates() -> None:
    left = (("1955-09-14",), *OTHERS)
    right = (("1955.75",), ("1955.66666667",), ("1955.0",), *OTHERS)
    row = cosines(left, right)[0]
    assert row[0] > row[1] and row[0] > row[2]


def test_the_same_day_is_more_than_the_same_month() -> None:
    row = cosines((("1955-09-14",), *OTHERS), (("1955-09-14",), ("1955-09-15",), *OTHERS))[0]
    assert row[0] > row[1] + 0.05


def test_rare_numbers_weigh_more_than_frequent_ones() -> None:
    left = (("1", "771345"), *[("1",)] * 30)
    right = (("1", "9"), ("771345", "5"), *[("1",)] * 30)
    row = cosines(left, right)[0]
    assert row[1] > 2 * row[0]


def test_masks_width_and_values_that_are_no_numbers() -> None:
    left = graph("l", (("7",), ("red",), ()), "a")
    right = graph("r", (("7",), ("big",), ("8123",)), "b")
    labels = KnowledgeGraph("l", ("l0", "l1", "l2"), (), [], attributes=((("7", None),), (), ()))
    found = build_features(AlignmentTask("t", left, right), ["number"])["number"]
    assert found.left.values.shape == (3, DIM) and found.left.values.dtype == np.float32
    assert found.left.present.tolist() == [True, False, False]
    assert found.right.present.tolist() == [True, False, False], "8123 is near nothing on the left"
    np.testing.assert_allclose(np.linalg.norm(found.left.values, axis=1), [1, 0, 0], atol=1e-6)
    with pytest.raises(DataError, match="no entity of graph 'l' has modality 'number'"):
        build_features(AlignmentTask("t", labels, right), ["number"])


def test_numbers_that_no_entity_of_the_other_side_shares_are_counted_apart() -> None:
    left = graph("l", [("12",), ("5000",), ("text",), ()], "size")
    task = AlignmentTask("t", left, graph("r", [("5000",), ("777",)], "taille"))
    assert tuple(n_with_number(task)) == ((2, 1), (2, 1))
    assert [int(side.present.sum()) for side in number_modality(task)] == [1, 1]


def test_sides_whose_numbers_never_meet_are_an_error() -> None:
    with pytest.raises(
        DataError, match="no number of one side is near one of the other; leave modality number"
    ):
        cosines((("1",),), (("70000",),))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_numbers_give_finite_unit_vectors(numbers: list[float]) -> None:
    values = tuple((repr(number),) for number in numbers)
    found = number_modality(AlignmentTask("t", graph("l", values, "a"), graph("r", values, "b")))
    assert np.isfinite(found.left.values).all()
    assert found.left.present.all()
    np.testing.assert_allclose(np.linalg.norm(found.left.values, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found.left.values, found.right.values)


def test_order_of_values_and_labels_do_not_matter() -> None:
    left = (("3", "1955-09-14", "771345", "-2.5"), ("12", "3"))
    right = (("3.1", "771345"), ("12",))
    task = AlignmentTask("t", graph("l", left, "x"), graph("r", right, "y"))
    turned = AlignmentTask("t", graph("l", tuple(own[::-1] for own in left), "z"), graph("r", right, "w"))
    one, other = number_modality(task), number_modality(turned)
    np.testing.assert_array_equal(one.left.values, other.left.values)
    np.testing.assert_array_equal(one.right.values, other.right.values)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [("500", "504.9", True), ("500", "511", False), ("0", "0.009", True), ("0", "0.03", False),
     ("1950", "1968", True), ("1900", "1950", False), ("4200", "4.2", True), ("4200", "4.3", False)],
)  # fmt: skip
def test_the_tolerance_is_the_one_that_the_encoder_tells(one, other, near):
    left, right = (
        KnowledgeGraph(side, ("a", "b"), (), [], attributes=((("p", text),), (("p", "7e20"),)))
        for side, text in (("l", one), ("r", other))
    )
    assert n_with_number(AlignmentTask("t", left, right)).left == (2, 1 + near)
