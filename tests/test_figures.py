"""Figures show what they are given: marks, values, names that the font can draw."""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from psqe.errors import DataError, ParameterError
from psqe.evaluation.intervals import mean_interval
from psqe.features import Features
from psqe.figure_style import CORRECT, CORRECT_SYMBOL, MARKS, SPARE, WRONG, WRONG_SYMBOL, marks
from psqe.graph import AlignmentTask, KnowledgeGraph
from psqe.seeds import SeedSet, StageTrace
from psqe.seeds.failures import blame_chain, failures
from psqe.study import figures, tables
from psqe.study.figures.labels import drawable, entity_labels, label
from psqe.study.figures.results import _spread


def graph(side: str, names: list[str], images: list[Path | None]) -> KnowledgeGraph:
    n = len(names)
    return KnowledgeGraph(
        name=side,
        entities=tuple(f"http://{side}/e:{i}" for i in range(n)),
        relations=("r",),
        triples=np.array([[0, 0, i] for i in range(1, n)]),
        names=tuple(names),
        attributes=tuple((("keyword", f"k{i}"),) for i in range(n)),
        images=tuple(images),
        language=side,
    )


@pytest.fixture
def task(tmp_path: Path) -> AlignmentTask:
    """Five entities a side, four links (left i is right i), pictures except one; 4 dangles on both sides."""
    images: list[Path | None] = []
    for i in range(5):
        images.append(tmp_path / f"{i}.png")
        Image.new("RGB", (8, 8), (40 * i, 90, 200)).save(images[-1])
    left = graph("left", ["one", "two", "thr$ee", "four", "five"], images)
    right = graph("right", ["un", "deux", "trois", "quatre", "cinq"], [*images[:4], None])
    return AlignmentTask("toy", left, right, np.array([[0, 0], [1, 1], [2, 2], [3, 3]]))


def texts(figure: Figure) -> list[str]:
    found = [t.get_text() for axes in figure.axes for t in axes.texts]
    return [t for t in found if t]


def drawn_without_warning(figure: Figure) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph is only a warning to matplotlib
        figure.canvas.draw()


def test_pair_grid_shows_both_names_and_a_box_for_a_missing_picture(task: AlignmentTask) -> None:
    figure = figures.pair_grid(task, np.array([[0, 0], [3, 4]]), n_columns=2)
    assert {"one", "un", "four", "cinq", "no\npicture"} <= set(texts(figure))
    assert len(figure.axes[0].images) == 3
    drawn_without_warning(figure)


def test_seed_gallery_marks_correct_and_wrong_by_colour_and_symbol(task: AlignmentTask) -> None:
    pairs = np.array([[0, 0], [1, 2], [4, 3], [2, 4]])
    figure = figures.seed_gallery(task, pairs, scores=np.array([0.9, 0.8, 0.7, 0.6]))
    shown = texts(figure)
    assert (shown.count(CORRECT_SYMBOL), shown.count(WRONG_SYMBOL)) == (1, 3)
    assert shown.count("none:\ndangling") == 1  # left 4
    assert shown.count("(dangling)") == 1  # right 4
    assert "0.80" in shown
    frames = [tuple(p.get_edgecolor()) for p in figure.axes[0].patches if p.get_linewidth() > 1]
    colours = [plt.matplotlib.colors.to_rgba(c) for c in (CORRECT, WRONG)]
    assert [frames.count(c) for c in colours] == [1, 3]
    drawn_without_warning(figure)


def test_similarity_grid_numbers_the_chosen_cells_in_order(task: AlignmentTask) -> None:
    ends = np.array([0, 1])
    similarity = np.array([[0.1, 0.9], [0.4, 0.2]])
    figure = figures.similarity_grid(task, ends, ends, similarity, chosen=[(0, 1), (1, 0)])
    assert {"0.10", "0.90", "0.40", "0.20", "1", "2"} <= set(texts(figure))
    assert texts(figure).count(WRONG_SYMBOL) == 2
    with pytest.raises(ParameterError, match="one to eight"):
        figures.similarity_grid(task, np.arange(9), ends, np.zeros((9, 2)))


