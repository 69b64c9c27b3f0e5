"""Which code, in which environment, made a version or a publication."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

DISTRIBUTION: Final = "vigistock"
GIT_SECONDS: Final = 10  # a hanging git (network folder) must not hold a training


def _git(*arguments: str) -> str | None:
    here = Path(__file__).resolve()
    try:
        done = subprocess.run(
            ["git", "-C", str(here.parent), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def package_version() -> str:
    """Version of the installed distribution; `0+source` where it runs from a bare folder."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0+source"


@cache
def code_version() -> str:
    """`0.1.0 (git 1a2b3c4-dirty)`; without git, or installed, the version alone.

    A checkout counts only if it tracks this very file: a package installed below some other
    repository is not that repository's code.
    """
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return package_version()
    described = _git("describe", "--always", "--dirty")
    return f"{package_version()} (git {described})" if described else package_version()


@cache
def source_digest() -> str:
    """sha256 over the source of the two lower floors: what decides numbers, committed or not."""
    sha = hashlib.sha256()
    house = Path(__file__).resolve().parents[1]
    for floor in ("forecasting", "models"):
        for path in sorted((house / floor).rglob("*.py")):
            sha.update(f"{path.relative_to(house).as_posix()}\0".encode() + path.read_bytes())
    return sha.hexdigest()


@cache
def environment() -> str:
    """Every installed distribution as `name==version`, sorted, one a line: a requirements file."""
    told = [distribution.metadata for distribution in metadata.distributions()]  # each read once
    found = {str(one["Name"]): one["Version"] for one in told}
    return "".join(f"{name}=={found[name]}\n" for name in sorted(found, key=str.casefold))
