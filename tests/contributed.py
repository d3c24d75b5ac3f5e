"""A miner, an aligner or a chapter in a file of its own, on which its contract is tested.

The files are given to pytest as ``--miner FILE``, ``--aligner FILE`` and ``--chapter FILE``. A class is found
by the entry point of a distribution that is made for it, as the class of any other distribution is.
"""

import importlib.util
import inspect
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psqe.aligners import ALIGNERS, Aligner
from psqe.errors import ParameterError, PsqeError
from psqe.registry import Registry
from psqe.seeds import MINERS, Miner

REGISTRIES: dict[str, tuple[Registry[Any], type]] = {"miner": (MINERS, Miner), "aligner": (ALIGNERS, Aligner)}


@dataclass(frozen=True)
class Contributed:
    """A class in a file: the name that it has in its registry, and where it is."""

    name: str
    entry: str


def read(kind: str, given: str) -> Contributed:
    """Import a file and find its one class of a kind, under a name that is free.

    Raises
    ------
    PsqeError
        If there is no such file, it cannot be imported, or it has not one such class with a name of its own.
    """
    path = Path(given).resolve()
    registry, base = REGISTRIES[kind]
    if path.suffix != ".py" or not path.is_file():
        raise PsqeError("is no Python file", path=given, remedy=f"give the file (.py) that has the {kind}")
    module_name = f"contributed_{kind}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    sys.path.append(str(path.parent))  # for what the file imports from beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PsqeError(
            f"cannot be imported ({type(error).__name__}: {error})", path=given, remedy="mend the file"
        ) from error
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, base) and value.__module__ == module_name
    ]
    if len(classes) != 1:
        raise PsqeError(
            f"has {len(classes)} subclasses of {base.__name__}", path=given, remedy="define one in the file"
        )
    (found,) = classes
    name = getattr(found, "name", "")
    if not name or not isinstance(name, str):
        raise PsqeError(
            f"{found.__name__} has no name", path=given, remedy='add name = "my-name" to the class'
        )
    if name in registry:
        raise PsqeError(
            f"{name!r} is the name of another {kind}", path=given, remedy="take a name that is free"
        )
    if inspect.isabstract(found):
        lacking = ", ".join(sorted(found.__abstractmethods__))
        raise PsqeError(f"{found.__name__} does not implement {lacking}", path=given, remedy="add it")
    return Contributed(name, f"{module_name}:{found.__name__}")


def install(classes: dict[str, Contributed]) -> tempfile.TemporaryDirectory[str]:
    """Make a distribution with entry points for the classes, and put it onto the path of this process.

    Raises
    ------
    PsqeError
        If a class lacks what the registry asks for.
    """
    folder = tempfile.TemporaryDirectory(prefix="contributed-")
    distribution = Path(folder.name) / "contributed-1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: contributed\nVersion: 1.0\n")
    groups = (f"[psqe.{kind}s]\n{found.name} = {found.entry}\n" for kind, found in classes.items())
    (distribution / "entry_points.txt").write_text("".join(groups), encoding="utf-8")
    sys.path.append(folder.name)
    for registry, _ in REGISTRIES.values():
        vars(registry).pop("_entry_points", None)  # they may have been looked up before
    for kind, found in classes.items():
        try:
            REGISTRIES[kind][0].resolve(found.name)
        except ParameterError as error:
            raise PsqeError(error.what, remedy="mend the class") from error
    return folder
