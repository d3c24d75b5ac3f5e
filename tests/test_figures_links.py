"""Figures and tables of an alignment under review show what they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from psqe.errors import ParameterError
from psqe.study.figures import by_region, reliability
from psqe.study.figures.links import (
    LONGEST,
    confidence_histogram,
    cut_table,
    given_table,
    kept_curve,
    link_cards,
    nearly_cards,
    quality_table,
    region_shares,
    reliability_table,
    unlinked_table,
)

GIVEN = {
    "left": {
        "name": "a", "language": None, "entities": 12_000, "candidates": 200, "triples": 5, "relations": 2,
        "mean_degree": 1.25, "isolated": 3,
    },
    "right": {
        "name": "a", "language": "fr", "entities": 30, "candidates": 10, "triples": 7, "relations": 1,
        "mean_degree": 2.0, "isolated": 0,
    },
    "modalities": {"image": {"left": 50, "right": 10}, "none": {"left": 4, "right": 0}},
}  # fmt: skip


def review(**changes):
    return {
        "given": GIVEN,
        "confidence": [0.995, 0.96, 0.85, 0.5, 0.31],
        "from_seed": [True, False, False, True, False],
        "right": [True, True, False, True, False],
        "judged": [True, True, True, True, False],
        "unlinked": {"left": {"a tie": 1, "nothing known": 4}, "right": {}},
        "regions": {
            "degree": {
                "low": {"size": 4, "linked": 0.5, "confidence": 0.8, "precision": 1.0},
                "high": {"size": 2, "linked": 0.0, "confidence": None, "precision": None},
            }
        },
        **changes,
    }


def card(**changes):
    return {"id": "l:1", "name": "one", "attributes": [], "neighbours": [], "picture": None, **changes}


def case(**changes):
    return {
        "left": card(), "right": card(id="r:1", name="un"), "runner_up": card(id="r:2", name="deux"),
        "instead_of": "right", "score": 0.7, "confidence": 0.514, "margin": 0.0123, "from_seed": False,
        "verdict": None, **changes,
    }  # fmt: skip


def test_histogram_counts_both_kinds():
    axes = confidence_histogram([1.0, 0.97, 0.51, 0.02], [True, False, True, False]).axes[0]
    model, seed = ([round(p.get_height()) for p in container] for container in axes.containers)
    assert (sum(model), sum(seed)) == (2, 2)
    assert model[0] == 1 and model[-1] == 1 and seed[-1] == 1 and seed[10] == 1
    assert [p.get_y() for p in axes.containers[1]][-1] == 1  # on top of the other
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["found by the model", "was a seed"]


def test_kept_curve_is_the_running_mean():
    sure = np.array([0.995, 0.96, 0.85, 0.5])
    axes = kept_curve(sure, [True, True, False, True]).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["expected"][:, 1], np.cumsum(sure) / [1, 2, 3, 4])
    np.testing.assert_allclose(lines["by true links"][:, 1], [1, 1, 2 / 3, 3 / 4])
    axes = kept_curve(sure, [True, True, False, True], [False, True, True, True]).axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    np.testing.assert_allclose(lines["by true links, judged ones"], [[2, 1], [3, 1 / 2], [4, 2 / 3]])
    assert [text.get_text() for text in axes.texts] == [".99", ".95", ".9", ".8", ".5"]
    places = [text.xy[0] for text in axes.texts]
    assert places == [1, 2, 2, 3, 4]
    assert kept_curve(sure).axes[0].get_legend() is None
    assert not list(kept_curve([0.3]).axes[0].texts)


@pytest.mark.parametrize("draw", [lambda: confidence_histogram([], []), lambda: kept_curve([])])
def test_no_link_is_no_figure(draw):
    with pytest.raises(ParameterError, match="no link to show"):
        draw()


def test_given():
    table = given_table(review()).set_index("")
    assert list(table.columns) == ["a (left)", "a (right)"]
    assert table.loc["entities"].tolist() == ["12,000", "30"]
    assert table.loc["with image"].tolist() == ["50 (25.0%)", "10 (100.0%)"]
    assert table.loc["with none of these"].tolist() == ["4 (2.0%)", "0"]
    assert table.loc["language"].tolist() == ["not given", "fr"]


def test_cuts():
    table = cut_table(review())
    assert table["confidence from"].tolist() == ["0.99", "0.95", "0.90", "0.80", "0.50", "all"]
    assert table["links"].tolist() == ["1", "2", "2", "3", "4", "5"]
    assert table["expected precision"].iloc[-1] == f"{np.mean(review()['confidence']):.1%}"
    assert table["expected wrong"].iloc[-1] == "1"
    assert table["precision by true links"].tolist() == ["100.0%"] * 3 + ["66.7%", "75.0%", "60.0%"]
    assert table["of those that true links judge"].iloc[-1] == "75.0%"
    assert len(cut_table(review(right=None, judged=None)).columns) == 4
    assert len(cut_table(review(judged=[True] * 5)).columns) == 5
    empty = cut_table(review(confidence=[], from_seed=[], right=[], judged=[]))
    assert empty["links"].tolist() == ["0"] * 6 and set(empty["expected precision"]) == {""}


def test_unlinked():
    table = unlinked_table(review())
    assert table.to_numpy().tolist() == [
        ["left", "nothing known", "4", "2.0%"],
        ["left", "a tie", "1", "0.5%"],
    ]
    assert len(unlinked_table(review(unlinked={"left": {}, "right": {}}))) == 0


def test_reliability():
    table = reliability_table(review())
    assert table["seeds_found"].sum() == 4  # one link cannot be judged
    model = table[table["links"] == "found by the model"]
    assert model["part"].tolist() == [8, 9] and model["precision"].tolist() == [0.0, 1.0]
    assert isinstance(reliability(table, series="links", n="seeds_found"), Figure)
    assert reliability_table(review(right=None, judged=None)).empty


def test_shares_of_regions():
    linked, expected = (runs[0]["degree"] for runs in region_shares(review()).values())
    assert linked == {"low": 0.5, "high": 0.0}
    assert expected == pytest.approx({"low": 0.4, "high": 0.0})
    assert isinstance(by_region(region_shares(review()), ylabel="share"), Figure)


def test_cards_say_who_how_sure_and_instead_of_whom():
    html = link_cards([case(), case(from_seed=True, margin=None, runner_up=None, instead_of=None)])
    assert html.count("<tr>") == 3 and html.count("0.51") == 2
    for text in ("one", "un", "deux", "instead of the right one", "ahead by 0.012", "was a seed"):
        assert text in html
    assert "<th>true</th>" not in html
    assert "behind by 0.250" in link_cards([case(margin=-0.25)])
    judged = link_cards([case(verdict="right"), case(verdict="wrong"), case(verdict="unknown")])
    assert "<th>true</th>" in judged
    for symbol in ("\N{CHECK MARK}", "\N{BALLOT X}", ">?<"):
        assert judged.count(symbol) == 1
    nearly = nearly_cards([case(confidence=0.25)])
    assert "0.25" in nearly and "one" in nearly and "un" in nearly and "<th>true</th>" not in nearly


def test_quality_of_both_answers():
    share = {"precision": 0.5, "precision_interval": [0.4, 0.6], "recall": None, "f1": 0.25}
    links = {"n": 2000, "n_right": 1000, "n_gold": 3000, **share}
    alone = {"n": 7, "n_right": 3, "n_dangling": 0, **share, "f1": None}
    table = quality_table({"quality": {"links": links, "no_counterpart": {"left": alone, "right": alone}}})
    assert table.iloc[0].tolist() == [
        "a link",
        "2,000",
        "1,000",
        "3,000",
        "0.500 (0.400 to 0.600)",
        "",
        "0.250",
    ]
    assert table.iloc[1].tolist() == ["no counterpart, left", "7", "3", "0", "0.500 (0.400 to 0.600)", "", ""]
    assert table["answer"].tolist()[2] == "no counterpart, right"
    assert quality_table({"quality": None}).empty


def test_no_case_says_so():
    assert link_cards([]) == nearly_cards([]) == "<p>There is none.</p>"


@pytest.mark.parametrize("key", ["id", "name", "attributes", "neighbours", "picture"])
def test_cards_let_nothing_out(key):
    evil = '"><script>alert(1)</script>'
    values = {"attributes": [evil], "neighbours": [[evil, evil]]}
    html = link_cards(
        [case(left=card(**{key: values.get(key, evil), "name": evil if key == "name" else None}))]
    )
    assert "<script" not in html and "&lt;script" in html.replace("&amp;lt;", "&lt;")


def test_cards_shorten_names_and_addresses_and_keep_values():
    long = "x" * (LONGEST + 1)
    left = card(name=long, attributes=["https://kg.example/a#colour", "3:4", "a/b"])
    near = [["https://kg.example/near", "x"]]
    right = card(id="https://kg.example/resource/Thing", name=None, neighbours=near)
    html = link_cards([case(left=left, right=right)])
    assert long not in html and "x" * (LONGEST - 1) + "\N{HORIZONTAL ELLIPSIS}" in html
    assert "colour, 3:4, a/b" in html and ">Thing<" in html and "near: x" in html
    assert 'title="https://kg.example/resource/Thing"' in html
