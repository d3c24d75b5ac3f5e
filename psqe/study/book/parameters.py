"""The parameters of a notebook: declared once, in its ``parameters`` cell, and checked before it runs.

The cell tagged ``parameters`` holds annotated assignments, each with a comment that says what the
parameter means and, after the last semicolon, which values it may have::

    n_seeds: int = 600  # seeds to mine; 1..
    temperature: float = 0.1  # temperature of the contrastive loss; 0.01..10
    aligner: str = "mclea"  # the aligner that is trained; eva | mclea | meaformer
    random_states: list[int] = [0, 1, 2]  # one training run each; 0..

``low..high`` is a closed range, either end may be left out; ``a | b`` lists choices. For a list the
rule holds for each item.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from psqe.errors import ParameterError

Profile = Literal["smoke", "default", "full"]
"""How much a notebook computes: enough to see that it works, what the book shows, or everything."""

PROFILES: tuple[str, ...] = get_args(Profile)
"""The names of the profiles."""

_SCALARS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_KINDS = (*_SCALARS, *(f"list[{name}]" for name in _SCALARS))
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter of a notebook.

    Attributes
    ----------
    name
        The name of the parameter.
    kind
        The type as written: ``int``, ``float``, ``str``, ``bool`` or ``list[...]`` of one of these.
    default
        The value in the notebook.
    comment
        What the parameter means and which values it may have, as written.
    low
        The smallest value allowed; minus infinity by default.
    high
        The largest value allowed; infinity by default.
    choices
        The values allowed, as text; empty, the default, if every value is.

    Examples
    --------
    >>> Parameter("n_seeds", "int", 600, "number of seeds; 1..", low=1).convert("300")
    300
    """

    name: str
    kind: str
    default: Any
    comment: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def convert(self, value: Any) -> Any:
        """Convert a value, or the text typed for it, to the type of the parameter.

        Parameters
        ----------
        value
            The value, or its text. Items of a list may be separated by commas, or stand in brackets.

        Returns
        -------
        int, float, str, bool or list
            The value, of the type of the parameter.

        Raises
        ------
        ParameterError
            If the value is of another type, out of range, or none of the choices.
        """
        if self.kind.startswith("list["):
            item = self.kind[5:-1]
            if isinstance(value, str):
                value = _split(value)
            if not isinstance(value, list | tuple):
                raise self._wrong(value)
            if not value and self.default:
                raise ParameterError(
                    f"parameter {self.name!r} is an empty list", remedy="give at least one value"
                )
            return [self._within(self._scalar(v, item)) for v in value]
        return self._within(self._scalar(value, self.kind))

    def declaration(self, value: Any) -> str:
        """Return the line of Python that declares the parameter with another value."""
        return f"{self.name}: {self.kind} = {value!r}  # {self.comment}"

    def _scalar(self, value: Any, kind: str) -> Any:
        if isinstance(value, str) and kind != "str":
            try:
                value = _WORDS[value.strip().lower()] if kind == "bool" else _SCALARS[kind](value)
            except (KeyError, ValueError):
                raise self._wrong(value) from None
        if kind == "float" and type(value) is int:
            return float(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise ParameterError(f"parameter {self.name!r} is {value!r}", remedy="give a finite number")
        if type(value) is not _SCALARS[kind]:  # not isinstance: True is no int here
            raise self._wrong(value)
        return value

    def _within(self, value: Any) -> Any:
        if self.choices and str(value) not in self.choices:
            raise ParameterError(
                f"parameter {self.name!r} cannot be {value!r}",
                remedy=f"choose from {', '.join(self.choices)}",
            )
        bounded = isinstance(value, int | float) and not isinstance(value, bool)
        if bounded and not self.low <= value <= self.high:  # also refuses nan
            low, high = ("" if math.isinf(b) else f"{b:g}" for b in (self.low, self.high))
            raise ParameterError(
                f"parameter {self.name!r} is {value!r}", remedy=f"it must lie in {low}..{high}"
            )
        return value

    def _wrong(self, value: Any) -> ParameterError:
        return ParameterError(
            f"parameter {self.name!r} is {value!r}, which is no {self.kind}",
            remedy=f"give a value like {self.default!r} ({self.comment})",
        )


def parse_parameters(source: str) -> dict[str, Parameter]:
    """Read the declarations in the source of a ``parameters`` cell.

    Parameters
    ----------
    source
        The text of the cell.

    Returns
    -------
    dict
        The parameters by name, in the order of the cell.

    Raises
    ------
    ParameterError
        If a line is no annotated assignment of a literal, has no comment, an unknown type, or a
        default that breaks its own rule.
    """
    try:
        statements = ast.parse(source).body
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError) as error:
        raise ParameterError(f"the parameters cell is no Python ({error})") from error
    comments = {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}
    parameters: dict[str, Parameter] = {}
    for statement in statements:
        parameter = _declared(statement, comments)
        if parameter.name in parameters:
            raise ParameterError(f"parameter {parameter.name!r} is declared twice")
        parameters[parameter.name] = parameter
    return parameters


