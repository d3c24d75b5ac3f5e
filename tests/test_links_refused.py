"""Whatever is given to the functions of links instead of what they take, one line says what is wrong."""

from tempfile import gettempdir

import numpy as np
import pytest

import psqe
from psqe import api
from psqe.aligners import ALIGNERS, Propagation
from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError, PsqeError
from psqe.evaluation import evaluate, feature_scorer
from psqe.links import (
    LinkRule,
    Links,
    TwoNearest,
    link_quality,
    link_summary,
    predict_links,
    reasons_without_link,
    runner_up,
    weigh_pairs,
)
from psqe.links.confidence import model_temperature
from psqe.links.formats import format_of, save_links
from psqe.links.plan import TransportPlan
from psqe.links.report import link_facts, link_report
from psqe.options import AlignerOptions
from psqe.seeds import SeedSet, true_links
from psqe.similarity import Dot

TASK, FEATURES = planted_pair(30, dim=6, random_state=0)
LARGER, OF_LARGER = planted_pair(50, dim=6, random_state=1)
REDRAWN, OF_REDRAWN = planted_pair(30, dim=6, random_state=5)
SEEDS = true_links(TASK, 10)


def small() -> Propagation:
    return Propagation.preset("small")


MODEL = small().fit(TASK, FEATURES, SEEDS)
LINKS = predict_links(TASK, FEATURES, MODEL, seeds=SEEDS)
OF_OTHER = small().fit(LARGER, OF_LARGER, true_links(LARGER, 10))
COSINES = feature_scorer(TASK, FEATURES)


def vectors(n: int, value: float = 1.0) -> np.ndarray:
    return np.full((n, 2), value, dtype=np.float32)


ANYTHING = {"none": None, "text": "x", "number": 3, "list": [1, 2], "array": np.zeros((3, 3)), "class": dict}
TASKS = {
    **ANYTHING,
    "the class": psqe.AlignmentTask,
    "two graphs": (TASK.left, TASK.right),
    "features": FEATURES,
}
VECTORS = {**ANYTHING, "a dict": dict(FEATURES), "the class": type(FEATURES), "other": OF_LARGER}
RULES = {**ANYTHING, "the class": LinkRule}
ELSEWHERE = predict_links(LARGER, OF_LARGER, OF_OTHER)
FOUND = {**ANYTHING, "pairs": LINKS.pairs, "the class": Links, "other": ELSEWHERE}
OUTSIDE = {
    "too large": SeedSet(np.array([[0, 10**6]]), np.zeros(1), ("x",)),
    "negative": SeedSet(np.array([[-1, 2]]), np.zeros(1), ("x",)),
}
NO_SEEDS = {name: value for name, value in ANYTHING.items() if name != "none"}
SEED_SETS = {**NO_SEEDS, "pairs": SEEDS.pairs, "lists": SEEDS.pairs.tolist(), "the class": SeedSet, **OUTSIDE}
SCORERS = {
    **ANYTHING,
    "an aligner that is not fitted": small(),
    "its method": small().similarity,
    "a trained one": ALIGNERS["eva"].preset("small"),
    "concord": ALIGNERS["concord"].preset("small"),
    "the class": Propagation,
    "method of the class": Propagation.similarity,
    "fitted on a larger pair": OF_OTHER,
    "its method there": OF_OTHER.similarity,
    "fitted on a pair drawn again": small().fit(REDRAWN, OF_REDRAWN, true_links(REDRAWN, 10)),
    "similarities": COSINES(TASK.left.candidates, TASK.right.candidates),
    "an alignment": psqe.align(TASK, features=FEATURES, seeds="none"),
    "of one argument": lambda left: None,
    "returns an array": lambda left, right: np.zeros((len(left), len(right))),
    "returns nothing": lambda left, right: None,
    "of one shape": lambda left, right: Dot(vectors(3), vectors(3)),
    "turned": lambda left, right: Dot(vectors(len(right)), vectors(len(left) + 1)),
    "not finite": lambda left, right: Dot(vectors(len(left), np.nan), vectors(len(right))),
    "fails": lambda left, right: COSINES(left + 1000, right),
    "of a smaller array": lambda left, right: Dot(vectors(5)[left], vectors(5)[right]),
}  # fmt: skip
PAIRS = {
    **NO_SEEDS, "links": LINKS, "a seed set": SEEDS, "not whole": LINKS.pairs + 0.5, "of one column": [1, 2],
    "too large": [(0, 10**6)], "negative": [(-1, 0)],
}  # fmt: skip
ALIGNER = AlignerOptions()
SIDES_ = {**ANYTHING, "no side": "up"}
POSITIONS = {**ANYTHING, "past the end": 10**6, "negative": -1, "no integer": 0.5}
POSITIONS.pop("number")
STATES = {"none": None, "text": "x", "negative": -1, "no integer": 0.5}
PATHS = {"none": None, "number": 3, "list": [1]}
NOWHERE = f"{gettempdir()}/never-written.tsv"
ALL_CANDIDATES = TASK.right.candidates


