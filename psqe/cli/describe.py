"""The command ``psqe describe``: which miners, aligners, encoders, layouts and modalities there are."""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import fields
from typing import Annotated, Any

import typer

from psqe.errors import ParameterError
from psqe.registry import Registry
from psqe.switches import CORRECTED, RELEASED, Switches


def describe(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A miner, an aligner, an encoder, a layout or a modality."),
    ] = None,
) -> None:
    """Say what a miner, an aligner, an encoder, a layout or a modality is; or list them all."""
    kinds, modalities = registered(), modality_lines()
    if name is None:
        width = max(len(entry) for entries in (*kinds.values(), modalities) for entry in entries)
        for kind, entries in kinds.items():
            typer.echo(f"{kind}s:")
            for entry in entries:
                try:
                    text = summary(entries[entry])
                except ParameterError as error:
                    text = f"cannot be used: {error}"
                typer.echo(f"  {entry:{width}s}  {text}")
        typer.echo("modalities:")
        for modality, (meaning, default, _) in modalities.items():
            typer.echo(f"  {modality:{width}s}  {meaning} {default}")
        return
    found = {kind: entries[name] for kind, entries in kinds.items() if name in entries}
    if not found and name not in modalities:
        known = ", ".join(entry for entries in (*kinds.values(), modalities) for entry in entries)
        raise ParameterError(
            f"there is no {' or '.join((*kinds, 'modality'))} {name!r}", remedy=f"choose from {known}"
        )
    for kind, value in found.items():
        typer.echo("\n".join(described(name, kind, value)))
    if name in modalities:
        meaning, *encoders = modalities[name]
        typer.echo("\n  ".join((f"{name} (modality): {meaning}", *encoders)))


def registered() -> dict[str, Registry[Any]]:
    """Return the registries by kind; they include what plug-ins bring."""
    from psqe.aligners import ALIGNERS
    from psqe.datasets.layouts import LAYOUTS
    from psqe.features import ENCODERS
    from psqe.seeds import MINERS

    return {registry.kind: registry for registry in (MINERS, ALIGNERS, ENCODERS, LAYOUTS)}


def modality_lines() -> dict[str, tuple[str, str, str]]:
    """Describe the modalities that encoders serve, those of other distributions included.

    Returns
    -------
    For each modality a sentence about what it is, one about its default encoder, and one about the others.

    Examples
    --------
    >>> modality_lines()["number"][1:]
    ('Its encoder is bins.', 'There is no other encoder.')
    """
    from psqe.features.encoder_registry import MODALITIES, encoder_choices

    lines: dict[str, tuple[str, str, str]] = {}
    for modality, (default, *others) in encoder_choices().items():
        meaning = MODALITIES.get(modality, "A modality that an encoder of another distribution serves.")
        more = f"Other encoders are {', '.join(others)}." if others else "There is no other encoder."
        lines[modality] = meaning, f"Its encoder is {default}.", more
    return lines


def described(name: str, kind: str, value: Any) -> list[str]:
    """Describe a registered object in lines of text.

    Parameters
    ----------
    name, kind
        The name that it is registered by, and what it is, such as ``"miner"``.
    value
        The class, object or module itself.

    Returns
    -------
    The name and the summary of the object; for a class, each parameter with type, default and the first
    sentence of its description; the presets of an aligner; and the switches of a method with variants.
    """
    lines = [f"{name} ({kind}): {summary(value)}"]
    if not inspect.isclass(value):
        return lines
    documented = parameter_sentences(value)
    for parameter in inspect.signature(value).parameters.values():
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        annotation = (
            "" if parameter.annotation is parameter.empty else f": {_type_name(parameter.annotation)}"
        )
        lines.append(f"  {parameter.name}{annotation}{default}")
        lines += textwrap.wrap(
            documented.get(parameter.name, ""), 96, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
    for preset, parameters in getattr(value, "PRESETS", {}).items():
        values = ", ".join(f"{key}={given!r}" for key, given in parameters.items())
        lines.append(f"  preset {preset}: {values or 'the defaults'}")
    rules = getattr(value, "RULES", None)
    return lines if rules is None else [*lines, *switch_lines(rules)]


def switch_lines(rules: type[Switches]) -> list[str]:
    r"""Describe the switches of a method in lines of text.

    Parameters
    ----------
    rules
        The class of the switches.

    Returns
    -------
    The variants; and each switch with its type, its value in the variants ``corrected`` and ``released``, and
    what either of them does.

    Examples
    --------
    >>> from psqe.aligners.variants import TrainedRules
    >>> print("\n".join(switch_lines(TrainedRules)[2:5]))
        centre: bool = True in corrected, False in released
            released: The mean of a side is not subtracted from its vectors.
            corrected: The mean of each side is subtracted from its vectors.
    """
    others = [
        f"{name} (corrected with {', '.join(f'{key}={value!r}' for key, value in values.items())})"
        for name, values in rules.OTHER.items()
    ]
    variants = [f"{RELEASED} (what the authors' code does)", f"{CORRECTED} (the default)", *others]
    lines = [
        f"  variants: {', '.join(variants)}",
        "  switches, whose values can also be given one by one with the parameter switches:",
    ]
    for field in fields(rules):
        notes = field.metadata
        lines.append(
            f"    {field.name}: {_type_name(field.type)} = {field.default!r} in {CORRECTED}, "
            f"{notes['released']!r} in {RELEASED}"
        )
        for variant, meaning in ((RELEASED, notes["theirs"]), (CORRECTED, notes["does"])):
            lines += textwrap.wrap(
                f"{variant}: {meaning}", 96, initial_indent=" " * 8, subsequent_indent=" " * 10
            )
    return lines


def summary(value: Any) -> str:
    """Return the first sentence of an object's documentation."""
    return _first_sentence(inspect.getdoc(value) or "")


def parameter_sentences(kind: type) -> dict[str, str]:
    """Return the first sentence about each parameter, from the docstrings of a class and of its bases.

    Examples
    --------
    >>> from psqe.seeds import RandomMiner
    >>> parameter_sentences(RandomMiner)["n_seeds"]
    'Number of seeds wanted, at most the number of candidates of the smaller side.'
    """
    sentences: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        text = inspect.cleandoc(vars(base).get("__doc__") or "")
        section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", text, re.DOTALL | re.MULTILINE)
        for names, body in re.findall(
            r"^(\w[\w, ]*)(?: :[^\n]*)?\n((?:(?: +[^\n]*)?\n?)+)", section[1] if section else "", re.MULTILINE
        ):
            sentence = _first_sentence(inspect.cleandoc(body))
            sentences |= dict.fromkeys((name.strip() for name in names.split(",")), sentence)
    return sentences


def _first_sentence(text: str) -> str:
    """Return the first sentence of a text, without marks of reStructuredText."""
    paragraph = " ".join(text.split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.!?])\s(?=[A-Z`])", paragraph)[0]
    return re.sub(r":\w+:`~?([^`]+)`|``([^`]*)``", lambda match: match[1] or match[2], sentence)


def _type_name(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:\w+\.)+", "", text)
