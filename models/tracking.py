"""The one door to MLflow: nothing else in the house imports it.

Every call goes through a client of the workspace's own store: no global state, no telemetry, no
output. Versions are plain files, never models that MLflow could load: its loaders run code that
comes with the artifact.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import re
import signal
import sqlite3
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from forecasting.errors import VigistockError
from models.workspace import Workspace

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT: Final = "vigistock"
LONGEST_PARAM: Final = 6000  # characters; MLflow cuts longer ones, with a warning
LONGEST_TOLD: Final = 200  # characters of an error of the store
LONGEST_DIGEST: Final = 36  # characters that MLflow keeps of a data set's digest
QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
BOUNDED: Final = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",  # seconds; MLflow's own are 120, seven times over
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "PGCONNECT_TIMEOUT": "20",
}
"""How long a store may keep a training waiting, unless the environment says otherwise."""
LONGEST_TALK: Final = 300.0
"""Seconds for a few calls in a row, whatever they wait for: what trickles is never silent."""
SOURCE: Final = "vigistock train"  # of our runs, as MLflow's page shows it
ADDRESSES: Final = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "storage_location"),
)
"""Where MLflow's store keeps addresses of artifacts: table, column."""
_ODD: Final = re.compile(r"[^\w./ -]")  # what MLflow refuses in a metric's name


class TrackingUnavailable(VigistockError):
    """MLflow's store cannot be reached; what is published is served all the same."""

    code = "tracking_unavailable"
    title = "The MLflow store cannot be reached"


@dataclass(frozen=True)
class TrainingRun:
    """All that a run keeps, as plain values and files."""

    name: str
    tags: Mapping[str, str]
    settings: Mapping[str, Any]  # the seed among them
    data_digest: str
    data_source: str
    data_facts: Mapping[str, Any]  # series, periods, first, last, rows …
    metrics: Mapping[str, float]
    segments: pd.DataFrame  # indexed by segment, one column a metric
    files: Mapping[str, str | bytes] = field(default_factory=dict)  # artifact path -> content
    example: tuple[pd.DataFrame, pd.DataFrame] | None = None  # what goes in, and what comes out
    by_origin: pd.DataFrame = field(default_factory=pd.DataFrame)  # a row an origin, oldest first
    kept: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Measures that our record keeps with the version of a model, by its name."""


class Tracking:
    """The MLflow store of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    @contextlib.contextmanager
    def run(self, run: TrainingRun) -> Iterator[str]:
        """A run with all of its facts logged; gives its id. FAILED if the block raises."""
        with self.client() as client:
            with self.answering():
                experiment = self._experiment(client)
                made = client.create_run(
                    experiment, run_name=run.name, tags={"mlflow.source.name": SOURCE, **run.tags}
                )
            run_id = str(made.info.run_id)
            try:
                with self.answering():
                    _log(client, run_id, run)
                yield run_id
            except BaseException:
                with contextlib.suppress(Exception):
                    client.set_terminated(run_id, "FAILED")
                raise
            with self.answering():
                client.set_terminated(run_id)

    def end_abandoned(self) -> None:
        """Runs whose training was killed are marked so: for the one trainer that there is."""
        with self.client() as client, self.answering():
            query = f"attributes.status = 'RUNNING' and tags.mlflow.source.name = '{SOURCE}'"
            for run in client.search_runs([self._experiment(client)], query):
                client.set_terminated(run.info.run_id, "KILLED")

    def keep(self, run_id: str, folder: Path, artifact: str) -> None:
        """The files of a folder as an artifact of a run."""
        with self.client() as client, self.answering():
            client.log_artifacts(run_id, str(folder), artifact)

    def register(self, name: str, run_id: str, folder: Path, tags: Mapping[str, str]) -> int:
        """The files of a folder as the next version of a model, kept with the run."""
        with self.client() as client, self.answering():
            client.log_artifacts(run_id, str(folder), name)
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
            source = f"runs:/{run_id}/{name}"
            return int(client.create_model_version(name, source, run_id, dict(tags)).version)

    def aliases(self, name: str) -> dict[str, int]:
        """Alias -> version."""
        with self.client() as client, self.answering():
            found = client.get_registered_model(name).aliases
        return {alias: int(version) for alias, version in found.items()}

    def set_aliases(self, name: str, aliases: Mapping[str, int]) -> None:
        """Make the aliases of a model these and no others."""
        with self.client() as client, self.answering():
            found = client.get_registered_model(name).aliases
            for alias in set(found) - set(aliases):
                client.delete_registered_model_alias(name, alias)
            for alias, version in aliases.items():
                if found.get(alias) != str(version):
                    client.set_registered_model_alias(name, alias, str(version))

    def download(self, run_id: str, artifact: str, folder: Path) -> Path:
        """An artifact of a run, a file or a folder, copied into a folder."""
        with self.client() as client, self.answering():
            return Path(client.download_artifacts(run_id, artifact, str(folder)))

    @contextlib.contextmanager
    def client(self) -> Iterator[MlflowClient]:
        """A quiet client of the store, which is made where it is missing."""
        for name, value in (QUIET | BOUNDED).items():
            os.environ.setdefault(name, value)
        import sqlalchemy.exc

        with warnings.catch_warnings():  # its deprecations are about its own code
            for category in (
                DeprecationWarning,
                PendingDeprecationWarning,
                FutureWarning,
                sqlalchemy.exc.SADeprecationWarning,
            ):
                warnings.filterwarnings("ignore", category=category)
            from mlflow import MlflowClient

            for name in ("mlflow", "alembic"):
                logging.getLogger(name).setLevel(logging.CRITICAL)  # errors are raised too
            url = self.workspace.tracking_url
            with self.answering():
                self._follow_folder()
                client = MlflowClient(tracking_uri=url, registry_uri=url)
                client.search_experiments(max_results=1)
            yield client

    def _follow_folder(self) -> None:
        """The own store of a workspace that was moved or copied: it keeps whole addresses, and its
        artifacts came along."""
        store, own = self.workspace.folder / "mlflow.db", self.workspace.artifacts
        if self.workspace.tracking or not (store.is_file() and own.is_dir()):
            return
        with contextlib.suppress(sqlite3.Error):  # a damaged store is told by its client
            told, here = _root_of(store), own.resolve().as_uri()
            if told != here and told.startswith("file:") and told.endswith(f"/{own.name}"):
                move_artifacts(store, told, here)

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """What goes wrong in the store, or with its files, is TrackingUnavailable."""
        import sqlalchemy.exc
        from mlflow.exceptions import MlflowException

        try:
            with _within(LONGEST_TALK):
                yield
        except (MlflowException, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            told = _reason(error)
            raise TrackingUnavailable(
                f"The MLflow store of this workspace does not answer: {type(error).__name__}"
                + (f" ({told})." if told else "."),
                next_step="Check the setting 'tracking', and the space on its disk; then train "
                "again: finished parts are kept. What is published is still served.",
            ) from error

    def _experiment(self, client: MlflowClient) -> str:
        known = client.get_experiment_by_name(EXPERIMENT)
        if known is not None:
            return str(known.experiment_id)
        if self.workspace.tracking_url.startswith(("http:", "https:")):
            return str(client.create_experiment(EXPERIMENT))  # a server has its own artifact root
        self.workspace.artifacts.mkdir(parents=True, exist_ok=True)
        location = self.workspace.artifacts.resolve().as_uri()
        return str(client.create_experiment(EXPERIMENT, artifact_location=location))


def _reason(error: BaseException) -> str:
    """The first line of what lies below an error of the store: MLflow and SQLAlchemy wrap what they
    met in words of their own."""
    while below := error.__cause__ or error.__context__:
        error = below
    return next(iter(str(error).splitlines()), "")[:LONGEST_TOLD]


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in a block that lasts longer; in the main thread alone, where a signal
    can break off what it waits for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"no end after {seconds:.0f} s")

    usual = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again, where somebody swallows it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, usual)


