"""Which versions were learned, how good they were, and which one is in use."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api import jobs
from api.bounded import BoundedRoute
from api.dependencies import InPublications, Publications
from api.errors import NotFound
from api.routes.answers import LIVE, answer, documented, only_known
from api.routes.jobs import accepted, asked_for
from api.schemas.jobs import Job
from api.schemas.models import ModelList, PromotionRequest, RollbackRequest
from api.security import InCaller
from forecasting.errors import NotReady, Refused, UnknownName
from models.ledger import Ledger

router = APIRouter(
    prefix="/v1/models",
    tags=["models"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)

Name = Literal["demand-forecast", "rupture-risk"]


@router.get("", operation_id="listModels", response_model=ModelList, responses=documented(422, 503))
async def list_models(publications: InPublications) -> Response:
    """Every version, the newest first, with its metrics; and every promotion, with who and why."""
    return answer(await publications.in_record(_models), LIVE)


@router.post(
    "/{name}/promote",
    operation_id="promoteModel",
    status_code=202,
    response_model=Job,
    responses=documented(404, 409, 413, 422, 503),
)
async def promote_model(
    name: Name, caller: InCaller, publications: InPublications, asked: PromotionRequest
) -> Response:
    """Make a version champion if the gate has no objection, or by force, and publish. The answer is
    a job; one that the gate refuses fails with `gate_refused` and what speaks against it."""

    def check(engine: sa.Engine) -> None:
        ledger = Ledger(engine)
        ledger.version(name, asked.version)
        if asked.force and not asked.reason.strip():
            raise Refused("force needs a reason.", next_step="Say why; the ledger keeps it.")
        if ledger.has_champion(name) and ledger.champion(name).version == asked.version:
            raise Refused(
                f"{name} {asked.version} is the champion already.",
                next_step="GET /v1/models lists the others.",
            )

    try:
        await publications.in_record(check)
    except UnknownName as error:
        raise NotFound(error.message, next_step="GET /v1/models lists the versions.") from None
    return await _job(publications, jobs.PROMOTE, caller.name, name=name, **asked.model_dump())


@router.post(
    "/{name}/rollback",
    operation_id="rollbackModel",
    status_code=202,
    response_model=Job,
    responses=documented(409, 413, 422, 503),
)
async def rollback_model(
    name: Name, caller: InCaller, publications: InPublications, asked: RollbackRequest
) -> Response:
    """Return to the champion before. What the present one has published is served no longer, and a
    publication by the champion before follows. The answer is a job."""
    try:
        await publications.in_record(lambda engine: Ledger(engine).before(name))
    except NotReady as error:
        raise Refused(error.message, next_step="GET /v1/models lists the versions.") from None
    return await _job(publications, jobs.ROLLBACK, caller.name, name=name, **asked.model_dump())


async def _job(publications: Publications, kind: str, by: str, **asked: Any) -> Response:
    return accepted(await asked_for(publications, kind, {**asked, "by": by}, by))


def _models(engine: sa.Engine) -> dict[str, Any]:
    ledger = Ledger(engine)
    versions, promotions = ledger.versions(), ledger.promotions()
    kept = ["name", "version", "champion", "created_at", "origin_label", "digest", "metrics"]
    promotions = promotions.iloc[::-1][["name", "version", "at", "who", "why", "action"]]
    return {
        "versions": versions[kept].rename(columns={"origin_label": "origin"}).to_dict("records"),
        "promotions": promotions.to_dict("records"),
    }
