"""What looks wrong, at each publication: in what came in, and in what was forecast."""

from __future__ import annotations

from collections.abc import Sequence

from forecasting.panel import Panel
from models.health.alarm import Alarm, Sign
from models.health.codes import code_alarms
from models.health.gone import gone_alarms
from models.health.inputs import input_alarms
from models.health.outcomes import Promise, outcome_alarms
from models.health.words import english, french


def alarms_of(panel: Panel, promises: Sequence[Promise] = ()) -> list[Alarm]:
    """Everything that looks wrong as of the panel's origin; pure. `promises`: of earlier
    publications (`health.promises.promises`)."""
    return [
        *input_alarms(panel),
        *gone_alarms(panel),
        *code_alarms(panel),
        *outcome_alarms(panel, promises),
    ]


__all__ = ["Alarm", "Promise", "Sign", "alarms_of", "english", "french"]
