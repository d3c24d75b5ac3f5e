"""Sweeps that Snakemake executes: to the end, stopped, killed, on Slurm; and the examples for clusters.

PSQE_KILLS=50 kills the sweep fifty times, and PSQE_SLURM=1 starts a Slurm cluster of one node.
"""

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pandas as pd
import psutil
import pytest
import yaml
from sweeps import COUNTRIES, ROOT, countries_specs, environment, measures, saved, sweep, sweep_command

from psqe.options import TaskOptions
from psqe.study.plans import PLANS
from psqe.study.run import run_all
from psqe.study.spec import RunSpec
from psqe.study.store import RunResult, Store
from psqe.study.workflow.folder import SweepFolder
from psqe.study.workflow.jobs import part_of, split

KILLS = int(os.environ.get("PSQE_KILLS", "3"))


def test_a_sweep_makes_what_is_made_one_by_one_names_what_failed_and_goes_on(tmp_path):
    lost = RunSpec(subject="facts", task=TaskOptions(name=str(tmp_path / "nowhere")))
    specs = countries_specs([1])
    path, folder = saved([*specs, lost], tmp_path / "specs.json"), tmp_path / "a sweep's {folder}"
    said = sweep(path, tmp_path / "store", folder, code=1)
    assert "5 runs, 5 of them to be made, in 3 jobs\njobs at the same time: 2; results" in said
    assert f"no result: {lost.id} {lost}\n" in said and "is no task and no folder" in said
    assert f"; see {SweepFolder(folder).error(lost.id)}\n" in said and "4 of 5 runs made" in said
    run_all(specs, Store(tmp_path / "direct"))
    made, direct = measures(tmp_path / "store"), measures(tmp_path / "direct")
    assert made.keys() == direct.keys() == {"facts", "seeds", "links"}
    for subject, table in made.items():
        pd.testing.assert_frame_equal(table, direct[subject])
    said = sweep(path, tmp_path / "store", folder, "--task", COUNTRIES.name)
    assert "4 runs, 0 of them to be made, in 0 jobs" in said


def test_what_snakemake_refuses_is_told(tmp_path):
    path, folder = saved(countries_specs([0])[:1], tmp_path / "specs.json"), tmp_path / "sweep"
    said = sweep(path, tmp_path / "store", folder, "--", "--no-such-option", code=2)
    assert said.endswith(
        "\npsqe: Snakemake does not know --no-such-option; see snakemake --help for what may follow -- or be "
        "in a profile\n"
    )
    assert "no result" not in said


def test_a_sweep_that_is_stopped_keeps_what_is_finished(tmp_path):
    specs = countries_specs(range(4))
    path, folder, store = saved(specs, tmp_path / "specs.json"), tmp_path / "sweep", tmp_path / "store"
    process = subprocess.Popen(
        sweep_command(path, store, folder), stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    )
    while not SweepFolder(folder).results():
        assert process.poll() is None
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + signal.SIGTERM and "what was finished is kept" in said
    assert psutil.wait_procs(started, timeout=5)[1] == []
    done = [path.stem for path in SweepFolder(folder).results()]
    assert done and set(Store(store).specs()) == set(done)
    assert not list(folder.rglob("results/.*")), "nothing half-written is left"


VICTIMS = ((2, 0), (2, 2), (1, 1), (2, 1), (1, 0), (0, 0))
"""How many processes below the sweep are waited for (Snakemake, then a job), and which of all is killed."""


