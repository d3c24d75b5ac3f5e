"""Which runs a command is about, and which store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from psqe.errors import DataError, ParameterError
from psqe.extras import needs_extra

if TYPE_CHECKING:
    from psqe.study.spec import RunSpec
    from psqe.study.store import Store

StoreFolder = Annotated[
    Path | None, typer.Option("--store", help="The folder of the store; results/store of the project.")
]


@dataclass(frozen=True)
class Selection:
    """The runs that a command is about: those with one of the values of each field that is given.

    Attributes
    ----------
    task, miner, aligner
        Names of tasks, kinds of seeds and aligners.
    state
        Random states.

    Examples
    --------
    >>> from psqe.options import TaskOptions
    >>> from psqe.study.spec import RunSpec
    >>> spec = RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr"))
    >>> Selection(task=["emoji/en-fr"]).has(spec), Selection(aligner=["eva"]).has(spec)
    (True, False)
    """

    task: Annotated[list[str] | None, typer.Option(metavar="TASK", help="Only these tasks; repeatable.")] = (
        None
    )
    state: Annotated[
        list[int] | None, typer.Option(metavar="NUMBER", help="Only these random states; repeatable.")
    ] = None
    miner: Annotated[
        list[str] | None, typer.Option(metavar="MINER", help="Only seeds of these kinds; repeatable.")
    ] = None
    aligner: Annotated[
        list[str] | None, typer.Option(metavar="ALIGNER", help="Only these aligners; repeatable.")
    ] = None

    def has(self, spec: RunSpec) -> bool:
        """Whether a run is selected."""
        columns, state = spec.columns, self.state
        return (not state or spec.random_state in state) and all(
            not values or columns[name] in values for name, values in self._names().items()
        )

    def check(self, specs: Iterable[RunSpec]) -> None:
        """Raise :class:`ParameterError` where no run is selected, and list the values that there are."""
        specs = list(specs)
        columns = [{**spec.columns, "state": spec.random_state} for spec in specs]
        for name, values in {**self._names(), "state": self.state}.items():
            known = sorted({row[name] for row in columns} - {None})
            for value in values or ():
                if value not in known:
                    choice = ", ".join(map(str, known))
                    remedy = f"choose from {choice}" if known else "leave the option out"
                    raise ParameterError(f"no run has the {name} {value!r}", remedy=remedy)
        if specs and not any(self.has(spec) for spec in specs):
            given = {**self._names(), "state": self.state}
            asked = " and ".join(
                f"the {name} {' or '.join(map(str, values))}" for name, values in given.items() if values
            )
            raise ParameterError(f"no run has {asked} at once", remedy="leave one of these options out")

    def _names(self) -> dict[str, list[str] | None]:
        return {"task": self.task, "miner": self.miner, "aligner": self.aligner}


def planned(name: str, selection: Selection) -> list[RunSpec]:
    """Make the selected specs of a plan, or read those of a file.

    The runs of a file that are about a folder are about what its files are now, so that they are made again
    once the files change. Other pairs of the same benchmark and other random states than those of the plan
    can be asked for; that is told on standard error.

    Parameters
    ----------
    name
        The name of a plan, or the path of a file of specs, which ends in ``.json``.
    selection
        Which of the runs.

    Returns
    -------
    The specs, in the order of the plan.

    Raises
    ------
    ParameterError
        If there is no such plan, or no run has the values of the selection.
    DataError
        If the file cannot be read, or is no file of specs.
    """
    from psqe.study.plans import PLANS
    from psqe.study.workflow.jobs import Job

    if name.endswith(".json"):
        specs = [spec.pinned() for spec in Job.load(Path(name)).specs]
    elif name in PLANS:
        plan = PLANS[name]
        _check_tasks(selection.task or (), plan.tasks, name)
        specs = plan.specs(selection.task or plan.tasks, selection.state or plan.random_states)
    else:
        raise ParameterError(
            f"there is no plan {name!r}",
            remedy="see psqe results fill, which lists the plans; a file of specs ends in .json",
        )
    selection.check(specs)
    if name in PLANS:
        _tell_beyond("task", selection.task or (), PLANS[name].tasks)
        _tell_beyond("random state", selection.state or (), PLANS[name].random_states)
    return [spec for spec in dict.fromkeys(specs) if selection.has(spec)]  # a value can be given twice


def open_store(folder: Path | None, *, new: bool = False) -> Store:
    """Open a store; only a ``new`` one may be without runs, or be missing: it is made when it is written."""
    with needs_extra("book"):
        import pandera.pandas  # noqa: F401  # the store checks its schema with it
    from psqe.study.store import Store
    from psqe.study.store_files import entries, has_entry

    opened = Store(folder)
    place = opened.folder
    inside = entries(place, "[!.]*")
    if not new and place / "runs" not in inside:
        what = "has no folder 'runs'" if inside else "is empty" if has_entry(place) else "is not there"
        fill = "" if inside else f", or fill this one by psqe results fill PLAN --store {place}"
        raise DataError(what, path=place, remedy=f"give the folder of a store{fill}")
    return opened


def _check_tasks(names: Iterable[str], planned: Sequence[str], plan: str) -> None:
    """Refuse a task that is none, and one of another benchmark than the tasks of the plan."""
    from psqe.datasets import task_names

    families = {task.partition("/")[0] for task in planned}
    known = dict.fromkeys([*planned, *(task for task in task_names() if task.partition("/")[0] in families)])
    for name in names:
        if name in known:
            continue
        fault = (
            f"the plan {plan!r} is about {', '.join(planned)}, and not about {name}"
            if name in task_names()
            else f"there is no task {name!r}"
        )
        raise ParameterError(fault, remedy=f"choose from {', '.join(known)}")


def _tell_beyond(what: str, values: Sequence[object], planned: Sequence[object]) -> None:
    """Say on standard error which of some values are not those of the plan."""
    beyond = [str(value) for value in values if value not in planned]
    if beyond:
        has = ", ".join(map(str, planned))
        text = f"{what} {', '.join(beyond)}: not in the plan, which has {has}; its runs are made all the same"
        typer.echo(text, err=True)
