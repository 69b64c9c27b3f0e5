"""Cursor paging over a list that does not change: the rows of one publication in one order.

A cursor remembers the publication, the question it belongs to, and the place of the last row given
in the order of *all* rows. So pages neither skip nor repeat, even when a new publication arrives or
a row's state changes between two pages.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from api.dependencies import MOST
from api.errors import Unprocessable


class BadCursor(Unprocessable):
    """No schema can tell a cursor of ours from any other text."""

    code = "bad_cursor"
    title = "The cursor does not belong to this list"


@dataclass(frozen=True)
class Cursor:
    """Where the next page begins; `publication` None: the current one."""

    publication: int | None = None
    after: int = -1

    @classmethod
    def read(cls, text: str | None, question: Mapping[str, Any]) -> Cursor:
        """Raises BadCursor for a cursor that is not ours, or of another question."""
        if not text:
            return cls()
        try:
            publication, after, asked = orjson.loads(base64.urlsafe_b64decode(text.encode("ascii")))
            good = asked == _fingerprint(question) and all(
                type(number) is int and 0 <= number <= MOST for number in (publication, after)
            )
        except (ValueError, TypeError, binascii.Error):
            good = False
        if not good:
            raise BadCursor(
                "The cursor does not belong to this list.",
                next_step="Follow `next` as it was given, with the same filters and order, or "
                "start again without a cursor.",
            )
        return cls(publication, after)


def write_cursor(publication: int, after: int, question: Mapping[str, Any]) -> str:
    content = orjson.dumps([publication, after, _fingerprint(question)])
    return base64.urlsafe_b64encode(content).decode()


def page(
    order: NDArray[np.intp], wanted: NDArray[np.bool_], after: int, limit: int
) -> tuple[NDArray[np.intp], int | None]:
    """Rows of the next page, and the place of its last one if more follow.

    `order`: row numbers of the whole list as sorted; `wanted`: by row number.

    >>> order, wanted = np.array([3, 1, 0, 2]), np.array([True, True, False, True])
    >>> page(order, wanted, -1, 2)
    (array([3, 1]), 1)
    >>> page(order, wanted, 1, 2)
    (array([0]), None)
    """
    places = np.flatnonzero(wanted[order])
    places = places[np.searchsorted(places, after, side="right") :]
    rows = order[places[:limit]]
    return rows, int(places[limit - 1]) if len(places) > limit else None


def _fingerprint(question: Mapping[str, Any]) -> str:
    text = orjson.dumps(dict(question), option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(text).hexdigest()[:12]
