"""`/`: what is out, then what will run out, each in one sentence, with what can be done about it;
and where there is nothing yet, the way to the first list."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response

from api.dependencies import InPublications, Publications
from api.pages.actions import actions_of
from api.pages.board import (
    EVERY,
    OPEN,
    STATES,
    Board,
    Question,
    board_of,
    changes_between,
    value_of,
)
from api.pages.frame import Frame, InFrame, freshness_of
from api.pages.paged import pages_of, with_changed
from api.pages.start import first_run
from api.planner_list import OUT, Line, line_of, odd_data, sentence_of
from api.readable import punctuated
from api.routes.warnings import revision_tag
from api.served import Served
from forecasting.errors import NotReady, UnknownName
from models.publication.lives import Life, done_of, lives_of

router = APIRouter(include_in_schema=False)

LINES: Final = 50  # of a page
ACTIONS: Final = 5  # of today, unfolded
OUT_LINES: Final = 3  # of what is out already, before the actions of the day
SHOWN: Final = 8  # names of each kind of change
Value = Annotated[str, Query(max_length=200)]


@router.get("/")
async def morning(
    request: Request,
    frame: InFrame,
    publications: InPublications,
    site: Value = "",
    supplier: Value = "",
    category: Value = "",
    buyer: Value = "",
    within: Annotated[int, Query(ge=0, le=400)] = 0,
    state: Annotated[Literal[STATES], Query()] = OPEN,  # type: ignore[valid-type]
    q: Value = "",
    group: Annotated[int, Query(ge=0, le=2**31, description="series of one action")] = 0,
    out: Annotated[bool, Query(description="all that is out, and nothing else")] = False,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    try:
        served = await publications.current()
    except NotReady:
        return await first_run(frame, publications)
    board = await to_thread.run_sync(board_of, served)
    question = Question(site, supplier, category, buyer, within, state, q, group)
    rows = board.asked(question)
    is_out = rows["state"] == OUT
    outs, warned = rows[is_out], rows[~is_out]
    shown_outs = outs.iloc[(page - 1) * LINES : page * LINES] if out else outs.head(OUT_LINES)
    shown = warned.iloc[0:0] if out else warned.iloc[(page - 1) * LINES : page * LINES]
    if page > 1 and not out:
        shown_outs = outs.iloc[0:0]
    lives = await _lives(publications, [shown_outs, shown])
    total = len(outs) if out else len(warned)
    return frame.page(
        "morning.html",
        title=frame._("Morning list"),
        freshness=freshness_of(served),
        question=question,
        states=STATES,
        every=EVERY,
        facets=board.facets(),
        horizons=board.horizons,
        actions=actions_of(served, frame.language, question, await _done(publications)),
        first_actions=ACTIONS,
        out=out,
        outs=_lines(served, shown_outs, lives, frame),
        outs_in_all=len(outs),
        warned=_lines(served, shown, lives, frame),
        warned_in_all=len(warned),
        at_stake=value_of(rows),
        nothing_at_all=board.rows.empty,
        unseen=board.unseen,
        odd=odd_data(served.reader.publication.provenance, frame.language),
        unknown=_unknown(served, question),
        pages=pages_of(request, page, total, LINES),
        everything_out=with_changed(request, out="1", page=None),
        may_change=frame.may("PATCH", "/v1/warnings/{warning}"),
        tomorrow=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1),
    )


def _unknown(served: Served, question: Question) -> list[str]:
    """Codes of the filters that nothing has: not to be taken for "nothing to report"."""
    found = []
    for name in ("site", "supplier", "category"):
        code = getattr(question, name)
        try:
            served.reader.hold_known(**{name: code})
        except UnknownName:
            found.append(code)
    return found


@router.get("/changes")
async def changes(frame: InFrame, publications: InPublications) -> Response:
    """What is otherwise than in the publication of the origin before; a part of the page."""
    served = await publications.current()
    before = await _before(publications, served)
    if before is None:
        return frame.page("changes.html", changes={}, before=None, shown=SHOWN)
    found = await to_thread.run_sync(_changes, served, before)
    return frame.page(
        "changes.html", changes=found, before=before.provenance["origin_end"], shown=SHOWN
    )


def _changes(served: Served, before: Served) -> dict[str, list[dict[str, Any]]]:
    return changes_between(board_of(served), Board(before))


async def _before(publications: Publications, served: Served) -> Served | None:
    """The publication of the latest origin before."""
    mine = served.reader.publication.provenance.origin
    for one in await publications.listed():
        if one.provenance.origin < mine and one.pruned_at is None:
            return await publications.numbered(one.number)
    return None


async def _lives(publications: Publications, parts: list[pd.DataFrame]) -> dict[int, Life]:
    """Of the warnings in some rows; none while the record cannot be read."""
    numbers = [int(number) for part in parts for number in part["warning"].dropna()]
    today = dt.datetime.now(dt.UTC).date()

    def work(engine: sa.Engine) -> dict[int, Life]:
        return lives_of(engine, numbers, today)

    try:
        return await publications.in_record(work)
    except NotReady:
        return {}


async def _done(publications: Publications) -> frozenset[int]:
    """As `done_of`; none while the record cannot be read."""
    try:
        return await publications.in_record(done_of)
    except NotReady:
        return frozenset()


def _lines(
    served: Served, rows: pd.DataFrame, lives: dict[int, Life], frame: Frame
) -> list[dict[str, Any]]:
    taken = served.warnings.take(pa.array(rows["row"], pa.int64())).to_pandas()
    origin = served.provenance["origin_end"]
    return [
        _line(
            line_of(row, str(said["description"]), frame.language, origin),
            row,
            said,
            lives.get(int(row["warning"])) if pd.notna(row["warning"]) else None,
            punctuated(sentence_of(row, "cause", frame.language, origin), frame.language),
            overridden=(row["site"], row["sku"]) in served.reader.overridden_series,
        )
        for (_, row), (_, said) in zip(taken.iterrows(), rows.iterrows(), strict=True)
    ]


def _line(
    line: Line,
    row: pd.Series,
    said: pd.Series,
    life: Life | None,
    cause: str,
    *,
    overridden: bool,
) -> dict[str, Any]:
    return vars(line) | {
        "overridden": overridden,
        "cause": cause,
        "address": f"/series?{urlencode({'site': line.site, 'sku': line.sku})}",
        "supplier": said["supplier"],
        "probability": row["probability"],
        "stale": bool(row["stale"]) if "stale" in row else False,
        "life": life,
        "tag": revision_tag(life.revision) if life else "",
    }
