"""What a planner does on a morning: actions, each one message to one source about some series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from api.demo.steering import SteeredRun

WAREHOUSE: Final = 0


@dataclass(frozen=True)
class Step:
    """One series of an action."""

    site: int
    item: int
    units: int = 0
    giver: int = -1  # site that sends them; −1: the item's supplier
    call: int = 0  # order that is to come earlier, and by which day
    count: bool = False  # somebody looks what is there
    by: int = 0


@dataclass(frozen=True)
class Action:
    code: str  # order, transfer, expedite, count
    source: str
    buyer: str
    steps: tuple[Step, ...]


Planner = Callable[[SteeredRun, int], Sequence[Action]]  # a company, on the morning of a day


def nobody(_run: SteeredRun, _day: int) -> Sequence[Action]:
    """Whoever acts on no list."""
    return ()


class Diary:
    """What was done; calls that were of no use are not made again."""

    def __init__(self) -> None:
        self.taken = Counter[str]()  # actions; calls, one an order; transfers, one a way of goods
        self._refused: set[int] = set()

    def do(self, run: SteeredRun, actions: Sequence[Action]) -> None:
        for action in actions:
            asked = [step for step in action.steps if step.units > 0 and not step.call]
            for step in asked:
                _ask(run, step)
            counts = [step for step in action.steps if step.count]
            for step in counts:
                run.count(step.site, step.item)
            calls = {step.call for step in action.steps if step.call} - self._refused
            self._call(run, calls, action)
            self.taken["actions"] += bool(asked or calls or counts)
            self.taken["calls"] += len(calls)
            self.taken["counts"] += len(counts)
            self.taken["transfers"] += len(
                {(one.giver, one.site) for one in asked if one.giver >= 0}
            )

    def _call(self, run: SteeredRun, calls: set[int], action: Action) -> None:
        """Once about each order, for the series that needs it first."""
        for order in sorted(calls):
            by = min(step.by for step in action.steps if step.call == order)
            if not run.call(order, by):
                self._refused.add(order)


def _ask(run: SteeredRun, step: Step) -> None:
    if step.giver < 0:
        run.order(step.item, step.units)
    elif step.giver == WAREHOUSE:
        run.request(step.site, step.item, step.units)
    else:
        run.give(step.giver, step.site, step.item, step.units)
