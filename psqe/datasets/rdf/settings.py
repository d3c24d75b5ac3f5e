"""The settings of a pair in RDF, ``psqe.toml``: the predicates of names and of images."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

import pyoxigraph as ox
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from psqe.datasets.faults import Faults
from psqe.datasets.images import shortened

LABELS = (
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://www.w3.org/2008/05/skos-xl#prefLabel",
    "http://xmlns.com/foaf/0.1/name",
    "http://schema.org/name",
    "https://schema.org/name",
)
FALLBACKS = (
    "http://purl.org/dc/terms/title",
    "http://purl.org/dc/elements/1.1/title",
    "http://www.geonames.org/ontology#name",
    "http://www.loc.gov/mads/rdf/v1#authoritativeLabel",
    "https://d-nb.info/standards/elementset/gnd#preferredName",
    "http://www.w3.org/2006/vcard/ns#fn",
    "http://rdf.freebase.com/ns/type.object.name",
    "http://www.geneontology.org/formats/oboInOwl#hasExactSynonym",
    "http://www.w3.org/2004/02/skos/core#altLabel",
    "http://www.w3.org/2008/05/skos-xl#altLabel",
)
"""Predicates whose literals name an entity that has no label, and are attributes as well."""

IMAGES = (
    "http://xmlns.com/foaf/0.1/depiction",
    "http://schema.org/image",
    "https://schema.org/image",
    "http://dbpedia.org/ontology/thumbnail",
)


LARGEST = 100_000
"""Number of bytes of the largest file of settings."""


def _iri(text: str) -> str:
    ox.NamedNode(text)  # raises ValueError
    return text


Predicate = Annotated[str, AfterValidator(_iri)]
Language = Annotated[str, Field(pattern="^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$"), AfterValidator(str.lower)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Languages(_Strict):
    """The preferred language of the names of each side, as a tag such as ``en``; ``None`` for any.

    Examples
    --------
    >>> Languages(left="EN")
    Languages(left='en', right=None)
    """

    left: Language | None = None
    right: Language | None = None


class Settings(_Strict):
    """The keys of ``psqe.toml``, all of them optional.

    Attributes
    ----------
    labels
        Predicates whose literals are names, in order of preference.
    images
        Predicates whose objects are images, in order of preference.
    languages
        The preferred languages of names.

    Examples
    --------
    >>> Settings(images=[]).labels[0]
    'http://www.w3.org/2000/01/rdf-schema#label'
    """

    labels: list[Predicate] = list(LABELS)
    images: list[Predicate] = list(IMAGES)
    languages: Languages = Languages()

    @property
    def chooses_labels(self) -> bool:
        """Whether the file names the predicates of labels itself."""
        return "labels" in self.model_fields_set

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Predicates that name an entity without a label; none where the file chooses its labels itself."""
        return () if self.chooses_labels else FALLBACKS

    @model_validator(mode="after")
    def _apart(self) -> Settings:
        both = set(self.labels) & set(self.images)
        if both:
            raise ValueError(f"{min(both)} is among the labels and among the images")
        return self


def read_settings(path: Path, faults: Faults) -> Settings | None:
    """Read the settings in a file.

    Parameters
    ----------
    path
        The file ``psqe.toml``.
    faults
        Receives a file that cannot be read or is no TOML, unknown keys and impossible values.

    Returns
    -------
    Settings or None
        The settings; ``None`` after a fault.
    """
    remedy = "the keys are labels, images and languages; see the documentation of psqe.datasets.layouts.rdf"
    text = ""
    try:
        if not path.is_file():
            faults.add("is no file", path=path, remedy="delete it, or write the settings into a file")
            return None
        if path.stat().st_size > LARGEST:
            faults.add(f"is larger than {LARGEST:,} bytes", path=path, remedy=remedy)
            return None
        text = path.read_bytes().decode("utf-8-sig")
        return Settings.model_validate(tomllib.loads(text))
    except OSError as error:
        faults.add(f"cannot be read ({error.strerror})", path=path, remedy="make it readable, or delete it")
    except RecursionError:
        faults.add("nests too deeply", path=path, remedy=remedy)
    except UnicodeDecodeError:
        faults.add("is not UTF-8", path=path, remedy="save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        place_in = re.match(r"line (\d+)", place)  # or it is the end of the document
        line = int(place_in[1]) if place_in else text.count("\n") + 1
        faults.add(f"is no TOML: {what}", path=path, line=line, remedy="correct the line")
    except ValidationError as error:
        for wrong in error.errors():
            what, how = _wrong(wrong)
            faults.add(what, path=path, remedy=how or remedy)
    return None


_WRITE = {
    "labels": f'write a list of predicates, such as labels = ["{LABELS[0]}"]',
    "images": f'write a list of predicates, such as images = ["{IMAGES[0]}"], or images = [] for none',
    "languages": 'write a tag for one side or for both, such as languages = {left = "en", right = "fr"}',
}
"""How each key is written."""

_WRONG = {
    "list_type": "is no list",
    "string_type": "is no text",
    "string_pattern_mismatch": "is no tag of a language",
    "model_type": "is no table with the keys left and right",
    "extra_forbidden": "is not known",
}
"""What is wrong with a value, by the name that pydantic gives to it."""


def _wrong(error: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with a key, and how the key is written; an empty text if it is no key of ours."""
    message = str(error["msg"]).removeprefix("Value error, ")
    place = error["loc"]
    if not place:
        return message, ""
    what = _WRONG.get(error["type"], f"is no IRI ({message})")
    key = ".".join(part for part in place if isinstance(part, str))
    subject = "" if error["type"] == "extra_forbidden" else "the value of "
    number = next((f"entry {part + 1} of " for part in place if isinstance(part, int)), subject)
    return f"{number}the key {shortened(key)!r} {what}", _WRITE.get(str(place[0]), "")
