"""`/series`: one item at one site, on one time axis, with how each figure comes about."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from fastapi import APIRouter, Query, Response

from api.dependencies import InPublications
from api.pages.board import Question, board_of
from api.pages.frame import Frame, InFrame, freshness_of
from api.pages.overrides import FIGURES, overrides_of
from api.pages.phrases import comment_of
from api.planner_list import JOINT, line_of, sentence_of
from api.readable import capitalised, day, with_readable_dates
from api.routes.series import series_payload
from api.routes.warnings import revision_tag
from api.served import Served
from forecasting.errors import NotReady
from models.publication.lives import Announced, Life, announced_of, changes_of, past_of
from models.quantities import sign_of

router = APIRouter(include_in_schema=False)

FIRST_TERMS: Final = 7  # of a figure that is a sum over the periods
Code = Annotated[str, Query(min_length=1, max_length=200)]
Lived = tuple[list[Life], dict[int, Announced], list[dict[str, object]]]


@router.get("/series")
async def series(frame: InFrame, publications: InPublications, site: Code, sku: Code) -> Response:
    served = await publications.current()
    told = series_payload(served, site, sku)
    row = served.row(site, sku)
    said = served.warnings.take(pa.array([row], pa.int64())).to_pandas().iloc[0]
    master = told["master"]
    description = str(master.get("description") or "")
    line = line_of(said, description, frame.language, served.provenance["origin_end"])
    origin_end = served.provenance["origin_end"]
    causes = sentence_of(said, "cause", frame.language, origin_end).split(JOINT)
    options = _options(told, line.actions, frame.language)
    lived = await _lived(publications.in_record, site, sku, line.warning)
    lives, announced, changes = lived
    life = next((one for one in lives if one.episode == line.warning), None)
    return frame.page(
        "series.html",
        title=description or sku,
        freshness=freshness_of(served),
        line=vars(line) | {"life": life, "probability": told["risk"]["probability"]},
        reasons=_told_apart(causes, told["risk"]["causes"]),
        options=options,
        customer_orders=_customer_orders(served, told["risk"].get("group"), site, sku),
        is_costed=any(one.get("cost") and one["cost"] > 0 for one in options),
        tag=revision_tag(life.revision) if life else "",
        changes=[_commented(frame, one) for one in changes if one["revision"] != 1][::-1],
        following=_following(served, row),
        past=[
            _ended(one, announced[one.episode], told["history"])
            for one in lives
            if one.episode != line.warning
        ],
        stockouts=stockouts_of(told["history"]),
        risk=told["risk"],
        parts=[master[name] for name in ("category", "supplier", "buyer") if master.get(name)],
        unit=sign_of(str(master.get("uom") or "")),
        stock={"on_hand": master.get("on_hand"), "on": master.get("stock_on")},
        figures={
            one["name"]: one for one in told["breakdown"] if not one["name"].startswith(FIGURES)
        },
        known=await overrides_of(frame, publications, served, told),
        first_terms=FIRST_TERMS,
        steps=_steps(told),
        booked=any(step.get("booked") for step in told["projection"]),
        source=f"/v1/series?{urlencode({'site': site, 'sku': sku})}",
        may_change=frame.may("PATCH", "/v1/warnings/{warning}"),
        tomorrow=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1),
        origin_end=origin_end,
    )


def _commented(frame: Frame, change: Mapping[str, object]) -> dict[str, object]:
    message, values = comment_of(str(change["comment"]))
    if "day" in values:
        values["day"] = day(values["day"], frame.language)
    return {**change, "comment": frame._(message) % values if message else ""}


def _following(served: Served, row: int) -> str:
    """Address of the series below it in the list to treat; "" where none is."""
    listed = board_of(served).asked(Question())
    places = (listed["row"] == row).to_numpy().nonzero()[0]
    if not len(places) or places[0] + 1 == len(listed):
        return ""
    below = listed.iloc[places[0] + 1]
    return f"/series?{urlencode({'site': below['site'], 'sku': below['sku']})}"


def _told_apart(sentences: Sequence[str], facts: Sequence[Any]) -> list[dict[str, Any]]:
    """Each sentence with the facts behind it. What precedes the actions ("too late …") has none."""
    spoken = [one for one in sentences if one and not one.endswith(":")]
    return [
        {"text": text, **(facts[place] if len(facts) >= len(spoken) else {})}
        for place, text in enumerate(spoken)
    ]


def _customer_orders(
    served: Served, group: float | None, site: str, sku: str
) -> list[dict[str, Any]]:
    """Those that a stockout of the series hits, as its group tells them."""
    if group is None or pd.isna(group):
        return []
    orders = served.group(int(group))["customer_orders"]
    return [one for one in orders if (one["site"], one["sku"]) == (site, sku)]


def _options(
    told: Mapping[str, Any], actions: Sequence[str], language: str
) -> list[dict[str, Any]]:
    """Everything that can be done, the recommended first; of a publication that does not tell of
    all, what it recommends."""
    if not told["options"]:
        return _told_apart(actions, told["risk"]["actions"])
    origin_end = told["provenance"]["origin_end"]
    return [
        option
        | {
            "text": capitalised(
                with_readable_dates(option[f"sentence_{language}"], language, origin_end)
            )
        }
        for option in told["options"]
    ]


async def _lived(in_record: Any, site: str, sku: str, warning: int | None) -> Lived:
    """Every warning of the series, and what people did with the one alive; nothing of it while
    the record cannot be read."""
    today = dt.datetime.now(dt.UTC).date()

    def work(engine: sa.Engine) -> Lived:
        lives = past_of(engine, site, sku, today)
        changes = [] if warning is None else changes_of(engine, warning)
        return lives, announced_of(engine, site, sku), changes

    try:
        found: Lived = await in_record(work)
    except NotReady:
        found = [], {}, []
    return found


def stockouts_of(history: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Runs of periods that closed with nothing on hand, the latest first.

    `missed`: units that are estimated to have been wanted in vain, `give`: their standard
    deviation; both 0 where the publication tells of no demand.

    >>> days = [{"period_start": day, "on_hand": units} for day, units in enumerate([2.0, 0, 0, 1])]
    >>> days[1] |= {"units": 1.0, "demand": 4.0, "demand_sd": 1.5}
    >>> stockouts_of(days)
    [{'first': 1, 'last': 2, 'missed': 3.0, 'give': 1.5}]
    """
    runs: list[dict[str, Any]] = []
    is_open = False
    for period in history:
        on_hand = period["on_hand"]
        is_out = on_hand is not None and not pd.isna(on_hand) and on_hand <= 0
        if is_out and not is_open:
            runs.append({"first": period["period_start"], "missed": 0.0, "give": 0.0})
        if is_out:
            run = runs[-1]
            missed, give = _missed(period)
            runs[-1] = {
                "first": run["first"],
                "last": period["period_start"],
                "missed": run["missed"] + missed,
                "give": math.hypot(run["give"], give),
            }
        is_open = is_out
    return runs[::-1]


