"""What somebody knows better of a series: what holds, what it changed, and the form to say more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from api.clock import today
from api.dependencies import Publications
from api.pages.frame import Frame
from api.routes.warnings import revision_tag
from api.served import Served
from forecasting.errors import NotReady
from models.overrides.ledger import Override, list_overrides

USUAL_DAYS: Final = 7  # that an override holds, unless somebody says otherwise
FIGURES: Final = "override_"  # how the figures of a breakdown that overrides made are named


async def overrides_of(
    frame: Frame, publications: Publications, served: Served, told: Mapping[str, Any]
) -> dict[str, Any]:
    """For `overrides.html`; nothing that holds is shown while the record cannot be read."""
    site, sku, day = told["site"], told["sku"], today()
    try:
        every = await publications.in_record(list_overrides)
    except NotReady:
        every = []
    master = {name: told["master"].get(name) or "" for name in ("category", "supplier")}
    codes = {"site": site, "sku": sku, **master}
    made_at = served.provenance["created_at"]
    effective = {int(one) for row in told["overridden"] for one in row["override"].split(", ")}
    alive = [
        {
            "is": one,
            "tag": revision_tag(one.revision),
            "may_revoke": _may_revoke(frame, one),
            "waits": one.at > made_at,
            "is_idle": one.number not in effective,
        }
        for one in every
        if one.is_alive(day) and _concerns(one, codes, told["overridden"])
    ]
    limited = frame.caller is not None and frame.caller.sites is not None
    return {
        "alive": alive,
        "day": day,
        "until": day + dt.timedelta(days=USUAL_DAYS),
        "figures": [one for one in told["breakdown"] if one["name"].startswith(FIGURES)],
        "orders": sorted({one["order_id"] for one in told["options"] if one["order_id"]}),
        "period": served.reader.grains[0],
        "may": frame.may("POST", "/v1/overrides"),
        "whole": not limited,
    }


def _may_revoke(frame: Frame, found: Override) -> bool:
    """May this caller revoke it?"""
    caller = frame.caller
    return frame.may("DELETE", "/v1/overrides/{number}") and (
        caller is not None and caller.sees(found.site)
    )


def _concerns(found: Override, codes: Mapping[str, str], overridden: list[dict[str, Any]]) -> bool:
    """Is it of this series: by its codes, and of an order where it changed a line of it?"""
    for name, code in codes.items():
        if getattr(found, name) not in ("", code):
            return False
    if found.kind != "order" or (found.site and found.sku):
        return True
    return any(row["order_id"] == found.order for row in overridden)
