"""The course: checks and notebooks of the lab, slides, the guide, the quiz, projects, exercises in code."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from browser import chromium, requests

from psqe.errors import ParameterError, PsqeError
from psqe.study.book.notebook import Notebook
from psqe.study.book.run_notebook import run_notebook
from psqe.study.project import Project
from psqe.study.teaching import UnsolvedError, check, needs
from psqe.study.teaching import material as material_module
from psqe.study.teaching.checks import N_CASES
from psqe.study.teaching.markdown import Reader
from psqe.study.teaching.material import page_titles, write_material
from psqe.study.teaching.slides import deck_page, make_slides
from psqe.study.teaching.tasks import TASKS
from psqe.study.teaching.versions import solution_notebook, student_notebook

ROOT = Path(__file__).parents[1]
LAB = Notebook.read(ROOT / "notebooks" / "lab.md").content
TITLES = page_titles(Project.find(ROOT))
UNWRITTEN = "returns nothing yet; write its body, run its cell, and run this cell again"


def functions(cells: Any) -> dict[str, Any]:
    """Run the cells that define the functions of the tasks."""
    space: dict[str, Any] = {"np": np}
    for cell in cells:
        if cell.cell_type == "code" and re.match(rf"def ({'|'.join(TASKS)})\(", cell.source):
            exec(cell.source, space)
    return space


# checks


@pytest.mark.parametrize("name", TASKS)
def test_the_solution_of_a_task_passes_its_check(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(functions(solution_notebook(LAB, TITLES).cells)[name])
    assert capsys.readouterr().out == f"Task {TASKS[name].number} is solved: {name} does what it should.\n"


@pytest.mark.parametrize("name", TASKS)
def test_an_unwritten_task_fails_its_check_with_one_line(name: str) -> None:
    with pytest.raises(UnsolvedError) as caught:
        check(functions(student_notebook(LAB, TITLES).cells)[name])
    line = f"Task {TASKS[name].number}: {name} {UNWRITTEN}"
    assert caught.value._render_traceback_() == [line] == [str(caught.value)]


@pytest.mark.parametrize(
    ("name", "told"), [(name, told) for name, task in TASKS.items() for told in task.mistakes]
)
def test_a_common_mistake_is_named(name: str, told: str) -> None:
    mistaken = TASKS[name].mistakes[told]

    def wrong(*arguments: Any) -> Any:
        return mistaken(*arguments)

    wrong.__name__ = name
    with pytest.raises(UnsolvedError, match=re.escape(told)):
        check(wrong)


def test_other_faults_are_told_apart() -> None:
    def clamp(cosines, pairs):
        cosines[pairs[:, 0]] = -1
        return cosines

    with pytest.raises(UnsolvedError, match="Task 5: clamp changes its arguments; work on a copy"):
        check(clamp)

    def nearest(cosines):
        return cosines.nearest()

    with pytest.raises(UnsolvedError, match=r"stops with AttributeError: .*; call it yourself in a new cell"):
        check(nearest)

    def mutual(cosines):
        return [(0, 0)]

    with pytest.raises(UnsolvedError, match=r"returns something of shape \(1, 2\), and the result has shape"):
        check(mutual)

    def precision(pairs, truth):
        return 0.123

    with pytest.raises(UnsolvedError, match="returns other numbers than it should"):
        check(precision)
    with pytest.raises(UnsolvedError, match=r"^no task has a function 'sum'; check one of nearest, mutual"):
        check(sum)


def told_of(name: str, change: Any) -> str:
    """What a check says of a function that returns the correct result in another form."""
    task = TASKS[name]

    def changed(*arguments: Any) -> Any:
        return change(task.reference(*arguments))

    changed.__name__ = name
    with pytest.raises(UnsolvedError) as caught:
        check(changed)
    return str(caught.value)


POSITIONS = "and later cells use them as positions; give it dtype=int"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("nearest", lambda x: x.astype(float), f"returns the correct numbers as float64, {POSITIONS}"),
        ("nearest", lambda x: x.astype(str), rf"returns the correct numbers as <U\d+, {POSITIONS}"),
        ("mutual", lambda x: x.astype(object), f"returns the correct numbers as object, {POSITIONS}"),
        ("mutual", lambda x: x.astype(complex), f"returns the correct numbers as complex128, {POSITIONS}"),
        (
            "clamp",
            lambda x: x.astype(object),
            "as object, and later cells compute with them; give it dtype=f",
        ),
        ("gradient", lambda x: x.astype(complex), "as complex128, and later cells compute with them"),
        ("gradient", lambda x: x + 1j, "returns other numbers than it should"),
        ("precision", str, "returns a str, and later cells need a number; return a number"),
        ("precision", complex, "returns the correct number as a complex, and later cells need a number"),
        ("precision", np.array, "returns the correct number as an array, and later cells need a number"),
        ("mutual", lambda x: [[0], [1, 2]], r"rows of different lengths; .* an array of shape \(\d, 2\)$"),
        ("nearest", set, "returns a set, and later cells need an array; return an array"),
        ("nearest", lambda x: dict(enumerate(x)), "returns a dict, and later cells need an array"),
        ("mutual", lambda x: zip(*x.T, strict=True), "returns a zip, and later cells need an array"),
        ("mutual", lambda x: (pair for pair in x), "returns a generator, and later cells need an array"),
        ("mutual", lambda x: x[np.argsort(x[:, 1])], "has the correct pairs in another order; sort them by"),
    ],
)
def test_a_result_in_a_form_that_later_cells_cannot_use_is_named(name: str, change: Any, told: str) -> None:
    assert re.match(rf"Task {TASKS[name].number}: {name} .*{told}", told_of(name, change) + "\n")


@pytest.mark.parametrize("name", ["nearest", "clamp"])
def test_other_widths_of_numbers_are_correct(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    def narrow(*arguments: Any) -> Any:
        truth = TASKS[name].reference(*arguments)
        return truth.astype({"i": np.uint8, "f": np.float64}[truth.dtype.kind])

    narrow.__name__ = name
    check(narrow)
    assert "is solved" in capsys.readouterr().out


def test_a_function_with_a_body_and_without_return_is_asked_for_return() -> None:
    def nearest(cosines):
        """Compute what is asked for, and keep it."""
        found = cosines.argmax(axis=1)  # noqa: F841

    with pytest.raises(UnsolvedError, match=r"^Task 1: nearest returns None; does it end with return\?$"):
        check(nearest)


@pytest.mark.parametrize(
    ("given", "told"),
    [("mutual", "mutual"), (None, "nearest"), (lambda cosines: 0, "nearest"), (3, "nearest")],
)
def test_what_is_no_function_with_a_name_is_told_in_one_line_without_a_traceback(
    given: Any, told: str
) -> None:
    with pytest.raises(UnsolvedError) as caught:
        check(given)
    assert caught.value._render_traceback_() == [f"give the function itself: check({told})"]


def test_cases_have_another_number_of_left_than_of_right_entities() -> None:
    for name in ("nearest", "mutual", "clamp"):
        cases = [TASKS[name].arguments(np.random.default_rng(case))[0].shape for case in range(N_CASES)]
        assert any(left < right for left, right in cases) and any(left > right for left, right in cases)


def test_a_cell_says_in_one_line_which_task_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    def nearest(cosines):
        return cosines.argmax(axis=1)

    def mutual(cosines): ...

    needs(nearest)
    assert not capsys.readouterr().out
    told = f"^this cell needs a task whose check has to pass first. Task 2: mutual {UNWRITTEN}$"
    with pytest.raises(UnsolvedError, match=told):
        needs(nearest, mutual)


def test_every_case_of_a_task_has_a_result_that_depends_on_its_arguments() -> None:
    for task in TASKS.values():
        results = [task.reference(*task.arguments(np.random.default_rng(case))) for case in range(N_CASES)]
        assert len({np.asarray(result).tobytes() for result in results}) > 1


# notebooks


def test_the_students_notebook_has_no_solution_and_the_teachers_has_all() -> None:
    student, solution = (nbformat.writes(make(LAB, TITLES)) for make in (student_notebook, solution_notebook))
    assert student.count("...  # write") == len(TASKS)
    for words in ("SOLUTION", "{dropdown}", "{doc}", "{glue", "MyST", "On this page", "psqe teach"):
        assert words not in student and words not in solution
    assert "**Answer.**" in solution and "**Answer.**" not in student
    assert student.count("check(") == solution.count("check(") == len(TASKS)
    for name in TASKS:
        assert f"check({name})" in student


def test_a_mark_without_the_other_is_an_error() -> None:
    cells = [nbformat.v4.new_code_cell("def f():\n    ### BEGIN SOLUTION\n    return 1")]
    broken = nbformat.v4.new_notebook(cells=cells, metadata=LAB.metadata)
    with pytest.raises(PsqeError, match=r"the cell 'def f\(\):' has a mark of a solution without the other"):
        student_notebook(broken, TITLES)


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command writes, with few steps of training; the lab is run, with all its checks."""
    folder = tmp_path_factory.mktemp("teaching")
    written = write_material(folder, root=ROOT, profile="smoke")
    assert [path.name for path in written] == ["lab-student.ipynb", "lab-solutions.ipynb", "lab-slides.html"]
    return folder


