"""What the page of the explorer shows is what was computed: pictures, cards, candidates, seeds and maps."""

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from psqe.errors import DataError, ParameterError
from psqe.evaluation import feature_scorer
from psqe.features.image import open_picture
from psqe.graph import AlignmentTask, KnowledgeGraph, Sides
from psqe.seeds import PivotMiner, SeedSet
from psqe.similarity import Dot
from psqe.study import figures, tables
from psqe.study.figures.sheets import PIXELS

COLOURS = [(250, 20, 20), (20, 250, 20), (20, 20, 250), (250, 250, 20)]


@pytest.fixture
def task(tmp_path: Path) -> AlignmentTask:
    """Five entities a side, the first of which is no candidate; right 4 has no picture; 4 dangles."""
    paths: list[Path | None] = [None]
    for i, colour in enumerate(COLOURS):
        paths.append(tmp_path / f"{i}.png")
        Image.new("RGB", (9, 9), colour).save(tmp_path / f"{i}.png")
    graphs = [
        KnowledgeGraph(
            side,
            tuple(f"{side}:{i}" for i in range(5)),
            ("r",),
            np.array([[1, 0, 0], [2, 0, 0]]),
            candidates=np.arange(1, 5),
            names=(None, f"<b>{side} one</b>", "two", "three", "four"),
            attributes=((), (("keyword", "a"), ("keyword", "b & c")), (), (), ()),
            images=tuple(images),
            groups=(None, "x", "x", "y", "y"),
            language=side[0],
        )
        for side, images in (("left", paths), ("right", [*paths[:4], None]))
    ]
    return AlignmentTask("toy", *graphs, np.array([[1, 1], [2, 2], [3, 3]]))


SCORES = np.array(
    [[0.9, 0.1, 0.0, 0.0], [0.8, 0.7, 0.0, 0.0], [0.0, 0.1, 0.5, 0.4], [0.2, 0.3, 0.1, 0.0]], np.float32
)


def lists(task: AlignmentTask, name: str = "pictures") -> tables.CandidateLists:
    return tables.candidate_lists(task, name, Dot(SCORES, np.eye(4, dtype=np.float32)), k=2)


def test_lists_have_the_best_candidates_and_the_ranks_of_counterparts_in_both_directions(
    task: AlignmentTask,
) -> None:
    found = lists(task)
    assert found.best.left.tolist() == [[0, 1], [0, 1], [2, 3], [1, 0]]
    np.testing.assert_allclose(found.scores.left[1], [0.8, 0.7])
    assert found.ranks.left.tolist() == [1, 2, 1, 0]
    assert found.best.right[1].tolist() == [1, 3]
    assert found.ranks.right.tolist() == [1, 1, 1, 0]
    assert found.hardest(4).tolist() == [1]
    assert found.closest_calls(1).tolist() == [2]


