"""Finished parts of a training that was broken off: the next one begins where it stood.

Parts are pickles in a folder of the workspace. One is read only if the record has its sha256: what
anybody else put there is never opened. They are of one training (data, settings, code, libraries),
and none outlives its end.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from forecasting.candidates.added_features import registered
from forecasting.candidates.registry import names
from forecasting.options import Options
from forecasting.panel import Panel
from forecasting.record.database import reading, writing
from models.provenance import environment, source_digest
from models.publication.parts import sync_folder, write_synced
from models.tables import training_parts

T = TypeVar("T")


def training_key(panel: Panel, options: Options) -> str:
    """What decides the numbers of a training: the same key, the same numbers. How many processes
    work on it does not."""
    settings = {name: one for name, one in vars(options).items() if name not in ("workers",)}
    told = (
        panel.digest,
        repr(sorted(settings.items())),
        source_digest(),
        environment(),
        repr(names()),
        repr([one.name for one in registered()]),
    )
    return hashlib.sha256("\0".join([*told, sys.version]).encode()).hexdigest()


class Unfinished:
    """The parts of one training; called as `forecasting.engine.Keep`."""

    def __init__(
        self, engine: sa.Engine, root: Path, key: str, told: Callable[[str], None]
    ) -> None:
        self.engine = engine
        self.root = root
        self.key = key
        self.folder = root / key[:32]
        self.told = told

    def begin(self) -> None:
        """Parts of other trainings go: there is one trainer, and this is what it is at."""
        self.root.mkdir(parents=True, exist_ok=True)
        os.chmod(self.root, 0o700)
        for path in self.root.iterdir():
            if path != self.folder:
                shutil.rmtree(path, ignore_errors=True)
        with writing(self.engine) as connection:
            others = training_parts.c.training != self.key
            connection.execute(sa.delete(training_parts).where(others))
        self.folder.mkdir(exist_ok=True)

    def __call__(self, name: str, make: Callable[[], T], /) -> T:
        kept = self._kept(name)
        if kept is not None:
            self.told(f"{name}: kept from the training that was broken off")
            found: T = pickle.loads(kept)
            return found
        made = make()
        content = pickle.dumps(made, protocol=pickle.HIGHEST_PROTOCOL)
        aside = self._path(name).with_suffix(".writing")
        write_synced(aside, content)
        aside.rename(self._path(name))
        sync_folder(self.folder)
        row = {"training": self.key, "part": name, "sha256": _sha256(content)}
        with writing(self.engine) as connection:
            mine = (training_parts.c.training == self.key, training_parts.c.part == name)
            connection.execute(sa.delete(training_parts).where(*mine))
            connection.execute(sa.insert(training_parts), row)
        return made

    def end(self) -> None:
        """The training is done: nothing is left to resume."""
        with writing(self.engine) as connection:
            connection.execute(sa.delete(training_parts))
        shutil.rmtree(self.root, ignore_errors=True)

    def _kept(self, name: str) -> bytes | None:
        """The bytes of a part, if they are those that were written."""
        mine = (training_parts.c.training == self.key, training_parts.c.part == name)
        with reading(self.engine) as connection:
            wanted = connection.scalar(sa.select(training_parts.c.sha256).where(*mine))
        try:
            content = self._path(name).read_bytes() if wanted else b""
        except OSError:
            return None
        return content if wanted and _sha256(content) == wanted else None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '_')}.part"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
