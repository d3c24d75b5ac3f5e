"""What one experiment is: the data, the miner, the aligner and what is measured, as one typed object.

A :class:`RunSpec` says everything that decides the numbers of a run, but for the code and the versions of
packages. Two experiments are the same if and only if their specs have the same :attr:`RunSpec.id`, which is
the hash of the spec's canonical JSON. Results are kept under this id (:mod:`psqe.study.store`), and
:func:`psqe.study.run.run` executes a spec. A run on a folder is one on its files if it is
:meth:`RunSpec.pinned`, as commands do with the runs of a file.
"""

from __future__ import annotations

import json
from typing import Any, Literal, Self

from pydantic import ValidationError, model_validator

from psqe.datasets.info import content_of
from psqe.errors import DataError, ParameterError
from psqe.files import content_hash
from psqe.options import AlignerOptions, FeatureOptions, MinerOptions, Options, TaskOptions

Subject = Literal[
    "facts", "seeds", "alignment", "system", "links", "labels", "prediction", "expected", "damaged", "review",
    "cost",
]  # fmt: skip
"""What a run measures: facts about a pair of graphs; the seeds of a miner; the ranks that an aligner, or the
features alone, give to true counterparts; the same with other modalities than those of the study, where
systems are compared; the links that are chosen, and the answer "no counterpart"; the ranks of an
aligner that is given the labels of some links, or none, on modalities that say more or less; what
an aligner was foretold to do on free links, and did; the ranks that a system is expected to give to true
counterparts, told without labels; the ranks that are left where the pair was damaged on purpose; the links
after the verdicts of a simulated reviewer; or what the stages of mining cost."""

SPEC_COLUMNS = (
    "subject", "task", "dangling", "damage", "modalities", "encoders", "miner", "n_seeds", "miner_parameters",
    "aligner", "preset", "aligner_parameters", "random_state",
)  # fmt: skip
"""The columns that :attr:`RunSpec.columns` fills."""


