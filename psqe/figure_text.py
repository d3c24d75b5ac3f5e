"""A text that says what is to be seen in a figure, for readers who do not see it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryLocator
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, Formatter, PercentFormatter
from numpy.typing import NDArray

MOST_SERIES = 8
"""Number of series of a figure, over all panels, whose values are told one by one."""

MOST_TEXTS = 40
"""Number of texts that are told of a figure made of pictures."""


@dataclass(frozen=True)
class Direction:
    """One axis of a panel: what it means, how its numbers are written, and what its ticks are called.

    Attributes
    ----------
    label
        The text at the axis; empty if there is none.
    limits
        The lowest and the highest value shown.
    logarithmic
        Whether the axis has a logarithmic scale.
    formatter
        What writes the numbers at the ticks.
    names
        The names of the ticks by their place, if they are names and no numbers.
    """

    label: str
    limits: tuple[float, float]
    logarithmic: bool
    formatter: Formatter
    names: dict[float, str]

    @classmethod
    def of(cls, axes: Axes, which: str) -> Direction:
        """Read one axis of a panel.

        Parameters
        ----------
        axes
            The panel.
        which
            ``"x"`` or ``"y"``.
        """
        axis = getattr(axes, f"{which}axis")
        low, high = sorted(getattr(axes, f"get_{which}lim")())
        siblings = getattr(axes, f"get_shared_{which}_axes")().get_siblings(axes)
        together = getattr(axes.figure, f"get_sup{which}label")()
        labels = [axis.get_label_text(), *(getattr(a, f"get_{which}label")() for a in siblings), together]
        formatter = axis.get_major_formatter()
        return cls(
            label=next((one_line(label) for label in labels if label), ""),
            limits=(float(low), float(high)),
            logarithmic=axis.get_scale() == "log",
            formatter=formatter,
            names=_tick_names(axis, formatter),
        )

    def write(self, value: float) -> str:
        """Write a value of the axis: the name of the nearest tick if ticks have names, or else a number."""
        if self.names:
            return self.names[min(self.names, key=lambda place: abs(place - value))]
        if isinstance(self.formatter, PercentFormatter):
            return f"{number(100 * value / self.formatter.xmax)} %"
        return number(value)

    def described(self) -> str:
        """Say what the axis means and which values it shows."""
        if self.names:
            names = ", ".join(self.names.values())
            return f"{self.label} ({names})" if self.label else names
        scale = ", logarithmic" if self.logarithmic else ""
        low, high = (self.write(limit) for limit in self.limits)
        return f"{self.label or 'values'} ({low} to {high}{scale})"


@dataclass(frozen=True)
class Series:
    """The points of a panel that belong together.

    Attributes
    ----------
    name
        Its entry in the legend; empty if it has none.
    x, y
        The places of the points ``(n,)``.
    joined
        Whether a line joins the points.
    bars
        Whether bars show the values.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    joined: bool = False
    bars: bool = False


def one_line(text: object) -> str:
    r"""Write a text of a figure in one line, without the signs that only matplotlib needs.

    Parameters
    ----------
    text
        The text, or the number, as it was given to matplotlib.

    Examples
    --------
    >>> one_line("temperature $\\tau$\nof the loss"), one_line(r"5 \$")
    ('temperature tau of the loss', '5 $')
    """
    plain = re.sub(r"(?<!\\)\$", "", str(text)).replace(r"\$", "$")
    return " ".join(re.sub(r"\\([a-zA-Z]+)", r"\1", plain).split())


def number(value: float) -> str:
    """Write a number with three digits, and a large one without a fraction.

    Parameters
    ----------
    value
        The number.

    Examples
    --------
    >>> number(0.97312), number(0.0), number(12345.6)
    ('0.973', '0', '12,346')
    """
    if 1000 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e-12 else "0"


def describe(figure: Figure) -> str:
    """Say in words what a figure shows: panels, axes and their ranges, series and their values.

    The label of the figure, if it has one (``figure.set_label``), comes first; of a figure without axes, such
    as a gallery of pictures, it is the whole text.

    Parameters
    ----------
    figure
        The figure.

    Returns
    -------
    str
        A few sentences in one line.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> axes = figure.subplots()
    >>> lines = axes.plot([1, 2, 4], [0.5, 0.7, 0.6], label="psqe")
    >>> _ = axes.set(xlabel="epoch", ylabel="Hits@1", xlim=(0, 5), ylim=(0, 1))
    >>> describe(figure)
    'Line chart: Hits@1 (0 to 1) against epoch (0 to 5). psqe: from 0.5 at 1 to 0.6 at 4, highest 0.7 at 2.'
    """
    panels = [axes for axes in figure.axes if axes.get_visible() and axes.get_label() != "<colorbar>"]
    label, title = str(figure.get_label()), one_line(figure.get_suptitle())
    head = [label] if label else []
    if title:
        head.append(f"{title}.")
    if all(_is_drawing(axes) for axes in panels):
        return " ".join(head or [_pictures(panels)])
    names = _names_of_colours(figure)
    known = [(axes, list(_series(axes, names))) for axes in panels if axes.has_data()]
    if len(known) > 1:
        head.append(f"{len(known)} panels.")
    brief = sum(len(series) for _, series in known) > MOST_SERIES
    return " ".join(head + [_panel(axes, series, brief=brief) for axes, series in known])


