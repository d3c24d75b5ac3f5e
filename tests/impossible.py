"""Values of numeric parameters that may be impossible, for the contracts of miners and aligners."""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from psqe.errors import ParameterError


def doubtful_values(kind: type) -> Iterator[tuple[str, float]]:
    """Zero and minus one for each parameter of a class that is a number, and NaN where it may be a float."""
    types = get_type_hints(kind if is_dataclass(kind) else kind.__init__)
    for parameter in inspect.signature(kind).parameters:
        given = types[parameter]
        allowed = get_args(given) if get_origin(given) in (Union, UnionType) else (given,)
        if float in allowed:
            yield from ((parameter, value) for value in (0.0, -1.0, math.nan))
        elif int in allowed:
            yield from ((parameter, value) for value in (0, -1))


def faults_of_values(kind: type, works: Callable[[str, float], bool]) -> list[str]:
    """What is wrong with a class: a doubtful value that is neither refused nor works.

    ``works`` makes an object with one value, uses it, and says whether its result is sound.
    """
    faults = []
    for parameter, value in doubtful_values(kind):
        what: Any = "gives no sound result"
        try:
            is_sound = works(parameter, value)
        except ParameterError:
            continue
        except Exception as error:  # whatever a contributed class raises
            is_sound, what = False, f"stops with {type(error).__name__}: {error}"
        if not is_sound:
            faults.append(f"{parameter}={value} {what}; raise a ParameterError")
    return faults
