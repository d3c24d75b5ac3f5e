"""Runs in many processes: jobs, a file for each result, and the plain commands."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_runs import in_place
from sweeps import COUNTRIES, NAMES, countries_specs, saved
from typer.testing import CliRunner

from psqe.datasets.synthetic import planted_pair
from psqe.errors import DataError, ParameterError, PsqeError
from psqe.options import MinerOptions, TaskOptions
from psqe.study.commands.results import app
from psqe.study.plans.base import alignment_spec, seeds_of
from psqe.study.run import run, run_all
from psqe.study.spec import RunSpec
from psqe.study.store import Store
from psqe.study.workflow import sweep as sweeps
from psqe.study.workflow import work as module
from psqe.study.workflow.folder import SweepFolder, read_result, write_result
from psqe.study.workflow.jobs import Job, part_of, split
from psqe.study.workflow.sweep import Execution, held, n_cores
from psqe.study.workflow.work import work

SPEC = alignment_spec("emoji/en-fr", MinerOptions(name="mutual", n_seeds=12), "eva", 0)
SPECS = [seeds_of(SPEC), SPEC, SPEC.replace(random_state=1)]


@pytest.fixture
def pairs(monkeypatch):
    yield from in_place({state: planted_pair(40, 3, 8, random_state=state) for state in (0, 1)}, monkeypatch)


def fault(*arguments) -> Exception:
    """The error with which a command ends."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments]).exception


# ---- jobs


many = st.lists(
    st.builds(
        lambda subject, miner, state: RunSpec(
            subject=subject, task=COUNTRIES, random_state=state,
            **({} if subject == "facts" else {"features": NAMES}),
            **({"miner": MinerOptions(name=miner)} if subject == "seeds" else {}),
        ),
        st.sampled_from(["facts", "seeds", "links"]), st.sampled_from(["mutual", "psqe"]), st.integers(0, 2),
    ),
    max_size=20,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(many, st.integers(1, 6))
def test_every_run_is_in_one_job_and_the_runs_of_a_job_share_task_and_random_state(specs, most):
    jobs = split(specs, most)
    runs = [spec for job in jobs for spec in job.specs]
    assert len(runs) == len(set(runs)) and set(runs) == set(specs)
    for job in jobs:
        assert 1 <= len(job.specs) <= most
        assert len({spec.random_state for spec in job.specs}) == 1
    assert len({job.name for job in jobs}) == len(jobs)


def test_runs_on_the_same_seeds_are_side_by_side_and_jobs_are_of_about_equal_size():
    kinds = [MinerOptions(name=name, n_seeds=9) for name in ("mutual", "psqe")]
    specs = [
        RunSpec(subject=subject, task=COUNTRIES, features=NAMES, miner=kind)
        for subject in ("seeds", "alignment")
        for kind in kinds
    ]
    (job,) = split(specs, 4)
    assert [spec.miner.name for spec in job.specs] == ["mutual", "mutual", "psqe", "psqe"]
    assert [len(job.specs) for job in split(specs, 3)] == [2, 2]


@given(st.integers(0, 30), st.integers(1, 8))
def test_parts_hold_every_job_once(n, of):
    parts = [part_of(range(n), f"{number}/{of}") for number in range(1, of + 1)]
    assert sorted(job for part in parts for job in part) == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("part", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2", ""])
def test_a_part_that_there_is_not_is_refused(part):
    with pytest.raises(ParameterError, match="such as 2/8"):
        part_of([], part)


def test_a_file_of_specs_is_read_as_it_was_written(tmp_path):
    job = Job(tuple(countries_specs()))
    job.save(tmp_path / "specs.json")
    assert Job.load(tmp_path / "specs.json") == job
    assert Job(job.specs[:1]).name != job.name != Job(job.specs[::-1]).name


ONE = '{"subject": "facts", "task": {"name": "a"}}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read"),
        ('{"runs": [', "cannot be read"),
        ('{"runs": [{"subject": "facts", "task": {"name": "a", "name": "b"}}]}', "a key occurs twice"),
        ("[]", "is no file of specs"),
        ('{"runs": []}', "is no file of specs"),
        (f'{{"runs": [{ONE}], "more": 2}}', "is no file of specs"),
        ('{"runs": [{"subject": "facts"}]}', "run 1: the spec of a run is not valid"),
        (f'{{"runs": [{ONE}, 3]}}', "run 2: the spec of a run is not valid"),
        (f'{{"runs": [{ONE}, {ONE}]}}', "occurs twice"),
    ],
)
def test_a_file_that_holds_no_specs_is_told(tmp_path, text, said):
    path = tmp_path / "specs.json"
    path.write_text(text, encoding="utf-8")
    for command in (["run", path, "--out", tmp_path / "out"], ["sweep", path, "--store", tmp_path]):
        error = fault(*command)
        assert isinstance(error, DataError) and str(error).startswith(f"{path}: ") and said in str(error)
    assert not (tmp_path / "out").exists()