class RunSpec(Options):
    """One experiment, complete and hashable by its :attr:`id`.

    Parameters of miners and aligners are compared as they are written: ``2`` and ``2.0`` are two values, and
    have two ids.

    Parameters
    ----------
    subject
        What is measured, see :data:`Subject`.
    task
        The pair of graphs. For the subject ``cost`` the name is that of a case of ``benchmarks/cost.py``.
    features
        The modalities that are compared and their encoders; ``None`` where the subject needs no features.
    miner
        The miner, or the name of a kind of seeds that is drawn from the gold links
        (:data:`psqe.seeds.oracle.ORACLES`). ``None`` stands for no seeds.
        Parameters are those that differ from the defaults. Where an alignment has a miner and no aligner, the
        features do not use the seeds; these only say which links are free.
    aligner
        The aligner. ``None`` stands for the features alone, or for seeds that no aligner is trained on.
    random_state
        Seed of everything that is drawn: dropped entities, seeds, weights, batches. Not negative.

    Raises
    ------
    ParameterError
        If a field is unknown, missing or of another type, does not fit the subject, or has a value that JSON
        does not have.

    Examples
    --------
    >>> from psqe.options import FeatureOptions, MinerOptions, TaskOptions
    >>> spec = RunSpec(
    ...     subject="seeds",
    ...     task=TaskOptions(name="emoji/en-fr", dangling=0.125),
    ...     features=FeatureOptions(modalities=("image", "attribute")),
    ...     miner=MinerOptions(name="pivot", n_seeds=600),
    ... )
    >>> RunSpec.from_json(spec.json_text) == spec
    True
    >>> spec.columns["modalities"], spec.columns["miner_parameters"]
    ('attribute+image', '{}')
    """

    subject: Subject
    task: TaskOptions
    features: FeatureOptions | None = None
    miner: MinerOptions | None = None
    aligner: AlignerOptions | None = None
    random_state: int = 0

    @model_validator(mode="after")
    def _fits_subject(self) -> Self:
        if self.random_state < 0:
            raise ParameterError(
                f"random_state is {self.random_state}", remedy="give an integer of at least 0"
            )
        needs_features = self.subject in (
            "seeds", "alignment", "system", "links", "labels", "prediction", "expected", "damaged", "review"
        )  # fmt: skip
        if needs_features != (self.features is not None):
            raise ParameterError(
                f"a run about {self.subject} {'needs' if needs_features else 'has no'} features"
            )
        if self.subject == "seeds" and (self.miner is None or self.aligner is not None):
            raise ParameterError("a run about seeds needs a miner and has no aligner")
        if self.subject == "prediction" and (self.miner is None or self.aligner is None):
            raise ParameterError("a run about a prediction needs a miner and an aligner")
        if self.subject == "review" and (self.miner is None or self.aligner is None):
            raise ParameterError("a run about a review needs a miner and an aligner")
        if self.subject == "labels" and self.aligner is None:
            raise ParameterError("a run about labels needs an aligner")
        if self.subject in ("facts", "cost") and (self.miner or self.aligner):
            raise ParameterError(f"a run about {self.subject} has neither miner nor aligner")
        if self.subject == "links" and self.aligner is None and self.miner is not None:
            raise ParameterError("seeds without an aligner change nothing about links")
        try:
            self.id  # noqa: B018  # the attribute is read to see that all values can be written
        except (TypeError, ValueError, RecursionError) as error:
            raise ParameterError(
                f"a parameter cannot be written as JSON ({error})",
                remedy="give numbers, texts, lists and mappings",
            ) from error
        return self

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read a spec from its JSON.

        Raises
        ------
        DataError
            If the text is not JSON, has a key twice or a number that JSON does not have, or if the fields do
            not make a spec.
        """
        try:
            fields = strict_json(text)
            if isinstance(fields, dict) and "matching" in fields:
                raise DataError(
                    "the spec is from an earlier psqe, where a run had one 'matching'",
                    remedy="take that field out, for a run measures every matching now",
                )
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise DataError(f"the spec of a run is not valid: {cls.fault(error)}") from error
        except (ValueError, RecursionError, ParameterError) as error:
            raise DataError(f"the spec of a run is not valid: {error}") from error

    def replace(self, **parts: Any) -> RunSpec:
        """Return a copy of the spec with other values of some fields.

        Parameters
        ----------
        parts
            Fields of the spec and their new values.

        Raises
        ------
        ParameterError
            As the constructor.

        Examples
        --------
        >>> from psqe.options import TaskOptions
        >>> spec = RunSpec(subject="facts", task=TaskOptions(name="emoji/en-fr"))
        >>> spec.replace(random_state=3).random_state
        3
        """
        return RunSpec(**{**{name: getattr(self, name) for name in RunSpec.model_fields}, **parts})

    @property
    def json_text(self) -> str:
        """The canonical JSON: keys sorted, options that are not given left out."""
        plain = {name: _given(value) for name, value in self.model_dump().items()}
        return canonical_json({name: value for name, value in plain.items() if value is not None})

    def pinned(self) -> RunSpec:
        """Return the same run on what the files of its folder are now: another run once they change.

        A run on a named task, and one that says its content already, stay as they are.

        Raises
        ------
        PsqeError
            If a file of the folder cannot be read.
        """
        content = self.task.content or content_of(self.task.name)
        return self.replace(task=self.task.model_copy(update={"content": content})) if content else self

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits that identify the spec."""
        return content_hash(self.json_text)[:12]

    @property
    def columns(self) -> dict[str, Any]:
        """The spec as one flat row, :data:`SPEC_COLUMNS`; what does not apply is ``None``.

        ``modalities`` are joined by ``+`` in alphabetical order. ``encoders`` and parameters are canonical
        JSON, so that equal ones are equal texts.
        """
        features, miner, aligner = self.features, self.miner, self.aligner
        return {
            "subject": self.subject,
            "task": self.task.name,
            "dangling": self.task.dangling,
            "damage": canonical_json(self.task.damage),
            "modalities": features and "+".join(sorted(features.modalities or ())),
            "encoders": features and canonical_json(features.encoders),
            "miner": miner and miner.name,
            "n_seeds": miner and miner.n_seeds,
            "miner_parameters": miner and canonical_json(miner.parameters),
            "aligner": aligner and aligner.name,
            "preset": aligner and aligner.preset,
            "aligner_parameters": aligner and canonical_json(aligner.parameters),
            "random_state": self.random_state,
        }

    def part(self, subject: Subject, **options: Any) -> RunSpec:
        """Return the spec of a run on the same data whose result this run needs, so that runs can share it.

        Parameters
        ----------
        subject
            What the other run measures.
        options
            Its ``miner`` or ``aligner``.

        Raises
        ------
        ParameterError
            As the constructor.
        """
        common = {"task": self.task, "features": self.features, "random_state": self.random_state}
        return RunSpec(**{"subject": subject, **common, **options})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunSpec) and self.json_text == other.json_text

    def __hash__(self) -> int:
        return hash(self.json_text)

    def __str__(self) -> str:
        shown = [f"{name}={value}" for name, value in self.columns.items() if value not in (None, "{}")]
        return " ".join(shown)


def canonical_json(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces, text readable.

    >>> canonical_json({"n_clusters": 2, "stages": ("cluster", "expand")})
    '{"n_clusters":2,"stages":["cluster","expand"]}'
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def strict_json(text: str | bytes) -> Any:
    """Read JSON and nothing else: no key twice in an object, and no number that JSON does not have.

    Raises
    ------
    ValueError
        If the text is not such JSON.

    Examples
    --------
    >>> strict_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> strict_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ValueError: a key occurs twice among a
    """
    return json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_number)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key occurs twice among {', '.join(found)}")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _given(value: Any) -> Any:
    """Leave out options that are not given, so that an option added later does not change old ids."""
    if not isinstance(value, dict):
        return value
    return {
        name: option
        for name, option in value.items()
        if option is not None and option is not False and option != {}
    }
