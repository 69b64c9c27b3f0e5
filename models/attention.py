"""Whether a buyer's budget of actions reaches a group of warnings, and when customers are told; the
service imports it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LIKELY: Final = 0.5
"""Chance of a stockout, or of a customer's order to be late, from which customers are to be told:
likelier than not."""


class Attention(StrEnum):
    """Of a group, as publications and exports hold it."""

    TODAY = "today"  # among the buyer's first `daily_budget` actions
    LEFT_OUT = "left_out"  # beyond them
    ACCEPTED = "accepted"  # what repairs it costs more than it saves, or saves next to nothing
    UNAVOIDABLE = "unavoidable"  # nothing known repairs a tenth of the loss, and it is likely
    WATCH = "watch"  # nothing known does, but it is less likely, or nobody misses it
