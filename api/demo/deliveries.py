"""When suppliers take orders, what they promise, when the goods really come; and the last drama."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from api.demo.catalogue import Supplier
from api.demo.company import NEVER, Company, Flags, Whole
from api.demo.demand import next_true
from forecasting.calendar import weekday

STOPPED_DAYS: Final = 21  # before the end: the last receipt of the supplier that stops
CONTAINER_ORDERED_DAYS: Final = 70  # before the end: so that 65 days of sea end about 10 days ago
CONTAINER_LATE_DAYS: Final = 25
ROUND_SHARE: Final = 0.5  # of short lines whose rest follows in a second receipt


@dataclass(frozen=True)
class Deliveries:
    company: Company
    lead: Whole  # [all days, F] working or open days gone by, cumulative
    next_receiving: Whole  # [all days, F]
    container_phase: int  # an order day of the container supplier

    def takes_orders(self, supplier: int, day: int) -> bool:
        terms = self.company.suppliers[supplier]
        if int(weekday(self.company.dates[day])) not in terms.order_days:
            return False
        if terms.role == "container":
            return (day - self.container_phase) % terms.review_days == 0
        return bool(self.company.supplier_open[day, supplier] and self.company.open[day, 0])

    def promise(self, supplier: int, day: int) -> int:
        """Day on which an order of `day` should arrive."""
        gone = self.lead[:, supplier]
        target = gone[day] + self.company.suppliers[supplier].lead_time_days
        ready = int(np.searchsorted(gone, target))
        return self.receive(supplier, ready)

    def arrival(self, supplier: int, day: int, promised: int, rng: np.random.Generator) -> int:
        """Day on which an order of `day` does arrive; NEVER for the supplier that stopped."""
        terms = self.company.suppliers[supplier]
        late = rng.random() < terms.late_share
        delay = int(np.ceil(rng.gamma(2.0, terms.late_days / 2))) if late else rng.integers(-1, 2)
        if terms.role == "container" and day == self.container_phase:
            delay = CONTAINER_LATE_DAYS
        arrival = self.receive(supplier, max(promised + int(delay), day + 1))
        stopped = terms.role == "stopped" and arrival > self.company.end - STOPPED_DAYS
        return NEVER if stopped else arrival

    def receive(self, supplier: int, day: int) -> int:
        """That day, or the next on which goods of a supplier are taken in."""
        return int(self.next_receiving[min(day, len(self.next_receiving) - 1), supplier])


def plan_deliveries(company: Company) -> Deliveries:
    count = len(company.suppliers)
    day = weekday(company.dates)
    on_duty = np.column_stack([_on_duty(company, f, day) for f in range(count)])
    receiving = np.column_stack(
        [_receives(supplier, day) & company.open[:, 0] for supplier in company.suppliers]
    )
    latest = company.end - CONTAINER_ORDERED_DAYS
    return Deliveries(
        company=company,
        lead=on_duty.cumsum(axis=0),
        next_receiving=np.column_stack([next_true(receiving[:, f]) for f in range(count)]),
        container_phase=latest - int(day[latest]),
    )


def _on_duty(company: Company, supplier: int, day: Whole) -> Flags:
    works = company.supplier_open[:, supplier]
    if company.suppliers[supplier].lead_time_basis == "working":
        works = works & (day < 5)
    return works


def _receives(supplier: Supplier, day: Whole) -> Flags:
    return np.isin(day, supplier.receiving_days)
