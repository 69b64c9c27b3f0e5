"""Whether a buyer's budget of actions reaches a group of warnings, and when customers are told; the
service imports it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

LIKELY_LATE: Final = 0.5
"""Chance of a customer's order to be late, from which its customer is to be told."""


class Attention(StrEnum):
    """Of a group, as publications and exports hold it."""

    TODAY = "today"  # among the buyer's first `daily_budget` actions
    LEFT_OUT = "left_out"  # beyond them
    ACCEPTED = "accepted"  # what repairs it costs more than it saves, or saves next to nothing
    UNAVOIDABLE = "unavoidable"  # nothing known repairs a tenth of the loss
