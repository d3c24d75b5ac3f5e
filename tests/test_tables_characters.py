"""The tables about Han characters: what carries over, regions of characters, and the gallery of pairs."""

import re

import numpy as np
import pandas as pd
import pytest
from stored import OTHER_TASK, TASK, directions, part, seeds_run

from psqe.errors import ParameterError
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.study import figures, tables
from psqe.study.plans.alignments import untrained
from psqe.study.store import RunResult, results_table
from psqe.study.tables.transfer import COMPARISONS, compared_values, transfer, verdict

KEYS = {key for comparison in COMPARISONS for key in (comparison.one, comparison.other)}


def test_every_comparison_is_told_once_and_compares_two_things():
    assert len({comparison.text for comparison in COMPARISONS}) == len(COMPARISONS)
    assert all(comparison.one != comparison.other for comparison in COMPARISONS)


def test_precision_and_balance_are_means_over_pairs_by_random_state():
    runs = [
        seeds_run(part("semantic", balance=balance), task=task, miner=miner, state=state, precision=precision)
        for task, precision, balance in ((TASK, 0.9, 0.8), (OTHER_TASK, 0.7, 0.6))
        for miner in ("psqe", "mutual")
        for state in (0, 1)
    ]
    runs.append(seeds_run(part("semantic", balance=0.1), task=TASK, state=2, precision=0.1))
    empty = results_table([], "alignment"), results_table([], "system")
    values = compared_values(results_table(runs, "seeds"), *empty, [TASK, OTHER_TASK])
    assert values["precision", "psqe"] == pytest.approx({0: 0.8, 1: 0.8})
    assert values["balance", "mutual"] == pytest.approx({0: 0.7, 1: 0.7})


def test_differences_are_taken_within_random_states():
    one = {("precision", "psqe"): {0: 0.9, 1: 0.5, 2: 0.1}, ("precision", "mutual"): {0: 0.8, 1: 0.4}}
    table = transfer(one, one)
    assert table["comparison"].tolist() == [COMPARISONS[0].text]
    assert table["here"].tolist() == table["there"].tolist() == ["+10.0 [10.0, 10.0]"]


@pytest.mark.parametrize(
    "here, there, expected",
    [
        ((1, 0.5, 1.5), (2, 1, 3), "carries over"),
        ((-1, -1.5, -0.5), (-2, -3, -1), "carries over"),
        ((1, 0.5, 1.5), (-2, -3, -1), "turns around"),
        ((1, 0.5, 1.5), (-2, -3, 1), "shown only on emoji"),
        ((1, -0.5, 1.5), (2, 1, 3), "shown only on characters"),
        ((1, -0.5, 1.5), (2, -1, 3), "shown on neither"),
        ((1, 0.5, 1.5), (2, float("nan"), float("nan")), "shown only on emoji"),  # a single random state
    ],
)
def test_verdicts(here, there, expected):
    assert verdict(here, there) == expected


def characters() -> AlignmentTask:
    left = KnowledgeGraph(
        "kanji", ("kanji:a", "kanji:b", "kanji:c", "strokes:3", "strokes:12", "grade:1", "grade:2"),
        ("written_with", "taught_in"), [(0, 0, 3), (1, 0, 4), (0, 1, 6), (1, 1, 5)], candidates=[0, 1, 2],
        attributes=((("meaning", "agua"),), *[()] * 6), groups=("water", "tree", None, *[None] * 4),
    )  # fmt: skip
    right = KnowledgeGraph("hanzi", ("hanzi:x", "hanzi:y"), (), [], groups=("water", "other"))
    return AlignmentTask("han/test", left, right, [(0, 0), (0, 1), (1, 1)])


def test_regions_of_characters():
    regions = tables.character_regions(characters())
    assert set(regions) == {"strokes", "radical", "grade", "degree"}
    assert regions["strokes"].names == ("01-04", "11-")
    assert regions["strokes"].left.tolist()[:3] == [0, 1, -1]
    assert regions["strokes"].right.tolist() == [-1, -1]
    assert regions["grade"].names == ("year 1", "year 2")
    assert regions["grade"].left.tolist()[:3] == [1, 0, -1]
    assert regions["radical"].names == ("other", "tree", "water")


def test_groups_by_school_year_are_in_order_and_the_rest_comes_last():
    groups = tables.by_school_year(characters())
    assert [(title, entities.tolist()) for title, entities in groups] == [
        ("year 1", [1]), ("year 2", [0]), ("no grade", [2])
    ]  # fmt: skip


def test_the_gallery_shows_every_counterpart_and_says_where_there_is_none():
    task = characters()
    html = figures.link_gallery(task, tables.by_school_year(task))._repr_html_()
    assert html.count("<details") == 3
    parts = re.findall(r"<details.*?</details>", html, re.DOTALL)
    assert "agua" in parts[1] and parts[1].count("inline-block") == 3  # one character, two counterparts
    assert "no counterpart in this pair" in parts[2] and "0 with a counterpart" in parts[2]


def test_texts_of_the_gallery_are_escaped():
    task = characters()
    graph = KnowledgeGraph("kanji", ("a",), (), [], attributes=((("meaning", "<b>"),),))
    html = figures.link_gallery(AlignmentTask("t", graph, task.right), [("<i>", np.array([0]))])._repr_html_()
    assert "<b>" not in html and "<i>" not in html and "&lt;b&gt;" in html


def test_a_gallery_without_a_group_is_refused():
    with pytest.raises(ParameterError, match="no group to show"):
        figures.link_gallery(characters(), [])


def test_seeds_with_several_counterparts_are_drawn():
    task = characters()
    figure = figures.seed_gallery(task, np.array([(0, 1), (1, 0), (2, 0)]))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert any("dangling" in text for text in texts)


def test_entities_without_any_name_are_labelled_by_their_first_value():
    labels = figures.labels.entity_labels(characters(), "left")
    assert labels[:3] == ("agua", "", "")


def test_the_table_is_empty_where_nothing_was_run():
    assert isinstance(transfer({}, {}), pd.DataFrame) and transfer({}, {}).empty


def test_languages_are_told_apart_by_the_name_of_the_task():
    tasks = ("han/ja-zh", "han/ja_fr-zh")
    runs = [
        seeds_run(task=task, miner=miner, n_seeds=1000, state=state, precision=precision + 0.1 * state)
        for task, precision in zip(tasks, (0.6, 0.8), strict=True)
        for miner in ("psqe", "mutual")
        for state in (0, 1)
    ]
    features = [
        RunResult(spec, directions((0.4, 0.6), matching="csls"))
        for spec in untrained(tasks, (0, 1), kinds=())
    ]
    of_both = results_table(runs, "seeds"), results_table(features, "alignment")
    with_features = tables.language_table(*of_both, tasks)
    assert with_features["value"].tolist().count("features: Hits@1") == 2
    table = tables.language_table(of_both[0], results_table([], "alignment"), tasks)
    assert table["language"].tolist() == ["es", "es", "fr", "fr"]
    assert table["mean"].tolist() == pytest.approx([65, 65, 85, 85])
    assert set(table["n"]) == {2} and (table["±"] > 0).all()
    assert set(table["value"]) == {"mutual: seeds correct", "psqe: seeds correct"}
