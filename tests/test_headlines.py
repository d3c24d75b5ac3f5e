"""The numbers of the findings, recomputed from the files of the store with nothing but csv and json."""

from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import pytest
import yaml

from psqe.study import tables
from psqe.study.store import Store

ROOT = Path(__file__).parents[1]
STORE = ROOT / "results" / "store"
SEEDS = {
    "pivot": {"name": "pivot"}, "pivot, fused": {"name": "pivot", "parameters": {"modality": "all"}},
    "mutual": {"name": "mutual"}, "psqe": {"name": "psqe"},
    "psqe, even": {"name": "psqe", "parameters": {"variant": "even"}}, "true links": {"name": "true links"},
}  # fmt: skip


class Family(NamedTuple):
    """Pairs that are told together: their random states, features, number of seeds and kinds of seeds."""

    pairs: tuple[str, ...]
    states: tuple[int, ...]
    modalities: list[str]
    n_seeds: int
    task: dict[str, float]
    quantile: float
    """The 95 % quantile of Student's t with one degree of freedom fewer than there are random states."""
    kinds: tuple[str, ...] = tuple(SEEDS)


COUNTED = {
    "n_emoji",
    "n_dbp",
    "n_han",
    "concord_states",
    "released_found",
    "released_correct",
    "released_states",
}
"""Numbers of the findings that the page takes from the store itself."""

FAMILIES = {
    "emoji": Family(
        ("emoji/en-fr", "emoji/en-de", "emoji/en-ja", "emoji/en-zh"), (0, 1, 2, 3, 4),
        ["image", "attribute"], 600, {"dangling": 0.125}, 2.776445,
    ),
    "dbp15k": Family(
        ("dbp15k/fr_en", "dbp15k/ja_en", "dbp15k/zh_en"), (0, 1), ["name"], 1000, {}, 12.706205,
        ("pivot", "mutual", "psqe", "true links"),
    ),
    "characters": Family(
        ("han/ja-zh",), (0, 1, 2, 3, 4), ["image", "attribute"], 1000, {"dangling": 0.125}, 2.776445,
    ),
}  # fmt: skip


def rows_of(family, subject):
    """The measures of the study's plain runs: (pair, kind of seeds, aligner, state) to a list of rows."""
    found = {}
    for pair, state in itertools.product(family.pairs, family.states):
        name = f"{pair.replace('/', '-')}-{state}.csv"
        with (STORE / "runs" / name).open(newline="", encoding="utf-8") as file:
            specs = {row["id"]: json.loads(row["spec"]) for row in csv.DictReader(file)}
        with (STORE / subject / name).open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                key = key_of(family, specs[row["id"]], pair, subject)
                if key:
                    found.setdefault(key, []).append(row)
    return found


def key_of(family, spec, pair, subject):
    if spec["subject"] != subject or spec["task"] != {**family.task, "name": pair}:
        return None
    if spec["features"] != {"modalities": family.modalities}:
        return None
    miner, aligner = dict(spec.get("miner") or {}), spec.get("aligner")
    kind = None
    if miner:
        if miner.pop("n_seeds", None) != family.n_seeds or miner not in SEEDS.values():
            return None
        kind = next(name for name, options in SEEDS.items() if options == miner)
    if aligner and (aligner.get("preset") != "small" or aligner.get("parameters")):
        return None
    return pair, kind, aligner and aligner["name"], spec["random_state"]


@pytest.fixture(scope="module", params=list(FAMILIES))
def family(request):
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def stored(family):
    return {subject: rows_of(family, subject) for subject in ("seeds", "alignment")}


@pytest.fixture(scope="module")
def found(family):
    return tables.headlines(Store().table("seeds"), Store().table("alignment"), tasks=family.pairs)


def seed_value(family, stored, kind, column, part_kind):
    return fmean(
        float(row[column])
        for pair in family.pairs for state in family.states
        for row in stored["seeds"][pair, kind, None, state]
        if (row["part_kind"], row["part"]) == (part_kind, "all")
    )  # fmt: skip


def hits(family, stored, aligner, kind, matching, links, column="hits@1"):
    """Hits@1, or another column, by random state, the mean of both directions and of the pairs."""
    return [
        fmean(
            float(row[column])
            for pair in family.pairs
            for row in stored["alignment"][pair, kind, aligner, state]
            if (row["protocol"], row["matching"], row["links"], row["part_kind"])
            == ("full", matching, links, "all")
        )
        for state in family.states
    ]


