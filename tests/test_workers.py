"""Searches by the workers of Dask clusters give what one process gives, to the last bit."""

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import sparse

import psqe
from psqe.cli.main import main
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeError, PsqeWarning
from psqe.similarity import Dot, Shifted, SparseDot, Sum, approximate, find_neighbours, inverted_file, top_k
from psqe.similarity import base as similarity_base
from psqe.similarity import workers as searching
from psqe.similarity.base import Remembered
from psqe.similarity.neighbours import nearest_one_way
from psqe.similarity.workers import map_parts, search_on

ROOT = Path(__file__).parents[1]
LIMITS = (
    (approximate, "EXACT", 100),
    (approximate, "BLOCK_ROWS", 64),
    (approximate, "MARGIN", 16),
    (inverted_file, "SMALLEST", 64),
    (inverted_file, "N_VISITED", 150),
    (similarity_base, "BLOCK_CELLS", 1 << 12),
    (searching, "SMALLEST_SENT", 1),
)
"""Under these, small similarities are large ones, cut into many parts and sent."""


@pytest.fixture
def lowered(monkeypatch):
    for module, name, value in LIMITS:
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module", params=[(2, 2), (4, 1)], ids=["2 workers", "4 workers"])
def cluster(request):
    """A cluster with the lowered limits, which workers know only if they are told."""
    from distributed import Client, LocalCluster

    n_workers, n_threads = request.param
    with (
        LocalCluster(n_workers=n_workers, threads_per_worker=n_threads, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        limits = [(module.__name__, name, value) for module, name, value in LIMITS]
        client.run(lambda: [setattr(sys.modules[m], n, v) for m, n, v in limits if __import__(m)])
        yield cluster.scheduler_address


def similarities():
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((n, 16)).astype(np.float32) for n in (700, 600))
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    right[:500] = left[:500] + 0.1 * right[:500]
    right[500:550] = right[:50]  # ties
    dot = Dot(left, right)
    words = [sparse.csr_array((rng.random((n, 40)) < 0.1).astype(np.float32)) for n in (700, 600)]
    total = Sum((dot, SparseDot(*words)), (1.0, 0.5))
    shifted = Shifted(dot, 2.0, np.zeros(700, np.float32), rng.standard_normal(600).astype(np.float32))
    return {
        "dot": dot,
        "remembered": Remembered(total),
        "sparse": SparseDot(*words),
        "sum": total,
        "shifted": shifted,
    }


def everything(similarity):
    found = find_neighbours(similarity, k=5)
    long = find_neighbours(similarity, k=70)
    return [*vars(found).values(), *vars(long).values(), *top_k(similarity, 3), *nearest_one_way(similarity)]


@pytest.mark.filterwarnings("ignore:the approximate search finds")  # it visits few cells here
@pytest.mark.parametrize("exact", [False, True])
def test_neighbours_are_those_of_one_process(cluster, lowered, monkeypatch, exact):
    if exact:
        monkeypatch.setattr(approximate, "EXACT", 10**6)
    here = {name: everything(similarity) for name, similarity in similarities().items()}
    with search_on(cluster):
        there = {name: everything(similarity) for name, similarity in similarities().items()}
    for name, wanted in here.items():
        for a, b in zip(wanted, there[name], strict=True):
            assert np.array_equal(a, b), name


def test_shards_are_merged_as_in_one_process(cluster, lowered):
    dot = similarities()["dot"]
    here = approximate.search(dot, 5, n_shards=3)
    with search_on(cluster):
        there = approximate.search(dot, 5, n_shards=3)
    for name, wanted in vars(here).items():
        assert np.array_equal(wanted, getattr(there, name)), name


@pytest.mark.parametrize("exact", [False, True])
def test_an_alignment_is_that_of_one_process(cluster, lowered, monkeypatch, exact):
    if exact:
        monkeypatch.setattr(approximate, "EXACT", 10**6)
    task, features = planted_pair(400, regions=8, dim=16, noise=0.4, dangling=0.1)
    here = psqe.align(task, features=features)
    there = psqe.align(task, features=features, scheduler=cluster)
    assert here.links.equals(there.links)
    for name in ("pairs", "confidence"):
        assert np.array_equal(getattr(here.seeds, name), getattr(there.seeds, name))
        assert np.array_equal(getattr(here.predicted, name), getattr(there.predicted, name))
    assert here.parameters == there.parameters
    mined = psqe.mine_seeds(task, features=features, scheduler=cluster)
    assert np.array_equal(mined.pairs, here.seeds.pairs)


def test_a_cluster_that_has_nothing_to_do_is_told(cluster):
    task, features = planted_pair(60)
    with pytest.warns(PsqeWarning, match=r"workers of \S+ have nothing to do: .* has \d+ times \d+ pairs"):
        psqe.mine_seeds(task, features=features, seeds="mutual", scheduler=cluster)


def test_parts_are_sent_and_a_similarity_is_prepared_once_by_each_worker(cluster, lowered):
    dot = similarities()["dot"]
    parts = list(range(40))
    with search_on(cluster):
        found = list(map_parts(process_and_what_it_keeps, dot, parts))
    assert [part for part, _, _ in found] == parts
    processes = {process for _, process, _ in found}
    assert os.getpid() not in processes
    assert len({kept for _, _, kept in found}) == len(processes)


def process_and_what_it_keeps(similarity, part):
    time.sleep(0.01)
    kept = searching.prepared(similarity, "key", lambda: f"{os.getpid()} {time.perf_counter()}")
    return part, os.getpid(), kept


def test_an_error_in_a_worker_is_that_of_one_process(cluster, lowered):
    left = np.eye(200, dtype=np.float32)
    left[3, 3] = np.nan
    with search_on(cluster), pytest.raises(FloatingPointError, match="not finite"):
        find_neighbours(Dot(left, left))


# ---- what can go wrong


@pytest.fixture
def small_cluster(lowered):
    """Two workers that may end."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


def end_once(similarity, part, *, folder):
    """End the worker that gets part 3 first."""
    marker = Path(folder) / "ended"
    if part == 3 and not marker.exists():
        marker.touch()
        os._exit(1)
    return part


def test_the_part_of_a_worker_that_ends_is_searched_by_another(small_cluster, tmp_path):
    from functools import partial

    function = partial(end_once, folder=str(tmp_path))
    with search_on(small_cluster.scheduler_address):
        assert list(map_parts(function, similarities()["dot"], list(range(8)))) == list(range(8))
    assert (tmp_path / "ended").exists()


def end_always(similarity, part):
    os._exit(1)


def test_a_part_that_ends_every_worker_is_one_line(small_cluster):
    with (
        search_on(small_cluster.scheduler_address),
        pytest.raises(PsqeError, match=r"workers of .* ended .* --memory-limit"),
    ):
        list(map_parts(end_always, similarities()["dot"], [0]))


def slow(similarity, part):
    time.sleep(0.3)
    return part


def test_workers_that_all_go_are_waited_for_and_then_missed(small_cluster, monkeypatch):
    address = small_cluster.scheduler_address
    with search_on(address):
        found = map_parts(slow, similarities()["dot"], list(range(30)))
        assert next(found) == 0
        small_cluster.scale(0)
        time.sleep(1)
        threading.Timer(1, small_cluster.scale, [2]).start()  # new ones, which get the similarity again
        assert list(found) == list(range(1, 30))
        monkeypatch.setattr(searching, "WORKER_SECONDS", 2)
        found = map_parts(slow, similarities()["dot"], list(range(30)))
        assert next(found) == 0
        small_cluster.scale(0)
        with pytest.raises(PsqeError, match=r"no worker that runs for 2 s; start some by: dask worker"):
            list(found)
    with pytest.raises(PsqeError, match="no worker that runs for 2 s"), search_on(address):
        pass


def test_a_worker_with_other_versions_is_named(small_cluster, monkeypatch):
    address = small_cluster.scheduler_address
    own = searching.versions_of_search()
    for package in ("psqe", "numpy", "source of psqe.similarity"):
        other = {**own, package: "0.0.1"}
        with monkeypatch.context() as patch:
            patch.setattr(searching, "versions_of_search", lambda other=other: other)
            message = rf"the worker tcp://\S+ has {package} .* install"
            with pytest.raises(PsqeError, match=message), search_on(address):
                pass
    with monkeypatch.context() as patch, search_on(address):
        patch.setattr(searching, "versions_of_search", lambda: {**own, "numpy": "0.0.1"})
        with pytest.raises(PsqeError, match="a worker that has joined has numpy"):
            list(map_parts(slow, similarities()["dot"], [0]))


def test_a_scheduler_that_is_none_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(searching, "CONNECT_SECONDS", 1)
    monkeypatch.chdir(tmp_path)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        for address in ("tcp://127.0.0.1:1", f"tcp://127.0.0.1:{silent.getsockname()[1]}"):
            with pytest.raises(PsqeError, match=r"no Dask scheduler answers at .* within 1 s; start one"):
                psqe.align(ROOT / "examples/countries", scheduler=address)
    for address in ("", "here", "http://127.0.0.1:80", "tcp://127.0.0.1:99999"):
        with pytest.raises(ParameterError, match="is no address of a Dask scheduler"), search_on(address):
            pass
    assert not capsys.readouterr().err  # no client was made, whose remains would be told later
    with pytest.raises(ParameterError, match="the scheduler cannot be 5"):
        psqe.mine_seeds(ROOT / "examples/countries", scheduler=5)
    for command in ("align", "seeds"):
        code = main([command, str(ROOT / "examples/countries"), "--scheduler", "tcp://127.0.0.1:1"])
        assert code == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 64, b"SSH-2.0-OpenSSH\r\n"])
def test_what_is_no_scheduler_is_told_in_one_line(answer, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(searching, "CONNECT_SECONDS", 2)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve():
            with suppress(OSError):
                while True:
                    other, _ = listening.accept()
                    other.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        code = main(["seeds", str(ROOT / "examples/countries"), "--scheduler", address])
    told = capsys.readouterr().err
    assert code == 2 and told.count("\n") == 1 and "Dask scheduler" in told and "memory" not in told
    assert not list(tmp_path.iterdir())


# ---- the examples


def test_the_example_for_kubernetes_names_what_there_is():
    example = ROOT / "examples/cluster/kubernetes.yaml"
    scheduler, service, worker, job = yaml.safe_load_all(example.read_text("utf-8"))
    assert [part["kind"] for part in (scheduler, service, worker, job)] == [
        "Deployment", "Service", "Deployment", "Job",
    ]  # fmt: skip
    pods = {part["metadata"]["name"]: part["spec"]["template"] for part in (scheduler, worker, job)}
    images = {container["image"] for pod in pods.values() for container in pod["spec"]["containers"]}
    assert images == {f"psqe:{metadata.version('psqe')}"}
    assert service["spec"]["selector"] == pods["psqe-scheduler"]["metadata"]["labels"]
    address = f"tcp://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    commands = {name: pod["spec"]["containers"][0]["command"] for name, pod in pods.items()}
    assert address in commands["psqe-worker"]
    assert commands["psqe-align"][commands["psqe-align"].index("--scheduler") + 1] == address
    for command in (commands["psqe-worker"], commands["psqe-scheduler"]):
        known = subprocess.run(
            [sys.executable, "-m", "dask", command[1], "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert all(part in known for part in command if part.startswith("--"))


def test_the_example_for_slurm_prints_the_script_of_a_job():
    pytest.importorskip("dask_jobqueue")
    command = [sys.executable, ROOT / "examples/cluster/slurm.py", "emoji/en-fr", "--dry-run", "--cores", "3"]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "#SBATCH --cpus-per-task=3" in script
    assert "--nthreads 3" in script
