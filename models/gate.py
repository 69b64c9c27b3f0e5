"""May the challenger replace the champion? From stored evidence alone; no pipeline runs here.

A measure speaks against the challenger only where its loss is beyond what is borne and beyond
chance: the estimate less z standard errors of a paired bootstrap over series (Efron and Tibshirani
1993, "An Introduction to the Bootstrap", ch. 6), z for a chance of 5 % that *any* of the findings
of equal models is clear (Bonferroni). Fewer than LEAST_SERIES or LEAST_EVENTS say nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

from forecasting.out_of_fold import HIGH
from models.evidence import Evidence
from models.gate_pairs import (
    Common,
    Flags,
    Pair,
    common_rows,
    decision_pairs,
    forecast_pairs,
    lead_pairs,
    renamed,
    warning_pairs,
)
from models.lead_time import Floats
from models.ledger import DEMAND
from models.verdict import OTHER_PERIODS, OVERALL, Finding, Verdict

LEAST_SERIES: Final = 30
LEAST_EVENTS: Final = 20
DRAWS: Final = 300  # of the bootstrap: a standard error to 4 %
FALSE_ALARMS: Final = 0.05  # of equal challengers, refused by chance in any finding


@dataclass(frozen=True)
class Rule:
    """How a measure is compared, and which loss is borne overall and in a segment; None: it is
    told, and never a reason.

    `share`: (challenger − champion) ÷ champion; `drop`: the same where more is better; `distance`:
    how much farther the challenger is from `right`.
    """

    kind: Literal["share", "drop", "distance"]
    overall: float | None
    segment: float | None
    right: float = 0.0


RULES: Final = {
    "RMSSE": Rule("share", 0.02, 0.05),
    "pinball": Rule("share", 0.02, 0.05),
    "bias": Rule("distance", 0.03, 0.10),
    "coverage": Rule("distance", 0.03, 0.08, right=HIGH),
    "decision cost": Rule("share", 0.02, 0.10),
    "lost by ruptures": Rule("share", None, None),
    "stock held": Rule("share", None, None),
    "ruptures": Rule("share", None, None),
    "average precision": Rule("drop", 0.05, 0.15),
    "calibration error": Rule("distance", 0.02, 0.05),
    "lead days": Rule("drop", 0.10, 0.25),
}
"""Losses borne: what a planner would not notice overall, and would in a segment."""


def judge(
    name: str, challenger: Evidence | None, champion: Evidence | None, *, seed: int = 1
) -> Verdict:
    """`name`: demand-forecast is judged by forecasts, decisions and warnings, rupture-risk by the
    warnings alone. None: that training kept no evidence."""
    if champion is None or _is_blank(name, champion):
        return Verdict(name, True, "", "the champion was never tested", ())
    if challenger is None:
        return _nothing(name, "the challenger kept no evidence")
    if challenger.facts.frequency != champion.facts.frequency:
        return _nothing(name, OTHER_PERIODS)
    pairs, words = _pairs(name, challenger, renamed(champion, challenger))
    if not pairs:
        return _nothing(name, "the two said nothing of the same past")
    segments = challenger.series["segment"]
    found = [*chain.from_iterable(_findings(pair, segments, seed) for pair in pairs)]
    able = sum(one.limit == one.limit for one, _ in found)
    z = float(norm.ppf(1.0 - FALSE_ALARMS / max(able, 1)))
    findings = tuple(replace(one, bound=one.loss - z * error) for one, error in found)
    passed = not any(one.is_clear for one in findings)
    return Verdict(name, passed, "", words, findings)


def _is_blank(name: str, champion: Evidence) -> bool:
    """Too little was known, or for too short a time, to test the champion on it."""
    parts = [champion.warnings, champion.ruptures]
    if name == DEMAND:
        parts += [champion.forecasts, champion.decisions]
    return not any(len(part) for part in parts)


def _nothing(name: str, reason: str) -> Verdict:
    return Verdict(name, False, reason, "", ())


def _pairs(name: str, ours: Evidence, theirs: dict[str, pd.DataFrame]) -> tuple[list[Pair], str]:
    """The measures that both have, and in words what they are of."""
    pairs: list[Pair] = []
    words = []

    def told(what: str, common: Common, found: Iterator[Pair]) -> None:
        before = len(pairs)
        pairs.extend(found)
        if len(pairs) > before:
            words.append(f"{what}: {common.words}")

    if name == DEMAND:
        common = common_rows(ours.forecasts, theirs["forecasts"], steps=True)
        told("forecasts", common, forecast_pairs(common, ours))
        common = common_rows(ours.decisions, theirs["decisions"], steps=False)
        told("decisions", common, decision_pairs(common, ours))
    count = len(ours.series)
    common = common_rows(ours.warnings, theirs["warnings"], steps=False)
    told("warnings", common, warning_pairs(common, count))
    pairs += lead_pairs(ours.ruptures, theirs["ruptures"], count)
    return pairs, "; ".join(words)


def _findings(pair: Pair, segments: pd.Series, seed: int) -> Iterator[tuple[Finding, float]]:
    """Overall and by segment, each with the standard error of its loss (infinite: too few)."""
    count = len(pair.here)
    draws = np.random.default_rng(seed).poisson(1.0, (DRAWS, count)).astype(np.float64)
    names = [OVERALL, *sorted({*segments[pair.here]} - {""})]
    for segment in names if len(names) > 2 else names[:1]:
        chosen = pair.here & ((segments == segment).to_numpy() | (segment == OVERALL))
        yield _finding(pair, segment, chosen, draws)


def _finding(pair: Pair, segment: str, chosen: Flags, draws: Floats) -> tuple[Finding, float]:
    rule = RULES[pair.measure]
    limit = rule.overall if segment == OVERALL else rule.segment
    once = chosen[None, :].astype(np.float64)
    ours, theirs = (side(once) for side in (pair.challenger, pair.champion))
    naive = np.array([np.nan]) if pair.naive is None else pair.naive(once)
    series, events = int(chosen.sum()), int(pair.events[chosen].sum())
    error = np.inf
    if limit is not None and series >= LEAST_SERIES and events >= LEAST_EVENTS:
        weights = draws * once
        losses = _loss(rule, pair.challenger(weights), pair.champion(weights))
        known = losses[np.isfinite(losses)]
        error = float(known.std(ddof=1)) if len(known) > DRAWS // 2 else np.inf
    loss = float(_loss(rule, ours, theirs)[0])
    found = Finding(
        measure=pair.measure,
        segment=segment,
        challenger=float(ours[0]),
        champion=float(theirs[0]),
        naive=float(naive[0]),
        loss=loss,
        bound=np.nan,
        limit=np.nan if limit is None else limit,
        series=series,
        events=events,
    )
    return found, error


def _loss(rule: Rule, ours: Floats, theirs: Floats) -> Floats:
    """[B] how much worse the challenger is."""
    if rule.kind == "distance":
        return np.asarray(np.abs(ours - rule.right) - np.abs(theirs - rule.right))
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.asarray((ours - theirs) / np.abs(theirs))
    return np.where(ours == theirs, 0.0, change if rule.kind == "share" else -change)
