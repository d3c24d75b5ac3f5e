"""Commands that are killed at random moments and started again, until they end.

Nothing that was finished is lost, nothing that is half written is read, what they leave in the end is what an
undisturbed run leaves, and no temporary file stays behind. Half of the kills come at a share of the time that
an undisturbed run takes, the other half right before one of its changes of files. The moments are drawn with
a fixed random state and spread over the whole run.

By default there are two kills for each command. The variable ``PSQE_KILLS`` of the environment is the total
number of kills; ``PSQE_KILLS=60 python -m pytest tests/test_kills.py -s`` kills 60 times and prints what it
did.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cities
import killing
import numpy as np
import pytest
import torch
from PIL import Image

from psqe.graph import SIDES
from psqe.options import FeatureOptions, MinerOptions, TaskOptions
from psqe.study.columns import KEYS, VALUES
from psqe.study.plans import PLANS, Plan
from psqe.study.spec import RunSpec
from psqe.study.store import Store
from psqe.temporary import MARK

ROOT = Path(__file__).parents[1]
COUNTRIES = "examples/countries"
STATES = (0, 1)
N_EPOCHS = 40
EPOCHS = f"n_epochs={N_EPOCHS}"


@dataclass(frozen=True)
class Scenario:
    """A command to kill.

    Attributes
    ----------
    arguments
        Its arguments.
    prepare
        Writes its inputs into a new folder.
    finished
        Reads what is finished in the folder at any time: content by name, without costs and dates.
    setup
        Makes it keep what is finished more often than once a minute, as it does after hours.
    stamps
        Reads what tells whether something was made twice, such as dates, by name.
    """

    arguments: tuple[str, ...]
    prepare: Callable[[Path], None]
    finished: Callable[[Path], Mapping[str, object]]
    setup: Callable[[], None] | None = None
    stamps: Callable[[Path], Mapping[str, object]] = field(default=lambda _: {})


# ---- results that go into a store


def tiny_plan() -> None:
    task, miner = TaskOptions(name=COUNTRIES), MinerOptions(name="mutual", n_seeds=9)
    names = FeatureOptions(modalities=("name",), encoders={"name": "bigram"})

    def specs(_: object, states: Sequence[int]) -> list[RunSpec]:
        return [
            *(RunSpec(subject="facts", task=task, random_state=state) for state in states),
            *(
                RunSpec(subject="seeds", task=task, features=names, miner=miner, random_state=state)
                for state in states
            ),
        ]

    PLANS["tiny"] = Plan("a few runs that take a moment", specs, (COUNTRIES,), STATES)


def prepare_store(folder: Path) -> None:
    shutil.copytree(ROOT / COUNTRIES, folder / COUNTRIES)
    (folder / "store").mkdir()


def runs_of(folder: Path) -> dict[str, object]:
    store = Store(folder / "store")
    found: dict[str, object] = {}
    for subject in ("facts", "seeds"):
        table = store.table(subject)
        columns = ["spec", *KEYS[subject], *VALUES[subject]]
        columns = [name for name in columns if name not in ("stage_seconds", "seconds")]
        for run, rows in table.groupby("id"):
            found[str(run)] = rows[columns].to_csv(index=False)
    return found


def dates_of(folder: Path) -> dict[str, object]:
    runs = Store(folder / "store").runs()
    return {row.id: (row.date, row.seconds) for row in runs.itertuples()}


# ---- a training with a checkpoint


def prepare_vectors(folder: Path) -> None:
    from psqe.datasets import load_task

    task = load_task(cities.written(folder / "pair"))
    rng = np.random.default_rng(0)
    vectors = {f"given_{side}": rng.normal(size=(task.sides[side].n_entities, 8)) for side in SIDES}
    entities = {f"{side}_entities": np.array(task.sides[side].entities) for side in SIDES}
    np.savez(folder / "f.npz", **vectors, **entities)


def often_checkpoints() -> None:
    from psqe.training.checkpoint import Checkpoint

    Checkpoint.__init__.__kwdefaults__["every_s"] = 0.0


def written_by(folder: Path) -> dict[str, object]:
    """The files that a command writes, each of which is whole as soon as it is there."""
    found: dict[str, object] = {path.name: path.read_text() for path in folder.glob("[!.]*.tsv")}
    if (folder / "r.json").exists():
        found["r.json"] = json.loads((folder / "r.json").read_text(), object_hook=_without_costs)
    return found


def _without_costs(content: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in content.items() if key not in ("seconds", "peak_mb")}


def epochs_of(folder: Path) -> dict[str, object]:
    state = state_of(folder)
    return {f"epoch {i}": True for i in range(state["epoch"])} if state else {}


def links_and_checkpoint(folder: Path) -> dict[str, object]:
    """The files of the command, and what is in its checkpoint when that is the one of the last epoch."""
    found, state = written_by(folder), state_of(folder)
    if state and state["epoch"] == N_EPOCHS:
        found["c.pt"] = plain(state)
    return found


def state_of(folder: Path) -> dict[str, Any]:
    path = folder / "c.pt"
    return torch.load(path, weights_only=True) if path.exists() else {}


def plain(value: Any) -> Any:
    """A state with the bytes of tensors in their place, which can be compared."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


# ---- vectors of pictures in a cold cache