# ---- results


def test_results_reach_the_store_as_if_they_had_never_been_files(pairs, tmp_path):
    direct, folder = Store(tmp_path / "direct"), SweepFolder(tmp_path / "sweep")
    results = run_all(SPECS, direct)
    for result in results:
        source = direct.runs().set_index("id").loc[result.spec.id]
        kept = {name: source[name] for name in ("revision", "versions", "machine", "date")}
        write_result(folder, type(result)(**{**vars(result), "source": kept}))
    gathered = Store(tmp_path / "gathered")
    assert folder.gather(gathered).n_new == len(SPECS) and folder.gather(gathered).n_new == 0
    files = sorted(path.relative_to(direct.folder) for path in direct.folder.rglob("*.csv"))
    assert len(files) > 4
    for name in files:
        assert (gathered.folder / name).read_bytes() == (direct.folder / name).read_bytes()


def test_runs_whose_result_is_there_are_not_made_again(pairs, tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(module, "run", lambda spec, device: ran.append(spec) or run(spec, device))
    folder = SweepFolder(tmp_path)
    assert work([Job(tuple(SPECS[:2]))], folder) == [] and ran == SPECS[:2]
    path = folder.result(SPECS[0].id)
    path.write_bytes(path.read_bytes()[:-30])
    assert work([Job(tuple(SPECS))], folder) == []
    assert ran[2:] == [SPECS[0], SPECS[2]], "a result that is cut does not count"
    assert read_result(path).spec == SPECS[0]


def test_a_run_that_fails_does_not_stop_the_others_and_is_made_again(pairs, tmp_path, monkeypatch):
    def breaks(spec, device):
        if spec == SPECS[1]:
            raise ValueError("of no use\nfor anything")
        if spec == SPECS[0]:
            raise DataError("is broken", path="some/file")
        return run(spec, device)

    monkeypatch.setattr(module, "run", breaks)
    folder, job = SweepFolder(tmp_path), Job(tuple(SPECS))
    assert work([job], folder) == SPECS[:2]
    assert [path.stem for path in folder.results()] == [SPECS[2].id]
    first, second = (folder.error(spec.id).read_text(encoding="utf-8") for spec in SPECS[:2])
    assert first.startswith("some/file: is broken\n") and "Traceback" not in first
    assert second.startswith("of no use for anything\n") and "Traceback" in second
    monkeypatch.setattr(module, "run", run)
    assert work([job], folder) == [] and not list((tmp_path / "errors").iterdir())


def test_what_is_no_result_of_a_run_is_refused(pairs, tmp_path):
    folder = SweepFolder(tmp_path / "sweep")
    path = write_result(folder, run(SPECS[0]))
    good = json.loads(path.read_text(encoding="utf-8"))
    other = folder.result(SPECS[1].id)
    row = good["rows"][0]
    for content, said in (
        (good, f"is the result of another run, {SPECS[0].id}"),
        ({**good, "spec": json.loads(SPECS[1].json_text)}, "the column 'seeds_found' is none of the store"),
        ({**good, "more": 1}, "has other fields than spec, rows"),
        ([], "has other fields"),
    ):
        other.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(DataError, match=said) as caught:
            folder.has(SPECS[1])
        assert str(caught.value).startswith(f"{other}: ") and "delete it" in str(caught.value)
    other.unlink()
    for content, said in (
        ({**good, "rows": [{**row, "precision": 2.0}]}, "not from 0 to 1"),
        ({**good, "rows": []}, "measured nothing"),
        ({**good, "rows": 3}, "has rows of another form"),
        ({**good, "source": {}}, "does not say where it comes from"),
        (
            {**good, "source": {**good["source"], "machine": None}},
            "the machine of run .* is None, which is no",
        ),
        (
            {**good, "source": {**good["source"], "versions": 3}},
            "the versions of run .* is 3, which is not a",
        ),
        ({**good, "rows": [{**row, "precision": True}]}, "'precision' is True, which is not a number"),
        ({**good, "rows": [{**row, "precision": "0.5"}]}, "'precision' is '0.5', which is not a number"),
        ({**good, "rows": [{**row, "part": 7}]}, "'part' is 7, which is not a text"),
        ({**good, "seconds": True}, "'seconds' is True, which is not a number"),
        ({**good, "seconds": -1}, "'seconds' is -1"),
        ({**good, "source": {**good["source"], "date": "now"}}, "is no date"),
    ):
        path.write_text(json.dumps(content), encoding="utf-8")
        store = Store(tmp_path / "store")
        with pytest.raises(DataError, match=said):
            folder.gather(store)
        assert not store.specs()


def test_a_file_that_is_cut_is_left_out_when_results_are_gathered(pairs, tmp_path):
    folder, store = SweepFolder(tmp_path / "sweep"), Store(tmp_path / "store")
    work([Job(tuple(SPECS))], folder)
    folder.result(SPECS[1].id).write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["gather", str(folder.root), "--store", str(store.folder)])
    assert done.exit_code == 1 and "3 results, 2 of them new to the store, 1 left out" in done.output
    assert f"{folder.result(SPECS[1].id)}: is not whole, and was left out; delete it" in done.output
    assert store.lacking(SPECS) == [SPECS[1]]


