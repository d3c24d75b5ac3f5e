"""Groups of options: a command takes typed objects, whose fields are flat options on the command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, get_type_hints


def flat_options(command: Callable[..., None]) -> Callable[..., None]:
    """Spread the option groups that a command takes over the command line.

    Parameters
    ----------
    command
        A function some of whose parameters are annotated with dataclasses. Each field of such a dataclass
        becomes an option of its own, annotated for Typer as the field is.

    Returns
    -------
    A function with flat options, for Typer. The function gathers them and calls ``command`` with the objects.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Where:
    ...     folder: str = "."
    >>> @flat_options
    ... def show(where: Where, n: int = 3) -> None:
    ...     print(where, n)
    >>> list(inspect.signature(show).parameters)
    ['folder', 'n']
    >>> show(folder="here", n=1)
    Where(folder='here') 1
    """
    annotations = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in annotations.items() if is_dataclass(kind)}
    flat: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name not in groups:
            flat.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=annotations[name]))
            continue
        types = get_type_hints(groups[name], include_extras=True)
        for field in fields(groups[name]):
            default = parameter.empty if field.default is MISSING else field.default
            flat.append(
                parameter.replace(
                    name=field.name,
                    kind=parameter.KEYWORD_ONLY,
                    default=default,
                    annotation=types[field.name],
                )
            )

    def gathered(**values: Any) -> None:
        objects = {
            name: group(**{field.name: values.pop(field.name) for field in fields(group)})
            for name, group in groups.items()
        }
        command(**objects, **values)

    gathered.__name__, gathered.__doc__ = command.__name__, command.__doc__
    gathered.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    vars(gathered)["__signature__"] = inspect.Signature(flat)
    return gathered
