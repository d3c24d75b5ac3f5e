"""Compare a GPU with the CPU: the same seeds, the same models, and what training costs on the GPU.

``python benchmarks/gpu.py`` runs on any machine with CUDA, from a checkout, within five minutes. It needs
numpy, scipy, torch, scikit-learn, pandas, pydantic and tqdm, and no other package. It measures, in this
order:

1. seeds of every deterministic miner on a planted pair, mined on the CPU and on the device;
2. every trained aligner with every preset, trained for a few epochs on the CPU, on the device, and on the
   device again: embeddings, nearest neighbours and links, in single and in double precision. Dropout is
   switched off, because a GPU draws other numbers;
3. seconds of one epoch and peak memory of every trained aligner: on DBP15K fr_en if ``--dbp15k`` names its
   folder, and on a planted pair of about its size. Vectors are drawn at random;
4. seeds of every deterministic miner on DBP15K fr_en, if its folder is given.

It prints tables and what they mean in sentences. What the time does not allow is left out, and named. The
exit code is 1 if the device gives other seeds than the CPU, or other embeddings in double precision.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from psqe.aligners import ALIGNERS, Aligner, TrainedAligner
from psqe.cost import peak_memory_mb
from psqe.datasets.faults import Faults
from psqe.datasets.layouts import LAYOUTS
from psqe.datasets.synthetic import planted_pair, planted_vectors
from psqe.errors import PsqeError, PsqeWarning
from psqe.features.base import Features
from psqe.graph import AlignmentTask, IntArray
from psqe.links.predict import predict_links
from psqe.provenance import provenance
from psqe.seeds import MINERS, SeedSet, true_links
from psqe.similarity import top_k
from psqe.study.costs import WIDTHS
from psqe.training.callback import Callback
from psqe.training.loop import Training, check_device

Row = dict[str, Any]
Data = tuple[AlignmentTask, Features]

CASES: Mapping[str, tuple[Row, ...]] = {
    "psqe": ({"variant": "corrected"}, {"variant": "released", "switches": {"n_epochs": 20}}),
    "random": (),  # there is nothing to compare
}
"""The parameters that some miners are compared with; other miners are compared once, with their defaults."""

N_LINKS = 4500
"""Number of gold links that models are trained on where their cost is measured, as in the training links of
DBP15K; half of the links of a pair that has fewer than twice as many."""

AGREEMENT_EPOCHS = 3
TOLERANCE = 1e-6
"""Largest difference of an embedding in double precision that counts as rounding."""


@dataclass(frozen=True)
class Sizes:
    """How large the pairs are, and how long the trainings.

    Attributes
    ----------
    agreement
        Entities on a side of the planted pair on which the device is compared with the CPU.
    cost
        Entities on a side of the planted pair on which costs are measured.
    seconds
        Seconds after which the timing of one model ends.
    epochs
        Most epochs of the timing of one model. The first one is not counted.
    """

    agreement: int
    cost: int
    seconds: float
    epochs: int


GPU_SIZES = Sizes(agreement=1200, cost=20_000, seconds=15.0, epochs=11)
CPU_SIZES = Sizes(agreement=60, cost=120, seconds=1.0, epochs=3)
"""Sizes without a GPU, where the benchmark only shows that it runs."""


@dataclass
class Results:
    """What was measured, and what the time did not allow.

    Attributes
    ----------
    device
        The torch device that is compared with the CPU.
    ends
        The reading of ``time.monotonic`` at which the time is over.
    tables
        The rows of each table.
    left_out
        What was not measured, and why.
    """

    device: str
    ends: float
    tables: dict[str, list[Row]] = field(default_factory=lambda: {"seeds": [], "agreement": [], "cost": []})
    left_out: list[str] = field(default_factory=list)

    def measure(self, table: str, what: Mapping[str, str], rows: Iterator[Row], needs: float = 1.0) -> None:
        """Add rows to a table, unless fewer than ``needs`` seconds are left or the memory is too small."""
        name = f"{table}: {', '.join(value for value in what.values() if value)}"
        if self.ends - time.monotonic() < needs:
            self.left_out.append(f"{name} (the time was over)")
            return
        print(f"measuring {name}", file=sys.stderr, flush=True)
        try:
            self.tables[table] += [{**what, **row} for row in rows]
        except torch.cuda.OutOfMemoryError:
            self.left_out.append(f"{name} (the GPU's memory is too small)")
        except PsqeError as error:
            self.left_out.append(f"{name} ({error})")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class Stopwatch(Callback):
    """Takes the time at the end of every epoch, and ends the training when it has taken long enough."""

    def __init__(self, device: str, seconds: float) -> None:
        self.device, self.seconds = device, seconds
        self.times: list[float] = []

    def epoch_ends(self, training: Training) -> None:
        """Wait until the device has done the epoch, and note the time."""
        if self.device != "cpu":
            torch.cuda.synchronize(self.device)
        self.times.append(time.perf_counter())
        if len(self.times) > 1 and self.times[-1] - self.times[0] > self.seconds:
            training.stop()

    @property
    def per_epoch(self) -> float:
        """Median seconds of an epoch after the first."""
        return float(np.median(np.diff(self.times)))


def main() -> int:
    """Measure, print the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--device", default="cuda", help="the torch device; cpu shows that the script runs")
    parser.add_argument("--minutes", type=float, default=5.0, help="when to stop; 5 unless given")
    parser.add_argument("--dbp15k", type=Path, metavar="DIR", help="the folder fr_en of DBP15K")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all that was measured")
    given = parser.parse_args()
    if not given.minutes > 0:
        parser.error("--minutes must be above 0")
    try:
        check_device(given.device)
        pair = None if given.dbp15k is None else dbp15k(given.dbp15k)
    except PsqeError as error:
        print(error, file=sys.stderr)
        return 2
    results = Results(given.device, time.monotonic() + 60 * given.minutes)
    warnings.simplefilter("ignore", PsqeWarning)  # fewer seeds than wanted: the table says how many
    measure_all(results, CPU_SIZES if given.device == "cpu" else GPU_SIZES, pair)
    said = sentences(results)
    where = {**provenance(), "device": described(given.device)}
    if given.json:
        content = {"environment": where, **results.tables, "left_out": results.left_out, "says": said}
        given.json.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print("\n".join(f"{name}: {value}" for name, value in where.items()))
    for name, rows in results.tables.items():
        table = pd.DataFrame(rows).drop(columns=["cpu only", "device only"], errors="ignore")
        print(f"\n{name}\n{table.to_string(index=False, na_rep='', float_format=lambda x: f'{x:.4g}')}")
    print("", *said, sep="\n")
    return int(bool(differing_seeds(results) or differing_models(results)))


