"""Fetching benchmarks: from a server on loopback only, which has tiny files and misbehaves as it is told."""

import hashlib
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest
import requests

from psqe.cli.main import main
from psqe.datasets import download, load_task
from psqe.datasets import fetch as fetching
from psqe.datasets.benchmarks import BENCHMARKS, default_data_dir
from psqe.datasets.fetch import fetch, pinned
from psqe.errors import DataError, ParameterError, PsqeError

NAME = "srprs/en_fr"
FOLDER = "SRPRS/en_fr_15k_V1"
ROOT = Path(__file__).parent.parent
HAS_DATA = all((default_data_dir() / one.folder).is_dir() for one in BENCHMARKS.values())
CONTENT = {
    "ent_ids_1": b"0\thttp://x/A\n1\thttp://x/B\n",
    "ent_ids_2": b"2\thttp://y/A\n3\thttp://y/B\n",
    "triples_1": b"0\t100\t1\n" * download.CHUNK,
    "triples_2": b"2\t0\t3\n",
}
BIG = "triples_1"
HALF = len(CONTENT[BIG]) // 2


class Server(ThreadingHTTPServer):
    """Serves ``/owner/repo/c0ffee/data/<file>``; the attributes say how it misbehaves."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.content = dict(CONTENT)
        self.ranges = True
        self.cuts = 0  # so many answers break off in the middle
        self.stalls = threading.Event()  # answers stop in the middle until the test ends
        self.status: dict[str, int] = {}
        self.length = True  # tells the length of its answers
        self.shifted = False  # answers with another range than asked for

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        server, name = self.server, self.path.rpartition("/")[2]
        asked = self.headers["Range"]
        server.asked.append((name, asked))
        assert self.path == f"/owner/repo/c0ffee/data/{name}"
        assert self.headers["Accept-Encoding"] == "identity"
        if name in server.status:
            self.send_error(server.status[name])
            return
        body, start = server.content[name], 0
        if asked and server.ranges:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self.send_error(416)
                return
            start += 10 * server.shifted
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        body = body[start:]
        if server.length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if server.cuts > 0 and len(body) > 100:
            server.cuts -= 1
            body = body[: len(body) // 2]
        if server.stalls.is_set() and len(body) > 100:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            while server.stalls.is_set():
                time.sleep(0.02)
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch, tmp_path) -> Iterator[Server]:
    """A server, named as the mirror, and a table of sources that says what it has."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("PSQE_MIRROR", server.url + "/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("PSQE_DATA", raising=False)
    monkeypatch.setattr(fetching, "SOURCES", tmp_path / "sources.json")
    write_table(tmp_path)
    yield server
    server.stalls.clear()
    server.shutdown()
    thread.join()
    server.server_close()


def entry(name: str, folder: str) -> dict[str, object]:
    source = {"repository": "owner/repo", "commit": "c0ffee", "path": f"data/{name}", "licence": "none found"}
    content = CONTENT[name]
    pins = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {"file": f"{folder}/{name}", **pins, **source}


def write_table(folder: Path, **derived: object) -> None:
    """The table of the tiny files; keywords describe a derived file ``d`` of the benchmark."""
    table: dict[str, object] = {"files": [entry(name, FOLDER) for name in CONTENT]}
    if derived:
        made = [{"file": f"{FOLDER}/d", "size": 4, "sha256": hashlib.sha256(b"made").hexdigest()}]
        table["derived"] = {
            "made_from": "old lists",
            "without": "is poor",
            "instead": [],
            "files": made,
            **derived,
        }
    (folder / "sources.json").write_text(json.dumps({NAME: table}))


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "data"


def files(root: Path) -> dict[str, bytes]:
    """What is in the folder of the benchmark, but for the lock."""
    found = {p.name: p.read_bytes() for p in (root / FOLDER).glob("*") if p.is_file()}
    assert {p.name for p in root.rglob(".*")} <= {".fetch.lock"} and all(
        p.parent == root / FOLDER for p in root.rglob("*") if p.is_file()
    )
    return {name: content for name, content in found.items() if name != ".fetch.lock"}


def fails(root: Path, *words: str, error: type[PsqeError] = DataError) -> None:
    with pytest.raises(error) as caught:
        fetch(NAME, data_root=root)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


# ---- what is fetched


