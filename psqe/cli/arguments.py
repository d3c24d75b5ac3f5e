"""Reading what a user typed: lists and assignments on the command line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from psqe.errors import ParameterError


class _Values(yaml.SafeLoader):
    """Reads YAML without its own forms of numbers and dates, and refuses a key that is given twice."""

    # YAML 1.1 takes 1:30 for ninety and 010 for eight; such texts stay words, and _number reads the others.
    yaml_implicit_resolvers = {  # noqa: RUF012  # the attribute of the base class
        first: [pair for pair in pairs if not pair[0].endswith((":int", ":float", ":timestamp"))]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Make a mapping of which each key is given once."""
        given = [self.construct_object(key, deep=True) for key, _ in node.value]
        for place, key in enumerate(given):
            if key in given[:place]:
                raise ParameterError(f"a value gives {key} twice", remedy="give it once")
        return super().construct_mapping(node, deep)


def _word(loader: _Values, node: yaml.ScalarNode) -> Any:
    """The value of a text of YAML: the number that it stands for, unless it is in quotation marks."""
    return _number(node.value) if node.style is None else node.value


_Values.add_constructor("tag:yaml.org,2002:str", _word)


def names(option: str, text: str) -> list[str]:
    """The parts of a comma-separated list; an empty text has none.

    >>> names("--modalities", "image, attribute")
    ['image', 'attribute']

    Raises
    ------
    ParameterError
        If nothing is between two commas, or before or after one.
    """
    parts = [part.strip() for part in text.split(",")]
    if parts == [""]:
        return []
    if "" in parts:
        raise ParameterError(
            f"{option} {text!r} has an empty name", remedy=f"write {','.join(filter(None, parts)) or 'names'}"
        )
    return parts


def _assigned(option: str, texts: Iterable[str] | None, form: str, example: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        if not name or not value:
            raise ParameterError(
                f"{option} {text!r} is not of the form {form}", remedy=f"for example {example}"
            )
        if name in values:
            raise ParameterError(f"{option} gives {name} twice", remedy="give it once")
        values[name] = value
    return values


def encoder_choices(texts: Iterable[str] | None) -> dict[str, str]:
    """Encoders by modality from texts ``MODALITY=NAME``.

    Raises
    ------
    ParameterError
        If a text is of another form, or a modality is given twice.
    """
    return _assigned("--encoder", texts, "MODALITY=NAME", "name=use-m3")


def named_values(option: str, texts: Iterable[str] | None, example: str) -> dict[str, Any]:
    """Values by name from texts ``NAME=VALUE``: a number, true, false, none, a list, or else a word.

    Numbers are written as in Python; YAML, which reads the other values, takes 1e-3 for a word.

    >>> named_values("--switch", ["mutual=false", "n_epochs=3"], "mutual=false")
    {'mutual': False, 'n_epochs': 3}
    >>> named_values("--aligner-parameter", ["learning_rate=1e-3", "weights=[1, 2e-1]"], "decay=0.5")
    {'learning_rate': 0.001, 'weights': [1, 0.2]}

    Raises
    ------
    ParameterError
        If a text is of another form, or a name is given twice.
    """
    return {name: _value(text) for name, text in _assigned(option, texts, "NAME=VALUE", example).items()}


def _value(text: str) -> Any:
    if text.lower() == "none":
        return None
    number = _number(text)
    if number != text:
        return number
    try:
        return yaml.load(text, Loader=_Values)  # which is a SafeLoader
    except (yaml.YAMLError, ValueError):
        return text


def _number(value: Any) -> Any:
    """Return the number that a text stands for; return everything else as it is."""
    if isinstance(value, str) and "_" not in value:  # Python takes 1_0 for ten
        for kind in (int, float):
            with suppress(ValueError, OverflowError):
                if math.isfinite(number := kind(value)):
                    return number
    return value


def check_ending(option: str, path: Path | None, endings: Iterable[str]) -> None:
    """Refuse a file whose ending promises another format than the one that is written.

    Parameters
    ----------
    option
        The option that names the file.
    path
        The file; ``None`` for one that is not wanted. A name without an ending is allowed.
    endings
        The endings of the formats that the option can write.

    Raises
    ------
    ParameterError
        If the name ends otherwise.
    """
    if path is not None and path.suffix and path.suffix.lower() not in endings:
        *most, last = endings
        known = f"{', '.join(most)} or {last}" if most else last
        raise ParameterError(
            f"{option} cannot write {path.suffix} files", remedy=f"let the name end in {known}"
        )


def threshold_value(text: str) -> float | None:
    """A confidence from a number; ``None`` for ``auto``.

    Raises
    ------
    ParameterError
        If the text is neither.
    """
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise ParameterError(
            f"--threshold {text!r} is no number", remedy="give a confidence from 0 to 1, or auto"
        ) from None
