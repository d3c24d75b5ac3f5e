"""The pair of cities that tests write in many forms is sound, and its names find its links."""

import pytest
from cases import NAME, aligned, case
from cities import LINKS, written

from psqe.datasets.layouts import check_folder, read_in_order


def test_the_pair_is_sound(tmp_path):
    folder = written(tmp_path / "cities")
    faults = check_folder(folder)
    assert not faults and not faults.notes
    task = read_in_order(folder)
    assert {(task.left.entities[a], task.right.entities[b]) for a, b in task.links.tolist()} == set(LINKS)


@pytest.mark.parametrize("handed", [False, True])
def test_names_find_the_links(tmp_path, handed):
    folder = case("00-base", tmp_path) if handed else written(tmp_path / "cities")
    options = NAME if handed else ("--modalities", "name", "--n-seeds", "8")
    assert aligned(folder, *options)["link_quality"]["links"]["f1"] == pytest.approx(1, abs=0.1)
