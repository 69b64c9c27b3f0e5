"""Long work: asked for once, looked at until it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response

from api import jobs
from api.bounded import BoundedRoute
from api.clock import known_day
from api.demo.history import refuse_foreign_data
from api.dependencies import MOST, InPublications, Publications
from api.plain import to_json
from api.routes.answers import LIVE, answer, documented, only_known
from api.schemas.jobs import Job, JobRequest
from api.security import InCaller

router = APIRouter(
    prefix="/v1/jobs",
    tags=["jobs"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)

SOON: Final = "2"  # seconds after which it is worth looking again


@router.post(
    "",
    operation_id="createJob",
    status_code=202,
    response_model=Job,
    responses=documented(409, 413, 422, 503),
)
async def create_job(caller: InCaller, publications: InPublications, asked: JobRequest) -> Response:
    """Learn from everything taken in (`train`), or fill an empty workspace with a made-up company
    (`demo`). An equal job under way is returned, not repeated."""
    day = known_day(asked.as_of)
    wanted = {"as_of": day and day.isoformat()}
    if asked.kind == jobs.DEMO:
        wanted = {}
        await publications.in_record(
            lambda engine: refuse_foreign_data(publications.workspace, engine)
        )
    return accepted(await asked_for(publications, asked.kind, wanted, caller.name))


@router.get(
    "/{number}", operation_id="getJob", response_model=Job, responses=documented(404, 422, 503)
)
async def get_job(
    publications: InPublications, number: Annotated[int, Path(ge=1, le=MOST)]
) -> Response:
    """How a job stands: queued, running (with its step), done (with its result) or failed (with
    the problem)."""
    row = await publications.in_record(lambda engine: jobs.job(engine, number))
    waits = {"Retry-After": SOON} if row["state"] in jobs.UNDER_WAY else {}
    return answer(told(row), LIVE | waits)


async def asked_for(
    publications: Publications, kind: str, asked: Mapping[str, Any], caller: str
) -> dict[str, Any]:
    """As `jobs.ask`; raises NotReady where the record cannot be reached."""
    return await publications.in_record(
        lambda engine: jobs.ask(publications.workspace, engine, kind, asked, caller)
    )


def accepted(row: dict[str, Any]) -> Response:
    """202: it is under way; the address says how it stands."""
    headers = LIVE | {"Location": address(row), "Retry-After": SOON}
    return Response(to_json(told(row)), 202, headers, "application/json")


def address(row: dict[str, Any]) -> str:
    return f"/v1/jobs/{row['id']}"


def told(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("kind", "asked", "state", "step", "asked_at", "started_at", "ended_at")
    return {
        "job": row["id"],
        **{name: row[name] for name in kept},
        "result": row["result"] or None,
        "error": row["error"] or None,
        "links": {"self": address(row), "result": _result(row)},
    }


def _result(row: dict[str, Any]) -> str | None:
    result = row["result"] or {}
    for name in ("scenario", "publication"):
        if number := result.get(name):
            return f"/v1/{name}s/{number}"
    return None