def test_pictures_need_something_to_show_and_gold_links_to_judge(task: AlignmentTask) -> None:
    nothing = np.empty((0, 2), dtype=np.int64)
    for draw in (figures.pair_grid, figures.seed_gallery):
        with pytest.raises(ParameterError, match="give at least one"):
            draw(task, nothing)
    with pytest.raises(DataError, match="gold links"):
        figures.seed_gallery(task.without_links(), np.array([[0, 0]]))


def test_figures_are_closed_and_leave_the_style_of_the_caller_alone(task: AlignmentTask) -> None:
    before, size = plt.get_fignums(), plt.rcParams["font.size"]
    assert isinstance(figures.degree_distribution(task), Figure)
    assert plt.get_fignums() == before
    assert plt.rcParams["font.size"] == size


def test_degree_distribution_is_the_share_of_that_degree_or_more(task: AlignmentTask) -> None:
    line = figures.degree_distribution(task).axes[0].lines[0]
    assert dict(zip(line.get_xdata(), line.get_ydata(), strict=True)) == {1: 1.0, 4: 0.2}


def test_modality_presence_counts_candidates(task: AlignmentTask) -> None:
    present = np.array([True, True, True, True, False])
    arrays = {"image_left": np.ones((5, 2)), "image_right": np.ones((5, 2)), "image_right_present": present}
    figure = figures.modality_presence(task, Features.from_arrays(arrays))
    assert texts(figure) == ["100.0%", "80.0%"]


def test_names_the_font_cannot_draw_give_way_to_the_counterpart_or_the_identifier(
    task: AlignmentTask,
) -> None:
    assert drawable("drapeau : Île Ærø, größer") and not drawable("目")
    right = KnowledgeGraph(
        "ja",
        task.right.entities,
        task.right.relations,
        task.right.triples,
        names=("目", "un", "二", "三", "四"),
    )
    other = AlignmentTask("toy", task.left, right, task.links)
    assert entity_labels(other, "right") == ("[one]", "[two]", "[thr$ee]", "[four]", "4")
    assert entity_labels(other, "left") == task.left.names
    assert entity_labels(task, "right") == task.right.names


def test_labels_are_cut_to_fit_and_start_no_formula() -> None:
    assert label("short") == "short"
    cut = label("a name that is far too long for two lines of the page", width=12)
    assert cut.endswith("…") and cut.count("\n") == 1 and max(map(len, cut.split("\n"))) <= 12
    assert label("5$ or 6$") == r"5\$ or 6\$"


def test_marks_of_miners_are_fixed_and_others_share_the_rest() -> None:
    found = marks(["mine", "pivot", "yours"])
    assert found == {"mine": SPARE[0], "pivot": MARKS["pivot"], "yours": SPARE[1]}
    assert list(found) == ["mine", "pivot", "yours"]
    many = marks([*MARKS, "mine", "yours"])
    assert len(set(many.values())) == len(many)
    both = [*MARKS.values()]
    assert len({m.colour for m in both}) == len({m.marker for m in both}) == len(both)


def test_a_legend_of_many_kinds_of_seeds_stays_inside_the_figure() -> None:
    kinds = ["pivot", "pivot, fused", "mutual", "psqe, released", "psqe, as many", "psqe", "psqe, even"]
    runs = pd.DataFrame({"row": "one", "label": kinds, "value": 0.5, "panel": "a"})
    figure = figures.dot_plot(runs, "value", rows="row", series="label", xlabel="value", panels="panel")
    figure.canvas.draw()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == kinds
    box, page = legend.get_window_extent(), figure.bbox
    assert page.x0 <= box.x0 and box.x1 <= page.x1 and box.y1 <= page.y1


