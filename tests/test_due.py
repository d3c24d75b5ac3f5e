"""Which stored runs are repeated in which week, and the status page's limits of the whole book."""

import re
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from psqe.errors import ParameterError
from psqe.options import TaskOptions
from psqe.study.book import status
from psqe.study.book.records import Record
from psqe.study.due import PACKAGED, due_runs
from psqe.study.spec import RunSpec
from psqe.study.store import Store

MONDAY = date(2026, 10, 5)


def runs(names: list[str], subject: str = "facts") -> pd.DataFrame:
    specs = [RunSpec(subject=subject, task=TaskOptions(name=name)) for name in names]  # type: ignore[arg-type]
    return pd.DataFrame({"id": [spec.id for spec in specs], "spec": specs})


STORED = runs([f"emoji/en-{i}" for i in range(40)])


def ids_of_week(i: int, stored: pd.DataFrame = STORED, weeks: int = 4) -> set[str]:
    found = due_runs(stored, MONDAY + timedelta(weeks=i), weeks)["id"].tolist()
    assert len(found) == len(set(found))
    return set(found)


def test_all_days_of_a_week_have_the_same_runs_and_the_next_week_has_others() -> None:
    of_days = [due_runs(STORED, MONDAY + timedelta(days=i), 4)["id"].tolist() for i in range(8)]
    assert of_days[0] and all(ids == of_days[0] for ids in of_days[:7])
    assert not set(of_days[0]) & set(of_days[7])


@pytest.mark.parametrize("weeks", [1, 4, 15, 60])
def test_every_run_has_its_turn_once_in_a_round(weeks: int) -> None:
    found = [ids_of_week(i, weeks=weeks) for i in range(weeks)]
    assert sum(map(len, found)) == len(STORED) and set.union(*found) == set(STORED["id"])
    assert ids_of_week(weeks, weeks=weeks) == found[0]


def test_a_store_that_grows_does_not_move_the_turns_of_its_runs() -> None:
    grown = pd.concat([STORED, runs([f"emoji/de-{i}" for i in range(7)])])
    for i in range(4):
        assert ids_of_week(i, grown) & set(STORED["id"]) == ids_of_week(i)


def test_the_order_of_the_store_does_not_matter() -> None:
    again = due_runs(STORED.sample(frac=1, random_state=0), MONDAY, weeks=4)
    assert again["id"].tolist() == due_runs(STORED, MONDAY, 4)["id"].tolist()


def test_benchmarks_and_costs_are_left_out() -> None:
    assert PACKAGED == ("emoji", "han")
    stored = pd.concat([
        runs(["emoji/en-fr", "han/ja-zh", "dbp15k/fr_en", "planted/10k"]), runs(["emoji/en-fr"], "cost"),
    ])  # fmt: skip
    found = due_runs(stored, MONDAY, 1)["spec"]
    assert {spec.task.name for spec in found} == {"emoji/en-fr", "han/ja-zh"} and len(found) == 2
    assert due_runs(stored[:0], MONDAY, 15).empty
    with pytest.raises(ParameterError, match="the number of weeks is 0"):
        due_runs(stored, MONDAY, 0)


def test_the_runs_of_every_week_fit_into_the_time_that_the_workflow_has() -> None:
    text = (Path(__file__).parents[1] / ".github/workflows/weekly.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["results"]
    asked = [re.search(r"psqe results due --weeks (\d+)", step.get("run", "")) for step in job["steps"]]
    (weeks,) = [int(match[1]) for match in asked if match]
    stored = Store().runs()
    seconds = [
        due_runs(stored, MONDAY + timedelta(weeks=i), weeks)["seconds"].astype(float).sum()
        for i in range(weeks)
    ]
    assert min(seconds) > 0 and max(seconds) < 0.8 * 60 * job["timeout-minutes"]


def test_the_status_page_says_where_there_are_no_records() -> None:
    page = (Path(__file__).parents[1] / "notebooks/status.md").read_text(encoding="utf-8")
    assert "if not runs:\n    display(Markdown(status.NO_RECORDS))" in page
    assert "no records in this folder" in status.NO_RECORDS


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
