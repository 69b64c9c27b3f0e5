"""The printed side by side: every method on all rows and on those at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from benchmarks.risk.measures import interval_of_precision, measures
from benchmarks.risk.peers import RULE
from benchmarks.risk.task import SUBSETS, Task, Vector, subset

PRODUCT: Final = "Vigistock"
FINE: Final = {"ECE": "{:.4f}".format}  # of rare events it is small


class Results:
    """Scores of the peers, and of the product by seed, on the test rows."""

    def __init__(
        self, task: Task, peers: Mapping[str, Vector], seeds: Mapping[int, Vector]
    ) -> None:
        self._task, self._peers, self._seeds = task, peers, seeds
        self.tables = {name: self._table(name) for name in SUBSETS}

    def _table(self, name: str) -> pd.DataFrame:
        """method × measure; the product's is the mean of its seeds."""
        learned, judged = subset(self._task.train, name), subset(self._task.test, name)
        event = self._task.test.labels()[judged]
        base = float(self._task.train.labels()[learned].mean())
        rows = {
            method: measures(event, score[judged], base, chances=method != RULE)
            for method, score in self._peers.items()
        }
        seeds = pd.DataFrame(
            {
                f"  seed {seed}": measures(event, score[judged], base, chances=True)
                for seed, score in self._seeds.items()
            }
        ).T
        rows[PRODUCT] = seeds.mean().to_dict()
        table = pd.DataFrame(rows).T
        return pd.concat([table, seeds]) if len(seeds) > 1 else table

    def value(self, name: str, measure: str) -> float:
        return float(self.tables[name].loc[PRODUCT, measure])

    def best_peer(self, name: str) -> str:
        return str(self.tables[name].loc[list(self._peers), "AP"].idxmax())

    def show(self) -> None:
        """Print all but the promises."""
        for name, table in self.tables.items():
            judged = subset(self._task.test, name)
            event = self._task.test.labels()[judged]
            words = f", {self._task.at_risk_are}" if name == "at risk" else ""
            print(f"\n{name}{words}: {len(event)} rows, {event.sum()} {self._task.events_are}")
            print(table.to_string(float_format="{:.3f}".format, formatters=FINE, na_rep="–"))
            reference = self.best_peer(name)
            value, gain = interval_of_precision(
                event,
                self._task.test.sku[judged],
                [score[judged] for score in self._seeds.values()],
                self._peers[reference][judged],
            )
            print(f"  {PRODUCT}'s AP, 95 % of draws of SKUs: {value[0]:.3f} … {value[1]:.3f}")
            print(f"  its gain over {reference}: {gain[0]:+.3f} … {gain[1]:+.3f}", flush=True)