RUNS = [
    {"degree": {"low": 0.1, "high": 0.4}, "semantic": {"a": 0.5, "b": None}},
    {"degree": {"low": 0.3, "high": 0.4}, "semantic": {"a": 0.7, "b": None}},
]


def test_by_region_shows_means_and_intervals_of_what_there_is() -> None:
    figure = figures.by_region({"pivot": RUNS, "mutual": RUNS[:1]}, ylabel="coverage")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["degree regions", "semantic regions"]
    named = figures.by_region({"pivot": RUNS}, ylabel="coverage", titles={"semantic": "topics"})
    assert [axes.get_title(loc="left") for axes in named.axes] == ["degree regions", "topics"]
    degree, semantic = figure.axes
    dots = [line for line in degree.lines if len(line.get_xdata()) == 1]
    assert [float(line.get_xdata()[0]) for line in dots] == pytest.approx([0.2, 0.4, 0.1, 0.4])
    bars = [line.get_xdata() for line in degree.lines if len(line.get_xdata()) == 2]
    assert mean_interval([0.1, 0.3])[1] < 0 and list(bars[0]) == [
        0,
        1,
    ]  # two runs: cut to what a share can be
    near = [{"degree": {"low": value}} for value in (0.1, 0.12, 0.15)]
    (bar,) = (
        line
        for line in figures.by_region({"psqe": near}, ylabel="").axes[0].lines
        if len(line.get_xdata()) == 2
    )
    assert list(bar.get_xdata()) == pytest.approx(mean_interval([0.1, 0.12, 0.15])[1:])
    assert len([line for line in semantic.lines if len(line.get_xdata()) == 1]) == 2  # nothing for b
    with pytest.raises(ParameterError, match="no run"):
        figures.by_region({"pivot": []}, ylabel="coverage")


def test_the_axis_holds_all_panels() -> None:
    figure = figures.by_region({"pivot": RUNS[1:]}, ylabel="coverage")
    low, high = figure.axes[0].get_xlim()
    assert low == 0 and high >= 0.7


def test_precision_by_rank_is_the_running_share() -> None:
    right = [np.array([True, False, True, True]), np.array([True, True, False, True, True])]
    axes = figures.precision_by_rank({"pivot": right}, start=2).axes[0]
    assert list(axes.lines[0].get_xdata()) == [2, 3, 4]
    assert list(axes.lines[0].get_ydata()) == pytest.approx([0.75, 2 / 3, 0.75])
    with pytest.raises(ParameterError, match="has 4 seeds"):
        figures.precision_by_rank({"pivot": right}, start=4)


def stage(name: str, added: int, dropped: int, precision: float | None) -> dict[str, object]:
    shares = {f"precision{what}": precision for what in ("", "_added", "_dropped")}
    return {"stage": name, "n_added": added, "n_dropped": dropped, **shares}


def test_stage_trace_splits_correct_and_wrong() -> None:
    audits = [{"stages": [stage("cluster", 10, 0, 0.8), stage("expand", 4, 2, 0.5)]}]
    bars = [(b.get_y(), b.get_height()) for b in figures.stage_trace(audits).axes[0].patches]
    assert bars == [(0, 8), (0, 2), (8, pytest.approx(2)), (2, 2), (0, 0), (0, -1), (0, 0), (-1, -1)]
    other = [{"stages": [stage("cluster", 1, 0, 0.8)]}]
    with pytest.raises(ParameterError, match="not the same"):
        figures.stage_trace(audits + other)


def test_stage_trace_without_gold_links_shows_counts_alone() -> None:
    figure = figures.stage_trace([{"stages": [stage("cluster", 10, 0, None)]}])
    assert len(figure.axes) == 1 and figure.axes[0].patches[0].get_height() == 10


TABLE = pd.DataFrame(
    {"miner": ["pivot", "pivot", "psqe"], "n_seeds": [300, 300, 600], "hits@1": [0.2, 0.4, 0.7], "kind": "x"}
)