def prepare_pictures(folder: Path) -> None:
    pair = cities.written(folder / "pair")
    rng = np.random.default_rng(0)
    for side, column in (("left", 0), ("right", 1)):
        (pair / side / "images").mkdir()
        for link in cities.LINKS:
            pixels = rng.integers(0, 255, size=(64, 64), dtype=np.uint8)
            Image.fromarray(pixels).save(pair / side / "images" / f"{link[column]}.png")


def small_batches() -> None:
    from psqe.features import encoder_registry
    from psqe.features.encoders.pixels import Pixels

    encoder_registry.SAVE_EVERY_S = 0.0
    Pixels.batch_size = 2


def vectors_of(folder: Path) -> dict[str, object]:
    found = written_by(folder)
    for shard in (folder / "cache").rglob("[!.]*.npz"):
        with np.load(shard) as archive:
            rows = zip(archive["keys"].tolist(), archive["vectors"], strict=True)
            found |= {key.decode(): row.tobytes() for key, row in rows}
    return found


GIVEN = ("pair", "--features", "f.npz", "--n-seeds", "6", "--json", "r.json")
SCENARIOS = {
    "results fill": Scenario(
        ("results", "fill", "tiny", "--store", "store"), prepare_store, runs_of, tiny_plan, dates_of
    ),
    "align --checkpoint": Scenario(
        ("align", *GIVEN, "--checkpoint", "c.pt", "--aligner", "mclea", "--parameter", EPOCHS),
        prepare_vectors, links_and_checkpoint, often_checkpoints, epochs_of,
    ),
    "seeds": Scenario(("seeds", *GIVEN), prepare_vectors, written_by),
    "a cold cache": Scenario(
        ("seeds", "pair", "--modalities", "image", "--encoder", "image=pixels", "--miner", "mutual"),
        prepare_pictures, vectors_of, small_batches,
    ),
}  # fmt: skip
KILLS = -(-int(os.environ.get("PSQE_KILLS", "8")) // len(SCENARIOS))


def command(scenario: Scenario, folder: Path) -> killing.Command:
    """The command in a folder of its own, in which it keeps its cache and its temporary files, too."""
    folder.mkdir()
    scenario.prepare(folder)
    (folder / "tmp").mkdir()
    places = {"PSQE_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp")}
    return killing.Command(scenario.arguments, folder, scenario.setup, places)


def left_over(folder: Path) -> list[str]:
    """The temporary files in a folder, but for those that are not ours.

    Torch makes a folder for what it compiles. Python tries by a file of eight letters with four bytes
    whether it can write into a folder for temporary files.
    """
    ours = [path for path in folder.rglob("*") if MARK in path.name]
    others = [
        path
        for path in (folder / "tmp").iterdir()
        if not path.name.startswith("torchinductor_")
        and not (re.fullmatch("[a-z0-9_]{8}", path.name) and path.stat().st_size <= 4)
    ]
    return [str(path) for path in (*ours, *others)]


def differing(part: Mapping[str, object], whole: Mapping[str, object]) -> list[str]:
    """The names of what is in the first mapping, and not the same in the second one."""
    return [name for name in part if name not in whole or part[name] != whole[name]]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_command_that_is_killed_and_started_again_ends_like_an_undisturbed_one(
    name: str, tmp_path: Path
) -> None:
    scenario, draw, begun = SCENARIOS[name], random.Random(name), time.monotonic()
    whole = command(scenario, tmp_path / "whole")
    ended = killing.run(whole)
    assert ended.code == 0, ended.told
    wanted, seconds, n_changes = scenario.finished(whole.folder), ended.seconds, killing.n_changes(whole)
    assert wanted and n_changes > 1 and not left_over(whole.folder)
    kills: list[str] = []
    n_chains = n_late = n_found = 0
    while len(kills) < KILLS:
        n_chains += 1
        assert n_late < 2 * KILLS, "most kills come too late"
        chain = command(scenario, tmp_path / f"chain-{n_chains}")
        n_wanted = min(draw.randint(1, 3), KILLS - len(kills))
        seen: dict[str, object] = {}
        for n_killed in range(n_wanted + 1):
            share, by_time = (len(kills) + draw.random()) / KILLS, len(kills) % 2 == 0
            if n_killed == n_wanted:
                ended = killing.run(chain)
            elif by_time:
                ended = killing.run(chain, after=share * seconds)
            else:
                ended = killing.run(chain, at_change=int(share * n_changes))
            finished, stamps = scenario.finished(chain.folder), scenario.stamps(chain.folder)
            assert not differing(finished, wanted), "something half written was read"
            assert not differing(seen, {**finished, **stamps}), "something finished was lost"
            if ended.code != -signal.SIGKILL:
                n_late += n_killed < n_wanted
                seconds = ended.seconds if n_killed == 0 else seconds  # the first run is slower
                break
            kills.append(f"{share:.0%} of {'the time' if by_time else f'{n_changes} changes'}")
            seen = {**finished, **stamps}
            n_found += len(seen)
        assert ended.code == 0, ended.told
        assert not differing(wanted, finished) and not left_over(chain.folder)
    print(
        f"\n{name}: {len(kills)} kills in {n_chains} chains, {n_late} more came too late; {n_found} finished "
        f"things were found after them, and none was lost; {time.monotonic() - begun:.0f} s"
    )
    print("  at", ", ".join(kills))
