"""What a report on an alignment holds, and that it is one file that needs nothing else."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from pairs import Table, graph, relabelled, tiny, with_fewer_candidates, with_wrong_links, without_links
from PIL import Image

from psqe import datasets
from psqe.cli.main import main
from psqe.errors import PsqeError
from psqe.evaluation import feature_scorer
from psqe.features import Features
from psqe.graph import AlignmentTask
from psqe.links.predict import DEFAULT, predict_links
from psqe.links.quality import link_quality
from psqe.links.review import BORDER, N_NEARLY, NOTHING, SURE, TAKEN, TIE, UNSURE, review
from psqe.links.rules import LinkRule
from psqe.seeds import MutualMiner
from psqe.study import report
from psqe.study.report import as_page, record_table, report_notebook, sentences, write_report

EVIL = '</td><script src="https://evil.example/x.js"></script><img src=//evil.example/y.png>'


def reviewed(pair, n_seeds: int = 20, rule: LinkRule = DEFAULT, **options):
    task, features = pair
    seeds = MutualMiner(n_seeds).mine(task, features)
    links = predict_links(task, features, feature_scorer(task, features), seeds=seeds, rule=rule)
    return review(task, features, links, **options), links


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


# ---- the review


def test_every_candidate_is_linked_or_has_a_reason(planted):
    pair = with_fewer_candidates(planted)
    found, links = reviewed(pair)
    for side in ("left", "right"):
        assert sum(found["unlinked"][side].values()) + len(links) == len(pair[0].sides[side].candidates)
    assert found["confidence"] == pytest.approx(links.confidence, abs=1e-6)
    assert found["from_seed"] == links.from_seed.tolist() and sum(found["from_seed"]) > 5
    json.dumps(found, allow_nan=False)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_reasons():
    """Left: 0 and 1 are alike, of 2 nothing is known, 3 is linked, and 4 would like the partner of 3."""
    task, _ = tiny(5, 3)
    left = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0.9, 0.3]], dtype=np.float32)
    right = np.array([[1, 0, 0], [0, 1, 0], [-1, -0.1, 1]], dtype=np.float32)
    features = Features.from_arrays(
        {"image_left": left, "image_left_present": left.any(axis=1), "image_right": right}
    )

    def linked(threshold: float):
        rule = LinkRule("cosine", "mutual", threshold)
        return predict_links(task, features, lambda i, j: Table((left @ right.T)[np.ix_(i, j)]), rule=rule)

    links = linked(0)
    found = review(task, features, links)
    assert links.pairs.tolist() == [[3, 1]]
    assert found["unlinked"]["left"] == {TIE: 2, NOTHING: 1, TAKEN: 1}
    assert found["given"]["modalities"] == {"image": {"left": 4, "right": 3}, "none": {"left": 1, "right": 0}}
    # Right 0 has two nearest that are alike; the nearest of right 2 is left 4, which prefers right 1.
    assert found["unlinked"]["right"] == {TIE: 1, TAKEN: 1}
    stricter = review(task, features, linked(1))
    assert stricter["unlinked"]["left"] == {TIE: 2, NOTHING: 1, UNSURE: 1, TAKEN: 1}
    assert stricter["unlinked"]["right"] == {TIE: 1, UNSURE: 1, TAKEN: 1}


def test_links_on_the_border_and_certain_ones(planted):
    found, links = reviewed(planted)
    confidence = links.confidence
    border = [case["confidence"] for case in found["border"]]
    distance = np.sort(np.abs(confidence - BORDER))
    assert max(abs(c - BORDER) for c in border) == pytest.approx(distance[19], abs=1e-6)
    assert len(border) == 20 and border == sorted(border, reverse=True)
    certain = [case["confidence"] for case in found["certain"]]
    assert len(certain) == 20 and min(certain) >= SURE
    assert len(links) > (confidence >= SURE).sum() > 20
    assert len({case["left"]["id"] for case in found["certain"]}) == 20


def test_the_runner_up_is_the_one_the_margin_is_measured_to(planted):
    found, _ = reviewed(planted)
    task = planted[0]
    s = feature_scorer(*planted)(task.left.candidates, task.right.candidates).rows(0, 10**6)
    index = {side: task.sides[side].index() for side in ("left", "right")}
    sides = set()
    for case in [*found["border"], *found["certain"]]:
        i, j = index["left"][case["left"]["id"]], index["right"][case["right"]["id"]]
        other = index["left" if case["instead_of"] == "left" else "right"][case["runner_up"]["id"]]
        score = s[other, j] if case["instead_of"] == "left" else s[i, other]
        assert s[i, j] - score == pytest.approx(case["margin"], abs=1e-5)
        sides.add(case["instead_of"])
    assert sides == {"left", "right"}


def test_nearly_linked_ones_missed_the_threshold_by_the_least(planted):
    everybody, chosen = reviewed(planted, rule=LinkRule(threshold=0))
    assert everybody["nearly"] == []
    found, links = reviewed(planted, rule=LinkRule(threshold=0.99))
    missed = {
        tuple(pair): sure
        for pair, sure in zip(chosen.pairs.tolist(), chosen.confidence.tolist(), strict=True)
        if sure < 0.99
    }
    assert len(links) + len(missed) == len(chosen) and len(missed) > N_NEARLY
    shown = [case["confidence"] for case in found["nearly"]]
    assert shown == pytest.approx(sorted(missed.values(), reverse=True)[:N_NEARLY])
    left, right = planted[0].left.index(), planted[0].right.index()
    for case in found["nearly"]:
        pair = left[case["left"]["id"]], right[case["right"]["id"]]
        assert missed[pair] == pytest.approx(case["confidence"])


def test_gold_links_judge_and_do_not_choose(planted):
    known, links = reviewed(planted)
    blind, _ = reviewed(without_links(planted))
    task = planted[0]
    gold = {tuple(pair) for pair in task.links.tolist()}
    assert known["right"] == [tuple(pair) in gold for pair in links.pairs.tolist()]
    ends = set(task.links[:, 0]), set(task.links[:, 1])
    assert known["judged"] == [i in ends[0] or j in ends[1] for i, j in links.pairs.tolist()]
    assert known["quality"] == link_quality(links.pairs, task)
    assert blind["right"] is blind["judged"] is blind["quality"] is None
    for key in ("confidence", "unlinked", "temperature"):
        assert blind[key] == known[key]
    for key in ("border", "certain", "nearly"):
        assert [case["verdict"] for case in blind[key]] == [None] * len(blind[key])
        assert {case["verdict"] for case in known[key]} <= {"right", "wrong", "unknown"}
        for one, other in zip(blind[key], known[key], strict=True):
            assert {**one, "verdict": 0} == {**other, "verdict": 0}
    wrong, _ = reviewed(with_wrong_links(planted))
    assert [case["left"] for case in wrong["border"]] == [case["left"] for case in known["border"]]


def test_relabelled_entities_are_shown_alike(planted):
    wanted, _ = reviewed(planted)
    pair, left, _ = relabelled(planted, left=3, right=4)
    found, _ = reviewed(pair)
    names = dict(zip(pair[0].left.entities, (planted[0].left.entities[i] for i in left), strict=True))
    for key in ("border", "certain", "nearly"):
        assert [names[case["left"]["id"]] for case in found[key]] == [
            case["left"]["id"] for case in wanted[key]
        ]


def test_regions_by_plain_recomputation(planted):
    found, links = reviewed(planted)
    task = planted[0]
    degree = [g.degree() for g in (task.left, task.right)]
    cuts = [np.quantile(d, [1 / 3, 2 / 3]) for d in degree]
    low = [np.flatnonzero(d <= cut[0]) for d, cut in zip(degree, cuts, strict=True)]
    n_linked = sum(np.isin(own, links.pairs[:, k]).sum() for k, own in enumerate(low))
    region = found["regions"]["degree"]["low"]
    assert region["size"] == sum(map(len, low))
    assert region["linked"] == pytest.approx(n_linked / region["size"])
    own = np.isin(links.pairs[:, 0], low[0])
    assert region["confidence"] == pytest.approx(links.confidence[own].mean(), rel=1e-5)
    assert set(found["regions"]) == {"degree", "density", "semantic"}


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
    found, _ = reviewed(pictured(tmp_path, links=True), n_seeds=8)
    cases = {case["right"]["id"]: case for case in found["border"]}
    with_picture = next(case for name, case in cases.items() if name != "r:29")
    assert with_picture["left"]["picture"].startswith("data:image/png;base64,")
    assert with_picture["right"]["attributes"] == ["dark: 1/2"]
    assert (
        with_picture["left"]["neighbours"][0][0] == "next to" and len(with_picture["left"]["neighbours"]) == 2
    )


def test_labels_of_attributes_stand_in_for_values_and_neighbours():
    task, features = tiny(8, 8)
    labelled = replace(task.left, attributes=((("height", None), ("width", None), ("height", None)),) * 8)
    links = predict_links(task, features, feature_scorer(task, features))
    for left, wanted in (
        (labelled, ["height", "width"]),
        (replace(labelled, triples=np.array([[i, 0, (i + 1) % 8] for i in range(8)])), []),
    ):
        found = review(replace(task, left=left), features, links)
        assert {tuple(case["left"]["attributes"]) for case in found["certain"]} == {tuple(wanted)}


# ---- the words


def test_sentences_say_the_numbers(planted):
    found, links = reviewed(planted)
    said = sentences(found)
    n, right = len(links), float(links.confidence.sum())
    assert said["links"].startswith(f"{n} links between planted-left and planted-right; about {right:.0f} ")
    assert f"{(links.confidence >= SURE).sum()} links have a confidence of {SURE} or more" in said["sure"]
    assert f"{(links.confidence < BORDER).sum()} have less than" in said["sure"]
    assert (
        f"{len(planted[0].left.candidates) - n} of {len(planted[0].left.candidates)} left" in said["unlinked"]
    )
    assert f"{np.mean(found['right']):.1%} of the links" in said["gold"]
    assert said["credits"] == ""
    drawn = {**found, "given": {**found["given"], "task": "emoji/en-fr"}}
    assert "OpenMoji" in sentences(drawn)["credits"]
    nothing = found["given"]["modalities"]["none"]
    assert (f"{nothing['left']} left and" in said["given"]) == bool(nothing["left"] + nothing["right"])
    assert ("know neither end" in said["judged"]) == (not all(found["judged"]))
    blind = sentences({**found, "right": None})
    assert blind["gold"].startswith("No true links") and "true links" not in blind["missing"]
    assert set(blind) == set(said)


def test_sentences_about_no_link_at_all(planted):
    found, _ = reviewed(planted)
    nothing = {**found, "confidence": [], "from_seed": [], "right": [], "judged": []}
    assert sentences(nothing)["links"].startswith("0 links")


def test_record():
    how = {
        "parameters": {"miner": {"name": "psqe", "stages": ["a", "b"], "weights": None}},
        "versions": {"x": "1"},
    }
    table = record_table({"how": how})
    assert table.to_numpy().tolist() == [["miner", "name psqe; stages a, b"], ["versions", "x 1"]]


# ---- the file


def test_a_report_without_true_links_is_one_harmless_file(tmp_path):
    found, links = reviewed(pictured(tmp_path, links=False), n_seeds=8)
    write_report(found, tmp_path / "new" / "report.html")
    page = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert_self_contained(page)
    tags = Tags(page)
    assert page.startswith("<!DOCTYPE html>") and "<title>Links of evil &lt;task&gt;</title>" in page
    pictures = [a["src"] for tag, a in tags.tags if tag == "img"]
    assert sum("image/png" in source for source in pictures) > 40
    assert EVIL[:20] in tags.text and "Thing_0" in tags.text and "kg.example/colour" not in tags.text
    assert sentences(found)["links"] in tags.text
    assert "No true links are known here" in tags.text
    assert "import json" not in tags.text and "Traceback" not in tags.text
    assert "glue" not in tags.text and "System Message" not in tags.text
    headings = [tag for tag, _ in tags.tags if tag in ("h1", "h2")]
    assert headings.count("h1") == 1 and headings.count("h2") > 6
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["report.html"]
    assert len(links) > 15


def test_align_writes_a_report(planted, monkeypatch, tmp_path):
    pair, features = planted
    monkeypatch.setattr(datasets, "load_task", lambda name, **_: replace(pair, name=name))
    monkeypatch.chdir(tmp_path)
    features.save("f.npz")
    arguments = ("align", "t/x", "--features", "f.npz", "--miner", "mutual", "--n-seeds", "30")
    assert main([*arguments, "--report", "report.html", "--json", "r.json"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert_self_contained(page)
    text = Tags(page).text
    written = json.loads(Path("r.json").read_text())
    sure = [float(line.split("\t")[3]) for line in Path("links.tsv").read_text().splitlines()[1:]]
    assert written["expected_right"] == pytest.approx(sum(sure), rel=1e-4)
    assert f"{len(sure)} links between planted-left and planted-right" in text
    assert "True links are known here" in text and "preset small" in text


def test_a_notebook_that_fails_writes_nothing(planted, monkeypatch, tmp_path):
    broken = tmp_path / "broken.md"
    text = report_notebook().read_text(encoding="utf-8")
    broken.write_text(text.replace("import json\n", "raise ValueError('no')\n", 1), encoding="utf-8")
    monkeypatch.setattr(report, "report_notebook", lambda: broken)
    found, _ = reviewed(planted)
    with pytest.raises(PsqeError, match=r"broken\.md: cell .* failed with ValueError: no") as caught:
        write_report(found, tmp_path / "report.html")
    assert "\n" not in str(caught.value) and "see /" not in str(caught.value)
    assert not (tmp_path / "report.html").exists()


def notebook(path: Path, *cells) -> Path:
    from nbformat import v4, write

    write(v4.new_notebook(cells=list(cells)), path)
    return path


def test_a_page_repeats_to_the_byte_and_shows_no_code(tmp_path):
    from nbformat import v4

    html = v4.new_output("display_data", data={"text/html": "<b>made</b>", "text/plain": "x"})
    error = v4.new_output("stream", name="stderr", text="a warning")
    path = notebook(
        tmp_path / "n.ipynb", v4.new_markdown_cell("# Title\n\n$x^2$"),
        v4.new_code_cell("secret = 1", outputs=[html, error]),
    )  # fmt: skip
    page = as_page(path, title="a & b")
    assert as_page(path, title="a & b") == page
    assert "<title>a &amp; b</title>" in page and "<b>made</b>" in page and "<msup>" in page
    assert "secret" not in page and "a warning" not in page
    assert_self_contained(page)


def test_a_page_with_a_number_that_no_cell_made_is_refused(tmp_path):
    from nbformat import v4

    path = notebook(tmp_path / "n.ipynb", v4.new_markdown_cell("# Title\n\n{glue:text}`nowhere:.1f`"))
    with pytest.raises(PsqeError, match=r"n\.ipynb: cannot be put on a page .*nowhere"):
        as_page(path, title="t")
