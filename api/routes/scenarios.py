"""What if? Scenarios asked for, kept as numbered plans."""

from __future__ import annotations

from typing import Annotated, Any

import pandas as pd
from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api import jobs
from api.bounded import BoundedRoute
from api.dependencies import MOST, InPublications
from api.errors import NotFound, Unprocessable
from api.paging import Cursor
from api.routes.answers import LIVE, answer, documented, next_page, only_known, with_next
from api.routes.jobs import accepted, asked_for
from api.scenario_answers import detailed, tables_of, told
from api.schemas.jobs import Job
from api.schemas.scenarios import ScenarioDetail, ScenarioPage, ScenarioRequest
from api.security import Caller, InCaller
from api.served import Served
from forecasting.errors import UnknownName, did_you_mean
from models.publication.contracts import SERIES
from models.scenarios.plans import Plan, list_plans, plan

router = APIRouter(
    prefix="/v1/scenarios",
    tags=["scenarios"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)


@router.get(
    "", operation_id="listScenarios", response_model=ScenarioPage, responses=documented(422, 503)
)
async def list_scenarios(
    request: Request,
    caller: InCaller,
    publications: InPublications,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="from `next`")] = None,
) -> Response:
    """Every scenario that was run, the newest first."""
    question = {"of": "scenarios", "sites": publications.seen}
    begin = Cursor.read(cursor, question)
    every = await publications.in_record(list_plans)
    found = [one for one in every if _is_seen(one, caller)]
    places = range(begin.after + 1, min(begin.after + 1 + limit, len(found)))
    last = places.stop - 1 if places and places.stop < len(found) else None
    address = next_page(request, 0, last, question)
    items = [_summary(found[place], caller) for place in places]
    payload = {"count": len(found), "items": items, "next": address}
    return answer(payload, with_next(dict(LIVE), address))


@router.post(
    "",
    operation_id="createScenario",
    status_code=202,
    response_model=Job,
    responses=documented(404, 409, 410, 413, 422, 503),
)
async def create_scenario(
    caller: InCaller, publications: InPublications, asked: ScenarioRequest
) -> Response:
    """Run a scenario on a publication and keep it as the next plan, as `vigistock scenario run`
    does. The answer is a job, whose result names the scenario; an equal one under way is returned,
    not repeated."""
    served = await publications.numbered(asked.publication)
    _check_codes(asked, served)
    wanted = asked.plain() | {"publication": served.number}
    return accepted(await asked_for(publications, jobs.SCENARIO, wanted, caller.name))


@router.get(
    "/{number}",
    operation_id="getScenario",
    response_model=ScenarioDetail,
    responses=documented(404, 422, 503),
)
async def get_scenario(
    caller: InCaller,
    publications: InPublications,
    number: Annotated[int, Path(ge=1, le=MOST)],
    limit: Annotated[int, Query(ge=1, le=1000, description="most rows of each table")] = 100,
) -> Response:
    """One scenario: what breaks and when first, units and value by site, supplier and category,
    and what can be done, the most valuable first."""
    found = await the_plan(caller, publications, number)
    tables = await tables_seen(caller, publications, found)
    return answer(detail_seen(caller, found, tables, limit), LIVE)


async def the_plan(caller: Caller, publications: InPublications, number: int) -> Plan:
    """Raises NotFound where there is none, or none that the caller sees."""
    try:
        found: Plan = await publications.in_record(lambda engine: plan(engine, number))
    except UnknownName as error:
        raise NotFound(error.message, next_step="GET /v1/scenarios lists them.") from None
    if not _is_seen(found, caller):
        raise NotFound(
            f"There is no scenario '{number}'.", next_step="GET /v1/scenarios lists them."
        )
    return found


async def tables_seen(
    caller: Caller, publications: InPublications, found: Plan
) -> dict[str, pd.DataFrame]:
    """The tables of a plan, as far as the caller sees its sites."""
    root = publications.workspace.scenarios
    return await to_thread.run_sync(tables_of, root, found, caller.sites)


def detail_seen(
    caller: Caller, found: Plan, tables: dict[str, pd.DataFrame], limit: int
) -> dict[str, Any]:
    """As `detailed`, without the name where only some sites are seen: it is free text."""
    whole = caller.sites is None
    payload = detailed(found, tables, limit, whole=whole)
    return payload if whole else payload | {"name": ""}


def _is_seen(found: Plan, caller: Caller) -> bool:
    """A scenario that names another site is not there for a key that does not see it."""
    named = (getattr(change, "site", "") for change in found.scenario.changes)
    return all(caller.sees(site) for site in named if site)


def _summary(found: Plan, caller: Caller) -> dict[str, Any]:
    """A key limited to sites sees no totals of all, and no name: it is free text."""
    summary = told(found)
    return summary if caller.sites is None else summary | {"totals": None, "name": ""}


def _check_codes(asked: ScenarioRequest, served: Served) -> None:
    """Raises Unprocessable for a site, item or category that the publication does not have, rather
    than let a job fail. Suppliers and orders are known to the job alone."""
    series = served.reader.part(SERIES)
    for change in asked.changes:
        for name in ("site", "sku", "category"):
            code = getattr(change, name, "")
            if not code:
                continue
            known = set(series.column(name).unique().to_pylist())
            if code not in known:
                raise Unprocessable(
                    f"There is no {name} {code!r} in publication {served.number}."
                    f"{did_you_mean(code, sorted(known))}",
                    next_step="GET /v1/series and the export of series name them.",
                )