def without_measures(folder: Path) -> Store:
    """A store with a run whose measures are lost."""
    store = Store(folder)
    store.put([run(countries_specs([0])[0])])
    (path,) = (store.folder / "facts").iterdir()
    path.unlink()
    return store


def test_the_result_of_a_run_whose_measures_are_lost_is_new_to_the_store(tmp_path):
    spec, store, folder = countries_specs([0])[0], without_measures(tmp_path / "store"), SweepFolder(tmp_path)
    write_result(folder, run(spec))
    assert folder.gather(store).n_new == 1 and len(store.table_of(spec))


def test_a_run_whose_measures_are_lost_has_no_result_where_its_sweep_made_none(tmp_path, monkeypatch):
    spec, store, folder = countries_specs([0])[0], without_measures(tmp_path / "store"), SweepFolder(tmp_path)
    monkeypatch.setattr(sweeps, "_execute", lambda *given: folder.snakemake_log.touch())
    (failure,) = sweeps.sweep([Job((spec,))], folder, store, Execution())
    assert failure.spec == spec


def test_what_is_in_the_place_of_a_result_is_told_with_a_remedy(tmp_path):
    spec, folder = countries_specs([0])[0], SweepFolder(tmp_path)
    path = folder.result(spec.id)
    path.parent.mkdir()
    for make, undo in (
        (Path.mkdir, Path.rmdir), (os.mkfifo, Path.unlink), (lambda it: it.symlink_to("nowhere"), Path.unlink)
    ):  # fmt: skip
        make(path)
        with pytest.raises(DataError, match=f"{path}: cannot be read .*; delete it; the run is made again"):
            folder.has(spec)
        undo(path)


def test_a_folder_of_results_that_is_a_file_is_told(tmp_path):
    (tmp_path / "results").touch()
    path = saved(countries_specs([0]), tmp_path / "specs.json")
    for command in (["gather", tmp_path], ["sweep", path, "--folder", tmp_path, "--dry"]):
        error = fault(*command, "--store", tmp_path / "store")
        assert str(error).startswith(f"{tmp_path / 'results'}: cannot be read (Not a directory); ")


# ---- the plain commands


def test_processes_share_a_plan_by_parts(tmp_path):
    specs = countries_specs([0])
    path, out = saved(specs, tmp_path / "specs.json"), tmp_path / "out"
    for part in ("1/2", "2/2"):
        before = len(SweepFolder(out).results())
        done = CliRunner().invoke(
            app, ["run", str(path), "--out", str(out), "--part", part, "--runs-per-job", "2"]
        )
        assert done.exit_code == 0 and len(SweepFolder(out).results()) > before
    store = tmp_path / "store"
    assert CliRunner().invoke(app, ["gather", str(out), "--store", str(store)]).exit_code == 0
    assert Store(store).lacking(specs) == []


def test_a_command_without_all_of_its_runs_fails(tmp_path):
    lost = RunSpec(subject="facts", task=TaskOptions(name=str(tmp_path / "nowhere")))
    path, out = saved([lost, countries_specs([0])[0]], tmp_path / "specs.json"), tmp_path / "out"
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(out)])
    assert done.exit_code == 1 and "1 run failed; see" in done.output
    (line,) = [line for line in done.output.splitlines() if line.startswith("run 1 of 2 failed (")]
    assert f": {lost.id} {lost}: " in line and "is no task and no folder" in line
    assert [path.stem for path in SweepFolder(out).results()] == [countries_specs([0])[0].id]


