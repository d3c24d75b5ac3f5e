"""Reading what a user typed: lists and assignments on the command line."""

from __future__ import annotations

from typing import Any

import yaml

from psqe.errors import ParameterError


def names(text: str) -> list[str]:
    """The parts of a comma-separated list.

    >>> names("image, attribute")
    ['image', 'attribute']
    """
    return [part.strip() for part in text.split(",") if part.strip()]


def _assigned(option: str, text: str, form: str, example: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ParameterError(f"{option} {text!r} is not of the form {form}", remedy=f"for example {example}")
    return name, value


def encoder_choice(text: str) -> tuple[str, str]:
    """Modality and encoder from ``MODALITY=NAME``.

    Raises
    ------
    ParameterError
        If the text is of another form.
    """
    return _assigned("--encoder", text, "MODALITY=NAME", "name=use-m3")


def switch_value(text: str) -> tuple[str, Any]:
    """Switch and value of ``--switch``, see :func:`named_value`.

    >>> switch_value("mutual=false")
    ('mutual', False)
    """
    return named_value("--switch", text, "mutual=false")


def named_value(option: str, text: str, example: str) -> tuple[str, Any]:
    """Name and value from ``NAME=VALUE``: a number, true, false, none, or else a word.

    Raises
    ------
    ParameterError
        If the text is of another form.
    """
    name, value = _assigned(option, text, "NAME=VALUE", example)
    if value.lower() == "none":
        return name, None
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError:
        return name, value


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
