"""Versions: registered in MLflow and in the record at once, promoted through the ledger.

What counts is in the record (`models.ledger`): the digest that a version must have, and who is
champion. MLflow is where people look; its aliases follow.
"""

from __future__ import annotations

import datetime as dt
import getpass
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from forecasting.errors import Refused
from models import bundles
from models.bundles import BundleChanged, BundleRef
from models.evidence import Evidence
from models.ledger import Action, Entry, Ledger, Version
from models.tracking import Tracking, TrackingUnavailable, TrainingRun
from models.workspace import Workspace

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
LAST_GOOD: Final = "last-good"
EVIDENCE: Final = "evidence"  # the artifact of a run


class Registry:
    """Runs and versions of one workspace; `engine` is its record's."""

    def __init__(self, workspace: Workspace, engine: sa.Engine) -> None:
        self.workspace = workspace
        self.ledger = Ledger(engine)
        self.tracking = Tracking(workspace)

    def log_training(
        self,
        run: TrainingRun,
        files: Mapping[str, Path],
        *,
        origin_label: str,
        code_version: str,
        at: dt.datetime,
        evidence: Path | None = None,
    ) -> dict[str, Version]:
        """One run, and a version of each model in `files` (model name -> folder), as challengers.
        `evidence`: the files of `models.evidence`, kept with the run.

        A run that fails on the way is marked FAILED and leaves no version in the record.
        """
        made = []
        with self.tracking.run(run) as run_id:
            kept_evidence = ""
            if evidence is not None:
                kept_evidence = bundles.digest_of(evidence)
                self.tracking.keep(run_id, evidence, EVIDENCE)
            for name, folder in files.items():
                digest = bundles.digest_of(folder)
                tags = {"digest": digest, "origin": origin_label}
                made.append(
                    Version(
                        name=name,
                        version=self.tracking.register(name, run_id, folder, tags),
                        run_id=run_id,
                        digest=digest,
                        created_at=at,
                        origin_label=origin_label,
                        data_digest=run.data_digest,
                        code_version=code_version,
                        metrics=run.kept.get(name, {}),
                        evidence_digest=kept_evidence,
                    )
                )
            self.ledger.add(made)
        for version in made:
            self.follow_ledger(version.name)
        return {version.name: version for version in made}

    def promote(
        self,
        version: BundleRef,
        *,
        why: str,
        at: dt.datetime,
        by: str = "",
        action: Action = Action.PROMOTED,
        evidence: Mapping[str, Any] | None = None,
    ) -> Path:
        """Make one version the champion, whoever it was; see `install`. Gives the kept folder."""
        over = self.ledger.champion(version.name).version if self.has(version.name) else None
        self.install([Entry(version, over, why, action, evidence or {})], at=at, by=by)
        return self.workspace.bundles / version.name / str(version.version)

    def install(self, entries: Sequence[Entry], *, at: dt.datetime, by: str = "") -> str:
        """Make versions the champions, all or none: their files kept and verified, the ledger, then
        MLflow's aliases. Gives what MLflow's trouble was, where the aliases could not follow.

        Raises BundleChanged where files are not those registered, and Refused without a reason.
        """
        for entry in entries:
            if not entry.why.strip():
                raise Refused(
                    f"{entry.version.name} {entry.version.version} was not promoted: "
                    "no reason was given.",
                    next_step="Say why in a few words; the ledger keeps it.",
                )
        for entry in entries:
            self.fetch(entry.version)
        self.ledger.enter(entries, at=at, who=by or whoami())
        try:
            for entry in entries:
                self.follow_ledger(entry.version.name)
        except TrackingUnavailable as error:
            return error.message
        return ""

    def has(self, name: str) -> bool:
        """Whether a model has a champion."""
        return self.ledger.has_champion(name)

    def follow_ledger(self, name: str) -> None:
        """MLflow's aliases as the record has it: the champion, the one before it, and the newest
        version where it is neither."""
        promoted = self.ledger.promotions().query("name == @name")["version"].tolist()
        order = list(dict.fromkeys(reversed(promoted)))  # the champion first
        aliases = dict(zip((CHAMPION, LAST_GOOD), order, strict=False))
        newest = max(self.ledger.versions().query("name == @name")["version"])
        if newest not in promoted:
            aliases[CHALLENGER] = newest
        self.tracking.set_aliases(name, {alias: int(found) for alias, found in aliases.items()})

    def champion(self, name: str) -> BundleRef:
        """What the ledger says; NotReady where nothing was promoted yet."""
        return self.ledger.champion(name).ref

    def fetch(self, version: BundleRef) -> Path:
        """The files of a version, verified: the kept copy, else MLflow's; a damaged copy is made
        anew. Raises BundleChanged, and TrackingUnavailable where MLflow is needed and away."""
        try:
            return bundles.kept(version, self.workspace.bundles)
        except BundleChanged:
            return self._keep(version)

    def evidence(self, version: Version) -> Evidence | None:
        """What the training of a version kept for the gate, verified; None: nothing was kept."""
        if not version.evidence_digest:
            return None
        ref = BundleRef(EVIDENCE, version.version, version.evidence_digest, version.run_id)
        with tempfile.TemporaryDirectory() as folder:
            files = self.tracking.download(version.run_id, EVIDENCE, Path(folder))
            return Evidence.from_files(bundles.check(ref, files))

    def text(self, run_id: str, artifact: str) -> str:
        """A text of a run, such as `model_card.md`."""
        with tempfile.TemporaryDirectory() as folder:
            path = self.tracking.download(run_id, artifact, Path(folder))
            return path.read_text(encoding="utf-8")

    def _keep(self, version: BundleRef) -> Path:
        with tempfile.TemporaryDirectory() as folder:
            files = self.tracking.download(version.run_id, version.name, Path(folder))
            return bundles.keep(version, files, self.workspace.bundles)


def whoami() -> str:
    """The person at the keyboard, for the ledger."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in a container
        return "unknown"