def test_the_solutions_pass_all_checks_when_the_lab_is_run(material: Path) -> None:
    solutions = (material / "lab-solutions.ipynb").read_text(encoding="utf-8")
    for name, task in TASKS.items():
        assert f"Task {task.number} is solved: {name} does what it should." in solutions
    answers = "".join(
        cell.source for cell in nbformat.reads(solutions, 4).cells if "**Answer.**" in cell.source
    )
    assert re.search(r"pictures cover \*[A-Z][^*]+\* \(\d+%\) best", answers) and "{glue" not in solutions
    assert (
        re.search(r"below the clamped features (?:at \d+%|at none of the shares)", answers)
        and "…" not in answers
    )
    student = json.loads((material / "lab-student.ipynb").read_text(encoding="utf-8"))
    assert not any(cell.get("outputs") for cell in student["cells"])


def test_the_students_notebook_runs_to_its_first_check_and_stops_there_with_one_line(material: Path) -> None:
    notebook = nbformat.read(material / "lab-student.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    space: dict[str, Any] = {}
    with pytest.raises(UnsolvedError, match=f"^Task 1: nearest {UNWRITTEN}$"):
        for source in code:
            exec(source, space)
    assert source.startswith("check(nearest)")


def run_without(skipped: str, material: Path) -> list[str]:
    """Run the lab with one function unwritten, and go on after each error, as a student does."""
    notebook = nbformat.read(material / "lab-solutions.ipynb", as_version=4)
    stubs = {cell.source.splitlines()[0]: cell for cell in student_notebook(LAB, TITLES).cells if cell.source}
    space: dict[str, Any] = {}
    errors = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            first = cell.source.splitlines()[0]
            source = stubs[first].source if first.startswith(f"def {skipped}(") else cell.source
            try:
                exec(source, space)
            except Exception as error:
                errors.append(f"{type(error).__name__}: {error}")
    return errors


@pytest.mark.parametrize(("skipped", "n_errors"), [("mutual", 5), ("gradient", 3)])
def test_a_student_who_skips_a_task_is_told_so_in_one_line_by_every_cell_that_needs_it(
    skipped: str, n_errors: int, material: Path
) -> None:
    errors = run_without(skipped, material)
    line = f"Task {TASKS[skipped].number}: {skipped} {UNWRITTEN}"
    assert len(errors) == n_errors
    assert all(error.startswith("UnsolvedError: ") and error.endswith(line) for error in errors), errors


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("forces", "; perhaps two-forces is meant"),
        ("notebooks/two-forces.md", "; perhaps two-forces is meant"),
        ("zzz", "; choose from findings, "),
    ],
)
def test_a_chapter_that_is_unknown_makes_no_slides(name: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=f"^there is no chapter '{name}' to make slides of{told}"):
        write_material(tmp_path, [name], root=ROOT)
    assert list(tmp_path.iterdir()) == []


