"""Warnings against what happened: outcomes, ruptures found and missed, calibration of the chances.

Computed at reading, from immutable publications (or a replay of past origins) and the record as of
now: nothing here is kept but by who asks.
"""

from models.scorecard.card import Scorecard, scorecard_of
from models.scorecard.said import Said, said_by
from models.scorecard.truth import Truth, truth_of

__all__ = ["Said", "Scorecard", "Truth", "said_by", "scorecard_of", "truth_of"]
