"""One call does the whole job: the forms of its arguments, what it chooses by itself, what it returns."""

import json
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import psqe
from psqe.api import load_features
from psqe.cli.main import main
from psqe.datasets.layouts import check_folder
from psqe.datasets.synthetic import planted_pair
from psqe.defaults import SEED_SHARE, choose_features
from psqe.errors import DataError, ParameterError, PsqeError, PsqeWarning
from psqe.evaluation import accounting, evaluate
from psqe.features import available_modalities, build_features
from psqe.links import LinkRule, predict_links
from psqe.seeds import MINERS, SeedSet
from psqe.seeds.base import minable

ROOT = Path(__file__).parents[1]
COUNTRIES = ROOT / "examples" / "countries"
CASES = ROOT.parent / "shared" / "cases"

WAYS = {"l2r": "left to right", "r2l": "right to left"}

CITIES = [("a", "Rome"), ("b", "Paris"), ("c", "Prague"), ("d", "Vienna"), ("e", "Lisbon"), ("f", "Athens")]
VILLES = [
    ("1", "Rome"),
    ("2", "Paris"),
    ("3", "Prague"),
    ("4", "Vienne"),
    ("5", "Lisbonne"),
    ("6", "Athènes"),
]


@pytest.fixture(scope="module")
def countries():
    return psqe.align(COUNTRIES)


def frames(table):
    return pd.DataFrame(table, columns=["entity", "name"])


# ---- every sound folder, without any option


@pytest.mark.parametrize("case", ["00-base", "UX03-names-only"])
def test_a_folder_needs_no_option(case, tmp_path, monkeypatch, capsys):
    folder = CASES / case
    if not folder.is_dir():
        pytest.skip(f"the folder {case} of known inputs is not on this machine")
    assert not check_folder(folder)
    monkeypatch.chdir(tmp_path)
    assert main(["align", str(folder)]) == 0
    chosen, _, result = capsys.readouterr().out.splitlines()
    assert chosen.startswith("chosen: modalities name") and "all that both sides have" in chosen
    assert "11 seeds by the miner psqe (30% of the candidates with a vector on the side with fewer" in chosen
    assert "of them), 11 found" in chosen
    assert "candidates: " in chosen and "; aligner propagation" in chosen
    assert ". F1 1.000" in result


def test_the_example_needs_no_option(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["align", str(COUNTRIES), "--json", "report.json", "--report", "report.html"]) == 0
    chosen, ranking, result = capsys.readouterr().out.splitlines()
    report = json.loads(Path("report.json").read_text())
    assert chosen == f"chosen: {report['choices']}"
    assert report["parameters"]["modalities"] == ["name", "image", "attribute", "number"]
    assert report["parameters"]["miner"]["n_seeds"] == round(SEED_SHARE * 59)
    assert report["parameters"]["links"] == {
        "matching": "sinkhorn", "rule": "mutual", "threshold": 0, "cardinality": "one-to-one"
    }  # fmt: skip
    quality = report["link_quality"]
    assert quality["links"]["f1"] > 0.9
    assert (
        f"F1 of the judged links {quality['links']['f1_judged']:.3f} "
        f"({quality['links_free']['f1_judged']:.3f} outside the seeds); "
        f"F1 of all links, if gold links are complete, {quality['links']['f1']:.3f} "
        f"({quality['links_free']['f1']:.3f} outside the seeds)"
    ) in result
    assert "perhaps too many" not in result  # there are 59 candidates on the smaller side
    everything, free = (
        ", ".join(f"{report[name][key]['full']['hits@1']:.3f} {way}" for key, way in WAYS.items())
        for name in ("metrics", "metrics_free")
    )
    assert ranking.endswith(f": {everything}; among true links with no entity in a seed, {free}")
    page = Path("report.html").read_text(encoding="utf-8")
    assert "true links with no entity in a seed" in page and "a link outside the seeds" in page
    assert "<html" in Path("report.html").read_text(encoding="utf-8")


