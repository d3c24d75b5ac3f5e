"""Figures and tables of a report on links, and its cards of single links, show what they are given."""

import numpy as np
import pytest
from reports import CONFIDENCE, card, entity, facts

from psqe.errors import ParameterError
from psqe.links.report import LinkReport, figures, sentences, tables
from psqe.links.report.cards import LONGEST


def shown(*links, section: str = "border") -> str:
    """One section of a report with these cards, in one line."""
    kind = {"border": "border", "unlinked": "rejected"}[section]
    return " ".join(LinkReport(facts(**{kind: links})).section(section).split())


def test_histogram_counts_both_kinds():
    drawn = figures.confidence_histogram(facts([1.0, 0.97, 0.51, 0.02], [True, False, True, False]))
    axes = drawn.axes[0]
    model, seed = ([round(p.get_height()) for p in container] for container in axes.containers)
    assert (sum(model), sum(seed)) == (2, 2)
    assert model[0] == 1 and model[-1] == 1 and seed[-1] == 1 and seed[10] == 1
    assert [p.get_y() for p in axes.containers[1]][-1] == 1  # on top of the other
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["predicted by the model", "was a seed"]


def test_the_precision_curve_is_the_running_mean():
    sure = np.array([0.995, 0.96, 0.85, 0.5])
    right, judged = np.array([True, True, False, True]), np.ones(4, bool)
    seeds = [False] * 4
    axes = figures.precision_curve(facts(sure, seeds, correct=right, judged=judged)).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["expected"][:, 1], np.cumsum(sure) / [1, 2, 3, 4], rtol=1e-6)
    np.testing.assert_allclose(lines["by true links"][:, 1], [1, 1, 2 / 3, 3 / 4])
    judged[0] = False
    axes = figures.precision_curve(facts(sure, seeds, correct=right, judged=judged)).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["by true links, judged links only"], [[2, 1], [3, 1 / 2], [4, 2 / 3]])
    np.testing.assert_allclose(lines["by true links, others counted as wrong"][:, 0], [1, 2, 3, 4])
    assert [text.get_text() for text in axes.texts] == [".99", ".95", ".9", ".8", ".5"]
    assert [text.xy[0] for text in axes.texts] == [1, 2, 2, 3, 4]
    blind = {"correct": None, "judged": None}
    assert figures.precision_curve(facts(sure, seeds, **blind)).axes[0].get_legend() is None
    assert not list(figures.precision_curve(facts([0.3], [False], **blind)).axes[0].texts)


@pytest.mark.parametrize("draw", [figures.confidence_histogram, figures.precision_curve])
def test_no_link_is_no_figure(draw):
    with pytest.raises(ParameterError, match="no link to show"):
        draw(facts([], []))


def test_given():
    table = tables.given(facts()).set_index("")
    assert list(table.columns) == ["a (left)", "a (right)"]
    assert table.loc["entities"].tolist() == ["12,000", "30"]
    assert table.loc["candidates with image"].tolist() == ["50 (25.0%)", "10 (100.0%)"]
    assert table.loc["candidates with none of these"].tolist() == ["4 (2.0%)", "0"]
    assert table.loc["language"].tolist() == ["not given", "fr"]


def test_cuts():
    table = tables.cuts(facts())
    assert table["smallest confidence"].tolist() == ["0.99", "0.95", "0.90", "0.80", "0.50", "all links"]
    assert table["links"].tolist() == ["1", "2", "2", "3", "4", "5"]
    assert table["expected precision"].iloc[-1] == f"{np.mean(CONFIDENCE):.1%}"
    assert table["expected wrong links"].iloc[-1] == "1"
    assert table["precision of judged links"].tolist() == ["100.0%"] * 3 + ["66.7%", "75.0%", "75.0%"]
    assert table["judged links"].tolist() == ["1", "2", "2", "3", "4", "4"]
    lowest = ["100.0%"] * 3 + ["66.7%", "75.0%", "60.0%"]
    assert table["precision if the others are wrong"].tolist() == lowest
    whole = tables.cuts(facts(judged=np.ones(5, bool)))
    assert whole["precision by true links"].tolist() == ["100.0%"] * 3 + ["66.7%", "75.0%", "60.0%"]
    assert len(tables.cuts(facts(correct=None, judged=None)).columns) == 4
    assert len(tables.cuts(facts(judged=np.ones(5, bool))).columns) == 5
    nothing = np.empty(0, bool)
    empty = tables.cuts(facts([], [], correct=nothing, judged=nothing))
    assert empty["links"].tolist() == ["0"] * 6 and set(empty["expected precision"]) == {""}


def test_unlinked():
    table = tables.unlinked(facts())
    assert table.to_numpy().tolist() == [["left", "nothing known", "4", "2.0%"], ["left", "tie", "1", "0.5%"]]


def test_reliability():
    """Four links can be judged: a seed in two tenths, a link of the model in two others."""
    lines = {
        line.get_label(): line.get_xydata() for line in figures.reliability(facts()).axes[0].lines
    }  # fmt: skip
    np.testing.assert_allclose(lines["predicted by the model"], [[0.85, 0], [0.96, 1]], rtol=1e-6)
    np.testing.assert_allclose(lines["was a seed"], [[0.5, 1], [0.995, 1]], rtol=1e-6)
    for judged in (None, np.zeros(5, bool)):
        with pytest.raises(ParameterError, match="no link can be judged"):
            figures.reliability(facts(judged=judged))
        assert sentences.calibration(facts(judged=judged)) == ""
    assert "mean confidence is 82.6%, and 75.0% of them are correct" in sentences.calibration(facts())


