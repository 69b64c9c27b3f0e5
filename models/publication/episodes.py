"""Which warning is which: one number for as long as a series stays in danger.

A warning is a series whose assessment says `new`, likely enough to run out within the main horizon,
or `out` already: somebody has to act on either. It keeps its number from publication to publication
while the series stays so, or its chance has not fallen well below what announces one: nobody looks
at a warning that comes and goes. A series in danger again after a pause gets a new one. Whether a
stockout was announced is another question: the scorecard asks the states, not the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

WARNED: Final = "new"  # of an assessment's states
OUT: Final = "out"
CALM: Final = "none"
SNOOZED: Final = "snoozed"  # of a warning's life: new again on its day
EXPIRED: Final = "expired"  # of its life: no publication says it any more
PUT_ASIDE: Final = (SNOOZED, "resolved")  # of its life: off the list until it is new again
SERIES: Final = ["site", "sku"]
KEPT_FROM: Final = 0.15
"""Chance down to which a warning announced from one in four on stays."""


@dataclass(frozen=True)
class Continuation:
    """What a publication does to the warnings of the one before it."""

    continued: pd.DataFrame  # site, sku, episode: still said
    opened: pd.DataFrame  # site, sku: new
    out: pd.DataFrame  # site, sku: of both, those out of stock


def continue_episodes(before: pd.DataFrame, states: pd.DataFrame) -> Continuation:
    """`before`: site, sku, episode of the preceding publication; `states`: site, sku, state and
    probability.

    >>> before = pd.DataFrame({"site": "A", "sku": ["1", "2"], "episode": [7, 8]})
    >>> states = pd.DataFrame({"site": "A", "sku": list("123"), "state": ["out", "none", "new"]})
    >>> states["probability"] = [1.0, 0.1, 0.6]
    >>> answer = continue_episodes(before, states)
    >>> answer.continued.episode.tolist(), answer.opened.sku.tolist(), answer.out.sku.tolist()
    ([7], ['3'], ['1'])
    """
    joined = states[[*SERIES, "state", "probability"]].merge(before, on=SERIES, how="left")
    has_number = joined["episode"].notna()
    still = (joined["state"] == CALM) & (joined["probability"] >= KEPT_FROM)
    said = joined["state"].isin([WARNED, OUT])
    kept = joined[has_number & (said | still)]
    kept = kept[[*SERIES, "episode"]].astype({"episode": "int64"})
    return Continuation(
        continued=kept.reset_index(drop=True),
        opened=joined.loc[~has_number & said, SERIES].reset_index(drop=True),
        out=joined.loc[joined["state"] == OUT, SERIES].reset_index(drop=True),
    )