def _missed(period: Mapping[str, Any]) -> tuple[float, float]:
    """Units wanted in vain in a period, and their standard deviation; zeros where none are told."""
    demand, units = period.get("demand"), period.get("units")
    if demand is None or units is None or pd.isna(demand) or pd.isna(units):
        return 0.0, 0.0
    return max(demand - max(units, 0.0), 0.0), period.get("demand_sd") or 0.0


def _ended(
    life: Life, announced: Announced, history: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """A past warning and what followed: the first stockout while it was said, or none; `was_out`:
    it was there before anybody could say it."""
    over = announced.over or dt.date.max
    runs = stockouts_of(history)
    ran_out = [run["first"] for run in runs if announced.first < run["first"] <= over]
    was_out = any(run["first"] <= announced.first <= run["last"] for run in runs)
    return {
        "life": life,
        "announced": announced,
        "ran_out_on": min(ran_out, default=None),
        "was_out": was_out,
    }


def _steps(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the chart shows, as rows: one a period of the projection."""
    ahead = next(iter(told["forecasts"].values()))
    rows = []
    for step, forecast in zip(told["projection"], ahead, strict=False):
        quantiles = forecast["quantiles"]
        rows.append(
            {
                **step,
                "day": forecast["period_start"],
                "low": quantiles.get("q100"),
                "high": quantiles.get("q900"),
            }
        )
    return rows
