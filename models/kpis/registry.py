"""Which KPIs there are. One of your own is one file beside this one, and its name in KPIS."""

from __future__ import annotations

from typing import Final

from forecasting.errors import UnknownName
from models.kpis.contract import Kpi
from models.kpis.cost_per_unit import COST_PER_UNIT
from models.kpis.cost_share import COST_SHARE
from models.kpis.customer_otif import CUSTOMER_OTIF
from models.kpis.dead_stock import DEAD_STOCK
from models.kpis.fill_rate import FILL_RATE
from models.kpis.incident_rate import INCIDENT_RATE
from models.kpis.logistics_cost import LOGISTICS_COST
from models.kpis.stock_cover import STOCK_COVER
from models.kpis.stock_turnover import STOCK_TURNOVER
from models.kpis.stock_value import STOCK_VALUE
from models.kpis.stockout_rate import STOCKOUT_RATE
from models.kpis.stockout_rate_by_value import STOCKOUT_RATE_BY_VALUE
from models.kpis.supplier_lateness import SUPPLIER_LATENESS
from models.kpis.supplier_otif import SUPPLIER_OTIF

KPIS: Final[tuple[Kpi, ...]] = (
    CUSTOMER_OTIF,
    FILL_RATE,
    STOCKOUT_RATE,
    STOCKOUT_RATE_BY_VALUE,
    STOCK_COVER,
    STOCK_TURNOVER,
    STOCK_VALUE,
    DEAD_STOCK,
    SUPPLIER_OTIF,
    SUPPLIER_LATENESS,
    COST_SHARE,
    COST_PER_UNIT,
    LOGISTICS_COST,
    INCIDENT_RATE,
)
"""The registration, in the order in which they are shown."""

HEADLINES: Final = (
    ("customer_otif", "fill_rate"),
    ("stockout_rate",),
    ("stock_cover",),
    ("supplier_otif",),
    ("cost_share",),
)
"""The five of a director of operations; what stands in for one where its feeds are missing."""


def kpi(name: str) -> Kpi:
    """Raises UnknownName."""
    for one in KPIS:
        if one.name == name:
            return one
    raise UnknownName("KPI", name, (one.name for one in KPIS))
