"""The command line: ``psqe``. Faults of the user end in one line on standard error and exit code 2."""

from __future__ import annotations

import inspect
import sys
import warnings
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.main import get_command

from psqe.cli.arguments import encoder_choice, named_value, names, switch_value, threshold_value
from psqe.cli.data import data
from psqe.cli.options import (
    Dangling,
    DataRoot,
    Device,
    Encoder,
    FeatureFile,
    HidePresence,
    Matching,
    MinerName,
    Modalities,
    NClusters,
    NSeeds,
    Profile,
    RandomState,
    Rule,
    Stages,
    Switch,
    Task,
    TaskState,
    Threshold,
    Tones,
    Variant,
)
from psqe.errors import ParameterError, PsqeError, PsqeWarning
from psqe.files import check_writable, write_json
from psqe.measure import measured

if TYPE_CHECKING:
    from psqe.features import Features
    from psqe.graph import AlignmentTask
    from psqe.seeds import SeedSet

app = typer.Typer(
    name="psqe",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Pseudo-seeds and alignment for two multimodal knowledge graphs without labelled links.",
)
app.add_typer(data, name="data")


OPTIONS = {"switches": "switch"}
"""Options whose name differs from that of the parameter they set."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it; Typer uses it too."""


@app.command()
def seeds(
    task: Task,
    miner: MinerName = "psqe",
    variant: Variant = None,
    switch: Switch = None,
    stages: Stages = None,
    n_clusters: NClusters = None,
    device: Device = None,
    n_seeds: NSeeds = 600,
    modalities: Modalities = None,
    encoder: Encoder = None,
    features: FeatureFile = None,
    random_state: RandomState = 0,
    dangling: Dangling = None,
    tones: Tones = False,
    task_random_state: TaskState = 0,
    hide_presence: HidePresence = False,
    data_root: DataRoot = None,
    out: Annotated[Path, typer.Option(help="Seeds; .npy writes the peers' form.")] = Path("seeds.tsv"),
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the audit here.")] = None,
) -> None:
    """Mine pseudo-seeds and audit them."""
    _check_outputs(out, json_out, of=(task, data_root))
    loaded = _load(
        task, modalities, encoder, features, dangling, tones, task_random_state, data_root, hide_presence
    )
    # After the task and its features, whose faults are then told without waiting for torch.
    from psqe.evaluation.regions import all_regions
    from psqe.seeds import audit

    found = _mine(
        *loaded, miner, n_seeds, random_state,
        variant=variant, switches=switch, stages=stages, n_clusters=n_clusters, device=device,
    )  # fmt: skip
    pair, vectors = loaded
    report = audit(found, pair, all_regions(pair, vectors))
    if out.suffix == ".npy":
        found.save_npy(out, pair)
    else:
        found.save_tsv(out, pair)
    if json_out is not None:
        costs = {"seconds": found.seconds, "peak_mb": found.peak_mb}
        write_json(
            json_out,
            {**report, **costs, **_provenance(_data(pair, vectors, encoder, features), _miner(found))},
        )
    quality = "no precision without seeds"
    if report["estimated_precision"] is not None:
        quality = f"estimated precision {report['estimated_precision']:.3f}"
    if report["precision"] is not None:
        low, high = report["precision_interval"]
        quality += f", by gold links {report['precision']:.3f} ({low:.3f} to {high:.3f})"
    typer.echo(f"{len(found)} seeds, {quality}, {found.seconds:.1f} s -> {out}")


