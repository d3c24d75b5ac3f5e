"""The audit against slow, plain recomputation."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import tiny

from psqe.evaluation.intervals import proportion_interval
from psqe.evaluation.regions import Regions, all_regions
from psqe.seeds import PSQEMiner, SeedSet, audit, balance, correct, coverage, judged
from psqe.seeds.seed_set import StageTrace


@pytest.fixture(scope="module")
def audited(planted):
    seeds = PSQEMiner(30, n_clusters=3, stages=["cluster", "expand"]).mine(*planted)
    regions = all_regions(*planted)
    return seeds, regions, audit(seeds, planted[0], regions)


def share(pairs, gold) -> float | None:
    return sum(tuple(p) in gold for p in pairs.tolist()) / len(pairs) if len(pairs) else None


def test_precision_and_recall(planted, audited):
    seeds, _, report = audited
    gold = {tuple(link) for link in planted[0].links.tolist()}
    hits = [tuple(pair) in gold for pair in seeds.pairs.tolist()]
    assert report["n_seeds"] == len(seeds) == 30
    assert report["precision"] == pytest.approx(sum(hits) / len(hits))
    assert report["recall"] == pytest.approx(sum(hits) / len(gold))
    assert report["precision_interval"] == proportion_interval(sum(hits), len(hits))
    assert report["estimated_precision"] == pytest.approx(float(np.mean(seeds.confidence)))
    assert correct(seeds.pairs, planted[0]).tolist() == hits


def test_precision_among_those_that_gold_links_can_judge(planted, audited):
    """A pair of two entities without a link is not counted against anybody."""
    seeds, regions, report = audited
    links = planted[0].links.tolist()
    lefts, rights = ({link[side] for link in links} for side in (0, 1))
    known = [i in lefts or j in rights for i, j in seeds.pairs.tolist()]
    hits = [[i, j] in links for i, j in seeds.pairs.tolist()]
    assert judged(seeds.pairs, planted[0]).tolist() == known
    assert report["precision_judged"] == pytest.approx(sum(hits) / sum(known))
    fewer = replace(planted[0], links=planted[0].links[:20])  # gold links that are not complete
    partial = audit(seeds, fewer, regions)
    assert partial["precision"] < 0.5 < 0.8 < partial["precision_judged"]


def test_judged_by_hand():
    task, _ = tiny(4, 6, links=True)  # right entities 4 and 5 have no link
    task = replace(task, links=task.links[:3])  # nor has left entity 3
    pairs = np.array([[0, 0], [1, 2], [2, 4], [3, 1], [3, 5]])
    assert judged(pairs, task).tolist() == [True, True, True, True, False]
    assert correct(pairs, task).tolist() == [True, False, False, False, False]
    assert judged(pairs, task.without_links()) is None


def test_coverage_balance_and_precision_by_region(planted, audited):
    seeds, regions, report = audited
    gold = {tuple(link) for link in planted[0].links.tolist()}
    for kind, r in regions.items():
        shares = []
        for i, name in enumerate(r.names):
            members = [("l", e) for e, x in enumerate(r.left) if x == i]
            members += [("r", e) for e, x in enumerate(r.right) if x == i]
            seeded = {("l", a) for a, _ in seeds.pairs.tolist()} | {("r", b) for _, b in seeds.pairs.tolist()}
            if not members:
                assert name not in report["coverage"][kind]
                continue
            wanted = len(seeded & set(members)) / len(members)
            assert report["coverage"][kind][name] == pytest.approx(wanted)
            shares.append(wanted)
            inside = np.array([p for p in seeds.pairs.tolist() if r.left[p[0]] == i]).reshape(-1, 2)
            assert report["precision_by_region"][kind][name] == share(inside, gold)
            sure = [c for c, p in zip(seeds.confidence, seeds.pairs, strict=True) if r.left[p[0]] == i]
            assert report["estimated_by_region"][kind][name] == (
                pytest.approx(float(np.mean(sure))) if sure else None
            )
        p = [s / sum(shares) for s in shares if s]
        assert report["balance"][kind] == pytest.approx(
            math.exp(-sum(x * math.log(x) for x in p)) / len(shares)
        )


def test_stages(planted, audited):
    seeds, _, report = audited
    gold = {tuple(link) for link in planted[0].links.tolist()}
    assert [s["stage"] for s in report["stages"]] == ["cluster", "expand"]
    for entry, trace in zip(report["stages"], seeds.trace, strict=True):
        assert entry["n_added"] == len(trace.added) and entry["n_dropped"] == len(trace.dropped)
        assert entry["n_seeds"] == len(trace.pairs)
        assert entry["precision_added"] == share(trace.added, gold)
        assert entry["precision_dropped"] == share(trace.dropped, gold)
        assert entry["precision"] == share(trace.pairs, gold)
        for change in ("added", "dropped"):
            whys = getattr(trace, f"why_{change}")
            assert entry[f"why_{change}"] == {why: whys.count(why) for why in set(whys)}
            assert sum(entry[f"why_{change}"].values()) == entry[f"n_{change}"]
        assert entry["estimated_precision"] == pytest.approx(float(np.mean(trace.confidence)))
        assert entry["seconds"] == trace.seconds and entry["note"] == trace.note


def test_report_is_json(audited):
    report = audited[2]
    assert json.loads(json.dumps(report, allow_nan=False))["n_seeds"] == 30


def test_without_gold_links(planted, audited):
    seeds, regions, known = audited
    report = audit(seeds, replace(planted[0], links=None), regions)
    assert report["precision"] is report["recall"] is report["precision_interval"] is None
    assert report["precision_judged"] is None
    assert report["estimated_precision"] == known["estimated_precision"] is not None
    assert report["estimated_by_region"] == known["estimated_by_region"]
    for kind in regions:
        assert set(report["precision_by_region"][kind].values()) == {None}
    assert report["coverage"] == known["coverage"] and report["balance"] == known["balance"]
    assert all(s["precision"] is s["precision_added"] is None for s in report["stages"])
    json.dumps(report, allow_nan=False)


def test_without_seeds():
    task, features = tiny(3, 4, links=True)
    none = SeedSet(np.empty((0, 2), dtype=np.int64), np.empty(0, dtype=np.float32), ())
    report = audit(none, task, all_regions(task, features))
    assert report["precision"] is None and report["precision_interval"] is None and report["recall"] == 0
    assert report["precision_judged"] is report["estimated_precision"] is None
    assert set(report["balance"].values()) == {0.0}
    assert all(value == 0 for shares in report["coverage"].values() for value in shares.values())
    json.dumps(report, allow_nan=False)


def test_seeds_that_no_miner_of_ours_found(planted, audited):
    """They have no confidence, and the audit says nothing where it knows nothing."""
    seeds, regions, known = audited
    given = SeedSet(seeds.pairs, seeds.scores, seeds.stages)
    report = audit(given, planted[0], regions)
    assert report["estimated_precision"] is None and report["stages"] == []
    assert all(set(of.values()) == {None} for of in report["estimated_by_region"].values())
    assert report["precision"] == known["precision"] and report["n_wanted"] is None
    json.dumps(report, allow_nan=False)


def test_dangling_ends_are_wrong():
    task, _ = tiny(3, 5, links=True)
    pairs = np.array([[0, 0], [1, 4], [2, 1]])
    assert correct(pairs, task).tolist() == [True, False, False]
    assert correct(pairs, task.without_links()) is None


def test_several_true_counterparts_and_what_a_stage_added_by_hand():
    task, _ = tiny(3, 4)
    task = replace(task, links=np.array([[0, 0], [0, 1], [1, 2]]))  # one-to-one seeds can find two of them
    pairs = np.array([[0, 1], [1, 3]])
    stage = StageTrace("cluster", added=pairs[:1], dropped=np.array([[2, 2]]), pairs=pairs)
    report = audit(SeedSet(pairs, np.ones(2), ("cluster",) * 2, trace=(stage,)), task, {})
    assert report["n_correct"] == 1 and report["precision"] == report["recall"] == 0.5
    (entry,) = report["stages"]
    assert (entry["precision_added"], entry["precision_dropped"], entry["precision"]) == (1, 0, 0.5)


def test_coverage_by_hand():
    regions = Regions("degree", ("low", "high", "empty"), np.array([0, 0, 1, -1]), np.array([1, 0]))
    assert coverage(np.array([[0, 0], [3, 1]]), regions) == {"low": 2 / 3, "high": 1 / 2}


shares = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(shares)
def test_balance_lies_between_one_region_and_all(values):
    found = balance({str(i): v for i, v in enumerate(values)})
    if sum(values) == 0:
        assert found == 0
    else:
        assert 1 / len(values) - 1e-9 <= found <= 1 + 1e-9


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-3, 1), st.integers(1, 8))
def test_balance_at_its_ends_and_free_of_scale(value, n):
    assert balance(dict.fromkeys(map(str, range(n)), value)) == pytest.approx(1)
    assert balance({str(i): value * (i == 0) for i in range(n)}) == pytest.approx(1 / n)
    uneven = {str(i): (i + 1) / 10 for i in range(n)}
    assert balance({k: value * v for k, v in uneven.items()}) == pytest.approx(balance(uneven))


def test_balance_falls_as_coverage_moves_to_one_region():
    found = [balance({"a": 0.3 + d, "b": 0.3 - d}) for d in (0, 0.1, 0.2, 0.3)]
    assert found == sorted(found, reverse=True) and found[0] > found[-1]
