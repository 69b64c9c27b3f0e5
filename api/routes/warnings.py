"""Which series will run out: the planner's list."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from api.bounded import BoundedRoute
from api.bulk import documented_bulk
from api.dependencies import InPublications, Number
from api.errors import NoCondition, NotFound
from api.negotiation import caching, entity_tag, not_modified, unchanged
from api.routes.answers import answer, documented, only_known
from api.routes.listing import Listed, listed
from api.schemas.warnings import LifeAnswer, WarningAnswer, WarningChange, WarningPage
from api.security import Caller, InCaller
from api.served import PRIORITY, Served
from forecasting.errors import UnknownName
from models.publication.episodes import OUT
from models.publication.lives import Life, Wish, change, changes_of, life_of, said_in

router = APIRouter(
    prefix="/v1/warnings",
    tags=["warnings"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)

MOST_WARNINGS: Final = 500
_REVISION: Final = re.compile(r'"[0-9a-f]{24}\.(\d{1,9})"')
USUAL_WARNINGS: Final = 50
Code = Annotated[str | None, Query(max_length=200)]
Standing = Literal[
    "new",
    "acknowledged",
    "assigned",
    "snoozed",
    "resolved",
    "expired",
    "out",
    "none",
    "unknown",
    "unused",
    "not_stocked",
]
"""Of a series: the state of its warning, else how its shelf stands."""
Sort = Literal[
    "priority",
    "-probability",
    "probability",
    "-value_at_risk",
    "value_at_risk",
    "-units_short",
    "units_short",
    "-days_of_cover",
    "days_of_cover",
    "-stockout_on",
    "stockout_on",
    "-act_by",
    "act_by",
    "-site",
    "site",
    "-sku",
    "sku",
]


@router.head("", include_in_schema=False)
@router.get(
    "",
    operation_id="listWarnings",
    response_model=WarningPage,
    responses={200: documented_bulk("warnings"), **documented(304, 404, 406, 410, 422, 503)},
)
async def list_warnings(
    request: Request,
    publications: InPublications,
    publication: Number = None,
    site: Code = None,
    sku: Code = None,
    category: Code = None,
    supplier: Code = None,
    buyer: Code = None,
    group: Annotated[
        int | None, Query(ge=1, le=2**31, description="number of a group of this publication")
    ] = None,
    state: Annotated[
        Standing | None, Query(description="default: warnings and what is out")
    ] = None,
    min_probability: Annotated[
        float | None, Query(ge=0, le=1, allow_inf_nan=False, description="of the main horizon")
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="`priority`: the planner's order, what is out first, then by value at "
            "risk, then by probability, the largest first; else a column, and with a minus its "
            "largest first. Blanks come last"
        ),
    ] = PRIORITY,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_WARNINGS, description="default: 50 as JSON, all as a file"),
    ] = None,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Series warned of or out already, filtered and paged, in the planner's order unless asked; by
    `Accept` as CSV, NDJSON or Parquet.

    Pages belong to one publication: following `next` neither skips nor repeats a warning, even if
    a newer publication arrives meanwhile.
    """
    equal: dict[str, str | int | None] = {"site": site, "sku": sku, "category": category}
    equal |= {"supplier": supplier, "buyer": buyer, "group": group, "state": state}
    rows = Listed(
        name="warnings",
        table=lambda served: served.warnings,
        order=lambda served: served.order(sort),
        wanted=lambda served: served.wanted(equal, min_probability),
        items=Served.warning_rows,
        usual=USUAL_WARNINGS,
        changes_with=lambda served: served.lives,
    )
    return await listed(
        request,
        publications,
        rows,
        {**equal, "min_probability": min_probability, "sort": sort},
        number=publication,
        limit=limit,
        cursor=cursor,
    )


