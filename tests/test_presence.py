"""Hiding who has attributes: presence tells nothing afterwards, and nothing else changes."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from psqe.cli.main import main
from psqe.datasets.info import attribute_shares
from psqe.datasets.presence import hide_presence
from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeWarning
from psqe.graph import AlignmentTask, KnowledgeGraph

N = 400


def leaky(random_state: int = 0) -> AlignmentTask:
    """A planted pair in which, as in DBP15K, only linked entities have attributes, and not all of them."""
    task, _ = planted_pair(N, dangling=0.2, random_state=random_state)
    rng = np.random.default_rng(7)
    sides = []
    for graph, column in ((task.left, 0), (task.right, 1)):
        linked = np.isin(np.arange(graph.n_entities), task.links[:, column])
        has = linked & (rng.random(graph.n_entities) < 0.9)
        attributes = tuple(
            ((f"a{rng.integers(5)}", None), (f"b{rng.integers(50)}", str(i))) if has[i] else ()
            for i in range(graph.n_entities)
        )
        sides.append(replace(graph, attributes=attributes))
    return replace(task, left=sides[0], right=sides[1])


def hidden(task: AlignmentTask, random_state: int = 0) -> AlignmentTask:
    with pytest.warns(PsqeWarning, match="were given"):
        return hide_presence(task, random_state)


def test_presence_told_everything_and_tells_nothing_afterwards() -> None:
    task = leaky()
    for side in ("left", "right"):
        assert attribute_shares(task, side)["attr_if_linked"] > 0.85
        assert attribute_shares(task, side)["attr_if_unlinked"] == 0
        shares = attribute_shares(hidden(task), side)
        assert shares["attr_if_linked"] == shares["attr_if_unlinked"] == 1


def test_the_warning_names_how_many() -> None:
    task = leaky()
    missing = [sum(not own for own in graph.attributes) for graph in (task.left, task.right)]
    with pytest.warns(PsqeWarning, match=f"{missing[0]} left and {missing[1]} right entities") as caught:
        hide_presence(task)
    assert len(caught) == 1


def test_what_is_given_comes_from_ones_own_side_and_what_was_there_stays() -> None:
    task = leaky()
    after = hidden(task)
    for graph, filled in ((task.left, after.left), (task.right, after.right)):
        donors = {own for own in graph.attributes if own}
        for own, given in zip(graph.attributes, filled.attributes, strict=True):
            assert given == own if own else given in donors
        given = [new for own, new in zip(graph.attributes, filled.attributes, strict=True) if not own]
        assert len(set(given)) > len(given) / 2, "drawn one by one, not one for all"


def test_nothing_else_changes() -> None:
    task = leaky()
    after = hidden(task)
    assert after.parameters == {**task.parameters, "hide_presence": True}
    assert after.name == task.name
    np.testing.assert_array_equal(after.links, task.links)
    for graph, filled in ((task.left, after.left), (task.right, after.right)):
        for field in (
            "name",
            "entities",
            "relations",
            "names",
            "translations",
            "images",
            "vectors",
            "groups",
        ):
            assert getattr(filled, field) == getattr(graph, field), field
        for field in ("triples", "candidates", "ids"):
            np.testing.assert_array_equal(getattr(filled, field), getattr(graph, field))


def test_the_same_draw_for_the_same_state_another_for_another() -> None:
    task = leaky()
    assert hidden(task, 3).left.attributes == hidden(task, 3).left.attributes
    assert hidden(task, 3).left.attributes != hidden(task, 4).left.attributes


def test_order_of_rows_and_ids_do_not_matter() -> None:
    task = leaky()
    rng = np.random.default_rng(2)
    left, right = rng.permutation(task.left.n_entities), rng.permutation(task.right.n_entities)
    moved = task.take(left, right)
    moved = replace(moved, right=replace(moved.right, ids=rng.permutation(9000)[: len(right)]))
    plain, after = hidden(task), hidden(moved)
    assert after.left.attributes == tuple(plain.left.attributes[i] for i in left)
    assert after.right.attributes == tuple(plain.right.attributes[i] for i in right)


def test_content_comes_before_identifiers() -> None:
    """Entities that differ in name get the same attributes whatever they are called."""
    attributes = (*[((f"a{i}", None),) for i in range(20)], *[()] * 20)
    names = tuple(f"name {i}" for i in range(40))

    def graph(entities: list[str]) -> KnowledgeGraph:
        return KnowledgeGraph("g", tuple(entities), (), [], names=names, attributes=attributes)

    one = graph([f"x{i}" for i in range(40)])
    other = graph([f"y{i}" for i in np.random.default_rng(0).permutation(40)])
    assert (
        hidden(AlignmentTask("t", one, one)).left.attributes
        == hidden(AlignmentTask("t", other, other)).left.attributes
    )


def test_gold_links_are_not_read() -> None:
    task = leaky()
    assert hidden(task).left.attributes == hidden(replace(task, links=None)).left.attributes


def test_only_candidates_give_and_take() -> None:
    attributes = ((), (("a", None),), (("literal", None),), ())
    graph = KnowledgeGraph("g", tuple("wxyz"), (), [], candidates=np.array([0, 1]), attributes=attributes)
    after = hidden(AlignmentTask("t", graph, graph)).left.attributes
    assert after == ((("a", None),), (("a", None),), (("literal", None),), ())


def test_nothing_to_hide_is_no_warning_and_still_told() -> None:
    full = KnowledgeGraph("g", ("x",), (), [], attributes=((("a", None),),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = hide_presence(AlignmentTask("t", full, full))
    assert after.parameters == {"hide_presence": True}


def test_a_side_without_attributes_is_an_error() -> None:
    bare = KnowledgeGraph("bare", ("x",), (), [])
    with pytest.raises(
        DataError, match=r"no candidate of graph 'bare' has attributes.*leave hide_presence out"
    ):
        hide_presence(AlignmentTask("t", bare, bare))
    with pytest.raises(ParameterError, match="random_state is -1"):
        hide_presence(leaky(), -1)


TREES = ["ash", "beech", "cedar", "date", "elm", "fir", "ginkgo", "hazel", "ivy", "juniper", "kapok", "larch"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small pair in the layout of JAPE, a third of each side without attributes."""
    for side in (1, 2):
        entities = range(side * 100, side * 100 + 12)
        (tmp_path / f"ent_ids_{side}").write_text(
            "".join(f"{i}\thttp://{side}/{TREES[i % 100]}\n" for i in entities)
        )
        (tmp_path / f"triples_{side}").write_text(
            "".join(f"{i}\t{side}\t{side * 100 + (i * 5 + 1) % 12}\n" for i in entities)
        )
        (tmp_path / f"training_attrs_{side}").write_text(
            "".join(f"http://{side}/{TREES[i]}\thttp://p/a{i % 3}\thttp://p/b{i}\n" for i in range(8))
        )
    (tmp_path / "ill_ent_ids").write_text("".join(f"{100 + i}\t{200 + i}\n" for i in range(8)))
    return tmp_path


def test_the_switch_on_the_command_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["seeds", str(folder), "--modalities", "attribute", "--encoder", "attribute=bag"]
    arguments += ["--miner", "random", "--n-seeds", "8", "--out", str(tmp_path / "seeds.tsv")]
    arguments += ["--json", str(tmp_path / "audit.json")]
    assert main(arguments) == 0
    assert "hide_presence" not in (tmp_path / "audit.json").read_text()
    assert "were given" not in capsys.readouterr().err
    with pytest.warns(PsqeWarning, match="4 left and 4 right entities"):
        assert main([*arguments, "--hide-presence"]) == 0
    assert '"hide_presence": true' in (tmp_path / "audit.json").read_text()


def test_arrays_of_ones_own_cannot_be_hidden(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "own.npz", attribute_left=np.ones((12, 2)), attribute_right=np.ones((12, 2)))
    arguments = ["align", str(folder), "--features", str(tmp_path / "own.npz"), "--hide-presence"]
    assert main([*arguments, "--out", str(tmp_path / "found.tsv")]) == 2
    assert "--hide-presence and --features exclude each other" in capsys.readouterr().err
    assert not (tmp_path / "found.tsv").exists()
