"""`serve`: the HTTP service of a workspace."""

from __future__ import annotations

import datetime as dt
import gc
import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from api.commands.shell import AsJson, Shell, counted, shell_of
from forecasting.errors import NotReady, Refused

if TYPE_CHECKING:
    from models.workspace import Workspace

METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
NEW_OBJECTS: Final = 50_000  # before Python looks for circles among them, in what lives long
STOP_SECONDS: Final = 10  # for requests under way when the service is told to stop


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve warnings, series and forecasts over HTTP; Ctrl-C stops it."""
    run_service(shell_of(context, as_json), host, port, workers)


def run_service(shell: Shell, host: str, port: int, workers: int | None) -> None:
    shell.say("[dim]Opening the workspace …[/]")  # before anything that takes seconds to load
    workspace = shell.workspace({"workers": workers})
    from api.workspaces import VARIABLE, read_workspace

    settings = read_workspace(workspace.folder).loaded.settings
    keys, users = count_callers(workspace)
    known = keys.made + users.made
    refuse_open_doors(host, keys.usable + users.usable)
    os.environ[VARIABLE] = str(workspace.folder)  # worker processes find their workspace by it
    with listening(host, port) as door, shared_metrics(workspace.options.workers):
        address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        if shell.json:
            shell.answer({"url": address, "workspace": str(workspace.folder), "open": not known})
        shell.say(f"Vigistock on [bold]{address}[/] (operations: {address}docs). Ctrl-C stops.")
        if known:
            shell.say(
                f"Who asks needs a key or a password: {counted(keys.usable, 'API key')} can be "
                f"used, {counted(users.usable, 'user')} can sign in."
            )
        else:
            shell.say(
                "[yellow]Open to every user of this machine:[/] no API key is set, and no user."
            )
        _run(door, workspace.options.workers, access_log=settings.access_log)


class Count(NamedTuple):
    """Those that were ever made, and those that open something now."""

    made: int
    usable: int


def count_callers(workspace: Workspace) -> tuple[Count, Count]:
    """Keys and users."""
    from api.keys import Keys
    from api.users import Users
    from forecasting.record.database import connect

    engine = connect(workspace.database_url, schema=workspace.schema)
    try:
        keys, users = Keys(engine).all(), Users(engine).all()
    finally:
        engine.dispose()
    now = dt.datetime.now(dt.UTC)
    return (
        Count(len(keys), sum(key.state(now) == "live" for key in keys)),
        Count(len(users), sum(user.state(now) == "live" for user in users)),
    )


@contextmanager
def shared_metrics(workers: int) -> Iterator[None]:
    """A folder in which several workers add up their metrics; read before they start."""
    if workers == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="vigistock-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[METRICS_FOLDER]


def _run(door: socket.socket, workers: int, *, access_log: bool) -> None:
    gc.set_threshold(NEW_OBJECTS)
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from api.logs import config as config_of_the_log

    config = uvicorn.Config(
        "api.app:from_environment",
        factory=True,
        workers=workers,
        log_config=config_of_the_log(requests=access_log),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    with suppress(KeyboardInterrupt):
        if workers > 1:
            Multiprocess(config, sockets=[door]).run()
        else:
            uvicorn.Server(config).run(sockets=[door])


def listening(host: str, port: int) -> socket.socket:
    """A listening socket; raises NotReady where the port is taken.

    Its protocol is named: asyncio turns Nagle's algorithm off only then, and with it on, every
    answer waits 40 ms for the client's delayed acknowledgement.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        with ExitStack() as closing:
            door = closing.enter_context(socket.socket(family, kind, protocol))
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(address)
            door.listen()  # who asks before the service has loaded waits instead of being refused
            closing.pop_all()
    except OSError as error:
        raise NotReady(
            f"Port {port} of {host} cannot be served: {error.strerror}.",
            next_step="Stop what uses it, or name another: vigistock serve --port 8001",
            host=host,
            port=port,
        ) from None
    door.set_inheritable(True)
    return door


def refuse_open_doors(host: str, usable: int) -> None:
    """Without API keys and users only loopback may be served; raises Refused."""
    if not usable and not is_loopback(host):
        raise Refused(
            f"Serving on {host} opens the company's data to the network: no API key can be used, "
            "and no user can sign in.",
            next_step="Make one: vigistock keys create --scope planner, or vigistock users create "
            "NAME; or serve on 127.0.0.1.",
            host=host,
        )


def is_loopback(host: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost")
    (True, True, True)
    >>> is_loopback("0.0.0.0"), is_loopback("erp.example.com")
    (False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
