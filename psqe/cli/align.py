"""The command ``psqe align``: from two graphs to links."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from psqe.cli.arguments import check_ending
from psqe.cli.groups import flat_options
from psqe.cli.options import (
    AlignerGroup,
    Device,
    FeatureGroup,
    LinkGroup,
    MinerGroup,
    RandomState,
    Scheduler,
    TaskGroup,
)
from psqe.cli.outputs import Outputs
from psqe.cli.streams import tell_step
from psqe.datasets.own_outputs import LINK_ENDINGS, check_tabs
from psqe.datasets.saved_run import SAVED, check_replaceable
from psqe.errors import ParameterError
from psqe.files import write_json
from psqe.graph import counted
from psqe.process_limits import MEMORY_TO_COMPUTE, check_memory


def saved_files(folder: Path | None) -> list[Path]:
    """Return the files that ``--save`` writes; none where it is not given."""
    return [] if folder is None else [folder / name for name in SAVED]


@flat_options
def align(
    task: TaskGroup,
    miner: MinerGroup,
    aligner: AlignerGroup,
    features: FeatureGroup,
    links: LinkGroup,
    seeds_file: Annotated[
        Path | None, typer.Option("--seeds", help="Seeds of your own, .tsv or .npy.")
    ] = None,
    verdicts: Annotated[
        list[Path] | None,
        typer.Option(
            help="Verdicts on links of an earlier run, a table with left, right and verdict; repeatable."
        ),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(help="Folder of an earlier run (--save), whose links stay where nothing changed."),
    ] = None,
    device: Device = None,
    random_state: RandomState = 0,
    scheduler: Scheduler = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File for the links: .tsv, .csv, .ttl, .nt, .sssom.tsv, .rdf or .xml (OAEI) "
            "[links.tsv; psqe-links.tsv in the folder of the pair]."
        ),
    ] = None,
    json_out: Annotated[Path | None, typer.Option("--json", help="File for parameters and metrics.")] = None,
    report_out: Annotated[
        Path | None, typer.Option("--report", help="File for a page about the links (.html).")
    ] = None,
    save_out: Annotated[
        Path | None,
        typer.Option("--save", help="Folder for links, seeds, report.json and what --previous needs."),
    ] = None,
    changes_out: Annotated[
        Path | None,
        typer.Option("--changes", help="File for what differs from the earlier run, and why (.tsv)."),
    ] = None,
    to_review_out: Annotated[
        Path | None,
        typer.Option(
            "--to-review", help="File for the 20 pairs whose verdicts are expected to help most (.tsv)."
        ),
    ] = None,
    review_out: Annotated[
        Path | None,
        typer.Option("--review", help="File for a page on which a person judges the links (.html)."),
    ] = None,
) -> None:
    """Align two graphs: mine seeds, fit an aligner, write links, evaluate them where gold links are known."""
    tell_step("checking the options, and loading libraries")
    begun = time.perf_counter()
    out = task.default_output("links.tsv") if out is None else out
    check_ending("--out", out, LINK_ENDINGS)
    check_ending("--report", report_out, (".html", ".htm"))
    check_ending("--changes", changes_out, (".tsv",))
    if changes_out is not None and previous is None:
        raise ParameterError("--changes needs an earlier run", remedy="give its folder as --previous")
    if previous is not None and seeds_file is not None:
        raise ParameterError("--seeds and --previous exclude each other", remedy="give one of them")
    if links.cardinality not in (None, "one-to-one"):
        for option, folder in (("--save", save_out), ("--previous", previous)):
            if folder is not None:
                raise ParameterError(
                    f"--cardinality {links.cardinality} and {option} exclude each other, because a later run "
                    "continues one-to-one links only",
                    remedy="leave out one of them; --out, --json and --report write single files",
                )
    check_ending("--to-review", to_review_out, (".tsv",))
    check_ending("--review", review_out, (".html", ".htm"))
    if seeds_file is not None and miner.miner is not None:
        raise ParameterError("--seeds and --miner exclude each other", remedy="give one of them")
    task.check_outputs(
        out,
        json_out,
        report_out,
        to_review_out,
        review_out,
        changes_out,
        aligner.checkpoint,
        saved=saved_files(save_out),
        inputs=(seeds_file, *(verdicts or ()), *(features.features or ())),
    )
    if save_out is not None:
        check_replaceable(save_out)
    if previous is not None:  # its folder may be written again as a whole, and no single file of it
        files = saved_files(previous)
        task.check_outputs(
            out,
            json_out,
            report_out,
            to_review_out,
            review_out,
            changes_out,
            aligner.checkpoint,
            inputs=files,
        )
    chosen = features.options(task)  # before the pair is loaded, which may take long
    check_memory(MEMORY_TO_COMPUTE)
    from psqe import api
    from psqe.defaults import SeedChoice
    from psqe.growth.changes import told_changes
    from psqe.links.formats import format_of
    from psqe.links.verdict_files import check_no_verdicts, check_verdict_identifiers

    if to_review_out is not None:
        check_no_verdicts(to_review_out)

    for_aligner = device if aligner.takes_device() else None
    seeds: SeedChoice = seeds_file or api.WITHOUT_SEEDS
    if previous is not None:
        miner.require_unused("--previous")
        if miner.miner is not None:
            raise ParameterError("--miner and --previous exclude each other", remedy="give one of them")
        if device is not None and for_aligner is None:
            raise ParameterError(f"aligner {aligner.name} has no option --device", remedy="leave it out")
        seeds = "psqe"
    elif seeds_file is None and miner.miner != api.WITHOUT_SEEDS:
        seeds = miner.options(device, device_required=for_aligner is None)
    else:
        miner.require_unused("--miner none" if seeds_file is None else "--seeds")
        if device is not None and for_aligner is None:
            raise ParameterError(f"aligner {aligner.name} has no option --device", remedy="leave it out")
    rule = links.options()
    tell_step(f"reading {task.task}")
    pair = task.load()
    format_of(out).check(pair)
    if save_out is not None or changes_out is not None:
        check_tabs(pair, remedy="rename these entities, or leave --save and --changes out")
    for option, path in (("--to-review", to_review_out), ("--review", review_out)):
        if path is not None:
            check_verdict_identifiers(pair, remedy=f"rename these entities, or leave {option} out")
    n_left, n_right = (len(graph.candidates) for graph in pair.sides)
    tell_step(f"aligning {n_left:,} left and {n_right:,} right entities: features, seeds, aligner, links")
    alignment = api.align(
        pair,
        features=chosen,
        seeds=seeds,
        aligner=aligner.options(for_aligner),
        links=rule,
        verdicts=verdicts,
        previous=previous,
        random_state=random_state,
        checkpoint=aligner.checkpoint,
        scheduler=scheduler,
    )
    outputs = Outputs()
    with outputs.written():
        alignment.save_links(out)
    tell_step(f"{counted(len(alignment.predicted), 'link')} found, evaluating them and writing the rest")
    summary = alignment.summary(links.ranked_by())
    if json_out is not None:
        with outputs.written():
            write_json(json_out, summary)
    if report_out is not None:
        with outputs.written():
            alignment.report(report_out, links.ranked_by())
    if save_out is not None:
        with outputs.written():
            alignment.save(save_out)
    if changes_out is not None:
        with outputs.written():
            alignment.save_changes(changes_out)
    if to_review_out is not None:
        with outputs.written():
            alignment.save_review(to_review_out)
    if review_out is not None:
        with outputs.written():
            alignment.review_page(review_out)
    outputs.check()
    if alignment.choices:
        typer.echo(f"chosen: {alignment.choices}")
    if alignment.changes is not None:
        typer.echo(f"changes since the earlier run: {told_changes(alignment.changes)}")
    if ranking := alignment.ranking(links.ranked_by()):
        typer.echo(ranking)
    typer.echo(f"{alignment.headline()} {time.perf_counter() - begun:.1f} s in all -> {out}")