def _weigh(function):
    return (
        lambda task=TASK, features=FEATURES, scorer=MODEL, **more: function(task, features, scorer, **more),
        {"task": TASKS, "features": VECTORS, "scorer": SCORERS, "seeds": SEED_SETS},
    )


def _report(function):
    return (
        lambda task=TASK, features=FEATURES, links=LINKS, **more: function(task, features, links, **more),
        {"task": TASKS, "features": VECTORS, "links": FOUND, "seeds": SEED_SETS,
         "evaluation": {**NO_SEEDS, "empty": {}}, "provenance": NO_SEEDS},
    )  # fmt: skip


CALLS = {
    "predict_links": _weigh(predict_links),
    "weigh_pairs": _weigh(weigh_pairs),
    "rule of predict_links": (lambda rule: predict_links(TASK, FEATURES, MODEL, rule=rule), {"rule": RULES}),
    "choose": (weigh_pairs(TASK, FEATURES, MODEL).choose, {"rule": RULES}),
    "without_counterpart": (LINKS.without_counterpart, {"task": {**TASKS, "other": LARGER}}),
    "link_quality": (
        lambda pairs=LINKS.pairs, task=TASK, seeds=None: link_quality(pairs, task, seeds=seeds),
        {"pairs": {**PAIRS, "none": None}, "task": TASKS, "seeds": PAIRS},
    ),
    "link_summary": (
        lambda links=LINKS, task=TASK, seeds=None: link_summary(links, task, seeds=seeds),
        {"links": FOUND, "task": {**TASKS, "other": LARGER}, "seeds": SEED_SETS},
    ),
    "reasons_without_link": (
        lambda task=TASK, features=FEATURES, links=LINKS, side="left": reasons_without_link(
            task, features, links, side
        ),
        {"task": TASKS, "features": VECTORS, "links": FOUND, "side": SIDES_},
    ),
    "runner_up": (
        lambda task=TASK, links=LINKS, position=0: runner_up(task, links, position),
        {"task": {**TASKS, "other": LARGER}, "links": FOUND, "position": POSITIONS},
    ),
    "link_facts": _report(link_facts),
    "link_report": _report(link_report),
    "save_links": (
        lambda links=LINKS, path=NOWHERE, task=TASK: save_links(links, path, task),
        {"links": FOUND, "path": PATHS, "task": {**TASKS, "other": LARGER}},
    ),
    "format_of": (format_of, {"path": PATHS}),
    "TwoNearest": (
        lambda similarity: TwoNearest.from_similarity(ALL_CANDIDATES, similarity),
        {"similarity": {**ANYTHING, "of fewer": Dot(vectors(3), vectors(3))}},
    ),
    "TransportPlan": (lambda similarity: TransportPlan.from_similarity(similarity), {"similarity": ANYTHING}),
    "model_temperature": (model_temperature, {"similarity": ANYTHING}),
    "align": (
        lambda pair=TASK, features=FEATURES, seeds="none", **more: api.align(
            pair, features=features, seeds=seeds, **more
        ),
        {"pair": {**ANYTHING, "the class": psqe.AlignmentTask, "features": FEATURES},
         "features": {name: value for name, value in VECTORS.items() if name != "other"},
         "seeds": {**SEED_SETS, "none": None},
         "aligner": {name: value for name, value in SCORERS.items() if name != "none"},
         "links": {name: value for name, value in RULES.items() if name != "none"}, "random_state": STATES,
         "checkpoint": {"number": 3, "list": [1]}},
    ),
    "mine_seeds": (
        lambda pair=TASK, features=FEATURES, seeds="mutual", **more: api.mine_seeds(
            pair, features=features, seeds=seeds, **more
        ),
        {"pair": {**ANYTHING, "features": FEATURES}, "seeds": {**SEED_SETS, "none": None},
         "features": {name: value for name, value in VECTORS.items() if name != "other"},
         "random_state": STATES},
    ),
    "load_features": (
        lambda task=TASK, features=FEATURES: api.load_features(task, features),
        {"task": TASKS, "features": {name: value for name, value in VECTORS.items() if name != "other"}},
    ),
    "build_aligner": (
        lambda options=ALIGNER, random_state=0: api.build_aligner(options, random_state),
        {"options": {**ANYTHING, "the class": AlignerOptions}, "random_state": STATES},
    ),
    "describe_data": (
        lambda task=TASK, chosen=FEATURES, features=FEATURES: api.describe_data(task, chosen, features),
        {"task": TASKS, "chosen": ANYTHING, "features": VECTORS},
    ),
    "describe_seeds": (
        lambda seeds=SEEDS, choice=SEEDS: api.describe_seeds(seeds, choice),
        {"seeds": {**ANYTHING, "the class": SeedSet}, "choice": {"none": None, "number": 3, "list": [1]}},
    ),
    "evaluate": (
        lambda task=TASK, scorer=COSINES: evaluate(task, scorer),
        {"task": TASKS,
         "scorer": {name: value for name, value in SCORERS.items()
                    if not name.startswith(("fitted", "its method there", "not finite"))}},
    ),
}  # fmt: skip
"""Each function, called with what it takes but for one argument, and what that argument is tried with."""


