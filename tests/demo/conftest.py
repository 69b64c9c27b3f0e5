"""One small company, simulated once: two stores, twelve items, two hundred days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from api.demo import build_company
from api.demo.company import Company, found_company
from api.demo.demand import Demand, draw_demand
from api.demo.files import DemoFiles
from api.demo.operations import Ledger, operate

SMALL = {"seed": 3, "end": date(2026, 11, 22), "days": 200, "sites": 2, "items": 12}


@dataclass(frozen=True)
class Played:
    company: Company
    demand: Demand
    ledger: Ledger


@pytest.fixture(scope="session")
def small() -> Played:
    company = found_company(**SMALL)
    demand = draw_demand(company)
    return Played(company, demand, operate(company, demand))


@pytest.fixture(scope="session")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_company(tmp_path_factory.mktemp("company"), **SMALL)


@pytest.fixture(scope="session")
def same_files_again(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build_company(tmp_path_factory.mktemp("again"), **SMALL)


@pytest.fixture
def other_seed(tmp_path: Path) -> DemoFiles:
    return build_company(tmp_path, **{**SMALL, "seed": 4})
