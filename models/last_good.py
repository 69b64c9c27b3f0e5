"""Loading a champion, or the last good version before it: nothing that has changed is ever read.

Three places are tried for the champion's files: the copy that was kept at its promotion, MLflow's,
and then those of the champions before it. Every byte is checked before any is parsed, and what is
parsed holds no code (JSON, NumPy without pickles, LightGBM's text, skops with our list of types).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import sqlalchemy as sa

from forecasting.errors import VigistockError
from forecasting.forecaster import BadBundle
from models import bundles
from models.bundles import BundleChanged, BundleRef
from models.ledger import Ledger
from models.risk_parameters import BadRiskBundle
from models.workspace import Workspace

T = TypeVar("T")

BAD: Final = (BundleChanged, BadBundle, BadRiskBundle)


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """`trouble`: why it is not the champion; blank: it is."""

    made: T
    version: int
    trouble: str = ""


def last_good(
    workspace: Workspace, engine: sa.Engine, name: str, load: Callable[[Path], T]
) -> Loaded[T]:
    """The champion of a model, made from its files by `load`, or the last champion that is whole.

    Raises NotReady without a champion, and what was wrong with the champion where none is whole.
    """
    ledger = Ledger(engine)
    champion = ledger.champion(name).ref
    try:
        return Loaded(load(bundles.kept(champion, workspace.bundles)), champion.version)
    except BAD as error:
        damaged = error
    try:
        return Loaded(load(_again(workspace, engine, champion)), champion.version)
    except VigistockError:
        pass  # MLflow is away, or has the same damage
    promoted = ledger.promotions().query("name == @name")["version"].tolist()
    for version in dict.fromkeys(reversed(promoted)):
        ref = ledger.version(name, int(version)).ref
        try:
            made = load(bundles.kept(ref, workspace.bundles))
        except BAD:
            continue
        trouble = f"{damaged.title}: {name} {champion.version}. {name} {ref.version} speaks for it."
        return Loaded(made, ref.version, trouble)
    raise damaged


def _again(workspace: Workspace, engine: sa.Engine, ref: BundleRef) -> Path:
    """MLflow's copy, kept in place of the damaged one."""
    from models.registry import Registry

    return Registry(workspace, engine).fetch(ref)
