"""A contribution in a file: one command tests its contract, and a file that is no contribution is refused."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import conftest
import contributed
import pytest

from psqe.datasets.layouts import check_folder
from psqe.errors import PsqeError

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "examples" / "templates"
MINER = TEMPLATES / "plugin" / "first_plugin" / "miner.py"
ALIGNER = TEMPLATES / "plugin" / "first_plugin" / "aligner.py"


def contract(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run tests of contracts, as a contributor does."""
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_one_command_tests_the_classes_in_two_files_and_nothing_else(tmp_path: Path) -> None:
    """The aligner passes; the miner draws at random and fails. Whole contracts run in test_plugin.py."""
    text = MINER.read_text(encoding="utf-8")
    drawn = text.replace("scores[kept]", "np.random.default_rng().random(len(kept))")
    assert drawn != text
    (tmp_path / "mine.py").write_text(drawn, encoding="utf-8")
    done = contract(
        "tests/test_miners.py", "tests/test_aligners.py", "--miner", str(tmp_path / "mine.py"),
        "--aligner", str(ALIGNER), "-k", "same_twice or every_parameter or presets",
    )  # fmt: skip
    ended = re.findall(r"::(test_\w+)\[(.*)\] (PASSED|FAILED)", done.stdout)
    assert set(ended) == {
        ("test_same_twice_and_no_global_generator_is_touched", "fused-greedy", "FAILED"),
        ("test_every_parameter_has_a_type_that_is_checked_and_a_sentence", "anchored", "PASSED"),
        ("test_presets", "anchored", "PASSED"),
    }, done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "seeded",
    ["(seeded + 1) % len(vectors)", "np.roll(seeded, 1)"],
)
def test_an_aligner_that_gives_seeds_to_other_entities_fails(seeded: str, tmp_path: Path) -> None:
    text = ALIGNER.read_text(encoding="utf-8")
    wrong = text.replace("anchors[seeded,", f"anchors[({seeded}) if side == 'right' else seeded,")
    assert wrong != text
    (tmp_path / "mine.py").write_text(wrong, encoding="utf-8")
    done = contract("tests/test_aligners.py", "--aligner", str(tmp_path / "mine.py"), "-k", "true_seeds_rank")
    assert done.returncode == 1 and "are seeds given to their own entities?" in done.stdout


@pytest.mark.parametrize(
    ("kind", "template", "check", "told"),
    [
        ("aligner", ALIGNER, "if not self.weight >= 0", "weight=nan stops with "),
        ("miner", MINER, "if pool < 1", "pool=-1 stops with "),
    ],
)
def test_a_class_that_takes_an_impossible_number_fails(
    kind: str, template: Path, check: str, told: str, tmp_path: Path
) -> None:
    text = template.read_text(encoding="utf-8")
    assert text.count(check) == 1
    for name, source in (("good.py", text), ("bad.py", text.replace(check, "if False"))):
        (tmp_path / name).write_text(source, encoding="utf-8")
        done = contract(
            f"tests/test_{kind}s.py", f"--{kind}", str(tmp_path / name), "-k", "every_number_is_refused"
        )
        assert ("1 passed" in done.stdout) == (name == "good.py"), done.stdout
        assert (told in done.stdout) == (name == "bad.py"), done.stdout


GOOD = """from psqe.seeds import Miner
class Mine(Miner):
    name = 'mine'
    def _mine(self, task, features): ...
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 subclasses of Miner; define one"),
        ("def (", r"cannot be imported \(SyntaxError: "),
        (
            "import no_such_module",
            r"cannot be imported \(ModuleNotFoundError: No module named 'no_such_module'\)",
        ),
        (GOOD.replace("name = 'mine'", "other = 1"), "Mine has no name; add name = "),
        (GOOD.replace("'mine'", "'psqe'"), "'psqe' is the name of another miner; take a name"),
        (GOOD.replace("_mine", "_find"), "Mine does not implement _mine; add it"),
        (GOOD + "class Other(Mine): ...\n", "has 2 subclasses of Miner; define one"),
    ],
)
def test_a_file_that_is_no_contribution_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    with pytest.raises(PsqeError, match=message):
        contributed.read("miner", str(tmp_path / "mine.py"))


def test_a_file_that_is_not_there_stops_the_tests_with_one_line() -> None:
    config = SimpleNamespace(getoption=lambda name: "no-such-file.py" if name == "--aligner" else None)
    message = r"^no-such-file\.py: is no Python file; give the file \(\.py\) that has the aligner$"
    with pytest.raises(pytest.UsageError, match=message):
        conftest.pytest_configure(cast(pytest.Config, config))


def test_the_template_of_a_pair_has_no_fault_and_its_links_are_found(tmp_path: Path) -> None:
    import psqe

    assert not check_folder(TEMPLATES / "pair")
    found = psqe.align(str(TEMPLATES / "pair"), features=["name"])
    assert found.quality is not None and found.quality["links"]["recall"] > 0.9