@router.get(
    "/{warning}",
    operation_id="getWarning",
    response_model=WarningAnswer,
    responses=documented(304, 404, 410, 422, 503),
)
async def get_warning(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    warning: Annotated[int, Path(ge=1, le=2**53, description="number of the warning")],
    publication: Number = None,
) -> Response:
    """One warning as a publication says it, and its life: what people did with it since. Of one
    that is over, the answer 404 names the publications that said it."""
    served = await publications.numbered(publication)
    try:
        said = served.warning(warning)
    except NotFound as error:
        told = await publications.in_record(lambda engine: _last_said(engine, warning, caller))
        raise (NotFound(error.message, next_step=told) if told else error) from None
    life, changes = await publications.in_record(lambda engine: _life(engine, warning))
    tag = _tag(request, life, served.number, served.provenance["code_version"])
    if unchanged(request, tag):
        return not_modified(tag)
    if said["state"] != OUT:
        said["state"] = life.state.value
    options = served.options_of(said["site"], said["sku"])
    payload = {"provenance": served.provenance, "warning": said, "options": options}
    return answer(payload | _told(life, changes), caching(tag))


@router.patch(
    "/{warning}",
    operation_id="changeWarning",
    response_model=LifeAnswer,
    responses=documented(404, 409, 412, 413, 422, 428, 503),
)
async def change_warning(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    warning: Annotated[int, Path(ge=1, le=2**53, description="number of the warning")],
    wish: WarningChange,
    if_match: Annotated[
        str | None,
        Header(max_length=500, description="the ETag of the warning as it was read; `*`: any"),
    ] = None,
) -> Response:
    """Acknowledge, assign, snooze, resolve; say what was done about it; add a comment. What is left
    out stays as it is."""
    if if_match is None:
        raise NoCondition("Say by If-Match which state of the warning this change is based on.")

    def work(engine: sa.Engine) -> tuple[Life, list[dict[str, object]]]:
        now = dt.datetime.now(dt.UTC)
        life = life_of(engine, warning, now.date())
        if not caller.sees(life.site):
            raise UnknownName("warning", str(warning), ())
        seen = revision_named(if_match, life.revision)
        changed = change(
            engine, warning, Wish(**wish.model_dump()), seen=seen, who=caller.name, at=now
        )
        return changed, changes_of(engine, warning)

    life, changes = await publications.in_record(work)
    publications.look_again()
    served = await publications.current()
    tag = _tag(request, life, served.number, served.provenance["code_version"])
    return answer(_told(life, changes), {"ETag": tag, "Cache-Control": "no-store"})


def _life(engine: sa.Engine, warning: int) -> tuple[Life, list[dict[str, object]]]:
    today = dt.datetime.now(dt.UTC).date()
    return life_of(engine, warning, today), changes_of(engine, warning)


def _last_said(engine: sa.Engine, warning: int, caller: Caller) -> str:
    """Where a warning can be asked for that another publication says; blank where there is none, or
    it is of a site that the caller does not see."""
    found = said_in(engine, warning)
    if found is None or not caller.sees(_life(engine, warning)[0].site):
        return ""
    first, last = found
    return f"Publications {first} to {last} said it: GET /v1/warnings/{warning}?publication={last}."


def _told(life: Life, changes: list[dict[str, object]]) -> dict[str, object]:
    facts = dict(vars(life))
    return {"life": {"warning": facts.pop("episode"), **facts}, "changes": changes}


def _tag(request: Request, life: Life, *parts: object) -> str:
    """An entity tag that ends with the revision, which If-Match is held against."""
    return with_revision(entity_tag(request, life.revision, life.state, *parts), life.revision)


def with_revision(tag: str, revision: int) -> str:
    return f'{tag[:-1]}.{revision}"'


def revision_tag(revision: int) -> str:
    """What If-Match may name a revision by that was not read as JSON.

    >>> _REVISION.findall(revision_tag(3))
    ['3']
    """
    return f'W/"{0:024x}.{revision}"'


def revision_named(if_match: str, current: int) -> int:
    """The revision that a change is based on. Tags are weak, since compression changes bytes; the
    revision in them is not."""
    if if_match.strip() == "*":
        return current
    named = [int(number) for number in _REVISION.findall(if_match)]
    return current if current in named else max(named, default=0)
