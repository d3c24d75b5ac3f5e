"""The benchmark of costs measures a case in a process of its own and puts it into the store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from stored import cost_run

from psqe.study.store import Store

ROOT = Path(__file__).parents[1]


def benchmark(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PSQE_DATA": "/nonexistent"}
    command = [sys.executable, str(ROOT / "benchmarks" / "cost.py"), *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_benchmark_measures_a_tiny_case_from_end_to_end(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put([cost_run("planted/60", seconds=1e6), cost_run("fr_en/1k")])
    done = benchmark("--case", "planted/60", "--threads", "1", "--results", str(store.folder))
    assert done.returncode == 0, done.stderr
    both = store.table("cost")
    assert both.groupby("task").size().to_dict() == {"fr_en/1k": 6, "planted/60": 4}, "old rows are replaced"
    table = both[both["task"] == "planted/60"].set_index("stage")
    assert table.index.tolist() == ["data", "cluster", "other", "total"]
    total = table.loc["total"]
    assert (total["n_left"], total["n_seeds"], total["threads"]) == (60, 15, 1)
    assert total["search"] == "exact"
    assert 100 < table.loc["data", "stage_peak_mb"] <= total["stage_peak_mb"] < total["cap_mb"]
    parts = table["stage_seconds"][["cluster", "other"]].sum()
    assert total["stage_seconds"] == pytest.approx(parts, abs=1e-4)
    assert (total["seconds"], total["peak_mb"]) == (total["stage_seconds"], total["stage_peak_mb"])
    assert "faiss-cpu" in total["versions"]
    assert "planted/60" in done.stdout


def test_the_benchmark_tells_what_it_cannot_measure(tmp_path: Path) -> None:
    path = tmp_path / "store"
    unknown = benchmark("--case", "fr_en/many", "--results", str(path))
    assert unknown.returncode == 2
    assert "there is no case 'fr_en/many'; choose from fr_en/released" in unknown.stderr
    absent = benchmark("--case", "fr_en/1k", "--results", str(path))
    assert absent.returncode == 1
    assert "set PSQE_DATA" in absent.stderr
    assert "fr_en/1k: failed with code 2; its rows stay as they were" in absent.stderr
    assert "Traceback" not in absent.stderr
    assert not path.exists()


def test_a_system_is_measured_without_the_seeds_that_it_is_not_given(tmp_path: Path) -> None:
    given = ["--system", "PARIS, no seeds", "--seeds", str(tmp_path / "absent.npy")]
    done = benchmark("--measure", "systems/examples/countries", *given)
    assert done.returncode == 0, done.stderr
    data, total = json.loads(done.stdout.splitlines()[-1])
    assert {data["variant"], total["variant"]} == {"PARIS, no seeds"}
    assert (data["stage"], total["stage"]) == ("data", "total")
    assert total["stage_seconds"] > 0 and 100 < data["stage_peak_mb"] <= total["stage_peak_mb"]
