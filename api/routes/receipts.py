"""The ERP says what it pulled; the service says whether that is what it gave."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request, Response

from api.bounded import BoundedRoute
from api.bulk import ZIPPED, Pulls, pulls_of
from api.dependencies import MOST, InPublications
from api.forecast_answers import Selection, levels_of
from api.routes.answers import LIVE, answer, documented, only_known
from api.schemas.pulls import PulledFile, ReceiptAnswer, ReceiptBody
from api.served import Served
from models.publication import PullReceipt, keep_receipts

router = APIRouter(
    prefix="/v1/publications",
    tags=["publications"],
    dependencies=[Depends(only_known)],
    route_class=BoundedRoute,
)


@router.post(
    "/{number}/receipt",
    operation_id="postReceipt",
    response_model=ReceiptAnswer,
    responses=documented(404, 409, 413, 422, 503),
)
async def post_receipt(
    request: Request,
    publications: InPublications,
    number: Annotated[int, Path(ge=1, le=MOST)],
    body: ReceiptBody,
) -> Response:
    """What was pulled of a publication (rows and sha256 of each file) is held against what is
    served, and kept. The same receipt again changes nothing.
    """
    served = await publications.numbered(number)
    pulls = pulls_of(request)
    now = dt.datetime.now(dt.UTC)
    said, kept = [], []
    for file in body.files:
        grain = served.grain(file.grain)
        levels = levels_of(served, grain, file.quantiles)
        since = file.changed_since and await publications.numbered(file.changed_since)
        selection = Selection(served, grain, levels, since=since or None)
        found = await to_thread.run_sync(_judged, pulls, selection, file, limiter=pulls.makers)
        said.append(found)
        kept.append(
            PullReceipt(
                publication=served.number,
                holder=body.holder,
                grain=grain,
                form=file.format,
                quantiles=",".join(levels),
                changed_since=file.changed_since or 0,
                rows=file.rows,
                sha256=file.sha256,
                matches=found["matches"],
                received_at=now,
            )
        )
    fresh = await publications.in_record(lambda engine: keep_receipts(engine, kept))
    payload = {
        "publication": served.number,
        "holder": body.holder,
        "matches": all(file["matches"] for file in said),
        "repeated": fresh == 0,
        "files": said,
        "grains_not_named": [
            grain for grain in served.reader.grains if grain not in {one["grain"] for one in said}
        ],
    }
    return answer(payload, LIVE)


def _judged(pulls: Pulls, selection: Selection, file: PulledFile) -> dict[str, Any]:
    """One file beside what is served; compressed or not, it is the same file."""
    form = file.format
    plain = pulls.shelf.get(selection.question, form, selection.table, zipped=False)
    is_same = file.sha256 == plain.sha256
    if not is_same and form in ZIPPED:
        zipped = pulls.shelf.get(selection.question, form, selection.table, zipped=True)
        is_same = file.sha256 == zipped.sha256
    matches = is_same and file.rows == plain.rows
    missing = plain.rows - file.rows
    words = ""
    if missing:
        words = f"{abs(missing)} rows {'are missing' if missing > 0 else 'too many'}"
    elif not is_same:
        words = "as many rows, but not the same bytes"
    return {
        "grain": selection.grain,
        "format": form,
        "changed_since": file.changed_since,
        "matches": matches,
        "rows": file.rows,
        "rows_expected": plain.rows,
        "rows_missing": missing,
        "sha256_expected": plain.sha256,
        "problem": words,
        "pull": None if matches else _address(selection.served, selection.grain, file),
    }


def _address(served: Served, grain: str, file: PulledFile) -> str:
    """Where the file is pulled again."""
    asked = {"grain": grain, "publication": served.number}
    more = {"quantiles": file.quantiles, "changed_since": file.changed_since}
    return "/v1/forecasts?" + urlencode(
        asked | {name: value for name, value in more.items() if value is not None}
    )
