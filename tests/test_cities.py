"""The pair of cities that tests write in many forms is sound, and its names find its links."""

import pytest
from cases import NAME, aligned, case
from cities import LEFT, LINKS, written

from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import PsqeWarning


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


def test_an_entity_with_only_an_attribute_is_a_candidate_and_a_mere_tail_is_none(tmp_path):
    described = {**LEFT, "attributes": [*LEFT["attributes"], ("Portugal", "population", "10639726")]}
    with pytest.warns(
        PsqeWarning, match="1 of 17 entities that may get a link has no name, for example 'Portugal'"
    ):
        graph = read_in_order(written(tmp_path / "cities", left=described)).left
    candidates = {graph.entities[i] for i in graph.candidates}
    assert "Portugal" in candidates and "Austria" not in candidates


def test_blanks_in_names_are_single(tmp_path):
    names = [("e100", "  Lisbon   on \u00a0 the Tagus "), *LEFT["names"][1:]]
    graph = read_in_order(written(tmp_path / "cities", left={**LEFT, "names": names})).left
    assert graph.names[graph.index()["e100"]] == "Lisbon on the Tagus"


def test_the_case_of_a_file_name_counts_and_a_slip_is_told(tmp_path):
    folder = written(tmp_path / "cities")
    (folder / "left" / "names.tsv").rename(folder / "left" / "NAMES.TSV")
    with pytest.warns(PsqeWarning) as told:
        read_in_order(folder)
    assert any("NAMES.TSV" in str(one.message) for one in told)
    assert any("NAMES.TSV" in str(fault) for fault in check_folder(folder).shown)
