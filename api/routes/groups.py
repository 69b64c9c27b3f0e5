"""The planner's actions: groups of warnings that one call, order or transfer repairs."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.dependencies import InPublications, Number
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.routes.answers import answer, documented, only_known
from api.schemas.groups import GroupAnswer, GroupPage
from api.served import PRIORITY
from models.attention import Attention

router = APIRouter(prefix="/v1/groups", tags=["warnings"], dependencies=[Depends(only_known)])


@router.get(
    "",
    operation_id="listGroups",
    response_model=GroupPage,
    responses=documented(304, 404, 410, 422, 503),
)
async def list_groups(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    buyer: Annotated[str | None, Query(max_length=200)] = None,
    site: Annotated[
        str | None, Query(max_length=200, description="groups with a series of this site")
    ] = None,
    attention: Annotated[Attention | None, Query()] = None,
) -> Response:
    """What to do today, each action with the warnings it repairs, the most expected loss avoided
    first; what the budget leaves out; and what nothing avoids any more."""
    served = await publications.numbered(publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    keep = np.ones(served.groups.num_rows, dtype=bool)
    for name, value in (("buyer", buyer), ("attention", attention)):
        if value is not None:
            keep &= pc.equal(served.groups[name], value).to_numpy()
    items = served.group_rows(keep)
    items = [one for one in items if site is None or site in one["at_sites"]]
    payload = {"provenance": served.provenance, "count": len(items), "items": items}
    return answer(payload, caching(tag))


@router.get(
    "/{group}",
    operation_id="getGroup",
    response_model=GroupAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def get_group(
    request: Request,
    publications: InPublications,
    group: Annotated[int, Path(ge=1, le=2**31, description="number within the publication")],
    publication: Number = None,
) -> Response:
    """One action, and the series it repairs."""
    served = await publications.numbered(publication)
    tag = entity_tag(request, served.number, served.provenance["code_version"], served.lives)
    if unchanged(request, tag):
        return not_modified(tag)
    found = served.group(group)
    wanted = served.wanted({"group": group}, None)
    order = served.order(PRIORITY)
    payload = {
        "provenance": served.provenance,
        "group": found,
        "warnings": served.warning_rows(order[wanted[order]]),
    }
    return answer(payload, caching(tag))
