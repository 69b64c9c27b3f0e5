"""Every word of the pages in both languages; figures as each language writes them."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import pytest
from babel.messages.pofile import read_po
from httpx import Client

from api.pages.language import filters
from api.pages.phrases import COMMENTS, MISSES, REASONS, comment_of
from forecasting.feeds.faults import Code
from models.publication.recognition import Recognised
from tests.pages.messages import FOLDER, messages

FRENCH = FOLDER / "locale" / "fr.po"
VALUE = re.compile(r"%\((\w+)\)s")


def catalogue() -> dict[Any, Any]:
    file = io.BytesIO(FRENCH.read_bytes())
    return {one.id: one.string for one in read_po(file, locale="fr") if one.id}


def test_every_message_is_said_in_french_and_none_is_left_over() -> None:
    assert set(catalogue()) == messages()


def test_translations_say_something_and_hold_the_same_values() -> None:
    for message, said in catalogue().items():
        pairs = [(message, said)] if isinstance(message, str) else zip(message, said, strict=True)
        for english, french in pairs:
            assert french, english
            assert set(VALUE.findall(french)) <= set(VALUE.findall("".join(message))), english


def test_french_puts_no_break_before_its_signs() -> None:
    for said in catalogue().values():
        for text in (said,) if isinstance(said, str) else said:
            assert not re.search(r" [;:?!»]", text), text


def test_every_reason_of_a_reject_has_words() -> None:
    assert set(REASONS) == set(Code)
    for pattern, message in {**MISSES, **COMMENTS}.items():
        assert set(VALUE.findall(message)) == set(re.compile(pattern).groupindex)


def test_what_was_recognised_is_told_in_the_words_of_the_page() -> None:
    day = dt.date(2026, 11, 17)
    made = Recognised("PO-1", "1", "LYON", "00123", "Novapack", 8.0, day, 4, 2, 8.0)
    message, values = comment_of(made.comment)
    assert message in catalogue(), made.comment
    assert values["order"] == "PO-1"


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("fr", ["1 234,5", "72 %", "22 novembre 2026", "3,6 k €", "—"]),
        ("en", ["1,234.5", "72%", "November 22, 2026", "€3.6K", "—"]),
    ],
)
def test_figures(language: str, shown: list[str]) -> None:
    write = filters(language)
    told = [
        write["number"](1234.5, 1),
        write["percent"](0.724),
        write["full_date"](dt.date(2026, 11, 22)),
        write["money"](3570.0, "EUR"),
        write["number"](float("nan")),
    ]
    assert [re.sub(r"[\u00a0\u202f]", " ", one) for one in told] == shown


@pytest.mark.parametrize(
    ("address", "headers", "words"),
    [
        ("/", {}, ["Liste du matin", "En rupture", "commande PO-1182", "3,6\xa0k"]),
        ("/?lang=en", {}, ["Morning list", "order PO-1182 is 4 days late"]),
        ("/", {"Accept-Language": "en-GB,en;q=0.9"}, ["Morning list"]),
        ("/", {"Accept-Language": "de"}, ["Liste du matin"]),
        ("/", {"Accept-Language": "fr", "Cookie": "vigistock_language=en"}, ["Morning list"]),
    ],
    ids=["French first", "asked for English", "an English browser", "a German one", "remembered"],
)
def test_the_language_of_a_page(
    client: Client, address: str, headers: dict[str, str], words: list[str]
) -> None:
    client.cookies.clear()
    text = client.get(address, headers=headers).text
    for word in words:
        assert word in text
    assert "2026 11:00" not in text


def test_a_language_once_chosen_is_remembered(client: Client) -> None:
    client.get("/?lang=en")
    assert "Morning list" in client.get("/").text
    client.cookies.clear()
    assert "Liste du matin" in client.get("/").text
    assert "set-cookie" not in client.get("/?lang=xx").headers
