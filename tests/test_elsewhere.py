"""The files by which others run the project: GitHub's workflows, the dev container, Binder, Colab.

No service is asked. What is compared is that these files agree with pyproject.toml and requirements.txt, and
that the commands in them exist.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from typer.main import get_command

from psqe.cli.program import app

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYTHON = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
VERSION = PYTHON.removeprefix(">=").partition(",")[0]
IMAGE = f"python:{VERSION}-bookworm"
TARGETS = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
COLAB = ROOT / "colab" / "open-in-colab.ipynb"


def workflow(path: Path) -> dict[Any, Any]:
    """A workflow. YAML takes the key ``on`` for a truth value."""
    read = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in read.items()}


def jobs() -> list[Any]:
    return [
        pytest.param(name, job, id=f"{path.stem}-{name}")
        for path in WORKFLOWS
        for name, job in workflow(path)["jobs"].items()
    ]


def steps() -> list[Any]:
    return [step for job in jobs() for step in job.values[1].get("steps", [])]


def commands() -> list[str]:
    """All commands of all files, one a line; the parts of a pipe one by one."""
    scripts = [step["run"] for step in steps() if "run" in step]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    scripts += [container["onCreateCommand"], container["postCreateCommand"]]
    scripts.append((ROOT / "binder" / "postBuild").read_text())
    scripts += [cell.source for cell in colab() if cell.source.startswith("%%bash")]
    lines = [line for script in scripts for line in script.splitlines() if not line.startswith(("#", "%%"))]
    return [part.strip() for line in lines for part in re.split(r"\|\||&&|\|", line) if part.strip()]


def colab() -> list[Any]:
    return [cell for cell in nbformat.read(COLAB, as_version=4).cells if cell.cell_type == "code"]


def parse(arguments: list[str]) -> None:
    """Parse a call of psqe, as the command line does, without running it."""
    command, context = get_command(app), None
    while True:
        context = command.make_context(command.name or "psqe", arguments, parent=context)
        if not hasattr(command, "resolve_command"):
            return
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])


def test_there_are_workflows_for_tests_the_book_its_pages_and_each_week() -> None:
    assert [path.stem for path in WORKFLOWS] == ["book", "pages", "tests", "weekly"]
    on = {path.stem: workflow(path)["on"] for path in WORKFLOWS}
    assert "pull_request" in on["tests"] and "pull_request" in on["book"]
    assert on["pages"]["push"]["branches"] == ["main"]
    (schedule,) = on["weekly"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule["cron"])


def test_workflows_follow_the_schema_of_github() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    done = subprocess.run([*command, *map(str, WORKFLOWS)], capture_output=True, text=True)
    assert not done.returncode, done.stdout


def test_the_citation_follows_its_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*command, str(ROOT / "CITATION.cff")], capture_output=True, text=True)
    assert not done.returncode, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_knows_no_secret_and_does_not_pile_up(path: Path) -> None:
    read = workflow(path)
    assert read["permissions"] == {"contents": "read"}
    assert read["concurrency"]["group"]
    assert "secrets" not in path.read_text()


@pytest.mark.parametrize(("name", "job"), jobs())
def test_a_job_ends_in_time_and_may_write_only_where_it_deploys(name: str, job: dict[str, Any]) -> None:
    if "uses" in job:
        assert (ROOT / job["uses"]).is_file()
        return
    assert job["timeout-minutes"] <= 360  # GitHub ends a job after six hours
    assert "permissions" not in job or name == "deploy"


def test_actions_are_those_of_github_at_a_version() -> None:
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", name)] == []


def test_what_is_kept_between_runs_goes_with_the_requirements() -> None:
    cached = [step["with"] for step in steps() if step.get("uses", "").startswith("actions/cache@")]
    assert cached
    assert all("hashFiles('requirements.txt')" in given["key"] for given in cached)


def test_the_weekly_book_has_no_cache_and_the_limits_of_the_status_page() -> None:
    from psqe.study.book.status import LIMITS

    job = workflow(ROOT / ".github/workflows/weekly.yml")["jobs"]["book"]
    assert not [step for step in job["steps"] if step.get("uses", "").startswith("actions/cache@")]
    assert {"run": "make book"} in job["steps"]
    memory = str(int(LIMITS["memory"] * 1e9))
    options = dict(part.lstrip("-").split("=") for part in job["container"]["options"].split())
    assert options == {"cpus": "2", "memory": memory, "memory-swap": memory}
    assert job["timeout-minutes"] < LIMITS["hours"] * 60


def test_python_is_the_same_everywhere() -> None:
    assert PYTHON == ">=3.11,<3.12"
    images = {
        job["container"] if isinstance(job["container"], str) else job["container"]["image"]
        for job in (each.values[1] for each in jobs())
        if "container" in job
    }
    assert images == {IMAGE}
    assert json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())["image"] == IMAGE
    assert (ROOT / "binder" / "runtime.txt").read_text() == f"python-{VERSION}\n"
    of_uv = [command for command in commands() if command.startswith("uv python ")]
    assert len(of_uv) == 2 and {command.split()[-1] for command in of_uv} == {VERSION}
    assert f"uv python find --system {VERSION})" in COLAB.read_text()


def test_binder_has_the_requirements_and_the_project() -> None:
    lines = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    (line,) = [line for line in lines if not line.startswith("#")]
    option, name = line.split()
    assert option == "-r" and (ROOT / "binder" / name).resolve() == ROOT / "requirements.txt"
    assert "python -m pip install --no-deps --editable ." in (ROOT / "binder" / "postBuild").read_text()
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)


def test_colab_asks_for_an_address_and_has_no_results() -> None:
    first = colab()[0].source
    with pytest.raises(AssertionError, match="write the address"):
        exec(first, {})
    assert not any(cell.outputs for cell in colab())
    chapter = re.search(r'CHAPTER = "(.*)"', first)[1]  # type: ignore[index]
    assert (ROOT / "notebooks" / f"{chapter}.md").is_file()


def test_every_command_in_these_files_exists() -> None:
    others = {"git", "du", "tee", "cut", "apt-get", "test", "cd", "set", "pip", "python", "uv"}
    seen = set()
    for command in commands():
        words = shlex.split(command)
        words = words[1:] if words[0] == "xargs" else words
        name, *arguments = words
        seen.add(name)
        if name == "make":
            assert {word for word in arguments if "=" not in word} <= TARGETS, command
        elif name == "bash":
            assert (ROOT / arguments[0]).is_file(), command
        elif name == ".venv/bin/psqe":
            if arguments == ["results", "rerun"]:
                arguments = [*arguments, "an-id"]  # of the pipe
            parse([word.replace("$1", "how-seeds-fail") for word in arguments])
        else:
            assert name in others, command
    assert {"make", "bash", ".venv/bin/psqe"} <= seen


def test_a_call_with_an_unknown_option_would_be_found() -> None:
    for arguments in (["results", "due", "--number", "4"], ["nothing"], ["results", "due"]):
        with pytest.raises(Exception, match=r"No such option|No such command|Missing parameter"):
            parse(arguments)


def test_readme_names_the_folder_of_each_of_these_files() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for folder in (".github/workflows/", ".devcontainer/", "binder/", "colab/"):
        assert f"| `{folder}` |" in text and (ROOT / folder).is_dir()
