"""Specs of runs: one meaning has one id, ids stay, and what is impossible is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psqe.errors import DataError, ParameterError
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, TaskOptions
from psqe.study.run import run
from psqe.study.spec import SPEC_COLUMNS, RunSpec, canonical_json

COUNTRIES = Path(__file__).parents[1] / "examples" / "countries"
TASK = TaskOptions(name="emoji/en-fr", dangling=0.125)
FEATURES = FeatureOptions(modalities=("image", "attribute"))
COMMON: dict[str, Any] = {"task": TASK, "features": FEATURES, "random_state": 3}
SEEDS = RunSpec(
    subject="seeds",
    miner=MinerOptions(
        name="psqe", n_seeds=600, parameters={"switches": {"mutual": False}, "stages": ["cluster"]}
    ),
    **COMMON,
)
EVA = AlignerOptions(name="eva", preset="small", parameters={"residual": 2.0})


@pytest.mark.parametrize(
    ("spec", "run_id"),
    [
        (SEEDS, "d650ceb13b68"),
        (RunSpec(subject="alignment", aligner=EVA, **COMMON), "3afc5c0b2c6a"),
        (RunSpec(subject="alignment", **COMMON), "9dfc80974c2d"),
        (
            RunSpec(subject="links", aligner=EVA, miner=MinerOptions(name="psqe", n_seeds=600), **COMMON),
            "33ddafbbd5fc",
        ),
        (RunSpec(subject="facts", task=TaskOptions(name="dbp15k/zh_en")), "d4da4ed8d695"),
    ],
)
def test_ids_never_change(spec: RunSpec, run_id: str) -> None:
    """Results are stored under these ids: a change here makes every stored result unknown."""
    assert spec.id == run_id


def test_a_spec_comes_back_from_its_json() -> None:
    again = RunSpec.from_json(SEEDS.json_text)
    assert again == SEEDS and hash(again) == hash(SEEDS) and again.id == SEEDS.id
    assert json.loads(SEEDS.json_text)["miner"]["parameters"] == {
        "stages": ["cluster"], "switches": {"mutual": False}
    }  # fmt: skip
    assert SEEDS.miner != SEEDS


def test_the_order_of_parameters_means_nothing_and_their_types_do() -> None:
    def spec(**parameters: Any) -> RunSpec:
        return RunSpec(
            subject="seeds", miner=MinerOptions(name="x", n_seeds=1, parameters=parameters), **COMMON
        )

    assert spec(a=1, b=2).id == spec(b=2, a=1).id
    assert len({spec(a=a).id for a in (1, 1.5, "1", True, None, False, [1], {"1": 1})}) == 8
    assert spec(a=None) != spec(), "a parameter that is set to nothing is a parameter"


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.integers(), st.text(), st.booleans(), st.none())))
def test_any_parameters_survive(parameters: dict[str, Any]) -> None:
    spec = RunSpec(subject="seeds", miner=MinerOptions(name="x", parameters=parameters), **COMMON)
    assert RunSpec.from_json(spec.json_text) == spec


def test_options_that_are_not_given_leave_no_trace() -> None:
    """So an option that is added later, with a default that says no, keeps every old id."""
    text = RunSpec(subject="facts", task=TaskOptions(name="a", tones=False, dangling=None)).json_text
    assert text == '{"random_state":0,"subject":"facts","task":{"name":"a"}}'
    assert '"dangling":0.0' in RunSpec(subject="facts", task=TaskOptions(name="a", dangling=0.0)).json_text


def test_columns_say_everything() -> None:
    assert tuple(SEEDS.columns) == SPEC_COLUMNS
    assert SEEDS.columns["modalities"] == "attribute+image"
    assert SEEDS.columns["miner_parameters"] == canonical_json(
        {"switches": {"mutual": False}, "stages": ["cluster"]}
    )
    assert SEEDS.columns["aligner"] is None
    assert "miner=psqe n_seeds=600" in str(SEEDS) and "aligner" not in str(SEEDS)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"subject": "seeds"}, "needs a miner"),
        ({"subject": "seeds", "miner": MinerOptions(), "aligner": EVA}, "has no aligner"),
        ({"subject": "links", "miner": MinerOptions()}, "change nothing"),
        ({"subject": "facts"}, "has no features"),
        ({"subject": "facts", "features": None, "miner": MinerOptions()}, "neither miner nor aligner"),
        ({"subject": "links", "features": None}, "needs features"),
        ({"subject": "prediction", "miner": MinerOptions()}, "needs a miner and an aligner"),
        ({"subject": "labels"}, "needs an aligner"),
        ({"subject": "links", "random_state": -1}, "random_state is -1"),
        ({"subject": "prices"}, "subject"),
        ({"subject": "links", "colour": "red"}, "colour"),
        ({"subject": "alignment", "matching": "csls"}, "matching"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        RunSpec(**{**COMMON, **values})


def test_a_spec_with_a_matching_is_told_what_has_become_of_it() -> None:
    old = SEEDS.json_text.replace("{", '{"matching":"csls",', 1)
    with pytest.raises(DataError, match="one 'matching'; take that field out"):
        RunSpec.from_json(old)


def test_json_that_is_no_spec_is_told() -> None:
    state = '"random_state":3'
    for text in (
        "{", "{}", "[]", "[" * 10**5, SEEDS.json_text.replace(state, '"random_state":"3"'),
        SEEDS.json_text.replace(state, '"random_state":4,' + state),
        SEEDS.json_text.replace('"mutual":false', '"mutual":NaN'),
        SEEDS.json_text.replace('"mutual":false', '"mutual":1e999'),
        SEEDS.json_text.replace('"stages"', '"switches"'),
    ):  # fmt: skip
        with pytest.raises(DataError, match="the spec of a run is not valid"):
            RunSpec.from_json(text)


def test_a_copy_has_an_id_of_its_own() -> None:
    assert SEEDS.id == "d650ceb13b68"
    for other in (SEEDS.model_copy(update={"random_state": 4}), SEEDS.replace(random_state=4)):
        assert other != SEEDS and other.id == SEEDS.replace(random_state=4).id != SEEDS.id
    assert SEEDS.model_copy().id == SEEDS.id


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: FeatureOptions(modalities=["image"]),
            r"modalities is \['image'\]; it must be a valid tuple",
        ),
        (lambda: TaskOptions(), "TaskOptions lacks the option 'name'"),
        (lambda: TaskOptions(name=3), "name is 3"),
        (lambda: MinerOptions(size=3), "no option 'size'; choose from name, n_seeds, parameters"),
        (lambda: SEEDS.replace(colour="red"), "no option 'colour'; choose from subject, task"),
        (lambda: SEEDS.replace(random_state=-1), "random_state is -1"),
        (lambda: SEEDS.part("seeds", colour="red"), "no option 'colour'; choose from subject, task"),
        (lambda: SEEDS.part("prices"), "subject is 'prices'"),
        (lambda: SEEDS.replace(task={"name": "a", "colour": "red"}), "no option 'task.colour'"),
    ],
)
def test_options_that_do_not_fit_are_told_in_one_line(build: Any, message: str) -> None:
    with pytest.raises(ParameterError, match=message) as found:
        build()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, b"a", object(), "\ud800", {1: 2, "1": 3}])
def test_a_parameter_that_json_does_not_have_is_refused(value: Any) -> None:
    with pytest.raises(ParameterError, match="a parameter cannot be written as JSON"):
        RunSpec(subject="seeds", miner=MinerOptions(parameters={"a": [value]}), **COMMON)


def test_integers_and_numbers_with_a_fraction_are_two_values() -> None:
    """Stored ids have both forms, so neither can stand for the other."""
    whole = SEEDS.replace(miner=MinerOptions(parameters={"a": 2}))
    assert whole.id != SEEDS.replace(miner=MinerOptions(parameters={"a": 2.0})).id


def test_a_run_on_a_folder_is_another_run_once_its_files_change(tmp_path: Path) -> None:
    folder = tmp_path / "pair"
    shutil.copytree(COUNTRIES, folder)
    spec = RunSpec(subject="facts", task=TaskOptions(name=str(folder)))
    first = spec.pinned()
    assert first.id == spec.pinned().id == first.pinned().id != spec.id
    assert run(first).rows
    names = next(folder.rglob("names*"))
    before = names.read_bytes()
    names.write_bytes(before + b"\n")
    assert spec.pinned().id != first.id
    with pytest.raises(DataError, match="are not those that were meant; they have changed since; plan the"):
        run(first)
    names.write_bytes(before)
    picture = next((folder / "right" / "flags").iterdir())  # a table of pictures names it
    picture.write_bytes(picture.read_bytes() + b"\n")
    assert spec.pinned().id != first.id


def test_a_run_on_a_named_pair_says_nothing_of_files() -> None:
    spec = RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr"))
    assert spec.pinned() is spec
