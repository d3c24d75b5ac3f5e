"""Nothing outside the folder of a pair is read: neither through links nor through paths in its files."""

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cities import LEFT, LINKS, RIGHT, delimited, written
from folders import DEPICTION, JAPE, OPENEA, RDF, TURTLE, Files, L, png, write

from psqe.cli.main import main
from psqe.datasets.layouts import check_folder, read_in_order
from psqe.errors import DataError

TABLES: Files = {
    "left.csv": delimited()([("id", "name", "image"), *((e, n, "") for e, n in LEFT["names"])]),
    "right.csv": delimited()([("id", "name", "image"), *((e, n, "") for e, n in RIGHT["names"])]),
    "links.csv": delimited()([("left", "right"), *LINKS]),
}
WHOLE_FOLDER: Files = {
    **{
        f"{side}/{table}.tsv": "".join("\t".join(row) + "\n" for row in rows).encode()
        for side, tables in (("left", LEFT), ("right", RIGHT))
        for table, rows in tables.items()
    },
    "links.tsv": "".join("\t".join(row) + "\n" for row in LINKS).encode(),
    "left/candidates.tsv": "".join(f"{left}\n" for left, _ in LINKS).encode(),
    "left/images.tsv": b"e100\tpictures/a.png\n",
    "left/pictures/a.png": png(),
}
PAIRS: dict[str, Files] = {
    "folder": WHOLE_FOLDER, "jape": JAPE, "openea": OPENEA, "rdf": RDF, "turtle": TURTLE, "tables": TABLES
}  # fmt: skip
FILES = [
    (layout, name)
    for layout, files in PAIRS.items()
    for name in files
    if not name.endswith(".png") and (layout, name) != ("jape", "attr")
]

_watched: list[tuple[Path, list[str]]] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched and event == "open" and isinstance(arguments[0], str | bytes):
        folder, opened = _watched[-1]
        if Path(os.path.realpath(os.fsdecode(arguments[0]))).is_relative_to(folder):
            opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_audit)


@contextmanager
def nothing_opened(folder: Path) -> Iterator[None]:
    """Check that no file below a folder is opened, whatever the path that leads there."""
    opened: list[str] = []
    _watched.append((folder.resolve(), opened))
    try:
        yield
    finally:
        _watched.pop()
    assert not opened


