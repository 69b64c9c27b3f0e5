"""The morning list by e-mail, taken in by a real SMTP server."""

from __future__ import annotations

import datetime as dt
import email
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.messages.digest import Digest, digests_of
from api.messages.mail import NotSent, mail_server, message_of, recipients
from api.planner_groups import group_line
from api.settings import Outgoing
from forecasting.errors import NotReady, Refused, UnknownName
from forecasting.record.database import connect
from models.publication import PublicationReader, open_publication
from models.publication.build import table_of
from models.workspace import Workspace
from tests.api import published
from tests.commands.conftest import Vigistock

PASSWORD = "correct horse"


class Letters(Message):
    """What the server was handed, parsed."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[EmailMessage] = []

    def prepare_message(self, session: Any, envelope: Any) -> Any:
        return email.message_from_bytes(envelope.content, policy=default)

    def handle_message(self, message: Any) -> None:
        self.got.append(message)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def logs_in(_server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good and mechanism in ("LOGIN", "PLAIN"), handled=False)


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def plain(letters: Letters) -> Iterator[Outgoing]:
    """A server on this machine that speaks no TLS and asks nobody."""
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    yield outgoing_of(server, smtp_tls="none")
    server.stop()


def outgoing_of(server: Controller, **more: Any) -> Outgoing:
    return Outgoing(
        **{"smtp_host": "127.0.0.1", "smtp_port": server.port},
        **{"mail_from": "stock@example.com", **more},
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


@pytest.fixture
def careful(letters: Letters, certificate: Path) -> Iterator[Outgoing]:
    """A server that asks for STARTTLS, then for a password."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Controller(
        letters,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=logs_in,
    )
    server.start()
    yield outgoing_of(server, smtp_user="vigistock")
    server.stop()


@pytest.fixture
def reader(company: Workspace) -> PublicationReader:
    engine = connect(company.database_url)
    found = open_publication(engine, company.publications)
    engine.dispose()
    return found


def of(reader: PublicationReader, language: str = "fr", limit: int = 20) -> dict[str, Digest]:
    return {one.buyer: one for one in digests_of(reader, language, limit=limit)}


def test_each_buyer_is_told_of_their_items(reader: PublicationReader) -> None:
    found = of(reader)
    assert sorted(found) == ["A. Benali", "C. Morel"]
    coffee, tea = found["C. Morel"], found["A. Benali"]
    assert "00123" in coffee.text
    assert "00124" not in coffee.text
    assert "00124" in tea.text
    assert "00123" not in tea.text
    assert tea.subject == "Vigistock, lundi 23 novembre : 1 référence déjà en rupture, 0 alerte"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", ("Bonjour C. Morel", "Référence par référence", "risque 85", "Commande PO-1182")),
        (
            "en",
            ("Good morning C. Morel", "Series by series", "risk 85%", "Order PO-1182 is 4 days"),
        ),
    ],
)
def test_text_and_page_say_the_same(
    reader: PublicationReader, language: str, words: tuple[str, ...]
) -> None:
    one = of(reader, language)["C. Morel"]
    for word in words:
        assert word in one.text
        assert word in one.html
    assert "&amp;B 50%/x" in one.html, "codes are escaped in the page"
    assert "A&B 50%/x" in one.text


@pytest.mark.parametrize(
    ("language", "title", "hello"),
    [
        ("fr", "Messages prêts à envoyer", "Bonjour, …"),
        ("en", "Messages ready to send", "Hello, …"),
    ],
)
def test_what_to_send_stands_below_under_its_action(
    reader: PublicationReader, language: str, title: str, hello: str
) -> None:
    told = of(reader, language)
    for form in (told["C. Morel"].text, told["C. Morel"].html):
        below = form.partition(title)[2]
        assert below.count(hello) == 2, "a message for each of two actions"
        assert "Novapack" in below.partition(hello)[0]
    assert title not in told["A. Benali"].text, "who has no action has nothing to send"


