"""Sheets of small pictures: the pictures of many entities in one image, of which a page shows parts."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape

import numpy as np
from PIL import Image

from psqe.errors import ParameterError
from psqe.features.image import open_picture
from psqe.graph import AlignmentTask, BoolArray, KnowledgeGraph, Side, Sides

PIXELS = 48
"""Width and height of a picture on a sheet in pixels."""

N_COLUMNS = 40
"""Number of pictures in a row of a sheet."""

QUALITY = 45
"""Quality of the compression (WebP), from 0 to 100: two thousand emoji need about 600 kB."""


@dataclass(frozen=True, eq=False, repr=False)
class PictureSheet:
    """The pictures of all candidates of a side in one image, row by row.

    Attributes
    ----------
    uri
        The image as a ``data:`` address, which a page carries with it.
    n_columns, n_rows
        Number of pictures beside and below each other.
    present
        Whether each candidate has a picture ``(n,)``.
    """

    uri: str
    n_columns: int
    n_rows: int
    present: BoolArray

    @classmethod
    def from_graph(cls, graph: KnowledgeGraph) -> PictureSheet:
        """Put the pictures of the candidates of a graph on a sheet.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        paths = [graph.images[i] for i in graph.candidates.tolist()]
        n_columns = max(1, min(N_COLUMNS, len(paths)))
        n_rows = max(1, -(-len(paths) // n_columns))
        sheet = Image.new("RGB", (n_columns * PIXELS, n_rows * PIXELS), "white")
        for place, path in enumerate(paths):
            if path is not None:
                # Twice as many pixels as are shown: the margin of a drawing is cut off before it is scaled.
                picture = open_picture(path, drawing_pixels=2 * PIXELS)
                row, column = divmod(place, n_columns)
                small = picture.resize((PIXELS, PIXELS), Image.Resampling.LANCZOS)
                sheet.paste(small, (column * PIXELS, row * PIXELS))
        buffer = io.BytesIO()
        sheet.save(buffer, "WEBP", quality=QUALITY, method=4)
        uri = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
        return cls(uri, n_columns, n_rows, np.array([path is not None for path in paths], dtype=bool))

    def position(self, place: int) -> str:
        """Return the CSS ``background-position`` that shows the picture of a candidate.

        Parameters
        ----------
        place
            Position of the entity among the candidates, from 0.
        """
        row, column = divmod(place, self.n_columns)
        x, y = (
            100 * at / (n - 1) if n > 1 else 0.0 for at, n in ((column, self.n_columns), (row, self.n_rows))
        )
        return f"{x:.4g}% {y:.4g}%"


@dataclass(frozen=True, eq=False, repr=False)
class PictureSheets:
    """The sheets of both sides, and the piece of a page that carries them.

    A page shows :class:`PictureSheets` once, before everything that refers to its pictures.

    Attributes
    ----------
    task
        The two graphs.
    sheets
        The sheet of either side.
    """

    task: AlignmentTask
    sheets: Sides[PictureSheet]

    @classmethod
    def from_task(cls, task: AlignmentTask) -> PictureSheets:
        """Put the pictures of all candidates on sheets.

        Raises
        ------
        DataError
            If a picture cannot be read.
        """
        return cls(task, task.sides.map(PictureSheet.from_graph))

    def picture(self, side: Side, place: int, *, alternative: str = "") -> str:
        """Return a picture as a piece of a page.

        Parameters
        ----------
        side
            The side of the entity.
        place
            Position of the entity among the candidates of its side.
        alternative
            What the picture shows, for readers who cannot see it; empty, the default, where a text beside it
            says so, and the picture is passed over.

        Raises
        ------
        ParameterError
            If there is no such candidate.
        """
        sheet = self.sheets[side]
        if not 0 <= place < len(sheet.present):
            raise ParameterError(
                f"there is no {side} candidate {place}", remedy=f"give 0 to {len(sheet.present) - 1}"
            )
        role = f'role="img" aria-label="{escape(alternative)}"' if alternative else 'aria-hidden="true"'
        if not sheet.present[place]:
            return f'<span class="entity-picture none" {role}></span>'
        style = f'style="background-position:{sheet.position(place)}"'
        return f'<span class="entity-picture {side}" {role} {style}></span>'

    def _repr_html_(self) -> str:
        rules = (
            f".entity-picture.{side}{{background-image:url({sheet.uri});"
            f"background-size:{100 * sheet.n_columns}% {100 * sheet.n_rows}%}}"
            for side, sheet in (("left", self.sheets.left), ("right", self.sheets.right))
        )
        return f"<style>{''.join(rules)}</style>"
