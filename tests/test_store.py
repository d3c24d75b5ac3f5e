"""The results store: typed, keyed, sorted, never half-written."""

import multiprocessing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import DataError
from psqe.study.old_store import COLUMNS, KEY, METRICS, append, read

ROW: dict[str, Any] = {
    "task": "emoji/en-fr",
    "modalities": ["image", "attribute"],
    "miner": "psqe",
    "variant": "corrected",
    "n_seeds": 600,
    "random_state": 0,
    "precision": 0.86,
}

rows = st.fixed_dictionaries(
    {
        "task": st.sampled_from(["emoji/en-fr", "emoji/en-ja"]),
        "modalities": st.permutations(["image", "attribute", "name"]),
        "miner": st.sampled_from(["pivot", "psqe"]),
        "n_seeds": st.integers(0, 3),
        "random_state": st.integers(0, 2),
        "hits@1": st.floats(0, 1),
    }
)


def test_a_row_is_read_back_with_types_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "results" / "store"
    assert append([ROW], path) == 1
    table = read(path)
    assert list(table.columns) == list(COLUMNS)
    row = table.iloc[0]
    assert row["modalities"] == "attribute+image"
    assert row["n_seeds"] == 600
    assert table["n_seeds"].dtype == "Int64"
    assert row["precision"] == 0.86
    assert pd.isna(row["hits@1"])
    assert "torch" in row["versions"]
    assert row["date"].endswith("+00:00")
    assert row["aligner"] == "-"
    assert row["region"] == "all"


def test_a_lost_environment_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store"
    append([ROW, {**ROW, "n_seeds": 7, "machine": "another"}], path)
    beside = path / "environments.csv"
    lines = beside.read_text().splitlines(keepends=True)
    assert len(lines) == 3
    assert read(path).set_index("n_seeds")["machine"][7] == "another"
    beside.write_text("".join(line for line in lines if "another" not in line))
    with pytest.raises(DataError, match=r"emoji-en-fr\.csv:2: environment .* is not in environments"):
        read(path)


@settings(max_examples=25, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.randoms())
def test_one_row_per_key_the_last_wins_and_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, new: list[dict[str, Any]], random: Any
) -> None:
    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["task"], row["miner"], row["n_seeds"], row["random_state"]

    folder = tmp_path_factory.mktemp("store")
    stamped = [{**row, "date": "2026-01-01T00:00:00+00:00", "revision": "r"} for row in new]
    last = {key(row): row for row in stamped}
    for row in stamped:
        append([row], folder / "one")
    shuffled = list(last.values())
    random.shuffle(shuffled)
    append(shuffled, folder / "all")
    one, all_ = (
        {file.name: file.read_bytes() for file in (folder / x).glob("*.csv")} for x in ("one", "all")
    )
    assert one == all_ and len(one) == 1 + len({row["task"] for row in new})
    table = read(folder / "one")
    assert len(table) == len(last)
    assert not table.duplicated(KEY).any()
    for row in table.to_dict("records"):
        assert row["hits@1"] == pytest.approx(last[key(row)]["hits@1"], rel=1e-6)  # seven digits are kept


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"colour": "red"}, "no column 'colour'"),
        ({"task": None}, "'task' is missing"),
        ({"task": ""}, "'task' is ''"),
        ({"n_seeds": 1.5}, "whole number"),
        ({"n_seeds": "many"}, "give a number"),
        ({"precision": 1.2}, r"must lie in 0\.\.1"),
        ({"precision": None}, f"no metric in it; give at least one of {METRICS[0]}"),
        ({"miner": "two\nlines"}, "printable"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, change: dict[str, Any], part: str
) -> None:
    path = tmp_path / "store"
    with pytest.raises(DataError, match=part):
        append([ROW, {**ROW, "random_state": 1, **change}], path)
    assert not path.exists()


def test_a_store_that_was_edited_by_hand_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "store"
    append([ROW, {**ROW, "random_state": 1}], path)
    file = path / "emoji-en-fr.csv"
    good = file.read_text()
    file.write_text(good.replace("0.86", "86 %", 1))
    with pytest.raises(DataError, match=r"emoji-en-fr\.csv:2: column 'precision' is '86 %'"):
        read(path)
    file.write_text(good + good.splitlines()[-1] + "\n")
    with pytest.raises(DataError, match=r"emoji-en-fr\.csv:4: repeats the key"):
        read(path)
    file.write_text(good.replace("mrr", "rank", 1))
    with pytest.raises(DataError, match="lacks column 'mrr'"):
        read(path)
    file.write_text(good)
    file.rename(path / "copy.csv")
    with pytest.raises(DataError, match=r"copy\.csv:2: task 'emoji/en-fr' does not belong here"):
        read(path)


def test_a_store_from_before_a_column_was_added_is_read_and_completed(tmp_path: Path) -> None:
    path = tmp_path / "store"
    append([ROW], path)
    file = path / "emoji-en-fr.csv"
    later = [name for name, column in COLUMNS.items() if column.later]
    assert later
    pd.read_csv(file, dtype="string").drop(columns=later).to_csv(file, index=False)
    table = read(path)
    assert list(table.columns) == list(COLUMNS)
    assert table[later].isna().all(axis=None)
    append([{**ROW, "n_seeds": 7, "estimated": 0.5}], path)
    assert read(path).set_index("n_seeds")["estimated"][7] == 0.5


def test_no_folder_is_an_empty_store(tmp_path: Path) -> None:
    assert len(read(tmp_path / "none")) == 0


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store"
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=append, args=([{**ROW, "random_state": 10 * w + i} for i in range(3)], path))
        for w in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    assert sorted(read(path)["random_state"]) == [0, 1, 2, 10, 11, 12]
