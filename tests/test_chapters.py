"""The contract of every chapter: what its text has, and what it shows when it is run."""

import re
from pathlib import Path

import pytest
from chapters import faults_of_run, faults_of_source
from test_teaching import EXERCISE

from psqe.study.book.notebook import Notebook
from psqe.study.book.run_notebook import run_notebook
from psqe.study.project import Project

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "examples" / "templates" / "chapter.md"


@pytest.fixture(scope="module")
def chapter(request: pytest.FixtureRequest) -> Path:
    """The chapter that was given by ``--chapter``; the template by default."""
    return Path(request.config.getoption("--chapter") or TEMPLATE).resolve()


def test_the_text_has_all_that_a_chapter_has(chapter: Path) -> None:
    assert not faults_of_source(chapter.read_text(encoding="utf-8"))


def test_its_parameters_can_be_read(chapter: Path) -> None:
    notebook = Notebook.read(chapter)
    for profile in ("smoke", "default", "full"):
        assert notebook.values(profile, {}).keys() == notebook.parameters.keys()


def test_the_solutions_in_code_run_and_check_themselves(chapter: Path) -> None:
    text = chapter.read_text(encoding="utf-8")
    solutions = [code for _, code in EXERCISE.findall(text)]
    assert len(solutions) == text.count(", code.*")
    for code in solutions:
        assert "\nassert " in code
        exec(code, {"__name__": chapter.stem})


def test_it_runs_in_the_profile_smoke_and_shows_what_its_text_names(chapter: Path, tmp_path: Path) -> None:
    assert not faults_of_run(run_notebook(chapter, {}, profile="smoke", out_dir=tmp_path))


@pytest.mark.parametrize(
    ("part", "instead", "fault"),
    [
        ("# Noise and", "## Noise and", "needs one title"),
        (r"This page is the template.*?\n\n", "Short.\n\n", "its aim has to stand"),
        ("Key takeaways", "What is learned", "a box with Key takeaways"),
        (r"\[parameters\]", "[hide-input]", "a cell with the tag parameters"),
        (r"    smoke: \{.*?\n", "", "for the profile smoke"),
        ("- Planted pairs show", "- In 12 % of pairs", "its takeaways have a result that was typed: 12 %"),
        (
            "- Planted pairs show",
            "- In 95 % intervals, by 3 points, 0.25,",
            "a result that was typed: 3 points, 0.25",
        ),
        ("## Exercises", "## Questions", "it needs exercises"),
        (r"\*Level 1\.\* ", "", "each exercise has to begin with its level"),
        (r"\{dropdown\} Solution", "{note}", "2 exercises and 1 solutions"),
    ],
)
def test_a_chapter_that_lacks_a_part_is_found(part: str, instead: str, fault: str) -> None:
    text, n = re.subn(part, instead, TEMPLATE.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
    assert n == 1 and any(fault in found for found in faults_of_source(text))


PARAMETERS = "it needs a cell with the tag parameters"
SMOKE = "its front matter needs values of parameters for the profile smoke"
ALLOWED = {
    # These show stored results, and have nothing or little to choose.
    "benchmarks": {PARAMETERS, SMOKE},
    "beside-published-numbers": {PARAMETERS, SMOKE},
    "findings": {PARAMETERS, SMOKE},
    "which-model-gains": {PARAMETERS, SMOKE},
    "beyond-one-machine": {SMOKE},
    "no-counterpart": {SMOKE},
    # A bound and a temperature that the authors chose, and no results.
    "what-a-ranking-finds": {"its takeaways have a result that was typed: 3 points"},
    "where-the-mass-goes": {"its takeaways have a result that was typed: 0.1"},
    # A recipe without a result of its own.
    "seeds-in-your-model": {
        "it needs one title, a line that begins with one #",
        "its takeaways need a number that is computed, by {glue:text}",
    },
}
"""What chapters of the book may lack, by name."""


@pytest.mark.parametrize("path", Project.find(ROOT).notebooks(), ids=lambda path: path.stem)
def test_every_chapter_of_the_book_has_what_a_chapter_has(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "Key takeaways" not in text and "\n## Exercises\n" not in text:
        pytest.skip("is no chapter")
    assert set(faults_of_source(text)) <= ALLOWED.get(path.stem, set())
