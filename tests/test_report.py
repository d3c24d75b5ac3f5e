"""What a report on links holds, and that it is one file that needs nothing else."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pairs import Table, graph, relabelled, tiny, with_fewer_candidates, with_wrong_links, without_links
from PIL import Image
from reports import facts

from psqe import datasets
from psqe.cli.main import main
from psqe.errors import PsqeWarning
from psqe.evaluation import feature_scorer
from psqe.evaluation.regions import all_regions
from psqe.features import Features
from psqe.graph import AlignmentTask, Sides
from psqe.links import LinkRule, NoLinkReason, Verdicts, link_quality, predict_links, reasons_without_link
from psqe.links.report import LinkFacts, LinkReport, link_facts, link_report, sentences, tables
from psqe.links.report.facts import BORDER, CERTAIN, N_REJECTED
from psqe.seeds import MutualMiner

AUTO = LinkRule(threshold=None)
EVIL = '</td><script src="https://evil.example/x.js"></script><img src=//evil.example/y.png>'


def reviewed(pair, n_seeds: int = 20, rule: LinkRule = AUTO) -> LinkFacts:
    task, features = pair
    seeds = MutualMiner(n_seeds).mine(task, features)
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds, rule=rule)
    return link_facts(task, features, links)


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def assert_self_contained(page: str) -> None:
    tags = Tags(page).tags
    assert not {"script", "link", "iframe", "object", "base"} & {tag for tag, _ in tags}
    for tag, attributes in tags:
        for name in ("src", "srcset", "data", "poster", "action", "background"):
            assert attributes.get(name, "data:").startswith("data:"), (
                f"<{tag} {name}={attributes[name][:60]}>"
            )
        assert attributes.get("href", "#").startswith("#")
        assert not any(name.startswith("on") for name in attributes)
        assert "url(" not in attributes.get("style", "")
    for sheet in re.findall(r"<style[^>]*>(.*?)</style>", page, flags=re.DOTALL):
        assert "url(" not in sheet and "@import" not in sheet


# ---- the facts


def test_every_candidate_is_linked_or_has_a_reason(planted):
    pair = with_fewer_candidates(planted)
    found = reviewed(pair)
    for side in ("left", "right"):
        n = len(pair[0].sides[side].candidates)
        assert sum(found.unlinked[side].values()) + len(found.links) == n
    assert found.links.from_seed.sum() > 5


def test_reasons():
    """Left: 0 and 1 are alike, of 2 nothing is known, 3 is linked, and 4 would like the partner of 3."""
    task, _ = tiny(5, 3)
    left = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0.9, 0.3]], dtype=np.float32)
    right = np.array([[1, 0, 0], [0, 1, 0], [-1, -0.1, 1]], dtype=np.float32)
    features = Features.from_arrays(
        {"image_left": left, "image_left_present": left.any(axis=1), "image_right": right}
    )
    said, nothing, low, tie, other, no_further = NoLinkReason

    def reasons(threshold: float, side, cardinality="one-to-one"):
        rule = LinkRule("cosine", "mutual", threshold, cardinality)
        links = predict_links(task, features, lambda i, j: Table((left @ right.T)[np.ix_(i, j)]), rule=rule)
        assert links.pairs.tolist() == ([[3, 1]] if threshold == 0 else [])
        return reasons_without_link(task, features, links, side)

    assert reasons(0, "left") == {0: tie, 1: tie, 2: nothing, 4: other}
    # Right 0 has two nearest that are alike; the nearest of right 2 is left 4, which prefers right 1.
    assert reasons(0, "right") == {0: tie, 2: other}
    assert reasons(1, "left") == {0: tie, 1: tie, 2: nothing, 3: low, 4: other}
    assert reasons(1, "right") == {0: tie, 1: low, 2: other}
    with pytest.warns(PsqeWarning, match="fewer than 20 links"):
        assert reasons(0, "right", "one-to-many") == {0: tie, 2: no_further}
        assert reasons(0, "left", "one-to-many")[4] == other
        assert reasons(0, "left", "many-to-many")[4] == no_further
    none = Verdicts(np.empty((0, 2)), np.empty((0, 2)), Sides([4], [2]))
    links = predict_links(task, features, lambda i, j: Table((left @ right.T)[np.ix_(i, j)]), verdicts=none)
    assert reasons_without_link(task, features, links, "left")[4] == said
    assert reasons_without_link(task, features, links, "right")[2] == said


def test_an_entity_is_in_no_tie_that_nearer_ones_have_at_its_nearest():
    """Left 0 and 1 are alike and nearest to right 0; left 2 is near to it alone, and far behind them."""
    task, _ = tiny(3, 2)
    left = np.array([[1, 0], [1, 0], [0.5, 0.2]], dtype=np.float32)
    right = np.array([[1, 0], [-1, -1]], dtype=np.float32)
    features = Features.from_arrays({"image_left": left, "image_right": right})
    links = predict_links(
        task,
        features,
        lambda i, j: Table((left @ right.T)[np.ix_(i, j)]),
        rule=LinkRule("cosine", "mutual", 0.0),
    )
    reasons = reasons_without_link(task, features, links, "left")
    assert reasons == {0: NoLinkReason.TIE, 1: NoLinkReason.TIE, 2: NoLinkReason.PREFERRED_ANOTHER}


def test_candidates_by_modality(planted):
    task, features = with_fewer_candidates(planted)
    found = reviewed((task, features))
    for side, graph_ in zip(("left", "right"), task.sides, strict=True):
        masks = {name: modality[side].present[graph_.candidates] for name, modality in features.items()}
        for name, mask in masks.items():
            assert found.with_modality[name][side] == mask.sum()
        assert found.without_modality[side] == (~np.any(list(masks.values()), axis=0)).sum()


def test_links_on_the_border_and_certain_ones(planted):
    found = reviewed(planted)
    confidence = found.links.confidence
    border = [card.confidence for card in found.border]
    distance = np.sort(np.abs(confidence - BORDER))
    assert max(abs(c - BORDER) for c in border) == pytest.approx(distance[19], abs=1e-6)
    assert len(border) == 20 and border == sorted(border, reverse=True)
    certain = [card.confidence for card in found.certain]
    assert len(certain) == 20 and min(certain) >= CERTAIN
    assert len(found.links) > (confidence >= CERTAIN).sum() > 20
    assert len({card.left.identifier for card in found.certain}) == 20


def test_the_runner_up_is_the_one_the_margin_is_measured_to(planted):
    found = reviewed(planted)
    task = planted[0]
    s = feature_scorer(*planted)(task.left.candidates, task.right.candidates).rows(0, 10**6)
    index = {side: task.sides[side].index() for side in ("left", "right")}
    sides = set()
    for card in [*found.border, *found.certain]:
        i, j = index["left"][card.left.identifier], index["right"][card.right.identifier]
        other = index[card.replaces][card.runner_up.identifier]
        score = s[other, j] if card.replaces == "left" else s[i, other]
        assert s[i, j] - score == pytest.approx(card.rank_margin, abs=1e-5)
        sides.add(card.replaces)
    assert sides == {"left", "right"}


def test_rejected_pairs_missed_the_threshold_by_the_least(planted):
    every = reviewed(planted, rule=LinkRule(threshold=0))
    assert every.rejected == ()
    found, chosen = reviewed(planted, rule=LinkRule(threshold=0.99)), every.links
    missed = {
        tuple(pair): sure
        for pair, sure in zip(chosen.pairs.tolist(), chosen.confidence.tolist(), strict=True)
        if sure < 0.99
    }
    assert len(found.links) + len(missed) == len(chosen) and len(missed) > N_REJECTED
    shown = [card.confidence for card in found.rejected]
    assert shown == pytest.approx(sorted(missed.values(), reverse=True)[:N_REJECTED])
    left, right = planted[0].left.index(), planted[0].right.index()
    for card in found.rejected:
        assert missed[left[card.left.identifier], right[card.right.identifier]] == card.confidence


def test_gold_links_judge_and_do_not_choose(planted):
    known, blind = reviewed(planted), reviewed(without_links(planted))
    task, pairs = planted[0], known.links.pairs.tolist()
    gold = {tuple(pair) for pair in task.links.tolist()}
    assert known.correct.tolist() == [tuple(pair) in gold for pair in pairs]
    ends = set(task.links[:, 0]), set(task.links[:, 1])
    assert known.judged.tolist() == [i in ends[0] or j in ends[1] for i, j in pairs]
    assert known.quality == link_quality(known.links.pairs, task)
    assert blind.correct is blind.judged is blind.quality is None
    assert blind.links.confidence.tobytes() == known.links.confidence.tobytes()
    assert list(blind.unlinked) == list(known.unlinked)
    for key in ("border", "certain", "rejected"):
        assert {card.verdict for card in getattr(known, key)} <= {"correct", "wrong", "unknown"}
        assert getattr(blind, key) == tuple(replace(card, verdict=None) for card in getattr(known, key))
    wrong = reviewed(with_wrong_links(planted))
    assert [card.left for card in wrong.border] == [card.left for card in known.border]


def test_relabelled_entities_are_shown_alike(planted):
    wanted = reviewed(planted)
    pair, left, _ = relabelled(planted, left=3, right=4)
    found = reviewed(pair)
    names = dict(zip(pair[0].left.entities, (planted[0].left.entities[i] for i in left), strict=True))
    for key in ("border", "certain", "rejected"):
        assert [names[card.left.identifier] for card in getattr(found, key)] == [
            card.left.identifier for card in getattr(wanted, key)
        ]


def test_regions_by_plain_recomputation(planted):
    found = reviewed(planted)
    task, links = planted[0], found.links
    regions = all_regions(*planted)
    assert set(found.regions) == set(regions) == {"degree", "density", "semantic"}
    for kind, of in regions.items():
        for label, name in enumerate(of.names):
            members = [np.flatnonzero(side == label) for side in (of.left, of.right)]
            n_linked = sum(np.isin(own, links.pairs[:, k]).sum() for k, own in enumerate(members))
            region = found.regions[kind][name]
            assert region.size == sum(map(len, members))
            assert region.linked == pytest.approx(n_linked / region.size)
            own = np.isin(links.pairs[:, 0], members[0])
            assert region.confidence == pytest.approx(links.confidence[own].mean(), rel=1e-5)
    degree = [g.degree() for g in task.sides]
    low = [np.flatnonzero(d <= np.quantile(d, 1 / 3)) for d in degree]
    assert found.regions["degree"]["low"].size == sum(map(len, low))


def pictured(folder: Path, *, links: bool) -> tuple[AlignmentTask, Features]:
    """Thirty entities a side with pictures, names that would like to be HTML, and a URI."""
    n = 30
    paths = []
    for i in range(n):
        paths.append(folder / f"{i}.png")
        Image.new("RGB", (90, 60), (8 * i, 90, 200)).save(paths[-1])
    ends = [(i, (i + 1) % n) for i in range(n)]
    names = tuple(f"{EVIL} {i}" if i % 2 else None for i in range(n))
    left = graph("l", n, ends, images=tuple(paths), names=names)
    left = replace(left, entities=tuple(f"https://kg.example/resource/Thing_{i}" for i in range(n)))
    attributes = ((("https://kg.example/colour", "dark: 1/2"), (EVIL, None)),) * n
    right = graph("r", n, ends, images=(*paths[1:], None), attributes=attributes)
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((n, 6))
    noise = [rng.standard_normal((n, 6)) * 0.5 for _ in range(2)]
    features = Features.from_arrays({"image_left": hidden + noise[0], "image_right": hidden + noise[1]})
    both = np.arange(n - 3)
    gold = np.column_stack([both, both]) if links else None
    return AlignmentTask("evil <task>", left, right, gold), features


def test_cards(tmp_path):
    found = reviewed(pictured(tmp_path, links=True), n_seeds=8)
    card = next(card for card in found.border if card.right.identifier != "r:29")
    assert card.left.picture.startswith("data:image/png;base64,")
    assert card.right.attributes == ("dark: 1/2",)
    assert card.left.neighbours[0][0] == "next to" and len(card.left.neighbours) == 2


def test_labels_of_attributes_stand_in_for_values_and_neighbours():
    task, features = tiny(8, 8)
    labelled = replace(task.left, attributes=((("height", None), ("width", None), ("height", None)),) * 8)
    links = predict_links(task, features, feature_scorer(task, features))
    for left, wanted in (
        (labelled, ("height", "width")),
        (replace(labelled, triples=np.array([[i, 0, (i + 1) % 8] for i in range(8)])), ()),
    ):
        found = link_facts(replace(task, left=left), features, links)
        assert {card.left.attributes for card in found.certain} == {wanted}


# ---- the words


def test_sentences_say_the_numbers(planted):
    found = reviewed(planted)
    links, n, n_candidates = found.links, len(found.links), len(planted[0].left.candidates)
    said = sentences.takeaways(found)
    right = float(links.confidence.sum())
    assert said["links"].startswith(
        f"The report describes {n} links between planted-left and planted-right, of which about {right:.0f} "
    )
    assert f"{CERTAIN} or more for {(links.confidence >= CERTAIN).sum()} links" in said["confidence"]
    assert f"below {BORDER} for {(links.confidence < BORDER).sum()} links" in said["confidence"]
    assert f"{n_candidates - n} of {n_candidates} left" in said["unlinked"]
    n_judged, n_right = found.judged.sum(), found.correct.sum()
    assert f"of the {n_judged} links with an entity that is in a true link, {n_right} " in said["truth"]
    assert "links with an entity that is in a true link" in said["truth"]
    missed = found.quality["no_counterpart"]["left"]
    assert f"{missed['n'] - missed['n_correct']} of the {missed['n']} left" in sentences.missed(found)
    assert sentences.credits(found) == ""
    assert "OpenMoji" in sentences.credits(replace(found, task_name="emoji/en-fr"))
    left, right = found.without_modality
    assert f"{left} left and {right} right" in sentences.modalities(found)
    blind = reviewed(without_links(planted))
    assert sentences.takeaways(blind)["truth"].startswith("No true links") and not sentences.missed(blind)


def test_sentences_about_no_link_and_about_one():
    nothing = np.empty(0, bool)
    said = sentences.takeaways(facts([], [], correct=nothing, judged=nothing))
    assert said["links"] == "No link was predicted between a and a."
    assert said["confidence"] == "Without links there is no confidence to report."
    said = sentences.takeaways(facts([0.3], [False], correct=None, judged=None))
    assert said["links"].endswith("a and a, which is correct with an estimated probability of 30.0%.")
    assert said["confidence"].endswith("is 0.30: by this estimate it is more likely wrong than correct.")
    said = sentences.takeaways(facts([0.95, 0.3], [False] * 2, correct=None, judged=None))["confidence"]
    assert "for 1 link, which is correct with an estimated probability of 95.0%. It is below 0.5 for" in said
    assert said.endswith("for 1 link, which is correct with an estimated probability of 30.0%.")


def test_what_doubtful_confidences_estimate_is_said_as_an_estimate():
    said = sentences.takeaways(facts([0.2, 0.4], [False] * 2, correct=None, judged=None))["confidence"]
    assert said.endswith("It is below 0.5 for 2 links, of which 30.0% are expected to be correct.")


def test_the_rule_is_told():
    found = facts()
    assert sentences.rule(found).endswith("Every chosen pair became a link, whatever its confidence.")
    sure = replace(found, links=replace(found.links, calibrated=True))
    assert "near 1 can be relied on" in sentences.reliance(sure)
    doubtful = sentences.reliance(replace(found, links=replace(found.links, calibrated=False)))
    assert "could not be calibrated on these data and are usually too high then" in doubtful
    links = replace(found.links, chosen_by=LinkRule("csls", "one_to_one", 0.25), threshold=0.25)
    said = sentences.rule(replace(found, links=links))
    assert "one-to-one pairs with the largest sum of similarity minus" in said and "at least 0.25." in said


def test_the_most_frequent_reason_is_told():
    said = sentences.takeaways(facts())["unlinked"]
    assert said.startswith("5 of 200 left entities (2.5%) and 0 of 10 right entities (0.0%) have no link;")
    assert said.endswith(
        "in 80.0% of the cases, is that the entity has none of the modalities that were used."
    )


def test_provenance():
    how = {
        "parameters": {"miner": {"name": "psqe", "stages": ["a", "b"], "weights": None}},
        "versions": {"x": "1"},
    }
    table = tables.provenance(facts(provenance=how))
    assert table.to_numpy().tolist() == [["miner", "name psqe; stages a, b"], ["versions", "x 1"]]


# ---- the file


def test_a_report_without_true_links_is_one_harmless_file(tmp_path):
    task, features = pictured(tmp_path, links=False)
    found = reviewed((task, features), n_seeds=8)
    report = link_report(task, features, found.links)
    report.save(tmp_path / "new" / "report.html")
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert page == report.to_html()  # to the byte
    assert_self_contained(page)
    tags = Tags(page)
    assert page.startswith("<!DOCTYPE html>") and "<title>Links of evil &lt;task&gt;</title>" in page
    pictures = [a for tag, a in tags.tags if tag == "img"]
    assert sum("image/png" in a["src"] for a in pictures) > 40
    assert sum(bool(a["alt"]) for a in pictures) == 3  # the figures
    assert EVIL[:20] in tags.text and "Thing_0" in tags.text and "kg.example/colour" not in tags.text
    assert report.takeaways()["links"] in tags.text
    assert "No true links are known here" in tags.text
    assert "{{" not in page and "{%" not in page and "None" not in tags.text
    headings = [tag for tag, _ in tags.tags if tag in ("h1", "h2")]
    assert headings.count("h1") == 1 and headings.count("h2") > 6
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["report.html"]
    assert len(found.links) > 15


def test_a_report_about_no_link_is_a_page():
    nothing = np.empty(0, bool)
    quality = link_quality(np.empty((0, 2), dtype=np.int64), tiny(3, 3, links=True)[0])
    found = facts([], [], correct=nothing, judged=nothing, quality=quality, border=(), certain=())
    page = LinkReport(found).to_html()
    assert_self_contained(page)
    assert "No link was predicted between a and a." in Tags(page).text


WITHOUT_THE_STUDY = """
import sys
class Blocked:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2:]:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked)
from psqe.datasets.synthetic import planted_pair
from psqe.evaluation import feature_scorer
from psqe.links import predict_links
from psqe.links.report import link_report
task, features = planted_pair(60, 3, 8, noise=0.2, random_state=0)
link_report(task, features, predict_links(task, features, feature_scorer(task, features))).save(sys.argv[1])
assert not any(name.startswith("psqe.study") for name in sys.modules)
"""


def test_the_library_alone_writes_a_report(tmp_path):
    """Nothing of the book or of notebooks is needed, nor a checkout as the current folder."""
    blocked = ["papermill", "nbformat", "myst_nb", "docutils", "sphinx", "seaborn", "IPython", "jupytext"]
    subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_STUDY, "report.html", *blocked], cwd=tmp_path, check=True
    )
    assert_self_contained((tmp_path / "report.html").read_text(encoding="utf-8"))


def test_align_writes_a_report(planted, monkeypatch, tmp_path):
    pair, features = planted
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: replace(pair, name=name))
    monkeypatch.chdir(tmp_path)
    features.save("f.npz")
    arguments = ("align", "t/x", "--features", "f.npz", "--miner", "mutual", "--n-seeds", "30")
    assert main([*arguments, "--aligner", "mclea", "--report", "report.html", "--json", "r.json"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert_self_contained(page)
    text = Tags(page).text
    written = json.loads(Path("r.json").read_text())
    sure = [float(line.split("\t")[3]) for line in Path("links.tsv").read_text().splitlines()[1:]]
    assert written["expected_correct"] == pytest.approx(sum(sure), rel=1e-4)
    assert f"{len(sure)} links between planted-left and planted-right" in text
    assert "True links are known here" in text and "preset small" in text
