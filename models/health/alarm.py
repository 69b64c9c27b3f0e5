"""What looks wrong, as facts; `words` says it to a planner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

NAMED: Final = 5  # subjects that an alarm names; `count` tells how many there are


class Sign(StrEnum):
    """What was looked at."""

    ROWS = "rows"  # fewer or more series than usual have a row
    LEVEL = "level"  # the sum of the units is far from what it was
    SILENT = "silent"  # a site, or a whole feed, says nothing any more
    SCALE = "scale"  # single series in another unit: tens, boxes, grams
    CODE = "code"  # an item ends where a like one begins
    ERROR = "error"  # published forecasts missed what came by more than they used to
    CALIBRATION = "calibration"  # too much came above the published 90 % quantile


@dataclass(frozen=True)
class Alarm:
    """One thing that looks wrong at an origin.

    `subjects`: at most NAMED sites, series (site/sku) or pairs of codes; none: the whole feed.
    `found` and `usual` have the unit of the sign: a sum of units, a count of rows or periods, a
    ratio.
    """

    sign: Sign
    feed: str
    found: float
    usual: float
    subjects: tuple[str, ...] = ()
    count: int = 0  # of subjects, those that are not named included
    about: Mapping[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As values that JSON keeps."""
        return asdict(self) | {"sign": self.sign.value, "subjects": list(self.subjects)}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Alarm:
        """The alarm that `plain` gave."""
        facts = {**kept, "sign": Sign(kept["sign"]), "subjects": tuple(kept["subjects"])}
        return cls(**facts)


def named(
    sign: Sign,
    feed: str,
    subjects: Sequence[str],
    *,
    found: float,
    usual: float,
    about: Mapping[str, str] | None = None,
) -> list[Alarm]:
    """One alarm for all subjects; none where there are none."""
    if not subjects:
        return []
    return [Alarm(sign, feed, found, usual, tuple(subjects[:NAMED]), len(subjects), about or {})]