@app.command()
def align(
    task: Task,
    seeds_file: Annotated[
        Path | None, typer.Option("--seeds", help="Seeds of your own, .tsv or .npy.")
    ] = None,
    miner: Annotated[
        str | None,
        typer.Option(help="Mine them: random, pivot, mutual or psqe [psqe]; or none."),
    ] = None,
    variant: Variant = None,
    switch: Switch = None,
    stages: Stages = None,
    n_clusters: NClusters = None,
    device: Device = None,
    n_seeds: NSeeds = 600,
    aligner: Annotated[str, typer.Option(help="eva, mclea, meaformer or propagation.")] = "mclea",
    preset: Annotated[str, typer.Option(help="Of the aligner: small or published.")] = "small",
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="Of the aligner: another value than the preset's, for example residual=2; repeatable.",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep the state of the training here, and go on from it.")
    ] = None,
    modalities: Modalities = None,
    encoder: Encoder = None,
    features: FeatureFile = None,
    matching: Matching = None,
    rule: Rule = "mutual",
    threshold: Threshold = "auto",
    random_state: RandomState = 0,
    dangling: Dangling = None,
    tones: Tones = False,
    task_random_state: TaskState = 0,
    hide_presence: HidePresence = False,
    data_root: DataRoot = None,
    out: Annotated[Path, typer.Option(help="Links.")] = Path("links.tsv"),
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write parameters and metrics here.")
    ] = None,
    report_out: Annotated[
        Path | None, typer.Option("--report", help="Write a page about the links here (.html).")
    ] = None,
) -> None:
    """Train an aligner on seeds, evaluate it where gold links are known, and write links."""
    from psqe.aligners import ALIGNERS, TrainedAligner
    from psqe.evaluation import evaluate
    from psqe.evaluation.regions import all_regions
    from psqe.links.predict import predict_links
    from psqe.links.quality import link_summary
    from psqe.links.rules import LinkRule
    from psqe.seeds import MINERS, Miner, SeedSet

    _check_outputs(out, json_out, report_out, checkpoint, of=(task, data_root))
    if seeds_file is not None and miner is not None:
        raise ParameterError("--seeds and --miner exclude each other", remedy="give one of them")
    if aligner not in ALIGNERS:
        raise ParameterError(f"there is no aligner {aligner!r}", remedy=f"choose from {', '.join(ALIGNERS)}")
    chosen = dict(named_value("--parameter", text, "residual=2") for text in parameter or ())
    if device is not None and issubclass(ALIGNERS[aligner], TrainedAligner):
        chosen = {"device": device, **chosen}
        if "device" not in inspect.signature(MINERS.get(miner or "psqe", Miner)).parameters:
            device = None  # meant for the aligner
    model = ALIGNERS[aligner].preset(
        preset, **{"random_state": random_state, **ALIGNERS[aligner].typed(chosen)}
    )
    if checkpoint is not None and not isinstance(model, TrainedAligner):
        raise ParameterError(f"{aligner} does not train", remedy="leave --checkpoint out")
    chosen_by = LinkRule(matching or "sinkhorn", rule, threshold_value(threshold))  # type: ignore[arg-type]
    pair, vectors = _load(
        task, modalities, encoder, features, dangling, tones, task_random_state, data_root, hide_presence
    )
    with measured() as cost:
        if seeds_file is not None:
            found = SeedSet.load(seeds_file, pair)
        elif miner == "none":
            found = SeedSet.empty()
        else:
            found = _mine(
                pair, vectors, miner or "psqe", n_seeds, random_state,
                variant=variant, switches=switch, stages=stages, n_clusters=n_clusters, device=device,
            )  # fmt: skip
        if isinstance(model, TrainedAligner):
            model.fit(pair, vectors, found, checkpoint=checkpoint)
        else:
            model.fit(pair, vectors, found)
        links = predict_links(pair, vectors, model.similarity, seeds=found, rule=chosen_by)
        report: dict[str, Any] = {"metrics": None, "regions": None}
        if pair.links is not None:
            ranked_by = chosen_by.matching if matching else model.matching
            report = evaluate(pair, model.similarity, matching=ranked_by, regions=all_regions(pair, vectors))
    links.save_tsv(out, pair)
    used = {
        **_miner(found), "aligner": {"name": aligner, "preset": preset, **model.parameters},
        "links": asdict(chosen_by),
    }  # fmt: skip
    if seeds_file is not None:
        used["miner"]["file"] = str(seeds_file)
    made = _provenance(_data(pair, vectors, encoder, features), used)
    told = link_summary(links, pair)
    if json_out is not None:
        write_json(json_out, {**report, **told, "seconds": cost.seconds, "peak_mb": cost.peak_mb, **made})
    if report_out is not None:
        from psqe.links.report import link_report

        link_report(pair, vectors, links, provenance=made).save(report_out)
    score = ""
    if report["metrics"] is not None:
        l2r, r2l = (report["metrics"][d]["full"]["hits@1"] for d in ("l2r", "r2l"))
        score = f", F1 {told['link_quality']['links']['f1']:.3f}"
        score += f", Hits@1 {l2r:.3f} left to right, {r2l:.3f} right to left"
    alone = told["no_counterpart"]
    typer.echo(
        f"{len(links)} links from {len(found)} seeds, {told['expected_right']:.0f} expected to be right, "
        f"no counterpart for {alone['left']} left and {alone['right']} right{score}, "
        f"{cost.seconds:.1f} s -> {out}"
    )


@app.command()
def run(
    notebook: Annotated[Path, typer.Argument(help="A notebook (.md).")],
    parameter: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="Set a parameter; repeatable.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="How much to compute.")] = Profile.default,
    out: Annotated[Path, typer.Option(help="Folder for the executed notebook.")] = Path("runs"),
) -> None:
    """Run one notebook with parameters, checked before anything runs."""
    from psqe.study.book.parameters import parse_assignments
    from psqe.study.book.runner import run_notebook

    done = run_notebook(notebook, parse_assignments(parameter or []), profile=profile.value, out_dir=out)
    typer.echo(done)


@app.command()
def study(
    profile: Annotated[Profile, typer.Option(help="How much to compute.")] = Profile.default,
    task: Annotated[str | None, typer.Option(help="Run the notebooks on this task.")] = None,
) -> None:
    """Run all notebooks, then build the book."""
    from psqe.study.book.pipeline import run_study

    typer.echo(run_study(profile.value, task))