def test_the_headlines_are_what_the_files_say(family, stored, found):
    for kind in set(family.kinds) - {"true links"}:
        assert found[f"correct {kind}"] == pytest.approx(seed_value(family, stored, kind, "precision", "all"))
        assert found[f"even {kind}"] == pytest.approx(seed_value(family, stored, kind, "balance", "semantic"))
    free = {kind: hits(family, stored, "mclea", kind, "csls", "free_of_all") for kind in family.kinds}
    for kind, values in free.items():
        assert found[f"free {kind}"] == pytest.approx(fmean(values))
    for name, aligner in (("features", None), ("clamped", "clamped"), ("propagation", "propagation")):
        values = hits(family, stored, aligner, "psqe", "csls", "free_of_all")
        assert found[f"free {name}"] == pytest.approx(fmean(values))
    for better, over, other in (
        ("pivot, fused", "pivot", ""), ("psqe", "pivot, fused", ""), ("psqe", "mutual", ""),
        ("psqe", "pivot, fused", " eva"), ("psqe", "pivot, fused", " meaformer"),
    ):  # fmt: skip
        name, n = f"gain {better} over {over}{other}", len(family.states)
        if not {better, over} <= set(free):
            assert name not in found
            continue
        model = other.strip() or "mclea"
        first, second = (hits(family, stored, model, k, "csls", "free_of_all") for k in (better, over))
        gains = [100 * (a - b) for a, b in zip(first, second, strict=True)]
        assert found[name] == pytest.approx(fmean(gains))
        variance = sum((gain - fmean(gains)) ** 2 for gain in gains) / (n - 1)
        half = family.quantile * (variance / n) ** 0.5
        assert (found[f"{name} low"], found[f"{name} high"]) == pytest.approx(
            (fmean(gains) - half, fmean(gains) + half), abs=1e-3
        )
    for name, aligner, kind in (
        ("features", None, None), ("propagation", "propagation", None), ("clamped", "clamped", "psqe"),
        ("mclea", "mclea", "psqe"),
    ):  # fmt: skip
        values = hits(family, stored, aligner, kind, "sinkhorn", "all")
        assert found[f"all {name}"] == pytest.approx(fmean(values))
    assert ("all concord" in found) == (family.pairs[0].split("/")[0] != "dbp15k")
    for name, links in (("n free", "free_of_all"), ("n gold", "all")):
        assert found[name] == pytest.approx(
            fmean(hits(family, stored, "mclea", "psqe", "csls", links, "n_queries"))
        )
    assert found["states"] == len(family.states)


def chapters_by_part(text: str) -> list[tuple[str, list[str]]]:
    """The parts of the landing page's list of chapters, each with its pages in their order."""
    parts = re.split(
        r"^### ", text[text.index("## The chapters") : text.index("## How to cite")], flags=re.M
    )[1:]
    return [(part.split("\n")[0], re.findall(r"^- \{doc\}`([^`]+)`", part, re.M)) for part in parts]


def test_the_landing_page_lists_the_chapters_in_the_order_of_the_contents():
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    order = [
        (part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in contents["parts"]
    ]
    assert chapters_by_part((ROOT / "book" / "index.md").read_text(encoding="utf-8")) == order


def test_the_readme_lists_the_notebooks_in_the_order_of_the_contents():
    contents = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    order = [name for name in re.findall(r"file: runs/(\S+)", contents) if name != "status"]
    assert re.findall(r"\(`([a-z-]+)\.md`\) \|", (ROOT / "README.md").read_text(encoding="utf-8")) == order


def test_the_readme_names_chapters_by_their_titles():
    rows = re.findall(
        r"^\| ([^|]+) \(`([a-z-]+)\.md`\) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.M
    )
    assert len(rows) > 30
    for title, name in rows:
        text = (ROOT / "notebooks" / f"{name}.md").read_text(encoding="utf-8")
        assert re.findall(r"^# (.+)$", text, re.M)[0] == title


@pytest.mark.parametrize("page", ["book/index.md", "notebooks/findings.md"])
def test_every_number_of_the_findings_is_one_of_the_headlines(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    begin, end = ("---\n\n# ", "## Exercises") if page.startswith("notebooks/") else ("# ", "## Three doors")
    text = text[text.index(begin) : text.index(end)]
    prose = re.sub(r"```\{code-cell\}.*?```", "", text, flags=re.S)
    quoted = set(re.findall(r"\{glue:text\}`(?:runs/findings\.ipynb::)?([^:`]+):", prose))
    names = set()
    for prefix, family in (("", "emoji"), ("dbp_", "dbp15k"), ("han_", "characters")):
        known = tables.headlines(
            Store().table("seeds"), Store().table("alignment"), tasks=FAMILIES[family].pairs
        )
        names |= {prefix + name.replace(",", "").replace(" ", "_") for name in known}
    assert quoted - COUNTED <= names and len(quoted) > 7
    bare = re.sub(r"\{[^}]*\}`[^`]*`|Hits@1|95 %|DBP15K|^\d\. |\$[^$]*\$", "", prose, flags=re.M)
    assert not re.search(r"\d", bare), "a number was typed"


def test_the_bars_of_the_landing_page_have_the_means_of_the_headlines():
    seeds, alignments = Store().table("seeds"), Store().table("alignment")
    bars = tables.headline_bars(seeds, alignments)
    numbers = tables.headlines(seeds, alignments)
    means = bars[bars["data"] == "Emoji (four pairs)"].groupby(["panel", "bar"])["value"].mean()
    assert means["Seeds that are correct", "PSQE"] == pytest.approx(100 * numbers["correct psqe"])
    assert means["Hits@1 on free links", "features alone"] == pytest.approx(100 * numbers["free features"])
    assert means["Hits@1 on all links", "propagation, no seeds"] == pytest.approx(
        100 * numbers["all propagation"]
    )
    assert means["Hits@1 on all links", "Concord, no seeds"] == pytest.approx(100 * numbers["all concord"])
    n_states = bars.groupby(["data", "panel", "bar"])["random_state"].nunique()
    assert n_states.drop("Concord, no seeds", level="bar").eq(5).all()
    assert n_states.xs("Concord, no seeds", level="bar").eq(2).all(), "the crossing of all evidence has two"
