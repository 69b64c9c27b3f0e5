"""What a version of `rupture-risk` is made of: the method and the settings behind its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from forecasting.errors import VigistockError
from forecasting.options import Options

FILE: Final = "risk.json"
METHOD: Final = "structural"
ARITHMETIC: Final = 2
"""Version of the projection: raised whenever the same inputs would give other probabilities."""


class BadRiskBundle(VigistockError):
    code = "bad_risk_bundle"
    title = "A risk bundle cannot be read"


@contextmanager
def refused_if_unreadable(folder: Path) -> Iterator[None]:
    """What goes wrong in reading the files of a bundle is a BadRiskBundle."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRiskBundle(
            f"The risk bundle in {folder} cannot be read: {error}.",
            next_step="Restore it from the registry, or train again.",
            folder=str(folder),
        ) from error


@dataclass(frozen=True)
class RiskParameters:
    """Parameters of the structural risk: stock walked along demand paths and arrivals."""

    method: str
    arithmetic: int
    horizons: tuple[int, ...]  # periods
    stockout_availability: float
    unmet: float
    paths: int
    seed: int

    @classmethod
    def of(cls, options: Options) -> RiskParameters:
        return cls(
            method=METHOD,
            arithmetic=ARITHMETIC,
            horizons=options.risk_horizons,
            stockout_availability=options.stockout_availability,
            unmet=options.unmet,
            paths=options.paths,
            seed=options.seed,
        )

    def applied_to(self, options: Options) -> Options:
        """The options with the parameters of this version in place of today's settings."""
        return replace(
            options,
            horizons=self.horizons,
            stockout_availability=self.stockout_availability,
            unmet=self.unmet,
            paths=self.paths,
            seed=self.seed,
        )

    def to_files(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_text(json.dumps(asdict(self), indent=1, sort_keys=True))

    @classmethod
    def from_files(cls, folder: Path) -> RiskParameters:
        """Raises BadRiskBundle for what `to_files` did not write, or other code's arithmetic."""
        with refused_if_unreadable(folder):
            kept = json.loads((folder / FILE).read_text())
            made = cls(**{**kept, "horizons": tuple(kept["horizons"])})
        if (made.method, made.arithmetic) != (METHOD, ARITHMETIC):
            raise BadRiskBundle(
                f"The risk bundle in {folder} was made for {made.method} arithmetic "
                f"{made.arithmetic}; this code has {METHOD} {ARITHMETIC}.",
                next_step="Train again, or publish with the code that made it.",
                folder=str(folder),
            )
        return made
