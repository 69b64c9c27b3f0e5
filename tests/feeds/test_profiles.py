"""Profiles: what they declare, and errors that name the slip."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from forecasting.errors import UnknownName
from forecasting.feeds import Code, load_profile, profile_names, read
from forecasting.feeds.profile import CONTRACTS, BadProfile, Profile, Rules, parse_profile
from tests.feeds.exports import faults, rows

DOCS = (Path(__file__).resolve().parents[2] / "docs" / "profiles.md").read_text("utf-8")


def test_the_profiles_that_come_with_it() -> None:
    own = ["generic", "generic-fr", "invoices", "stock-ledger"]
    assert profile_names() == sorted([*own, "erpnext", "odoo", "sage-fr"])
    assert all(load_profile(name).name == name for name in profile_names())


WRONG = {
    "a key that does not exist": ('seperator = ";"', "'seperator'.*Did you mean 'separator'"),
    "a feed that does not exist": ("[feeds.sale]", "feed 'sale'.*Did you mean 'sales'"),
    "a column that does not exist": ('[feeds.sales.columns]\nunit = ["x"]', "Did you mean 'units'"),
    "a key of a feed": ("[feeds.stock]\ncompleet = true", "Did you mean 'complete'"),
    "a word that does not exist": ('[feeds.sales.choices.kind]\nv = "sale"', "'sale' is not one"),
    "a date format": ('dates = ["%Y-%m-%d"]', "needs YYYY and MM"),
    "a part twice": ('dates = ["YYYY-MM-MM"]', "twice"),
    "an encoding": ('encoding = "utf-9"', "'utf-9' is not known"),
    "an encoding of no text": ('encoding = "hex"', "'hex' is not known"),
    "a separator": ('separator = ";;"', "one character"),
    "marks that clash": ('thousands = "."', "same character"),
    "what repeats mean": ('[feeds.sales]\nrepeated = "add"', "repeated"),
    "a header that means two": (
        '[feeds.sales.columns]\nprice = ["units"]',
        "means units and price",
    ),
    "sums of orders": ('[feeds.orders]\nrepeated = "sum"', "needs units to add up"),
    "two orders of day and month": (
        'dates = ["DD/MM/YYYY", "MM/DD/YYYY"]',
        "cannot be told apart",
    ),
    "a pattern without a group": ("[extract]\nProduct = '.*'", "needs one group"),
    "no pattern": ("[extract]\nProduct = '('", "no regular expression"),
    "a pattern for a number": ("[feeds.sales.extract]\nunits = '(.*)'", "no text column has"),
    "a pattern for no column": ("[feeds.sales.extract]\nProduct = '(.*)'", "no text column has"),
    "a name's date for a code": ("[from_name]\nsku = 'YYYY-MM-DD'", "not a date column"),
    "a name's date in an odd form": ("[from_name]\ndate = 'today'", "needs YYYY and MM"),
    "a blank column that is none": ('fill_down = ["ordr_id"]', "Did you mean 'order_id'"),
    "a unit of nothing": ("[uoms]\nbox = 0", "not a number above 0"),
    "a header in line 0": ("header_line = 0", "header_line"),
    "a week and a day": ('dates = ["YYYY-Www-DD"]', "a week and a day"),
    "exclude on a number": ("[feeds.sales.exclude]\nunits = ['0']", "not a text column"),
    "no TOML": ("a = ", "not valid TOML"),
    "an unknown base": ('extends = "french"', "There is no profile 'french'"),
}


@pytest.mark.parametrize(("toml", "problem"), WRONG.values(), ids=WRONG)
def test_a_wrong_profile_says_what_is_wrong(toml: str, problem: str) -> None:
    with pytest.raises((BadProfile, UnknownName), match=problem):
        parse_profile(toml, name="mine")


def test_a_profile_of_ones_own_extends_another(tmp_path: Path) -> None:
    path = tmp_path / "usine.toml"
    path.write_text(
        'extends = "generic-fr"\nencoding = "utf-8"\n[feeds.stock]\ncomplete = true\n'
        '[feeds.stock.columns]\non_hand = ["Qté dispo"]\n'
        '[feeds.stock.blank]\nexpires_on = ["31/12/9999"]\n',
        "utf-8",
    )
    mine = load_profile(path)
    body = "Date;Dépôt;Article;QTE_DISPO;DLC\n05/01/2026;S;A;1,5;31/12/9999\n"
    (batch,) = read(body.encode(), "stock", mine, name="stock.csv").batches
    assert batch.complete
    assert batch.rows.to_pylist() == [
        {
            "date": dt.date(2026, 1, 5),
            "site": "S",
            "sku": "A",
            "on_hand": 1.5,
            "expires_on": None,
            "file_line": 2,
        }
    ]
    assert mine.digest != load_profile("generic-fr").digest


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'generic'"):
        load_profile("generik")


def test_the_digest_follows_the_meaning_not_the_prose() -> None:
    assert parse_profile('about = "x"', name="a").digest == parse_profile("", name="b").digest
    assert parse_profile('decimal = ","', name="a").digest != parse_profile("", name="a").digest


@pytest.mark.parametrize("feed", CONTRACTS)
def test_french_names_every_column_and_word_and_the_docs_list_them(feed: str) -> None:
    rules = load_profile("generic-fr").rules(feed)
    for column in CONTRACTS[feed].columns:
        headers = rules.columns[column.name]
        assert headers
        assert f"`{column.name}` {', '.join(headers)}" in DOCS
        if column.choices:
            words = rules.choices[column.name]
            assert set(words.values()) == set(column.choices)
            assert ", ".join(f"{word} = {meant}" for word, meant in words.items()) in DOCS


def test_french_files_read_whole() -> None:
    profile = load_profile("generic-fr")
    body = "Date;Magasin;Référence article;Qté;Prix;Type\n05/01/2026;Éts;A;2;1,5;Transfert\n"
    (row,) = rows(read(body.encode("cp1252"), "sales", profile, name="ventes.csv"))
    assert (row["site"], row["price"], row["kind"]) == ("Éts", 1.5, "transfer")
    body = "Code fournisseur;Jours de commande;Fermetures\nN;lundi, jeu.;24/12/2026..02/01/2027\n"
    (row,) = rows(read(body.encode("cp1252"), "suppliers", profile, name="f.csv"))
    assert (row["order_days"], row["closures"]) == ("0,3", "2026-12-24/2027-01-02")
    body = "Fournisseur;Montant minimum\nN;250,50\n"
    (row,) = rows(read(body.encode("cp1252"), "suppliers", profile, name="f.csv"))
    assert row["minimum_order_value"] == 250.5
    body = "Article;Fin de vente\n0088001;30/09/2026\n"
    (row,) = rows(read(body.encode("cp1252"), "items", profile, name="a.csv"))
    assert str(row["discontinued_on"])[:10] == "2026-09-30"


def test_excluded_codes_are_set_aside_before_anything_else() -> None:
    profile = parse_profile('[feeds.sales.exclude]\nsku = ["POST", "gift_*"]', name="mine")
    body = "date,site,sku,units\n2026-01-05,S, POST ,x\n2026-01-05,S,gift_1,1\n2026-01-05,S,P,1\n"
    reading = read(body.encode(), "sales", profile, name="x.csv")
    assert faults(reading) == [(2, "sku", "not_an_item"), (3, "sku", "not_an_item")]


def test_the_docs_name_every_key_code_and_profile() -> None:
    keys = {*Rules.model_fields, *Profile.model_fields} - {"name", "feeds"}
    for word in (*keys, "extends", *Code, *profile_names()):
        assert f"`{word}" in DOCS, word


NAMED = """
extends = "generic"
[feeds.stock.from_name]
date = "YYYY-MM-DD"
"""


def test_the_same_stock_a_day_later_is_another_delivery() -> None:
    """On a Sunday nothing moves: the two files differ by their names alone."""
    profile = parse_profile(NAMED, name="own")

    def digest(name: str, body: bytes = b"site,sku,on_hand\nLYON,1,5\n") -> str:
        return read(body, "stock", profile, name=name).digest

    sunday = digest("stock-2026-11-22.csv")
    assert sunday != digest("stock-2026-11-21.csv")
    assert sunday == digest("copy of stock 2026-11-22.csv"), "the day is the same"
    own = b"date,site,sku,on_hand\n2026-11-22,LYON,1,5\n"
    assert digest("a.csv", own) == digest("stock-2026-11-21.csv", own), "its rows have their own"
