"""What others have published: systems, how they were tested, Hits@1, and where each of these facts is from.

Nothing here was measured by this project. A fact that no source at hand states is ``None``, and is never
guessed. Facts about how a system is tested were read from the public code of its authors, where there is any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["paper", "authors", "others"]
"""Where a number is from: a table of the paper, a file in the repository of its authors, or what others say
about the paper."""


@dataclass(frozen=True)
class Source:
    """Where a number is from.

    Attributes
    ----------
    kind
        See :data:`Kind`.
    text
        The source in words.
    """

    kind: Kind
    text: str


SOURCES: Mapping[str, Source] = {
    "MEAformer": Source(
        "authors", "table in the README of zjukg/MEAformer: without names, not iterative, as run for UMAEA"
    ),
    "EIEA": Source("paper", "Tables II and III of EIEA, as pictures in its repository BubbleWang-wly/EIEA"),
    "FGWEA": Source("authors", "result.txt in squareRoot3/FusedGW-Entity-Alignment"),
    "Javed": Source("others", "Table 4 of Javed et al. (2023), who compare themselves with it"),
    "wizwand": Source("others", "summary of the paper at wizwand.com, which names no table"),
}
"""The sources of :data:`NUMBERS` by their short names."""


@dataclass(frozen=True)
class PublishedProtocol:
    """How Hits@1 is counted. ``None`` stands for what no source states.

    Attributes
    ----------
    test_links_only
        Whether the candidates of an entity are the counterparts of test links only, and not all entities.
    matching
        How the best candidate is chosen.
    epoch_by_test
        Whether the code keeps, or reports, the epoch that is the best on the test links. ``False`` where it
        does not, and where nothing is trained.
    source
        Where this was read.
    """

    test_links_only: bool | None
    matching: str | None
    epoch_by_test: bool | None
    source: str | None


@dataclass(frozen=True)
class PublishedSystem:
    """A published system.

    Attributes
    ----------
    name
        The name that its authors give it.
    cite
        The key of the publication in ``book/references.bib``.
    modalities
        What it compares entities by, in words; ``None`` if no source at hand states it. Names are told number
        by number.
    images
        Whether it uses pictures.
    protocol
        How Hits@1 is counted.
    """

    name: str
    cite: str
    modalities: str | None
    images: bool
    protocol: PublishedProtocol


_EVA_MODALITIES = "structure, relations, attributes, images"
_PRINTS = "it prints Hits@1 on the test links while it trains, and chooses no epoch"
_VALIDATES = "the links by which the best epoch is chosen are those of the test"
_NOT_STATED = PublishedProtocol(None, None, None, None)
SYSTEMS = (
    PublishedSystem(
        "PSQE", "hong2026psqe", "for the seeds: images, attributes, relations", True, _NOT_STATED
    ),
    PublishedSystem(
        "EVA", "liu2021eva", _EVA_MODALITIES, True,
        PublishedProtocol(True, "CSLS, k = 3", False, f"cambridgeltl/eva, src/run_dbp15k.py: {_PRINTS}"),
    ),
    PublishedSystem(
        "MCLEA", "lin2022mclea", _EVA_MODALITIES, True,
        PublishedProtocol(True, "CSLS, k = 3", False, f"lzxlin/MCLEA, src/run.py: {_PRINTS}"),
    ),
    PublishedSystem(
        "MEAformer", "chen2023meaformer", _EVA_MODALITIES, True,
        PublishedProtocol(True, "CSLS, k = 3", True, f"zjukg/MEAformer, main.py, src/data.py: {_VALIDATES}"),
    ),
    PublishedSystem(
        "UMAEA", "chen2023umaea", _EVA_MODALITIES, True,
        PublishedProtocol(True, "CSLS, k = 3", True, f"zjukg/UMAEA, main.py, src/data.py: {_VALIDATES}"),
    ),
    PublishedSystem(
        "DESAlign", "wang2024desalign", _EVA_MODALITIES, True,
        PublishedProtocol(
            True, "CSLS, k = 3", True, f"wyy-code/DESAlign, main.py, src/data.py: {_VALIDATES}"
        ),
    ),
    PublishedSystem("XGEA", "xu2023xgea", None, True, _NOT_STATED),
    PublishedSystem(
        "PCMEA", "wang2024pcmea", f"{_EVA_MODALITIES}, texts of relations and attributes", True,
        PublishedProtocol(True, "CSLS, k = 3", False, f"paichichi/PCMEA, run_PCMEA.py: {_PRINTS}"),
    ),
    PublishedSystem(
        "EIEA", "wang2025eiea", "structure, attributes, images", True,
        PublishedProtocol(
            True, "Sinkhorn", True,
            "BubbleWang-wly/EIEA, DBP15K_src/run.py: it prints the best Hits@1 of all epochs on test links",
        ),
    ),
    PublishedSystem(
        "BERT-INT", "tang2020bertint", "names, descriptions, attribute values, neighbours", False,
        PublishedProtocol(
            True, "a learned score of the 50 nearest", False,
            f"kosugi11037/bert-int, interaction_model: {_PRINTS}",
        ),
    ),
    PublishedSystem(
        "LightEA", "mao2022lightea", "structure, relations", False,
        PublishedProtocol(
            True, "Sinkhorn of the 500 nearest", False,
            "MaoXinn/LightEA, LightEA.ipynb: nothing is trained; a switch, off in this file, adds names",
        ),
    ),
    PublishedSystem(
        "FGWEA", "tang2023fgwea", "structure, relations, attribute values", False,
        PublishedProtocol(
            True, "transport plan", False,
            "squareRoot3/FusedGW-Entity-Alignment, gwea_utils.py: nothing is trained; all links are tested",
        ),
    ),
)  # fmt: skip
"""The published systems that the book compares itself with."""


@dataclass(frozen=True)
class PublishedNumber:
    """One line of published Hits@1.

    Attributes
    ----------
    system
        The name of a system of :data:`SYSTEMS`.
    labels
        The share of gold links that it is trained on, 0 for none.
    tested
        The share of gold links that Hits@1 is about; ``None`` if no source states it.
    names
        Whether entities are compared by their names; ``None`` if the source does not state it.
    values
        Whether values of attributes are compared, and not only which attributes an entity has; ``None`` if no
        source states it.
    adds_pairs
        Whether the model adds pairs of its own to its labels while it is trained, which is called iterative
        learning; ``None`` if the source does not state it.
    setting
        What else differs from other lines of the system, in words; empty for nothing.
    hits
        Hits@1 by the name of the task.
    source
        The short name of its source in :data:`SOURCES`.
    """

    system: str
    labels: float
    tested: float | None
    names: bool | None
    values: bool | None
    adds_pairs: bool | None
    setting: str
    hits: Mapping[str, float]
    source: str


def _dbp15k(zh: float, ja: float, fr: float) -> dict[str, float]:
    return {"dbp15k/zh_en": zh, "dbp15k/ja_en": ja, "dbp15k/fr_en": fr}


def _trained(
    system: str, hits: Mapping[str, float], source: str, *, names: bool | None, adds_pairs: bool | None = None
) -> PublishedNumber:
    """Return a number of a model that is trained on labels and tested on all other links.

    The publications take 30 % of the links of DBP15K as labels, and here 20 % of those of FB15K-DB15K.
    """
    labels = 0.2 if "fb15k/db15k" in hits else 0.3
    return PublishedNumber(
        system, labels, 1 - labels, names, _VALUES.get(system), adds_pairs, "", hits, source
    )


def _fgwea(setting: str, hits: Mapping[str, float], *, names: bool, values: bool) -> PublishedNumber:
    return PublishedNumber("FGWEA", 0.0, 1.0, names, values, False, setting, hits, "FGWEA")


_VALUES = {
    **dict.fromkeys(("EVA", "MCLEA", "MEAformer", "UMAEA", "DESAlign", "LightEA"), False),
    "BERT-INT": True,
}
"""Whether systems that are trained on labels compare values of attributes, as far as their code shows it."""


NUMBERS = (
    _trained("EVA", _dbp15k(0.683, 0.669, 0.686), "MEAformer", names=False, adds_pairs=False),
    _trained("EVA", _dbp15k(0.752, 0.737, 0.731), "EIEA", names=False),
    _trained("MCLEA", _dbp15k(0.726, 0.719, 0.719), "MEAformer", names=False, adds_pairs=False),
    _trained("MCLEA", _dbp15k(0.816, 0.812, 0.834), "EIEA", names=False),
    _trained("MCLEA", _dbp15k(0.972, 0.986, 0.997), "EIEA", names=True),
    _trained("MEAformer", _dbp15k(0.772, 0.764, 0.771), "MEAformer", names=False, adds_pairs=False),
    _trained("MEAformer", _dbp15k(0.847, 0.842, 0.845), "EIEA", names=False),
    _trained("MEAformer", _dbp15k(0.973, 0.991, 0.996), "EIEA", names=True),
    _trained("UMAEA", _dbp15k(0.800, 0.801, 0.818), "MEAformer", names=False, adds_pairs=False),
    _trained("UMAEA", _dbp15k(0.856, 0.857, 0.873), "EIEA", names=False),
    _trained("DESAlign", _dbp15k(0.868, 0.871, 0.882), "EIEA", names=False),
    _trained("EIEA", _dbp15k(0.923, 0.911, 0.924), "EIEA", names=False, adds_pairs=True),
    _trained("EIEA", _dbp15k(0.993, 0.998, 1.000), "EIEA", names=True, adds_pairs=True),
    _trained("BERT-INT", _dbp15k(0.968, 0.964, 0.992), "Javed", names=True, adds_pairs=False),
    _trained("LightEA", _dbp15k(0.952, 0.981, 0.998), "wizwand", names=None),
    PublishedNumber("PSQE", 0.0, None, None, None, None, "", _dbp15k(0.842, 0.892, 0.932), "wizwand"),
    _fgwea("translations, values", _dbp15k(0.987, 0.991, 0.998), names=True, values=True),
    _fgwea("names", _dbp15k(0.926, 0.954, 0.996), names=True, values=False),
    _fgwea("names, no texts", _dbp15k(0.756, 0.788, 0.983), names=True, values=False),
    _fgwea("values", _dbp15k(0.929, 0.922, 0.967), names=False, values=True),
    _trained("EVA", {"fb15k/db15k": 0.555}, "EIEA", names=False),
    _trained("MCLEA", {"fb15k/db15k": 0.445}, "EIEA", names=False),
    _trained("MEAformer", {"fb15k/db15k": 0.578}, "EIEA", names=False),
    _trained("DESAlign", {"fb15k/db15k": 0.580}, "EIEA", names=False),
    _trained("XGEA", {"fb15k/db15k": 0.666}, "EIEA", names=False),
    _trained("PCMEA", {"fb15k/db15k": 0.676}, "EIEA", names=False),
    _trained("EIEA", {"fb15k/db15k": 0.746}, "EIEA", names=False),
    _trained("EIEA", {"fb15k/db15k": 0.972}, "EIEA", names=True, adds_pairs=True),
)
"""Published Hits@1, from left to right where the source tells the direction."""

IMAGE_SHARES = _dbp15k(0.7829, 0.7032, 0.6758)
"""The share of entities with an image in the vectors that the multimodal systems share, as the README of
zjukg/UMAEA states it. The others get a random vector there (``load_img`` in its ``src/data.py``)."""


def system(name: str) -> PublishedSystem:
    """Return a system of :data:`SYSTEMS` by its name.

    >>> system("EVA").protocol.matching
    'CSLS, k = 3'
    """
    return next(known for known in SYSTEMS if known.name == name)