def test_what_was_chosen_is_said_of_aligner_preset_and_links(planted, tmp_path, monkeypatch, capsys):
    task, features = planted
    given = psqe.AlignerOptions(name="propagation", preset="small")
    rule = LinkRule(matching="cosine", rule="one_to_one", threshold=0.5)
    told = (
        "3 of 70 left and 0 of 70 right candidates have no vector, so that only their neighbours can tell "
        "them apart"
    )
    assert psqe.align(task, features=features, seeds="none", aligner=given, links=rule).choices == told
    named = psqe.align(task, features=features, seeds="none", aligner="propagation", links=rule)
    assert named.choices == f"{told}; preset small of propagation"
    monkeypatch.chdir(tmp_path)
    assert main(["align", str(COUNTRIES), "--threshold", "auto", "--json", "report.json"]) == 0
    chosen = capsys.readouterr().out.splitlines()[0]
    threshold = json.loads(Path("report.json").read_text())["threshold"]
    assert "; aligner propagation, preset small; links: pairs that are" in chosen
    assert chosen.endswith(f"of at least {threshold:.4g} (found without gold links)") and threshold > 0


def test_the_estimate_of_few_candidates_is_called_unreliable():
    few = psqe.align(({"names": CITIES}, {"names": VILLES}))
    assert "expected to be correct (perhaps too many: a side has fewer than 50 candidates" in few.headline()


@pytest.mark.parametrize(
    "gone", [["images.tsv"], ["names.tsv", "attributes.tsv"], ["images.tsv", "attributes.tsv"]]
)
def test_a_modality_of_one_side_alone_is_left_out(gone, tmp_path, monkeypatch):
    folder = tmp_path / "pair"
    shutil.copytree(COUNTRIES, folder)
    for name in gone:
        (folder / "right" / name).unlink()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", PsqeWarning
        )  # without names, codes are identifiers only, which is told
        alignment = psqe.align(folder)
    lost = {"images.tsv": {"image"}, "names.tsv": set(), "attributes.tsv": {"attribute", "number"}}
    left = {"name", "image", "attribute", "number"} - set().union(*(lost[name] for name in gone))
    assert set(alignment.features) == left and len(alignment.links)


@pytest.mark.parametrize("n", [2, 3, 6])
def test_small_pairs(n):
    alignment = psqe.align(({"names": CITIES[:n]}, {"names": VILLES[:n]}))
    assert len(alignment.seeds) <= n and len(alignment.links) + len(alignment.no_counterpart) // 2 == n


def test_fewer_seeds_than_were_chosen_are_no_warning_and_fewer_than_asked_for_are():
    task, features = planted_pair(60, missing=0.9, random_state=1)
    alignment = psqe.align(task, features=features)
    assert len(alignment.seeds) < 0.3 * len(task.left.candidates)
    with pytest.warns(PsqeWarning, match="miner psqe: 40 seeds asked for"):
        psqe.align(task, features=features, seeds=psqe.MinerOptions(n_seeds=40))


def test_named_tasks_have_the_modalities_of_the_study():
    task = psqe.load_task("emoji/en-fr")
    chosen = choose_features(task)
    assert chosen.modalities == ("image", "attribute") and chosen.encoders == {}
    # Without pictures they have whatever there is.
    blind = replace(task, right=replace(task.right, images=()))
    assert choose_features(blind).modalities == available_modalities(blind)
    assert "image" not in available_modalities(blind) and "translated_name" not in available_modalities(task)


def test_vectors_that_came_with_the_data_are_a_modality():
    task, features = planted_pair(60)
    sides = [
        replace(graph, vectors={"sound": features["image"][side]})
        for side, graph in (("left", task.left), ("right", task.right))
    ]
    assert available_modalities(replace(task, left=sides[0], right=sides[1])) == ("sound",)
    assert available_modalities(replace(task, left=sides[0])) == ()
    with pytest.raises(ParameterError, match="no modality in common"):
        choose_features(replace(task, left=sides[0]))


# ---- the forms of the arguments


