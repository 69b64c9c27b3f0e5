"""Which warning is which: one number for as long as a series stays in danger.

A warning is a series whose assessment says `new`: likely enough to run out within the main horizon,
and not out already. It keeps its number from publication to publication while the series stays so,
or is `out`; a series in danger again after a pause gets a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

WARNED: Final = "new"  # of an assessment's states
OUT: Final = "out"
SNOOZED: Final = "snoozed"  # of a warning's life: new again on its day
SERIES: Final = ["site", "sku"]


@dataclass(frozen=True)
class Continuation:
    """What a publication does to the warnings of the one before it."""

    continued: pd.DataFrame  # site, sku, episode: still said
    opened: pd.DataFrame  # site, sku: new
    closed: list[int]  # no longer said


def continue_episodes(before: pd.DataFrame, states: pd.DataFrame) -> Continuation:
    """`before`: site, sku, episode of the preceding publication; `states`: site, sku, state.

    >>> before = pd.DataFrame({"site": "A", "sku": ["1", "2"], "episode": [7, 8]})
    >>> states = pd.DataFrame({"site": "A", "sku": list("123"), "state": ["out", "none", "new"]})
    >>> answer = continue_episodes(before, states)
    >>> answer.continued.episode.tolist(), answer.opened.sku.tolist(), answer.closed
    ([7], ['3'], [8])
    """
    joined = states[[*SERIES, "state"]].merge(before, on=SERIES, how="left")
    has_number = joined["episode"].notna()
    kept = joined[has_number & joined["state"].isin([WARNED, OUT])]
    kept = kept[[*SERIES, "episode"]].astype({"episode": "int64"})
    gone = before.loc[~before["episode"].isin(kept["episode"]), "episode"]
    return Continuation(
        continued=kept.reset_index(drop=True),
        opened=joined.loc[~has_number & (joined["state"] == WARNED), SERIES].reset_index(drop=True),
        closed=[int(number) for number in gone],
    )
