"""Published numbers beside ours: the facts have their sources, and differences are told, not guessed."""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from stored import directions, table

from psqe.datasets.benchmarks import BENCHMARKS
from psqe.errors import ParameterError
from psqe.study.plans.base import DBP15K
from psqe.study.plans.supervised import PUBLISHED, supervised
from psqe.study.published import NUMBERS, SOURCES, SYSTEMS, system
from psqe.study.store import RunResult
from psqe.study.tables import published
from psqe.study.tables.published import FB15K, NOT_STATED, OurRun, differences, facts, our_runs

ROOT = Path(__file__).parents[1]
FR = DBP15K[-1]
MCLEA = next(run for run in our_runs([FR]) if run.name == "MCLEA, labels")
THEIRS = next(number for number in NUMBERS if number.system == "MCLEA" and number.adds_pairs is False)


def test_there_are_twelve_systems_each_with_numbers_and_every_number_has_a_system_and_a_source():
    assert len(SYSTEMS) == len({known.name for known in SYSTEMS}) == 12
    assert {number.system for number in NUMBERS} == {known.name for known in SYSTEMS}
    assert {number.source for number in NUMBERS} == set(SOURCES)
    for number in NUMBERS:
        assert set(number.hits) <= set(BENCHMARKS)
        assert all(0 < hits <= 1 for hits in number.hits.values())
        if number.labels:  # all other links are tested
            assert number.tested == pytest.approx(1 - number.labels)


def test_every_system_is_in_the_references_of_the_book():
    keys = set(re.findall(r"^@\w+\{([^,]+),", (ROOT / "book/references.bib").read_text(), re.MULTILINE))
    assert {known.cite for known in SYSTEMS} <= keys
    page = (ROOT / "notebooks/beside-published-numbers.md").read_text()
    assert all(f"`{known.cite}`" in page for known in SYSTEMS)


def test_a_protocol_that_is_told_has_its_source():
    for known in SYSTEMS:
        told = known.protocol
        facts = (told.test_links_only, told.matching, told.epoch_by_test, told.split)
        assert (told.source is None) == (facts == (None, None, None, None))
        assert told.source is None or None not in facts


def test_the_plan_of_labels_has_the_published_numbers_of_models_that_add_no_pairs():
    assert set(PUBLISHED) == {"eva", "mclea", "meaformer"}
    assert all(set(hits) == set(DBP15K) for hits in PUBLISHED.values())
    assert PUBLISHED["mclea"] == THEIRS.hits


def test_the_page_follows_the_benchmarks_in_the_contents():
    parts = yaml.safe_load((ROOT / "book/_toc.yml").read_text())["parts"]
    (files,) = [
        [chapter["file"] for chapter in part["chapters"]] for part in parts if "benchmarks" in part["caption"]
    ]
    assert files[files.index("runs/benchmarks") + 1] == "runs/beside-published-numbers"


def test_only_what_differs_or_is_not_stated_is_told():
    assert differences(THEIRS, MCLEA) == [
        "which links: drawn / the last of a file", "images: yes / no",
        "parameters: of its authors / preset small",
    ]  # fmt: skip
    unknown = replace(THEIRS, names=None, adds_pairs=None)
    assert f"names: {NOT_STATED} / no" in differences(unknown, MCLEA)
    assert f"adds pairs: {NOT_STATED} / no" in differences(unknown, MCLEA)
    unread = next(number for number in NUMBERS if number.system == "PSQE")
    assert f"matching: {NOT_STATED} / CSLS, k = 3" in differences(unread, MCLEA)


def test_the_same_facts_are_compared_for_all_numbers_and_runs():
    compared = {tuple(facts(number, run)) for number in NUMBERS for run in our_runs([FR, FB15K])}
    assert len(compared) == 1


def test_modalities_are_compared_one_by_one():
    ours = {run.name: run for run in our_runs([FR])}
    named = next(number for number in NUMBERS if number.system == "MCLEA" and number.names == "translated")
    found = differences(named, ours["MCLEA"])
    assert {"relations: yes / no", "attributes: yes / no", "names: translated / written"} <= set(found)
    assert "structure: yes / no" in differences(named, ours["features"])
    assert "relations: yes / no" not in differences(named, ours["PARIS, no seeds"])
    texts = next(number for number in NUMBERS if number.system == "PCMEA")
    concord = next(run for run in our_runs([FB15K]) if run.name == "Concord")
    assert concord.texts and not any(text.startswith("other texts") for text in differences(texts, concord))


def test_a_number_measured_without_a_modality_is_not_said_to_have_it():
    hard = next(number for number in NUMBERS if "hard version" in number.setting)
    told = facts(hard, MCLEA)
    assert [told[what][0] for what in ("structure", "relations", "attributes", "other texts")] == [
        "yes", "no", "no", "no",
    ]  # fmt: skip
    assert set(hard.lacks) <= set(system("FGWEA").modalities or ())


