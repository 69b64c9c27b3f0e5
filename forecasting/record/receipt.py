"""What the record says about a delivery once it is safe."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """One committed delivery: read = accepted + rejected + duplicates.

    `repeated`: these very bytes had been delivered before; nothing was written, and the counts are
    those of the first time.
    """

    delivery: int
    feed: str
    profile: str
    source: str
    digest: str
    received_at: dt.datetime  # UTC
    read: int
    accepted: int
    rejected: int
    duplicates: int
    units_read: float | None
    units_accepted: float | None
    units_rejected: float | None
    units_duplicates: float | None
    notes: tuple[str, ...]
    repeated: bool = False
