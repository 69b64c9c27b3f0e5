"""A profile proposed for a file: right where the file decides it, undecided where it does not."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest

from forecasting.errors import UnknownName, VigistockError
from forecasting.feeds.profile import parse_profile
from forecasting.feeds.proposal import Proposal, propose
from forecasting.feeds.sniffing import dates_of, encoding_of, marks_of
from tests.feeds.cases import CASES
from tests.feeds.exports import rows
from tests.feeds.test_erp_exports import PURCHASE_ORDERS, QUANTS, odoo_csv, worksheet

GERMAN = (
    "Umsätze November;;;;\n\n"
    "Datum;Filiale;Artikelnummer;Menge;Preis netto\n"
    "13.11.2026;Köln;00123;1.234,5;2,50\n03.11.2026;Köln;00457;2,5-;2,50\n"
)


def kept(made: Proposal) -> list[tuple[object, ...]]:
    assert made.reading is not None, made.problem
    return [(r["date"], r["site"], r["sku"], r["units"]) for r in rows(made.reading)]


def test_a_file_in_no_known_language_is_read_whole_by_what_is_proposed() -> None:
    made = propose(GERMAN.encode("cp1252"), "sales", "umsatz.csv")
    assert kept(made) == [
        (dt.date(2026, 11, 13), "Köln", "00123", 1234.5),
        (dt.date(2026, 11, 3), "Köln", "00457", -2.5),
    ]
    profile = parse_profile(made.toml, name="mine")
    assert (profile.encoding, profile.separator, profile.header_line) == ("cp1252", ";", 3)
    assert (profile.decimal, profile.thousands, profile.trailing_minus) == (",", ".", True)
    assert profile.dates == ["DD.MM.YYYY"]
    evidence = " | ".join(made.evidence)
    assert "'13.11.2026' cannot be MM.DD.YYYY" in evidence
    assert "read so, there are words such as" in evidence
    assert any("site = 'Filiale': only because a usual word for it" in d for d in made.doubts)
    assert all(f"#   {text}" in made.toml for text in (*made.evidence, *made.doubts))


def test_an_export_of_a_known_system_is_recognized() -> None:
    for body, feed, name, base, accepted in (
        (odoo_csv(*QUANTS), "stock", "stock-2026-11-22.csv", "odoo", 5),
        (worksheet(*QUANTS), "stock", "stock-2026-11-22.xlsx", "odoo", 5),
        (PURCHASE_ORDERS.encode(), "orders", "po.csv", "erpnext", 4),
        (gzip.compress(PURCHASE_ORDERS.encode()), "orders", "po.csv.gz", "erpnext", 4),
    ):
        made = propose(body, feed, name)
        assert f'extends = "{base}"' in made.toml
        assert made.reading is not None
        assert made.reading.accepted == accepted, made.toml


def test_day_and_month_that_may_be_either_are_left_to_a_person() -> None:
    body = b"date,site,sku,units\n03/04/2026,S,A,1\n05/06/2026,S,A,2\n"
    made = propose(body, "sales", "x.csv")
    assert any("MM/DD/YYYY reads them all too" in doubt for doubt in made.doubts)
    assert '# dates = ["DD/MM/YYYY"]\n# dates = ["MM/DD/YYYY"]' in made.toml
    assert made.reading is not None
    assert made.reading.accepted == 0, "nothing is read until one is kept"
    chosen = made.toml.replace('\ndates = ["YYYY', '\n#dates = ["YYYY')
    chosen = chosen.replace('# dates = ["MM/DD', 'dates = ["MM/DD')
    assert parse_profile(chosen, name="mine").dates == ["MM/DD/YYYY"]


def test_one_date_that_cannot_be_otherwise_decides_for_all() -> None:
    formats, (guess,) = dates_of(["03/04/2026", "04/13/2026"])
    assert formats == ["MM/DD/YYYY"]
    assert "'04/13/2026' cannot be DD/MM/YYYY" in guess.evidence
    assert not guess.doubt
    formats, guesses = dates_of(["13/04/2026", "04/13/2026"])
    assert len(formats) == 1
    assert "the orders are mixed" in guesses[-1].doubt


@pytest.mark.parametrize(
    ("texts", "decimal", "thousands", "doubt"),
    [
        (["1.5", "2"], ".", "", ""),
        (["1,5", "2"], ",", "", ""),
        (["1.234,50", "2,0"], ",", ".", ""),
        (["1,234.50"], ".", ",", ""),
        (["1 234,5", "1\u00a0234\u00a0567"], ",", " ", ""),
        (["1.234"], ".", "", "'1.234' is 1234"),
        (["12", "7"], ".", "", "no number here has a decimal mark"),
    ],
)
def test_decimal_marks(texts: list[str], decimal: str, thousands: str, doubt: str) -> None:
    found = marks_of(texts)
    assert (found.decimal, found.thousands) == (decimal, thousands)
    assert doubt in found.guess.doubt
    assert bool(doubt) == bool(found.guess.doubt)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "cp850"])
def test_encodings(encoding: str) -> None:
    text = "Dépôt;Référence;Quantité\nOrléans;Vis têtière;1\nBesançon;Écrou à œillet;2\n" * 20
    if encoding == "cp850":
        text = text.replace("œ", "oe")
    found = encoding_of(text.encode(encoding))
    assert text == text.encode(encoding).decode(found.value).removeprefix("\ufeff"), found


def test_what_is_required_and_not_found_is_named() -> None:
    made = propose(b"when,code,pieces\n2026-11-20,A,3\n", "sales", "x.csv")
    assert "site: no header was found" in " ".join(made.doubts)
    assert '# site = ["…"]' in made.toml
    assert made.reading is None
    assert "missing column(s)" in made.problem
    assert any("date = 'when': only because it is the one other column of dates" in d
               for d in made.doubts)  # fmt: skip


def test_an_unknown_feed_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'sales'"):
        propose(b"a,b\n1,2\n", "sale", "x.csv")


@pytest.mark.parametrize("title", CASES)
def test_bad_input_gets_a_proposal_or_an_error_that_says_why(title: str) -> None:
    case = CASES[title]
    name, body, _ = next(case.forms())
    try:
        made = propose(body, case.feed, name)
    except VigistockError as error:
        told = error.next_step
    else:
        parse_profile(made.toml, name="mine")
        told = made.problem or made.reading
    assert told


def test_a_quote_left_open_in_a_long_file_leaves_the_rows_before_it() -> None:
    lines = [f"2026-11-{day % 28 + 1:02d};LYON;A{day};1;{'x' * 80}" for day in range(1900)]
    lines[5] = lines[5].replace(";x", ';"x')
    made = propose("\n".join(["date;site;sku;units;text", *lines]).encode(), "sales", "sales.csv")
    assert 'separator = ";"' in made.toml
    assert "line 7: a quote opened in this row is not closed" in made.problem
