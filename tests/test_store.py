"""The results store: typed, keyed, joined by the id of a run alone, never half-written."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any, get_args

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psqe.errors import DataError, ParameterError, PsqeError
from psqe.evaluation.protocols import METRICS_OF, PROTOCOLS
from psqe.evaluation.queries import DIRECTIONS
from psqe.graph import SIDES
from psqe.links.rules import Rule
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, TaskOptions
from psqe.similarity import Matching
from psqe.study.columns import COLUMNS, ENVIRONMENT_COLUMNS, KEYS, RUN_COLUMNS, VALUES
from psqe.study.measures import THRESHOLDS
from psqe.study.spec import SPEC_COLUMNS, RunSpec
from psqe.study.store import RunResult, Store, compare, file_name, results_table, rows_where
from psqe.study.store_files import read_file, read_files

FEATURES = FeatureOptions(modalities=("image", "attribute"))
SOURCE = {"revision": "r", "date": "2026-01-01T00:00:00+00:00", "versions": "python 3", "machine": "m"}
WHOLE = {"part_kind": "all", "part": "all"}


def seeds_spec(
    n_seeds: int = 600, random_state: int = 0, task: str = "emoji/en-fr", **parameters: Any
) -> RunSpec:
    return RunSpec(
        subject="seeds", task=TaskOptions(name=task), features=FEATURES, random_state=random_state,
        miner=MinerOptions(name="psqe", n_seeds=n_seeds, parameters=parameters),
    )  # fmt: skip


def result(spec: RunSpec | None = None, **values: Any) -> RunResult:
    row = {**WHOLE, "precision": 0.86, "seeds_found": 600, **values}
    return RunResult(spec or seeds_spec(), [row], 1.5, 100.0, SOURCE)


def alignment(
    task: str = "emoji/en-fr", modalities: tuple[str, ...] = ("image",), hits: float = 0.5
) -> RunResult:
    spec = RunSpec(
        subject="alignment", task=TaskOptions(name=task), features=FeatureOptions(modalities=modalities),
        miner=MinerOptions(name="psqe", n_seeds=9), aligner=AlignerOptions(name="eva", preset="small"),
    )  # fmt: skip
    row = {"protocol": "full", "matching": "cosine", "links": "all", "direction": "l2r", "hits@1": hits}
    return RunResult(spec, [{**row, **WHOLE}], source=SOURCE)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.csv")}


def test_a_run_is_read_back_with_its_spec_types_and_provenance(tmp_path: Path) -> None:
    store = Store(tmp_path / "results" / "store")
    assert store.table("seeds").empty and not store.specs()
    spec = seeds_spec(switches={"mutual": False}, n_clusters=2)
    store.put([RunResult(spec, [{**WHOLE, "precision": 0.86, "seeds_found": 7}], 1.5, 100.0)])
    table = store.table("seeds")
    assert set(SPEC_COLUMNS) | {*KEYS["seeds"], *VALUES["seeds"], "spec", "id"} <= set(table)
    row = table.iloc[0]
    assert row["spec"] == spec and row["spec"].miner.parameters["switches"] == {"mutual": False}
    assert (row["id"], row["modalities"], row["n_seeds"]) == (spec.id, "attribute+image", 600)
    assert table["n_seeds"].dtype == "Int64" and table["precision"].dtype == "Float64"
    assert row["precision"] == 0.86 and pd.isna(row["recall"]) and pd.isna(row["aligner"])
    assert (row["seconds"], row["peak_mb"]) == (1.5, 100.0)
    assert "torch" in row["versions"] and row["date"].endswith("+00:00")
    assert store.specs() == {spec.id: spec}


def test_rows_are_chosen_by_their_specs_and_an_empty_table_keeps_its_columns(tmp_path: Path) -> None:
    store = Store(tmp_path)
    empty = rows_where(store.table("seeds"), lambda spec: True)
    store.put([result(seeds_spec(300)), result(seeds_spec(600))])
    chosen = rows_where(
        store.table("seeds"), lambda spec: spec.miner is not None and spec.miner.n_seeds == 300
    )
    assert chosen["n_seeds"].tolist() == [300]
    assert not len(empty) and list(empty) == list(chosen)


def test_rows_of_a_run_keep_their_order(tmp_path: Path) -> None:
    parts = ["low", "middle", "high"]
    rows = [{"part_kind": "degree", "part": part, "coverage": 0.1} for part in parts]
    assert results_table([RunResult(seeds_spec(), rows)], "seeds")["part"].tolist() == parts


def test_runs_are_in_the_order_of_what_was_run_whatever_their_ids(tmp_path: Path) -> None:
    sizes = [900, 30, 600, 7, 1000]
    table = results_table([result(seeds_spec(n, state)) for n in sizes for state in (1, 0)], "seeds")
    assert list(zip(table["n_seeds"], table["random_state"], strict=True)) == [
        (n, state) for n in sorted(sizes) for state in (0, 1)
    ]


def test_a_run_that_is_put_again_replaces_its_rows_and_no_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([result(seeds_spec(300), precision=0.5), result(seeds_spec(600), precision=0.6)])
    store.put([result(seeds_spec(300), precision=0.7)])
    assert store.table("seeds")["precision"].tolist() == [0.7, 0.6]


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.sampled_from(["a/b", "t"]), st.floats(0, 1)),
        min_size=1, max_size=6,
    ),
    st.randoms(),
)  # fmt: skip
def test_the_last_result_of_a_run_wins_and_order_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, int, str, float]], random: Any
) -> None:
    results = [result(seeds_spec(n, state, task), precision=value) for n, state, task, value in made]
    last = {one.spec.id: one for one in results}
    folder = tmp_path_factory.mktemp("stores")
    for one in results:
        Store(folder / "one").put([one])
    shuffled = list(last.values())
    random.shuffle(shuffled)
    Store(folder / "all").put(shuffled)
    assert files(folder / "one") == files(folder / "all")
    table = Store(folder / "one").table("seeds")
    assert len(table) == len(last)
    for row in table.itertuples():
        assert row.precision == pytest.approx(last[row.id].rows[0]["precision"], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"colour": "red"}, "colour"),
        ({"part": None}, "part"),
        ({"part": " x"}, "part"),
        ({"seeds_found": 1.5}, "seeds_found"),
        ({"seeds_found": "many"}, "seeds_found"),
        ({"seeds_found": -1}, "seeds_found"),
        ({"precision": 1.2}, r"precision.*1\.2"),
        ({"precision": float("inf")}, "precision"),
        ({"precision": None, "seeds_found": None}, "at least one value"),
    ],
)
def test_a_measure_that_does_not_fit_is_refused_and_nothing_is_written(
    tmp_path: Path, change: dict[str, Any], part: str
) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(DataError, match=part):
        store.put([result(), result(seeds_spec(7), **change)])
    assert not store.folder.exists()


def test_a_key_that_repeats_and_a_run_that_measured_nothing_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    row = result().rows[0]
    with pytest.raises(DataError, match="repeats the key"):
        store.put([RunResult(seeds_spec(), [row, row])])
    with pytest.raises(DataError, match="measured nothing"):
        store.put([RunResult(seeds_spec(), [])])
    with pytest.raises(ParameterError, match="no subject 'prices'"):
        store.table("prices")  # type: ignore[arg-type]
    assert not store.folder.exists()


def test_a_file_that_was_edited_by_hand_is_refused_with_its_line(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put([result(), result(seeds_spec(7))])
    measures, runs = (store.folder / name / "emoji-en-fr-0.csv" for name in ("seeds", "runs"))
    good = measures.read_text()
    for old, new, message in (
        ("0.86", "86 %", r"emoji-en-fr-0\.csv:2: column 'precision' is '86 %'"),
        ("0.86", "1.86", r"emoji-en-fr-0\.csv:2: column 'precision'"),
        ("recall", "rank", "rank"),
        ("part,", "piece,", "piece"),
        (good.splitlines()[1], good.splitlines()[2], "repeats the key"),
    ):
        measures.write_text(good.replace(old, new, 1))
        with pytest.raises(DataError, match=message):
            store.table("seeds")
    measures.write_text(good)
    copy = measures.with_name("copy.csv")
    copy.write_text(good)
    with pytest.raises(DataError, match=r"copy\.csv:2: run .* belongs in seeds/emoji-en-fr-0\.csv; restore"):
        store.table("seeds")
    copy.unlink()
    text = runs.read_text()
    runs.write_text(text.replace('""n_seeds"":7', '""n_seeds"":8'))
    with pytest.raises(DataError, match=r"emoji-en-fr-0\.csv:\d: run .* lacks the id of its spec"):
        store.runs()
    runs.write_text(text)
    runs.rename(runs.with_name("copy.csv"))
    with pytest.raises(DataError, match=r"copy\.csv:2: .* is in the wrong file"):
        store.runs()


def test_files_that_are_read_together_are_those_that_are_read_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    tasks = ("emoji/en-fr", "planted", "dbp15k/fr_en")
    store.put([result(seeds_spec(n, task=task), recall=n / 9) for n in (5, 7) for task in tasks])
    paths = sorted((store.folder / "seeds").glob("*.csv"))
    older = pd.read_csv(paths[1], dtype="string").drop(columns=["recall"])
    older[older.columns[::-1]].to_csv(paths[1], index=False)
    names, key = ("id", *KEYS["seeds"], *VALUES["seeds"]), ("id", *KEYS["seeds"])
    lost = tmp_path / "lost.csv"
    together = read_files([*paths, lost], names, key)
    for path, table in zip([*paths, lost], together, strict=True):
        pd.testing.assert_frame_equal(table, read_file(path, names, key))
    assert [len(table) for table in together] == [2, 2, 2, 0] and together[1]["recall"].isna().all()
    paths[2].write_text(paths[2].read_text().replace("0.86", "86 %"))
    with pytest.raises(DataError, match=rf"{paths[2].name}:2: column 'precision' is '86 %'"):
        store.table("seeds")
    paths[2].write_bytes(paths[0].read_bytes())  # rows of two files with one key, each of which is sound
    with pytest.raises(DataError, match=rf"{paths[2].name}:2: run .* belongs in seeds/{paths[0].name}"):
        store.table("seeds")


@pytest.mark.parametrize("name", ["runs", "seeds", "environments"])
def test_a_row_with_a_cell_too_many_or_too_few_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / "store")
    store.put([result(), result(seeds_spec(7))])
    path = (
        store.folder / name / "emoji-en-fr-0.csv" if name != "environments" else store.folder / f"{name}.csv"
    )
    lines = path.read_text().splitlines()
    for line in range(1, len(lines) + 1):
        for changed in (lines[line - 1] + ",1", lines[line - 1].rpartition(",")[0], ""):
            edited = [*lines[: line - 1], changed, *lines[line:]]
            path.write_text("\n".join(edited) + "\n")
            with pytest.raises(DataError, match=r"\.csv:\d: ") as found:
                store.table("seeds")
            if line > 1:
                assert f".csv:{line}: the row has " in str(found.value)
    for text, message in (
        ("", "no header"),
        (f"{lines[0]},{lines[0]}\n", "a column twice"),
        ('"', "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(DataError, match=message):
            store.table("seeds")


def test_a_spec_that_was_edited_is_refused_with_its_line(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put([result()])
    path = store.folder / "runs" / "emoji-en-fr-0.csv"
    path.write_text(path.read_text().replace('""n_seeds"":600', '""n_seeds"":NaN'))
    with pytest.raises(
        DataError, match=r"emoji-en-fr-0\.csv:2: the spec of a run is not valid: NaN is no number"
    ):
        store.runs()


def test_what_is_no_folder_or_no_file_of_a_store_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.folder.mkdir()
    runs = store.folder / "runs"
    runs.touch()
    with pytest.raises(DataError, match="runs: cannot be read"):
        store.runs()
    runs.unlink()
    runs.mkdir()
    os.mkfifo(runs / "emoji-en-fr-0.csv")
    with pytest.raises(DataError, match=r"cannot be read \(it is a pipe.*restore the file"):
        store.runs()


def test_a_store_from_before_a_column_was_added_is_read_and_completed(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put([result()])
    file = store.folder / "seeds" / "emoji-en-fr-0.csv"
    pd.read_csv(file, dtype="string").drop(columns=["estimated", "recall"]).to_csv(file, index=False)
    assert store.table("seeds")[["estimated", "recall"]].isna().all(axis=None)
    store.put([result(seeds_spec(7), estimated=0.5)])
    assert store.table("seeds").set_index("n_seeds")["estimated"][7] == 0.5


def test_a_store_of_an_earlier_version_is_told_with_a_remedy(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.put([result()])
    measures, runs = (store.folder / part / "emoji-en-fr-0.csv" for part in ("seeds", "runs"))
    pd.read_csv(measures, dtype="string").drop(columns=["part"]).to_csv(measures, index=False)
    with pytest.raises(DataError, match=r"the column 'part' is missing; .* fill PLAN --store"):
        store.table("seeds")
    table = pd.read_csv(runs, dtype="string")
    table["spec"] = table["spec"].str.replace("{", '{"matching":"csls",', n=1, regex=False)
    table.to_csv(runs, index=False)
    with pytest.raises(DataError, match=r"csv:2: .* one 'matching'; .* fill PLAN --store"):
        store.runs()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.86", "nan", "column 'precision' is 'nan', which is not a number"),
        ("0.86", " 0.86 ", "column 'precision' is ' 0.86 ', which is not a number"),
        ("0.86", "0_1", "column 'precision' is '0_1', which is not a number"),
        ("0.86", "1.5", "column 'precision' is 1.5, which is not from 0 to 1"),
        ("600", "6e2", "column 'seeds_found' is '6e2', which is not a whole number"),
        ("600", "<NA>", "column 'seeds_found' is '<NA>', which is not a whole number"),
        (",all,all,", ",All,all,", "column 'part_kind' is 'All', which is none of: all; degree"),
        (",all,all,", ",all,nan,", "column 'part' is 'nan', which stands for a missing value"),
        (",all,all,", ",all,all ,", "column 'part' is 'all ', which begins or ends with a space"),
        (",all,all,", ",all,,", "column 'part' is empty"),
    ],
)
def test_a_damaged_cell_is_refused_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    store = Store(tmp_path)
    store.put([result()])
    path = tmp_path / "seeds" / "emoji-en-fr-0.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError) as found:
        store.table("seeds")
    assert f"emoji-en-fr-0.csv:2: {message}" in str(found.value)
    assert str(found.value).endswith("; restore the file, or delete it and run psqe results fill PLAN")
    path.unlink()
    assert store.lacking([seeds_spec()]) == [seeds_spec()], "the remedy helps"


def test_an_emptied_cell_is_a_number_that_was_not_measured(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([result()])
    path = tmp_path / "seeds" / "emoji-en-fr-0.csv"
    path.write_text(path.read_text().replace("0.86", "", 1))
    assert pd.isna(store.table("seeds")["precision"].iloc[0])


def test_a_date_that_is_none_is_refused_when_it_is_read_and_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for date in ("yesterday", "2026-13-01T00:00:00+00:00", "2026-01-01", "2026-01-01T00:00:00"):
        with pytest.raises(DataError, match=f"'date' is '{date[:9]}.*which is no date and time in UTC"):
            store.put([RunResult(seeds_spec(), result().rows, source={**SOURCE, "date": date})])
    store.put([result()])
    path = tmp_path / "runs" / "emoji-en-fr-0.csv"
    path.write_text(path.read_text().replace(SOURCE["date"], "yesterday"))
    with pytest.raises(DataError, match=r"csv:2: column 'date' is 'yesterday'"):
        store.runs()


def test_a_byte_order_mark_is_read_over_and_a_last_line_that_is_cut_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([alignment()])
    path = tmp_path / "alignment" / "emoji-en-fr-0.csv"
    good = path.read_text()
    path.write_text("\ufeff" + good, encoding="utf-8")
    assert store.table("alignment")["hits@1"].tolist() == [0.5]
    path.write_text(good.rstrip("\n"))
    with pytest.raises(DataError, match=r"csv:2: the last line is cut"):
        store.table("alignment")
    path.write_text(good.replace(",direction,", ",way,"))
    with pytest.raises(DataError, match="the column 'direction' is missing, and the column 'way' is none of"):
        store.table("alignment")


def test_measures_in_the_file_of_another_task_or_subject_are_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put([result(), result(seeds_spec(task="emoji/en-de")), alignment()])
    folder = tmp_path / "seeds"
    here, there = folder / "emoji-en-fr-0.csv", folder / "emoji-en-de-0.csv"
    kept = here.read_text(), there.read_text()
    there.write_text(kept[1] + kept[0].splitlines()[1] + "\n")
    with pytest.raises(DataError, match=r"en-de-0\.csv:3: run .* belongs in seeds/emoji-en-fr-0\.csv"):
        store.table("seeds")
    there.write_text(kept[1])
    here.write_text(kept[0] + kept[0].splitlines()[1].replace(seeds_spec().id, alignment().spec.id) + "\n")
    with pytest.raises(DataError, match=r"en-fr-0\.csv:3: run .* belongs in alignment/emoji-en-fr-0\.csv"):
        store.table("seeds")


@pytest.mark.parametrize("left", [None, 1, 2])
def test_a_run_whose_measures_were_lost_is_an_error_and_is_lacking(tmp_path: Path, left: int | None) -> None:
    """``left`` is the number of lines that are left of a file with two runs."""
    store = Store(tmp_path)
    specs = sorted([seeds_spec(), seeds_spec(7)], key=lambda spec: spec.id)
    store.put([*map(result, specs), alignment()])
    path = tmp_path / "seeds" / "emoji-en-fr-0.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    if left is not None:
        path.write_text("".join(lines[:left]))
    lost = specs[max((left or 1) - 1, 0) :]
    with pytest.raises(DataError, match=r"emoji-en-fr-0\.csv: .*no measures here.* fill PLAN") as found:
        store.table("seeds")
    assert lost[0].id in str(found.value) or lost[-1].id in str(found.value)
    assert store.lacking(specs) == lost and len(store.table("alignment")) == 1
    assert [len(store.table_of(spec)) for spec in specs] == [spec not in lost for spec in specs]
    store.put(map(result, lost))
    assert not store.lacking(specs) and len(store.table("seeds")) == 2


def test_a_lost_environment_is_told(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    other = RunResult(seeds_spec(7), result().rows, source={**SOURCE, "machine": "another"})
    store.put([result(), other])
    assert store.runs().set_index("n_seeds")["machine"].to_dict() == {600: "m", 7: "another"}
    beside = store.folder / "environments.csv"
    lines = beside.read_text().splitlines(keepends=True)
    beside.write_text("".join(line for line in lines if "another" not in line))
    with pytest.raises(
        DataError, match=r"emoji-en-fr-0\.csv: environment .* of run .* is not in environments\.csv; restore"
    ):
        store.runs()


def test_measures_of_an_interrupted_writer_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "store")
    store.put([result()])
    real = Store._merge

    def interrupted(self: Store, path: Path, *rest: Any) -> None:
        if path.parent.name == "runs":
            raise KeyboardInterrupt
        real(self, path, *rest)

    monkeypatch.setattr(Store, "_merge", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.put([result(seeds_spec(7))])
    monkeypatch.setattr(Store, "_merge", real)
    assert store.table("seeds")["n_seeds"].tolist() == [600]
    store.put([result(seeds_spec(7))])
    assert store.table("seeds")["n_seeds"].tolist() == [7, 600]


def _write(folder: Path, state: int) -> None:
    for n in range(1, 9):
        Store(folder).put([result(seeds_spec(n, state))])


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write, args=(tmp_path / "store", state)) for state in (0, 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(Store(tmp_path / "store").table("seeds")) == 16


def test_a_writer_that_is_killed_leaves_a_store_that_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    Store(folder).put([result()])
    context = multiprocessing.get_context("fork")
    writer = context.Process(target=_write, args=(folder, 1))
    writer.start()
    assert writer.pid is not None
    while len(Store(folder).runs()) < 3:
        assert writer.is_alive()
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    before = len(Store(folder).table("seeds"))
    Store(folder).put([result(seeds_spec(1000))])  # the lock is free again
    assert len(Store(folder).table("seeds")) == before + 1


def test_a_run_that_is_being_replaced_is_lacking_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new measures are never read beside the provenance of the older ones."""
    store = Store(tmp_path / "store")
    store.put([result(), result(seeds_spec(7))])
    seen = []
    write = Store._write

    def watched(self: Store, path: Path, table: pd.DataFrame) -> None:
        write(self, path, table)
        rows = Store(self.folder).table("seeds")
        seen.append((path.parent.name, dict(zip(rows["n_seeds"], rows["machine"], strict=True))))

    monkeypatch.setattr(Store, "_write", watched)
    store.put([RunResult(seeds_spec(7), result().rows, source={**SOURCE, "machine": "another"})])
    assert seen == [
        ("runs", {600: "m"}), ("store", {600: "m"}), ("seeds", {600: "m"}),
        ("runs", {600: "m", 7: "another"}),
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(PsqeError, match="cannot be written"):
        Store(blocked / "store").put([result()])


def test_tables_are_compared_by_run_and_key_alone() -> None:
    """The same miner, aligner and random state on another task, or by other modalities, is another run."""
    here = [
        alignment(hits=0.5),
        alignment("emoji/en-de", hits=0.6),
        alignment(modalities=("name",), hits=0.7),
    ]
    stored = [
        alignment(hits=0.4),
        alignment("emoji/en-ja", hits=0.1),
        alignment(modalities=("image", "name")),
    ]
    tables = (results_table(results, "alignment") for results in (here, stored))
    found = compare(*tables, "alignment")
    assert found[["task", "column", "first", "second"]].values.tolist() == [
        ["emoji/en-fr", "hits@1", 0.5, 0.4]
    ]
    assert found["difference"].tolist() == [pytest.approx(-0.1)]
    assert found["id"].tolist() == [here[0].spec.id]


def test_every_column_is_described_and_used() -> None:
    used = {"id", *RUN_COLUMNS, *ENVIRONMENT_COLUMNS}
    used |= {name for names in (*KEYS.values(), *VALUES.values()) for name in names}
    assert used == set(COLUMNS)
    assert all(column.meaning.endswith(".") for column in COLUMNS.values())


def test_the_texts_of_the_key_columns_are_those_that_are_written() -> None:
    allowed = {name: column.allowed for name, column in COLUMNS.items()}
    assert allowed["side"] == (*SIDES, "both") and allowed["direction"] == (*DIRECTIONS, "both")
    assert allowed["protocol"] == PROTOCOLS and allowed["matching"] == get_args(Matching)
    assert allowed["links"] == tuple(METRICS_OF.values()) and allowed["rule"] == get_args(Rule)
    assert allowed["threshold"] == THRESHOLDS


# ---- what is stored in the project


@pytest.fixture(scope="module")
def kept() -> Store:
    return Store()


def test_the_stored_results_are_sound(kept: Store) -> None:
    runs = kept.runs()
    for subject in KEYS:
        table = kept.table(subject)
        assert set(table["id"]) == set(runs.loc[runs["subject"] == subject, "id"])
        assert not table.duplicated(["id", *KEYS[subject]]).any()
    assert max(path.stat().st_size for path in kept.folder.rglob("*.csv")) < 2e6
    assert {file_name(spec) for spec in runs["spec"]} == {
        path.name for path in (kept.folder / "runs").iterdir()
    }


@pytest.mark.parametrize(
    ("subject", "chosen", "column", "value"),
    [
        ("seeds", {"task": "emoji/en-fr", "miner": "mutual", "n_seeds": 300}, "precision", 0.9433333),
        ("seeds", {"task": "dbp15k/zh_en", "miner": "mutual", "n_seeds": 1000}, "recall", 0.05446667),
        (
            "alignment",
            {
                "task": "emoji/en-fr", "aligner": "clamped", "protocol": "full", "matching": "csls",
                "links": "all", "direction": "l2r", "miner": "psqe", "miner_parameters": "{}", "n_seeds": 600,
            },
            "hits@1", 0.821727,
        ),
        (
            "links",
            {
                "task": "dbp15k/fr_en", "aligner": "eva", "matching": "cosine", "rule": "mutual",
                "threshold": "auto", "answer": "link",
            },
            "f1", 0.8101525,
        ),
        ("facts", {"task": "dbp15k/zh_en", "side": "left", "fact": "entities"}, "value", 19388),
        ("cost", {"task": "fr_en/10k", "stage": "data"}, "stage_peak_mb", 510.597656),
    ],
)  # fmt: skip
def test_numbers_known_before_are_found(
    kept: Store, subject: Any, chosen: dict[str, Any], column: str, value: float
) -> None:
    table = kept.table(subject)
    whole = {"part_kind": "all", "miner_parameters": "{}"} if subject == "seeds" else {}
    for name, wanted in {"random_state": 0, **whole, **chosen}.items():
        table = table[(table[name] == wanted).fillna(value=False)]
    assert table[column].dropna().tolist() == pytest.approx([value], rel=1e-6)
