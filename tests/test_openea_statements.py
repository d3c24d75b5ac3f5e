"""Files of OpenEA whose lines end in a full stop, as statements of N-Triples do."""

from collections.abc import Callable
from pathlib import Path

import cities
import pytest

from psqe.datasets.layouts import check_folder, read_folder
from psqe.graph import AlignmentTask

At = Callable[[str], str]


def written(
    folder: Path, end: str, *, at: At = "http://a.example/{}".format, files: str = "relattrlinks"
) -> Path:
    """Write the pair of cities in the layout of OpenEA; the lines of some files end in ``end``."""
    folder.mkdir()
    names = dict(cities.LEFT["names"] + cities.RIGHT["names"])

    def uri(entity: str) -> str:
        return at(names.get(entity, entity))

    def write(name: str, rows: list[tuple[str, ...]], kind: str) -> None:
        stop = end if kind in files else ""
        (folder / name).write_text("".join("\t".join(row) + f"{stop}\n" for row in rows), encoding="utf-8")

    for side, tables in ((1, cities.LEFT), (2, cities.RIGHT)):
        write(f"rel_triples_{side}", [(uri(h), at(r), at(t)) for h, r, t in tables["triples"]], "rel")
        write(f"attr_triples_{side}", [(uri(e), at(a), v) for e, a, v in tables["attributes"]], "attr")
    write("ent_links", [(uri(one), uri(two)) for one, two in cities.LINKS], "links")
    return folder


def content(task: AlignmentTask) -> list[object]:
    graphs = [(graph.entities, graph.attributes, graph.triples.tolist()) for graph in task.sides]
    return [*graphs, None if task.links is None else task.links.tolist()]


@pytest.mark.parametrize("end", [" .", "\t.", " . ", "\t.\r", "  ."])
@pytest.mark.parametrize("files", ["rel", "attr", "links", "relattrlinks"])
@pytest.mark.parametrize("at", ["http://a.example/{}", "<http://a.example/{}>", "{}"])
def test_a_full_stop_at_the_end_of_every_line_is_no_part_of_it(
    tmp_path: Path, end: str, files: str, at: str
) -> None:
    sound = read_folder(written(tmp_path / "sound", "", at=at.format))
    task = read_folder(written(tmp_path / "stops", end, at=at.format, files=files))
    assert content(task) == content(sound)
    assert not check_folder(tmp_path / "stops")


def test_a_full_stop_right_after_brackets_ends_a_statement(tmp_path: Path) -> None:
    sound = read_folder(written(tmp_path / "sound", ""))
    task = read_folder(written(tmp_path / "stops", ".", at="<http://a.example/{}>".format, files="rellinks"))
    assert content(task) == content(sound)


def test_full_stops_of_some_lines_are_part_of_values_and_not_of_uris(tmp_path: Path) -> None:
    pair = written(tmp_path / "pair", "")
    sound = read_folder(pair)
    for name in ("rel_triples_1", "attr_triples_1"):
        lines = (pair / name).read_text().splitlines()
        (pair / name).write_text("\n".join([f"{lines[0]} .", *lines[1:]]) + "\n")
    task = read_folder(pair)
    assert task.left.entities == sound.left.entities
    values = {value for pairs in task.left.attributes for _, value in pairs}
    assert f"{cities.LEFT['attributes'][0][2]} ." in values


def test_a_line_of_statements_with_other_columns_is_a_fault(tmp_path: Path) -> None:
    pair = written(tmp_path / "pair", " .")
    path = pair / "rel_triples_1"
    path.write_text(path.read_text() + "http://a.example/x\thttp://a.example/y .\n")
    assert ":17: expected 3 columns" in str(check_folder(pair).shown[0])
