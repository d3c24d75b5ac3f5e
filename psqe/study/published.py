"""What others have published: systems, how they were tested, Hits@1, and where each of these facts is from.

Nothing here was measured by this project. A fact that no source at hand states is ``None``, and is never
guessed. Facts about how a system is tested were read from the public code of its authors, where there is any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from psqe.errors import ParameterError

Kind = Literal["authors", "others"]
"""Where a number is from: a file in the repository of the authors who measured it or collected it, or what
others say about a paper."""

Names = Literal["no", "written", "translated"]
"""How entities are compared by their names: not at all, as they are written, or after a translation."""


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
    "EIEA": Source(
        "authors",
        "Tables II and III as pictures in the repository BubbleWang-wly/EIEA, last changed in December 2024, "
        "perhaps of a draft of the paper",
    ),
    "FGWEA": Source("authors", "result.txt in squareRoot3/FusedGW-Entity-Alignment"),
    "Javed": Source("others", "Table 4 of Javed et al. (2023), who compare themselves with it"),
    "list": Source(
        "others", "benchmark list of the paper arXiv:2212.14454, as hyper.ai shows it; read for fr_en only"
    ),
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
    split
        Which links are tested: ``drawn`` if the code shuffles the links before it splits them, ``of a file``
        if they are listed in files, ``all``.
    source
        Where this was read.
    """

    test_links_only: bool | None
    matching: str | None
    epoch_by_test: bool | None
    split: str | None
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
        What it compares entities by; ``None`` if no source at hand states it. Names and the values of
        attributes are told number by number.
    protocol
        How Hits@1 is counted.
    note
        What else there is to say about the modalities; empty for nothing.
    """

    name: str
    cite: str
    modalities: tuple[str, ...] | None
    protocol: PublishedProtocol
    note: str = ""


_EVA_MODALITIES = ("structure", "relations", "attributes", "images")
_PRINTS = "it prints Hits@1 on the test links while it trains, and chooses no epoch"
_VALIDATES = "the links by which the best epoch is chosen are those of the test"
_NOT_STATED = PublishedProtocol(None, None, None, None, None)
SYSTEMS = (
    PublishedSystem(
        "PSQE", "hong2026psqe", None, _NOT_STATED,
        "the seeds by images, attributes and relations; the model's are not stated",
    ),
    PublishedSystem(
        "EVA", "liu2021eva", _EVA_MODALITIES,
        PublishedProtocol(
            True, "CSLS, k = 3", False, "drawn", f"cambridgeltl/eva, src/run_dbp15k.py: {_PRINTS}"
        ),
    ),
    PublishedSystem(
        "MCLEA", "lin2022mclea", _EVA_MODALITIES,
        PublishedProtocol(True, "CSLS, k = 3", False, "drawn", f"lzxlin/MCLEA, src/run.py: {_PRINTS}"),
    ),
    PublishedSystem(
        "MEAformer", "chen2023meaformer", _EVA_MODALITIES,
        PublishedProtocol(
            True, "CSLS, k = 3", True, "drawn", f"zjukg/MEAformer, main.py, src/data.py: {_VALIDATES}"
        ),
    ),
    PublishedSystem(
        "UMAEA", "chen2023umaea", _EVA_MODALITIES,
        PublishedProtocol(
            True, "CSLS, k = 3", True, "drawn", f"zjukg/UMAEA, main.py, src/data.py: {_VALIDATES}"
        ),
    ),
    PublishedSystem(
        "DESAlign", "wang2024desalign", _EVA_MODALITIES,
        PublishedProtocol(
            True, "CSLS, k = 3, plain and averaged over propagation steps", True, "drawn",
            f"wyy-code/DESAlign, main.py, src/data.py: {_VALIDATES}; the last test prints Hits@1 of CSLS, "
            "and of CSLS averaged over 1 to 5 steps of propagation, and no source states which is published",
        ),
    ),
    PublishedSystem(
        "XGEA", "xu2023xgea", ("structure", "relations", "images"),
        PublishedProtocol(
            True, "CSLS, k = 10", False, "drawn",
            f"LoveBigAI/XGEA, DualAmodal.py, evaluate.py: {_PRINTS}; pairs are added before the training, by "
            "pictures, and in its course; this script is that of DBP15K, and what is different "
            "for FB15K-DB15K is not public",
        ),
    ),
    PublishedSystem(
        "PCMEA", "wang2024pcmea", (*_EVA_MODALITIES, "texts of relations", "texts of attributes"),
        PublishedProtocol(True, "CSLS, k = 3", False, "drawn", f"paichichi/PCMEA, run_PCMEA.py: {_PRINTS}"),
    ),
    PublishedSystem(
        "EIEA", "wang2025eiea", _EVA_MODALITIES,
        PublishedProtocol(
            True, "Sinkhorn", True, "of a file",
            "BubbleWang-wly/EIEA, DBP15K_src/run.py and, for FB15K-DB15K, src/run_0.2.py: they print the "
            "best Hits@1 of all epochs on test links",
        ),
    ),
    PublishedSystem(
        "BERT-INT", "tang2020bertint", ("structure", "attributes", "descriptions"),
        PublishedProtocol(
            True, "a learned score of the 50 nearest", False, "of a file",
            f"kosugi11037/bert-int, interaction_model: {_PRINTS}",
        ),
    ),
    PublishedSystem(
        "LightEA", "mao2022lightea", ("structure", "relations"),
        PublishedProtocol(
            True, "Sinkhorn of the 500 nearest", False, "drawn",
            "MaoXinn/LightEA, LightEA.ipynb: nothing is trained; in three rounds, it adds pairs to the "
            "labels; a switch, off in this file, adds names",
        ),
    ),
    PublishedSystem(
        "FGWEA", "tang2023fgwea", ("structure", "relations", "texts of relations", "attributes"),
        PublishedProtocol(
            True, "transport plan", False, "all",
            "squareRoot3/FusedGW-Entity-Alignment, main.py, gwea_utils.py, run.sh: nothing is trained; six "
            "times, the pairs that are sure become anchors; all links are tested",
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
        See :data:`Names`; ``None`` if no source at hand states it.
    values
        Whether values of attributes are compared, and not only which attributes an entity has; ``None`` if no
        source states it.
    adds_pairs
        Whether pairs that the system finds serve it as labels, seeds or anchors in a later round, which is
        called iterative learning where a model is trained; ``None`` if no source at hand states it.
    setting
        What differs from other lines of the system, in words; empty for nothing.
    hits
        Hits@1 by the name of the task.
    source
        The short name of its source in :data:`SOURCES`.
    lacks
        The modalities of the system that it was measured without.
    """

    system: str
    labels: float
    tested: float | None
    names: Names | None
    values: bool | None
    adds_pairs: bool | None
    setting: str
    hits: Mapping[str, float]
    source: str
    lacks: tuple[str, ...] = ()