def test_forms_of_a_pair(tmp_path):
    tables = {"names": frames(CITIES)}, {"names": frames(VILLES), "name": "villes"}
    graphs = [psqe.graph_from_frames(**{"name": "left", **one}) for one in tables]
    wanted = psqe.align(graphs, seeds="none")
    assert wanted.task.name == "left and villes" and len(wanted.links) == 6
    for pair in (tables, wanted.task, tuple(graphs)):
        found = psqe.align(pair, seeds="none")
        pd.testing.assert_frame_equal(found.links, wanted.links)
    named = [
        psqe.align(pair, seeds="none")
        for pair in (COUNTRIES, str(COUNTRIES), psqe.TaskOptions(name=str(COUNTRIES)))
    ]
    assert len({alignment.links.to_csv() for alignment in named}) == 1


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("no/such", "'no/such' is no task and no folder"),
        ((1, 2), "neither a task nor two graphs"),
        (1, "neither a task nor two graphs"),
        (None, "neither a task nor two graphs"),
        (psqe.AlignmentTask, "neither a task nor two graphs"),
        (({"names": CITIES},), "neither a task nor two graphs"),
        (({"names": CITIES}, {"nouns": VILLES}), "there is no table 'nouns'; choose from triples, names"),
        (({"names": CITIES}, {"name": VILLES}), "a table was given; call the table of names 'names'"),
    ],
)
def test_what_is_no_pair(pair, words):
    with pytest.raises(ParameterError, match=words):
        psqe.align(pair)


def test_forms_of_features_and_seeds(planted, tmp_path):
    task, features = planted
    features.save(tmp_path / "f.npz")
    seeds = psqe.mine_seeds(task, features=features, seeds="mutual")
    assert len(seeds) == seeds.n_wanted == round(SEED_SHARE * min(map(len, minable(task, features))))
    file = psqe.FeatureFile(path=tmp_path / "f.npz", modalities=("attribute",))
    assert list(load_features(task, file)) == ["attribute"]
    seeds.save_tsv(tmp_path / "s.tsv", task)
    wanted = psqe.align(task, features=features, seeds=seeds)
    for given in ("mutual", psqe.MinerOptions(name="mutual"), tmp_path / "s.tsv", str(tmp_path / "s.tsv")):
        found = psqe.align(task, features=features, seeds=given)
        pd.testing.assert_frame_equal(found.links, wanted.links)
    assert len(psqe.align(task, features=features, seeds="none").seeds) == 0
    options = psqe.FeatureOptions(modalities=("name",), encoders={"name": "bigram"})
    named = psqe.align(({"names": CITIES}, {"names": VILLES}), features=options, seeds="none")
    assert named.parameters["encoders"] == {"name": "bigram"} and named.choices.startswith(
        "aligner propagation"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": "greedy"}, "there is no miner 'greedy'; choose from mutual, pivot, psqe, random"),
        ({"aligner": "oracle"}, "there is no aligner 'oracle'; choose from adapter"),
        ({"aligner": psqe.AlignerOptions(preset="huge")}, "no preset 'huge'"),
        ({"aligner": psqe.AlignerOptions(parameters={"warmth": 1})}, "no parameter 'warmth'"),
        ({"seeds": psqe.MinerOptions(parameters={"n_clusters": "many"})}, "n_clusters is 'many'"),
        ({"seeds": psqe.MinerOptions(n_seeds=1000)}, "1,000 seeds asked for, but only 70"),
        ({"features": ["sound"]}, "unknown modality 'sound'"),
        ({"checkpoint": Path("c.pt")}, "the aligner propagation keeps no checkpoint"),
        ({"checkpoint": 3}, "the checkpoint cannot be 3; give the path"),
        ({"features": 1}, "the features cannot be 1; give names of modalities"),
        ({"features": Path("f.npz")}, "the features cannot be .*FeatureFile"),
        ({"features": [1]}, r"the features cannot be \[1\]"),
        ({"seeds": np.zeros((2, 2))}, r"the seeds cannot be array.*SeedSet, or 'none'$"),
        ({"seeds": MINERS["mutual"]()}, "the seeds cannot be MutualMiner"),
        ({"aligner": {"name": "eva"}}, "the aligner cannot be {'name': 'eva'}; give the name"),
        ({"aligner": 3}, "the aligner cannot be 3"),
        ({"links": "mutual"}, "links cannot be 'mutual'; give a LinkRule"),
        ({"random_state": -1, "seeds": "mutual"}, "random_state is -1; it must be greater"),
        ({"random_state": True}, "random_state is True; it must be a valid integer"),
        ({"seeds": psqe.MinerOptions(parameters={"weights": {"image": np.inf}})}, "must be a finite number"),
        ({"seeds": psqe.MinerOptions(parameters={"random_state": 2**32})}, "must be less than 4294967296"),
    ],
)
def test_unknown_names_and_impossible_values_are_errors(planted, options, words):
    task, features = planted
    with pytest.raises(ParameterError, match=words):
        psqe.align(task, **{"features": features, **options})