def test_everything_is_fetched_once_and_can_be_read(server, root):
    lines: list[str] = []
    assert fetch(NAME, data_root=root, say=lines.append) == root / FOLDER
    assert files(root) == CONTENT
    assert server.asked == [(name, None) for name in CONTENT]
    assert lines == [
        "source: owner/repo at c0ffee; files: 4; licence: none found",
        *(f"{FOLDER}/{name}: fetched, {len(content):,} bytes" for name, content in CONTENT.items()),
        f"{NAME}: all 4 files are in {root}, with the pinned content",
    ]
    assert load_task(NAME, data_root=root).left.entities == ("http://x/A", "http://x/B")

    server.asked.clear()
    lines.clear()
    (root / FOLDER / ".fetch.lock").unlink()
    fetch(NAME, data_root=root, say=lines.append)
    assert server.asked == [] and files(root) == CONTENT
    assert not (root / FOLDER / ".fetch.lock").exists()  # a folder that is complete may be read-only
    assert lines[1] == f"{FOLDER}/ent_ids_1: there already, 26 bytes"


def test_a_bar_on_a_terminal_only(server, root, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream in (io.StringIO(), Terminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        fetch(NAME, data_root=root)
        shown = stream.getvalue()
        assert ("triples_2: " in shown and "B/s" in shown) == stream.isatty() == bool(shown)
        (root / FOLDER / "triples_2").unlink()


def test_only_what_is_missing_is_asked_for(server, root):
    fetch(NAME, data_root=root)
    (root / FOLDER / "triples_2").unlink()
    server.asked.clear()
    fetch(NAME, data_root=root)
    assert server.asked == [("triples_2", None)] and files(root) == CONTENT


def test_files_have_the_ordinary_mode(server, root):
    fetch(NAME, data_root=root)
    (root / "plain").write_bytes(b"")
    modes = {(root / FOLDER / name).stat().st_mode for name in CONTENT}
    assert modes == {(root / "plain").stat().st_mode}


# ---- what breaks off


@pytest.mark.parametrize("length", [True, False])
def test_an_answer_that_breaks_off_is_gone_on_with(server, root, length):
    server.cuts, server.length = 1, length
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT
    assert [asked for name, asked in server.asked if name == BIG] == [None, f"bytes={HALF}-"]


def test_the_next_run_goes_on(server, root, monkeypatch):
    monkeypatch.setattr(download, "REQUESTS", 1)
    server.cuts = 1
    size = len(CONTENT[BIG])
    fails(
        root,
        f"{FOLDER}/{BIG}: ",
        f"{BIG} breaks off; {HALF:,} of {size:,} bytes are in {BIG}.part",
        "run it again",
    )
    half = {BIG + ".part": CONTENT[BIG][:HALF]}
    assert files(root) == {name: CONTENT[name] for name in ("ent_ids_1", "ent_ids_2")} | half
    server.asked.clear()
    fetch(NAME, data_root=root)
    assert server.asked == [(BIG, f"bytes={HALF}-"), ("triples_2", None)] and files(root) == CONTENT


def test_a_server_without_ranges_sends_all_of_it(server, root):
    server.ranges, server.cuts = False, 2
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT
    server.cuts = 99
    (root / FOLDER / BIG).unlink()
    server.asked.clear()
    fails(root, "breaks off")
    assert len(server.asked) == download.REQUESTS


@pytest.mark.parametrize(
    ("left", "asked"),
    [
        (CONTENT[BIG], []),  # ended between the last byte and the name
        (CONTENT[BIG] + b"more", [None]),
        (CONTENT[BIG][:HALF], [f"bytes={HALF}-"]),
    ],
    ids=["all", "too much", "half"],
)
def test_what_an_earlier_run_left(server, root, left, asked):
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / f"{BIG}.part").write_bytes(left)
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT
    assert [a for name, a in server.asked if name == BIG] == asked


def test_what_came_is_not_fetched_again_after_an_end_while_it_is_checked(server, root, monkeypatch):
    def ends(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(pooch.core, "hash_matches", ends)
        fetch(NAME, data_root=root)
    server.asked.clear()
    fetch(NAME, data_root=root)
    assert "ent_ids_1" not in [name for name, _ in server.asked] and files(root) == CONTENT


def test_the_part_of_a_file_that_is_there_is_removed(server, root):
    fetch(NAME, data_root=root)
    (root / FOLDER / f"{BIG}.part").write_bytes(b"of a process that was killed after it had named the file")
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT


def test_a_beginning_of_other_content_is_deleted_and_the_next_run_succeeds(server, root):
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / f"{BIG}.part").write_bytes(b"x" * HALF)
    fails(root, "does not match", "run it again")
    assert set(files(root)) == {"ent_ids_1", "ent_ids_2"}
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT


def test_ranges_that_do_not_fit(server, root):
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / f"{BIG}.part").write_bytes(CONTENT[BIG][:HALF])
    server.shifted = True
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT
    (root / FOLDER / BIG).rename(root / FOLDER / f"{BIG}.part")
    os.truncate(root / FOLDER / f"{BIG}.part", HALF)
    server.status, server.asked = {BIG: 416}, []
    fails(root, "416")  # to a request for all of it, there is nothing to be done
    assert server.asked == [(BIG, f"bytes={HALF}-"), (BIG, None)]


