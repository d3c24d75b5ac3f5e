"""Literals that say nothing that can be compared: geometry, binary data and whole documents."""

from __future__ import annotations

import re

LONGEST = 100_000
"""Number of characters of the longest literal that is an attribute."""

_GEOMETRY = (
    "http://www.opengis.net/ont/geosparql#wktLiteral",
    "http://www.opengis.net/ont/geosparql#gmlLiteral",
    "http://www.opengis.net/ont/geosparql#kmlLiteral",
    "http://www.opengis.net/ont/geosparql#geoJSONLiteral",
    "http://www.opengis.net/ont/sf#wktLiteral",
    "http://www.openlinksw.com/schemas/virtrdf#Geometry",
)
_KINDS = {
    **dict.fromkeys(_GEOMETRY, "geometry"),
    "http://www.w3.org/2001/XMLSchema#base64Binary": "binary data",
    "http://www.w3.org/2001/XMLSchema#hexBinary": "binary data",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML": "markup",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral": "markup",
}
_WKT = re.compile(
    r"\s*(?:SRID=\d+;|<[^>]*>)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION|CURVE|SURFACE)"
    r"\s*(?:ZM|Z|M)?\s*\(\s*[-(\d]",
    re.IGNORECASE,
)
_OTHERS = (
    (re.compile(r"\s*<(?:gml|kml|ogc):"), "geometry"),
    (re.compile(r"""\s*\{\s*"(?:type|coordinates)"\s*:.*"coordinates"\s*:""", re.DOTALL), "geometry"),
    (re.compile(r"data:[\w/+.-]*;base64,"), "binary data"),
    (re.compile(r"\s*(?:<!DOCTYPE html|<html|<svg)", re.IGNORECASE), "markup"),
)


def unusable(text: str, datatype: str) -> str | None:
    """Return what a literal is that cannot be compared as text; ``None`` for any other literal.

    Parameters
    ----------
    text
        The lexical value.
    datatype
        IRI of the datatype.

    Returns
    -------
    str or None
        ``geometry``, ``binary data``, ``markup`` or ``very long texts``.

    Examples
    --------
    >>> unusable("Point(12.5 41.9)", "http://www.opengis.net/ont/geosparql#wktLiteral")
    'geometry'
    >>> unusable("The point (of it)", "http://www.w3.org/2001/XMLSchema#string")
    """
    if datatype in _KINDS:
        return _KINDS[datatype]
    if len(text) > LONGEST:
        return "very long texts"
    if len(text) > 8 and text.lstrip()[:1].upper() in "MPLGCS<{D":
        if _WKT.match(text):
            return "geometry"
        return next((kind for pattern, kind in _OTHERS if pattern.match(text[:1000])), None)
    return None
