"""The feeds and profiles that an upload may name, the usual ones first."""

from __future__ import annotations

from typing import Any, Final

from forecasting.feeds import profile_names
from forecasting.feeds.profile import CONTRACTS

FIRST: Final = ("sales", "stock", "items", "orders", "receipts", "sites", "suppliers")


def choices() -> dict[str, Any]:
    """`feeds` and `profiles` for the form of an upload."""
    rest = sorted(set(CONTRACTS) - set(FIRST))
    return {"feeds": [*FIRST, *rest], "profiles": sorted(profile_names(), key=_generic_first)}


def _generic_first(name: str) -> tuple[bool, str]:
    return not name.startswith("generic"), name
