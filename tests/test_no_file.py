"""A pipe or a link to a missing file where a file should be: no endless wait, and no data lost in silence."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cities import written
from folders import PAIRS, write

from psqe.cli.main import main
from psqe.datasets import load_task
from psqe.datasets.layouts import check_folder
from psqe.errors import DataError
from psqe.files import open_file

FILES = [(layout, name) for layout, files in PAIRS.items() for name in files]


@pytest.fixture(autouse=True)
def _no_wait() -> Iterator[None]:
    """End a test that waits for a pipe."""
    signal.alarm(60)
    yield
    signal.alarm(0)


@pytest.mark.parametrize("kind", ["pipe", "dangling link", "folder"])
@pytest.mark.parametrize(("layout", "name"), FILES)
def test_every_file_that_is_none_is_told(tmp_path, layout, name, kind):
    folder = write(tmp_path / "zh_en", PAIRS[layout])
    (folder / name).unlink()
    if kind == "pipe":
        os.mkfifo(folder / name)
    elif kind == "folder":
        (folder / name).mkdir()
    else:  # as git-annex leaves a file that has not been fetched
        (folder / name).symlink_to("objects/missing")
    assert any(Path(name).stem in str(fault) for fault in check_folder(folder).shown)


@pytest.mark.parametrize("option", ["--features", "--seeds"])
@pytest.mark.parametrize("ending", ["tsv", "npy", "npz", "parquet", "pkl"])
def test_a_pipe_as_the_file_of_an_option_is_told(tmp_path, capsys, option, ending):
    pair = written(tmp_path / "pair")
    os.mkfifo(tmp_path / f"given.{ending}")
    assert main(["align", str(pair), option, str(tmp_path / f"given.{ending}")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "given." in line


def test_a_link_to_a_missing_file_is_told_as_such(tmp_path):
    pair = written(tmp_path / "pair")
    (pair / "left" / "names.tsv").unlink()
    (pair / "left" / "names.tsv").symlink_to("../.git/annex/names")
    with pytest.raises(DataError, match=r"names.tsv: cannot be read \(it is a link to ../.git/annex/names"):
        load_task(pair)
    with pytest.raises(FileNotFoundError, match=r"No such file"):
        open_file(tmp_path / "nothing")
