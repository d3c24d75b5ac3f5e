"""The numbers of the landing page, recomputed from the files of the store with nothing but csv and json."""

from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path
from statistics import fmean

import pytest

from psqe.study import tables
from psqe.study.store import Store

ROOT = Path(__file__).parents[1]
STORE = ROOT / "results" / "store"
PAIRS = ("emoji/en-fr", "emoji/en-de", "emoji/en-ja", "emoji/en-zh")
STATES = (0, 1, 2, 3, 4)
SEEDS = {
    "pivot": {"name": "pivot"}, "pivot, fused": {"name": "pivot", "parameters": {"modality": "all"}},
    "mutual": {"name": "mutual"}, "psqe": {"name": "psqe"}, "true links": {"name": "true links"},
}  # fmt: skip


def rows_of(subject):
    """The measures of the study's plain runs: (pair, kind of seeds, aligner, state) to a list of rows."""
    found = {}
    for pair, state in itertools.product(PAIRS, STATES):
        name = f"{pair.replace('/', '-')}-{state}.csv"
        with (STORE / "runs" / name).open(newline="", encoding="utf-8") as file:
            specs = {row["id"]: json.loads(row["spec"]) for row in csv.DictReader(file)}
        with (STORE / subject / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = key_of(specs[row["id"]], pair, subject)
                if key:
                    found.setdefault(key, []).append(row)
    return found


def key_of(spec, pair, subject):
    if spec["subject"] != subject or spec["task"] != {"dangling": 0.125, "name": pair}:
        return None
    if spec["features"] != {"modalities": ["image", "attribute"]}:
        return None
    miner, aligner = dict(spec.get("miner") or {}), spec.get("aligner")
    kind = None
    if miner:
        if miner.pop("n_seeds", None) != 600 or miner not in SEEDS.values():
            return None
        kind = next(name for name, options in SEEDS.items() if options == miner)
    if aligner and (aligner.get("preset") != "small" or aligner.get("parameters")):
        return None
    return pair, kind, aligner and aligner["name"], spec["random_state"]


@pytest.fixture(scope="module")
def stored():
    return {subject: rows_of(subject) for subject in ("seeds", "alignment")}


def seed_value(stored, kind, column, part_kind):
    return fmean(
        float(row[column])
        for pair in PAIRS for state in STATES
        for row in stored["seeds"][pair, kind, None, state]
        if (row["part_kind"], row["part"]) == (part_kind, "all")
    )  # fmt: skip


def hits(stored, aligner, kind, matching, links):
    """Hits@1 by random state, the mean of both directions and of the four pairs."""
    return [
        fmean(
            float(row["hits@1"])
            for pair in PAIRS
            for row in stored["alignment"][pair, kind, aligner, state]
            if (row["protocol"], row["matching"], row["links"], row["part_kind"])
            == ("full", matching, links, "all")
        )
        for state in STATES
    ]


def test_the_headlines_are_what_the_files_say(stored):
    found = tables.headlines(Store().table("seeds"), Store().table("alignment"))
    for kind in ("pivot", "pivot, fused", "mutual", "psqe"):
        assert found[f"correct {kind}"] == pytest.approx(seed_value(stored, kind, "precision", "all"))
        assert found[f"even {kind}"] == pytest.approx(seed_value(stored, kind, "balance", "semantic"))
    free = {kind: hits(stored, "mclea", kind, "csls", "free_of_all") for kind in SEEDS}
    for kind, values in free.items():
        assert found[f"free {kind}"] == pytest.approx(fmean(values))
    for name, aligner in (("features", None), ("clamped", "clamped")):
        values = hits(stored, aligner, "psqe", "csls", "free_of_all")
        assert found[f"free {name}"] == pytest.approx(fmean(values))
    for better, over in (("pivot, fused", "pivot"), ("psqe", "pivot, fused"), ("psqe", "mutual")):
        gains = [100 * (a - b) for a, b in zip(free[better], free[over], strict=True)]
        name = f"gain {better} over {over}"
        assert found[name] == pytest.approx(fmean(gains))
        # The 95 % quantile of Student's t with four degrees of freedom is 2.776445.
        half = 2.776445 * (sum((gain - fmean(gains)) ** 2 for gain in gains) / 4 / 5) ** 0.5
        assert (found[f"{name} low"], found[f"{name} high"]) == pytest.approx(
            (fmean(gains) - half, fmean(gains) + half), abs=1e-4
        )
    for name, aligner, kind in (
        ("features", None, None), ("propagation", "propagation", None), ("clamped", "clamped", "psqe"),
        ("mclea", "mclea", "psqe"),
    ):  # fmt: skip
        assert found[f"all {name}"] == pytest.approx(fmean(hits(stored, aligner, kind, "sinkhorn", "all")))
    assert found["states"] == len(STATES)


def test_every_number_of_the_landing_page_is_one_of_the_headlines():
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    results = text[text.index("## Key results") : text.index("## The chapters")]
    quoted = set(re.findall(r"\{glue:text\}`runs/which-model-gains\.ipynb::([^:`]+):", results))
    known = tables.headlines(Store().table("seeds"), Store().table("alignment"))
    names = {name.replace(",", "").replace(" ", "_") for name in known}
    assert quoted - {"n_emoji"} <= names and len(quoted) > 15
    assert results.count("{glue:text}") == len(re.findall(r"which-model-gains\.ipynb", results))
    bare = re.sub(r"\{[^}]*\}`[^`]*`|Hits@1|95 %", "", results)
    assert not re.search(r"\d", bare), "a number was typed"
