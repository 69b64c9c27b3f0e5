"""What a director of operations follows: key figures by week and month, from what a record holds.

`measure` counts at `publish` (numerators and denominators by site and by one more dimension, parts
of the publication); `figures` adds them up for whoever asks, and says what cannot be computed.
"""

from models.kpis.figures import figures_of
from models.kpis.measure import measured
from models.kpis.registry import HEADLINES, KPIS, kpi

__all__ = ["HEADLINES", "KPIS", "figures_of", "kpi", "measured"]
