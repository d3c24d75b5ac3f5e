"""Words that follow the numbers: which of several texts a page prints is decided by what was measured."""

from __future__ import annotations

from collections.abc import Iterable

from psqe.evaluation.intervals import format_interval, mean_interval


def by_sign(differences: Iterable[float], *, above: str, below: str, between: str, form: str = "+.1f") -> str:
    """Choose one of three texts by whether paired differences are above, below or not apart from zero.

    Parameters
    ----------
    differences
        At least one difference, one a random state.
    above
        The text if the 95 % interval of the mean lies above zero. With a single difference there is no
        interval, and its sign decides.
    below
        The text if the interval lies below zero.
    between
        The text if zero lies in the interval, or if the difference is zero.
    form
        Format of the mean and of its bounds; one decimal with a sign by default.

    Returns
    -------
    str
        The text. In it, ``{change}`` stands for the mean with its interval in brackets, and ``{size}`` for
        the size of the mean.

    Examples
    --------
    >>> texts = {"above": "{size} more", "below": "{size} fewer", "between": "as many ({change})"}
    >>> by_sign([1.0, 2.0, 1.5], **texts)
    '1.5 more'
    >>> by_sign([1.0, -2.0, 1.5], **texts)
    'as many (+0.2 [-4.5, +4.9])'
    """
    mean, low, high = mean_interval(list(differences))
    lower, upper = (mean, mean) if low != low else (low, high)
    text = above if lower > 0 else below if upper < 0 else between
    return text.format(
        change=format_interval(mean, low, high, form, brackets=True),
        size=format(abs(mean), form.removeprefix("+")),
    )


def list_in_words(names: Iterable[str], *, empty: str = "none") -> str:
    """Write names as a list in a sentence.

    Parameters
    ----------
    names
        The names, in their order.
    empty
        The text where there is no name; ``none`` by default.

    Examples
    --------
    >>> list_in_words(["degree", "density", "meaning"])
    'degree, density and meaning'
    >>> list_in_words([])
    'none'
    """
    *others, last = list(names) or [empty]
    return f"{', '.join(others)} and {last}" if others else last
