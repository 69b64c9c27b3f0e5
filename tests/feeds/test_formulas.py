"""What a spreadsheet would run as a formula leaves harmless, and comes back as it was."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.tabular import csv_pieces
from forecasting.feeds import load_profile, read
from forecasting.feeds.formulas import defused
from forecasting.feeds.parse import SHEET_ERRORS

SIGNS = ("=", "+", "-", "@", "\t", "\r")
CODES = st.text(
    st.one_of(
        st.sampled_from("'=+-@,;\" "),
        st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")),
    ),
    min_size=1,
    max_size=12,
).filter(lambda code: code == code.strip() and code not in SHEET_ERRORS)


def as_csv(table: pa.Table) -> bytes:
    return b"".join(csv_pieces(table))


@settings(max_examples=300, deadline=None)
@given(codes=st.lists(CODES, min_size=1, max_size=8, unique=True))
def test_codes_exported_and_taken_in_again_are_the_same(codes: list[str]) -> None:
    table = pa.table({"sku": codes, "description": codes[::-1], "unit_cost": [1.5] * len(codes)})
    text = as_csv(table)
    for row in csv.reader(io.StringIO(text.decode(), newline="")):
        assert not row[0].startswith(SIGNS)
    reading = read(text, "items", load_profile("generic"), name="items.csv")
    assert (reading.accepted, reading.rejected) == (len(codes), 0)
    rows = reading.batches[0].rows
    assert sorted(rows.column("sku").to_pylist()) == sorted(codes)
    assert dict(
        zip(rows.column("sku").to_pylist(), rows.column("description").to_pylist(), strict=True)
    ) == dict(zip(codes, codes[::-1], strict=True))


@pytest.mark.parametrize("sign", SIGNS, ids=repr)
def test_every_sign_is_defused_in_text_and_numbers_are_untouched(sign: str) -> None:
    text = as_csv(pa.table({"sku": [f"{sign}1+1"], "mean": [-1.5], "step": [-2]})).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row == {"sku": f"'{sign}1+1", "mean": "-1.5", "step": "-2"}


@pytest.mark.parametrize("code", ["'t Hof", "'", "''", "'7", "A=1", "-5", "=1", "+33"])
def test_codes_that_we_did_not_defuse_are_read_as_they_stand(code: str) -> None:
    body = f"sku,unit_cost\n{code},1\n".encode()
    reading = read(body, "items", load_profile("generic"), name="items.csv")
    assert reading.batches[0].rows.column("sku").to_pylist() == [code]


def test_only_csv_of_a_profile_that_says_so_is_undone() -> None:
    body = b"sku;description\nA;'=1\n"
    french = read(body, "items", load_profile("generic-fr"), name="items.csv")
    assert french.batches[0].rows.column("description").to_pylist() == ["'=1"]
    pushed = read(b'[{"sku": "\'=1"}]', "items", load_profile("generic"), name="items.json")
    assert pushed.batches[0].rows.column("sku").to_pylist() == ["'=1"]


def test_an_apostrophe_of_ones_own_gets_another() -> None:
    assert defused("'=1") == "''=1"
    assert defused("'t Hof") == "'t Hof"
