"""`digest`: the morning list of each buyer; and the webhook that a publication calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape

from api.commands.answers import PublicationNumber, open_reader
from api.commands.shell import EXIT_ANYTHING_ELSE, AsJson, Shell, counted, shell_of

if TYPE_CHECKING:
    from api.messages.digest import Digest
    from api.settings import Settings
    from models.workspace import Workspace

NOTHING: Final = {
    "fr": "Rien à traiter ni à commander aujourd’hui.",
    "en": "Nothing to treat and nothing to order today.",
}


def digest(
    context: typer.Context,
    send: Annotated[bool, typer.Option("--send", help="Send them by e-mail; else print.")] = False,
    buyer: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of one buyer; default: of each.")
    ] = None,
    publication: PublicationNumber = None,
    as_json: AsJson = False,
) -> None:
    """The morning list of each buyer: what to treat, what to order today; by e-mail with --send."""
    shell = shell_of(context, as_json)
    from api.messages.digest import digests_of
    from api.messages.mail import recipients

    reader = open_reader(shell, publication)
    settings = _settings(shell)
    found = digests_of(reader, settings.language, limit=settings.daily_budget, buyer=buyer)
    addressed = [(one, recipients(one.buyer, settings.mail_to)) for one in found]
    sent = _send(shell, settings, addressed) if send else []
    if shell.json:
        rows = [
            {
                "buyer": one.buyer,
                "to": to,
                "subject": one.subject,
                "sent": one in sent,
                "text": one.text,
            }
            for one, to in addressed
        ]
        shell.answer({"publication": reader.number, "digests": rows})
    elif send:
        shell.say(f"{counted(len(sent), 'digest')} sent.")
    elif not found:
        from api.planner_list import planner_list

        blind = planner_list(reader, settings.language, limit=1).blind_spot(settings.language)
        shell.say(blind or NOTHING[settings.language])
    else:
        for one in found:
            shell.say(f"[bold]{escape(one.subject)}[/]\n\n{escape(one.text)}")
    if send and any(to and one not in sent for one, to in addressed):
        raise typer.Exit(EXIT_ANYTHING_ELSE)


def tell_webhook(shell: Shell, workspace: Workspace, publication: int) -> dict[str, Any]:
    """After a publication: what came of the webhook's call; trouble goes to the error stream."""
    from api.messages.webhook import tell

    told = tell(workspace, _settings(shell).outgoing, publication)
    if told.trouble:
        shell.err.print(f"[yellow]Webhook not called:[/] {escape(told.trouble)}", soft_wrap=True)
    elif told.delivered:
        shell.say(f"The webhook was told of {counted(told.warnings, 'warning')}.")
    return vars(told)


def _settings(shell: Shell) -> Settings:
    from api.settings import load_settings

    return load_settings(shell.folder).settings


def _send(
    shell: Shell, settings: Settings, addressed: list[tuple[Digest, list[str]]]
) -> list[Digest]:
    """Those that the server took; a digest that nobody gets is named on the error stream."""
    from api.messages.mail import deliver, mail_server, message_of

    sent = []
    outgoing = settings.outgoing
    with mail_server(outgoing) as server:
        for one, to in addressed:
            if not to:
                whose = one.buyer or "items without a buyer"
                shell.err.print(
                    f"mail_to has no address for {escape(whose)}, and none for others (*).",
                    soft_wrap=True,
                )
                continue
            refused = deliver(server, message_of(one, outgoing.mail_from, to))
            if refused:
                shell.err.print(
                    f"The mail server refuses {escape(', '.join(sorted(refused)))}.",
                    soft_wrap=True,
                )
            if not refused.issuperset(to):
                sent.append(one)
    return sent
