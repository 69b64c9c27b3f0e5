"""What is otherwise about one series: the change whose effect a rerun tells."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.terms import NEVER


class OpenLine(NamedTuple):
    """One line on order, as far as people speak of it."""

    place: int  # in WhatIf.lines
    order_id: str
    units: float
    promised_on: dt.date | None
    ordered_on: dt.date
    source: str  # supplier, or the site that ships it
    source_site: str


class BookedLine(NamedTuple):
    """One open line of a customer's order."""

    order_id: str
    customer: str  # "" where it is not told
    units: float
    due_on: dt.date | None  # None: as soon as can be


@dataclass(frozen=True)
class NewLine:
    """An order that somebody may place: at a supplier, or at a site that ships it."""

    units: float
    ordered_on: np.datetime64
    promised_on: np.datetime64 = NEVER  # NaT: by the lead time of its source
    supplier: str = ""
    source_site: str = ""


@dataclass(frozen=True)
class Variant:
    """What is otherwise about one series; as it is where nothing is said."""

    row: int
    without: tuple[int, ...] = ()  # places in WhatIf.lines that do not come
    promised: tuple[tuple[int, np.datetime64], ...] = ()  # places, and by when they are asked for
    extra: tuple[NewLine, ...] = ()
    stock: float = 0.0  # units more on the shelf at the origin, fewer where negative
    demand: float = 1.0  # times as much
    orders_again: bool = True  # by policy or habit; False: nothing more is ordered
    right_record: bool = False  # no loss that nobody booked
    counted: int | None = None  # period at whose begin a count tells the record what is there
    keeps: bool = False  # nothing expires
    freed: bool = False  # nothing is blocked
    punctual: bool = False  # open lines come as promised, whole
    supplied: bool = False  # its source always has stock
    seen: bool = False  # its stock picture is of today
    unbooked: bool = False  # customers have ordered nothing ahead
    stated_lead: bool = False  # orders take the time that the master says
    source: int | None = None  # place of a variant among those asked: what its source is then
