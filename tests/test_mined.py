"""Seeds that are mined once and read again: the same seeds, and only from the same data."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from psqe.datasets.synthetic import planted_pair
from psqe.errors import CacheError, PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask
from psqe.seeds import Miner, SeedSet
from psqe.seeds.miners.mutual import MutualMiner
from psqe.seeds.miners.pivot import PivotMiner
from psqe.seeds.miners.psqe import PSQEMiner
from psqe.study.mined import mined

Pair = tuple[AlignmentTask, Features]


@pytest.fixture
def mining(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the miners that have mined, in order."""
    done: list[str] = []
    mine = Miner.mine

    def noted(self: Miner, task: AlignmentTask, features: Features) -> SeedSet:
        done.append(self.name)
        return mine(self, task, features)

    monkeypatch.setattr(Miner, "mine", noted)
    return done


def same(a: object, b: object) -> bool:
    """Whether two values are equal, bit by bit and type by type."""
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return all(same(getattr(a, part.name), getattr(b, part.name)) for part in fields(a))
    return a == b


@pytest.mark.parametrize("miner", [PSQEMiner(20, n_clusters=2), PivotMiner(20), MutualMiner()])
def test_the_second_time_seeds_are_read_and_are_the_same_in_every_field(
    planted: Pair, tmp_path: Path, mining: list[str], miner: Miner
) -> None:
    first = mined(miner, *planted, tmp_path)
    again = mined(miner, *planted, tmp_path)
    assert mining == [miner.name]
    assert len(first.trace) and same(first, again)


def test_other_data_another_order_and_another_parameter_are_mined_anew(
    planted: Pair, tmp_path: Path, mining: list[str]
) -> None:
    task, features = planted
    miner = MutualMiner(10)
    mined(miner, task, features, tmp_path)
    turned = np.arange(task.left.n_entities)[::-1].copy()
    there = np.arange(task.right.n_entities)
    renamed = replace(task, left=replace(task.left, names=tuple(f"{i}" for i in range(len(turned)))))
    name = next(iter(features))
    for data in (
        (task.take(turned, there), features.take(turned, there)),
        (renamed, features),
        (replace(task, right=replace(task.right, triples=task.right.triples[1:])), features),
        (task, features.select([name])),
    ):
        mined(miner, *data, tmp_path)
    mined(MutualMiner(11), task, features, tmp_path)
    assert len(mining) == 6
    mined(miner, replace(task, links=task.links[:5] if task.links is not None else None), features, tmp_path)
    assert len(mining) == 6, "no miner reads gold links"


def test_a_broken_file_is_told_and_made_again(planted: Pair, tmp_path: Path, mining: list[str]) -> None:
    first = mined(MutualMiner(10), *planted, tmp_path)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(file.read_bytes()[:100])
    with pytest.warns(PsqeWarning, match=r"broken cache file .*; the seeds are mined again"):
        again = mined(MutualMiner(10), *planted, tmp_path)
    assert same(replace(again, seconds=0.0, peak_mb=0.0), replace(first, seconds=0.0, peak_mb=0.0))
    assert same(again, mined(MutualMiner(10), *planted, tmp_path)) and len(mining) == 2


def test_the_warning_about_too_few_seeds_is_never_lost(planted: Pair, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.warns(PsqeWarning, match="asked for"):
            mined(MutualMiner(10_000), *planted, tmp_path)


def test_a_folder_that_cannot_be_made_is_one_error_with_its_remedy(planted: Pair, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CacheError, match=r"mined seeds cannot be saved here .*; set PSQE_CACHE"):
        mined(MutualMiner(10), *planted, tmp_path / "file" / "seeds")


def test_a_file_with_the_seeds_of_something_else_is_mined_again(tmp_path: Path) -> None:
    miner = MutualMiner(10)
    large, small = (planted_pair(n, 2, 8) for n in (60, 30))
    mined(miner, *large, tmp_path)
    own = mined(miner, *small, tmp_path)
    paths = sorted(tmp_path.glob("*.npz"), key=lambda path: path.stat().st_mtime_ns)
    paths[1].write_bytes(paths[0].read_bytes())
    with pytest.warns(PsqeWarning, match="the seeds of something else"):
        again = mined(miner, *small, tmp_path)
    assert (again.pairs == own.pairs).all()
