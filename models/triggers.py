"""When to train before the schedule does: one line a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from forecasting.calendar import Frequency, parse_as_of
from forecasting.errors import VigistockError
from models.health import Alarm, Sign, english
from models.ledger import DEMAND, Ledger
from models.publication import Publication, current, list_publications
from models.publication.contracts import SERIES
from models.publication.parts import map_part

MOST_DAYS: Final = {Frequency.DAY: 35, Frequency.WEEK: 35, Frequency.MONTH: 100}
"""Days of data that a champion has not seen: the schedule trains every week."""

MOST_NEW: Final = 0.05  # share of series that the champion never saw
LEAST_RECALL: Final = 0.5
MOST_ECE: Final = 0.1
LEAST_RUPTURES: Final = 20  # judged; below, a scorecard says nothing

LEARNED: Final = frozenset({Sign.LEVEL, Sign.ERROR, Sign.CALIBRATION})
"""Signs that may be the world's: a training helps. The others are the data's: it would harm."""


@dataclass(frozen=True)
class Standing:
    """What the reasons are found in, as of the current publication."""

    frequency: Frequency
    unseen_days: int  # from the end of what the champion learned to the origin
    new_share: float  # series that no publication of the champion's first day had, 0..1
    alarms: Sequence[Alarm]
    scorecard: Mapping[str, Any]  # `Scorecard.overall`; empty: none was made


def reasons(standing: Standing) -> list[str]:
    """Why to train now, the plainest first; none: the schedule will do. Pure."""
    found = []
    most = MOST_DAYS[standing.frequency]
    if standing.unseen_days > most:
        found.append(
            f"Age: the champion has not seen the last {standing.unseen_days} days "
            f"({most} are borne)."
        )
    if standing.new_share > MOST_NEW:
        found.append(
            f"New items: {standing.new_share:.0%} of the series came after the champion's training "
            f"({MOST_NEW:.0%} are borne)."
        )
    drift = [english(alarm) for alarm in standing.alarms if alarm.sign in LEARNED]
    found += [f"Drift: {text}" for text in drift]
    found += _by_scorecard(standing.scorecard)
    wrong = [alarm for alarm in standing.alarms if alarm.sign not in LEARNED]
    if found and wrong:
        found.append("First put the data right: a training would learn from what the alarms name.")
    return found


def _by_scorecard(overall: Mapping[str, Any]) -> list[str]:
    if (overall.get("ruptures") or 0) < LEAST_RUPTURES:
        return []
    found = []
    recall, ece = overall.get("recall"), overall.get("ece")
    if recall is not None and recall < LEAST_RECALL:
        found.append(
            f"Scorecard: {recall:.0%} of {overall['ruptures']} ruptures were announced "
            f"(at least {LEAST_RECALL:.0%} is asked)."
        )
    if ece is not None and ece > MOST_ECE:
        found.append(
            f"Scorecard: chances are off by {ece:.2f} on average (at most {MOST_ECE:.2f} is borne)."
        )
    return found


def standing(engine: sa.Engine, root: Path, scorecard: Mapping[str, Any]) -> Standing:
    """Of the current publication and the champion; NotReady where there is none of them."""
    now = current(engine)
    champion = Ledger(engine).champion(DEMAND)
    made = now.provenance
    learned = parse_as_of(champion.origin_label)
    return Standing(
        frequency=made.frequency,
        unseen_days=max((made.origin_end - learned) // dt.timedelta(days=1), 0),
        new_share=_new_share(now, _first_of(engine, champion.version), root),
        alarms=[Alarm.of(kept) for kept in made.alarms],
        scorecard=scorecard,
    )


def _first_of(engine: sa.Engine, version: int) -> Publication | None:
    """The first publication on hand of a champion."""
    mine = [
        one
        for one in list_publications(engine)
        if one.provenance.demand_version == version and one.pruned_at is None
    ]
    return min(mine, key=lambda one: (one.provenance.origin, one.number), default=None)


def _new_share(now: Publication, first: Publication | None, root: Path) -> float:
    """0 where one of the two cannot be read."""
    if first is None or first.number == now.number:
        return 0.0
    try:
        old, new = (
            set(zip(*(table[name].to_pylist() for name in ("site", "sku")), strict=True))
            for table in (map_part(root / one.folder, one.parts[SERIES]) for one in (first, now))
        )
    except VigistockError:
        return 0.0
    return len(new - old) / max(len(new), 1)
