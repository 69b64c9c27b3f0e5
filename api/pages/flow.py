"""`/flow`: where the value at risk comes from, and where it is lost."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import pandas as pd
from anyio import to_thread
from fastapi import APIRouter, Query, Response

from api.dependencies import InPublications
from api.flows import flow_in, names_of, places_of
from api.pages.board import board_of
from api.pages.frame import InFrame, freshness_of

router = APIRouter(include_in_schema=False)

FACETS = ("supplier", "category", "site")
Value = Annotated[str, Query(max_length=200)]


@router.get("/flow")
async def flow(
    frame: InFrame,
    publications: InPublications,
    supplier: Value = "",
    category: Value = "",
    site: Value = "",
) -> Response:
    served = await publications.current()
    asked = {"supplier": supplier, "category": category, "site": site}
    narrow = {name: value for name, value in asked.items() if value}
    found = await to_thread.run_sync(flow_in, served.reader, narrow)
    board = await to_thread.run_sync(board_of, served)
    return frame.page(
        "flow.html",
        title=frame._("Flow of risk"),
        freshness=freshness_of(served),
        asked=asked,
        narrow=narrow,
        facets={name: board.facets()[name] for name in FACETS},
        source=f"/v1/flow?{urlencode(narrow)}",
        currencies=currencies_of(found.nodes),
        named=names_of(served.reader, found.nodes),
        places=len(places_of(served.reader)),
    )


def currencies_of(nodes: pd.DataFrame) -> list[dict[str, Any]]:
    """By currency, the nodes of each kind with their value, the largest first."""
    found = []
    for currency, mine in nodes.groupby("currency", sort=True):
        kinds = {
            str(kind): rows.sort_values("value", ascending=False).to_dict("records")
            for kind, rows in mine.groupby("kind", sort=False)
        }
        found.append({"currency": currency, "kinds": kinds})
    return found