@pytest.mark.parametrize("name", ["results", "errors"])
def test_a_folder_for_results_that_cannot_be_written_is_told_before_anything_runs(
    tmp_path, monkeypatch, name
):
    path, ran = saved(countries_specs([0]), tmp_path / "specs.json"), []
    monkeypatch.setattr(module, "run", lambda spec, device: ran.append(spec))
    (tmp_path / name).touch()
    error = fault("run", path, "--out", tmp_path)
    assert isinstance(error, PsqeError) and not ran
    assert str(error).startswith(f"{tmp_path / name}: the folder cannot be written (File exists); choose")


def test_a_part_without_jobs_is_told(tmp_path):
    path = saved(countries_specs([0]), tmp_path / "specs.json")
    done = CliRunner().invoke(app, ["run", str(path), "--out", str(tmp_path), "--part", "2/2"])
    assert done.exit_code == 0 and "part 2/2 has none of the 1 job\n" in done.output


def test_what_cannot_work_is_told_before_anything_is_written(tmp_path, monkeypatch):
    path = saved(countries_specs([0]), tmp_path / "specs.json")
    folder = tmp_path / "sweep"
    for arguments, said in (
        (["--executor", "carrier-pigeon"], "pip install snakemake-executor-plugin-carrier-pigeon"),
        (["--profile", tmp_path], "there is no config.yaml"),
        (["--jobs", 0], "--jobs is 0"),
        (["--memory", -1], "--memory is -1"),
        (["--runs-per-job", 0], "--runs-per-job is 0"),
        (["--device", "cuda:99"], "there is no device 'cuda:99'"),
        (
            ["--executor", "kubernetes"],
            "'kubernetes' is for machines that share no files, which results need",
        ),
        (["--state", 5], "no run has the state 5; choose from 0"),
        (["--miner", "nobody"], "no run has the miner 'nobody'; choose from mutual, random"),
    ):
        error = fault("sweep", path, "--store", tmp_path, "--folder", folder, *arguments)
        assert isinstance(error, PsqeError) and said in str(error), arguments
    assert "there is no plan 'everything'; see psqe results fill, which lists the plans" in str(
        fault("sweep", "everything")
    )
    assert not folder.exists() or not any(folder.rglob("*.json"))


def test_a_device_is_looked_for_where_the_jobs_run(monkeypatch):
    execution = Execution(device="cuda:99", executor="slurm")
    assert not execution.is_local and Execution(profile=Path("profile")).at_once is None
    execution.check()
    assert execution.settings["device"] == "cuda:99" and "100" in execution.command()
    with pytest.raises(ParameterError, match="no device 'cuda:99'"):
        work([], SweepFolder(Path("nowhere")), "cuda:99")


def test_jobs_at_the_same_time_are_as_many_as_the_place_has_room_for():
    assert Execution().at_once == n_cores() and Execution(device="cuda").at_once == 1
    assert Execution(executor="slurm").at_once == Execution(executor="slurm", device="cuda").at_once == 100
    assert (
        Execution(executor="slurm", jobs=3).at_once == Execution(profile=Path("profile"), jobs=3).at_once == 3
    )


def test_an_executor_that_would_lose_results_is_refused(monkeypatch):
    """Snakemake brings back the outputs that it knows of, and results are none of them."""
    plugin = SimpleNamespace(common_settings=SimpleNamespace(implies_no_shared_fs=True))
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_cloud", plugin)
    monkeypatch.setattr("psqe.study.workflow.sweep.find_spec", lambda name: name)
    with pytest.raises(PsqeError, match=r"for machines that share no files.*psqe results run PLAN .*--part"):
        Execution(executor="cloud").check()


def test_what_is_done_is_not_listed_to_be_run(tmp_path):
    specs = countries_specs([0])
    path, folder, store = saved(specs, tmp_path / "specs.json"), tmp_path / "sweep", tmp_path / "store"
    Store(store).put([run(specs[0])])
    write_result(SweepFolder(folder), run(specs[1]))
    done = CliRunner().invoke(
        app, ["sweep", str(path), "--store", str(store), "--folder", str(folder), "--dry"]
    )
    assert [line.split("\t")[1] for line in done.stdout.splitlines()] == [spec.id for spec in specs[2:]]
    assert not (folder / "jobs").exists() and Store(store).lacking(specs) == specs[1:]


def test_two_sweeps_in_one_folder_are_told_in_one_line(tmp_path):
    path = saved(countries_specs([0]), tmp_path / "specs.json")
    with held(SweepFolder(tmp_path / "sweep")):
        error = fault("sweep", path, "--store", tmp_path, "--folder", tmp_path / "sweep")
    assert isinstance(error, PsqeError) and "another sweep is at work in this folder" in str(error)
