"""Which versions were learned, how good they were, and which one is in use."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Response

from api.dependencies import InPublications
from api.routes.answers import LIVE, answer, documented, only_known
from api.schemas import ModelList
from models.ledger import Ledger

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(only_known)])


@router.get("", operation_id="listModels", response_model=ModelList, responses=documented(422, 503))
async def list_models(publications: InPublications) -> Response:
    """Every version, the newest first, with its metrics; and every promotion, with who and why."""
    return answer(await publications.in_record(_models), LIVE)


def _models(engine: sa.Engine) -> dict[str, Any]:
    ledger = Ledger(engine)
    versions, promotions = ledger.versions(), ledger.promotions()
    kept = ["name", "version", "champion", "created_at", "origin_label", "digest", "metrics"]
    promotions = promotions.iloc[::-1][["name", "version", "at", "who", "why"]]
    return {
        "versions": versions[kept].rename(columns={"origin_label": "origin"}).to_dict("records"),
        "promotions": promotions.to_dict("records"),
    }