def test_by_n_seeds_shows_means_and_baselines() -> None:
    axes = figures.by_n_seeds(TABLE, "hits@1", ylabel="Hits@1", baselines={"cosine": 0.75}).axes[0]
    heights = [float(container[0].get_ydata()[0]) for container in axes.containers]
    assert heights == pytest.approx([0.3, 0.7])
    assert "cosine (0.75)" in texts(axes.figure)
    with pytest.raises(ParameterError, match="no column mrr"):
        figures.by_n_seeds(TABLE, "mrr", ylabel="MRR")
    with pytest.raises(ParameterError, match="empty"):
        figures.by_n_seeds(TABLE[:0], "hits@1", ylabel="Hits@1")


def test_dot_plot_has_a_panel_for_each_thing_not_to_be_compared() -> None:
    table = TABLE.assign(kind=["full", "full", "peer"])
    figure = figures.dot_plot(table, "hits@1", rows="n_seeds", series="miner", xlabel="Hits@1", panels="kind")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["full", "peer"]
    dots = [[float(x.get_xdata()[0]) for x in a.lines if len(x.get_xdata()) == 1] for a in figure.axes]
    assert dots == [pytest.approx([0.3]), [0.7]]
    assert [axes.get_xlim() for axes in figure.axes] == [(0, 1)] * 2
    shorter = figures.dot_plot(table, "hits@1", rows="n_seeds", series="miner", xlabel="Hits@1", highest=0.8)
    assert shorter.axes[0].get_xlim() == (0, 0.8)


def test_marks_of_many_series_have_a_row_for_themselves() -> None:
    names = ["pivot", "mutual", "psqe", "psqe, even", "true links"]
    table = pd.DataFrame({"miner": names, "task": "one", "hits@1": 0.5})
    axes = figures.dot_plot(table, "hits@1", rows="task", series="miner", xlabel="Hits@1").axes[0]
    heights = sorted(float(line.get_ydata()[0]) for line in axes.lines if len(line.get_ydata()) == 1)
    pixels = np.abs(np.diff([axes.transData.transform((0.5, y))[1] for y in heights]))
    assert len(heights) == 5 and (pixels > 6 * axes.figure.dpi / 72).all(), "marks are 6 points high"


def test_labels_of_near_baselines_do_not_overlap() -> None:
    assert _spread([0.75, 0.74, 0.2], 0.05) == pytest.approx([0.79, 0.74, 0.2])


def test_mean_table_has_interval_and_number_of_runs() -> None:
    table = tables.mean_table(TABLE, by=["miner", "n_seeds"], value="hits@1")
    assert table["mean"].tolist() == pytest.approx([0.3, 0.7])
    assert table["runs"].tolist() == [2, 1]
    assert table["low"][0] == pytest.approx(mean_interval([0.2, 0.4])[1]) and np.isnan(table["low"][1])


def test_metric_tables_keep_protocols_apart() -> None:
    one = {"hits@1": 0.5, "hits@10": 0.9, "mrr": 0.6}
    other = dict.fromkeys(one, 0.99)
    report = {"metrics": {d: {"full": one, "peer": other} for d in ("l2r", "r2l")}}
    rows = tables.metric_rows(report, miner="pivot")
    assert [(r["direction"], r["protocol"], r["hits@1"]) for r in rows] == [
        ("left to right", "full", 0.5), ("left to right", "peer", 0.99),
        ("right to left", "full", 0.5), ("right to left", "peer", 0.99),
    ]  # fmt: skip


def test_shown_tables_have_a_fixed_name_and_numbers_on_the_right() -> None:
    table = pd.DataFrame({"miner": ["pivot"], "value": [0.12345]})
    html = tables.show(table, "one", digits=2, caption="A caption").to_html()
    assert tables.show(pd.concat([table, table]), "two").to_html().count("pivot") == 2
    assert html == tables.show(table, "one", digits=2, caption="A caption").to_html()
    assert "nan" not in tables.show(pd.DataFrame({"share": [0.5, float("nan")]}), "three").to_html()
    assert "T_one" in html and "A caption" in html and ">0.12<" in html
    assert "#T_one_row0_col1 {\n  text-align: right" in html and "row0_col0 {" not in html
    assert "font-size" not in html and "0.15em 0.8em" in html
    small = tables.show(table, "one", compact=True).to_html()
    assert "#T_one {\n  font-size: 0.8em" in small.replace("#T_one  {", "#T_one {") and "nowrap" in small


