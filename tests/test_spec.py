"""Specs of runs: one meaning has one id, ids stay, and what is impossible is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from psqe.errors import DataError
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, TaskOptions
from psqe.study.spec import SPEC_COLUMNS, RunSpec, canonical_json

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
        (RunSpec(subject="alignment", matching="csls", **COMMON), "dbc33d664ee1"),
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
        ({"subject": "alignment"}, "matching is named"),
        ({"subject": "alignment", "aligner": EVA, "matching": "csls"}, "matching is named"),
        ({"subject": "alignment", "miner": MinerOptions(), "matching": "csls"}, "change nothing"),
        ({"subject": "links", "matching": "csls"}, "matching is named"),
        ({"subject": "facts"}, "has no features"),
        ({"subject": "facts", "features": None, "miner": MinerOptions()}, "neither miner nor aligner"),
        ({"subject": "links", "features": None}, "needs features"),
        ({"subject": "links", "random_state": -1}, "random_state is -1"),
        ({"subject": "prices"}, "subject"),
        ({"subject": "links", "colour": "red"}, "colour"),
        ({"subject": "alignment", "matching": "hungarian"}, "matching"),
    ],
)
def test_a_spec_that_makes_no_sense_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RunSpec(**{**COMMON, **values})


def test_json_that_is_no_spec_is_told() -> None:
    for text in ("{", "{}", SEEDS.json_text.replace('"random_state":3', '"random_state":"3"')):
        with pytest.raises(DataError, match="the spec of a run is not valid"):
            RunSpec.from_json(text)
