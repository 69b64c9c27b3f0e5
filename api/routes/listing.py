"""Rows of one publication: a page as JSON, or by `Accept` as a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from fastapi import Request, Response

from api.bulk import FORMS, pulls_of
from api.dependencies import Publications
from api.negotiation import JSON, caching, entity_tag, negotiate, not_modified, unchanged
from api.paging import Cursor, page
from api.routes.answers import answer, next_page, with_next
from api.served import Flags, Rows, Served

VISIBLE: Final = "Vigistock-Publication"


@dataclass(frozen=True)
class Listed:
    """What there is to list of a publication; nothing is worked out before it is asked for."""

    name: str  # of the files
    table: Callable[[Served], pa.Table]
    order: Callable[[Served], Rows]
    wanted: Callable[[Served], Flags]
    items: Callable[[Served, Rows], list[dict[str, Any]]]
    usual: int  # rows of a page as JSON
    changes_with: Callable[[Served], object]  # besides the publication


async def listed(
    request: Request,
    publications: Publications,
    what: Listed,
    question: Mapping[str, Any],
    *,
    number: int | None,
    limit: int | None,
    cursor: str | None,
) -> Response:
    """The rows that are wanted, from the cursor on. Pages belong to one publication: following
    `next` neither skips nor repeats a row, even if a newer publication arrives meanwhile."""
    media = negotiate(request.headers.get("accept", ""), [JSON, *FORMS])
    asked = {**question, "of": what.name, "sites": publications.seen}
    begin = Cursor.read(cursor, asked)
    served = await publications.numbered(begin.publication or number)
    code = served.provenance["code_version"]
    tag = entity_tag(request, served.number, code, what.changes_with(served))
    if media == JSON and unchanged(request, tag):
        return not_modified(tag)
    wanted = what.wanted(served)
    most = limit or (what.usual if media == JSON else len(wanted) + 1)
    rows, last = page(what.order(served), wanted, begin.after, most)
    address = next_page(request, served.number, last, asked)
    if media != JSON:
        return await pulls_of(request).part(
            request,
            media,
            lambda: what.table(served).take(pa.array(rows, pa.int64())),
            name=f"{what.name}_{served.number}",
            headers=with_next({VISIBLE: str(served.number)}, address),
        )
    payload = {
        "provenance": served.provenance,
        "count": int(wanted.sum()),
        "items": what.items(served, rows),
        "next": address,
    }
    return answer(payload, with_next(caching(tag), address))