def test_numbers_of_numpy_are_numbers(planted):
    task, features = planted
    options = psqe.MinerOptions(name="random", n_seeds=np.int64(5), parameters={"random_state": np.int32(1)})
    seeds = psqe.mine_seeds(task, features=features, seeds=options, random_state=np.int64(0))
    assert len(seeds) == 5 and json.loads(json.dumps(seeds.parameters)) == {"n_seeds": 5, "random_state": 1}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (FloatingPointError("not finite"), "numbers became too large .not finite.; take parameters"),
        (MemoryError(), "memory of this machine does not suffice; give a smaller pair"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "does not suffice"),
    ],
)
def test_limits_of_numbers_and_memory_are_told_in_one_line(planted, monkeypatch, fault, words):
    task, features = planted

    def fail(*_, **__):
        raise fault

    monkeypatch.setattr(MINERS["mutual"], "_mine", fail)
    with pytest.raises(PsqeError, match=words):
        psqe.align(task, features=features, seeds="mutual")
    monkeypatch.setattr(MINERS["mutual"], "_mine", lambda *_: {}["a fault of psqe"])
    with pytest.raises(KeyError):
        psqe.align(task, features=features, seeds="mutual")


def test_a_propagation_whose_numbers_are_too_large_is_told_without_another_warning(planted):
    task, features = planted
    options = psqe.AlignerOptions(parameters={"decay": 1e9, "n_hops": 9})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PsqeError, match="numbers became too large"):
            psqe.align(task, features=features, aligner=options, seeds="none")


@pytest.mark.parametrize(("n_left", "n_right"), [(1, 1), (1, 4), (4, 1)])
def test_a_side_with_one_entity_is_aligned_without_a_warning(n_left, n_right):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        alignment = psqe.align(({"names": CITIES[:n_left]}, {"names": VILLES[:n_right]}))
        alignment.summary()
    assert alignment.links[["left", "right"]].values.tolist() == [["a", "1"]]
    assert alignment.explain("a", "1").linked


def test_the_call_and_its_parts_are_the_same_to_the_last_bit(planted):
    task, features = planted
    alignment = psqe.align(task, features=features, seeds=psqe.MinerOptions(n_seeds=30), random_state=3)
    seeds = MINERS["psqe"](30, random_state=3).mine(task, features)
    np.testing.assert_array_equal(alignment.seeds.pairs, seeds.pairs)
    links = predict_links(task, features, alignment.aligner, seeds=seeds)
    np.testing.assert_array_equal(alignment.predicted.pairs, links.pairs)
    assert alignment.predicted.confidence.tobytes() == links.confidence.tobytes()
    assert alignment.aligner.random_state == 3


# ---- what comes back


def test_the_frames(countries):
    links = countries.links
    assert list(links) == ["left", "right", "score", "confidence", "rank_margin", "left_name", "right_name"]
    assert links["confidence"].is_monotonic_decreasing and len(links) == len(countries.predicted)
    alone = countries.no_counterpart
    assert list(alone) == ["side", "entity", "name", "reason"] and set(alone["side"]) <= {"left", "right"}
    assert len(alone[alone["side"] == "left"]) == 59 - len(links)
    assert countries.quality["links"]["n"] == len(links)
    assert countries.metrics["l2r"]["full"]["hits@1"] > 0.9 and countries.audit["precision"] == 1