def no_run(*_: Any, **__: Any) -> Path:
    raise AssertionError("the lab was run")


@pytest.fixture
def chapter_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the run of the chapter two-forces is looked for; the lab cannot be run."""
    monkeypatch.setattr(Project, "runs", tmp_path / "runs")
    monkeypatch.setattr(material_module, "run_notebook", no_run)
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs" / "two-forces.ipynb"


def test_a_chapter_whose_run_makes_no_slides_is_named_before_the_lab_is_run(chapter_run: Path) -> None:
    out = chapter_run.parent / "out"
    with pytest.raises(PsqeError, match=r"two-forces\.md: has not been run yet; run psqe study first"):
        write_material(out, ["two-forces"], root=ROOT)
    nbformat.write(nbformat.v4.new_notebook(), chapter_run)
    told = r"runs/two-forces\.ipynb: makes no slides: the notebook has no heading.*; run psqe study again$"
    with pytest.raises(PsqeError, match=told):
        write_material(out, ["two-forces"], root=ROOT)
    assert not out.exists()


def test_slides_of_a_chapter_replace_no_other_file_and_are_compared_before_the_lab_is_run(
    chapter_run: Path,
) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[markdown("# Title\n\nText.")]), chapter_run)
    out = chapter_run.parent / "out"
    out.mkdir()
    (out / "two-forces-slides.html").write_text("the work of a teacher")
    with pytest.raises(PsqeError, match=r"two-forces-slides\.html: is there and has another content"):
        write_material(out, ["two-forces"], root=ROOT)


def test_a_lab_that_fails_is_kept_where_the_error_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "lab.md"
    text = (ROOT / "examples" / "templates" / "chapter.md").read_text(encoding="utf-8")
    broken.write_text(text.replace("import warnings\n", "1 / 0\n"), encoding="utf-8")
    monkeypatch.setattr(
        material_module, "run_notebook", lambda source, **given: run_notebook(broken, **given)
    )
    with pytest.raises(PsqeError, match="failed with ZeroDivisionError") as caught:
        write_material(tmp_path / "out", root=ROOT)
    assert caught.value.remedy == f"see {tmp_path / 'out' / 'lab.failed.ipynb'}"
    (kept,) = (tmp_path / "out").iterdir()
    assert "ZeroDivisionError" in kept.read_text(encoding="utf-8")


def test_a_file_with_other_content_is_never_replaced_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "lab-student.ipynb").write_text("the work of a student")
    with pytest.raises(PsqeError, match=r"lab-student\.ipynb: is there and has another content.*--force"):
        write_material(tmp_path, root=ROOT)
    assert (tmp_path / "lab-student.ipynb").read_text() == "the work of a student"
    assert [path.name for path in tmp_path.iterdir()] == ["lab-student.ipynb"]


def test_a_folder_in_the_place_of_a_file_is_found_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "lab-slides.html").mkdir()
    with pytest.raises(PsqeError, match=r"lab-slides\.html: is a folder"):
        write_material(tmp_path, root=ROOT)
    assert [path.name for path in tmp_path.iterdir()] == ["lab-slides.html"]


def test_the_command_is_registered() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '\nteach = "psqe.study.commands.teaching:teach"\n' in text
    from psqe.study.commands.teaching import teach

    assert teach.__doc__ and "--out" in (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")


# slides


def deck(*cells: Any) -> list[Any]:
    return make_slides(nbformat.v4.new_notebook(cells=list(cells)), {"two-forces": "Two forces"})


def markdown(text: str) -> Any:
    return nbformat.v4.new_markdown_cell(text)


def drawn(alt: str = "") -> Any:
    told = {"image/png": {"alt": "An axis from 0 to 1."}}
    output = nbformat.v4.new_output("display_data", {"image/png": "AAAA"}, metadata=told)
    metadata = {"mystnb": {"image": {"alt": alt}}} if alt else {}
    return nbformat.v4.new_code_cell("draw()", outputs=[output], metadata=metadata)


def test_headings_figures_and_questions_start_slides_and_long_text_becomes_notes() -> None:
    long = "word " * 100
    slides = deck(
        markdown(f"# Title\n\nAim.\n\n## Part\n\nShort.\n\n{long}\n\n**Question.** Why?"),
        drawn("A curve that falls."),
        markdown("What it shows."),
        drawn(),
    )
    assert [slide.title for slide in slides] == ["Title", "Part", "Part", "Part"]
    assert 'alt="An axis from 0 to 1."' in slides[3].body[0]
    assert "Short." in slides[1].body[0] and long.strip() in slides[1].notes[0]
    assert "Why?" in slides[2].body[0]
    assert 'alt="A curve that falls."' in slides[2].body[1] and "What it shows." in slides[2].body[2]


def test_a_question_stands_with_the_figure_before_it_and_not_with_the_next_one() -> None:
    _, first, second = deck(
        markdown("# Title\n\nAim."), drawn("One."), markdown("**Question.** Why?"), drawn("Two.")
    )
    assert 'alt="One."' in first.body[0] and "Why?" in first.body[1] and 'alt="Two."' in second.body[0]
    long = "**Question.** " + "word " * 40
    *_, first, second, third = deck(markdown("# Title\n\nAim."), drawn("One."), markdown(long), drawn("Two."))
    assert len(first.body) == len(second.body) == len(third.body) == 1 and "Question" in second.body[0]


def test_the_explanation_between_a_figure_and_its_question_is_a_note_if_both_are_too_long() -> None:
    text = "word " * 30 + "\n\n**Question.** Why does it fall and not rise?"
    *_, slide = deck(markdown("# Title\n\nAim."), drawn(), markdown(text))
    assert "Why" in slide.body[1] and "word" in slide.notes[0] and slide.words == 8


@pytest.mark.parametrize("shown", ["- one\n- two\n- " + "word " * 80, "$$\nx\n$$"])
def test_a_paragraph_that_ends_in_a_colon_stands_with_what_it_announces(shown: str) -> None:
    text = "word " * 75
    first, second = deck(markdown(f"# Title\n\n{text}\n\nThree *parts:*\n\n{shown}"))
    assert "parts" not in "".join(first.body + first.notes)
    assert "parts" in second.body[0] and len(second.body) > 1 and not second.notes
    first, second = deck(markdown(f"# Title\n\n{text}\n\nThe figure:"), drawn())
    assert "figure" not in first.body[-1] and "The figure:" in second.body[0] and "<img" in second.body[1]


def test_a_long_announcement_is_a_note_of_its_figure() -> None:
    _, slide = deck(markdown("# Title\n\nAim.\n\n" + "word " * 50 + ":"), drawn())
    assert len(slide.body) == 1 and "<img" in slide.body[0] and "word" in slide.notes[0]


def test_much_text_below_a_figure_is_a_note() -> None:
    _, slide = deck(markdown("# Title\n\nAim."), drawn(), markdown("word " * 40))
    assert len(slide.body) == len(slide.notes) == 1


def test_links_to_places_of_the_book_are_text_on_slides() -> None:
    text = "# T\n\n[there](#there), [page](two-forces.md), [web](https://example.org)\n\n$$\nx\n$$ (eq-x)"
    (slide,) = deck(markdown(text))
    html = "".join(slide.body)
    assert "there, page, " in html and html.count("<a ") == 1 and "¶" not in html and r"\[x\]" in html


@pytest.mark.parametrize(("text", "n_slides"), [("word " * 60, 1), ("word " * 60 + "\n\n$$\nx\n$$", 2)])
def test_code_stands_below_short_text_and_after_long_text(text: str, n_slides: int) -> None:
    source = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    task = nbformat.v4.new_code_cell(source, metadata={"tags": ["solution"]})
    slides = deck(markdown(f"# Title\n\n{text}"), task)
    assert len(slides) == n_slides
    assert "...  # write 1 line" in slides[-1].body[-1] and "return 1" not in slides[-1].body[-1]


def test_numbers_pages_formulas_and_takeaways_are_written_out() -> None:
    glued = nbformat.v4.new_output(
        "display_data", {"text/plain": "0.5"}, metadata={"scrapbook": {"name": "share", "mime_prefix": ""}}
    )
    text = (
        "# T\n\nSee {doc}`two-forces`, {doc}`this page </runs/two-forces>` and {cite:p}`liu2021eva`: "
        "{glue:text}`share:.0%`, $a<b$.\n\n"
        "```{admonition} Key takeaways\n:class: tip\n- One.\n```\n\n```{dropdown} Solution\nHidden.\n```"
    )
    first, second = deck(markdown(text), nbformat.v4.new_code_cell("glue()", outputs=[glued]))
    assert "<em>Two forces</em>, this page" in first.body[0] and "(Liu 2021)" in first.body[0]
    assert "50%" in first.body[0] and r"\(a&lt;b\)" in first.body[0]
    assert second.title == "Key takeaways" and "One." in second.body[0]
    assert "Hidden" not in "".join(first.body + first.notes + second.body + second.notes)
    for unknown, told in (("{glue:text}`none:d`", "shows 'none'"), ("{doc}`nowhere`", "refers to 'nowhere'")):
        with pytest.raises(PsqeError, match=told):
            list(Reader({}, {}).blocks(unknown))


def test_the_slides_work_by_keys_without_another_host_and_set_formulas(
    material: Path, tmp_path: Path
) -> None:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    with chromium(tmp_path) as browser:
        browser.set_window_size(1280, 720)
        browser.get((material / "lab-slides.html").as_uri())
        WebDriverWait(browser, 60).until(lambda b: b.execute_script("return document.body.className") == "on")
        shown = """return [...document.querySelectorAll('section')]
            .filter(s => s.offsetParent).map(s => s.innerText)"""
        body = browser.find_element("tag name", "body")
        n = browser.execute_script("return document.querySelectorAll('section').length")
        assert n > 20 and "A lab:" in browser.execute_script(shown)[0]
        body.send_keys(Keys.ARROW_RIGHT)
        (second,) = browser.execute_script(shown)
        assert "Two graphs about the same things" in second
        body.send_keys(Keys.END)
        assert "Twemoji" in browser.execute_script(shown)[0]
        body.send_keys(Keys.ARROW_RIGHT)  # there is no slide after the last
        assert browser.execute_script("return location.hash") == f"#{n}"
        browser.execute_async_script(
            """const done = arguments[0];
            addEventListener("hashchange", () => done(), {once: true});
            location.hash = "#equation-of-the-loss";"""
        )
        (same,) = browser.execute_script(shown)
        assert "Twemoji" in same
        browser.execute_script("location.hash = '#2'")
        WebDriverWait(browser, 10).until(lambda b: b.execute_script(shown)[0] == second)
        body.send_keys(Keys.HOME, "n")
        assert browser.execute_script("return document.body.classList.contains('with-notes')")
        assert browser.execute_script("return document.querySelectorAll('mjx-container').length") > 5
        assert not browser.execute_script("return document.querySelectorAll('mjx-merror').length")
        size = {"width": 1280, "height": 720, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        body.send_keys("n")
        heights = browser.execute_script(
            "return slides.map((s, i) => { show(i); return document.documentElement.scrollHeight; })"
        )
        assert set(heights) == {720}, "a slide is taller than the screen"
        assert [u for u in requests(browser) if not u.startswith(("file:", "data:", "blob:"))] == []
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_slides_without_formulas_leave_mathjax_out() -> None:
    slides = deck(markdown("# Title\n\nNo formula."))
    assert "PROGRAM" not in deck_page(slides, "PROGRAM")
    with pytest.raises(PsqeError, match="no heading"):
        deck(markdown("Only text."))


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "notebooks").glob("*.md")))
def test_the_text_of_every_chapter_can_be_put_on_slides(page: str) -> None:
    notebook = nbformat.from_dict(Notebook.read(ROOT / "notebooks" / f"{page}.md").content)
    for cell in notebook.cells:
        cell.source = re.sub(r"\{glue:text\}`[^`]*`", "0", cell.source)
    slides = make_slides(notebook, TITLES)
    assert slides[0].title and slides[0].body
    left = re.search(
        r"\{[a-z:]+\}`|```", "".join(part for slide in slides for part in slide.body + slide.notes)
    )
    assert left is None


# guide


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of all tables in a page."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def test_the_plan_of_the_lab_fills_90_minutes_without_gaps() -> None:
    text = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
    times = [
        tuple(map(int, found.groups()))
        for row in rows(text)
        if (found := re.fullmatch(r"(\d+) to (\d+)", row[0]))
    ]
    assert times[0][0] == 0 and times[-1][1] == 90
    assert all(one[1] == other[0] for one, other in pairwise(times))


def points(table: list[list[str]]) -> tuple[int, int]:
    """The sum of the points in the rows of a rubric, and the total that it says."""
    own = [int(row[-1]) for row in table if row[-1].isdigit()]
    (total,) = [int(row[-1].strip("*")) for row in table if row[0] == "**total**"]
    return sum(own), total


def test_the_rubric_of_the_lab_adds_up() -> None:
    text = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
    section = text.split("## A rubric for the lab")[1].split("\n## ")[0]
    own, total = points(rows(section))
    assert own == total == 100


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_rubric_of_a_project_adds_up(number: int) -> None:
    text = (ROOT / "book" / "projects.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## Project {number}: .*?(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert f"*Level {number}, " in section
    for part in ("**Question.**", "**Data.**", "**Tasks.**", "**Hand in.**"):
        assert part in section
    own, total = points(rows(section))
    assert own == total == 100


def test_every_question_of_the_quiz_has_one_correct_answer_and_says_why_for_each() -> None:
    text = (ROOT / "book" / "quiz.md").read_text(encoding="utf-8")
    _, *questions = re.split(r"^### Question ", text, flags=re.MULTILINE)
    assert len(questions) >= 20
    places = []
    for number, question in enumerate(questions, 1):
        assert question.startswith(f"{number}\n")
        (page,) = re.findall(r"\{doc\}`runs/([\w-]+)`", question)
        assert (ROOT / "notebooks" / f"{page}.md").is_file()
        answers = re.findall(
            r"^```\{dropdown\} ([A-D])\. (.+)\n\*\*(Correct|Not correct)\.\*\* (.+)\n```$", question, re.M
        )
        assert [letter for letter, *_ in answers] == list("ABCD")[: question.count("```{dropdown}")]
        assert len(answers) >= 3 and len({answer for _, answer, *_ in answers}) == len(answers)
        (correct,) = [letter for letter, _, verdict, _ in answers if verdict == "Correct"]
        assert all(len(why) > 30 for *_, why in answers)
        places.append(correct)
    assert max(map(places.count, "ABC")) <= len(places) / 2, "the place gives the answer away"


def test_the_quiz_asks_in_the_order_of_the_book() -> None:
    contents = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    order = re.findall(r"(?:caption: |file: runs/)(.+)", contents)
    text = (ROOT / "book" / "quiz.md").read_text(encoding="utf-8")
    asked = re.findall(r"^(?:## (.+)|[^`{].*\(\{doc\}`runs/([\w-]+)`\))$", text, re.M)
    places = [order.index(caption or page) for caption, page in asked]
    assert len(places) > 20 and places == sorted(places)


# exercises in code

EXERCISE = re.compile(
    r"^\d+\. \*Level ([123]), code\.\* .+\n\n"
    r"````\{dropdown\} Solution\n```python\n(.+?)^```\n(?:.*?\n)??````$",
    re.MULTILINE | re.DOTALL,
)
"""An exercise that asks for code, with its level and its solution."""


def code_exercises() -> dict[str, list[tuple[str, str]]]:
    """The level and the code of each solution, by the name of the page."""
    pages = sorted((ROOT / "notebooks").glob("*.md"))
    found = {page.stem: EXERCISE.findall(page.read_text(encoding="utf-8")) for page in pages}
    return {page: exercises for page, exercises in found.items() if exercises}


@pytest.mark.parametrize("page", code_exercises())
def test_the_solutions_in_code_of_a_page_run_and_check_themselves(page: str) -> None:
    for _, code in code_exercises()[page]:
        assert "\nassert " in code or "\n    assert " in code
        exec(code, {"__name__": page})


def test_every_page_of_theory_has_an_exercise_in_code_and_none_is_written_in_another_form() -> None:
    found = code_exercises()
    toc = (ROOT / "book" / "_toc.yml").read_text(encoding="utf-8")
    (theory,) = re.findall(r"caption: Why it is so\n(.*?)- caption:", toc, re.DOTALL)
    pages = re.findall(r"runs/([\w-]+)", theory)
    assert len(pages) >= 10 and set(pages) <= found.keys()
    for page in (ROOT / "notebooks").glob("*.md"):
        n_written = page.read_text(encoding="utf-8").count(", code.*")
        assert n_written == len(found.get(page.stem, [])), page.name
    assert {level for exercises in found.values() for level, _ in exercises} == set("123")


def test_exercises_are_numbered_and_say_their_level() -> None:
    checked = 0
    for page in (ROOT / "notebooks").glob("*.md"):
        _, found, section = page.read_text(encoding="utf-8").partition("\n## Exercises\n")
        if found:
            numbers = re.findall(r"^(\d+)\. (\*Level [123](?:, code)?\.\* )?", section, re.MULTILINE)
            assert [int(number) for number, _ in numbers] == list(range(1, len(numbers) + 1)), page.name
            assert all(level for _, level in numbers), page.name
            checked += 1
    assert checked > 30


def test_correct_numbers_in_a_list_are_not_enough_since_later_cells_need_an_array() -> None:
    def nearest(cosines: Any) -> list[int]:
        return [int(column) for column in cosines.argmax(axis=1)]

    with pytest.raises(UnsolvedError, match=r"^Task 1: nearest returns the correct numbers as a list, and"):
        check(nearest)