def _is_drawing(axes: Axes) -> bool:
    """Whether a panel shows no scale."""
    return not axes.axison or not (axes.get_xticks().size or axes.get_yticks().size)


def _pictures(panels: Sequence[Axes]) -> str:
    """Say what a figure without axes shows: its pictures, and the texts beside them."""
    count = sum(len(axes.images) for axes in panels)
    texts = [one_line(text) for axes in panels for text in (axes.get_title(), *_texts(axes)) if text]
    more = len(texts) - MOST_TEXTS
    shown = "; ".join(texts[:MOST_TEXTS]) + (f"; and {more} more" if more > 0 else "")
    what = f"{count} pictures" if count else "A drawing"
    return f"{what}, with these texts: {shown}." if shown else f"{what}."


def _texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def _tick_names(axis: Any, formatter: Formatter) -> dict[float, str]:
    """The names of ticks by their place; empty if each is the number of its place."""
    if not isinstance(axis.get_major_locator(), FixedLocator | StrCategoryLocator):
        return {}
    places = [float(place) for place in axis.get_majorticklocs()]
    texts = [one_line(text) for text in formatter.format_ticks(places)]
    names = {place: text for place, text in zip(places, texts, strict=True) if text}
    return {} if all(_is_number(text, place) for place, text in names.items()) else names


def _is_number(text: str, value: float) -> bool:
    """Whether a text is a certain number, perhaps as a percentage."""
    try:
        read = float(text.replace("\N{MINUS SIGN}", "-").replace(",", "").removesuffix("%"))
    except ValueError:
        return False
    return bool(np.isclose(read, [value, 100 * value], rtol=0.01).any())


def _names_of_colours(figure: Figure) -> dict[tuple[float, ...], str]:
    """The entries of all legends by their colours, for panels whose series have no entry of their own."""
    inside = (axes.get_legend() for axes in figure.axes)
    legends = [*figure.legends, *(legend for legend in inside if legend is not None)]
    found: dict[tuple[float, ...], str] = {}
    for legend in legends:
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
            get = getattr(handle, "get_color", None) or getattr(handle, "get_facecolor", None)
            colour = _colour(get()) if get is not None else None
            if colour is not None:
                found.setdefault(colour, one_line(text.get_text()))
    return found


def _colour(value: Any) -> tuple[float, ...] | None:
    """A colour without its transparency; ``None`` for none and for several."""
    rgba = colors.to_rgba_array(value)
    return tuple(float(v) for v in rgba[0, :3]) if len(rgba) == 1 else None


def _panel(axes: Axes, series: Sequence[Series], *, brief: bool) -> str:
    """Describe one panel."""
    x, y = Direction.of(axes, "x"), Direction.of(axes, "y")
    title = one_line(axes.get_title() or axes.get_title(loc="left"))
    kind = _kind(axes, series, x, y)
    head = f"{title}: {kind[0].lower()}{kind[1:]}" if title else kind
    if y.names and not x.names:
        head += f": {x.described()} for {y.described()}."
    else:
        head += f": {y.described()} {'for' if x.names else 'against'} {x.described()}."
    told = [*_maps(axes), *_values(series, x, y, brief=brief)]
    return " ".join([head, *told])


def _kind(axes: Axes, series: Sequence[Series], x: Direction, y: Direction) -> str:
    """The kind of chart that a panel is."""
    if any(isinstance(c, QuadMesh | QuadContourSet) for c in axes.collections) or axes.images:
        return "Map"
    if any(one.bars for one in series):
        return "Bar chart"
    if any(one.joined for one in series):
        return "Line chart"
    return "Dot plot" if x.names or y.names else "Scatter plot"


def _maps(axes: Axes) -> Iterator[str]:
    """Say which values the colours of a panel show."""
    for shown in (*axes.collections, *axes.images):
        values = shown.get_array() if isinstance(shown, QuadMesh) or shown in axes.images else None
        if isinstance(shown, QuadContourSet) and shown.filled:
            values = np.asarray(shown.levels)
        if values is None or np.ndim(values) > 2 or not np.size(values):
            continue
        bar = getattr(shown, "colorbar", None)
        label = one_line(bar.ax.get_ylabel() or bar.ax.get_xlabel()) if bar is not None else ""
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        yield f"Colours show {label or 'values'} from {number(low)} to {number(high)}."


