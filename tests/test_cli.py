"""The command line as other people's scripts rely on it: options, files, one line per fault."""

import inspect
import json
import os
import re
import socket
import subprocess
import sys
import time
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import cities
import numpy as np
import pytest

import psqe.seeds
from psqe import alignment, datasets
from psqe.aligners import ALIGNERS
from psqe.cli import program
from psqe.cli.arguments import named_values
from psqe.cli.describe import described, parameter_sentences
from psqe.cli.main import main
from psqe.errors import ParameterError, PsqeWarning
from psqe.features.cache import VectorCache
from psqe.features.encoder_registry import make_encoder
from psqe.graph import AlignmentTask
from psqe.seeds import MINERS, SeedSet, correct

ROOT = Path(__file__).parent.parent

NOTEBOOK = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# A page

```{code-cell} ipython3
:tags: [parameters]

n: int = 5  # how many; 1..9
```

```{code-cell} ipython3
print(n)
```
"""


@pytest.fixture
def task(planted, monkeypatch, tmp_path) -> AlignmentTask:
    """The planted pair under the name of a task, its features in a file, and a folder to work in."""
    pair, features = planted
    monkeypatch.setattr(datasets, "load_task", lambda name, **parameters: replace(pair, name=name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path / "cache"))
    features.save("f.npz")
    return pair


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(*arguments: str) -> None:
    assert main([str(a) for a in arguments]) == 0


@pytest.fixture
def refused(capsys, tmp_path):
    """Check that a command ends in one line on standard error, with exit code 2, and writes nothing."""

    def check(*arguments: str, words: str) -> None:
        before = files(tmp_path)
        capsys.readouterr()
        assert main([str(a) for a in arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("psqe: ") and err.endswith("\n") and err.count("\n") == 1
        assert words in err and "Traceback" not in err
        assert files(tmp_path) == before

    return check


# ---- what it writes


def test_seeds_writes_seeds_and_audit(task, capsys):
    run("seeds", "t/x", "--features", "f.npz", "--miner", "mutual", "--n-seeds", 30, "--json", "audit.json")
    lines = Path("seeds.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["left", "right", "score", "stage"]
    assert len(lines) == 31
    left, right, _, stage = lines[1].split("\t")
    assert left in task.left.entities and right in task.right.entities and stage == "mutual"
    report = json.loads(Path("audit.json").read_text())
    assert {
        "n_seeds", "precision", "recall", "coverage", "balance", "stages", "seconds", "peak_mb", "parameters",
        "versions",
    } <= set(report)  # fmt: skip
    assert report["n_seeds"] == 30 and set(report["coverage"]) == {"degree", "density", "semantic"}
    seeds = SeedSet.load("seeds.tsv", task)
    assert report["precision"] == pytest.approx(correct(seeds.pairs, task).mean())
    assert report["parameters"]["task"]["name"] == "t/x"
    assert report["parameters"]["modalities"] == ["image", "attribute"]
    miner = report["parameters"]["miner"]
    assert (miner["name"], miner["n_seeds"], miner["seeds"]) == ("mutual", 30, report["n_seeds"])
    assert report["versions"]["python"]
    out, err = capsys.readouterr()
    chosen, found = out.splitlines()
    assert chosen.startswith("chosen: 3 of 70 left and 0 of 70 right candidates have no vector, so that")
    assert found.startswith("30 seeds, estimated precision ") and ", by gold links " in found and err == ""


def test_audit_without_gold_links(task, monkeypatch, capsys):
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: task.without_links())
    run("seeds", "t/x", "--features", "f.npz", "--miner", "pivot", "--n-seeds", 9, "--json", "a.json")
    report = json.loads(Path("a.json").read_text())
    assert report["precision"] is None and report["recall"] is None and report["coverage"]["degree"]
    out = capsys.readouterr().out
    assert out.splitlines()[1].startswith("9 seeds, estimated precision ") and "gold" not in out


def test_options_reach_the_miner(task):
    run(
        "seeds", "t/x", "--features", "f.npz", "--miner", "psqe", "--stages", "cluster, expand",
        "--n-clusters", 3, "--n-seeds", 20, "--random-state", 4, "--modalities", "attribute",
        "--out", "deep/s.tsv", "--json", "a.json",
    )  # fmt: skip
    report = json.loads(Path("a.json").read_text())
    assert [s["stage"] for s in report["stages"]] == ["cluster", "expand"]
    assert report["parameters"]["modalities"] == ["attribute"]
    assert report["parameters"]["features"] == "f.npz"
    wanted = {"n_clusters": 3, "n_seeds": 20, "random_state": 4}
    assert {key: report["parameters"]["miner"][key] for key in wanted} == wanted
    assert len(SeedSet.load("deep/s.tsv", task)) == 20


def test_the_variant_of_the_contract(task):
    run(
        "seeds", "t/x", "--features", "f.npz", "--variant", "corrected", "--stages", "cluster", "--n-seeds", 9
    )
    assert Path("seeds.tsv").exists()


def test_same_command_same_bytes_and_npy(task):
    for name in ("a", "b"):
        run(
            "seeds",
            "t/x",
            "--features",
            "f.npz",
            "--stages",
            "cluster",
            "--n-seeds",
            20,
            "--out",
            f"{name}.tsv",
        )
    assert Path("a.tsv").read_bytes() == Path("b.tsv").read_bytes()
    run("seeds", "t/x", "--features", "f.npz", "--stages", "cluster", "--n-seeds", 20, "--out", "c.npy")
    assert np.load("c.npy").shape == (20, 2)
    np.testing.assert_array_equal(SeedSet.load("c.npy", task).pairs, SeedSet.load("a.tsv", task).pairs)


def test_align_writes_links_and_report(task, capsys):
    run("seeds", "t/x", "--features", "f.npz", "--miner", "mutual", "--n-seeds", 30)
    run("align", "t/x", "--features", "f.npz", "--seeds", "seeds.tsv", "--json", "report.json")
    lines = Path("links.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["left", "right", "score", "confidence", "rank_margin"]
    assert lines[1].split("\t")[0] in task.left.entities and lines[1].split("\t")[1] in task.right.entities
    report = json.loads(Path("report.json").read_text())
    assert {"metrics", "regions", "seconds", "peak_mb", "parameters", "versions"} <= set(report)
    for direction in ("l2r", "r2l"):
        for protocol in ("full", "peer"):
            for entry in ("metrics", "metrics_free", "metrics_seeds", "metrics_wrong"):
                assert set(report[entry][direction][protocol]) == {"hits@1", "hits@5", "hits@10", "mrr"}
            counts = report["n_queries"][direction][protocol]
            assert counts["all"] == counts["free"] + counts["seeds"] + counts["wrong"] > counts["free"] > 0
    assert report["matching"] == "sinkhorn" and report["metrics_free_of_all"] is None
    assert set(report["regions"]) == {"degree", "density", "semantic"}
    assert report["n_links"] == len(lines) - 1
    parameters = report["parameters"]
    aligner = parameters["aligner"]
    assert (aligner["name"], aligner["preset"], aligner["random_state"]) == ("propagation", "small", 0)
    assert parameters["miner"] == {"name": "given", "seeds": 30, "file": "seeds.tsv"}
    assert "Hits@1" in capsys.readouterr().out


def test_align_writes_a_page_to_review_the_links_on(task, capsys):
    run("align", "t/x", "--features", "f.npz", "--n-seeds", 20, "--review", "review.html")
    page = Path("review.html").read_text(encoding="utf-8")
    data = json.loads(re.search('<script type="application/json"[^>]*>(.*?)</script>', page)[1])
    lines = [line.split("\t") for line in Path("links.tsv").read_text().splitlines()[1:]]
    sides, pairs = data["sides"], data["pairs"]
    found = {
        (sides["left"]["ids"][left], sides["right"]["ids"][right])
        for left, right in zip(pairs["left"], pairs["right"], strict=True)
    }
    assert lines and {(left, right) for left, right, *_ in lines} <= found
    assert pairs["seed"] and len(pairs["seed"]) <= 20


@pytest.mark.parametrize(
    ("command", "steps"),
    [
        (
            ("align",),
            ["checking the options", "reading t/x", "aligning 70 left and 70 right", "evaluating"],
        ),
        (("seeds", "--n-seeds", "30"), ["reading t/x", "loading libraries", "mining seeds"]),
    ],
)
def test_on_a_terminal_the_steps_are_told(task, capsys, monkeypatch, command, steps):
    name, *options = command
    arguments = [name, "t/x", "--features", "f.npz", *options]
    run(*arguments)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    run(*arguments)
    said = [line for line in re.split(r"[\r\n]+", capsys.readouterr().err) if line.startswith("psqe: ")]
    assert len(said) == len(steps)
    for line, words in zip(said, steps, strict=True):
        assert words in line and line.endswith(" ...")


@pytest.mark.parametrize(
    ("command", "where", "what"), [("align", alignment, "save_links"), ("seeds", psqe.seeds, "audit")]
)
def test_the_seconds_are_those_of_the_whole_command(task, capsys, monkeypatch, command, where, what):
    own = getattr(where, what)
    monkeypatch.setattr(where, what, lambda *given: (time.sleep(1.5), own(*given))[1])
    begun = time.perf_counter()
    run(command, "t/x", "--features", "f.npz")
    seconds = float(re.search(r"[,.] ([\d.]+) s in all -> ", capsys.readouterr().out)[1])
    assert 1.4 < seconds <= time.perf_counter() - begun + 0.1


@pytest.mark.filterwarnings("ignore::psqe.errors.PsqeWarning")
def test_switches_stages_and_the_released_variant(task, capsys):
    common = ("seeds", "t/x", "--features", "f.npz", "--n-seeds", 20, "--json", "audit.json")
    run(*common, "--switch", "mutual=false", "--switch", "n_epochs=3", "--stages", "refine,expand,cluster")
    audit = json.loads(Path("audit.json").read_text())
    assert audit["parameters"]["miner"]["switches"] == {"mutual": False, "n_epochs": 3}
    assert [stage["stage"] for stage in audit["stages"]] == ["refine", "expand", "cluster"]
    assert "estimated precision" in capsys.readouterr().out
    run(*common, "--variant", "released", "--switch", "n_epochs=3", "--switch", "n_components=none")
    assert json.loads(Path("audit.json").read_text())["parameters"]["miner"]["variant"] == "released"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--switch", "mutual"), "is not of the form NAME=VALUE; for example mutual=false"),
        (("--switch", "magic=true"), "there is no switch 'magic'; choose from match_modalities"),
        (("--switch", "mutual=maybe"), "switch mutual cannot be 'maybe'"),
        (("--switch", "order=["), "switch order cannot be"),
        (("--device", "abacus"), "device is 'abacus'; choose cpu or cuda"),
        (("--miner", "mutual", "--switch", "mutual=false"), "miner mutual has no option --switch"),
    ],
)
def test_wrong_switches_and_devices(task, refused, option, words):
    refused("seeds", "t/x", "--features", "f.npz", "--n-seeds", 20, *option, words=words)


def test_align_mines_its_own_seeds_and_needs_no_gold_links(task, monkeypatch):
    arguments = ("align", "t/x", "--features", "f.npz", "--miner", "pivot", "--n-seeds", 20)
    run(*arguments, "--out", "a.tsv", "--json", "a.json")
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: task.without_links())
    run(*arguments, "--out", "b.tsv", "--json", "b.json")
    assert Path("a.tsv").read_bytes() == Path("b.tsv").read_bytes()
    blind = json.loads(Path("b.json").read_text())
    assert blind["metrics"] is blind["metrics_free"] is blind["metrics_seeds"] is blind["n_queries"] is None
    assert blind["link_quality"] is None and blind["parameters"]["miner"]["name"] == "pivot"


def test_data_commands(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PSQE_DATA", str(tmp_path / "nothing here"))
    run("data", "list")
    listed = capsys.readouterr().out
    assert "emoji/en-fr\t" in listed and "dbp15k/zh_en\t" in listed
    assert listed.splitlines()[-1].startswith(
        "emoji/LEFT-RIGHT\tEmoji in any two of the languages ar, de, en"
    )
    assert "French meanings" in listed and "Portuguese meanings" in listed
    run("data", "info", "emoji/en-fr", "--json", str(tmp_path / "i.json"))
    assert "links" in capsys.readouterr().out
    info = json.loads((tmp_path / "i.json").read_text())
    assert info["links"] > 1000 and info["parameters"]["dangling"] == 0.125


def test_an_aligner_of_ones_choice_and_its_checkpoint(task, capsys):
    arguments = (
        "align", "t/x", "--features", "f.npz", "--n-seeds", "20", "--aligner", "eva",
        "--parameter", "n_epochs=3", "--parameter", "residual=2", "--checkpoint", "c.pt", "--json", "r.json",
    )  # fmt: skip
    run(*arguments)
    used = json.loads(Path("r.json").read_text())["parameters"]["aligner"]
    assert (used["name"], used["n_epochs"], used["residual"]) == ("eva", 3, 2)
    links = Path("links.tsv").read_text()
    kept = Path("c.pt").read_bytes()
    run(*arguments)
    assert Path("links.tsv").read_text() == links and len(Path("c.pt").read_bytes()) == len(kept)


def test_no_seeds_at_all(task, capsys):
    run(
        "align",
        "t/x",
        "--features",
        "f.npz",
        "--miner",
        "none",
        "--aligner",
        "propagation",
        "--json",
        "r.json",
    )
    assert json.loads(Path("r.json").read_text())["parameters"]["miner"] == {"name": "none", "seeds": 0}
    assert "links from 0 seeds" in capsys.readouterr().out


def test_rules_and_thresholds(task, capsys):
    """The rule, the scores and the threshold are what was asked for, and the report says so."""
    common = ("align", "t/x", "--features", "f.npz", "--miner", "mutual", "--n-seeds", 20)
    counts = []
    for threshold in ("0", "auto", "0.9", "1"):
        run(
            *common, "--matching", "csls", "--rule", "mutual", "--threshold", threshold, "--json", "r.json",
        )  # fmt: skip
        report = json.loads(Path("r.json").read_text())
        given = None if threshold == "auto" else float(threshold)
        rule = {"matching": "csls", "rule": "mutual", "threshold": given, "cardinality": "one-to-one"}
        assert report["parameters"]["links"] == rule
        assert given is None or report["threshold"] == given
        links = Path("links.tsv").read_text().splitlines()[1:]
        assert all(float(line.split("\t")[3]) >= report["threshold"] - 1e-5 for line in links)
        alone = report["no_counterpart"]
        assert alone == {"left": len(task.left.candidates) - len(links), "right": alone["right"]}
        assert report["link_quality"]["links"]["n"] == len(links) == report["n_links"]
        counts.append(len(links))
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[2] > counts[3]
    assert (
        f"no link for {alone['left']:,} left and {alone['right']:,} right entities. F1"
        in capsys.readouterr().out
    )


def test_run_a_notebook(tmp_path, capsys):
    (tmp_path / "page.md").write_text(NOTEBOOK)
    run("run", tmp_path / "page.md", "-p", "n=7", "--profile", "smoke", "--out", tmp_path / "out")
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "page.ipynb")
    assert "7\\n" in (tmp_path / "out" / "page.ipynb").read_text()


def test_help_names_the_options(capsys):
    with_help = {
        "seeds": "--miner --variant --stages --n-clusters --n-seeds --modalities --features --random-state "
        "--out --json",
        "align": "--seeds --miner --aligner --preset --modalities --random-state --out --json",
        "run": "-p --profile --out",
        "study": "--profile --task",
    }
    for command, options in with_help.items():
        run(command, "--help")
        out = capsys.readouterr().out
        assert [o for o in options.split() if o not in out] == []


@pytest.mark.parametrize("command", [["align"], ["data", "export"], ["data", "info"]])
def test_help_keeps_brackets_and_names_what_is_registered(capsys, command):
    run(*command, "--help")
    help_text = " ".join(capsys.readouterr().out.split())
    assert "dropped from each side [emoji: 0.125, others: 0]" in help_text
    assert "{miners}" not in help_text and ("[psqe]" in help_text) == ("--miner " in help_text)


@pytest.mark.parametrize("command", ["data", "results"])
def test_groups_of_commands_have_no_options_but_help(capsys, command):
    run(command, "--help")
    assert "completion" not in capsys.readouterr().out


def test_help_lists_what_is_registered(capsys):
    run("align", "--help")
    out = " ".join(capsys.readouterr().out.split()).replace("- ", "-")  # a line may end within a name
    assert (
        "mutual, pivot, psqe, random" in out
        and "adapter, clamped, concord, eva, fgw, label-propagation, mclea, meaformer, paris, propagation"
        in out
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mutual", ["mutual (miner): ", "n_seeds: ", "weights: "]),
        ("mclea", ["mclea (aligner): ", "temperature: ", "residual: ", "preset published:", "preset small:"]),
        ("use-m3", ["use-m3 (encoder): "]),
        ("efficientnet-lite0-grid", ["efficientnet-lite0-grid (encoder): Feature maps"]),
        ("rdf", ["rdf (layout): "]),
        ("bins", ["bins (encoder): ", "1 to 2 %"]),
        (
            "number",
            ["number (modality): The numbers and dates", "  Its encoder is bins.", "no other encoder"],
        ),
        ("image", ["image (modality): ", "Its encoder is efficientnet-lite0.", "pixels"]),
    ],
)
def test_describe(capsys, name, words):
    run("describe", name)
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []
    run("describe")
    assert f"\n  {name} " in capsys.readouterr().out


def test_every_switch_is_described_with_its_values_and_its_meaning(capsys):
    kinds = [kind for kind in (*MINERS.values(), *ALIGNERS.values()) if hasattr(kind, "RULES")]
    assert {"psqe", "eva", "mclea", "meaformer"} <= {kind.name for kind in kinds}
    for kind in kinds:
        text = " ".join("\n".join(described(kind.name, "aligner", kind)).split())
        assert "variants: released (what the authors' code does), corrected (the default)" in text
        assert all(variant in text for variant in kind.RULES.variants())
        for row in kind.RULES.table().to_dict("records"):
            values = f"= {row['corrected']!r} in corrected, {row['released']!r} in released"
            assert re.search(rf" {row['switch']}: [^=]* {re.escape(values)} released: ", text), row["switch"]
            meanings = row["what the authors' code does"], row["what we do"]
            assert "released: {} corrected: {}".format(*meanings) in text
    run("describe", "psqe")
    assert "  switches, whose values can also be given" in capsys.readouterr().out


def test_every_parameter_of_every_miner_and_aligner_is_described(capsys):
    for kind in (*MINERS.values(), *ALIGNERS.values()):
        assert inspect.signature(kind).parameters.keys() - parameter_sentences(kind).keys() == set(), kind


def test_parameters_of_miners_and_aligners_are_reachable(task):
    run(
        "align", "t/x", "--features", "f.npz", "--miner-parameter", "n_clusters=3", "--miner-parameter",
        "stages=[cluster]", "--n-seeds", 9, "--aligner-parameter", "n_hops=1", "--json", "r.json",
    )  # fmt: skip
    made = json.loads(Path("r.json").read_text())["parameters"]
    assert (made["miner"]["n_clusters"], made["miner"]["stages"]) == (3, ["cluster"])
    assert (made["aligner"]["n_hops"], made["aligner"]["preset"]) == (1, "small")


def test_a_device_goes_to_what_can_be_told(task):
    run("align", "t/x", "--features", "f.npz", "--n-seeds", 20, "--device", "cpu", "--json", "r.json")
    run(
        "align", "t/x", "--features", "f.npz", "--n-seeds", 20, "--miner", "pivot", "--aligner", "eva",
        "--parameter", "n_epochs=2", "--device", "cpu",
    )  # fmt: skip
    assert json.loads(Path("r.json").read_text())["parameters"]["miner"]["device"] == "cpu"


def test_commands_of_other_packages(monkeypatch, capsys, tmp_path):
    """An entry point is a command; one that cannot be loaded says so, and does not stop the help."""

    def sow(seed: str) -> None:
        """Sow a seed."""
        print(f"sown: {seed}")

    monkeypatch.setitem(vars(program), "sow", sow)
    entries = (
        metadata.EntryPoint("sow", "psqe.cli.program:sow", "psqe.commands"),
        metadata.EntryPoint("reap", "a_package_that_nobody_has:reap", "psqe.commands"),
        metadata.EntryPoint("raises", "broken_module:reap", "psqe.commands"),
        metadata.EntryPoint("exits", "exiting_module:reap", "psqe.commands"),
        metadata.EntryPoint("lost", "json:reap", "psqe.commands"),
        metadata.EntryPoint("number", "math:pi", "psqe.commands"),
        metadata.EntryPoint("seeds", "json:dumps", "psqe.commands"),
    )
    (tmp_path / "broken_module.py").write_text("def (")
    (tmp_path / "exiting_module.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(program, "_further_commands", lambda: entries)
    run("sow", "wheat")
    assert capsys.readouterr().out == "sown: wheat\n"
    with pytest.warns(PsqeWarning, match=r"the command 'seeds' \(json:dumps, from .*\) has a name that is"):
        run("--help")
    out = capsys.readouterr().out
    assert "Sow a seed." in out and out.count("Not available") == 5
    for name, words in {
        "reap": "'reap' (a_package_that_nobody_has:reap, from an unknown distribution) cannot be loaded",
        "raises": "cannot be loaded (SyntaxError: ",
        "exits": "cannot be loaded (SystemExit: ",
        "lost": "cannot be loaded (AttributeError: ",
        "number": "it is neither a Typer app nor a function",
    }.items():
        assert main([name, "--all", "wheat"]) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1


# ---- what it refuses

SEEDS = ("seeds", "t/x", "--features", "f.npz", "--n-seeds", "20")
ALIGN = ("align", "t/x", "--features", "f.npz", "--n-seeds", "20")
MCLEA = (*ALIGN, "--aligner", "mclea")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sow",), "No such command 'sow'"),
        (("seeds",), "Missing argument 'TASK'"),
        ((*SEEDS, "--minor", "psqe"), "--minor"),
        ((*SEEDS, "--n-seeds", "many"), "Invalid value for '--n-seeds'"),
        ((*SEEDS, "--n-seeds", "0"), "n_seeds is 0; it must be greater than 0"),
        ((*SEEDS, "--n-seeds", "71"), "71 seeds asked for, but only 70 one-to-one pairs are possible in t/x"),
        ((*SEEDS, "--miner", "greedy"), "no miner 'greedy'; choose from mutual, pivot, psqe, random"),
        ((*SEEDS, "--stages", "cluster,polish"), "no stage 'polish'; choose from cluster, refine, expand"),
        ((*SEEDS, "--stages", ""), "--stages is empty; write its value, or leave it out"),
        ((*SEEDS, "--out="), "--out is empty; write its value, or leave it out"),
        (("seeds", ""), "an argument is empty; write its value, or leave it out"),
        ((*SEEDS, "--miner", "pivot", "--stages", "cluster"), "miner pivot has no option --stages"),
        ((*SEEDS, "--miner", "mutual", "--n-clusters", "3"), "miner mutual has no option --n-clusters"),
        ((*SEEDS, "--variant", "perfect"), "variant"),
        ((*SEEDS, "--n-clusters", "0"), "n_clusters"),
        ((*SEEDS, "--n-clusters", "900"), "n_clusters is 900"),
        ((*SEEDS, "--random-state", "-1"), "random-state"),
        ((*SEEDS, "--random-state", "4294967296"), "random-state"),
        ((*SEEDS, "--modalities", "image,sound"), "no modality 'sound' in the features; choose from image"),
        ((*SEEDS, "--modalities", ""), "--modalities is empty"),
        ((*SEEDS, "--encoder", "image=efficientnet-lite0"), "--encoder and --features exclude each other"),
        ((*SEEDS, "--features", "none.npz"), "none.npz: cannot be read as a feature file"),
        (("seeds", "t/x", "--modalities", "sound"), "unknown modality 'sound'; choose from image"),
        (("seeds", "t/x", "--modalities", " "), "no modality given"),
        (("seeds", "t/x", "--modalities", "image,image"), "named twice"),
        (("seeds", "t/x", "--encoder", "image"), "MODALITY=NAME"),
        (
            ("seeds", "t/x", "--modalities", "image", "--encoder", "image=resnet"),
            "modality 'image' has no encoder 'resnet'; choose from",
        ),
        (
            ("seeds", "t/x", "--modalities", "image", "--encoder", "name=use-m3"),
            "is not asked for: entities are compared by image; leave the encoder out or, if both sides have",
        ),
        (
            ("seeds", "t/x", "--modalities", "image", "--encoder", "nmae=use-m3"),
            "unknown modality 'nmae'; choose from",
        ),
        (
            ("seeds", "t/x"),
            "the two sides of t/x have no modality in common; add names, attributes or pictures",
        ),
        (
            (*ALIGN, "--aligner", "oracle"),
            "no aligner 'oracle'; choose from adapter, clamped, concord, eva, fgw, label-propagation,",
        ),
        ((*ALIGN, "--preset", "huge"), "no preset 'huge'; choose from published, small"),
        ((*ALIGN, "--parameter", "residual"), "--aligner-parameter 'residual' is not of the form"),
        ((*MCLEA, "--parameter", "warmth=1"), "mclea has no parameter 'warmth'; choose from n_epochs"),
        ((*MCLEA, "--parameter", "n_epochs=some"), "n_epochs is 'some'; it must be a valid integer"),
        ((*MCLEA, "--parameter", "residual=-1"), "residual is -1; it must be greater than or equal to 0"),
        ((*ALIGN, "--checkpoint", "c.pt"), "the aligner propagation keeps no checkpoint; leave it out"),
        ((*ALIGN, "--aligner-parameter", "n_hops=two"), "n_hops is 'two'; it must be a valid"),
        ((*ALIGN, "--device", "cpu", "--miner", "pivot"), "miner pivot has no option --device"),
        ((*ALIGN[:4], "--seeds", "s.tsv", "--modalities", "sound"), "no modality 'sound' in the features"),
        ((*SEEDS, "--miner", "none"), "no miner 'none'; choose from mutual"),
        (
            (*SEEDS, "--miner-parameter", "warmth=1"),
            "psqe has no parameter 'warmth'; choose from n_seeds",
        ),
        (
            (*SEEDS, "--miner-parameter", "n_clusters=many"),
            "n_clusters is 'many'; it must be a valid integer",
        ),
        ((*SEEDS, "--miner-parameter", "n_seeds=3"), "n_seeds is not among the other parameters"),
        ((*SEEDS, "--miner", "pivot", "--miner-parameter", "centre=1"), "centre is 1; it must be"),
        (("describe", "greedy"), "aligner or encoder or layout or modality 'greedy'; choose from mutual"),
        ((*ALIGN, "--miner", "greedy"), "no miner 'greedy'"),
        (
            (*ALIGN[:4], "--aligner", "mclea", "--miner", "none"),
            "0 seeds are too few to train mclea on; mine at least 2",
        ),
        ((*ALIGN, "--matching", "magic"), "no matching 'magic'; choose from cosine, csls, sinkhorn"),
        ((*ALIGN, "--rule", "greedy"), "no rule 'greedy'; choose from mutual, one_to_one"),
        ((*ALIGN, "--threshold", "high"), "--threshold 'high' is no number; give a confidence from 0 to 1"),
        ((*ALIGN, "--threshold", "1.5"), "the threshold is 1.5; give a confidence from 0 to 1"),
        ((*ALIGN, "--threshold", "nan"), "the threshold is nan"),
        ((*ALIGN, "--out", "l.npy"), "--out cannot write .npy files; let the name end in .tsv"),
        ((*ALIGN, "--report", "r.txt"), "--report cannot write .txt files; let the name end in .html"),
        ((*ALIGN, "--review", "r.tsv"), "--review cannot write .tsv files; let the name end in .html"),
        ((*SEEDS, "--out", "s.csv"), "--out cannot write .csv files; let the name end in .tsv or .npy"),
        ((*ALIGN, "--seeds", "s.tsv", "--miner", "pivot"), "--seeds and --miner exclude each other"),
        ((*ALIGN[:4], "--seeds", "none.tsv"), "none.tsv: seeds cannot be read (No such file or directory)"),
        (
            (*SEEDS, "--modalities", "name,,attribute"),
            "--modalities 'name,,attribute' has an empty name; write name,attribute",
        ),
        ((*SEEDS, "--stages", "refine,"), "--stages 'refine,' has an empty name; write refine"),
        ((*SEEDS, "--modalities", ","), "--modalities ',' has an empty name; write names"),
        (("run", "none.md"), "none.md: cannot be read"),
        (("run", "f.npz"), "f.npz: is no MyST notebook"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)
def test_faults_in_one_line(task, refused, arguments, words):
    refused(*arguments, words=words)


NONE = ("align", "t/x", "--features", "f.npz", "--miner", "none")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        *(
            ((*NONE, option, value), f"{option} says how seeds are mined, and --miner none mines none")
            for option, value in (
                ("--n-seeds", "9"), ("--miner-parameter", "n_clusters=3"), ("--variant", "corrected"),
                ("--switch", "mutual=false"), ("--stages", "refine"), ("--n-clusters", "3"),
            )
        ),
        ((*ALIGN, "--seeds", "s.tsv"), "--n-seeds says how seeds are mined, and --seeds mines none"),
        ((*NONE, "--device", "cpu"), "aligner propagation has no option --device"),
        ((*SEEDS, "--switch", "mutual=false", "--switch", "mutual=true"), "--switch gives mutual twice"),
        (
            (*SEEDS, "--miner-parameter", "n_clusters=3", "--miner-parameter", "n_clusters=4"),
            "--miner-parameter gives n_clusters twice",
        ),
        (
            (*MCLEA, "--parameter", "n_epochs=1", "--aligner-parameter", "n_epochs=2"),
            "--aligner-parameter gives n_epochs twice",
        ),
        (
            ("seeds", "t/x", "--encoder", "name=use-m3", "--encoder", "name=bigram"),
            "--encoder gives name twice",
        ),
        (
            (*SEEDS, "--n-clusters", "3", "--miner-parameter", "n_clusters=3"),
            "--n-clusters and --miner-parameter n_clusters say the same",
        ),
        (
            (*SEEDS, "--switch", "mutual=false", "--miner-parameter", "switches={}"),
            "--switch and --miner-parameter switches say the same",
        ),
        (
            (*SEEDS, "--device", "cpu", "--miner-parameter", "device=cuda"),
            "--device and --miner-parameter device say the same",
        ),
        (
            (*MCLEA, "--device", "cpu", "--parameter", "device=cuda"),
            "--device and --aligner-parameter device say the same",
        ),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)  # fmt: skip
def test_no_option_is_ignored(task, refused, arguments, words):
    refused(*arguments, words=words)


def test_numbers_are_written_as_in_python():
    texts = ["a=1e-3", "b=1E300", "c=010", "d=-2", "e=nan", "f=[1e-3, 2]", "g=2024-13-45", "h=1e999"]
    assert named_values("--parameter", texts, "") == {
        "a": 0.001, "b": 1e300, "c": 10, "d": -2, "e": "nan", "f": [0.001, 2],
        "g": "2024-13-45", "h": "1e999",
    }  # fmt: skip


def test_forms_of_numbers_that_only_yaml_or_python_has_stay_words():
    texts = ["1:30", "1_000", "0x1f", "0o17", "0b1", "2024-01-02"]
    for text in texts:
        assert named_values("--parameter", [f"a={text}", f"b=[{text}]", f"c={{x: {text}}}"], "") == {
            "a": text, "b": [text], "c": {"x": text},
        }  # fmt: skip
    assert named_values("--parameter", ["a={x: 1e-3, y: {z: [2, true, '3']}}"], "") == {
        "a": {"x": 0.001, "y": {"z": [2, True, "3"]}}
    }


@pytest.mark.parametrize("value", ["{a: true, a: false}", "[{a: 1, b: 2, a: 1}]", "{x: {a: 1, 'a': 2}}"])
def test_a_key_inside_a_value_is_given_once(value):
    with pytest.raises(ParameterError, match="a value gives a twice; give it once"):
        named_values("--aligner-parameter", [f"switches={value}"], "")


def test_a_number_that_is_too_large_is_one_line(task, refused):
    propagated = (*ALIGN, "--miner", "random", "--aligner-parameter")
    refused(*propagated, "decay=1e300", words="decay is 1e+300; it must be less than or equal to 1000000000")
    too_large = "numbers became too large (overflow encountered in cast); take parameters that are nearer"
    refused(*propagated, "decay=1e9", "--aligner-parameter", "n_hops=9", words=too_large)


def test_outputs_do_not_meet_each_other_or_what_is_read(task, refused, tmp_path):
    Path("here").symlink_to(".")
    Path("s.tsv").write_text("left\tright\nleft:0\tright:0\n")
    two = "is the file of two outputs; write to another file"
    refused(*SEEDS, "--out", "a.tsv", "--json", "here/a.tsv", words=two)
    refused(*ALIGN, "--json", "a.html", "--report", "a.html", words=two)
    refused(*ALIGN, "--report", "a.html", "--review", "a.html", words=two)
    refused(*MCLEA, "--out", "a", "--checkpoint", tmp_path / "a", words=two)
    refused(*SEEDS, "--json", "f.npz", words="f.npz is read, too")
    refused(*MCLEA, "--checkpoint", "here/f.npz", words="f.npz is read, too")
    refused(*NONE[:4], "--seeds", "s.tsv", "--out", "s.tsv", words="s.tsv is read, too")
    refused("data", "info", "t/x", "--json", ".", words=".: is a folder")


def test_a_pipe_is_written_into_and_stays(task, refused, tmp_path):
    os.mkfifo("pipe")
    refused(*MCLEA, "--checkpoint", "pipe", words="pipe: is no file")
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    run(*SEEDS, "--miner", "random", "--json", "pipe")
    text = os.read(reader, 1 << 20)
    os.close(reader)
    assert json.loads(text)["n_seeds"] == 20 and Path("pipe").is_fifo()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        refused(*SEEDS, "--out", "socket", words="socket: is no file")


def test_what_an_output_links_to_is_written(task):
    Path("elsewhere").mkdir()
    Path("seeds.tsv").symlink_to("elsewhere/seeds.tsv")
    run(*SEEDS, "--miner", "random")
    assert Path("seeds.tsv").is_symlink() and Path("elsewhere/seeds.tsv").read_text().count("\n") > 20
    with Path("open").open("w") as log:
        log.write("kept\n")
        log.flush()
        Path("out").symlink_to(f"/proc/self/fd/{log.fileno()}")
        run(*SEEDS, "--miner", "random", "--json", "out")
    assert Path("open").read_text().startswith("kept\n{") and Path("out").is_symlink()


def test_unknown_language_and_tasks(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused("seeds", "emoji/en-xx", words="xx")
    refused("data", "info", "emoji/en-xx", words="xx")
    refused(
        "align", "no/such", words="'no/such' is no task and no folder; give a folder that exists, or one of"
    )
    refused("seeds", ".", words="has the files of no layout")
    refused("seeds", "emoji/en-fr", "--dangling", "0.7", words="dangling")
    refused("seeds", "dbp15k/zh_en", "--dangling", "0.1", words="the benchmark dbp15k/zh_en is used as it is")
    (tmp_path / "pair").mkdir()
    refused(
        "align",
        str(tmp_path / "pair"),
        "--dangling",
        "0.1",
        words="is used as it is; counterparts are dropped",
    )
    monkeypatch.setenv("PSQE_DATA", "nothing here")
    refused("data", "info", "dbp15k/zh_en", words="the files of dbp15k/zh_en are missing; run psqe data")
    refused(
        "data",
        "info",
        "emoji/en-fr",
        "--task-random-state",
        "-1",
        words="Invalid value for '--task-random-state'",
    )
    refused("seeds", "emoji/en-fr", "--features", "none.npz", words="none.npz")


def test_a_random_state_where_nothing_is_drawn_is_refused(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cities.written(tmp_path / "pair")
    folder = "but the folder pair is used as it is, and nothing of it is drawn; leave it out"
    for command in (("align", "pair"), ("seeds", "pair"), ("data", "info", "pair")):
        refused(*command, "--task-random-state", "0", words=f"--task-random-state is 0, {folder}")
    (tmp_path / "DBP15K" / "zh_en").mkdir(parents=True)
    (tmp_path / "DBP15K" / "zh_en" / "ent_ids_1").touch()
    benchmark = ("data", "info", "dbp15k/zh_en", "--data-root", ".", "--task-random-state", "1")
    refused(*benchmark, words="but the benchmark dbp15k/zh_en is used as it is")
    refused("data", "info", "no/such", "--task-random-state", "1", words="'no/such' is no task and no folder")
    run("data", "info", "pair", "--hide-presence", "--task-random-state", "1")


@pytest.mark.filterwarnings("ignore:.* has no seed:psqe.errors.PsqeWarning")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing\n", "s.tsv:1: no header"),
        ("left\tright\nnobody\tright:0\n", "s.tsv:2: 'nobody' is no left entity of t/x"),
        ("left\tright\tscore\nleft:1\n", "s.tsv:2: expected 3 columns"),
        ("left\tright\n", "0 seeds are too few to train mclea on"),
    ],
)
def test_malformed_seeds(task, refused, text, words):
    Path("s.tsv").write_text(text)
    refused(*ALIGN[:4], "--aligner", "mclea", "--seeds", "s.tsv", words=words)


def test_broken_feature_files(task, refused):
    Path("f.npz").write_bytes(Path("f.npz").read_bytes()[:500])
    refused(*SEEDS, words="f.npz: cannot be read as a feature file")
    np.savez("f.npz", image_left=np.eye(3), image_right=np.eye(3))
    refused(*SEEDS, words="array 'image_left' have no identifiers, and no file gives the 70 entities")
    np.savez("f.npz", image_left=np.full((70, 2), np.nan), image_right=np.ones((70, 2)))
    refused(*SEEDS, words="f.npz: array 'image_left' has 70 rows that are not finite")
    np.savez("f.npz", image_left=np.ones((70, 2)))
    refused(*SEEDS, words="f.npz: array 'image_right' is missing")


def test_unwritable_places(task, refused):
    """As root nothing is forbidden, but below a regular file nobody can write."""
    Path("file").write_text("")
    Path("folder").mkdir()
    quick = (*SEEDS, "--miner", "random")
    refused(*quick, "--out", "file/seeds.tsv", words="the folder cannot be written")
    refused(*quick, "--out", "file/seeds.npy", words="the folder cannot be written")
    refused(*quick, "--out", "folder", words="folder: is a folder")
    Path("seeds.tsv").write_text("left\tright\nleft:0\tright:0\n")
    refused(*ALIGN, "--miner", "random", "--out", "file/links.tsv", words="the folder cannot be written")
    refused("data", "info", "t/x", "--json", "file/info.json", words="the folder cannot be written")
    Path("page.md").write_text(NOTEBOOK)
    refused("run", "page.md", "--out", "file/out", words="file")


def test_missing_image_and_broken_cache(task, refused, monkeypatch, tmp_path):
    n_left, n_right = task.left.n_entities, task.right.n_entities
    Path("there.png").write_bytes(b"no picture")
    images = replace(
        task,
        left=replace(task.left, images=(Path("gone.png"),) + (None,) * (n_left - 1)),
        right=replace(task.right, images=(Path("there.png"),) + (None,) * (n_right - 1)),
    )
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: images)
    refused(
        "seeds", "t/x", "--modalities", "image", words="gone.png: the image is missing; put the image there"
    )
    Path("gone.png").write_bytes(b"no picture either")

    named = replace(
        task,
        left=replace(task.left, names=tuple(f"name {i}" for i in range(n_left))),
        right=replace(task.right, names=tuple(f"nom {i}" for i in range(n_right))),
    )
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: named)
    encoder = make_encoder("name", "use-m3")
    shard = VectorCache(tmp_path / "cache" / "features", encoder.name, encoder.version).folder / "ab.npz"
    shard.parent.mkdir(parents=True)
    shard.write_bytes(b"half a fi")
    refused("seeds", "t/x", "--modalities", "name", words="ab.npz: broken cache file")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PSQE_CACHE", str(tmp_path / "file" / "cache"))
    refused("seeds", "t/x", "--modalities", "name", words="encoded vectors cannot be saved here")
    refused(
        "seeds", "t/x", "--modalities", "image", words="no entity of graph 'planted-left' or 'planted-right'"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-p", "m=3"), "there is no parameter 'm'; the notebook has: n (int)"),
        (("-p", "n=three"), "parameter 'n' is 'three', which is no int"),
        (("-p", "n=3.5"), "which is no int"),
        (("-p", "n=12"), "it must lie in 1..9"),
        (("-p", "n"), "write -p name=value"),
        (("-p", "n=1", "-p", "n=2"), "given twice"),
        (("--profile", "huge"), "Invalid value for '--profile': 'huge' is not one of"),
    ],
    ids=str,
)
def test_faults_in_run(refused, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    Path("page.md").write_text(NOTEBOOK)
    refused("run", "page.md", *arguments, words=words)


def test_a_notebook_that_is_not_there_is_told_with_a_remedy(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused("run", "nosuch.md", words="nosuch.md: cannot be read (No such file or directory); give the path")


def test_no_arguments_is_help(capsys):
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().out
    assert main(["data"]) == 2


def test_a_fault_of_ours_keeps_its_traceback(task, monkeypatch):
    def broken(name, **_):
        raise ZeroDivisionError

    monkeypatch.setattr(datasets, "load_task", broken)
    with pytest.raises(ZeroDivisionError):
        main(list(SEEDS))


def test_interrupt(task, monkeypatch, capsys):
    def interrupted(name, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "load_task", interrupted)
    assert main(list(SEEDS)) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_as_a_process(tmp_path):
    """The real task, arrays of one's own, real exit codes; a warning is a line, not a source listing."""
    pair = datasets.load_task("emoji/en-fr")
    rng = np.random.default_rng(0)
    shape = {"left": pair.left.n_entities, "right": pair.right.n_entities}
    arrays = {f"image_{s}": rng.standard_normal((n, 8)) for s, n in shape.items()}
    entities = {f"{side}_entities": pair.sides[side].entities for side in shape}
    np.savez(tmp_path / "f.npz", **arrays, **entities)

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    def psqe(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "psqe.cli.main", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)

    # Few of 1,600 entities with random vectors are each other's nearest.
    done = psqe(
        "seeds", "emoji/en-fr", "--features", tmp_path / "f.npz", "--miner", "mutual", "--n-seeds", 1500,
        "--out", tmp_path / "s.tsv",
    )  # fmt: skip
    assert done.returncode == 0 and ", by gold links " in done.stdout
    assert done.stderr.startswith("psqe: warning: miner mutual: 1,500 seeds asked for, ")
    assert done.stderr.count("\n") == 1
    assert len(SeedSet.load(tmp_path / "s.tsv", pair)) > 50

    done = psqe("seeds", "emoji/en-xx", "--out", tmp_path / "t.tsv")
    assert done.returncode == 2 and done.stdout == "" and not (tmp_path / "t.tsv").exists()
    assert done.stderr.startswith("psqe: ") and "xx" in done.stderr and done.stderr.count("\n") == 1