def told(folder: Path) -> str:
    """Return the one line that loading a pair ends in, which a check tells, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError) as error:
            read_in_order(folder)
    faults = check_folder(folder)
    assert faults and str(error.value) in [str(fault) for fault in faults.shown]
    assert "\n" not in str(error.value)
    return str(error.value)


def linked(tmp_path: Path, files: Files, name: str, way: str) -> tuple[Path, Path]:
    """Write a pair of which one file is elsewhere, with a link of some kind in its place."""
    pair, secret = write(tmp_path / "zh_en", files), tmp_path / "secret"
    secret.mkdir()
    place = pair / name
    if way == "folder":
        place = place.parent
    place.rename(secret / place.name)
    target = secret / place.name
    if way == "chain":
        (pair / "second").symlink_to(target)
        target = pair / "second"
    place.symlink_to(os.path.relpath(target, place.parent) if way == "relative" else target)
    return pair, secret


@pytest.mark.parametrize("way", ["absolute", "relative", "chain"])
@pytest.mark.parametrize(("layout", "name"), FILES)
def test_a_link_to_a_file_outside_the_pair_is_not_followed(
    tmp_path: Path, layout: str, name: str, way: str
) -> None:
    pair, secret = linked(tmp_path, PAIRS[layout], name, way)
    if layout == "tables":  # the first lines are read, to tell what the tables are
        line = told(pair)
    else:
        with nothing_opened(secret):
            line = told(pair)
    assert line.startswith(f"{pair / name}: is, or is in, a link to a place outside the folder of the pair")
    content = (pair / name).read_bytes()  # the remedy
    (pair / name).unlink()
    (pair / name).write_bytes(content)
    (pair / "second").unlink(missing_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert read_in_order(pair) is not None


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_link_to_a_folder_outside_the_pair_is_not_followed(tmp_path: Path, side: str) -> None:
    pair, secret = linked(tmp_path, WHOLE_FOLDER, f"{side}/names.tsv", "folder")
    with nothing_opened(secret):
        assert "is, or is in, a link to a place outside" in told(pair)


def test_settings_outside_the_pair_are_not_read(tmp_path: Path) -> None:
    pair, secret = linked(tmp_path, {**RDF, "psqe.toml": b"images = []\n"}, "psqe.toml", "absolute")
    with nothing_opened(secret):
        assert "psqe.toml: is, or is in, a link" in told(pair)


def test_the_pair_itself_may_be_a_link_and_links_within_it_are_followed(tmp_path: Path) -> None:
    for layout, files in PAIRS.items():
        pair = write(tmp_path / layout, files)
        (pair / "data").mkdir()
        name = next(iter(files))
        (pair / name).rename(pair / "data" / "kept")
        (pair / name).symlink_to(pair / "data" / "kept")
        (tmp_path / f"link to {layout}").symlink_to(layout)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert read_in_order(tmp_path / f"link to {layout}") is not None


PATHS = [
    "../secret/x.png", "../../secret/x.png", "../../../secret/x.png", "./../../secret/x.png",
    "pictures/../../../secret/x.png", "..//..//secret/x.png", "pictures/./../../../secret/./x.png",
    "{secret}/x.png", "//{secret}/x.png", "file://{secret}/x.png", "file:{secret}/x.png",
    "FILE://{secret}/x.png", "file://localhost{secret}/x.png", "file:///C:/secret/x.png",
    "..\\..\\secret\\x.png", "..\\secret\\x.png", "C:\\secret\\x.png", "c:/secret/x.png", "C:secret\\x.png",
    "\\\\server\\share\\x.png", "\\\\?\\C:\\x.png", "\\secret\\x.png", "//server/share/x.png", "~/x.png",
    "~root/x.png", "$HOME/x.png", "%USERPROFILE%\\x.png", "%2e%2e/%2e%2e/secret/x.png",
    "..%2f..%2fsecret%2fx.png",
    "/proc/self/environ", "/proc/self/fd/0", "/dev/zero", "/etc/passwd", "..", "../..", "/", ".", "link.png",
    "linked/x.png", "linked/../secret/x.png",
]  # fmt: skip


@pytest.mark.parametrize("form", ["folder", "tables", "rdf literal", "rdf iri", "turtle"])
@pytest.mark.parametrize("path", PATHS)
def test_a_path_of_a_picture_that_leads_outside_the_pair_is_one_line(
    tmp_path: Path, path: str, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret"
    write(secret, {"x.png": png()})
    named = path.format(secret=secret)
    base = tmp_path / "a" if form == "tables" else tmp_path
    if form == "folder":
        pair = written(tmp_path / "pair", left={**LEFT, "images": [("e100", named)]})
        root = pair / "left"
    elif form == "tables":
        rows = [("id", "name", "image"), *((e, n, named) for e, n in LEFT["names"][:1]), *TWO]
        pair = root = write(base / "pair", {**TABLES, "left.csv": delimited()(rows)})
    else:
        pair = root = write(tmp_path / "pair", TURTLE if form == "turtle" else RDF)
        term = json.dumps(named) if form == "rdf literal" else f"<{named.replace(chr(92), '%5C')}>"
        file = next(pair.glob("left.*"))
        with file.open("a") as stream:
            stream.write(f"<{L}outside> <{DEPICTION}> {term} .\n")
    (root / "link.png").symlink_to(secret / "x.png")
    (root / "linked").symlink_to(secret)
    with nothing_opened(secret):
        code = main(["data", "check", str(pair)])
    lines = capsys.readouterr().out.splitlines()
    about = [line for line in lines if not line.startswith("note: ")]
    if form == "tables" and named.startswith("//"):  # an address on the web, as it is written in web pages
        assert any("has 1 web address" in line for line in lines)
        return
    assert code == 2 and len(about) == 1, lines
    assert "; " in about[0]


TWO = [(entity, name, "") for entity, name in LEFT["names"][1:]]


def test_benchmarks_in_a_folder_that_the_user_has_set_up_may_be_links(tmp_path: Path) -> None:
    pair, _ = linked(tmp_path, OPENEA, "ent_links", "absolute")
    assert "outside the folder" in told(pair)
    task = read_in_order(pair, follow_links=True)
    assert task is not None and task.links is not None