def test_the_ranking_is_told_for_all_links_seeds_and_free_links(planted):
    task, features = planted
    alignment = psqe.align(task, features=features, seeds=psqe.MinerOptions(n_seeds=30))
    similarity, matching = alignment.aligner.similarity, alignment.aligner.matching
    wanted = evaluate(task, similarity, matching=matching, seeds=alignment.seeds.pairs)
    assert alignment.metrics == wanted["metrics"] != alignment.metrics_free
    assert alignment.metrics_free == wanted["metrics_free"]
    assert alignment.metrics_seeds == wanted["metrics_seeds"]
    summary = alignment.summary()
    assert summary["n_queries"] == wanted["n_queries"] and summary["metrics_wrong"] == wanted["metrics_wrong"]
    assert summary["n_links"] == len(alignment.links)
    assert accounting(summary).total == pytest.approx(alignment.metrics["l2r"]["full"]["hits@1"])
    other = psqe.align(task, features=features, seeds=psqe.MinerOptions(name="mutual", n_seeds=25))
    counts = [
        a.evaluation("csls", compared=[b.seeds])["n_queries"]["l2r"]["full"]
        for a, b in ((alignment, other), (other, alignment))
    ]
    taken = [np.concatenate([alignment.seeds.pairs[:, k], other.seeds.pairs[:, k]]) for k in range(2)]
    free = ~np.isin(task.links[:, 0], taken[0]) & ~np.isin(task.links[:, 1], taken[1])
    assert counts[0]["free_of_all"] == counts[1]["free_of_all"] == free.sum() > 0
    assert counts[0]["free"] != counts[1]["free"]
    assert alignment.evaluation("csls")["metrics_free_of_all"] is None
    for compared in (alignment.seeds, [alignment.seeds.pairs]):
        with pytest.raises(ParameterError, match=r"compared cannot be .*; give a list of them"):
            alignment.evaluation(compared=compared)


def test_the_line_about_the_ranking_without_seeds_and_without_free_links(planted):
    task, features = planted
    alone = psqe.align(task, features=features, seeds="none")
    assert alone.metrics_free == alone.metrics and ";" not in alone.ranking()
    seeds = SeedSet.from_single_stage("gold", task.links, np.ones(len(task.links)), why="gold", note="gold")
    taught = psqe.align(task, features=features, seeds=seeds)
    assert taught.ranking().endswith("; every true link has an entity in a seed")


def test_gold_links_judge_and_never_choose(countries):
    blind = psqe.align(countries.task.without_links())
    assert blind.metrics is None and blind.quality is None and blind.audit["precision"] is None
    assert blind.metrics_free is blind.metrics_seeds is None and blind.ranking() == ""
    pd.testing.assert_frame_equal(blind.links, countries.links)


def test_it_prints_well(countries):
    assert repr(countries).startswith(
        f"Alignment('{COUNTRIES}': {len(countries.links)} links from 18 seeds, "
    )
    page = countries._repr_html_()
    assert "<table" in page and "Chosen by default: modalities name, image" in page
    evil = psqe.align(({"names": [("<b>x", "One")]}, {"names": [("<i>y", "One")]}), seeds="none")
    assert "<b>x" not in evil._repr_html_() and "&lt;b&gt;x" in evil._repr_html_()


def test_explanations(countries):
    left, right = countries.links.loc[0, ["left", "right"]]
    why = countries.explain(left, right)
    assert why.linked and why.left.rank == why.right.rank == 1 and why.left.linked_with == right
    assert why.confidence == pytest.approx(countries.links.loc[0, "confidence"])
    assert why.similarity == pytest.approx(countries.links.loc[0, "score"], abs=1e-6)
    margin = why.similarity - max(why.left.runner_up_similarity, why.right.runner_up_similarity)
    assert set(why.by_modality) == set(countries.features) and margin > 0
    alone = countries.no_counterpart.query("side == 'left'").iloc[0]
    other = countries.explain(alone["entity"], right)
    assert not other.linked and other.left.linked_with is None and other.left.reason == alone["reason"]
    assert other.right.linked_with == left and other.left.rank > 1
    assert "not linked: the rule did not choose the pair" in str(other)
    assert f"no link: {alone['reason']}" in other._repr_html_()
    with pytest.raises(DataError, match="no entity of graph 'countries-left'; give an identifier"):
        countries.explain("atlantis", right)
    with pytest.raises(DataError, match="so give the left identifier first"):
        countries.explain(right, left)
    literal = next(
        e for i, e in enumerate(countries.task.left.entities) if i not in countries.task.left.candidates
    )
    with pytest.raises(DataError, match="is no candidate"):
        countries.explain(literal, right)