def test_a_partial_benchmark_and_values_of_attributes_are_told():
    number = next(number for number in NUMBERS if number.system == "EVA" and FB15K in number.hits)
    concord = next(run for run in our_runs([FB15K]) if run.name == "Concord")
    found = differences(number, concord)
    assert "graphs: whole / partial" in found and "attribute values: no / yes" in found
    assert "links tested: 80 % / 70 %" in found and "labels: 20 % / none" in found


def stored(*runs: tuple[OurRun, float, float]) -> pd.DataFrame:
    results = [
        RunResult(
            run.spec,
            [
                row
                for links, more in (("all", 0.0), ("free", 0.1))
                for row in (
                    *directions([hits - more, 0.5], "peer", links=links),
                    *directions([full - more, 0.5], matching="csls", links=links),
                )
            ],
        )
        for run, hits, full in runs
    ]
    own = [table([result], result.spec.subject) for result in results]
    return pd.concat([*own, table([], "alignment")], ignore_index=True)


def test_our_runs_are_told_from_left_to_right_under_both_protocols():
    concord = next(run for run in our_runs([FR]) if run.name == "Concord")
    (row,) = published.our_table(stored((concord, 0.8, 0.7)), [FR]).to_dict("records")
    assert row["system"] == "Concord" and row["labels"] == "none" and row["modalities"] == "name"
    assert (row["peer"], row["full, CSLS"]) == pytest.approx((0.8, 0.7))
    assert row["full, Sinkhorn"] != row["full, Sinkhorn"]  # was not measured
    assert published.our_table(stored(), [FR]).empty


def test_a_run_with_labels_is_not_tested_on_them():
    (row,) = published.our_table(stored((MCLEA, 0.8, 0.7)), [FR]).to_dict("records")
    assert row["system"] == "MCLEA, labels" and row["labels"] == "30 %"
    assert (row["peer"], row["full, CSLS"]) == pytest.approx((0.7, 0.6))


def test_the_nearest_run_is_the_one_with_the_fewest_differences_then_the_same_system():
    by_name = {run.name: run for run in our_runs([FR])}
    rows = stored(*((by_name[name], 0.9, 0.8) for name in ("EVA, labels", "MCLEA, labels", "Concord")))
    found = published.difference_table(rows, FR).set_index("published")
    near = found.loc["MCLEA (30 % labels, no names, adds no pairs)"]
    assert (near["ours"], near["differences"]) == ("MCLEA, labels", 3)
    assert near["Hits@1"] == pytest.approx(0.8) and near["theirs"] == THEIRS.hits[FR]
    assert near["facts"] == len(facts(THEIRS, MCLEA))
    assert found.loc["FGWEA: written names (no labels, written names, adds pairs)"]["ours"] == "Concord"
    assert published.difference_table(stored(), FR).empty


def test_tables_say_what_is_not_stated():
    systems = published.system_table().set_index("system")
    assert systems.loc["PSQE"].tolist()[1:] == [NOT_STATED] * 5
    assert systems.loc["MEAformer", ["epoch", "tested"]].tolist() == ["by test links", "drawn"]
    numbers = published.number_table(DBP15K)
    assert list(numbers.columns)[4:7] == ["zh_en", "ja_en", "fr_en"]
    assert len(numbers) + len(published.number_table([FB15K])) == len(NUMBERS)
    assert numbers["labels"].tolist() == sorted(numbers["labels"], key=["none", "30 %"].index)
    assert set(published.source_table()["source"]) == set(SOURCES)


def test_a_number_on_one_task_has_no_number_on_the_others():
    numbers = published.number_table(DBP15K)
    row = numbers[numbers["system"] == "MEAformer: unsupervised"].iloc[0]
    assert row[["zh_en", "ja_en"]].isna().all() and 0 < row["fr_en"] <= 1


def test_names_are_compared_within_a_system_a_source_and_a_setting():
    found = published.name_table([FR, FB15K]).set_index(["system", "adds pairs", "benchmark"])
    assert set(found.index.get_level_values("system")) == {"MCLEA", "MEAformer", "EIEA", "FGWEA"}
    with_values = found.loc[("FGWEA", "yes", FR)]
    assert (with_values["without"], with_values["with"]) == (0.967, 0.998)
    assert found.loc[("EIEA", "no", FB15K), "gain"] == pytest.approx(22.2)
    assert (found["gain"] > 0).all() and found.index.is_unique


def test_a_system_that_is_not_there_is_no_answer():
    assert system("EVA").cite == "liu2021eva"
    with pytest.raises(ParameterError, match="no published system 'nobody'; choose from PSQE, EVA"):
        system("nobody")


def test_labelled_runs_are_those_of_the_plan():
    specs = {run.spec for run in our_runs([FR]) if run.labels}
    assert specs == set(supervised([FR], [0]))
