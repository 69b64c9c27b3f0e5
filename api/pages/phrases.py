"""What the record and the scorecard say in English words, in the words of a page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from forecasting.feeds.faults import Code


def _(message: str) -> str:
    """Marks what the catalogues translate."""
    return message


REASONS: Final[Mapping[Code, str]] = {
    Code.FIELD_COUNT: _("more or fewer fields than the header"),
    Code.QUOTES: _("text after a closing quote"),
    Code.JSON: _("not a JSON object"),
    Code.NOT_AN_ITEM: _("not an item"),
    Code.EXCLUDED: _("left out by the format"),
    Code.HEADER: _("the header again"),
    Code.NO_MATCH: _("no code can be read from the text"),
    Code.BLANK: _("a required value is missing"),
    Code.NUMBER: _("not a number"),
    Code.DATE: _("not a date"),
    Code.AMBIGUOUS: _("day and month cannot be told apart"),
    Code.FUTURE: _("dated in the future"),
    Code.CHOICE: _("not one of the known words"),
    Code.TIME: _("not a time"),
    Code.WEEKDAYS: _("not weekdays"),
    Code.TEXT: _("not a usable text"),
    Code.BOUNDS: _("beyond what is possible"),
    Code.UNKNOWN_UOM: _("unknown unit of measure"),
    Code.MIXED_UOM: _("several units of measure for one item"),
    Code.CONFLICT: _("the same key twice with other values"),
}

MISSES: Final[Mapping[str, str]] = {
    r"the stock was not known": _("the stock was not known"),
    r"the stock known was old": _("the stock known was old"),
    r"the shelf lost more than was sold": _("the shelf lost more than was sold"),
    r"(?P<sold>\S+) sold, P90 of the forecast (?P<most>\S+)": _(
        "%(sold)s sold; 9 times out of 10, %(most)s at most were expected"
    ),
    r"had (?P<had>\S+), received (?P<got>\S+), sold (?P<went>\S+)": _(
        "had %(had)s, received %(got)s, sold %(went)s"
    ),
    r"order (?P<order>.+), promised for (?P<day>\S+), late": _(
        "order %(order)s, promised for %(day)s, came late"
    ),
    r"order (?P<order>.+), promised for (?P<day>\S+): (?P<units>\S+) units missing": _(
        "order %(order)s, promised for %(day)s: %(units)s units missing"
    ),
}
"""How `models.scorecard.ruptures` tells why a stockout was missed."""


COMMENTS: Final[Mapping[str, str]] = {
    r"ordered: (?P<order>.+), (?P<units>\S+) units on (?P<day>\S+) "
    r"\(proposal (?P<proposal>\d+) of publication (?P<publication>\d+)\)": _(
        "order %(order)s of %(units)s units seen on %(day)s, as proposal %(proposal)s of "
        "publication %(publication)s advised"
    ),
}
"""What `models.publication.recognition` writes beside a warning."""


def comment_of(comment: str) -> tuple[str, dict[str, str]]:
    """The message and its values; what a person wrote stays as it is.

    >>> comment_of("ordered: PO-1, 8 units on 2026-11-17 (proposal 2 of publication 4)")[1]
    {'order': 'PO-1', 'units': '8', 'day': '2026-11-17', 'proposal': '2', 'publication': '4'}
    >>> comment_of("called: 100% sure")
    ('called: 100%% sure', {})
    """
    return _told(comment, COMMENTS)


def miss_of(detail: str) -> tuple[str, dict[str, str]]:
    """The message and its values; an unknown sentence stays as it is.

    >>> miss_of("had 41, received 0, sold 41")
    ('had %(had)s, received %(got)s, sold %(went)s', {'had': '41', 'got': '0', 'went': '41'})
    >>> miss_of("something else 5%")
    ('something else 5%%', {})
    """
    return _told(detail, MISSES)


def _told(text: str, messages: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    for pattern, message in messages.items():
        found = re.fullmatch(pattern, text)
        if found:
            return message, found.groupdict()
    return text.replace("%", "%%"), {}