@pytest.mark.parametrize(
    ("function", "argument", "value"),
    [
        pytest.param(function, argument, value, id=f"{name}-{argument}-{what}")
        for name, (function, arguments) in CALLS.items()
        for argument, values in arguments.items()
        for what, value in values.items()
    ],
)
def test_what_cannot_be_taken_is_told_in_one_line(function, argument, value):
    with pytest.raises(PsqeError) as told:
        function(**{argument: value})
    assert told.value.remedy and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("scorer", "words"),
    [
        (small(), r"the aligner propagation is not fitted; call its fit\(task, features, seeds\)"),
        (Propagation, r"class of an aligner; .* fit it: Propagation\.preset\('small'\)\.fit\("),
        (OF_OTHER, "is fitted on another pair than synthetic/planted.*; fit it on this task"),
        (None, "the scorer cannot be None; give a fitted aligner, or a function"),
        (
            lambda left, right: np.zeros((2, 2)),
            "what the scorer returns cannot be array.*; return a Similarity",
        ),
        (lambda left, right: Dot(vectors(3), vectors(3)), "shape .3, 3. for 26 left and 26 right entities"),
        (SCORERS["not finite"], "no finite number .*; return a finite similarity for every pair"),
        (
            SCORERS["of a smaller array"],
            r"the scorer fails on .* \(IndexError: .*; give a function of indices",
        ),
    ],
)
def test_what_is_wrong_with_similarities(scorer, words):
    with pytest.raises(ParameterError, match=words):
        predict_links(TASK, FEATURES, scorer)


def test_a_remedy_works():
    pairs = SEEDS.pairs
    with pytest.raises(ParameterError, match=r"such as SeedSet\(pairs, scores, stages\)"):
        predict_links(TASK, FEATURES, MODEL, seeds=pairs)
    made = SeedSet(pairs, np.zeros(len(pairs)), ("given",) * len(pairs))
    assert predict_links(TASK, FEATURES, MODEL, seeds=made).pairs.tolist() == LINKS.pairs.tolist()
    assert link_quality(LINKS.pairs.tolist(), TASK) == link_quality(LINKS.pairs, TASK)
    assert Propagation.preset("small").fit(TASK, FEATURES, SEEDS).embeddings()[0].shape[0] == 26
    with pytest.raises(ParameterError, match="not fitted"):
        small().embeddings()


def test_an_aligner_may_be_used_where_fewer_candidates_and_no_gold_links_are_left():
    MODEL.require_fitted(TASK.without_links())
    assert len(predict_links(TASK.without_links(), FEATURES, MODEL, seeds=SEEDS)) == len(LINKS)
