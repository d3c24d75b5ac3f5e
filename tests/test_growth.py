"""Pairs that grow: what changed is found, links stay without new evidence, and a broken run is refused."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import psqe
from psqe import files
from psqe.cli.main import main
from psqe.datasets.saved_run import FILE
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.evaluation import feature_scorer
from psqe.features import Features
from psqe.features.base import Modality
from psqe.graph import AlignmentTask, FloatArray, IntArray
from psqe.growth.previous import PreviousRun
from psqe.links import Verdicts
from psqe.links.kept import KeptLinks
from psqe.links.predict import weigh_pairs
from psqe.similarity import Dot, Neighbours, Similarity
from psqe.similarity.neighbours import updated_neighbours
from psqe.study.growth import without

COUNTRIES = Path(__file__).parents[1] / "examples" / "countries"
NONE: IntArray = np.empty(0, dtype=np.int64)
NO_PAIRS: IntArray = np.empty((0, 2), dtype=np.int64)
Pair = tuple[AlignmentTask, Features]
TEXTS = psqe.FeatureOptions(modalities=("name", "number"), encoders={"name": "bigram"})
"""What is encoded in a moment, for tests to which the encoders do not matter."""


def part(pair: Pair, left: IntArray, right: IntArray) -> Pair:
    """The pair with some of its entities, in the given order."""
    return pair[0].take(left, right), pair[1].take(left, right)


def replace_listed(run: PreviousRun) -> PreviousRun:
    """The earlier run without the pairs that it listed, so that all pairs are compared again."""
    return run.model_copy(update={"listed": ""})


def named(alignment: psqe.Alignment) -> dict[tuple[str, str], float]:
    """The confidence of each link, by the identifiers of its entities."""
    frame = alignment.links
    return {(row.left, row.right): row.confidence for row in frame.itertuples()}


def differing(one: PreviousRun, other: PreviousRun) -> set[str]:
    """The left entities whose evidence differs."""
    return {
        entity
        for entity, digests in one.evidence["left"].items()
        if other.evidence["left"][entity] != digests
    }


@pytest.fixture(scope="module")
def whole() -> Pair:
    return planted_pair(160, noise=0.5, random_state=3)


@pytest.fixture(scope="module")
def old(whole: Pair) -> psqe.Alignment:
    """An alignment of the pair without the last six entities of either side."""
    task, features = part(whole, *(np.arange(graph.n_entities - 6) for graph in whole[0].sides))
    return psqe.align(task, features=features)


def test_without_a_change_all_links_and_confidences_stay_in_any_order(old: psqe.Alignment) -> None:
    rng = np.random.default_rng(0)
    orders = [rng.permutation(graph.n_entities) for graph in old.task.sides]
    task, features = part((old.task, old.features), *orders)
    again = psqe.align(task, features=features, previous=old)
    assert named(again) == named(old)
    assert again.changes is not None
    assert again.changes.empty
    assert len(again.seeds) == len(old.seeds)


def test_only_links_beside_new_evidence_change_and_new_entities_get_an_answer(
    whole: Pair, old: psqe.Alignment
) -> None:
    task, features = whole
    grown = psqe.align(task, features=features, previous=old)
    assert grown.changes is not None
    before, now = named(old), named(grown)
    listed = grown.changes
    assert (listed["why"] != "").all()

    def rows(change: str) -> set[tuple[str, str]]:
        chosen = listed[listed["change"] == change]
        return set(zip(chosen["left"], chosen["right"], strict=True))

    assert rows("link added") == set(now) - set(before)
    assert rows("link removed") == set(before) - set(now)
    new = [set(graph.entities[-6:]) for graph in task.sides]
    answered = {e for pair in {*now, *rows("no counterpart")} for e in pair}
    assert new[0] | new[1] <= answered
    fresh = psqe.align(task, features=features)
    differ = len(set(now) ^ set(named(fresh))) / len(now)
    assert differ < 0.15, "the links are nearly those of a whole run"
    # A second step continues the first one.
    again = psqe.align(task, features=features, previous=grown)
    assert named(again) == now


def test_only_pairs_of_changed_entities_and_pairs_that_were_listed_are_compared(
    whole: Pair, old: psqe.Alignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, features = whole
    everything = psqe.align(task, features=features, previous=replace_listed(old.as_previous()))
    computed: list[int] = []
    rows = Dot.rows

    def counted(self: Dot, start: int, stop: int) -> FloatArray:
        block = rows(self, start, stop)
        computed.append(block.size)
        return block

    searched = updated_neighbours
    shares: list[float] = []

    def watched(similarity: Similarity, *args: Any, **parameters: Any) -> Neighbours:
        computed.clear()
        found = searched(similarity, *args, **parameters)
        shares.append(sum(computed) / np.prod(similarity.shape))
        return found

    monkeypatch.setattr(Dot, "rows", counted)
    monkeypatch.setattr("psqe.links.kept.updated_neighbours", watched)
    grown = psqe.align(task, features=features, previous=old)
    assert len(shares) == 1
    assert 0 < shares[0] < 0.8
    assert set(named(grown)) == set(named(everything))


def test_entities_that_are_gone_free_their_counterparts(old: psqe.Alignment) -> None:
    gone = int(old.predicted.pairs[0, 0])
    left = np.setdiff1d(np.arange(old.task.left.n_entities), [gone])
    task, features = part((old.task, old.features), left, np.arange(old.task.right.n_entities))
    smaller = psqe.align(task, features=features, previous=old)
    name = old.task.left.entities[gone]
    assert smaller.changes is not None
    row = smaller.changes[smaller.changes["left"] == name].iloc[0]
    assert row["change"] == "link removed"
    assert f"{name}: removed" in row["why"]
    assert name not in {left for left, _ in named(smaller)}


def test_a_changed_vector_is_new_evidence(old: psqe.Alignment) -> None:
    name, entity = next(iter(old.features)), int(old.predicted.pairs[0, 0])
    left, right = old.features[name]
    values = left.values.copy()
    values[entity] += 0.01
    features = Features(
        {**old.features, name: Modality.from_arrays(values, right.values)}, old.features.entities
    )
    again = psqe.align(old.task, features=features, previous=old)
    run, now = old.as_previous(), again.as_previous()
    identifier = old.task.left.entities[entity]
    assert [e for e in run.evidence["left"] if run.evidence["left"][e] != now.evidence["left"][e]] == [
        identifier
    ]


def test_verdicts_hold_in_later_runs_and_new_ones_replace_them(whole: Pair, old: psqe.Alignment) -> None:
    wrong = old.predicted.pairs[:2]
    first = psqe.align(
        old.task, features=old.features, previous=old, verdicts=Verdicts(NO_PAIRS, rejected=wrong)
    )
    names = [(old.task.left.entities[i], old.task.right.entities[j]) for i, j in wrong.tolist()]
    assert not set(names) & set(named(first))
    assert first.changes is not None
    reasons = first.changes.set_index(["left", "right"])["why"]
    assert all("rejected by a verdict" in reasons[pair] for pair in names)
    task, features = whole
    later = psqe.align(task, features=features, previous=first)
    assert not set(names) & set(named(later))
    index = [{e: i for i, e in enumerate(graph.entities)} for graph in task.sides]
    mind_changed = Verdicts(np.array([[index[0][names[0][0]], index[1][names[0][1]]]]), NO_PAIRS)
    last = psqe.align(task, features=features, previous=later, verdicts=mind_changed)
    assert names[0] in named(last)
    assert names[1] not in named(last)


def test_new_verdicts_recalibrate_the_confidence_of_links_that_stay(old: psqe.Alignment) -> None:
    pairs = old.predicted.pairs
    half = np.arange(0, len(pairs), 2)[:20]
    said = Verdicts(pairs[half[:10]], rejected=pairs[half[10:]])
    first = psqe.align(old.task, features=old.features, previous=old, verdicts=said)
    learned = first.predicted.recalibration
    assert learned is not None
    before, now = named(old), named(first)
    stay = [pair for pair in now if pair in before and now[pair] < 1]
    assert len(stay) > 30
    wanted = learned(np.array([before[pair] for pair in stay]))
    assert np.allclose([now[pair] for pair in stay], wanted, atol=1e-6)
    later = psqe.align(old.task, features=old.features, previous=first)
    assert named(later) == now, "without new verdicts, confidences stay"


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_kept_links_stay_exactly_where_no_entity_from_outside_takes_one(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 7))
    permutation = np.array(data.draw(st.permutations(range(n))))
    chosen = np.column_stack([np.arange(n), permutation])
    n_kept = data.draw(st.integers(0, n))
    kept = KeptLinks(
        np.column_stack([np.arange(n_kept), np.arange(n_kept)]),
        *2 * [np.ones(n_kept, np.float32)],
        NONE,
        NONE,
    )
    stays = kept.settled(chosen)
    links = np.vstack([kept.pairs[stays], chosen[kept.allowed(chosen, stays)]])
    assert all(len(set(column)) == len(column) for column in links.T.tolist()), "links are one-to-one"
    # A cycle of the permutation that has only kept entities has no new evidence; every other one is taken.
    for i in range(n_kept):
        cycle, at = {i}, int(permutation[i])
        while at != i:
            cycle.add(at)
            at = int(permutation[at])
        assert stays[i] == all(j < n_kept for j in cycle)


def test_two_entities_without_a_link_and_without_news_get_none() -> None:
    kept = KeptLinks(NO_PAIRS, *2 * [np.empty(0, np.float32)], np.array([0]), np.array([0]))
    assert kept.allowed(np.array([[0, 0], [0, 1]]), kept.settled(NO_PAIRS)).tolist() == [False, True]


def test_another_aligner_or_other_seeds_are_refused(old: psqe.Alignment) -> None:
    with pytest.raises(ParameterError, match="another choice of aligner"):
        psqe.align(old.task, features=old.features, previous=old, aligner="clamped")
    with pytest.raises(ParameterError, match="compared the modalities"):
        name = next(iter(old.features))
        psqe.align(old.task, features=old.features.select([name]), previous=old)
    with pytest.raises(ParameterError, match="the seeds are those of the earlier alignment"):
        psqe.align(old.task, features=old.features, previous=old, seeds="mutual")


def test_another_rule_or_threshold_is_refused(old: psqe.Alignment) -> None:
    for rule, told in (
        (psqe.LinkRule(threshold=0.7), "another choice of links: threshold was 0.0 and is 0.7"),
        (psqe.LinkRule(threshold=None), "threshold was 0.0 and is auto"),
        (psqe.LinkRule(rule="one_to_one"), "rule was mutual and is one_to_one"),
    ):
        with pytest.raises(ParameterError, match=told):
            psqe.align(old.task, features=old.features, previous=old, links=rule)


@pytest.mark.parametrize("automatic", [False, True], ids=["given", "found without gold links"])
def test_a_pair_below_the_threshold_takes_no_entity_from_a_link(whole: Pair, automatic: bool) -> None:
    task, features = whole
    weighed = weigh_pairs(task, features, feature_scorer(task, features))
    links = weighed.choose(psqe.LinkRule())
    threshold = weighed.choose(psqe.LinkRule(threshold=None)).threshold if automatic else 0.9
    strong, weak = links.confidence >= threshold, links.confidence < threshold
    free = int(links.without_counterpart(task).right[0])
    # One earlier link has the left entity of a pair that is taken for a link, another that of a weak pair.
    for left, stays in ((links.pairs[strong][0, 0], False), (links.pairs[weak][0, 0], True)):
        kept = KeptLinks(np.array([[left, free]]), *2 * [np.ones(1, np.float32)], NONE, NONE)
        grown = weigh_pairs(task, features, feature_scorer(task, features), kept=kept)
        found = grown.choose(psqe.LinkRule(threshold=None if automatic else threshold))
        assert ([left, free] in found.pairs.tolist()) == stays


def test_the_run_of_another_pair_is_refused(old: psqe.Alignment) -> None:
    swapped = replace(old.task, left=old.task.right, right=old.task.left, links=None)
    turned = Features(
        {name: Modality(*reversed(tuple(modality))) for name, modality in old.features.items()}, None
    )
    with pytest.raises(ParameterError, match="no left entity of the earlier run is in"):
        psqe.align(swapped, features=turned, previous=old)


def test_rejections_recalibrate_also_in_the_run_after_the_next(whole: Pair, old: psqe.Alignment) -> None:
    pairs = old.predicted.pairs
    said = Verdicts(pairs[:12], rejected=pairs[-8:])
    first = psqe.align(old.task, features=old.features, previous=old, verdicts=said)
    later = psqe.align(whole[0], features=whole[1], previous=first)
    assert first.predicted.recalibration is not None
    assert later.predicted.recalibration is not None
    assert later.predicted.recalibration.n > len(said.accepted), "some rejected pairs count, too"


def test_changes_of_another_run_do_not_stay_beside_a_run_without_any(
    old: psqe.Alignment, tmp_path: Path
) -> None:
    psqe.align(old.task, features=old.features, previous=old).save(tmp_path)
    assert (tmp_path / "changes.tsv").exists()
    old.save(tmp_path)
    assert not (tmp_path / "changes.tsv").exists()


@pytest.mark.parametrize("name", ["links.tsv", "seeds.tsv", "report.json", "changes.tsv"])
def test_a_file_that_no_run_has_written_is_not_replaced(
    old: psqe.Alignment, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(ParameterError, match=f"{name} is there already and would be lost") as told:
        old.save(tmp_path)
    assert told.value.remedy and [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize("name", ["links.tsv", "seeds.tsv", "report.json", "changes.tsv", FILE])
def test_a_file_that_was_changed_after_a_run_is_not_replaced(
    old: psqe.Alignment, tmp_path: Path, name: str
) -> None:
    old.save(tmp_path)
    old.save(tmp_path)
    (tmp_path / name).write_text("mine")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    told = "is damaged or not that" if name == FILE else "no run has written it, or it was changed since"
    with pytest.raises(ParameterError, match=f"{name} would be lost, and .* ?{told}"):
        old.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    (tmp_path / name).unlink()
    if name != FILE:
        old.save(tmp_path)
        assert PreviousRun.load(tmp_path).links


def test_a_foreign_file_is_told_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "links.tsv").write_text("mine")
    options = ["--out", str(tmp_path / "o.tsv"), "--save", str(tmp_path / "run")]
    assert main(["align", str(COUNTRIES), *options]) == 2
    assert "links.tsv is there already and would be lost" in capsys.readouterr().err


def test_a_run_is_saved_as_a_whole_or_not_at_all(
    old: psqe.Alignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(path: Path, content: object) -> None:
        raise PsqeError("cannot be written", path=path)

    old.save(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    rejected = Verdicts(np.empty((0, 2), dtype=np.int64), old.predicted.pairs[:1])
    corrected = old.update(verdicts=rejected)
    with monkeypatch.context() as patched:
        patched.setattr("psqe.alignment.write_json", no_room)
        for folder in ("run", "new/run"):
            told = re.escape(f"{tmp_path / folder}/report.json: cannot be written")
            with pytest.raises(PsqeError, match=f"^{told}$"):
                corrected.save(tmp_path / folder)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before
    assert not (tmp_path / "new").exists()
    moved: list[str] = []
    replace_file = Path.replace

    def noted(path: Path, to: Path) -> Path:
        moved.append(Path(to).name)
        return replace_file(path, to)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", noted)
        corrected.save(tmp_path / "run")
    assert moved[-1] == FILE, "so that a run of which only a part was moved is not taken for a whole one"
    assert {path.name for path in (tmp_path / "run").iterdir()} == set(before)
    assert PreviousRun.load(tmp_path / "run").verdicts


def test_a_folder_that_another_process_removes_is_made_again(tmp_path: Path) -> None:
    tries: list[bool] = []

    def act() -> str:
        tries.append((tmp_path / "a" / "b").is_dir())
        if len(tries) < 3:
            (tmp_path / "a" / "b").rmdir()
        return (tmp_path / "a" / "b" / "file").write_text("x") and "done"

    assert files._in_folder(tmp_path / "a" / "b", act) == "done" and tries == [True] * 3


def test_a_saved_table_may_be_a_link_to_another_file(old: psqe.Alignment, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "links.tsv").symlink_to(tmp_path / "elsewhere.tsv")
    old.save(tmp_path / "run")
    assert (tmp_path / "run" / "links.tsv").is_symlink()
    assert (tmp_path / "elsewhere.tsv").read_text().startswith("left")
    PreviousRun.load(tmp_path / "run")


def test_a_saved_run_is_read_back_and_a_damaged_one_is_refused(old: psqe.Alignment, tmp_path: Path) -> None:
    old.save(tmp_path / "run")
    again = psqe.align(old.task, features=old.features, previous=tmp_path / "run")
    assert named(again) == named(old)
    with pytest.raises(ParameterError, match="no changes without an earlier alignment"):
        old.save_changes(tmp_path / "changes.tsv")
    file = tmp_path / "run" / FILE
    content = json.loads(file.read_text())
    ends = content["links"][0][:2]
    for text, told in (
        ("{", "damaged"),
        ("{}", "damaged .evidence"),
        (json.dumps(content | {"version": 2}), "damaged .version"),
        (json.dumps(content | {"links": content["links"] + content["links"][:1]}), "in two links"),
        (json.dumps(content | {"listed": "AAAA"}), "pairs that it listed"),
        (json.dumps(content | {"evidence": {"left": content["evidence"]["left"]}}), "a side is missing"),
        (json.dumps(content | {"links": [["a", "b", 7.0, 1.0]]}), "not from 0 to 1"),
        (json.dumps(content | {"seeds": content["seeds"] * 2}), "psqe-run.json: .* damaged: .* in two seeds"),
        (json.dumps(content | {"seeds": [["a", "nobody", 1.0, "x"]]}), "psqe-run.json: .* unknown: 'a'"),
        (
            json.dumps(content | {"verdicts": [[*ends, "accept"], [*ends, "reject"]]}),
            "json: .* both accepted",
        ),
        (json.dumps({k: v for k, v in content.items() if k != "verdicts"}), "json: .* verdicts is missing"),
        (json.dumps(content | {"seeds": [[*ends, 1e300, "x"]]}), "json: .* a score or a stage"),
        (json.dumps(content | {"seeds": [[*ends, 1.0, "a\tb"]]}), "json: .* a score or a stage"),
        (json.dumps(content | {"verdicts": [[*ends, "no_counterpart"]]}), "json: .* or one too many"),
        (json.dumps(content | {"verdicts": [[None, None, "no_counterpart"]]}), "json: .* has no entity"),
    ):
        file.write_text(text)
        with pytest.raises(DataError, match=told):
            PreviousRun.load(tmp_path / "run")
    file.write_text(json.dumps(content))
    table = tmp_path / "run" / "links.tsv"
    table.write_text(table.read_text() + "a\tb\t1\t1\t1\n")
    with pytest.raises(DataError, match="was changed or removed after the run"):
        PreviousRun.load(tmp_path / "run")
    with pytest.raises(DataError, match="cannot be read"):
        PreviousRun.load(tmp_path / "nowhere")


def without_two(folder: Path) -> list[list[str]]:
    """Copy the countries but for two of them; return the rows of their gold links."""
    rows = [line.split("\t") for line in (COUNTRIES / "links.tsv").read_text("utf-8").splitlines()[1:]]
    without(COUNTRIES, [end for row in rows[10:12] for end in row], folder)
    return rows[10:12]


def test_a_copy_without_entities_names_them_nowhere(tmp_path: Path) -> None:
    without(COUNTRIES, ["portugal", "p05"], tmp_path / "copy")
    files = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert len(files) == sum(path.is_file() for path in COUNTRIES.rglob("*")) - 2, "two pictures are gone"
    cells = {cell for path in files if path.suffix == ".tsv" for cell in path.read_text("utf-8").split()}
    assert not {"portugal", "p05"} & cells
    assert {"spain", "p04"} <= cells
    with pytest.raises(ParameterError, match=r"no table of .* names atlantis"):
        without(COUNTRIES, ["atlantis", "p05"], tmp_path / "other")


def test_the_command_continues_a_run_after_two_countries_were_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = without_two(tmp_path / "countries")
    run, grown = str(tmp_path / "1"), str(tmp_path / "2")
    first = ["align", str(tmp_path / "countries"), "--out", str(tmp_path / "a.tsv"), "--save", run]
    assert main(first) == 0
    written = ["--out", str(tmp_path / "b.tsv"), "--save", grown, "--changes", str(tmp_path / "changes.tsv")]
    capsys.readouterr()
    assert main(["align", str(COUNTRIES), "--previous", run, *written]) == 0
    assert "changes since the earlier run: 2 links added\n" in capsys.readouterr().out
    header, *rows = (tmp_path / "changes.tsv").read_text("utf-8").splitlines()
    assert header.split("\t") == ["change", "left", "right", "confidence", "why"]
    assert sorted(row.split("\t")[1:3] for row in rows) == sorted(gone)
    assert (tmp_path / "2" / "changes.tsv").read_bytes() == (tmp_path / "changes.tsv").read_bytes()
    links = tmp_path / "1" / "links.tsv"
    content = links.read_bytes()
    assert main(["align", str(COUNTRIES), "--previous", run, "--out", str(links)]) == 2
    assert str(links) in capsys.readouterr().err
    assert links.read_bytes() == content, "the earlier run can be continued again"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--changes", "c.tsv"], "--changes needs an earlier run"),
        (["--previous", "p", "--seeds", "s.tsv"], "--seeds and --previous exclude each other"),
        (["--previous", "p", "--miner", "mutual"], "--miner and --previous exclude each other"),
        (["--previous", "p", "--n-seeds", "5"], "--n-seeds says how seeds are mined"),
        (["--previous", "nowhere"], "the earlier run cannot be read"),
        (["--previous", "p", "--changes", "c.txt"], "--changes"),
    ],
)
def test_options_that_do_not_go_together_are_told(
    options: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["align", str(COUNTRIES), *options]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("folder", "options", "told"),
    [
        ("new/run", ["--seeds", "nowhere.tsv"], "nowhere.tsv"),
        ("countries", [], "choose another folder, outside that of the pair"),
        (
            "new/run",
            ["--tabs"],
            "a tab or a line break, which a .tsv file cannot hold; rename these entities, or leave",
        ),
    ],
)
def test_a_command_that_fails_leaves_no_folder_and_its_remedy_works(
    folder: str,
    options: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(COUNTRIES, "countries")
    if options == ["--tabs"]:
        next(Path("countries").rglob("portugal.*")).unlink()
        for table in Path("countries").rglob("*.tsv"):
            table.write_text(table.read_text("utf-8").replace("portugal", '"port\tugal"'), "utf-8")
        options = []
    given = ["--modalities", "name", "--out", "o.csv", "--save", folder, *options]
    assert main(["align", "countries", *given]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["countries"]
    assert not Path("countries/psqe-run.json").exists()


def test_update_continues_an_alignment_in_the_way_that_it_was_made(tmp_path: Path) -> None:
    gone = without_two(tmp_path / "countries")
    first = psqe.align(
        tmp_path / "countries",
        features=TEXTS,
        aligner="concord",
        links=psqe.LinkRule(rule="one_to_one", threshold=0.2),
        random_state=3,
    )
    grown = first.update(COUNTRIES)
    assert grown.changes is not None
    added = grown.changes[grown.changes["change"] == "link added"]
    assert sorted(zip(added["left"], added["right"], strict=True)) == sorted(map(tuple, gone))
    for key in ("modalities", "encoders", "aligner", "links"):
        assert grown.parameters[key] == first.parameters[key]
    first.save(tmp_path / "run")
    by_folder = psqe.align(
        COUNTRIES,
        features=TEXTS,
        aligner="concord",
        links=psqe.LinkRule(rule="one_to_one", threshold=0.2),
        random_state=3,
        previous=tmp_path / "run",
    )
    assert named(by_folder) == named(grown)


def test_update_takes_verdicts_with_the_graphs_and_keeps_those_before(tmp_path: Path) -> None:
    without_two(tmp_path / "countries")
    first = psqe.align(tmp_path / "countries", features=TEXTS)
    wrong = [tuple(row) for row in first.links[["left", "right"]].to_numpy().tolist()[:2]]
    for name, (left, right) in zip("ab", wrong, strict=True):
        (tmp_path / f"{name}.tsv").write_text(f"left\tright\tverdict\n{left}\t{right}\treject\n")
    judged = first.update(verdicts=tmp_path / "a.tsv")
    assert wrong[0] not in named(judged)
    assert judged.changes is None
    grown = judged.update(COUNTRIES, verdicts=[tmp_path / "b.tsv"])
    assert not set(wrong) & set(named(grown))
    assert len(grown.predicted.verdicts) == 2
    # A grown alignment can be judged again: it continues the same earlier one.
    later = grown.update(verdicts=Verdicts(grown.predicted.pairs[:1], NO_PAIRS))
    assert len(later.predicted.verdicts) == 3
    assert set(named(later)) == set(named(grown))


def test_a_folder_can_be_changed_in_place_and_pictures_count(tmp_path: Path) -> None:
    folder = tmp_path / "countries"
    shutil.copytree(COUNTRIES, folder)
    first = psqe.align(
        folder, features=psqe.FeatureOptions(modalities=("image",), encoders={"image": "pixels"})
    )
    changed, *others = sorted((folder / "left" / "images").iterdir())
    shutil.copy(others[0], changed)
    judged = first.update(verdicts=Verdicts(NO_PAIRS, first.predicted.pairs[:1]))
    assert judged.features is first.features, "the pictures are those that the alignment is about"
    kinds = differing(first.as_previous(), first.update(folder).as_previous())
    assert kinds == {changed.stem}


def test_update_needs_the_vectors_again_where_they_were_given(
    whole: Pair, old: psqe.Alignment, tmp_path: Path
) -> None:
    task, features = whole
    with pytest.raises(ParameterError, match="the vectors of this alignment were given ready"):
        old.update(task)
    assert named(old.update(task, features=features)) == named(
        psqe.align(task, features=features, previous=old)
    )
    old.features.save(tmp_path / "old.npz")
    from_file = psqe.align(old.task, features=psqe.FeatureFile(path=tmp_path / "old.npz"))
    with pytest.raises(ParameterError, match=r"were read from .*old\.npz"):
        from_file.update(task)
    features.save(tmp_path / "now.npz")
    grown = from_file.update(task, features=psqe.FeatureFile(path=tmp_path / "now.npz"))
    assert named(grown) == named(old.update(task, features=features))


def test_update_refuses_what_says_nothing(old: psqe.Alignment) -> None:
    with pytest.raises(ParameterError, match="neither a pair nor verdicts"):
        old.update()
    with pytest.raises(ParameterError, match=r"verdicts are given as the pair; write update\(verdicts"):
        old.update(Verdicts.none())  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="features are given without a pair"):
        old.update(features=old.features, verdicts=Verdicts.none())


def test_evidence_tells_kinds_apart(old: psqe.Alignment) -> None:
    graph = old.task.left
    triple = graph.triples[0]
    task = replace(old.task, left=replace(graph, triples=graph.triples[1:]), links=None)
    changed = psqe.align(task, features=old.features, previous=old)
    run, now = old.as_previous(), changed.as_previous()
    assert differing(run, now) == {graph.entities[triple[0]], graph.entities[triple[2]]}