def test_tables_of_a_task(task: AlignmentTask) -> None:
    table = tables.graph_table(task)
    assert table.loc["dangling candidates"].tolist() == ["20.0%", "20.0%"]
    assert table.loc["candidates with a picture"].tolist() == ["100.0%", "80.0%"]
    assert tables.graph_table(task.without_links()).loc["dangling candidates"].tolist() == ["not known"] * 2
    words = tables.text_table(task, np.array([[0, 1]]))
    assert words.iloc[0].tolist() == ["one", "k0", "deux", "k1"]
    triples = tables.triple_table(task, (1, 0))
    assert len(triples[triples["graph"] == "left"]) == 1 and len(triples[triples["graph"] == "right"]) == 4
    assert triples.iloc[0].tolist() == ["left", "one", "r", "two"]


def test_failures_tell_dangling_from_mistaken(task: AlignmentTask) -> None:
    seeds = SeedSet(np.array([[0, 0], [1, 2], [4, 3], [2, 4]]), np.ones(4), ("x",) * 4)
    found = failures(seeds, task)
    assert found.correct.tolist() == [True, False, False, False]
    assert found.left_dangling.tolist() == [False, False, True, False]
    assert found.right_dangling.tolist() == [False, False, False, True]
    assert found.wrong_on_dangling == pytest.approx(2 / 3)
    assert np.isnan(failures(seeds.head(1), task).wrong_on_dangling)


def test_blame_chain_follows_who_took_whose_counterpart(task: AlignmentTask) -> None:
    # 3 took 1's counterpart, 1 took 2's, 2 took a dangling one; 0 is correct.
    seeds = SeedSet(np.array([[0, 0], [1, 2], [3, 1], [2, 4]]), np.ones(4), ("x",) * 4)
    assert blame_chain(seeds, task).tolist() == [[3, 3], [1, 1], [2, 2]]
    assert blame_chain(seeds, task, longest=2).tolist() == [[1, 1], [2, 2]]
    assert len(blame_chain(seeds.head(1), task)) == 0


RUNS_OF_CHANGES = pd.DataFrame(
    {
        "task": ["x", "y"] * 4,
        "random_state": [0, 0, 1, 1] * 2,
        "change": ["mutual = False"] * 4 + ["normalise = False"] * 4,
        "precision": [1.0, 3.0, 2.0, 4.0, -50.0, -52.0, -50.0, -52.0],
    }
)