def test_shares_of_regions():
    axes = figures.regions(facts()).axes[0]
    lines = {line.get_label(): line.get_xdata().tolist() for line in axes.lines}
    assert lines["have a link"] == [0.5, 0.0]
    assert lines["expected to have a correct link"] == pytest.approx([0.4, 0.0])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["low", "high"]


def test_cards_show_both_entities_the_confidence_and_the_runner_up():
    html = shown(card(), card(from_seed=True, rank_margin=None, runner_up=None, replaces=None))
    assert html.count("<tr>") == 3 and html.count("0.51") == 2
    for text in ("one", "un", "deux", "instead of the right entity", "ahead by 0.012", "was a seed"):
        assert text in html
    assert "<th>true</th>" not in html
    assert "behind by 0.250" in shown(card(rank_margin=-0.25))
    judged = shown(*(card(verdict=verdict) for verdict in ("correct", "wrong", "unknown")))
    assert "<th>true</th>" in judged
    for symbol in ("\N{CHECK MARK}", "\N{BALLOT X}", ">?<"):
        assert judged.count(symbol) == 1
    rejected = shown(card(confidence=0.25), section="unlinked")
    assert "0.25" in rejected and "one" in rejected and "un" in rejected and "deux" not in rejected


def test_quality_of_both_answers():
    share = {"precision": 0.5, "precision_interval": [0.4, 0.6], "recall": None, "f1": 0.25}
    links = {"n": 2000, "n_correct": 1000, "n_gold": 3000, "n_findable": 3000, "n_judged": 2000, **share}
    alone = {"n": 7, "n_correct": 3, "n_dangling": 0, **share, "f1": None}
    quality = {"links": links, "links_free": None, "no_counterpart": {"left": alone, "right": alone}}
    table = tables.quality(facts(quality=quality))
    interval = "0.500 (0.400 to 0.600)"
    assert table.iloc[0].tolist() == ["a link", "2,000", "1,000", "3,000", interval, "", "0.250"]
    assert table.iloc[1].tolist() == ["no counterpart, left", "7", "3", "0", interval, "", ""]
    assert table["answer"].tolist()[2] == "no counterpart, right"
    assert tables.quality(facts(quality=None)).empty
    free = {**links, "n": 500, "n_correct": 100, "n_findable": 400, "n_judged": 500}
    table = tables.quality(facts(quality={**quality, "links_free": free}))
    assert table["answer"].tolist()[:2] == ["a link", "a link outside the seeds"]
    assert table.iloc[1].tolist() == ["a link outside the seeds", "500", "100", "400", interval, "", "0.250"]
    table = tables.quality(facts(quality={**quality, "links_free": links}))  # no link was a seed
    assert table["answer"].tolist()[1] == "no counterpart, left"


def test_the_ranking_of_all_links_seeds_and_free_links():
    def numbers(first, back):
        return {
            direction: {"full": {"hits@1": value, "mrr": None if value is None else (1 + value) / 2}}
            for direction, value in (("l2r", first), ("r2l", back))
        }

    counts = {"all": 1200, "seeds": 200, "wrong": 0, "free": 1000}
    evaluation = {
        "matching": "csls", "metrics": numbers(0.5, 0.25), "metrics_seeds": numbers(1, 1),
        "metrics_wrong": numbers(None, None), "metrics_free": numbers(0.4, 0.1),
        "n_queries": {"l2r": {"full": counts}, "r2l": {"full": {**counts, "free": 999, "wrong": 1}}},
    }  # fmt: skip
    found = facts(evaluation=evaluation)
    assert tables.ranking(found).to_numpy().tolist() == [
        ["all true links", "1,200", "0.500", "0.250", "0.750", "0.625"],
        ["true links that are seeds", "200", "1.000", "1.000", "1.000", "1.000"],
        ["true links with an entity in another seed", "0 left, 1 right", "", "", "", ""],
        ["true links with no entity in a seed", "1,000 left, 999 right", "0.400", "0.100", "0.700", "0.550"],
    ]
    assert "(CSLS)" in sentences.ranking(found) and "what it was not given" in sentences.ranking(found)
    counts.update(seeds=0)
    assert "what it was not given" not in sentences.ranking(found)
    for nothing in (None, dict.fromkeys(evaluation)):
        assert tables.ranking(facts(evaluation=nothing)).empty
        assert sentences.ranking(facts(evaluation=nothing)) == ""


def test_no_case_says_so():
    assert "<p>There are none.</p>" in shown()
    assert "below the threshold" not in shown(section="unlinked")


@pytest.mark.parametrize("key", ["identifier", "name", "attributes", "neighbours", "picture"])
def test_cards_let_nothing_out(key):
    evil = '"><script>alert(1)</script>'
    values = {"attributes": (evil,), "neighbours": ((evil, evil),)}
    left = entity(**{"name": None, key: values.get(key, evil)})
    html = shown(card(left=left))
    assert "<script" not in html and "&lt;script" in html


def test_cards_shorten_names_and_addresses_and_keep_values():
    long = "x" * (LONGEST + 1)
    left = entity(name=long, attributes=("https://kg.example/a#colour", "3:4", "a/b"))
    near = (("https://kg.example/near", "x"),)
    right = entity(identifier="https://kg.example/resource/Thing", name=None, neighbours=near)
    html = shown(card(left=left, right=right))
    assert long not in html and "x" * (LONGEST - 1) + "\N{HORIZONTAL ELLIPSIS}" in html
    assert "colour, 3:4, a/b" in html and ">Thing<" in html and "near: x" in html
    assert 'title="https://kg.example/resource/Thing"' in html


def test_no_such_section():
    with pytest.raises(ParameterError, match="no section 'magic'; choose from given, predicted, border"):
        LinkReport(facts()).section("magic")
