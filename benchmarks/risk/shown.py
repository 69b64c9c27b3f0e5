"""One question asked of several methods on the same rows: what they said of what came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from benchmarks.demand.promises import Promise
from benchmarks.risk.measures import Precision, draws, interval, measures
from forecasting.errors import DeliveryRefused

FINAL, STRUCTURAL, COVER, PERSISTENCE = "Vigistock", "structural alone", "days of cover", "today"
BOOSTING: Final = "boosting, ledger alone"
CHANCES: Final = (FINAL, STRUCTURAL, BOOSTING)
ANOTHER: Final = "Name the folder of the data set with --dir."


@dataclass(frozen=True)
class Shown:
    """Rows of one question, and what they must show."""

    words: str
    rows: pd.DataFrame  # event, group (drawn together), when, one column a method
    base: float  # rate of the event in the training period
    rivals: tuple[str, ...]  # methods that the gain is told over

    @property
    def methods(self) -> list[str]:
        return [
            name for name in (COVER, PERSISTENCE, STRUCTURAL, BOOSTING, FINAL) if name in self.rows
        ]

    def measured(self, method: str, when: object = None) -> dict[str, float]:
        rows = self.rows if when is None else self.rows[self.rows["when"] == when]
        event, score = rows["event"].to_numpy(bool), rows[method].to_numpy(float)
        return measures(event, score, self.base, chances=method in CHANCES)

    def gain(self, rival: str) -> tuple[float, float]:
        """95 % of the gain in average precision over a rival, under draws of whole groups."""
        event = self.rows["event"].to_numpy(bool)
        own, other = (Precision(event, self.rows[name].to_numpy(float)) for name in (FINAL, rival))
        group = pd.factorize(self.rows["group"])[0]
        drawn = draws(group, np.random.default_rng(0))
        return interval([own.under(weights) - other.under(weights) for weights in drawn])

    def show(self) -> None:
        event = self.rows["event"]
        print(f"\n{self.words}: {len(event)} rows, {event.mean():.1%} (learned: {self.base:.1%})")
        table = pd.DataFrame({name: self.measured(name) for name in self.methods}).T
        print(table.to_string(float_format="{:.3f}".format, na_rep="–"))
        for rival in self.rivals:
            low, high = self.gain(rival)
            print(f"  gain over {rival}: {low:+.3f} … {high:+.3f} (95 % of draws)", flush=True)


@contextmanager
def refused_if_odd(file: Path) -> Iterator[None]:
    """A file that is not what it should be is a DeliveryRefused."""
    try:
        yield
    except KeyError as error:
        raise DeliveryRefused(str(file), f"missing column {error}", next_step=ANOTHER) from error
    except (OSError, ValueError) as error:  # of pandas and pyarrow too
        raise DeliveryRefused(str(file), f"cannot be read ({error})", next_step=ANOTHER) from error


def least(value: float, bound: float, words: str) -> Promise:
    return Promise(value >= bound, f"{words}, at least {bound:g}: {value:.3f}")


def most(value: float, bound: float, words: str) -> Promise:
    return Promise(value <= bound, f"{words}, at most {bound:g}: {value:.4f}")