def test_changes_are_means_over_series_with_intervals_over_states() -> None:
    axes = figures.changes(RUNS_OF_CHANGES, {"precision": "points"}, limit=10).axes[0]
    circles = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert [float(c.get_xdata()[0]) for c in circles] == pytest.approx([2.5])
    bars = [list(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
    assert pytest.approx(list(mean_interval([2.0, 3.0])[1:])) in bars
    assert [t for t in texts(axes.figure) if "51" in t] == ["← -51"]
    everything = figures.changes(RUNS_OF_CHANGES, {"precision": "points"}).axes[0]
    assert everything.get_xlim()[0] < -51
    drawn_without_warning(everything.figure)
    with pytest.raises(ParameterError, match="no column recall"):
        figures.changes(RUNS_OF_CHANGES, {"recall": "points"})


def test_sweeps_have_a_column_per_parameter_and_a_row_per_measure() -> None:
    table = pd.DataFrame(
        {
            "parameter": ["clusters"] * 4 + ["weight"],
            "setting": [1.0, 1.0, 5.0, 5.0, 0.25],
            "task": "x",
            "precision": [0.5, 0.7, 0.8, 0.9, 0.4],
            "least": [0.1, 0.1, 0.2, 0.2, 0.3],
        }
    )
    figure = figures.sweeps(table, {"precision": "precision", "least": "least covered"})
    assert [a.get_title(loc="left") for a in figure.axes] == ["clusters", "weight", "", ""]
    line = figure.axes[0].containers[0][0]
    assert list(line.get_ydata()) == pytest.approx([0.6, 0.85])
    assert [t.get_text() for t in figure.axes[1].get_xticklabels()] == [".25"]
    drawn_without_warning(figure)


def test_reliability_weighs_seeds_alike_and_leaves_out_what_cannot_be_judged() -> None:
    table = pd.DataFrame(
        {
            "part": ["0.9", "0.9", "0.9", "0.1"],
            "random_state": [0, 0, 1, 0],
            "miner": "mutual",
            "estimated": [0.9, 0.96, 0.95, 0.15],
            "precision": [1.0, 0.5, 0.9, None],
            "seeds_found": [30, 10, 7, 3],
        }
    )
    axes = figures.reliability(table).axes[0]
    dots = axes.containers[0][0]
    assert list(dots.get_xdata()) == pytest.approx([(0.915 + 0.95) / 2])
    assert list(dots.get_ydata()) == pytest.approx([(0.875 + 0.9) / 2])
    two = figures.reliability(table.assign(of=["a", "a", "a", "b"]), panels="of")
    assert [a.get_title(loc="left") for a in two.axes] == ["a", "b"]
    drawn_without_warning(two)


def test_estimates_stand_beside_the_truth() -> None:
    table = pd.DataFrame({"estimated": [0.9, 0.5], "precision": [0.8, 0.6], "part": ["all", "region"]})
    axes = figures.estimates(table).axes[0]
    dots = [(float(x.get_xdata()[0]), float(x.get_ydata()[0])) for x in axes.lines[1:]]
    assert dots == [(0.9, 0.8), (0.5, 0.6)]
    with pytest.raises(ParameterError, match="empty"):
        figures.estimates(table[:0])


def test_whys_are_counted_by_stage_and_judged(task: AlignmentTask) -> None:
    pairs = np.array([[0, 0], [1, 2]])
    one = StageTrace("cluster", pairs, pairs[:0], pairs, ("mutual", "mutual"))
    two = StageTrace("refine", pairs[:0], pairs[1:], pairs[:1], (), ("a better pair",))
    seeds = SeedSet(pairs[:1], np.ones(1), ("cluster",), trace=(one, two))
    table = tables.why_table([(seeds, task), (seeds, task)])
    assert table.to_numpy().tolist() == [
        ["cluster", "added", "mutual", 2.0, 0.5], ["refine", "dropped", "a better pair", 1.0, 0.0]
    ]  # fmt: skip
    assert tables.why_table([(seeds, task.without_links())])["correct"].isna().all()


def test_bars_have_a_panel_for_each_pair_of_names_and_write_their_means():
    table = pd.DataFrame(
        [
            {"panel": panel, "data": data, "bar": bar, "kind": kind, "value": value + shift}
            for panel, data in (("a", "one"), ("a", "two"), ("b", "one"), ("b", "two"))
            for bar, kind, value in (("first", "seeds", 20), ("second", "trained", 40))
            for shift in (-1, 1)
        ]
    )
    names = {"value": "value", "rows": "bar", "panels": "panel", "columns": "data", "kinds": "kind"}
    figure = figures.bars(table, **names)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two", "", ""]
    for axes in figure.axes:
        assert {text.get_text() for text in axes.texts} >= {"20", "40"}
        assert [round(patch.get_width()) for patch in axes.patches] == [20, 40]
    with pytest.raises(ParameterError, match="no column"):
        figures.bars(table, **{**names, "kinds": "colour"})
