"""What every chapter of the book has, and what its executed notebook shows."""

import re
from pathlib import Path

import nbformat

TAKEAWAYS = re.compile(r"^```\{admonition\} Key takeaways\n:class: tip\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GLUED = re.compile(r"\{glue:\w+\}`([^`:]+?)(?::[^`]*)?`")
COMPUTED = re.compile(r"\{[\w:-]+\}`[^`]*`|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
"""Roles, code and formulas, whose numbers are computed or no results."""

TYPED = re.compile(
    r"(?<![\w.])\d+(?:[.,]\d+)*\s*(?:%(?! intervals?\b)|percent|points)|(?<![\w.])\d+\.\d+(?![\w.])"
)
"""A result that was typed: a percentage, points, or a decimal. The level of an interval is none."""


def faults_of_source(text: str) -> list[str]:
    """What is wrong with the text of a chapter; nothing if it has all that a chapter has."""
    if text.count("---\n") < 2:
        return ["it needs front matter between two lines of ---, as the template has it"]
    _, front, body = text.split("---\n", 2)
    prose = re.sub(r"^```\{code-cell\}.*?^```$", "", body, flags=re.MULTILINE | re.DOTALL)
    takeaways = TAKEAWAYS.search(prose)
    typed = TYPED.findall(COMPUTED.sub("", takeaways[1])) if takeaways else []
    before = prose[: takeaways.start()] if takeaways else prose.partition("\n## ")[0]
    aim = re.sub(r"^# .*$|^\(.*\)=$", "", before, flags=re.MULTILINE).strip()
    exercises = prose.partition("\n## Exercises\n")[2]
    questions = re.findall(r"^\d+\. .*", exercises, re.MULTILINE)
    solutions = re.findall(r"^`{3,}\{dropdown\} Solution", exercises, re.MULTILINE)
    checks = {
        "it needs one title, a line that begins with one #": len(re.findall(r"^# ", prose, re.MULTILINE))
        == 1,
        "its aim has to stand between the title and the takeaways": len(aim.split()) >= 10,
        "it needs a box with Key takeaways": takeaways is not None,
        "its takeaways need a number that is computed, by {glue:text}": not takeaways
        or bool(GLUED.search(takeaways[1])),
        f"its takeaways have a result that was typed: {', '.join(typed)}": not typed,
        "it needs a cell with the tag parameters": ":tags: [parameters]" in body,
        "its front matter needs values of parameters for the profile smoke": bool(
            re.search(r"^\s+smoke: \{.+", front, re.MULTILINE)
        ),
        "it needs exercises, a numbered list below the line ## Exercises": bool(questions),
        "each exercise has to begin with its level, such as *Level 1.*": all(
            re.match(r"\d+\. \*Level [123](, code)?\.\* ", question) for question in questions
        ),
        f"it has {len(questions)} exercises and {len(solutions)} solutions": len(questions) == len(solutions),
    }
    return [fault for fault, kept in checks.items() if not kept]


def faults_of_run(path: Path) -> list[str]:
    """What is wrong with an executed notebook, as a page would show it."""
    content = nbformat.read(path, as_version=4)
    outputs = [output for cell in content.cells if cell.cell_type == "code" for output in cell.outputs]
    glued = {output.get("metadata", {}).get("scrapbook", {}).get("name") for output in outputs}
    prose = "\n".join(cell.source for cell in content.cells if cell.cell_type == "markdown")
    used = {name for name in GLUED.findall(prose) if "::" not in name and not name.endswith(".ipynb")}
    shown = [output for output in outputs if "image/png" in output.get("data", {})]
    tables = [output for output in outputs if "<table" in output.get("data", {}).get("text/html", "")]
    told = [output.text.strip() for output in outputs if output.get("name") == "stderr"]
    return [
        *(f"the text uses {name!r}, which no cell glues" for name in sorted(used - glued)),
        *(f"a cell writes to standard error: {text.splitlines()[0]}" for text in told),
        *([] if shown or tables else ["it shows neither a figure nor a table"]),
        *("a figure has no text in its place" for output in shown if not _has_text(output)),
    ]


def _has_text(output: nbformat.NotebookNode) -> bool:
    return bool(output.get("metadata", {}).get("image/png", {}).get("alt"))