def measure_all(results: Results, sizes: Sizes, pair: Data | None) -> None:
    """Measure everything: agreement first, then costs, then what takes long on a CPU."""
    small = planted_pair(sizes.agreement, dim=64, random_state=0)
    for what, given in miners(sizes.agreement // 4):
        rows = seed_rows(what, given, results.device, *small)
        results.measure("seeds", {"task": f"planted/{sizes.agreement}", **what}, rows)
    for model, given in models():
        for dtype in ("float32", "float64"):
            what = {"task": f"planted/{sizes.agreement}", **model, "dtype": dtype}
            results.measure("agreement", what, agreement_rows(what, given, results.device, *small))
    if pair is not None:
        measure_costs(results, sizes, "dbp15k/fr_en", pair)
    large = planted_pair(sizes.cost, dim=300, modalities=sorted(WIDTHS), random_state=0)
    measure_costs(results, sizes, f"planted/{sizes.cost}", large)
    if pair is not None:
        for what, given in miners(1000):
            rows = seed_rows(what, given, results.device, *pair)
            results.measure("seeds", {"task": "dbp15k/fr_en", **what}, rows, needs=60)


def measure_costs(results: Results, sizes: Sizes, name: str, data: Data) -> None:
    """Measure the cost of every model on one pair; the dearest model so far says how much time one needs."""
    dearest = 1.0
    for model, given in models():
        started = time.monotonic()
        rows = cost_rows(model, given, results.device, sizes, data)
        results.measure("cost", {"task": name, **model}, rows, needs=dearest)
        dearest = max(dearest, time.monotonic() - started)


def dbp15k(folder: Path) -> Data:
    """Read DBP15K and draw vectors for its entities.

    The layout is named, because looking for it would import packages that the benchmark does without.
    """
    task = LAYOUTS["jape"].read(folder, name="dbp15k/fr_en", faults=Faults())
    assert task is not None  # unless faults are gathered, the first one has been raised
    return task, planted_vectors(task, WIDTHS, random_state=0)


def miners(n_seeds: int) -> Iterator[tuple[Row, Row]]:
    """Yield what tells a miner apart, and its parameters."""
    for name in MINERS:
        for parameters in CASES.get(name, ({},)):
            yield (
                {"miner": name, "variant": parameters.get("variant", "")},
                {"n_seeds": n_seeds, **parameters},
            )


def models() -> Iterator[tuple[Row, Row]]:
    """Yield what tells a trained model apart, and the parameters that differ from those of the preset."""
    for name, kind in ALIGNERS.items():
        if not issubclass(kind, TrainedAligner):
            continue
        for preset in kind.PRESETS:
            yield {"aligner": name, "preset": preset, "variant": ""}, {}
        if "variant" in parameters_of(kind):
            yield {"aligner": name, "preset": "published", "variant": "released"}, {"variant": "released"}


def parameters_of(kind: type) -> set[str]:
    """Return the names of the parameters of a miner or an aligner."""
    return set(inspect.signature(kind).parameters)


def seed_rows(what: Row, given: Row, device: str, task: AlignmentTask, features: Features) -> Iterator[Row]:
    """Yield the row that compares the seeds of the CPU with those of the device."""
    kind = MINERS[what["miner"]]
    on_device = {"device": device} if "device" in parameters_of(kind) else {}
    there = kind(**given, **on_device).mine(task, features)
    here = kind(**given).mine(task, features)
    pairs, others = ({(int(i), int(j)) for i, j in seeds.pairs} for seeds in (here, there))
    yield {
        "computed on": on_device.get("device", "cpu"),
        "seeds": len(here),
        "equal": len(pairs & others) / max(1, len(pairs | others)),
        "same order": bool(np.array_equal(here.pairs, there.pairs)),
        "cpu s": here.seconds,
        "device s": there.seconds,
        "cpu only": listed(pairs - others),
        "device only": listed(others - pairs),
    }


def listed(pairs: set[tuple[int, int]], most: int = 20) -> str:
    """Return pairs of indices as a text, at most so many of them, with the number of those left out."""
    shown = [f"{left}-{right}" for left, right in sorted(pairs)[:most]]
    more = [f"and {len(pairs) - most} more"] if len(pairs) > most else []
    return ", ".join(shown + more) or "none"


def agreement_rows(
    what: Row, given: Row, device: str, task: AlignmentTask, features: Features
) -> Iterator[Row]:
    """Yield the row that compares a model of the CPU with that of the device, and two of the device."""
    kind = ALIGNERS[what["aligner"]]
    no_dropout = {"dropout": 0.0} if "dropout" in parameters_of(kind) else {}
    given = {**given, **no_dropout, "n_epochs": AGREEMENT_EPOCHS, "dtype": what["dtype"]}
    seeds = true_links(task, len(task.links) // 4)
    cpu, first, second = (
        kind.preset(what["preset"], **given, device=place).fit(task, features, seeds)
        for place in ("cpu", device, device)
    )
    nearest, links = zip(*(answers(model, seeds, task, features) for model in (cpu, first)), strict=True)
    yield {
        "largest difference": difference(cpu, first),
        "between two runs": difference(first, second),
        "same nearest": float((nearest[0] == nearest[1]).mean()),
        "same links": len(links[0] & links[1]) / max(1, len(links[0] | links[1])),
    }


def difference(model: Aligner, other: Aligner) -> float:
    """Return the largest difference between the embeddings of two models."""
    both = zip(model.embeddings(), other.embeddings(), strict=True)
    return max(float(np.abs(x - y).max()) for x, y in both)


def answers(
    model: Aligner, seeds: SeedSet, task: AlignmentTask, features: Features
) -> tuple[IntArray, set[tuple[int, int]]]:
    """Return the nearest right candidate of every left candidate, and the links that are predicted."""
    nearest, _ = top_k(model.similarity(task.left.candidates, task.right.candidates), 1)
    links = predict_links(task, features, model.similarity, seeds=seeds)
    return nearest[:, 0], {(int(i), int(j)) for i, j in links.pairs}


def cost_rows(what: Row, given: Row, device: str, sizes: Sizes, data: Data) -> Iterator[Row]:
    """Yield the row with seconds of one epoch and peak memory of a model."""
    task, features = data
    seeds = true_links(task, min(N_LINKS, len(task.links) // 2))
    on_gpu = torch.device(device).type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    watch = Stopwatch(device, sizes.seconds)
    kind = ALIGNERS[what["aligner"]]
    model = kind.preset(what["preset"], **given, device=device, n_epochs=sizes.epochs)
    model.fit(task, features, seeds, callback=watch)
    yield {
        "entities": sum(features.shape),
        "width": sum(modality.dim for modality in features.values()),
        "links": len(seeds),
        "batch": model.batch_size,
        "s an epoch": watch.per_epoch,
        "epochs": len(watch.times),
        "s in all": model.seconds_,
        "gpu GB": torch.cuda.max_memory_allocated(device) / 1e9 if on_gpu else None,
        "process GB": peak_memory_mb() * 2**20 / 1e9,
    }


def described(device: str) -> str:
    """Return the name and the memory of a GPU, and the version of CUDA; ``cpu`` for the CPU."""
    if torch.device(device).type == "cpu":
        return "cpu"
    properties = torch.cuda.get_device_properties(device)
    return f"{properties.name}, {properties.total_memory / 1e9:.0f} GB, CUDA {torch.version.cuda}"


def differing_seeds(results: Results) -> list[Row]:
    """Return the rows about seeds that are not the same on the device."""
    return [row for row in results.tables["seeds"] if row["equal"] < 1]


def differing_models(results: Results) -> list[Row]:
    """Return the rows about embeddings in double precision that differ by more than rounding explains."""
    return [
        row
        for row in results.tables["agreement"]
        if row["dtype"] == "float64" and not row["largest difference"] <= TOLERANCE
    ]


def sentences(results: Results) -> list[str]:
    """Say in sentences what differs, what agrees and what was left out."""
    rows = results.tables["seeds"]
    said = [
        f"Miner {row['miner']} {row['variant']} finds other seeds on the device, on {row['task']}: "
        f"{row['equal']:.2%} of all pairs are in both sets. Only on the CPU: {row['cpu only']}. Only on the "
        f"device: {row['device only']}."
        for row in differing_seeds(results)
    ]
    if rows and not said:
        said.append(f"All {len(rows)} comparisons of seeds gave the same pairs on the CPU and the device.")
    alone = sorted({row["miner"] for row in rows if row["computed on"] != results.device})
    if alone:
        said.append(f"These miners compute on the CPU alone, and were run twice on it: {', '.join(alone)}.")
    said += [
        f"{row['aligner']} {row['preset']} {row['variant']} differs in double precision by "
        f"{row['largest difference']:.1g}, which rounding does not explain."
        for row in differing_models(results)
    ]
    for dtype in ("float32", "float64"):
        rows = [row for row in results.tables["agreement"] if row["dtype"] == dtype]
        if rows:
            said.append(
                f"In {dtype}, embeddings after {AGREEMENT_EPOCHS} epochs differ by at most "
                f"{max(row['largest difference'] for row in rows):.1g} between CPU and device, and by "
                f"{max(row['between two runs'] for row in rows):.1g} between two runs on the device; at "
                f"least {min(row['same nearest'] for row in rows):.2%} of the nearest neighbours and "
                f"{min(row['same links'] for row in rows):.2%} of the links are the same."
            )
    return said + [f"Left out: {what}." for what in results.left_out]


if __name__ == "__main__":
    sys.exit(main())