# ---- what is wrong


def test_corrupt_file(server, root):
    server.content["triples_1"] = b"9" + CONTENT["triples_1"][1:]
    found, expected = (hashlib.sha256(c["triples_1"]).hexdigest() for c in (server.content, CONTENT))
    fails(
        root,
        f"{root / FOLDER / BIG}: what {server.url}/",
        f"expected sha256:{expected} but got {found}",
        "--data-root",
    )
    assert set(files(root)) == {"ent_ids_1", "ent_ids_2"}


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("change", [b"<html>", CONTENT[BIG] * 20], ids=["short", "long"])
def test_wrong_size(server, root, length, change):
    server.content[BIG], server.length = change, length
    # Without a length, a file that ends early cannot be told from one that breaks off.
    words = "has another size" if length or len(change) > 100 else "breaks off"
    fails(root, words, f"{len(CONTENT[BIG]):,}", FOLDER)
    assert set(files(root)) - {f"{BIG}.part"} == {"ent_ids_1", "ent_ids_2"}
    assert (f"{BIG}.part" in files(root)) == (words == "breaks off")
    server.content[BIG] = CONTENT[BIG]
    if words == "breaks off":
        fails(root, "does not match")  # that end was none: it is deleted, and then all is well
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT


@pytest.mark.parametrize(("status", "words"), [(404, "404 Not Found"), (503, "503 Service Unavailable")])
def test_errors_of_the_server(server, root, status, words):
    server.status = {"ent_ids_2": status}
    url = f"{server.url}/owner/repo/c0ffee/data/ent_ids_2"
    fails(
        root,
        f"{root / FOLDER / 'ent_ids_2'}: cannot be fetched from {url} ({words})",
        "--data-root or PSQE_DATA",
    )
    assert set(files(root)) == {"ent_ids_1"}


def test_nobody_answers(server, root, monkeypatch):
    monkeypatch.setenv("PSQE_MIRROR", "http://127.0.0.1:1")
    fails(root, "from http://127.0.0.1:1/owner/repo/c0ffee/data/ent_ids_1 (Connection refused); go online")
    assert files(root) == {}


def test_a_silent_server(server, root, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    monkeypatch.setattr(download, "REQUESTS", 2)
    server.stalls.set()
    fails(root, "breaks off")
    assert len(files(root)[f"{BIG}.part"]) == HALF + HALF // 2

    def silent(*_, **__):
        raise requests.ReadTimeout

    monkeypatch.setattr(requests, "get", silent)
    fails(root, "(no answer within 0.1 s)")


def test_a_mirror_that_is_no_address(server, root, monkeypatch):
    monkeypatch.setenv("PSQE_MIRROR", "mirror.example")
    fails(root, "PSQE_MIRROR is 'mirror.example'", error=ParameterError)


def test_no_place_to_write(server, root, monkeypatch):
    """As root nothing is forbidden, but below a regular file nobody can write."""
    root.write_text("")
    fails(root, "the folder cannot be written", error=PsqeError)
    root.unlink()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    fails(root, "ent_ids_1: cannot be written (No space left on device); make room")


def test_a_file_with_other_content_is_not_touched(server, root):
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "triples_2").write_bytes(b"my own")
    fails(
        root, f"{root / FOLDER / 'triples_2'}: is there with other content: 6 bytes, sha256 ", "move it away"
    )
    assert files(root) == {"triples_2": b"my own"} and server.asked == []
    (root / FOLDER / "triples_2").unlink()
    (root / FOLDER / "triples_2").mkdir()
    fails(root, "triples_2: cannot be read (Is a directory)")


# ---- derived files


def test_derived_files_are_told(server, root, tmp_path):
    write_table(tmp_path, needed=False)
    told = f"derived, never fetched: {FOLDER}/d (%s); made from old lists; without them the task is poor"
    for content, state in (
        (None, "not there"),
        (b"made", "there"),
        (b"x", "there, with other content than pinned"),
    ):
        if content is not None:
            (root / FOLDER / "d").write_bytes(content)
        lines: list[str] = []
        fetch(NAME, data_root=root, say=lines.append)
        assert lines[1] == told % state
    assert "d" not in [name for name, _ in server.asked]


