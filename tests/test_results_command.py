"""The commands psqe results: list, show, compare, rerun and fill."""

from typing import get_args

import pytest
from planted_runs import in_place
from stored import cost_run
from typer.testing import CliRunner

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.options import MinerOptions, TaskOptions
from psqe.study import run as module
from psqe.study.columns import KEYS
from psqe.study.commands.results import TOLERANCE, app, repeated
from psqe.study.commands.selection import Selection
from psqe.study.plans import PLANS, Plan
from psqe.study.plans.base import alignment_spec, seeds_of, seeds_spec
from psqe.study.run import run, run_all
from psqe.study.spec import RunSpec, Subject
from psqe.study.store import RunResult, Store

TASK = "emoji/en-fr"
SPEC = alignment_spec(TASK, MinerOptions(name="mutual", n_seeds=12), "eva", 0)


@pytest.fixture
def store(monkeypatch, tmp_path):
    """A store with two runs on a planted pair."""
    store = Store(tmp_path / "store")
    for _ in in_place({0: planted_pair(40, 3, 8, random_state=0)}, monkeypatch):
        run_all([seeds_of(SPEC), SPEC], store)
        yield store


def psqe(*arguments, code=0):
    """The output of a command."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_runs_are_listed_and_shown(store):
    listed = psqe("list", "--store", store.folder)
    assert SPEC.id in listed and seeds_of(SPEC).id in listed and "2 runs" in listed
    assert seeds_of(SPEC).id not in psqe("list", "--store", store.folder, "--aligner", "eva")
    assert "0 runs" in psqe("list", "--store", store.folder, "--subject", "links")
    assert "1 run" in psqe("list", "--store", store.folder, "--subject", "seeds", "--state", 0)
    shown = psqe("show", SPEC.id[:8], "--store", store.folder)
    for text in (SPEC.json_text, "revision: ", "hits@1", "l2r"):
        assert text in shown
    assert "balance" not in shown


def test_a_run_that_is_repeated_agrees(store):
    said = psqe("rerun", SPEC.id, "--store", store.folder)
    assert "0 beyond the tolerance of 0.02, 0 missing" in said
    before = store.table("alignment")["date"].tolist()
    psqe("rerun", seeds_of(SPEC).id, "--store", store.folder)
    assert store.table("alignment")["date"].tolist() == before


def test_several_runs_are_repeated_and_a_difference_in_one_does_not_end_the_others(store):
    first, *rest = run(SPEC).rows
    store.put([RunResult(SPEC, [{**first, "hits@1": abs(first["hits@1"] - 0.5)}, *rest])])
    said = psqe("rerun", SPEC.id, seeds_of(SPEC).id, SPEC.id[:8], "--store", store.folder, code=1)
    assert f"{SPEC.id}: " in said and "1 beyond the tolerance" in said
    assert said.count(f"{SPEC.id}: ") == 1
    assert f"{seeds_of(SPEC).id}: " in said and "0 beyond the tolerance of 0.01" in said


def test_an_unknown_id_among_several_is_told_before_anything_runs(store, monkeypatch):
    ran = []
    monkeypatch.setattr(module, "run", ran.append)
    done = CliRunner().invoke(app, ["rerun", SPEC.id, "zz", "--store", str(store.folder)])
    assert isinstance(done.exception, ParameterError) and "'zz'" in str(done.exception) and not ran


def test_runs_that_are_due_are_listed_with_their_ids(store):
    said = psqe("due", "--weeks", 1, "--on", "2026-10-05", "--store", store.folder)
    assert "2 runs of 2 that can be repeated, week 1 of 1; they took 0.0 hours" in said
    ids = {line.split("\t")[0] for line in said.splitlines() if "\t" in line}
    assert ids == {SPEC.id, seeds_of(SPEC).id}


def test_a_day_that_is_none_is_refused_with_the_form_of_a_day(store):
    done = CliRunner().invoke(
        app, ["due", "--weeks", "1", "--on", "2026-13-01", "--store", str(store.folder)]
    )
    assert isinstance(done.exception, ParameterError)
    assert "'2026-13-01'" in str(done.exception) and "YYYY-MM-DD" in str(done.exception)


def test_what_comes_out_otherwise_is_told_and_the_store_is_left_as_it_is(store):
    true = run(SPEC)
    first, *rest = true.rows
    lost = {"part_kind": "degree", "part": "none", "hits@1": 0.5}
    lost |= {"protocol": "full", "matching": "cosine", "links": "all", "direction": "both"}
    store.put([RunResult(SPEC, [{**first, "hits@1": abs(first["hits@1"] - 0.5)}, *rest, lost])])
    table, lost, new = repeated(store, true)
    assert (lost, new) == (1, 0)
    beyond = table[table["difference"].abs() > table["tolerance"]]
    assert beyond[[*KEYS["alignment"], "column"]].values.tolist() == [
        ["full", "cosine", "all", "l2r", "all", "all", "hits@1"]
    ]
    before = {path: path.read_bytes() for path in store.folder.rglob("*.csv")}
    said = psqe("rerun", SPEC.id, "--store", store.folder, code=1)
    assert "1 beyond the tolerance" in said and "1 missing" in said and "hits@1" in said
    assert {path: path.read_bytes() for path in store.folder.rglob("*.csv")} == before
    psqe("rerun", SPEC.id, "--store", store.folder, "--overwrite", code=1)
    assert "0 beyond" in psqe("rerun", SPEC.id, "--store", store.folder)


def test_numbers_that_the_store_lost_are_told(store):
    rows = run(SPEC).rows
    store.put([RunResult(SPEC, rows[1:])])
    lacking = sum(isinstance(value, int | float) for value in rows[0].values())
    assert f"0 missing, {lacking} missing in the store" in psqe(
        "rerun", SPEC.id, "--store", store.folder, code=1
    )
    (path,) = (store.folder / "alignment").iterdir()
    path.unlink()
    assert "0 numbers compared" in psqe("rerun", SPEC.id, "--store", store.folder, code=1)
    with pytest.raises(DataError, match=f"run {SPEC.id} has no measures; run psqe results rerun"):
        raise CliRunner().invoke(app, ["show", SPEC.id, "--store", str(store.folder)]).exception
    psqe("rerun", SPEC.id, "--store", store.folder, "--overwrite", code=1)
    assert "0 missing in the store" in psqe("rerun", SPEC.id, "--store", store.folder)
    psqe("show", SPEC.id, "--store", store.folder)


def test_differences_within_the_tolerance_are_no_fault(store):
    true = run(SPEC)
    moved = [{**row, "hits@1": min(1.0, row["hits@1"] + TOLERANCE["alignment"] / 2)} for row in true.rows]
    store.put([RunResult(SPEC, moved)])
    assert "0 beyond" in psqe("rerun", SPEC.id, "--store", store.folder)


def test_stores_are_compared(store, tmp_path):
    other = Store(tmp_path / "other")
    other.put([RunResult(SPEC, run(SPEC).rows)])
    store_of_one = Store(tmp_path / "one")
    store_of_one.put([RunResult(SPEC, run(SPEC).rows)])
    said = psqe("compare", store_of_one.folder, other.folder)
    assert "0 differ, 0 only in the first store, 0 only in the second" in said
    first, *rest = run(SPEC).rows
    other.put([RunResult(SPEC, [{**first, "hits@1": abs(first["hits@1"] - 0.5)}, *rest])])
    assert "1 differ" in psqe("compare", store_of_one.folder, other.folder, code=1)
    psqe("compare", store_of_one.folder, other.folder, "--tolerance", 0.6)
    for tolerance in ("nan", "-1", "inf"):
        done = CliRunner().invoke(
            app, ["compare", str(store.folder), str(other.folder), "--tolerance", tolerance]
        )
        assert isinstance(done.exception, ParameterError) and "at least 0" in str(done.exception)


def test_seconds_of_stages_are_no_difference_between_stores(store, tmp_path):
    spec = seeds_of(SPEC).replace(miner=MinerOptions(name="psqe", n_seeds=12))
    result, slower = run(spec), tmp_path / "slower"
    assert any(row.get("stage_seconds") for row in result.rows)
    later = [
        {**row, "stage_seconds": row["stage_seconds"] + 1} if "stage_seconds" in row else row
        for row in result.rows
    ]
    Store(tmp_path / "once").put([result])
    Store(slower).put([RunResult(spec, later)])
    assert "0 differ, 0 only in the first store, 0 only in" in psqe("compare", tmp_path / "once", slower)


def test_seconds_of_the_subject_cost_are_compared(tmp_path):
    Store(tmp_path / "first").put([cost_run("planted/10k", 1.0)])
    Store(tmp_path / "second").put([cost_run("planted/10k", 2.0)])
    said = psqe("compare", tmp_path / "first", tmp_path / "second", code=1)
    assert "cost: " in said and "stage_seconds" in said


def test_a_device_that_is_not_there_is_told_before_anything_runs(store):
    error = (
        CliRunner()
        .invoke(app, ["fill", "links", "--store", str(store.folder), "--device", "cuda:99"])
        .exception
    )
    assert isinstance(error, ParameterError) and "there is no device 'cuda:99'" in str(error)


def test_numbers_that_only_one_store_has_are_counted(store, tmp_path):
    other = Store(tmp_path / "other")
    other.put([RunResult(SPEC, run(SPEC).rows[:-1])])
    said = psqe("compare", store.folder, other.folder, code=1)
    lost = sum(isinstance(value, int | float) for value in run(SPEC).rows[-1].values())
    assert f"0 differ, {lost} only in the first store, 0 only in the second" in said
    assert "seeds: 0 numbers in both, 0 differ" in said
    assert f" {lost} only in the second" in psqe("compare", other.folder, store.folder, code=1)


def test_a_plan_is_filled_where_it_stopped(store, monkeypatch):
    def specs(tasks, states):
        return [
            seeds_of(SPEC),
            SPEC,
            *(seeds_spec(t, MinerOptions(name="pivot", n_seeds=9), s) for t in tasks for s in states),
        ]

    monkeypatch.setitem(PLANS, "small", Plan("Some runs.", specs, [TASK], [0]))
    assert "small\tSome runs." in psqe("fill")
    ran, real = [], module.run
    monkeypatch.setattr(module, "run", lambda spec, device: ran.append(spec) or real(spec, device))
    assert (
        "3 runs, 1 of them to be made" in psqe("fill", "small", "--store", store.folder, "--dry") and not ran
    )
    said = psqe("fill", "small", "--store", store.folder)
    assert f"1 of 1 run made, and stored in {store.folder}\n" in said
    assert [spec.miner.name for spec in ran] == ["pivot"] and len(store.specs()) == 3
    psqe("fill", "small", "--store", store.folder)
    assert len(ran) == 1
    psqe("fill", "small", "--store", store.folder, "--again", "--aligner", "eva")
    psqe("fill", "small", "--store", store.folder, "--again", "--miner", "pivot")
    assert [spec.subject for spec in ran[1:]] == ["alignment", "seeds"]


def test_runs_in_processes_of_their_own_reach_the_store_and_a_failed_one_is_told(tmp_path, monkeypatch):
    def specs(tasks, states):
        return [RunSpec(subject="facts", task=TaskOptions(name=task)) for task in tasks]

    tasks = ["emoji/en-fr", "nowhere/at_all"]
    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", specs, tasks, [0]))
    store = Store(tmp_path / "store")
    said = psqe("fill", "facts", "--store", store.folder, "--alone", code=1)
    assert f"1 of 2 runs made, and stored in {store.folder}\n" in said
    assert [spec.task.name for spec in store.specs().values()] == tasks[:1]
    assert store.runs()["peak_mb"].iloc[0] > 10


TASKS = ["emoji/en-fr", "nowhere/at_all", "examples/countries"]


def facts_of(tasks, states):
    """A run about the facts of each task, in each random state."""
    return [
        RunSpec(subject="facts", task=TaskOptions(name=task), random_state=state)
        for task in tasks
        for state in states
    ]


def test_a_run_that_fails_does_not_cost_the_others(tmp_path, monkeypatch):
    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", facts_of, TASKS, [0]))
    store = Store(tmp_path / "store")
    said = psqe("fill", "facts", "--store", store.folder, code=1)
    assert f"2 of 3 runs made, and stored in {store.folder}\n" in said
    [lost] = facts_of(TASKS[1:2], [0])
    assert f"no result: {lost.id} {lost}\n    'nowhere/at_all' is" in said
    assert {spec.task.name for spec in store.specs().values()} == {TASKS[0], TASKS[2]}
    alone = psqe("fill", "facts", "--store", store.folder, code=1)
    assert f"no result: {lost.id} {lost}" in alone and "0 of 1 run made" in alone


@pytest.mark.parametrize("fault", [ValueError("a fault of psqe"), MemoryError()])
def test_a_fault_in_one_run_does_not_cost_the_others(tmp_path, monkeypatch, fault):
    real = module.run

    def run(spec, device):
        if spec.random_state == 1:
            raise fault
        return real(spec, device)

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", facts_of, TASKS[2:], [0, 1, 2]))
    store = Store(tmp_path / "store")
    said = psqe("fill", "facts", "--store", store.folder, code=1)
    assert "2 of 3 runs made" in said and len(store.specs()) == 2
    [lost] = facts_of(TASKS[2:], [1])
    assert f"no result: {lost.id} {lost}" in said


def test_where_all_runs_fail_for_one_reason_it_is_the_error_of_the_command(tmp_path, monkeypatch):
    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", facts_of, TASKS[1:2], [0, 1]))
    done = CliRunner().invoke(app, ["fill", "facts", "--store", str(tmp_path / "store")])
    assert isinstance(done.exception, PsqeError) and "'nowhere/at_all'" in str(done.exception)
    assert "no result" not in done.output


def test_a_value_that_is_given_twice_asks_for_no_run_twice(tmp_path, monkeypatch):
    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", facts_of, TASKS[2:], [0]))
    arguments = ("--store", tmp_path / "store", "--dry", "--state", 0, "--state", 0)
    assert "1 run, 1 of them to be made" in psqe("fill", "facts", *arguments)


def test_values_that_no_run_has_at_once_are_told():
    specs = [
        seeds_spec(TASK, MinerOptions(name="mutual"), 0),
        seeds_spec("emoji/en-de", MinerOptions(name="pivot"), 0),
    ]
    Selection(task=[TASK], miner=["mutual"]).check(specs)
    with pytest.raises(ParameterError) as told:
        Selection(task=[TASK], miner=["pivot"]).check(specs)
    assert str(told.value) == (
        f"no run has the task {TASK} and the miner pivot at once; leave one of these options out"
    )
    Selection(task=[TASK]).check(specs)
    Selection().check([])


def test_what_is_not_there_is_told(store):
    def fault(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments]).exception

    assert "no plan 'everything'; see psqe results fill" in str(
        fault("fill", "everything", "--store", store.folder)
    )
    assert "0 runs have an id that begins with 'zz'" in str(fault("show", "zz", "--store", store.folder))
    assert "the id of a run is empty; see psqe results list" in str(
        fault("show", "", "--store", store.folder)
    )
    assert isinstance(fault("rerun", "", "--store", store.folder), ParameterError), "two runs begin so"
    assert isinstance(fault("list", "--store", store.folder / "none"), DataError)
    for option, value, known in (
        ("--task", "emoji/en-de", "choose from emoji/en-fr"), ("--miner", "pivot", "choose from mutual"),
        ("--aligner", "mclea", "choose from eva"), ("--state", "7", "choose from 0"),
        ("--subject", "prices", "choose from facts, seeds"),
    ):  # fmt: skip
        error = fault("list", "--store", store.folder, option, value)
        assert isinstance(error, ParameterError) and value in str(error) and known in str(error)
    assert "choose from" in str(
        fault("fill", "links", "--store", store.folder, "--dry", "--aligner", "nobody")
    )
    assert "there is no task 'emoji/en-xx'; choose from emoji/en-fr" in str(
        fault("fill", "links", "--store", store.folder, "--dry", "--task", "emoji/en-xx")
    )


def test_a_plan_runs_no_task_of_another_benchmark_and_tells_what_is_beyond_it(store, monkeypatch):
    def specs(tasks, states):
        return [
            RunSpec(subject="facts", task=TaskOptions(name=t), random_state=s) for t in tasks for s in states
        ]

    monkeypatch.setitem(PLANS, "facts", Plan("Facts.", specs, [TASK], [0]))

    def fill(*arguments):
        return CliRunner().invoke(
            app, ["fill", "facts", "--dry", "--store", str(store.folder), *map(str, arguments)]
        )

    error = fill("--task", "dbp15k/ja_en").exception
    assert isinstance(error, ParameterError)
    assert "the plan 'facts' is about emoji/en-fr, and not about dbp15k/ja_en; choose from emoji/" in str(
        error
    )
    assert "dbp15k" not in str(error).partition("choose from")[2]
    assert "not in the plan" not in fill("--task", TASK, "--state", 0).output
    said = fill("--task", "emoji/en-de").output
    assert "task emoji/en-de: not in the plan, which has emoji/en-fr; its runs are made" in said
    assert "1 run, 1 of them" in said
    assert "random state 7: not in the plan, which has 0; its runs" in fill("--state", 7).output
    negative = fill("--state", -1)
    assert "random_state is -1" in str(negative.exception) and not negative.output


def test_measures_that_cannot_be_read_are_not_taken_for_lost_ones(store):
    (store.folder / "alignment").rename(store.folder / "elsewhere")
    (store.folder / "alignment").touch()
    done = CliRunner().invoke(app, ["show", SPEC.id, "--store", str(store.folder)])
    assert isinstance(done.exception, DataError)
    assert "alignment: cannot be read (Not a directory); give a folder" in str(done.exception)


def test_a_store_without_runs_is_told_how_to_fill_it(tmp_path):
    for folder, what in ((tmp_path, "is empty"), (tmp_path / "none", "is not there")):
        for command in (["list"], ["due", "--weeks", "2"], ["compare", str(folder), str(folder)]):
            given = [] if command[0] == "compare" else ["--store", str(folder)]
            error = CliRunner().invoke(app, [*command, *given]).exception
            assert isinstance(error, DataError)
            assert str(error) == (
                f"{folder}: {what}; give the folder of a store, or fill this one by psqe results fill PLAN "
                f"--store {folder}"
            )


def test_a_store_that_cannot_be_made_is_told_before_anything_runs(store, monkeypatch):
    monkeypatch.setattr(module, "run", lambda spec, device: pytest.fail("it runs"))
    (store.folder / "file").touch()
    (store.folder / "link").symlink_to("nowhere")
    for name, said in (
        ("file", "file: cannot be read (Not a directory); give a folder that you may read"),
        ("link", "link: the folder cannot be written (File exists); choose a folder that you may write to"),
    ):
        for command in (["fill", "links"], ["sweep", "links", "--folder", str(store.folder / "sweep")]):
            error = CliRunner().invoke(app, [*command, "--store", str(store.folder / name)]).exception
            assert isinstance(error, PsqeError) and str(error).endswith(said)
    assert not (store.folder / "sweep").exists()


def test_a_folder_that_is_no_store_is_told(tmp_path):
    for make in (lambda path: (path.parent / "other").touch(), lambda path: path.touch()):
        make(tmp_path / "runs")
        for command in (["list"], ["show", "a"], ["rerun", "a"]):
            done = CliRunner().invoke(app, [*command, "--store", str(tmp_path)])
            assert isinstance(done.exception, DataError) and "runs" in str(done.exception)


def test_runs_of_every_subject_can_be_repeated():
    """What stages cost is measured by a benchmark and never the same, so that it is not repeated."""
    assert set(get_args(Subject)) - set(TOLERANCE) == {"cost"}
