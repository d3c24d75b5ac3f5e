"""An extension of Sphinx that gives the figures of notebooks their texts, for readers who do not see them.

A notebook keeps the text of a figure with its picture (:func:`psqe.figure_style.styled`), where MyST-NB does
not look for it.
"""

from __future__ import annotations

import json
from binascii import a2b_base64
from functools import partial
from hashlib import sha256
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx


def texts_of_pictures(notebook: Path) -> dict[str, str]:
    """Read the texts of the figures that an executed notebook shows.

    Parameters
    ----------
    notebook
        The executed notebook (``.ipynb``).

    Returns
    -------
    dict
        The text of each figure that has one, by the name that MyST-NB gives to its picture: the SHA-256 hash
        of the picture, in hexadecimal digits.
    """
    found = {}
    for cell in json.loads(notebook.read_bytes())["cells"]:
        for output in cell.get("outputs", ()):
            text = output.get("metadata", {}).get("image/png", {}).get("alt")
            if text:
                found[sha256(a2b_base64(output["data"]["image/png"])).hexdigest()] = text
    return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.connect("doctree-resolved", partial(_tell, {}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _tell(known: dict[str, str], app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give the pictures of a page their texts. A page can show figures of all notebooks."""
    pictures = [image for image in doctree.findall(nodes.image) if "alt" not in image]
    if pictures and not known:
        for notebook in sorted((Path(app.srcdir) / "runs").glob("*.ipynb")):
            known.update(texts_of_pictures(notebook))
    for image in pictures:
        text = known.get(Path(image["uri"]).stem)
        if text is not None:
            image["alt"] = text
