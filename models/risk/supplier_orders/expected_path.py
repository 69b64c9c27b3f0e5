"""The expected stock of every series, day by day: models.projection's arithmetic on one path."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from forecasting.options import Options
from models.lead_time import Floats, Rows
from models.projection import Supply
from models.risk.supplier_orders.order_needs import Calendar, Expected


@dataclass
class ExpectedPath:
    """What the next days do to the expected stock. Units, of n series; it changes by day."""

    stock: Floats
    blocked: Floats
    backlog: Floats
    on_order: Floats
    expiring: Floats  # [n, H]
    arriving: Floats  # [n, D] that comes
    landing: Floats  # [n, D] of what is on order that it ends
    demand: Floats  # [n, D]
    period: Rows  # [D]
    lost_share: float
    taken: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.taken = np.zeros(len(self.stock))

    @classmethod
    def of(
        cls, supply: Supply, expected: Expected, calendar: Calendar, options: Options
    ) -> ExpectedPath:
        count, horizon = supply.booked.shape
        lines = supply.lines
        arriving, landing = np.zeros((count, horizon)), np.zeros((count, horizon))
        comes = np.diff(lines.chance, axis=1, prepend=0.0) * lines.units[:, None]
        np.add.at(landing, lines.series, comes)
        np.add.at(arriving, lines.series, comes * lines.share.mean(axis=1, keepdims=True))
        lengths = np.diff(expected.ends)
        wanted = np.diff(expected.total, axis=1) / lengths
        period = calendar.period
        begins = np.diff(period, prepend=-1) > 0  # what a period brings comes on its first day
        blocked = np.nan_to_num(supply.blocked)
        unseen = supply.unseen * expected.rate * lengths.mean()
        return cls(
            stock=np.maximum(supply.on_hand - unseen, np.minimum(supply.on_hand, blocked)),
            blocked=blocked,
            backlog=np.zeros(count),
            on_order=np.bincount(lines.series, lines.units, minlength=count).astype(np.float64),
            expiring=supply.expiring,
            arriving=arriving[:, period] * begins,
            landing=landing[:, period] * begins,
            demand=wanted[:, period],
            period=period,
            lost_share=options.unmet,
        )

    @property
    def position(self) -> Floats:
        return self.stock + self.on_order - self.backlog

    @property
    def free(self) -> Floats:
        """What can be sold or sent."""
        return np.maximum(self.stock - self.blocked, 0.0)

    def receive(self, day: int) -> None:
        left = np.maximum(self.expiring[:, self.period[day]] - self.taken, 0.0)
        spoiled = np.minimum(left, self.free)
        self.stock += self.arriving[:, day] - spoiled
        self.taken += spoiled
        self.on_order -= self.landing[:, day]

    def order(self, rows: Rows, units: Floats, arrives: Rows) -> None:
        """`arrives`: days of the plan; beyond it, it stays on order."""
        self.on_order[rows] += units
        inside = arrives < self.arriving.shape[1]
        for part in (self.arriving, self.landing):
            part[rows[inside], arrives[inside]] += units[inside]

    def sell(self, day: int) -> None:
        free = self.free
        late = np.minimum(free, self.backlog)
        served = np.minimum(free - late, self.demand[:, day])
        self.stock -= late + served
        self.taken += late + served
        self.backlog += (self.demand[:, day] - served) * (1.0 - self.lost_share) - late