def family(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """A process and all that it has started; nothing if it has ended."""
    try:
        return [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def test_a_sweep_that_is_killed_at_any_moment_goes_on_and_ends_with_the_same_store(tmp_path):
    draw = random.Random(0)
    specs = countries_specs(range(1 + KILLS // 2))
    path, folder, store = saved(specs, tmp_path / "specs.json"), tmp_path / "sweep", tmp_path / "store"
    run_all(specs, Store(tmp_path / "undisturbed"))
    n_killed = [0, 0, 0]
    finished: dict[Path, bytes] = {}
    for number in range(KILLS):
        process = subprocess.Popen(
            sweep_command(path, store, folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(), cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        depth, victim = VICTIMS[number % len(VICTIMS)]
        while process.poll() is None and len(family(process)) <= depth:
            time.sleep(0.02)
        time.sleep(draw.uniform(0, 3))
        everyone = family(process)
        assert process.poll() is None and everyone, "there is work left"
        victim = min(victim, len(everyone) - 1)  # a job may have ended meanwhile
        everyone[victim].kill()
        n_killed[victim] += 1
        if victim == 2:  # the others go on, until the sweep is killed, too
            time.sleep(draw.uniform(0, 3))
            everyone += family(process)
            process.kill()
        process.wait(timeout=120)
        assert psutil.wait_procs(everyone, timeout=10)[1] == [], "what the sweep has started ends with it"
        now = {each: each.read_bytes() for each in SweepFolder(folder).results()}
        assert finished.items() <= now.items(), "nothing finished is lost or made again"
        finished = now
    print("killed (sweep, Snakemake, job):", n_killed, "and then done:", len(finished), "of", len(specs))
    sweep(path, store, folder)
    made, undisturbed = measures(store), measures(tmp_path / "undisturbed")
    assert made.keys() == undisturbed.keys()
    for subject, table in made.items():
        pd.testing.assert_frame_equal(table, undisturbed[subject])


# ---- examples


def test_the_benchmark_ends_with_an_error_where_a_number_differs(tmp_path):
    same_numbers = runpy.run_path(str(ROOT / "benchmarks" / "sweeps.py"))["same_numbers"]
    spec = countries_specs([0])[0]
    for name, links in (("first", 51), ("same", 51), ("other", 51.000001)):
        row = {"side": "both", "fact": "links", "value": links}
        Store(tmp_path / name).put([RunResult(spec, [row, {**row, "fact": "more", "value": 1}])])
    assert same_numbers(tmp_path / "first", tmp_path / "same") == 2
    with pytest.raises(SystemExit, match="facts: 1 numbers differ"):
        same_numbers(tmp_path / "first", tmp_path / "other")


def test_the_job_for_kubernetes_shares_a_plan_by_parts():
    example = ROOT / "examples/cluster/kubernetes-sweep.yaml"
    (job,) = yaml.safe_load_all(example.read_text("utf-8"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    n, (shell, option, text) = job["spec"]["completions"], container["command"]
    assert (shell, option) == ("sh", "-c") and job["spec"]["completionMode"] == "Indexed"
    assert container["image"] == f"psqe:{metadata.version('psqe')}"
    parts = []
    for index in range(n):
        environment = {"JOB_COMPLETION_INDEX": str(index), "PATH": os.environ["PATH"]}
        echoed = subprocess.run([shell, option, text.replace("exec psqe", "echo")], env=environment,
                                capture_output=True, text=True, check=True)  # fmt: skip
        results, run, plan, *options = echoed.stdout.split()
        assert (results, run) == ("results", "run") and plan in PLANS
        parts.append(options[options.index("--part") + 1])
        assert Path(options[options.index("--out") + 1]).is_relative_to(
            container["volumeMounts"][0]["mountPath"]
        )
    jobs = split(PLANS[plan].specs(PLANS[plan].tasks, PLANS[plan].random_states), 10)
    shared = [part_of(jobs, part) for part in parts]
    assert sorted(job.name for part in shared for job in part) == sorted(job.name for job in jobs)


def test_the_profile_for_slurm_is_one_of_snakemake():
    profile = yaml.safe_load((ROOT / "examples/cluster/slurm-profile/config.yaml").read_text("utf-8"))
    known = subprocess.run(
        [sys.executable, "-m", "snakemake", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert profile["executor"] == "slurm" and all(f"--{name}" in known for name in profile)


def test_slurm_that_is_not_installed_is_told_in_one_line(tmp_path):
    command = [sys.executable, str(ROOT / "examples/cluster/slurm_node.py"), "--", "true"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tmp_path)})
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "munged, slurmctld, slurmd, sinfo cannot be found; install munge" in done.stderr


@pytest.mark.skipif(not os.environ.get("PSQE_SLURM"), reason="PSQE_SLURM is not set: no Slurm is started")
def test_a_sweep_through_slurm_makes_what_is_made_one_by_one(tmp_path):
    specs = countries_specs()
    path, store = saved(specs, tmp_path / "specs.json"), tmp_path / "store"
    node = [sys.executable, str(ROOT / "examples/cluster/slurm_node.py"), "--"]
    profile = ["--profile", str(ROOT / "examples/cluster/slurm-profile"), "--memory", "2000"]
    before = {process.pid for process in psutil.process_iter()}
    subprocess.run(
        [*node, *sweep_command(path, store, tmp_path / "sweep", *profile)],
        check=True, timeout=300, env=environment(), cwd=ROOT,
    )  # fmt: skip
    run_all(specs, Store(tmp_path / "direct"))
    made, direct = measures(store), measures(tmp_path / "direct")
    assert made.keys() == direct.keys()
    for subject, table in made.items():
        pd.testing.assert_frame_equal(table, direct[subject])
    left = [process for process in psutil.process_iter(["name", "status"]) if process.pid not in before]
    assert not [
        process.info["name"] for process in left
        if process.info["name"] in ("munged", "slurmctld", "slurmd", "slurmstepd")
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]  # fmt: skip
