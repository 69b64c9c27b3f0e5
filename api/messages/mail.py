"""E-mails by SMTP: over TLS unless told otherwise, the password from the environment alone."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

from api.messages.digest import Digest
from api.settings import Outgoing
from forecasting.errors import NotReady, Refused, VigistockError

PASSWORD: Final = "VIGISTOCK_SMTP_PASSWORD"
SECONDS: Final = 20.0  # of silence, after which the server is given up
OTHERS: Final = "*"
"""In `mail_to`: who gets the lists of buyers without an address, and of items without a buyer."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class NotSent(VigistockError):
    code = "not_sent"
    title = "The e-mail was not sent"


def recipients(buyer: str, mail_to: Mapping[str, str]) -> list[str]:
    """Addresses of a buyer; several are written with commas."""
    found = mail_to.get(buyer) or mail_to.get(OTHERS, "")
    return [one.strip() for one in found.split(",") if one.strip()]


def message_of(digest: Digest, sender: str, to: Sequence[str]) -> EmailMessage:
    """Plain text with HTML beside it (RFC 2046, multipart/alternative)."""
    message = EmailMessage()
    message["Subject"] = " ".join(digest.subject.split())
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(localtime=False)
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("<> ") or None)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers it
    message["Content-Language"] = digest.language
    message.set_content(digest.text)
    message.add_alternative(digest.html, subtype="html")
    return message


@contextmanager
def mail_server(outgoing: Outgoing) -> Iterator[smtplib.SMTP]:
    """A session with the server of the settings, ready to send.

    Raises NotReady where none is set, Refused where a password would travel in the clear, NotSent
    where the server cannot be reached or lets nobody in.
    """
    host = outgoing.smtp_host
    if not (host and outgoing.mail_from):
        raise NotReady(
            "No mail server is set.",
            next_step="Set smtp_host and mail_from in vigistock.toml; see docs/operations.md.",
        )
    if outgoing.smtp_user and outgoing.smtp_tls == "none" and host not in LOOPBACK:
        raise Refused(
            f"The password of {outgoing.smtp_user} would go to {host} in the clear.",
            next_step='Set smtp_tls to "starttls" or "tls".',
        )
    try:
        with _session(outgoing) as server:
            if outgoing.smtp_user:
                server.login(outgoing.smtp_user, _password())
            yield server
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(
            f"{host}:{outgoing.smtp_port} did not take it: {_in_words(error)}.",
            next_step="Check smtp_host, smtp_port, smtp_tls, smtp_user and the variable "
            f"{PASSWORD}; what was sent before stays sent.",
            host=host,
        ) from None


def deliver(server: smtplib.SMTP, message: EmailMessage) -> frozenset[str]:
    """Sends it; gives the addresses that the server refuses. They keep nobody else's from going."""
    try:
        return frozenset(server.send_message(message))
    except smtplib.SMTPRecipientsRefused as error:  # all of them
        return frozenset(error.recipients)


@contextmanager
def _session(outgoing: Outgoing) -> Iterator[smtplib.SMTP]:
    place = (outgoing.smtp_host, outgoing.smtp_port)
    context = ssl.create_default_context()
    if outgoing.smtp_tls == "tls":
        with smtplib.SMTP_SSL(*place, timeout=SECONDS, context=context) as server:
            yield server
        return
    with smtplib.SMTP(*place, timeout=SECONDS) as server:
        if outgoing.smtp_tls == "starttls":
            server.starttls(context=context)
        yield server


def _password() -> str:
    found = os.environ.get(PASSWORD)
    if not found:
        raise NotReady(
            f"smtp_user is set, but {PASSWORD} is not.",
            next_step="Put the password into the environment, never into a file of the workspace.",
        )
    return found


def _in_words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        told = error.smtp_error
        text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        return f"{error.smtp_code} {' '.join(text.split())}"
    return str(error) or type(error).__name__
