"""The folder where everything of one company lives, as paths and addresses; it opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from forecasting.options import Options


@dataclass(frozen=True)
class Workspace:
    """`database` and `tracking` are URLs; blank means the SQLite files inside the folder."""

    folder: Path
    options: Options
    database: str = ""
    tracking: str = ""
    schema: str = ""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.folder / 'record.db').resolve()}"

    @property
    def tracking_url(self) -> str:
        return self.tracking or f"sqlite:///{(self.folder / 'mlflow.db').resolve()}"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifact root."""
        return self.folder / "artifacts"

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshot"

    @property
    def bundles(self) -> Path:
        """Champion bundles as they were promoted, kept so that serving needs no MLflow."""
        return self.folder / "bundles"

    @property
    def publications(self) -> Path:
        return self.folder / "publications"

    @property
    def scenarios(self) -> Path:
        """The results of scenarios, a folder each."""
        return self.folder / "scenarios"

    @property
    def bases(self) -> Path:
        """What scenarios start from; may be deleted, it is made again."""
        return self.publications / ".bases"

    @property
    def pulls(self) -> Path:
        """Bulk answers as they are served; may be deleted, they are made again."""
        return self.publications / ".pulls"

    @property
    def scorecard(self) -> Path:
        """The scorecard last computed, as it is served; may be deleted, it is computed again."""
        return self.folder / "scorecard.json"
