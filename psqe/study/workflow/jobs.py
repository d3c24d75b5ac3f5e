"""Jobs: bundles of runs, each for one process, as files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path

from psqe.errors import DataError, ParameterError
from psqe.files import content_hash, open_file, write_text
from psqe.study.spec import RunSpec, strict_json
from psqe.study.store import file_name

FORM = '{"runs": [...]}, with the spec of each run as psqe results show prints it'
"""The form of a file of specs, in words."""


@dataclass(frozen=True)
class Job:
    """Runs that one process makes, one after the other.

    Attributes
    ----------
    specs
        What is run, in order; at least one.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> job = Job((RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr")),))
    >>> job.name
    'emoji-en-fr-0-b0d641ee'
    """

    specs: tuple[RunSpec, ...]

    @property
    def name(self) -> str:
        """The task and random state of the first run, and eight digits that identify all of the runs."""
        ids = content_hash(*(spec.id for spec in self.specs))
        return f"{Path(file_name(self.specs[0])).stem}-{ids[:8]}"

    def save(self, path: Path) -> None:
        """Write the specs as JSON, whole or not at all.

        Parameters
        ----------
        path
            The file.

        Raises
        ------
        PsqeError
            If the file cannot be written.
        """
        runs = ",\n".join(spec.json_text for spec in self.specs)
        write_text(path, f'{{"runs": [\n{runs}\n]}}\n')

    @classmethod
    def load(cls, path: Path) -> Job:
        """Read the specs of a file.

        Parameters
        ----------
        path
            The file, in the form that :meth:`save` writes.

        Returns
        -------
        Job
            The runs of the file.

        Raises
        ------
        DataError
            If the file cannot be read, has another form, or a spec is not valid or occurs twice.
        """
        try:
            with open_file(path) as stream:
                content = strict_json(stream.read())
        except (OSError, ValueError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"cannot be read ({reason})", path=path, remedy=f"its form is {FORM}") from error
        runs = content.get("runs") if isinstance(content, dict) else None
        if not isinstance(runs, list) or not runs or set(content) != {"runs"}:
            raise DataError("is no file of specs", path=path, remedy=f"its form is {FORM}")
        specs = []
        for number, run in enumerate(runs, start=1):
            try:
                specs.append(RunSpec.from_json(json.dumps(run)))
            except DataError as error:
                raise DataError(f"run {number}: {error.what}", path=path, remedy=error.remedy) from error
        if len(set(specs)) < len(specs):
            twice = next(spec for spec in specs if specs.count(spec) > 1)
            raise DataError(f"the run {twice.id} occurs twice", path=path, remedy="leave one of them out")
        return cls(tuple(specs))


def split(specs: Iterable[RunSpec], runs_per_job: int) -> list[Job]:
    """Make jobs of runs on the same task and random state.

    Parameters
    ----------
    specs
        What is to be run; a spec that occurs twice counts once.
    runs_per_job
        The largest number of runs in a job; 1 or more. The runs of a task and random state are spread evenly
        over as few jobs as that allows, those that share features, and of these those that share seeds, side
        by side.

    Returns
    -------
    The jobs, in the order of the first run of each task and random state.

    Raises
    ------
    ParameterError
        If ``runs_per_job`` is below 1.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> task = TaskOptions(name="emoji/en-fr")
    >>> specs = [RunSpec(subject="facts", task=task, random_state=state) for state in (0, 1)]
    >>> [[spec.random_state for spec in job.specs] for job in split(specs, 10)]
    [[0], [1]]
    """
    if runs_per_job < 1:
        raise ParameterError(f"--runs-per-job is {runs_per_job}", remedy="give at least 1")
    groups: dict[RunSpec, dict[RunSpec, dict[RunSpec, list[RunSpec]]]] = {}
    for spec in dict.fromkeys(specs):
        pair = RunSpec(subject="facts", task=spec.task, random_state=spec.random_state)
        features = pair if spec.features is None else spec.part("alignment")
        seeds = features if spec.miner is None else spec.part("seeds", miner=spec.miner)
        groups.setdefault(pair, {}).setdefault(features, {}).setdefault(seeds, []).append(spec)
    jobs = []
    for on_pair in groups.values():
        runs = [spec for on_features in on_pair.values() for same in on_features.values() for spec in same]
        jobs += [Job(tuple(chunk)) for chunk in _chunks(runs, runs_per_job)]
    return jobs


def part_of(jobs: Sequence[Job], part: str) -> list[Job]:
    """Choose every n-th job, for n processes that share the jobs without talking to each other.

    Parameters
    ----------
    jobs
        All jobs.
    part
        Which part of how many, such as ``2/8``; ``1/1`` is all.

    Returns
    -------
    list of Job
        The jobs of the part, in their order.

    Raises
    ------
    ParameterError
        If the text is no such part.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> task = TaskOptions(name="emoji/en-fr")
    >>> jobs = [Job((RunSpec(subject="facts", task=task, random_state=state),)) for state in range(7)]
    >>> [job.specs[0].random_state for job in part_of(jobs, "2/3")]
    [1, 4]
    """
    number, slash, of = part.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise ParameterError(
            f"the part is {part!r}", remedy="give the number of the part and of all parts, such as 2/8"
        )
    return list(jobs[int(number) - 1 :: int(of)])


def _chunks(specs: Sequence[RunSpec], most: int) -> list[Sequence[RunSpec]]:
    """Consecutive parts of about equal size."""
    n = ceil(len(specs) / most)
    cuts = [round(number * len(specs) / n) for number in range(n + 1)]
    return [specs[start:end] for start, end in pairwise(cuts)]