def _dbp15k(zh: float, ja: float, fr: float) -> dict[str, float]:
    return {"dbp15k/zh_en": zh, "dbp15k/ja_en": ja, "dbp15k/fr_en": fr}


def _fb15k(hits: float) -> dict[str, float]:
    return {"fb15k/db15k": hits}


_VALUES = {
    **dict.fromkeys(("EVA", "MCLEA", "MEAformer", "UMAEA", "DESAlign", "LightEA", "XGEA"), False),
    "BERT-INT": True,
}
"""Whether systems compare values of attributes, as far as their code shows it."""


def _trained(
    system: str,
    hits: Mapping[str, float],
    source: str,
    *,
    names: Names | None = "no",
    adds_pairs: bool | None = None,
    setting: str = "",
    labels: float = 0.3,
    values: bool | None = None,
) -> PublishedNumber:
    """Return a number of a model that is trained on labels, 30 % of the links, and tested on all others."""
    known = _VALUES.get(system, values)
    return PublishedNumber(system, labels, 1 - labels, names, known, adds_pairs, setting, hits, source)


def _fgwea(
    setting: str, hits: Mapping[str, float], *, names: Names, values: bool, lacks: tuple[str, ...] = ()
) -> PublishedNumber:
    lacks = lacks if values else ("attributes", *lacks)
    return PublishedNumber("FGWEA", 0.0, 1.0, names, values, True, setting, hits, "FGWEA", lacks)


def _unsupervised(hits: float, *, adds_pairs: bool) -> PublishedNumber:
    """Return a number of MEAformer, trained on pseudo-seeds; its code tests 70 % of the links, as always."""
    return PublishedNumber(
        "MEAformer", 0.0, 0.7, "translated", False, adds_pairs, "unsupervised", {"dbp15k/fr_en": hits}, "list"
    )


