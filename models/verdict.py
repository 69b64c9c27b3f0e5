"""What the gate says of a challenger, with the evidence behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from forecasting.errors import Refused

OVERALL: Final = "all"
OTHER_PERIODS: Final = "the two forecast different periods"
DIGITS: Final = 5


@dataclass(frozen=True)
class Finding:
    """One measure of one segment. `loss`: how much worse the challenger is than the champion, in
    the measure's own terms (`gate.RULES`); below 0 it is better."""

    measure: str
    segment: str
    challenger: float
    champion: float
    naive: float  # repeating the last season, or ranking by days of cover; NaN: says nothing
    loss: float
    bound: float  # the loss is above it but for chance (paired bootstrap)
    limit: float  # the loss that is borne; NaN: told, never a reason
    series: int
    events: int

    @property
    def is_clear(self) -> bool:
        """Whether it speaks against the challenger."""
        return bool(self.bound > self.limit)

    def sentence(self) -> str:
        """In words, where it speaks against the challenger."""
        where = "overall" if self.segment == OVERALL else f"in {self.segment}"
        return (
            f"{self.measure} {where}: {self.challenger:.4g}, the champion {self.champion:.4g}; "
            f"worse by {self.loss:.1%}, surely by {self.bound:.1%}, and {self.limit:.0%} is borne "
            f"({self.series:,} series, {self.events:,} events)"
        )


@dataclass(frozen=True)
class Verdict:
    """`reason` is why nothing could be compared, or blank."""

    name: str
    passed: bool
    reason: str
    basis: str  # what was compared, in words
    findings: tuple[Finding, ...]

    @property
    def against(self) -> list[Finding]:
        """What speaks against the challenger, the clearest first."""
        clear = [one for one in self.findings if one.is_clear]
        return sorted(clear, key=lambda one: one.limit - one.bound)

    @property
    def overall(self) -> list[Finding]:
        return [one for one in self.findings if one.segment == OVERALL]

    def facts(self) -> dict[str, Any]:
        """As plain values, for the ledger and for JSON; what is not known is None."""
        return {
            "passed": self.passed,
            "reason": self.reason,
            "basis": self.basis,
            "findings": [
                {
                    name: _plain(value) if isinstance(value, float) else value
                    for name, value in asdict(one).items()
                }
                for one in self.findings
            ],
        }

    def summary(self) -> str:
        """One sentence for the ledger."""
        if self.reason:
            return self.reason
        if self.against:
            return f"the gate objects: {self.against[0].sentence()}"
        return f"the gate has no objection ({self.basis})"


def _plain(value: float) -> float | None:
    return round(value, DIGITS) if value == value and abs(value) != float("inf") else None


class GateRefused(Refused):
    code = "gate_refused"
    title = "The gate keeps the champion"

    def __init__(self, name: str, version: int, champion: int, verdict: Verdict) -> None:
        reasons: Sequence[str] = [verdict.reason] if verdict.reason else []
        reasons = [*reasons, *(one.sentence() for one in verdict.against[:5])]
        more = len(verdict.against) - 5
        reasons = [*reasons, f"and {more} more"] if more > 0 else reasons
        super().__init__(
            f"{name} {version} may not replace {champion}: {'; '.join(reasons)}.",
            next_step=f"`vigistock models promote {name} {version} --force --reason WHY` does it "
            "all the same; the ledger keeps the reason and this verdict.",
            verdict=verdict.facts(),
        )
        self.verdict = verdict
