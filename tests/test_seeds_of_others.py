"""Files of seeds that other tools and people write."""

import warnings
from collections.abc import Callable
from pathlib import Path

import cities
import numpy as np
import pytest
from pairs import tiny

from psqe.cli.main import main
from psqe.errors import DataError, PsqeWarning
from psqe.graph import AlignmentTask
from psqe.seeds import SeedSet


@pytest.fixture(scope="module")
def task() -> AlignmentTask:
    return tiny(4, 5)[0]


PAIRS = [("l:0", "r:3"), ("l:2", "r:0"), ("l:1", "r:1")]


def text(header: str, *, separator: str = "\t", quote: str = "", end: str = "\n", more: str = "") -> str:
    rows = ([header.split()] if header else []) + [[*pair, *more.split()] for pair in PAIRS]
    return "".join(separator.join(f"{quote}{cell}{quote}" for cell in row) + end for row in rows)


@pytest.mark.parametrize(
    "content",
    [
        text("left right"),
        text("left right score stage", more="0.5 pivot"),
        text("left right", end="\r\n"),
        "\ufeff" + text("left right"),
        text("left right", quote='"'),
        text("left right", separator=",", quote='"'),
        text("left right", separator=";"),
        text("source target"),
        text("Left Right"),
        text("entity1 entity2", separator=","),
        text(""),
        text("", end="\r\n"),
        text("", separator=","),
        text("", quote='"'),
        "\ufeff" + text("left right", quote='"', end="\r\n"),
        text("left right").encode("utf-16"),
        text("left right") + "\n\n",
    ],
)
def test_seeds_are_read_in_the_form_that_they_have(
    task: AlignmentTask, tmp_path: Path, content: str | bytes
) -> None:
    path = tmp_path / "seeds.tsv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PsqeWarning)
        seeds = SeedSet.load(path, task)
    found = [(task.left.entities[i], task.right.entities[j]) for i, j in seeds.pairs.tolist()]
    assert found == PAIRS
    assert set(seeds.stages) in ({"given"}, {"pivot"})


@pytest.mark.parametrize("change", [str, lambda words: words.replace("left\tright\n", "")])
def test_seeds_that_name_the_right_entity_first_are_read_and_told(
    task: AlignmentTask, tmp_path: Path, change: Callable[[str], str]
) -> None:
    path = tmp_path / "seeds.tsv"
    path.write_text(change("left\tright\n" + "".join(f"{right}\t{left}\n" for left, right in PAIRS)))
    with pytest.warns(PsqeWarning, match="names the right entity first in all 3 seeds, and is read that way"):
        seeds = SeedSet.load(path, task)
    assert [(task.left.entities[i], task.right.entities[j]) for i, j in seeds.pairs.tolist()] == PAIRS


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("left\tright\nl:0\tr:3\nr:0\tl:2\n", ":3: 'r:0' is no left entity of tiny"),
        ("left\tright\nL:0\tr:3\n", ":2: 'L:0' is no left entity of tiny"),
        ("left\tright\nl:0 \tr:3\n", ":2: 'l:0 ' is no left entity"),
        ("left,right\nl:9,r:3\n", ":2: 'l:9' is no left entity"),
        ("x\ty\nl:0\tr:3\n", ":1: no header with the columns left and right"),
        ("l:0\tr:3\tr:1\n", ":1: no header with the columns left and right"),
    ],
)
def test_seeds_that_cannot_be_meant_are_one_line(
    task: AlignmentTask, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "seeds.tsv"
    path.write_text(content)
    with warnings.catch_warnings(), pytest.raises(DataError) as told:
        warnings.simplefilter("ignore", PsqeWarning)
        SeedSet.load(path, task)
    assert str(told.value).startswith(f"{path}{words}") and "\n" not in str(told.value)


def test_a_seed_that_is_no_candidate_is_told_and_the_remedy_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cities.written(tmp_path / "pair")
    path = tmp_path / "seeds.tsv"
    rows = ["left\tright", "Portugal\tf500", *("\t".join(link) for link in cities.LINKS[1:9])]
    path.write_text("\n".join(rows))
    where = [
        "align",
        str(folder),
        "--modalities",
        "name",
        "--seeds",
        str(path),
        "--out",
        str(tmp_path / "o.tsv"),
    ]
    assert main(where) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        "seeds.tsv:2: 'Portugal' is no candidate of the left graph, so it can get no link; delete this"
        in line
    )
    del rows[1]
    path.write_text("\n".join(rows))
    assert main(where) == 0


@pytest.mark.parametrize("name", ["seeds.tsv", "seeds.csv", "seeds.npy"])
def test_a_file_without_seeds_is_told(task: AlignmentTask, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("npy"):
        np.save(path, np.zeros((0, 2), dtype=np.int64))
    else:
        path.write_text("left,right\n" if name.endswith("csv") else "left\tright\tscore\tstage\n")
    with pytest.warns(PsqeWarning, match="has no seed, so that nothing is learned from seeds"):
        assert not len(SeedSet.load(path, task))
