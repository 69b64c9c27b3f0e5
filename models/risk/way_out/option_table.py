"""The table of options: a row an option of each series at risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.risk.way_out.choice import Chosen
from models.risk.way_out.whatif import WhatIf

COLUMNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("site", "sku"), "object"),
    "rank": "int64",
    "code": "object",
    **dict.fromkeys(("recommended", "in_time"), "bool"),
    "units": "float64",
    **dict.fromkeys(("source", "order_id", "item", "act_by"), "object"),
    "arrives_on": "datetime64[s]",
    "earlier_days": "int64",
    **dict.fromkeys(("residual_probability", "units_saved", "loss_avoided"), "float64"),
    "currency": "object",
    **dict.fromkeys(("cost", "regret"), "float64"),
    **dict.fromkeys(("sentence_fr", "sentence_en", "at_site"), "object"),
}
"""Of the table of options, and their types."""


def option_rows(
    base: WhatIf, chosen: Sequence[Chosen], currency: NDArray[np.object_]
) -> pd.DataFrame:
    """A row an option, by series, the recommended first; with the types of COLUMNS, rows or not."""
    rows = list(_rows(base, chosen, currency))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))


def _rows(
    base: WhatIf, chosen: Sequence[Chosen], currency: NDArray[np.object_]
) -> Iterator[dict[str, Any]]:
    for one in chosen:
        site, sku = base.code_of[one.row]
        for rank, option in enumerate(one.options):
            uom = base.uom_of[option.item or sku]
            yield {
                "site": site,
                "sku": sku,
                "rank": rank + 1,
                "code": option.code,
                "recommended": rank < one.recommended,
                "in_time": option.in_time,
                "units": option.units,
                "source": option.source,
                "order_id": option.order_id,
                "item": option.item,
                "act_by": option.deadline,
                "arrives_on": pd.Timestamp(option.arrives_on) if option.arrives_on else pd.NaT,
                "earlier_days": option.earlier_days,
                "residual_probability": option.residual_probability,
                "units_saved": option.units_saved,
                "loss_avoided": option.loss_avoided,
                "currency": currency[one.row],
                "cost": option.cost,
                "regret": option.regret,
                "sentence_fr": option.sentence("fr", uom),
                "sentence_en": option.sentence("en", uom),
                "at_site": option.at_site,
            }
