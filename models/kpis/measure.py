"""KPIs of a panel, counted: two parts of a publication."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.calendar import Frequency, labels, period_start
from models.kpis.cells import CELLS, added
from models.kpis.counted import Counted
from models.kpis.coverage import coverage
from models.kpis.registry import KPIS

if TYPE_CHECKING:
    from forecasting.options import Options
    from forecasting.panel import Panel
    from forecasting.windows import RowSource


def measured(
    panel: Panel,
    source: RowSource,
    options: Options,
    progress: Callable[[str], None],
    demand: NDArray[np.float64] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells of every KPI (kpi, CELLS, with the label of the period in place of its number, and
    period_start), and the coverage of the feeds. `source`: the rows that the panel was built from;
    nothing after its origin counts; `demand` [n, T]: what customers wanted, where it is known
    already. A KPI that fails is told to `progress` and has no cells: what
    else is published does not wait for it."""
    facts = Counted(panel, source, options, demand)
    parts = [added([]).assign(kpi="")]
    for one in KPIS:
        try:
            parts.append(one.measure(facts).assign(kpi=one.name))
        except Exception as error:
            progress(f"KPI {one.name} was not measured: {type(error).__name__}: {error}")
    cells = pd.concat(parts, ignore_index=True)[["kpi", *CELLS]]
    return _dated(cells), coverage(facts)


def _dated(cells: pd.DataFrame) -> pd.DataFrame:
    found = cells.assign(period_start=np.datetime64("NaT", "s"))
    text = pd.Series("", index=cells.index, dtype=object)
    for grain, some in cells.groupby("grain"):
        frequency = Frequency.of_grain(str(grain))
        numbers = some["period"].unique()
        names = dict(zip(numbers, labels(numbers, frequency), strict=True))
        starts = pd.Series(period_start(numbers, frequency).astype("datetime64[s]"), numbers)
        text[some.index] = some["period"].map(names)
        found.loc[some.index, "period_start"] = some["period"].map(starts)
    return found.assign(
        period=text,
        period_start=found["period_start"].astype("datetime64[s]"),
        bin=cells["bin"].astype("int16"),
        **{name: cells[name].round().astype("int32") for name in ("rows", "left_out", "censored")},
    )
