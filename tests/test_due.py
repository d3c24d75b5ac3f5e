"""Which stored runs are repeated in which week, and the status page's limits of the whole book."""

from datetime import date, timedelta
from math import ceil

import pandas as pd
import pytest

from psqe.errors import ParameterError
from psqe.options import TaskOptions
from psqe.study.book import status
from psqe.study.book.records import Record
from psqe.study.due import PACKAGED, due_runs
from psqe.study.spec import RunSpec

MONDAY = date(2026, 10, 5)


def runs(names: list[str], subject: str = "facts") -> pd.DataFrame:
    specs = [RunSpec(subject=subject, task=TaskOptions(name=name)) for name in names]  # type: ignore[arg-type]
    return pd.DataFrame({"id": [spec.id for spec in specs], "spec": specs})


STORED = runs([f"emoji/en-{i}" for i in range(11)])


def test_all_days_of_a_week_have_the_same_runs_and_the_next_week_has_others() -> None:
    of_days = [due_runs(STORED, 4, MONDAY + timedelta(days=i))["id"].tolist() for i in range(8)]
    assert all(ids == of_days[0] for ids in of_days[:7])
    assert not set(of_days[0]) & set(of_days[7])


@pytest.mark.parametrize("count", [1, 4, 11, 50])
def test_every_run_has_its_turn_and_none_twice_in_a_week(count: int) -> None:
    weeks = ceil(len(STORED) / count)
    found = [due_runs(STORED, count, MONDAY + timedelta(weeks=i))["id"].tolist() for i in range(weeks)]
    assert all(len(set(ids)) == len(ids) == min(count, len(STORED)) for ids in found)
    assert {run_id for ids in found for run_id in ids} == set(STORED["id"])


def test_the_order_of_the_store_does_not_matter() -> None:
    again = due_runs(STORED.sample(frac=1, random_state=0), 4, MONDAY)
    assert again["id"].tolist() == due_runs(STORED, 4, MONDAY)["id"].tolist()


def test_benchmarks_and_costs_are_left_out() -> None:
    assert PACKAGED == ("emoji", "han")
    stored = pd.concat([
        runs(["emoji/en-fr", "han/ja-zh", "dbp15k/fr_en", "planted/10k"]), runs(["emoji/en-fr"], "cost"),
    ])  # fmt: skip
    found = due_runs(stored, 9, MONDAY)["spec"]
    assert {spec.task.name for spec in found} == {"emoji/en-fr", "han/ja-zh"} and len(found) == 2
    assert due_runs(stored[:0], 9, MONDAY).empty
    with pytest.raises(ParameterError, match="count is 0"):
        due_runs(stored, 0, MONDAY)


def test_the_book_is_set_beside_the_limits_of_neurolibre(tmp_path) -> None:
    whole = {
        "notebook": "a", "profile": "full", "parameters": {}, "key": "", "files": {}, "seconds": 1800.0,
        "machine": "", "revision": "", "versions": {},
    }  # fmt: skip
    records = [Record(**whole, peak_mb=peak) for peak in (1000, 4000, 2000, 500)]
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(b"x" * 2_000_000)
    (tmp_path / "link").symlink_to(tmp_path / "some")
    table = status.limit_table(records, tmp_path).set_index("what")
    own = table["this book"].tolist()
    mib = 2**20 / 1e9
    assert own == pytest.approx([2.0, 4000 * mib, 7000 * mib, 0.002], rel=1e-3)
    assert table["limit"].tolist() == [8.0, 7.5, 7.5, 10.0]
    assert table.index[2] == "GB of memory, the 3 largest kernels at the same time"
