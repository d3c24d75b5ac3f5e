"""The command ``psqe seeds``: mine pseudo-seeds and audit them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from psqe.cli.arguments import check_ending
from psqe.cli.groups import flat_options
from psqe.cli.options import Device, FeatureGroup, MinerGroup, RandomState, Scheduler, TaskGroup
from psqe.cli.outputs import Outputs
from psqe.cli.streams import tell_step
from psqe.datasets.own_outputs import check_tabs
from psqe.files import write_json
from psqe.graph import counted
from psqe.process_limits import MEMORY_TO_COMPUTE, check_memory


@flat_options
def seeds(
    task: TaskGroup,
    miner: MinerGroup,
    features: FeatureGroup,
    device: Device = None,
    random_state: RandomState = 0,
    scheduler: Scheduler = None,
    out: Annotated[
        Path, typer.Option(help="File for the seeds; .npy writes the form of other projects.")
    ] = Path("seeds.tsv"),
    json_out: Annotated[Path | None, typer.Option("--json", help="File for the audit.")] = None,
) -> None:
    """Mine pseudo-seeds and audit them."""
    tell_step(f"reading {task.task}")
    begun = time.perf_counter()
    check_ending("--out", out, (".tsv", ".npy"))
    task.check_outputs(out, json_out, inputs=features.features or ())
    chosen = features.options(task)
    pair = task.load()
    if out.suffix != ".npy":
        check_tabs(pair, remedy="write the seeds to a file that ends in .npy")
    # These imports load torch. Faults of the pair are reported before that.
    tell_step("loading libraries, and making features")
    check_memory(MEMORY_TO_COMPUTE)
    from psqe import api, defaults
    from psqe.evaluation.regions import all_regions
    from psqe.evaluation.truth import verdict
    from psqe.provenance import versions
    from psqe.seeds import audit

    resolved = defaults.choose_features(pair, chosen)
    vectors = api.load_features(pair, resolved)
    options = miner.options(device)
    tell_step("mining seeds")
    found = api.mine_seeds(
        pair, features=vectors, seeds=options, random_state=random_state, scheduler=scheduler
    )
    report = audit(found, pair, all_regions(pair, vectors))
    outputs = Outputs()
    with outputs.written():
        if out.suffix == ".npy":
            found.save_npy(out, pair)
        else:
            found.save_tsv(out, pair)
    choices = "; ".join(defaults.describe_choices(pair, chosen, vectors, options, found))
    if json_out is not None:
        parameters = {**api.describe_data(pair, resolved, vectors), **api.describe_seeds(found, options)}
        costs = {"seconds": found.seconds, "peak_mb": found.peak_mb, "choices": choices}
        with outputs.written():
            write_json(json_out, {**report, **costs, "parameters": parameters, "versions": versions()})
    outputs.check()
    quality = "no precision without seeds"
    if report["estimated_precision"] is not None:
        quality = f"estimated precision {report['estimated_precision']:.3f}"
    if report["precision"] is not None and report["n_judged"] < len(found):
        quality += f", {verdict(report['n_correct'], report['n_judged'], len(found))}"
    elif report["precision"] is not None:
        low, high = report["precision_interval"]
        quality += f", by gold links {report['precision']:.3f} ({low:.3f} to {high:.3f})"
    if choices:
        typer.echo(f"chosen: {choices}")
    typer.echo(
        f"{counted(len(found), 'seed')}, {quality}, {time.perf_counter() - begun:.1f} s in all -> {out}"
    )
