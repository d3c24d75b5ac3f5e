"""Tables about predictions: kinds of seeds are named, errors are in points, trained models beside them."""

import pytest
from stored import OTHER_TASK, TASK, directions, table

from psqe.options import MinerOptions
from psqe.study import tables
from psqe.study.plans.base import alignment_spec, of_kind
from psqe.study.store import RunResult
from psqe.study.tables.predictions import CHOSEN


def prediction_run(task, kind, state, predicted, measured):
    values = {
        "n_queries": 10, "features_hits@1": 0.5, "predicted_hits@1": predicted, "unlabelled_hits@1": 0.4,
        "hits@1": measured, "shift": -0.1, "shift_deviation": 0.2,
    }  # fmt: skip
    spec = alignment_spec(task, of_kind(kind, 600), "whitening", state).replace(subject="prediction")
    return RunResult(spec, [{"matching": matching, **values} for matching in ("cosine", "csls")], 1.0)


RUNS = [
    prediction_run(TASK, "psqe", 0, 0.60, 0.62), prediction_run(TASK, "psqe", 1, 0.70, 0.60),
    prediction_run(TASK, "pivot, fused", 0, 0.8, 0.8), prediction_run(OTHER_TASK, "psqe", 0, 0.5, 0.52),
]  # fmt: skip


def test_predictions_are_compared_with_what_came(monkeypatch):
    assert CHOSEN == OTHER_TASK
    rows = tables.shift_predictions(table(RUNS, "prediction"))
    assert set(rows["miner"]) == {"psqe", "pivot, fused"}
    shown = tables.shift_table(rows).set_index(["task", "seeds"])
    assert shown.loc[(TASK, "psqe"), "error"] == pytest.approx(4.0)
    assert shown.loc[(TASK, "psqe"), "predicted"] == pytest.approx(65.0)
    errors = tables.shift_errors(rows).set_index(["matching", "pairs", "way"])
    claimed = errors.loc[("csls", "claimed on", "prediction")]
    assert claimed["runs"] == 3 and claimed["largest"] == pytest.approx(10.0)
    assert claimed["absolute"] == pytest.approx(4.0) and claimed["within 3"] == pytest.approx(200 / 3)
    assert errors.loc[("csls", "chosen on", "prediction"), "error"] == pytest.approx(-2.0)


def test_trained_models_are_set_beside_the_prediction_for_whitening():
    rows = tables.shift_predictions(table(RUNS[:2] + RUNS[3:], "prediction"))
    models = [
        RunResult(
            alignment_spec(task, MinerOptions(name="psqe", n_seeds=600), name, state),
            directions([told - 0.1, 0.0], matching="csls", links="free"), 1.0,
        )
        for name in ("eva", "mclea", "meaformer")
        for task, state, told in ((TASK, 0, 0.6), (TASK, 1, 0.7), (OTHER_TASK, 0, 0.5))
    ]  # fmt: skip
    found = tables.trained_errors(rows, table(models, "alignment"))
    assert found["aligner"].tolist() == ["eva", "mclea", "meaformer"] and set(found["runs"]) == {3}
    assert found["ahead"].tolist() == pytest.approx([-10.0] * 3)
    assert found["r"].tolist() == pytest.approx([1.0] * 3)