def test_nothing_is_fetched_for_a_task_that_could_not_be_read(server, root, tmp_path):
    write_table(tmp_path, needed=True, instead=[f"{FOLDER}/e"])
    words = "is missing and cannot be fetched: it was made from old lists; without it, srprs/en_fr is poor; "
    fails(root, f"{root / FOLDER / 'd'}: {words}put {FOLDER}/d or {FOLDER}/e into the data root")
    assert server.asked == [] and not root.exists()
    (root / FOLDER).mkdir(parents=True)
    (root / FOLDER / "e").write_bytes(b"whole")
    fetch(NAME, data_root=root)
    assert files(root) == CONTENT | {"e": b"whole"}


# ---- runs side by side, and interrupted ones


def test_two_runs_at_once_share_the_work(server, root):
    faults: list[Exception] = []
    lines: list[str] = []

    def run() -> None:
        try:
            fetch(NAME, data_root=root, say=lines.append)
        except Exception as fault:
            faults.append(fault)

    runs = [threading.Thread(target=run) for _ in range(4)]
    for thread in runs:
        thread.start()
    for thread in runs:
        thread.join()
    assert not faults and files(root) == CONTENT
    assert sorted(server.asked) == sorted((name, None) for name in CONTENT)
    assert sum(": fetched, " in line for line in lines) == len(CONTENT)


def test_ctrl_c_keeps_what_came(server, root, tmp_path):
    """A real process and a real signal; silent in a log but for one line per file."""
    server.stalls.set()
    program = (
        # Tests run in the background inherit that SIGINT is ignored; a user at a terminal does not.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "import sys; from pathlib import Path; from psqe.cli.main import main;"
        "from psqe.datasets import fetch;"
        f"fetch.SOURCES = Path({str(tmp_path / 'sources.json')!r});"
        f"sys.exit(main(['data', 'fetch', {NAME!r}, '--data-root', {str(root)!r}]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    part, deadline = root / FOLDER / f"{BIG}.part", time.monotonic() + 60
    while not (part.exists() and part.stat().st_size == HALF) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err == "psqe: interrupted; what was finished is kept\n"
    assert [line.partition(":")[0] for line in out.splitlines()] == ["source", *(
        f"{FOLDER}/{name}" for name in ("ent_ids_1", "ent_ids_2")
    )]  # fmt: skip
    finished = {name: CONTENT[name] for name in ("ent_ids_1", "ent_ids_2")}
    assert files(root) == finished | {f"{BIG}.part": CONTENT[BIG][:HALF]}
    server.stalls.clear()
    server.asked.clear()
    fetch(NAME, data_root=root)
    assert server.asked[0] == (BIG, f"bytes={HALF}-") and files(root) == CONTENT


# ---- the command line


def test_command(server, root, capsys, monkeypatch):
    monkeypatch.setenv("PSQE_DATA", str(root))
    assert main(["data", "fetch", NAME]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == len(CONTENT) + 2
    monkeypatch.setenv("PSQE_DATA", "elsewhere")
    assert main(["data", "info", NAME, "--data-root", str(root)]) == 0
    assert NAME in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "seeds", "align"])
def test_tasks_are_looked_for_in_the_data_root(capsys, root, command):
    arguments = ["data", "info"] if command == "info" else [command]
    assert main([*arguments, NAME, "--data-root", str(root)]) == 2
    assert capsys.readouterr().err.startswith(f"psqe: {root / FOLDER}: the files of {NAME} are missing")


def test_faults_on_the_command_line(server, root, capsys):
    for name, words in (
        ("srprs/none", "'srprs/none' is no benchmark that can be fetched; choose from dbp15k/zh_en, "),
        ("emoji/en-fr", "emoji/en-fr is there already; it comes with the packages"),
        (NAME, "(404 Not Found)"),
    ):
        server.status = {"ent_ids_1": 404}
        assert main(["data", "fetch", name, "--data-root", str(root)]) == 2
        err = capsys.readouterr().err
        assert err.startswith("psqe: ") and words in err and err.count("\n") == 1


# ---- the table


