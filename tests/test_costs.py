"""The table of costs, its views and its figure, and the benchmark that fills it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from psqe.errors import DataError
from psqe.study import costs, figures

ROOT = Path(__file__).parents[1]


def rows(case: str, seconds: float = 1.0, peak_mb: float = 500.0, n: int = 100) -> list[dict[str, Any]]:
    common = {"case": case, "variant": "corrected", "n_left": n, "n_right": n, "threads": 2}
    stages = ("data", "cluster", "refine", "expand", "other", "total")
    return [
        {**common, "stage": s, "seconds": seconds, "peak_mb": None if s == "other" else peak_mb, "seeds": 7}
        for s in stages
    ]


def test_rows_are_read_back_with_types_and_provenance(tmp_path: Path) -> None:
    path = tmp_path / "results" / "costs.csv"
    assert costs.read(path).empty
    written = costs.put(rows("fr_en/1k"), path, revision="abc")
    table = costs.read(path)
    pd.testing.assert_frame_equal(table, written)
    assert table["stage"].tolist() == ["data", "cluster", "refine", "expand", "other", "total"]
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == costs.COLUMNS
    row = table.iloc[4]
    assert row["revision"] == "abc"
    assert "faiss-cpu" in row["versions"]
    assert row["date"].endswith("+00:00")
    assert pd.isna(row["peak_mb"])


def test_a_case_that_is_measured_again_replaces_all_its_rows_and_no_others(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    costs.put([*rows("fr_en/2k"), *rows("fr_en/1k")], path)
    before = costs.read(path)
    costs.put(rows("fr_en/2k", seconds=3.0)[-2:], path)
    table = costs.read(path)
    assert table["case"].tolist() == ["fr_en/1k"] * 6 + ["fr_en/2k"] * 2
    assert table["seconds"].tolist() == [1.0] * 6 + [3.0] * 2
    pd.testing.assert_frame_equal(table[:6], before[:6])
    assert [p.name for p in tmp_path.iterdir() if not p.name.endswith(".lock")] == ["costs.csv"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seconds": -1.0}, "'seconds' is -1.0"),
        ({"seconds": float("inf")}, "'seconds' is inf"),
        ({"seconds": None}, "'seconds' is missing"),
        ({"seeds": 1.5}, "'seeds' is 1.5"),
        ({"colour": "red"}, "no column 'colour'"),
        ({"stage": "total"}, "the same case, variant and stage"),
    ],
)
def test_a_wrong_row_is_told_and_nothing_is_written(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "costs.csv"
    wrong = rows("fr_en/1k")
    wrong[1] |= change
    with pytest.raises(DataError, match=message):
        costs.put(wrong, path)
    assert not path.exists()


def test_a_broken_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    costs.put(rows("fr_en/1k"), path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines) + lines[2])
    with pytest.raises(DataError, match=r"costs\.csv:8: repeats the key"):
        costs.read(path)
    path.write_text("".join([lines[0], lines[1].replace("1.0", "fast")]))
    with pytest.raises(DataError, match=r"costs\.csv:2: column 'seconds' is 'fast'"):
        costs.read(path)
    path.write_text("".join([lines[0].replace("seconds", "time"), *lines[1:]]))
    with pytest.raises(DataError, match="lacks column 'seconds'"):
        costs.read(path)


def test_views_say_what_is_not_measured(tmp_path: Path) -> None:
    empty = costs.read(tmp_path / "none.csv")
    assert costs.not_measured(empty) == list(costs.CASES)
    assert costs.verdict(empty, "fr_en/released") == costs.NOT_MEASURED
    assert costs.limits_table(empty)["time"].tolist() == ["13 hours", *[costs.NOT_MEASURED] * 2]
    assert costs.stage_table(empty, ["fr_en/released"])["stage"].tolist() == [costs.NOT_MEASURED]
    assert costs.source_table(empty)["cases"].tolist() == [costs.NOT_MEASURED]
    assert costs.ratio(empty, "ratios/survey", "two passes", "one pass") is None
    assert costs.scaling(empty).empty


def test_views_compare_with_the_limits(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    # 2,900 MiB are more than 3 GB of 10^9 bytes, 2,800 are less.
    table = costs.put([*rows("fr_en/released", 601, 2900), *rows("fr_en/corrected", 90, 2800)], path)
    assert costs.verdict(table, "fr_en/released") == "over its limit of time and of memory"
    assert costs.verdict(table, "fr_en/corrected") == "within both limits"
    assert costs.limits_table(table)["time"].tolist() == ["13 hours", "10.0 minutes", "90 seconds"]
    assert costs.limits_table(table)["peak memory"].tolist() == ["13.6 GB", "3.04 GB", "2.94 GB"]
    assert costs.stage_table(table, ["fr_en/corrected"])["peak, GB"].tolist()[-2:] == ["", "2.94"]
    assert costs.duration(7200) == "2.0 hours"
    both = [{**row, "variant": v, "seconds": s} for v, s in (("a", 6), ("b", 2)) for row in rows("r/x")[:1]]
    assert costs.ratio(costs.put(both, path), "r/x", "a", "b") == 3


def test_the_figure_draws_every_stage_of_both_data_and_the_border(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    measured = [*rows("fr_en/1k", n=500), *rows("fr_en/2k", 2.0, n=1000), *rows("fr_en/released")]
    table = costs.put([*measured, *rows("planted/1M", n=1_000_000)[:2]], path)
    shown = costs.scaling(table)
    assert set(shown["data"]) == {"fr_en", "planted"}
    assert shown.loc[shown["stage"] == "cluster", "entities"].tolist() == [1000, 2000, 2_000_000]
    seconds, peak = figures.scaling(shown, border=1_000_000).axes
    drawn = [tuple(line.get_xdata()) for line in seconds.get_lines()]
    assert drawn.count((1000, 2000)) == 4
    assert (2_000_000,) in drawn
    assert (1_000_000, 1_000_000) in drawn
    assert [t.get_text() for t in peak.texts] == ["exact ", " approx."]
    nothing = figures.scaling(shown[:0])
    assert [t.get_text() for axes in nothing.axes for t in axes.texts] == [costs.NOT_MEASURED] * 2


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PSQE_DATA": "/nonexistent"}
    command = [sys.executable, str(ROOT / "benchmarks" / "cost.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


def test_the_benchmark_measures_a_tiny_case_from_end_to_end(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    done = benchmark("--case", "planted/60", "--threads", "1", "--results", str(path))
    assert done.returncode == 0, done.stderr
    table = costs.read(path).set_index("stage")
    assert table.index.tolist() == ["data", "cluster", "other", "total"]
    total = table.loc["total"]
    assert (total["n_left"], total["n_seeds"], total["threads"]) == (60, 15, 1)
    assert total["search"] == "exact"
    assert 100 < table.loc["data", "peak_mb"] <= total["peak_mb"] < total["cap_mb"]
    parts = table["seconds"][["cluster", "other"]].sum()
    assert total["seconds"] == pytest.approx(parts, abs=1e-4)
    assert "planted/60" in done.stdout


def test_the_benchmark_tells_what_it_cannot_measure(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    unknown = benchmark("--case", "fr_en/many", "--results", str(path))
    assert unknown.returncode == 2
    assert "there is no case 'fr_en/many'; choose from fr_en/released" in unknown.stderr
    absent = benchmark("--case", "fr_en/1k", "--results", str(path))
    assert absent.returncode == 1
    assert "set PSQE_DATA" in absent.stderr
    assert "fr_en/1k: failed with code 2; its rows stay as they were" in absent.stderr
    assert "Traceback" not in absent.stderr
    assert not path.exists()