def resolve(
    parameters: Mapping[str, Parameter], profile: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Find the value of every parameter: the one given, or else that of the profile, or else the default.

    Parameters
    ----------
    parameters
        The parameters by name.
    profile
        The values of the profile, by name.
    given
        The values that a user gives, or their text, by name.

    Returns
    -------
    dict
        The value of every parameter by name, of the parameter's type.

    Raises
    ------
    ParameterError
        If a name is unknown or a value does not fit; the message lists the parameters there are.
    """
    for name in (*profile, *given):
        if name not in parameters:
            known = ", ".join(f"{p.name} ({p.kind})" for p in parameters.values()) or "none"
            raise ParameterError(f"there is no parameter {name!r}", remedy=f"the notebook has: {known}")
    chosen = {**{name: p.default for name, p in parameters.items()}, **profile, **given}
    return {name: parameters[name].convert(value) for name, value in chosen.items()}


def parse_assignments(assignments: Sequence[str]) -> dict[str, str]:
    """Split the assignments that were typed after ``-p``.

    Parameters
    ----------
    assignments
        Texts ``NAME=VALUE``.

    Returns
    -------
    dict
        The text of each value by name.

    Raises
    ------
    ParameterError
        If one has no equals sign, or a name is given twice.

    Examples
    --------
    >>> parse_assignments(["n_seeds=300"])
    {'n_seeds': '300'}
    """
    values: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"{assignment!r} is no assignment", remedy="write -p name=value")
        if name.strip() in values:
            raise ParameterError(f"parameter {name.strip()!r} is given twice")
        values[name.strip()] = value.strip()
    return values


def _declared(statement: ast.stmt, comments: Mapping[int, str]) -> Parameter:
    text = ast.unparse(statement)
    if not (
        isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value
    ):
        raise ParameterError(
            f"the parameters cell has a line that declares no parameter: {text!r}",
            remedy="write name: type = value  # what it means; low..high or a | b",
        )
    name, kind = statement.target.id, ast.unparse(statement.annotation)
    if kind not in _KINDS:
        raise ParameterError(f"parameter {name!r} has type {kind}", remedy=f"choose from {', '.join(_KINDS)}")
    comment = comments.get(statement.end_lineno or 0, "")
    if not comment:
        raise ParameterError(f"parameter {name!r} has no comment", remedy="say on its line what it means")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError as error:
        raise ParameterError(f"the default of parameter {name!r} is no literal: {text!r}") from error
    low, high, choices = _rule(comment)
    parameter = Parameter(name, kind, default, comment, low, high, choices)
    parameter.convert(default)
    return parameter


def _rule(comment: str) -> tuple[float, float, tuple[str, ...]]:
    """Read the bounds and the choices in the part of a comment after its last semicolon."""
    rule = comment.rpartition(";")[2].strip() if ";" in comment else ""
    if found := _RANGE.fullmatch(rule):
        low, high = found.groups()
        return float(low or -math.inf), float(high or math.inf), ()
    if "|" in rule:
        return -math.inf, math.inf, tuple(choice.strip() for choice in rule.split("|"))
    return -math.inf, math.inf, ()


def _split(text: str) -> Any:
    """Split a list that was typed as ``a,b`` or as a Python list into its items."""
    if text.lstrip().startswith("["):
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            return text
    return [item.strip() for item in text.split(",")] if text.strip() else []