def test_a_modality_without_a_cosine_is_explained():
    sizes = [("0", "size", "1000"), ("1", "size", "70"), ("2", "size", "?")]
    left = {"names": [("0", "Rome"), ("1", "Oslo"), ("2", "Bern")], "attributes": sizes}
    right = {
        "names": [("0", "Roma"), ("1", "Qxy"), ("2", "Berne")],
        "attributes": [("0", "taille", "1001"), ("1", "taille", "99"), ("2", "taille", "99")],
        "triples": [("0", "in", "x")],
    }
    features = psqe.FeatureOptions(modalities=("name", "number"), encoders={"name": "bigram"})
    alignment = psqe.align((left, right), seeds="none", features=features)
    assert not alignment.explain("0", "0").why_none
    assert "by modality: name not comparable, number none near\n" in str(alignment.explain("1", "1"))
    assert alignment.explain("2", "2").why_none == {"number": "missing"}


def test_a_pair_below_the_threshold_is_explained(planted):
    task, features = planted
    strict = psqe.align(task, features=features, links=psqe.LinkRule(threshold=0.99))
    left, right = strict.predicted.doubtful[0]
    why = strict.explain(task.left.entities[left], task.right.entities[right])
    assert not why.linked and why.confidence < 0.99 and "is below 0.990" in str(why)
    assert why.left.reason == "low confidence"


def test_what_is_saved_can_be_read(countries, tmp_path):
    countries.save(tmp_path / "out")
    links = pd.read_csv(tmp_path / "out" / "links.tsv", sep="\t")
    assert list(links) == ["left", "right", "score", "confidence", "rank_margin"]
    seeds = psqe.SeedSet.load(tmp_path / "out" / "seeds.tsv", countries.task)
    np.testing.assert_array_equal(seeds.pairs, countries.seeds.pairs)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["n_links"] == len(links) and report["choices"] == countries.choices
    countries.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").stat().st_size > 10_000
    with pytest.raises(ParameterError, match=r"links.tsv is a file of .*countries"):
        countries.save(COUNTRIES)
    for write in (countries.save, countries.report):
        with pytest.raises(ParameterError, match="cannot be None; give a path"):
            write(None)


def test_the_command_and_the_call_write_the_same(countries, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    countries.save(".")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert main(["align", str(COUNTRIES), "--out", "l.tsv", "--json", "r.json"]) == 0
    assert Path("l.tsv").read_bytes() == Path("links.tsv").read_bytes()
    reports = [json.loads(Path(name).read_text()) for name in ("report.json", "r.json")]
    for report in reports:
        report.pop("seconds"), report.pop("peak_mb")
    assert reports[0] == reports[1]
    assert main(["seeds", str(COUNTRIES), "--out", "s.tsv"]) == 0
    assert Path("s.tsv").read_bytes() == Path("seeds.tsv").read_bytes()


def test_features_are_built_as_chosen():
    task = psqe.load_task(COUNTRIES)
    features = build_features(task, ["name"])
    one = psqe.align(task, features=["name"], seeds="none")
    np.testing.assert_array_equal(one.features["name"].left.values, features["name"].left.values)


def test_every_public_name_is_there():
    assert {name for name in psqe.__all__ if getattr(psqe, name) is None} == set()
    assert {"align", "mine_seeds", "Alignment", "graph_from_frames", "load_task"} <= set(psqe.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sow'"):
        psqe.sow  # noqa: B018  # the attribute itself is what is tested


def test_candidates_without_a_vector_and_several_counterparts_are_told():
    sides = [
        {
            "names": [(f"{s}1", "Rome"), (f"{s}2", "Paris"), (f"{s}3", "")],
            "triples": [(f"{s}1", "near", f"{s}3")],
        }
        for s in "lr"
    ]
    found = psqe.align(tuple(sides), features=["name"], seeds="none", links=LinkRule(threshold=0.0))
    assert "1 of 3 left and 1 of 3 right candidates have no vector, so that only" in found.choices
    assert "recall is" not in found.headline()
    known = replace(found.task, links=[(0, 0), (1, 1), (1, 0)])
    judged = psqe.align(known, features=["name"], seeds="none", links=LinkRule(threshold=0.0))
    assert "; recall is 2 of 2, because one-to-one links can contain at most 2 of the 3" in judged.headline()
