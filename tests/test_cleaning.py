"""Executed notebooks are the same bytes in any folder, under any environment, at any time."""

from pathlib import Path

import pytest
from nbformat import from_dict
from studies import write_notebook

from psqe.study.book.cleaning import cleaned, without_places
from psqe.study.book.run_notebook import run_notebook

BODY = """import sys
from IPython.display import HTML, display
print(object(), hash("a"), {"a", "b", "c"})
print("written", file=sys.stderr)
print("printed")
display(HTML("<p>" + repr(len) + "</p>"))
object()"""


def test_bytes_depend_neither_on_the_folder_nor_on_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = write_notebook(tmp_path, "page", BODY)
    found = set()
    for number, changed in enumerate(({}, {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "COLUMNS": "40"})):
        for name, value in changed.items():
            monkeypatch.setenv(name, value)
        found.add(run_notebook(page, out_dir=tmp_path / f"out-{number}").read_bytes())
    assert len(found) == 1
    text = found.pop().decode()
    assert "<object object at 0x...>" in text and text.count("at 0x...") == 2


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<function f at 0x7f3a2c1b0d30>", "<function f at 0x...>"),
        ("<bound method A.b of <A object at 0x55d0c0ffee>>", "<bound method A.b of <A object at 0x...>>"),
        ("&lt;A object at 0x7F3A2C1B0D30&gt;", "&lt;A object at 0x...&gt;"),
        ("the colour at 0xff and 0x7f3a2c1b0d30", "the colour at 0xff and 0x7f3a2c1b0d30"),
    ],
)
def test_addresses_are_removed_and_other_numbers_are_not(text: str, clean: str) -> None:
    assert without_places(text) == clean
    assert without_places([text]) == [clean]


def test_streams_are_in_one_order_however_they_arrived() -> None:
    def notebook(*outputs: tuple[str, str]) -> object:
        made = [
            {"output_type": "stream", "name": name, "text": text}
            if name
            else {"output_type": "display_data", "data": {"image/png": text}, "metadata": {}}
            for name, text in outputs
        ]
        cell = {"cell_type": "code", "metadata": {}, "outputs": made, "source": "", "execution_count": 1}
        return cleaned(from_dict({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    first = notebook(("stderr", "w"), ("stdout", "a"), ("stdout", "b"), ("", "picture at 0x7f3a2c1b"))
    assert first == notebook(("stdout", "ab"), ("stderr", "w"), ("", "picture at 0x7f3a2c1b"))
    assert first != notebook(("stdout", "a"), ("", "picture at 0x7f3a2c1b"), ("stdout", "b"), ("stderr", "w"))
