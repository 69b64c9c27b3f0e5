"""What a workspace decides about forecasting and risk: one frozen set, passed down as a value.

`api.settings` reads it from flags, environment and `vigistock.toml`; nothing below looks there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from forecasting.calendar import Frequency

QUANTILES: Final = (
    0.005,
    0.025,
    0.05,
    0.1,
    0.165,
    0.25,
    0.5,
    0.75,
    0.835,
    0.9,
    0.95,
    0.975,
    0.995,
)
"""M5's nine levels, and the deciles and 5 % tails that service targets ask for."""

RISK_HORIZONS: Final[Mapping[Frequency, tuple[int, ...]]] = {
    Frequency.DAY: (7, 14, 28),
    Frequency.WEEK: (1, 2, 4),
    Frequency.MONTH: (1, 2, 3),
}
FORECAST_HORIZONS: Final[Mapping[str, int]] = {"day": 28, "week": 13, "month": 12}


@dataclass(frozen=True)
class Options:
    """The settings that change numbers. Lengths are in periods unless the name says days."""

    frequency: Frequency = Frequency.DAY
    quantiles: tuple[float, ...] = QUANTILES
    horizons: tuple[int, ...] = ()  # of risk, in periods; empty: RISK_HORIZONS
    forecast_horizons: Mapping[str, int] = field(default_factory=lambda: dict(FORECAST_HORIZONS))
    stockout_availability: float = 0.5  # at most this share of the period in stock is a stockout
    availability_basis: str = "time"  # or "sales"
    shop_hours: tuple[float, ...] = ()  # usual sales of the 24 hours, any unit; empty: flat
    unmet: float = 1.0  # share of unmet demand that is lost; the rest is backordered
    country: str = ""  # ISO 3166-1 alpha-2, for holidays; blank: none
    language: str = "fr"
    currency: str = "EUR"
    daily_budget: int = 20
    holding_rate: float | None = None  # share of unit cost a year
    expedite_cost: float | None = None  # currency an order
    transfer_cost: float | None = None  # currency a transfer
    order_cost: float | None = None  # currency an order
    count_cost: float | None = None  # currency a shelf counted
    least_saving: float = 10.0  # currency, that an action is worth though it saves next to no units
    exchange_rates: Mapping[str, float] = field(default_factory=dict)
    """`currency` that one unit of another is worth, to rank and for what is stated in `currency`;
    amounts are never added."""
    seed: int = 1
    paths: int = 500  # sample paths a series
    workers: int = 1
    engine: str = "local"

    def told_in(self, currency: str, amount: float) -> float:
        """An amount of `currency` in another one, by its exchange rate; one for one without any.

        >>> round(Options(exchange_rates={"USD": 0.92}).told_in("USD", 9.2), 9)
        10.0
        """
        return amount / self.exchange_rates.get(currency, 1.0)

    def least_saving_in(self, currency: str) -> float:
        return self.told_in(currency, self.least_saving)

    @property
    def risk_horizons(self) -> tuple[int, ...]:
        return self.horizons or RISK_HORIZONS[self.frequency]

    @property
    def main_horizon(self) -> int:
        """The second risk horizon, or the only one."""
        return self.risk_horizons[min(1, len(self.risk_horizons) - 1)]
