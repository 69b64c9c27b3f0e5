"""`demo`: a believable company, and the very commands a user would run on its files."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from api.commands.service import run_service
from api.commands.shell import Shell
from api.demo import FILES, MARK, usual_workers
from forecasting.errors import NotReady, Refused

if TYPE_CHECKING:
    from api.demo.files import DemoFiles

FREQUENCY: Final = "D"
SHOWN: Final = "10"


def demo(
    context: typer.Context,
    serve: Annotated[
        bool, typer.Option(" /--no-serve", help="Stop before serving.", show_default=False)
    ] = True,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Build a small distributor, take its files in, forecast, warn and serve."""
    shell: Shell = context.obj
    if shell.json:
        raise typer.BadParameter("the demonstration speaks to people only", param_hint="--json")
    vigistock = context.find_root().command
    if not _is_built(shell):
        _build(vigistock, shell)
    _run(vigistock, shell, "warnings", "--limit", SHOWN)
    if serve:
        run_service(shell, host, port, None)
    else:
        shell.say(f"[dim]→[/] Next: {shell.command('serve')}")


def _build(vigistock: Any, shell: Shell) -> None:
    _refuse_foreign_data(shell.folder)
    _run(vigistock, shell, "init", "--frequency", FREQUENCY)
    folder = shell.folder / FILES
    shell.say(f"[dim]# two years of a distributor, as its ERP would export them: {folder}[/]")
    files = _company(folder)
    for file in files.files:
        profile = () if file.profile == "generic" else ("--profile", file.profile)
        _run(vigistock, shell, "ingest", file.feed, _word(file.path), *profile)
    _run(vigistock, shell, "train", "--workers", str(usual_workers()))
    if not _is_built(shell):
        _run(vigistock, shell, "publish")


def _company(folder: Path) -> DemoFiles:
    from api.demo import build_company

    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    return build_company(folder)


def _run(vigistock: Any, shell: Shell, *arguments: str) -> None:
    """One command as a user would type it: shown, then run."""
    line = ["--workspace", _word(shell.folder), *arguments]
    shell.say(f"\n[bold cyan]$ vigistock {escape(shlex.join(line))}[/]")
    code = vigistock.main(line, prog_name="vigistock", standalone_mode=False)
    if code:
        raise typer.Exit(code)


def _refuse_foreign_data(folder: Path) -> None:
    """A workspace with data that is not of the demonstration stays untouched; raises Refused."""
    from api.workspaces import is_workspace, open_workspace

    if not is_workspace(folder) or (folder / FILES / MARK).is_file():
        return
    from forecasting.record import Record

    workspace = open_workspace(folder)
    with Record.open(workspace.database_url, schema=workspace.schema) as record:
        deliveries = len(record.deliveries(limit=1))
    if deliveries:
        raise Refused(
            f"{folder} already holds a company's data; the demonstration would mix with it.",
            next_step="Name another folder: vigistock --workspace demo-workspace demo",
            folder=str(folder),
        )


def _is_built(shell: Shell) -> bool:
    """There is a demonstration with a publication: nothing to do again."""
    from api.workspaces import is_workspace

    if not is_workspace(shell.folder) or not (shell.folder / FILES / MARK).is_file():
        return False
    workspace = shell.workspace()
    from forecasting.record.database import connect
    from models.publication import current

    engine = connect(workspace.database_url, schema=workspace.schema)
    try:
        current(engine)
    except NotReady:
        return False
    finally:
        engine.dispose()
    return True


def _word(path: Path) -> str:
    """A path as it is typed: relative where it lies below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
