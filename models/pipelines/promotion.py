"""Promote by the gate, or roll back; the ledger, and a publication by the new champions."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

from forecasting.errors import NotReady, Refused
from models.gate import judge
from models.ledger import Action, Entry, Version
from models.pipelines.publish import publish
from models.pipelines.steps import Progress, open_record, silent
from models.registry import Registry
from models.verdict import GateRefused, Verdict
from models.workspace import Workspace


@dataclass(frozen=True)
class PromotionOutcome:
    """Who is champion now. `verdict` None: the gate was not asked."""

    name: str
    version: int
    before: int | None
    action: str
    why: str
    verdict: Verdict | None
    publication: int | None  # by the new champions; None: there is nothing to publish from
    aliases: str  # why MLflow's aliases could not follow; blank: they did
    seconds: float

    def facts(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**vars(self), "verdict": self.verdict and self.verdict.facts()}


def promote(
    workspace: Workspace,
    name: str,
    version: int,
    *,
    force: bool = False,
    reason: str = "",
    by: str = "",
    progress: Progress = silent,
) -> PromotionOutcome:
    """Make a version the champion, if the gate has no objection, or by force, for which a reason
    is needed. Raises GateRefused with the verdict, UnknownName, and BundleChanged where the files
    are not those registered."""
    begun = time.monotonic()
    with open_record(workspace) as record:
        registry = Registry(workspace, record.engine)
        challenger = registry.ledger.version(name, version)
        if force and not reason.strip():
            raise Refused(
                f"{name} {version} was not promoted: --force needs a reason.",
                next_step="Say why in a few words (--reason); the ledger keeps it.",
            )
        champion = registry.ledger.champion(name) if registry.has(name) else None
        if champion is not None and champion.version == version:
            raise Refused(
                f"{name} {version} is the champion already.",
                next_step="`vigistock models list` shows the others.",
            )
        verdict = None
        if champion is not None:
            progress(f"evidence of {name} {version} and {champion.version}")
            verdict = verdict_on(registry, name, challenger, champion, workspace.options.seed)
            if not verdict.passed and not force:
                raise GateRefused(name, version, champion.version, verdict)
        entry = Entry(
            challenger.ref,
            champion.version if champion else None,
            reason or (verdict.summary() if verdict else "the first champion"),
            Action.FORCED if verdict and not verdict.passed else Action.PROMOTED,
            verdict.facts() if verdict else {},
        )
        progress("files kept and checked")
        aliases = registry.install([entry], at=dt.datetime.now(dt.UTC), by=by)
    return _outcome(workspace, entry, verdict, aliases, begun, progress)


def rollback(
    workspace: Workspace,
    name: str,
    *,
    reason: str = "",
    by: str = "",
    progress: Progress = silent,
) -> PromotionOutcome:
    """Return to the champion before. What the present one has published is served no longer, at
    once; a publication by the champion before follows. Raises NotReady where there is none."""
    begun = time.monotonic()
    with open_record(workspace) as record:
        registry = Registry(workspace, record.engine)
        now, before = registry.ledger.champion(name), registry.ledger.before(name)
        why = reason or f"rolled back from {now.version}"
        entry = Entry(before.ref, now.version, why, Action.ROLLED_BACK)
        aliases = registry.install([entry], at=dt.datetime.now(dt.UTC), by=by)
    progress(f"{name} {before.version} is champion again")
    return _outcome(workspace, entry, None, aliases, begun, progress)


def verdict_on(
    registry: Registry, name: str, challenger: Version, champion: Version, seed: int
) -> Verdict:
    """The gate's, from what the two trainings kept."""
    return judge(name, registry.evidence(challenger), registry.evidence(champion), seed=seed)


def _outcome(
    workspace: Workspace,
    entry: Entry,
    verdict: Verdict | None,
    aliases: str,
    begun: float,
    progress: Progress,
) -> PromotionOutcome:
    return PromotionOutcome(
        name=entry.version.name,
        version=entry.version.version,
        before=entry.over,
        action=entry.action.value,
        why=entry.why,
        verdict=verdict,
        publication=_published(workspace, progress),
        aliases=aliases,
        seconds=round(time.monotonic() - begun, 1),
    )


def _published(workspace: Workspace, progress: Progress) -> int | None:
    """The number of a publication by the champions; None where one model has none yet, or there is
    no data."""
    try:
        return publish(workspace, progress=progress).publication
    except NotReady as error:
        progress(f"nothing was published: {error.message}")
        return None
