"""Whether a buyer's budget of actions reaches a group of warnings; the service imports it."""

from __future__ import annotations

from enum import StrEnum


class Attention(StrEnum):
    """Of a group, as publications and exports hold it."""

    TODAY = "today"  # among the buyer's first `daily_budget` actions
    LEFT_OUT = "left_out"  # beyond them
    ACCEPTED = "accepted"  # what repairs it costs more than it saves
    UNAVOIDABLE = "unavoidable"  # nothing known repairs a tenth of the loss