@pytest.mark.parametrize(
    ("language", "tell", "watch", "title"),
    [
        (
            "fr",
            "Inévitables, prévenir les clients : 2 références (C-17).",
            "À surveiller, rien à faire ni à annoncer aujourd’hui : 1 référence.",
            "Messages prêts à envoyer",
        ),
        (
            "en",
            "Unavoidable, tell the customers: 2 series (C-17).",
            "To watch, nothing to do or to announce today: 1 series.",
            "Messages ready to send",
        ),
    ],
    ids=["French", "English"],
)
def test_what_nothing_avoids_is_told_also_on_a_day_without_actions(
    folder: Path,
    vigistock: Vigistock,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    tell: str,
    watch: str,
    title: str,
) -> None:
    """By e-mail with what to send to the customers, and by the command."""
    made = published.parts

    def telling(*asked: Any) -> dict[str, Any]:
        parts = made(*asked)
        groups = parts["groups"].to_pandas()
        groups = groups.assign(attention=["unavoidable", "watch"])
        late, may_be = ({"order_id": "C-17", "chance": chance} for chance in (0.6, 0.3))
        groups["customer_orders"] = [json.dumps([late]), json.dumps([may_be])]
        return {**parts, "groups": table_of(groups)}

    monkeypatch.setattr(published, "parts", telling)
    company = published.workspace_in(folder, language=language)
    published.publish(company)
    engine = connect(company.database_url)
    told = of(open_publication(engine, company.publications), language)["C. Morel"]
    engine.dispose()
    for form in (told.text, told.html, vigistock("warnings").out):
        assert tell in form.replace("\xa0", " ")
        assert watch in form.replace("\xa0", " ")
        assert title in form
    assert told.text.partition(title)[2].count("== ") == 1  # of what may be late nothing is said
    assert "À faire aujourd’hui" not in told.text
    assert "To do today" not in told.text


def test_the_orders_of_the_day_stand_below(reader: PublicationReader) -> None:
    text = of(reader, "en")["C. Morel"].text
    orders = text.partition("Orders to place on Monday 23 November\n")[2]
    assert "- Novapack · LYON · 2 lines · €192 · before 11:00\n" in orders
    assert "minimum €150 not reached" in orders, "of the awkward site"
    assert "PARIS" not in orders, "its order is on Thursday"


def test_the_list_has_a_limit_and_says_so(reader: PublicationReader) -> None:
    one = of(reader, "en", limit=1)["C. Morel"]
    assert len(one.listed.lines) == 1
    assert "2 warnings (1 shown)" in one.subject


def test_a_buyer_that_nobody_knows_is_named(reader: PublicationReader) -> None:
    with pytest.raises(UnknownName, match=r"C\. Morel"):
        digests_of(reader, "fr", limit=5, buyer="C. Moral")