def test_a_sheet_has_every_picture_where_its_position_says(task: AlignmentTask) -> None:
    sheets = figures.PictureSheets.from_task(task)
    sheet = sheets.sheets.right
    assert sheet.present.tolist() == [True, True, True, False]
    image = Image.open(io.BytesIO(base64.b64decode(sheet.uri.partition(",")[2]))).convert("RGB")
    assert image.size == (4 * PIXELS, PIXELS)
    for place, colour in enumerate(COLOURS[:3]):
        # A percentage p of a sheet of n columns shows the column p * (n - 1).
        share = float(sheet.position(place).split("%")[0]) / 100
        x = share * (image.width - PIXELS) + PIXELS / 2
        assert np.abs(np.subtract(image.getpixel((round(x), PIXELS // 2)), colour)).max() < 40
    assert 'class="entity-picture none"' in sheets.picture("right", 3)
    with pytest.raises(ParameterError, match="no right candidate 4; give 0 to 3"):
        sheets.picture("right", 4)


def test_a_drawing_can_be_rendered_with_fewer_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9H0z"/></svg>')
    assert open_picture(path, drawing_pixels=40).size == (40, 40)
    assert open_picture(path).size == (256, 256)


def test_cards_say_what_is_correct_and_texts_are_no_tags(task: AlignmentTask) -> None:
    sheets = figures.PictureSheets.from_task(task)
    pairs = np.array([[0, 0], [1, 0], [3, 3]])
    group = figures.CardGroup("A & B", pairs, ["one", "two", ""], is_open=True)
    html = figures.pair_cards(sheets, [group, figures.CardGroup("none", pairs[:0], [])]).html
    cards = re.findall(r'<li class="(\w+)">(.*?)</li>', html)
    assert [kind for kind, _ in cards] == ["correct", "wrong", "wrong"]
    assert "<b>" not in html and "&lt;b&gt;left one&lt;/b&gt;" in cards[0][1]
    assert "correct" in cards[0][1] and "should be" not in cards[0][1]
    shown = re.findall(r'data-entity="([\w-]+)"', cards[1][1])
    assert shown == ["left-1", "right-0", "right-1"]
    assert "The left one has no counterpart. The right one has no counterpart." in cards[2][1]
    assert "<summary>A &amp; B</summary>" in html and "There is none." in html
    with pytest.raises(ParameterError, match="3 pairs and 1 notes"):
        figures.pair_cards(sheets, [figures.CardGroup("A", pairs, ["one"])])


def test_the_data_of_the_explorer_are_those_that_were_computed(task: AlignmentTask) -> None:
    sheets = figures.PictureSheets.from_task(task)
    views = [lists(task)]
    seeds = SeedSet(np.array([[2, 1], [4, 4]]), np.array([0.8, 0.25]), ("a", "a"), np.array([0.5, 0.123]))
    maps = {"before": Sides(np.array([[0.0, 0.0], [1, 0], [2, 0], [3, 0]]), np.array([[4.0, 2.0]] * 4))}
    made = figures.Explorer.from_results(sheets, views, {"rule": seeds}, {"rule": "pictures"}, maps)
    data = json.loads(made.json())
    assert data["links"] == [0, 0, 1, 1, 2, 2]
    assert data["views"][0]["best"]["left"] == [0, 1, 0, 1, 2, 3, 1, 0]
    assert data["views"][0]["scores"]["left"][:2] == [900, 100]
    assert data["miners"][0]["pairs"] == [1, 0, 3, 3]
    assert data["miners"][0]["scores"] == [800, 250] and data["miners"][0]["confidence"] == [50, 12]
    assert data["sides"]["left"]["keywords"][0] == "a, b & c"
    assert data["sides"]["right"]["without"] == [3]
    assert data["maps"][0]["left"] == [0, 2500, 2500, 2500, 5000, 2500, 7500, 2500]
    assert "<" not in made.json() and "</script>" in made._repr_html_()
    with pytest.raises(ParameterError, match="'names', which is no view; choose from pictures"):
        figures.Explorer.from_results(sheets, views, {"rule": seeds}, {"rule": "names"}, maps)
    stray = replace(seeds, pairs=np.array([[0, 1], [4, 4]]))
    with pytest.raises(DataError, match="no candidate"):
        figures.Explorer.from_results(sheets, views, {"rule": stray}, {"rule": "pictures"}, maps)


def test_stages_of_a_miner_are_told_in_their_order() -> None:
    from psqe.datasets.synthetic import planted_pair

    task, features = planted_pair(40, 2, 8, random_state=0)
    seeds = PivotMiner(5, modality="all").mine(task, features)
    sheets = figures.PictureSheets.from_task(task)
    similarity = feature_scorer(task, features)(task.left.candidates, task.right.candidates)
    view = tables.candidate_lists(task, "both", similarity)
    space = Sides(*(np.random.default_rng(0).normal(size=(n, 2)) for n in similarity.shape))
    made = figures.Explorer.from_results(sheets, [view], {"pivot": seeds}, {"pivot": "both"}, {"a": space})
    events = made.data["miners"][0]["events"]
    assert [event[:2] for event in events] == [["pivot", "added"]] * 5
    assert [place for event in events for place in event[2:4]] == made.data["miners"][0]["pairs"]


def test_maps_keep_near_entities_near_and_are_the_same_every_time() -> None:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(3, 12)) * 5
    vectors = Sides(*(np.repeat(centres, 8, axis=0) + rng.normal(size=(24, 12)) / 9 for _ in range(2)))
    spaces = [vectors.map(lambda side: side.astype(np.float32))] * 2
    first, second = figures.entity_maps(spaces)
    for found in (first, second):
        both = np.concatenate([found.left, found.right])
        distances = np.linalg.norm(both[:, None] - both[None], axis=2)
        cluster = np.tile(np.repeat(np.arange(3), 8), 2)
        own = cluster[:, None] == cluster[None]
        assert np.median(distances[own]) < np.median(distances[~own]) / 2
    again = figures.entity_maps(spaces)
    np.testing.assert_array_equal(again[1].left, second.left)
    with pytest.raises(ParameterError, match="different numbers of entities"):
        figures.entity_maps([spaces[0], Sides(spaces[0].left[:9], spaces[0].right)])