def _series(axes: Axes, names: dict[tuple[float, ...], str]) -> Iterator[Series]:
    """The series of a panel. Points with the same entry in the legend are one series."""
    found: list[Series] = []
    for container in axes.containers:
        if isinstance(container, BarContainer) and len(container):
            upright = container.orientation != "horizontal"
            middles = [p.get_x() + p.get_width() / 2 if upright else p.get_y() + p.get_height() / 2
                       for p in container]  # fmt: skip
            ends = [p.get_height() if upright else p.get_width() for p in container]
            across, up = (middles, ends) if upright else (ends, middles)
            label = _name(container.get_label(), container[0].get_facecolor(), names)
            found.append(Series(label, _numbers(across), _numbers(up), bars=True))
    errors = {id(line) for c in axes.containers if not isinstance(c, BarContainer) for line in c[1:2]}
    labels = {id(c[0]): c.get_label() for c in axes.containers if not isinstance(c, BarContainer) and c[0]}
    for line in axes.lines:
        if id(line) in errors or line.get_transform() != axes.transData:
            continue
        x, y = _numbers(line.get_xdata()), _numbers(line.get_ydata())
        marker, style = line.get_marker(), line.get_linestyle()
        points = marker not in ("None", "none", "", " ", None, "|", "_")
        joined = style not in ("None", "none", "", " ") and len(x) > 1
        label = str(labels.get(id(line), line.get_label()))
        if not points and len(x) < 3 and label.startswith("_"):
            continue  # a bar of an interval, or a line that guides the eye
        name = _name(label, line.get_color(), names)
        found.append(Series(name, x, y, joined))
    for cloud in axes.collections:
        if isinstance(cloud, PathCollection):
            places = np.ma.filled(np.ma.asarray(cloud.get_offsets(), dtype=np.float64), np.nan)
            label = _name(cloud.get_label(), cloud.get_facecolor(), names)
            found.append(Series(label, _numbers(places[:, 0]), _numbers(places[:, 1])))
    order = list(dict.fromkeys(one.name for one in found))
    found.sort(key=lambda one: order.index(one.name))
    for name, group in groupby(found, key=lambda one: one.name):
        together = list(group)
        if not name and any(one.joined for one in together):
            yield from together
            continue
        xs, ys = np.concatenate([one.x for one in together]), np.concatenate([one.y for one in together])
        yield Series(
            name, xs, ys, any(one.joined for one in together) and len(together) == 1, together[0].bars
        )


def _name(label: object, colour: Any, names: dict[tuple[float, ...], str]) -> str:
    """The entry of a series in a legend: its own label, or that of its colour."""
    text = one_line(label)
    if text and not text.startswith("_"):
        return text
    key = _colour(colour)
    return names.get(key, "") if key is not None else ""


def _numbers(values: Any) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64).ravel()


def _values(series: Sequence[Series], x: Direction, y: Direction, *, brief: bool) -> Iterator[str]:
    """Say which values the series of a panel have, one by one, or all together where there are many."""
    whole = [one for one in series if (np.isfinite(one.x) & np.isfinite(one.y)).any()]
    if not whole:
        return
    if not brief:
        for one in whole:
            text = _points(one, x, y)
            yield f"{one.name}: {text}." if one.name else f"{text[0].upper()}{text[1:]}."
        return
    names = [one.name for one in whole if one.name]
    if names:
        yield f"Series: {'; '.join(dict.fromkeys(names))}."
    level = bool(y.names) and not x.names
    axis, other = (x, y) if level else (y, x)
    points = [
        (float(value), float(place), one.name)
        for one in whole
        for value, place in zip(*((one.x, one.y) if level else (one.y, one.x)), strict=True)
        if np.isfinite(value) and np.isfinite(place)
    ]
    for word, (value, place, name) in (("Lowest", min(points)), ("Highest", max(points))):
        yield f"{word}: {axis.write(value)} at {other.write(place)}{f' ({name})' if name else ''}."


def _points(one: Series, x: Direction, y: Direction) -> str:
    """Say which values a series has."""
    shown = np.isfinite(one.x) & np.isfinite(one.y)
    level = bool(y.names) and not x.names
    places, values = (one.y[shown], one.x[shown]) if level else (one.x[shown], one.y[shown])
    axis, other = (x, y) if level else (y, x)

    def at(i: int) -> str:
        return f"{axis.write(values[i])} at {other.write(places[i])}"

    lowest, highest = int(values.argmin()), int(values.argmax())
    if len(values) == 1:
        return at(0)
    if one.joined and not other.names:
        first, last = int(places.argmin()), int(places.argmax())
        text = f"from {at(first)} to {at(last)}"
        if values[highest] > max(values[first], values[last]):
            text += f", highest {at(highest)}"
        if values[lowest] < min(values[first], values[last]):
            text += f", lowest {at(lowest)}"
        return text
    if axis.write(values[lowest]) == axis.write(values[highest]):
        return f"{len(values)} points at {axis.write(values[lowest])}"
    if other.names or one.bars:
        return f"lowest {at(lowest)}, highest {at(highest)}"
    low, high = other.write(places.min()), other.write(places.max())
    return (
        f"{len(values)} points from {axis.write(values[lowest])} to {axis.write(values[highest])}, "
        f"at {low} to {high}"
    )
