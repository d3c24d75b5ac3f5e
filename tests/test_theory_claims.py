"""The page that maps the paper's sentences to ours: everything that it points to is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "book" / "claims.md").read_text(encoding="utf-8")
SECTIONS = [part for part in TEXT.split("\n## ")[1:] if not part.startswith("What the abstract")]


@pytest.mark.parametrize("section", SECTIONS, ids=[part.splitlines()[0] for part in SECTIONS])
def test_each_sentence_has_its_two_sides_and_its_evidence(section):
    section = re.sub(r"\s+", " ", section)
    for word in ("Holds", "Does not hold", "Computed", "Asserted", "Picture"):
        assert f"*{word}*" in section
    functions = re.findall(r"`(psqe\.[\w.]+)\.(\w+)`", section)
    assert functions
    for module, name in functions:
        assert callable(getattr(import_module(module), name))
    tests = re.findall(r"`(tests/\w+\.py)::(\w+)`", section)
    assert tests
    for file, name in tests:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), flags=re.MULTILINE)
    pictures = section.split("*Picture*")[1]
    pages = list(re.finditer(r"\{doc\}`runs/([\w-]+)`", pictures))
    assert pages
    for page, after in zip(pages, [*pages[1:], None], strict=True):
        source = (ROOT / "notebooks" / f"{page[1]}.md").read_text(encoding="utf-8")
        headings = re.findall(r'"([^"]+)"', pictures[page.end() : after.start() if after else None])
        assert headings
        for heading in headings:
            found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", source, flags=re.M | re.S)
            assert found, heading
            assert re.search(r"(figures|tables)\.", found[1]), heading


@pytest.mark.parametrize("folder", ["book", "notebooks"])
def test_no_line_of_the_prose_is_lost_as_a_comment(folder):
    """In MyST a line that begins with a percent sign is a comment, and the reader never sees it."""
    pages = sorted((ROOT / folder).glob("*.md"))
    assert pages
    for page in pages:
        prose = re.sub(r"^```\{code-cell\}.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert not re.findall(r"^ *%.*", prose, flags=re.M), page.name
