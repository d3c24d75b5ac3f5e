"""Reading what a user typed: lists and assignments on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
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


def named_values(option: str, texts: Iterable[str] | None, example: str) -> dict[str, Any]:
    """Values by name from texts ``NAME=VALUE``: a number, true, false, none, a list, or else a word.

    >>> named_values("--switch", ["mutual=false", "n_epochs=3"], "mutual=false")
    {'mutual': False, 'n_epochs': 3}

    Raises
    ------
    ParameterError
        If the text is of another form.
    """
    values: dict[str, Any] = {}
    for text in texts or ():
        name, value = _assigned(option, text, "NAME=VALUE", example)
        try:
            values[name] = None if value.lower() == "none" else yaml.safe_load(value)
        except yaml.YAMLError:
            values[name] = value
    return values


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
        raise ParameterError(
            f"{option} cannot write {path.suffix} files", remedy=f"let the name end in {' or '.join(endings)}"
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