def test_where_no_item_names_a_buyer_it_says_how_to_name_one(
    reader: PublicationReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pd.Series([""], index=[("FR-NAN", "TEA")])
    monkeypatch.setattr("api.messages.digest.buyers_of", lambda _: nobody)
    with pytest.raises(UnknownName) as found:
        digests_of(reader, "fr", limit=5, buyer="Toto")
    assert "column buyer of the feed items" in found.value.next_step
    assert "Known" not in found.value.next_step


@pytest.mark.parametrize(
    ("buyer", "expected"),
    [
        ("Ali", ["ali@example.com", "desk@example.com"]),
        ("Zoé", ["all@example.com"]),
        ("", ["all@example.com"]),
    ],
)
def test_who_gets_a_list(buyer: str, expected: list[str]) -> None:
    mail_to = {"Ali": "ali@example.com, desk@example.com", "*": "all@example.com"}
    assert recipients(buyer, mail_to) == expected
    assert recipients("Zoé", {"Ali": "ali@example.com"}) == []


def test_a_mail_server_gets_both_forms(
    reader: PublicationReader, plain: Outgoing, letters: Letters
) -> None:
    one = of(reader)["C. Morel"]
    with mail_server(plain) as server:
        server.send_message(message_of(one, plain.mail_from, ["c.morel@example.com"]))
    (got,) = letters.got
    assert (got["From"], got["To"]) == ("stock@example.com", "c.morel@example.com")
    assert got["Subject"] == one.subject
    assert got["Auto-Submitted"] == "auto-generated"
    text, page = got.get_body(("plain",)), got.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n").strip() == one.text.strip()
    assert "<table" in page.get_content()


def test_a_line_break_in_a_name_starts_no_header(reader: PublicationReader) -> None:
    one = replace(of(reader)["C. Morel"], subject="x\r\nBcc: all@example.com")
    message = message_of(one, "stock@example.com", ["c@example.com"])
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: all@example.com"


def test_the_password_goes_over_tls(
    reader: PublicationReader,
    careful: Outgoing,
    letters: Letters,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = message_of(of(reader)["C. Morel"], careful.mail_from, ["c@example.com"])
    monkeypatch.setenv("VIGISTOCK_SMTP_PASSWORD", PASSWORD)
    with pytest.raises(NotSent, match="certificate verify failed"), mail_server(careful):
        pass
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(careful) as server:
        server.send_message(message)
    assert len(letters.got) == 1
    monkeypatch.setenv("VIGISTOCK_SMTP_PASSWORD", "wrong")
    with pytest.raises(NotSent, match="535"), mail_server(careful):
        pass
    monkeypatch.delenv("VIGISTOCK_SMTP_PASSWORD")
    with pytest.raises(NotReady, match="VIGISTOCK_SMTP_PASSWORD"), mail_server(careful):
        pass


@pytest.mark.parametrize(
    ("outgoing", "error"),
    [
        (Outgoing(), NotReady),
        (Outgoing(smtp_host="127.0.0.1"), NotReady),
        (
            Outgoing("mail.example.com", smtp_tls="none", smtp_user="me", mail_from="a@b.c"),
            Refused,
        ),
        (Outgoing("127.0.0.1", smtp_port=9, smtp_tls="none", mail_from="a@b.c"), NotSent),
    ],
    ids=["no server", "no sender", "password in the clear", "nobody there"],
)
def test_what_cannot_be_sent_says_why(outgoing: Outgoing, error: type[Exception]) -> None:
    with pytest.raises(error), mail_server(outgoing):
        pass


def mailed(say: Callable[..., None], plain: Outgoing, mail_to: str) -> None:
    """Digests go to these addresses, by the server without TLS."""
    say(
        smtp_host="127.0.0.1",
        smtp_port=plain.smtp_port,
        smtp_tls="none",
        mail_from="stock@example.com",
        mail_to=mail_to,
    )


def test_the_command_prints_and_sends(
    company: Workspace,
    vigistock: Vigistock,
    say: Callable[..., None],
    plain: Outgoing,
    letters: Letters,
) -> None:
    printed = vigistock("digest").out
    assert "Bonjour C. Morel" in printed
    assert "Bonjour A. Benali" in printed
    mailed(say, plain, '{ "C. Morel" = "c.morel@example.com" }')
    sent = vigistock("digest", "--send")
    assert "1 digest sent" in sent.out
    assert "no address for A. Benali" in " ".join(sent.err.split())
    assert [message["To"] for message in letters.got] == ["c.morel@example.com"]
    told = json.loads(vigistock("--json", "digest", "--buyer", "C. Morel", "--send").out)
    assert [one["sent"] for one in told["digests"]] == [True]
    assert len(letters.got) == 2


def test_a_mailbox_that_does_not_exist_is_named_and_keeps_nobody_elses_list(
    vigistock: Vigistock, say: Callable[..., None], plain: Outgoing, letters: Letters
) -> None:
    """A. Benali, who comes first, has left the company."""
    mailed(
        say,
        plain,
        '{ "A. Benali" = "nobody@example.com", "*" = "nobody@example.com, c@example.com" }',
    )
    sent = vigistock("digest", "--send")
    assert sent.code == 1
    assert "The mail server refuses nobody@example.com." in " ".join(sent.err.split())
    assert "1 digest sent" in sent.out
    assert [message["To"] for message in letters.got] == ["nobody@example.com, c@example.com"]


@pytest.mark.parametrize(
    ("uom", "french", "english"),
    [
        ("kg", "gain de 4 kg", "4 kg saved"),
        ("PCE", "4 unités sauvées", "4 units saved"),
        ("", "4 unités sauvées", "4 units saved"),
    ],
)
def test_what_an_action_saves_is_told_in_the_unit_of_its_items(
    uom: str, french: str, english: str
) -> None:
    row = {
        **{"series": 1, "out": 0, "ruptures_avoided": 0.2, "units_saved": 4.0, "uom": uom},
        **{"cost": None, "currency": "EUR", "loss_avoided": 9.0, "buyer": ""},
        **{
            f"{name}_{language}": ""
            for name in ("headline", "why", "message")
            for language in ("fr", "en")
        },
    }
    for language, told in (("fr", french), ("en", english)):
        effect = group_line(row, language, dt.date(2026, 11, 22)).effect
        assert effect[-1].replace("\N{NO-BREAK SPACE}", " ") == told
    made_before = {name: value for name, value in row.items() if name != "uom"}
    assert "4 units saved" in group_line(made_before, "en", dt.date(2026, 11, 22)).effect