@app.command()
def book() -> None:
    """Build the book from the notebooks that were run."""
    from psqe.study.book.build import build_book

    typer.echo(build_book())


def _load(
    task: str,
    modalities: str | None,
    encoder: Sequence[str] | None,
    features: Path | None,
    dangling: float | None,
    tones: bool,
    task_random_state: int,
    data_root: Path | None,
    hide_presence: bool,
) -> tuple[Any, Any]:
    """The task and its features."""
    from psqe.datasets import load_task
    from psqe.features import Features, build_features

    encoders = dict(encoder_choice(text) for text in encoder or ())
    pair = load_task(
        task, dangling=dangling, tones=tones, random_state=task_random_state, data_root=data_root
    )
    if hide_presence:
        if features is not None:
            raise ParameterError(
                "--hide-presence and --features exclude each other",
                remedy="hide it in the arrays, or let encoders make them",
            )
        from psqe.datasets.presence import hide_presence as hidden

        pair = hidden(pair, task_random_state)
    if features is None:
        wanted = "image,attribute" if modalities is None else modalities
        return pair, build_features(pair, names(wanted), encoders=encoders)
    if encoders:
        raise ParameterError("--encoder and --features exclude each other", remedy="give one of them")
    vectors = Features.load(features)
    vectors.check(pair)
    return pair, vectors if modalities is None else vectors.select(names(modalities))


def _mine(pair: Any, vectors: Any, miner: str, n_seeds: int, random_state: int, **options: Any) -> Any:
    """Seeds, by the miner's name and those options that were given."""
    from psqe.seeds import MINERS

    if miner not in MINERS:
        raise ParameterError(f"there is no miner {miner!r}", remedy=f"choose from {', '.join(MINERS)}")
    accepted = inspect.signature(MINERS[miner]).parameters
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in accepted:
            raise ParameterError(
                f"miner {miner} has no option --{OPTIONS.get(name, name.replace('_', '-'))}",
                remedy="leave it out",
            )
    if "stages" in given:
        given["stages"] = names(given["stages"])
    if "switches" in given:
        given["switches"] = dict(switch_value(text) for text in given["switches"])
    if "random_state" in accepted:
        given["random_state"] = random_state
    most = min(len(pair.left.candidates), len(pair.right.candidates))
    if n_seeds > most:
        raise ParameterError(
            f"{n_seeds} seeds asked for, but only {most} one-to-one pairs are possible in {pair.name}",
            remedy=f"ask for at most {most}",
        )
    return MINERS[miner](n_seeds, **given).mine(pair, vectors)  # type: ignore[call-arg]


def _data(
    pair: AlignmentTask, vectors: Features, encoder: Sequence[str] | None, file: Path | None
) -> dict[str, Any]:
    from psqe.features.build import encoders_of

    chosen = dict(encoder_choice(text) for text in encoder or ())
    source = (
        {"encoders": encoders_of(pair, list(vectors), chosen)} if file is None else {"features": str(file)}
    )
    return {"task": {"name": pair.name, **pair.parameters}, "modalities": list(vectors), **source}


def _miner(seeds: SeedSet) -> dict[str, Any]:
    return {"miner": {"name": seeds.miner, "seeds": len(seeds), **seeds.parameters}}


def _provenance(*parameters: Mapping[str, Any]) -> dict[str, Any]:
    from psqe.provenance import versions

    return {"parameters": dict(ChainMap(*map(dict, parameters))), "versions": versions()}


def _check_outputs(*paths: Path | None, of: tuple[str, Path | None]) -> None:
    """Find out before the work, not after it, that a file cannot be written, or is one of the pair's own.

    ``links.tsv`` is both the name of what ``align`` writes and that of the true links in a folder.
    """
    from psqe.datasets.info import task_files

    given = {path.resolve() for path in task_files(*of)}
    for path in paths:
        if path is not None:
            if path.resolve() in given:
                raise ParameterError(f"{path} is a file of {of[0]}", remedy="write to another file")
            check_writable(path)


def _one_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning without the source line that raised it, which is no business of the user's."""
    kind = "" if issubclass(category, PsqeWarning) else f" ({category.__name__})"
    return f"psqe: warning: {message}{kind}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, or 2 for a fault of the user."""
    # Older versions of Typer raise click's exceptions, newer ones those of a copy that they bring along.
    click: Any = sys.modules[typer.BadParameter.__module__]
    warnings.formatwarning = _one_line
    try:
        result = get_command(app).main(arguments, prog_name="psqe", standalone_mode=False)
    except click.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.ClickException as error:
        print(f"psqe: {' '.join(error.format_message().split())}", file=sys.stderr)
        return 2
    except PsqeError as error:
        print(f"psqe: {error}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    if result == INTERRUPTED:
        print("psqe: interrupted; what was finished is kept", file=sys.stderr)
    return int(result or 0)


if __name__ == "__main__":
    sys.exit(main())