def _root_of(store: Path) -> str:
    """The artifact root as a store names it; blank before the first run."""
    with contextlib.closing(sqlite3.connect(store)) as connection:
        query = "SELECT artifact_location FROM experiments WHERE name = ?"
        row = connection.execute(query, (EXPERIMENT,)).fetchone()
    return str(row[0]) if row else ""


def move_artifacts(store: Path, old: str, new: str) -> None:
    """Point a store's runs to where their artifacts lie now: it keeps whole addresses.

    `store`: MLflow's SQLite file, which nobody else uses; `old`, `new`: `file:///…`, the roots.
    """
    with contextlib.closing(sqlite3.connect(store)) as connection, connection:
        for table, column in ADDRESSES:
            connection.execute(
                f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1) "
                f"WHERE {column} = :old OR substr({column}, 1, length(:old) + 1) = :old || '/'",
                {"old": old, "new": new},
            )


def _log(client: MlflowClient, run_id: str, run: TrainingRun) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

    dataset = Dataset(
        name="panel",
        digest=run.data_digest[:LONGEST_DIGEST],
        source_type="snapshot",
        source=run.data_source,
        profile=json.dumps(dict(run.data_facts), default=str),
    )
    context = InputTag("mlflow.data.context", "training")
    client.log_inputs(run_id, [DatasetInput(dataset, [context])])
    params = {**run.settings, **{f"data_{name}": run.data_facts[name] for name in run.data_facts}}
    metrics = [(name, value, 0) for name, value in run.metrics.items()]
    metrics += [(name, value, 0) for name, value in _by_segment(run.segments).items()]
    metrics += _by_origin(run.by_origin)
    client.log_batch(
        run_id,
        params=[Param(name, str(value)[:LONGEST_PARAM]) for name, value in params.items()],
        metrics=[
            Metric(_ODD.sub("_", name), float(value), 0, step)
            for name, value, step in metrics
            if math.isfinite(value)
        ],
    )
    files = dict(run.files)
    if run.example is not None:
        from mlflow.models import infer_signature

        signature = infer_signature(*run.example).to_dict()
        files["signature.json"] = json.dumps(signature, indent=1)
        files["input_example.json"] = run.example[0].to_json(orient="split", index=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        client.log_artifacts(run_id, folder)


def _by_segment(segments: pd.DataFrame) -> dict[str, float]:
    """`wape/A / smooth` and so on."""
    numbers = segments.select_dtypes("number").to_dict()
    return {
        f"{metric}/{segment}": value
        for metric, values in numbers.items()
        for segment, value in values.items()
    }


def _by_origin(table: pd.DataFrame) -> list[tuple[str, float, int]]:
    """`origin/wape` at step 0, 1 …: a curve on MLflow's page, from the oldest origin on."""
    numbers = table.select_dtypes("number")
    return [
        (f"origin/{name}", float(value), step)
        for name, values in numbers.items()
        for step, value in enumerate(values)
    ]