def test_every_benchmark_is_pinned():
    for name, one in BENCHMARKS.items():
        wanted = pinned(name)
        derived = wanted.derived.files if wanted.derived else ()
        names = {file.file.removeprefix(f"{one.folder}/") for file in (*wanted.files, *derived)}
        assert {"ent_ids_1", "ent_ids_2", "triples_1"} < names, name
        assert names & {"triples_2", "triples_2_partial"}, name
        for file in wanted.files:
            assert file.repository and file.path and file.licence and len(file.sha256) == 64
            assert file.url("https://h").startswith(f"https://h/{file.repository}/{file.commit}/")
            assert " " not in file.url("https://h")
    assert "no LICENSE file" in pinned("srprs/en_fr").files[0].licence
    assert "DBP15K/translated_ent_name/dbp_fr_en.json" in [f.file for f in pinned("dbp15k/fr_en").files]
    partial = pinned("fb15k/db15k").derived
    assert partial is not None and partial.needed and partial.instead == ("FB15K_DB15K/triples_2",)


def test_the_script_packs_tables(tmp_path):
    spec = importlib.util.spec_from_file_location("pack_sources", ROOT / "scripts" / "pack_sources.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    names = "| file | repo | commit | path in repo | bytes | sha256 | licence |"
    head = f"# Sources\n\nWords.\n\n{names}\n|---|---|---|---|---|---|---|\n"
    for top in {one.folder.partition("/")[0] for one in BENCHMARKS.values()}:
        (tmp_path / top).mkdir()
        (tmp_path / top / "SOURCES.md").write_text(head + "| x | derived |  |  | 1 | ab | |\n")
    with pytest.raises(SystemExit, match=r"DBP15K/x, .* of no benchmark"):
        script.pack(tmp_path)
    for name, one in BENCHMARKS.items():
        top, _, own = one.folder.partition("/")
        prefix = f"{own}/" if own else ""
        path = tmp_path / top / "SOURCES.md"
        text = path.read_text() if "ent_ids_1" in path.read_text() else head
        text += f"| {prefix}ent_ids_1 | a/{name} | 6946d43 | p/q | 7 | cd | MIT |\n"
        text += f"| {prefix}made | derived |  |  | 1 | ab | as its inputs |\n" * (top in script.DERIVED)
        path.write_text(text)
    table = json.loads(script.pack(tmp_path))
    assert list(table) == list(BENCHMARKS)
    assert table["openea/d_w"] == {"files": [{
        "file": "OpenEA/D_W_15K_V1/ent_ids_1", "size": 7, "sha256": "cd", "repository": "a/openea/d_w",
        "commit": "6946d433a8bab2a1a7d8c88af046d74efa72f7b0", "path": "p/q", "licence": "MIT",
    }]}  # fmt: skip
    assert table["fb15k/db15k"]["derived"]["files"] == [
        {"file": "FB15K_DB15K/made", "size": 1, "sha256": "ab"}
    ]
    (tmp_path / "OpenEA" / "SOURCES.md").write_text("nothing")
    with pytest.raises(SystemExit, match=r"OpenEA/SOURCES\.md: has no table"):
        script.pack(tmp_path)


@pytest.mark.skipif(not HAS_DATA, reason="needs PSQE_DATA with all benchmarks")
@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_pins_are_those_of_the_real_files(name, monkeypatch):
    """Nothing is asked for, and no derived file differs."""
    monkeypatch.setenv("PSQE_MIRROR", "http://127.0.0.1:1")
    lines: list[str] = []
    fetch(name, say=lines.append)
    wanted = pinned(name)
    assert sum("there already" in line for line in lines) == len(wanted.files)
    derived = [line for line in lines if line.startswith("derived")]
    assert len(derived) == (wanted.derived is not None)
    for line in derived:
        assert wanted.derived is not None and line.count("(there)") == len(wanted.derived.files)


@pytest.mark.skipif(not HAS_DATA, reason="needs PSQE_DATA with all benchmarks")
@pytest.mark.parametrize("name", ["dbp15k/zh_en", "fb15k/db15k"])
def test_real_tasks_without_derived_files(name, tmp_path):
    """What the table says that a task is without them."""
    wanted = pinned(name)
    assert wanted.derived is not None
    for file in wanted.files:
        link = tmp_path / file.file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(default_data_dir() / file.file)
    if wanted.derived.needed:
        with pytest.raises(DataError, match="triples_2"):
            load_task(name, data_root=tmp_path)
        assert wanted.derived.without == "cannot be read"
    else:
        task = load_task(name, data_root=tmp_path)
        assert not any(task.left.attributes) and task.left.translations and task.links is not None
        assert wanted.derived.without == "is read but has no attributes"
