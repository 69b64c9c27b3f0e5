"""A seeded, believable company: the files its ERP would export, and the truth kept aside."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forecasting.engine import usable_cores

if TYPE_CHECKING:
    from api.demo.files import DemoFiles

END: Final = date(2026, 11, 22)  # a Sunday: the last complete ISO week is 2026-W47
FILES: Final = "demo-files"
MARK: Final = "made-by-vigistock-demo"  # inside FILES: this workspace is a demonstration
MOST_WORKERS: Final = 4  # a training has four large pieces: three eras of the backtest, and today


def usual_workers() -> int:
    """As many as there are cores for this process, as far as a training has work for them."""
    return min(usable_cores(), MOST_WORKERS)


def build_company(
    folder: Path,
    *,
    seed: int = 7,
    end: date = END,
    days: int = 730,
    sites: int = 6,
    items: int = 150,
) -> DemoFiles:
    """Simulates a distributor (one warehouse, `sites` stores) and writes its exports to `folder`.

    The history has `days` days and ends on `end`. The same arguments give the same bytes. Raises
    BadSetting where a size is out of reach (forecasting.errors).
    """
    from api.demo.company import found_company
    from api.demo.demand import draw_demand
    from api.demo.files import write_files
    from api.demo.operations import operate

    company = found_company(seed=seed, end=end, days=days, sites=sites, items=items)
    demand = draw_demand(company)
    return write_files(folder, company, demand, operate(company, demand))
