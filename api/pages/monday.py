"""`/monday`: what was announced and what came, in plain words, from the scorecard last computed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow.compute as pc
import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Response

from api.dependencies import InPublications
from api.pages.frame import Frame, InFrame, freshness_of
from api.pages.monday_kpis import kpis_of, metrics_in_use, segments_of
from api.pages.phrases import miss_of
from api.scorecards import kept
from api.served import Served
from models.ledger import DEMAND, RISK, Ledger
from models.publication import NotSaid, Publication

router = APIRouter(include_in_schema=False)

MISSED: Final = 20  # by name
WEEKS: Final = 8
LEAST_ROWS: Final = 20  # of a group of chances, below which "out of ten" says nothing
LEAST_CHANCE: Final = 0.05  # "0 out of 10" needs no line
GRAINS: Final = ("day", "week", "month")
REHEARSED: Final = (
    *("warnings", "ruptured", "averted", "false_alarm", "not_attributable"),
    *("ruptures", "announced", "missed", "lead_days_median"),
)
"""Counts, and a number of days, of the warnings rehearsed in training."""


@router.get("/monday")
async def monday(frame: InFrame, publications: InPublications) -> Response:
    served = await publications.current()
    content = await to_thread.run_sync(kept, publications.workspace)
    card = orjson.loads(content) if content else None
    versions, promoted = await publications.in_record(_models)
    grain = served.reader.grains[0]
    currency = publications.workspace.options.currency
    return frame.page(
        "monday.html",
        title=frame._("Monday"),
        freshness=freshness_of(served),
        card=card,
        reliability=out_of_ten(card["reliability"]) if card else [],
        missed=[_worded(frame, one) for one in card["missed"][:MISSED]] if card else [],
        weeks=card["by_period"][-WEEKS:] if card else [],
        has_earlier_weeks=len(card["by_period"]) > WEEKS if card else False,
        segments=[one for one in card["by_segment"] if one["judged"]] if card else [],
        methods=card["methods"] if card else [],
        versions=versions,
        promoted=promoted,
        accuracy=accuracy_of(versions, grain),
        accuracy_segments=segments_of(versions),
        rehearsed=rehearsed_of(versions),
        judging=judging_of(await publications.listed(), served),
        kpis=await to_thread.run_sync(_kpis, served, frame.language, currency),
    )


def judging_of(listed: Sequence[Publication], served: Served) -> dict[str, Any]:
    """The first publication that is kept, and the days that its warnings are of; `served`: the
    current one."""
    kept_ones = [one for one in listed if one.pruned_at is None]
    first = min(kept_ones, key=lambda one: one.number, default=served.reader.publication)
    end = first.provenance.origin_end
    days = pc.max(served.warnings["horizon_days"]).as_py() or 0
    return {
        "publication": first.number,
        "first": end + dt.timedelta(days=1),
        "last": end + dt.timedelta(days=int(days)),
    }


def rehearsed_of(versions: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The warnings of past origins that the version in use was tried on; none where it was not.

    >>> metrics = {"warnings/warnings": 2.0, "warnings/recall": 0.5, "day/wape": 0.3}
    >>> rehearsed_of([{"name": RISK, "champion": True, "metrics": metrics}])
    {'warnings': 2}
    """
    told = metrics_in_use(versions, RISK)
    found = {name: told.get(f"warnings/{name}") for name in REHEARSED}
    return {name: int(value) for name, value in found.items() if value is not None}


def _kpis(served: Served, language: str, currency: str) -> dict[str, list[dict[str, Any]]] | None:
    """None of a publication that has none yet."""
    try:
        return kpis_of(served, language, currency)
    except NotSaid:
        return None


def _worded(frame: Frame, missed: Mapping[str, Any]) -> dict[str, Any]:
    message, values = miss_of(missed["detail"])
    return {**missed, "detail": frame._(message) % values}


def out_of_ten(bins: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Groups of chances as "of 10 at 70 %, 7 ran out"; neighbours of the same tenth together.

    >>> out_of_ten([{"rows": 30, "chance": 0.68, "rate": 0.6}, {"rows": 10, "chance": 0.74,
    ...     "rate": 0.9}, {"rows": 99, "chance": 0.01, "rate": 0.0}])
    [{'chance': 0.7, 'ran_out': 7, 'rows': 40}]
    """
    tenths: dict[int, list[Mapping[str, Any]]] = {}
    for one in bins:
        if one["chance"] >= LEAST_CHANCE:
            tenths.setdefault(round(one["chance"] * 10), []).append(one)
    found = []
    for tenth, members in sorted(tenths.items()):
        rows = sum(one["rows"] for one in members)
        if rows < LEAST_ROWS:
            continue
        chance, rate = (
            sum(one[name] * one["rows"] for one in members) / rows for name in ("chance", "rate")
        )
        shown = tenth / 10 if tenth else round(chance, 2)
        found.append({"chance": shown, "ran_out": round(rate * 10), "rows": rows})
    return found


def accuracy_of(versions: Sequence[Mapping[str, Any]], grain: str) -> dict[str, Any] | None:
    """How far off the forecasts of the version in use were in its backtest, beside the naive ones:
    in the widest window that its own grain has; None where nothing was measured."""
    metrics = metrics_in_use(versions, DEMAND)
    rows = []
    for one in GRAINS[GRAINS.index(grain) :]:
        own, naive = metrics.get(f"{one}/wape"), metrics.get(f"{one}/wape_naive")
        if own is not None and naive is not None:
            rows.append({"grain": one, "own": own, "naive": naive, "naive_wins": naive < own})
    return {"rows": rows, "bias": metrics.get(f"{grain}/bias")} if rows else None


def _models(engine: sa.Engine) -> tuple[list[dict[str, Any]], dict[tuple[str, int], dt.datetime]]:
    """Versions, the newest first, and when each came into use."""
    ledger = Ledger(engine)
    promotions = ledger.promotions().to_dict("records")
    into_use = {(str(one["name"]), int(one["version"])): one["at"] for one in promotions}
    versions = ledger.versions().to_dict("records")
    return [{str(name): value for name, value in one.items()} for one in versions], into_use
