"""The record in PostgreSQL: dumped and loaded by PostgreSQL's own tools, one transaction each.

A schema belongs to one workspace: all of it is dumped, and one that is replaced is renamed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from forecasting.errors import Refused
from models.tables import publications

LONGEST_NAME: Final = 63  # bytes of a name in PostgreSQL
FIRST_MADE: Final = re.compile(rb"^CREATE (\w+) ", re.MULTILINE)
LONGEST_HEAD: Final = 65_536  # bytes of a dump before the first thing that it makes


def tool(name: str) -> str | None:
    """The path of `pg_dump` or `psql`, if it is installed."""
    return shutil.which(name)


def dump_command(url: str, schema: str, target: str) -> list[str]:
    """What an administrator would type; the password is left to PGPASSWORD or .pgpass."""
    options = ["--no-owner", "--no-privileges", f"--file={target}"]
    return ["pg_dump", f"--dbname={_address(url)}", f'--schema="{schema}"', *options]


def in_words(command: Sequence[str]) -> str:
    return shlex.join(command)


def dump(connection: sa.Connection, url: str, schema: str, target: Path) -> None:
    """The schema as the open transaction sees it; raises Refused with what pg_dump said."""
    snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
    command = [*dump_command(url, schema, str(target)), f"--snapshot={snapshot}"]
    _run(command, url)


def load(connection: sa.Connection, url: str, schema: str, source: Path, *, aside: str) -> None:
    """A dump into its schema, whole or not at all. What stood there is renamed to `aside`; where
    that is blank, the schema must be empty or missing. Raises Refused with what psql said."""
    if tool("psql") is None:
        raise Refused(
            "psql is not installed: the record cannot be loaded.",
            next_step="Install PostgreSQL's client tools, of the server's version or newer.",
        )
    quoted = connection.dialect.identifier_preparer.quote_identifier
    before = []
    if sa.inspect(connection).has_schema(schema):
        way = f"ALTER SCHEMA {{}} RENAME TO {quoted(aside)}" if aside else "DROP SCHEMA {}"
        before.append(way.format(quoted(schema)))
    if not _makes_schema(source):
        before.append(f"CREATE SCHEMA {quoted(schema)}")
    connection.rollback()  # psql must not wait for us
    said = [f"--command={statement}" for statement in before]
    options = ["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
    address = f"--dbname={_address(url)}"
    _run(["psql", address, *options, "--output=/dev/null", *said, f"--file={source}"], url)


def has_record(connection: sa.Connection, schema: str) -> bool:
    return sa.inspect(connection).has_table(publications.name, schema=schema)


def name_aside(schema: str, stamp: str) -> str:
    """
    >>> name_aside("north", "20261122t050000")
    'north_before_20261122t050000'
    """
    ending = f"_before_{stamp}"
    return schema.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore") + ending


def _makes_schema(source: Path) -> bool:
    """Whether a dump begins with its schema: pg_dump thinks that one named public is always there.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     _ = Path(file.name).write_text("SET x = 1;\\n\\nCREATE TABLE north.jobs (id int);\\n")
    ...     _makes_schema(Path(file.name))
    False
    """
    with source.open("rb") as file:
        first = FIRST_MADE.search(file.read(LONGEST_HEAD))
    return first is not None and first[1] == b"SCHEMA"


def _address(url: str) -> str:
    parsed = sa.make_url(url).set(drivername="postgresql")
    bare = sa.URL.create(
        "postgresql",
        username=parsed.username,
        host=parsed.host,
        port=parsed.port,
        database=parsed.database,
        query=parsed.query,
    )
    return bare.render_as_string(hide_password=False)


def _run(command: Sequence[str], url: str) -> None:
    done = subprocess.run(
        command, env=_environment(url), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[:3]
        raise Refused(
            f"{command[0]} failed: {' '.join(said)}",
            next_step="Its version must be that of the server, or newer; nothing was changed.",
            command=command[0],
        )


def _environment(url: str) -> Mapping[str, str]:
    password = sa.make_url(url).password
    return os.environ | ({"PGPASSWORD": str(password)} if password else {})