NUMBERS = (
    _trained("EVA", _dbp15k(0.683, 0.669, 0.686), "MEAformer", adds_pairs=False),
    _trained("EVA", _dbp15k(0.752, 0.737, 0.731), "EIEA"),
    _trained("MCLEA", _dbp15k(0.726, 0.719, 0.719), "MEAformer", adds_pairs=False),
    _trained("MCLEA", _dbp15k(0.816, 0.812, 0.834), "EIEA"),
    _trained("MCLEA", _dbp15k(0.972, 0.986, 0.997), "EIEA", names="translated"),
    _trained("MEAformer", _dbp15k(0.772, 0.764, 0.771), "MEAformer", adds_pairs=False),
    # The list has the same numbers, and says that these are with iterative learning.
    _trained("MEAformer", _dbp15k(0.847, 0.842, 0.845), "EIEA", adds_pairs=True),
    _trained("MEAformer", _dbp15k(0.973, 0.991, 0.996), "EIEA", names="translated", adds_pairs=True),
    _trained("MEAformer", {"dbp15k/fr_en": 0.991}, "list", names="translated", adds_pairs=False),
    _trained("UMAEA", _dbp15k(0.800, 0.801, 0.818), "MEAformer", adds_pairs=False),
    _trained("UMAEA", _dbp15k(0.856, 0.857, 0.873), "EIEA"),
    _trained("DESAlign", _dbp15k(0.868, 0.871, 0.882), "EIEA"),
    _trained("EIEA", _dbp15k(0.918, 0.907, 0.923), "EIEA", adds_pairs=False),
    _trained("EIEA", _dbp15k(0.923, 0.911, 0.924), "EIEA", adds_pairs=True, setting="CSP2"),
    _trained("EIEA", _dbp15k(0.992, 0.997, 1.000), "EIEA", names="translated", adds_pairs=False),
    _trained(
        "EIEA", _dbp15k(0.993, 0.998, 1.000), "EIEA", names="translated", adds_pairs=True, setting="CSP2"
    ),
    _trained("BERT-INT", _dbp15k(0.968, 0.964, 0.992), "Javed", names="written", adds_pairs=False),
    _trained("LightEA", _dbp15k(0.952, 0.981, 0.998), "wizwand", names=None),
    PublishedNumber("PSQE", 0.0, None, None, None, None, "", _dbp15k(0.842, 0.892, 0.932), "wizwand"),
    _unsupervised(0.973, adds_pairs=False),
    _unsupervised(0.993, adds_pairs=True),
    _fgwea("translated names, values", _dbp15k(0.987, 0.991, 0.998), names="translated", values=True),
    _fgwea("translated names", _dbp15k(0.959, 0.982, 0.994), names="translated", values=False),
    _fgwea("written names", _dbp15k(0.926, 0.954, 0.996), names="written", values=False),
    _fgwea(
        "written names, hard version", _dbp15k(0.756, 0.788, 0.983), names="written", values=False,
        lacks=("relations", "texts of relations"),
    ),
    _fgwea("values", _dbp15k(0.929, 0.922, 0.967), names="no", values=True),
    _trained("EVA", _fb15k(0.555), "EIEA", labels=0.2),
    _trained("MCLEA", _fb15k(0.445), "EIEA", labels=0.2),
    _trained("MEAformer", _fb15k(0.578), "EIEA", labels=0.2),
    _trained("DESAlign", _fb15k(0.580), "EIEA", labels=0.2),
    _trained("XGEA", _fb15k(0.666), "EIEA", adds_pairs=True, labels=0.2),
    _trained("PCMEA", _fb15k(0.676), "EIEA", labels=0.2),
    _trained("EIEA", _fb15k(0.746), "EIEA", adds_pairs=False, labels=0.2, values=True),
    _trained("EIEA", _fb15k(0.968), "EIEA", names="written", adds_pairs=False, labels=0.2, values=True),
    _trained(
        "EIEA", _fb15k(0.972), "EIEA", names="written", adds_pairs=True, setting="CSP", labels=0.2,
        values=True,
    ),
)  # fmt: skip
"""Published Hits@1, from left to right where the source tells the direction.

The hard version of FGWEA is what its authors call the run with vectors of multilingual BERT for the names as
they are written (``--unbaised_name 1`` in ``run.sh``) and without the term of relations (``--use_rel 0``).
CSP and CSP2 are names of EIEA for its ways to add pairs."""

IMAGE_SHARES = _dbp15k(0.7829, 0.7032, 0.6758)
"""The share of entities with an image in the vectors that the multimodal systems share, as the README of
zjukg/UMAEA states it. The others get a random vector there (``load_img`` in its ``src/data.py``)."""


def system(name: str) -> PublishedSystem:
    """Return a system of :data:`SYSTEMS` by its name.

    Parameters
    ----------
    name
        The name, as the table of the page *How to read our numbers beside published ones* writes it.

    Raises
    ------
    ParameterError
        If there is no such system.

    Examples
    --------
    >>> system("EVA").protocol.matching
    'CSLS, k = 3'
    """
    for known in SYSTEMS:
        if known.name == name:
            return known
    raise ParameterError(
        f"there is no published system {name!r}",
        remedy=f"choose from {', '.join(known.name for known in SYSTEMS)}",
    )
