"""The rules of PSQE: every difference from the release is a switch, and every switch does something."""

from dataclasses import asdict, fields

import pytest
from pairs import mine_quietly

from psqe.datasets.synthetic import planted_pair
from psqe.errors import ParameterError
from psqe.seeds import PSQEMiner
from psqe.seeds.psqe_rules import SWITCHES, VARIANTS, Rules, rules_table

FAST = {"n_epochs": 3, "dim": 8}
COMPONENTS = {"released": None, "corrected": 6}  # the planted vectors have 16 dimensions
# Where the variants agree, or tests need less:
THIRD = {"rounds": 2, "n_epochs": 5, "dim": 12, "evenness": 0.5}


def other_value(variant: str, switch: str):
    """What to flip a switch of a variant to: as a rule, the value of the other variant."""
    opposite = "released" if variant == "corrected" else "corrected"
    if switch == "n_components":
        return COMPONENTS[opposite]
    return THIRD.get(switch, getattr(VARIANTS[opposite], switch))


@pytest.fixture(scope="module")
def pair():
    """Three modalities, some of them missing, and enough noise that rules disagree."""
    return planted_pair(
        120, 4, 16, noise=0.5, missing=0.1, modalities=("image", "attribute", "relation"), random_state=1
    )


def content(pair, variant: str, **switches) -> tuple:
    """Pairs in their order, scores and stages of a small run."""
    given = {**FAST, "n_components": COMPONENTS[variant], **switches}
    seeds = mine_quietly(PSQEMiner(40, variant=variant, n_clusters=3, switches=given), pair)
    assert len(seeds) and len(seeds.confidence) == len(seeds)
    return seeds.pairs.tobytes(), seeds.scores.tobytes(), seeds.stages


@pytest.fixture(scope="module")
def unflipped(pair):
    return {variant: content(pair, variant) for variant in COMPONENTS}


@pytest.mark.parametrize("switch", SWITCHES)
def test_every_switch_can_be_flipped_alone_and_does_something(pair, unflipped, switch):
    changed = {}
    for variant in COMPONENTS:
        value = other_value(variant, switch)
        assert value != {**asdict(VARIANTS[variant]), **FAST, "n_components": COMPONENTS[variant]}[switch]
        found = content(pair, variant, **{switch: value})
        assert content(pair, variant, **{switch: value}) == found
        changed[variant] = found != unflipped[variant]
    assert any(changed.values())
    # Of the pairs that we find the released filter need not drop any, one batch has no order, and the first
    # of several starts may be the best, wherever it starts.
    if switch not in ("reciprocal_filter", "order", "n_starts", "row_order"):
        assert all(changed.values())


def test_a_switch_set_to_its_own_value_changes_nothing(pair, unflipped):
    for variant in COMPONENTS:
        rules = VARIANTS[variant]
        own = {name: value for name, value in asdict(rules).items() if name not in (*FAST, "n_components")}
        assert content(pair, variant, **own) == unflipped[variant]


def test_all_switches_flipped_make_the_other_variant():
    released, corrected = VARIANTS["released"], VARIANTS["corrected"]
    assert Rules.from_variant("corrected", asdict(released)) == released == Rules.from_variant("released")
    assert (
        Rules.from_variant("released", asdict(corrected))
        == corrected
        == Rules.from_variant("corrected")
        == Rules()
    )
    assert Rules.from_variant("corrected", {"evenness": VARIANTS["even"].evenness}) == VARIANTS["even"]
    assert set(VARIANTS) == {"released", "corrected", "even"}


def test_the_table_has_every_switch_with_its_values_and_texts():
    table = rules_table()
    assert tuple(table["switch"]) == SWITCHES == tuple(f.name for f in fields(Rules))
    for row in table.to_dict("records"):
        assert row["point"] in {str(i) for i in range(1, 12)}
        for text in (row["what the authors' code does"], row["what we do"]):
            assert text.endswith(".") and not text[0].islower()
        for variant in ("released", "corrected"):
            wanted = getattr(VARIANTS[variant], row["switch"])
            assert row[variant] == wanted or (wanted is None and row[variant] != row[variant])  # NaN
    assert set(table["point"]) == {str(i) for i in range(1, 12)}, "a questionable point has no switch"


def test_unknown_names():
    with pytest.raises(ParameterError, match="no variant 'perfect'; choose from released, corrected, even"):
        PSQEMiner(10, variant="perfect")
    with pytest.raises(ParameterError, match="no switch 'mutuality'; choose from match_modalities, "):
        PSQEMiner(10, switches={"mutuality": True})


@pytest.mark.parametrize(
    ("switch", "value"),
    [
        ("match_modalities", "images"),
        ("match_modalities", None),
        ("weighting", "text"),
        ("order", "random"),
        ("missing", "zeros"),
        ("normalise", 1),
        ("mutual", "yes"),
        ("fill", None),
        ("rounds", 0),
        ("rounds", True),
        ("n_epochs", 0),
        ("dim", -3),
        ("n_components", 0),
        ("temperature", 0.0),
        ("temperature", float("nan")),
        ("learned_weight", 1.5),
        ("learned_weight", -0.1),
        ("learned_weight", float("nan")),
        ("n_epochs", "many"),
        ("n_epochs", None),
        ("temperature", "0.1"),
        ("temperature", None),
        ("dim", 2.5),
        ("rounds", 1.5),
        ("learned_weight", "half"),
        ("n_starts", 0),
        ("row_order", "ids"),
        ("negated_attention", -1),
        ("attention_start", "zeros"),
        ("n_components", "all"),
        ("n_components", 2.5),
        ("evenness", -1.0),
        ("evenness", float("inf")),
        ("evenness", None),
    ],
)
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_impossible_values(variant, switch, value):
    with pytest.raises(ParameterError, match=f"switch {switch} cannot be "):
        PSQEMiner(10, variant=variant, switches={switch: value})


def test_the_miner_keeps_what_it_was_given():
    switches = {"fill": False, "rounds": 2}
    miner = PSQEMiner(10, variant="released", switches=switches)
    assert miner.parameters["variant"] == "released" and miner.parameters["switches"] == switches
    assert miner.rules.rounds == 2 and not miner.rules.mutual
    assert type(miner)(**miner.parameters).rules == miner.rules


def test_order_matters_where_seeds_are_not_all_sure():
    """By confidence, doubtful seeds say less about their neighbourhoods than sure ones."""
    noisy = planted_pair(120, 4, 16, noise=1.2, random_state=1)
    assert content(noisy, "corrected", order="file") != content(noisy, "corrected")
