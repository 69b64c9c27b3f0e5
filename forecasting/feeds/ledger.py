"""A stock ledger: one row per site, item and month, which becomes rows of five feeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.errors import MissingColumns
from forecasting.feeds.faults import Code, Faults
from forecasting.feeds.raw import FILE_LINE
from forecasting.tables import Column, Kind, Table

_MOST: Final = 1e15


def _units(name: str, about: str, *, required: bool = False, least: float = -_MOST) -> Column:
    return Column(name, Kind.NUMBER, about, required, least, _MOST)


LEDGER: Final = Table(
    "ledger",
    "one row per site, sku and month",
    (
        Column("period", Kind.DATE, "any day of the month; or else year and month"),
        Column("year", Kind.NUMBER, "calendar year", least=1900, most=2200),
        Column("month", Kind.NUMBER, "1..12", least=1, most=12),
        Column("site", Kind.TEXT, "code of the site", required=True),
        Column("sku", Kind.TEXT, "code of the item", required=True),
        _units("opening", "units on hand at the first of the month"),
        _units("received", "units received in the month"),
        _units("issued", "units sold or issued in the month", required=True),
        _units("adjusted", "signed: losses −, gains and counts ±"),
        _units("closing", "units on hand at the end of the month", required=True),
        _units("ordered", "units asked for; no sure arrival", least=0.0),
    ),
    key=("date", "site", "sku"),
)


def month_ends(columns: dict[str, pa.Array], faults: Faults) -> pa.Array:
    """The last day of each row's month; rows without a month are told to `faults`.

    Raises MissingColumns where the file has neither `period` nor `year` and `month`.
    """
    count = len(faults.bad)
    months = np.full(count, np.datetime64("NaT", "M"))
    if not {"period"} <= columns.keys() and not {"year", "month"} <= columns.keys():
        raise MissingColumns(LEDGER.name, ["period (or year and month)"], list(columns))
    if {"year", "month"} <= columns.keys():
        year = columns["year"].to_numpy(zero_copy_only=False)
        month = columns["month"].to_numpy(zero_copy_only=False)
        whole = ~faults.bad & (year % 1 == 0) & (month % 1 == 0)
        number = (np.where(whole, year, 1970) - 1970) * 12 + np.where(whole, month, 1) - 1
        months = np.where(whole, number.astype(np.int64).astype("datetime64[M]"), months)
    if "period" in columns:
        period = columns["period"].cast(pa.int32()).to_numpy(zero_copy_only=False)
        known = ~np.isnan(period)
        days = np.where(known, period, 0).astype(np.int64).astype("datetime64[D]")
        months = np.where(known, days.astype("datetime64[M]"), months)
    faults.add(
        "period" if "period" in columns else "month",
        Code.BLANK,
        np.isnat(months),
        lambda _: "no whole month",
    )
    after = (months + np.timedelta64(1, "M")).astype("datetime64[D]")
    return pa.array(after - np.timedelta64(1, "D")).cast(pa.date32())


@dataclass(frozen=True)
class Made:
    """Rows of one feed made of a ledger, and those that say that a month had `none` of it: they
    take back what an earlier ledger said, and are rows of nothing else."""

    rows: pa.Table
    none: pa.Table | None = None


def expand(rows: pa.Table) -> tuple[dict[str, Made], tuple[str, ...]]:
    """Rows of sales, stock, movements, orders and receipts, and what a person should know.

    Everything is dated at the month's end. `issued` becomes sales of kind consumption, `closing`
    the stock, `received` a movement and a receipt, `adjusted` a movement; `ordered` becomes an
    order with status `requested`: a wish, not an arrival. A request and a receipt of one month
    are not known to belong together, so they carry different numbers (REQ-…, RCV-…).
    """
    same = rows.select(["date", "site", "sku", FILE_LINE])

    def feed(**columns: pa.ChunkedArray | str) -> pa.Table:
        table = same
        for name, values in columns.items():
            column = _always(values, len(same)) if isinstance(values, str) else values
            table = table.append_column(name, column)
        return table

    def moved(name: str, quantity: str, **columns: pa.ChunkedArray | str) -> Made:
        units = pc.fill_null(rows[name], 0.0)
        table, some = feed(**{quantity: units}, **columns), pc.not_equal(units, 0.0)
        return Made(table.filter(some), table.filter(pc.invert(some)))

    feeds = {
        "sales": Made(feed(units=rows["issued"], kind="consumption")),
        "stock": Made(feed(on_hand=rows["closing"])),
    }
    moves = [
        moved(name, "units", kind=kind)
        for name, kind in (("received", "receipt"), ("adjusted", "adjustment"))
        if name in rows.column_names
    ]
    if moves:
        parts = ([one.rows for one in moves], [one.none for one in moves])
        feeds["movements"] = Made(*(pa.concat_tables(part).unify_dictionaries() for part in parts))
    if "ordered" in rows.column_names:
        asked = moved("ordered", "units_ordered", status="requested")
        feeds["orders"] = _numbered(asked, "REQ", "ordered_on")
    if "received" in rows.column_names:
        feeds["receipts"] = _numbered(moved("received", "units"), "RCV", "received_on")
    made = ", ".join(f"{one.rows.num_rows:,} {name}" for name, one in feeds.items())
    return feeds, (f"made of the ledger: {made}", *_balance_note(rows))


def _numbered(made: Made, prefix: str, date: str) -> Made:
    """With order numbers; the month's end is the `date` of the feed."""

    def one(table: pa.Table) -> pa.Table:
        table = table.append_column("order_id", _numbers(prefix, table))
        return table.rename_columns({"date": date})

    return Made(one(made.rows), one(made.none))


def _always(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _numbers(prefix: str, rows: pa.Table) -> pa.Array:
    """REQ-2018-01-C4023-AS27000: the same ledger gives the same numbers."""
    month = pc.strftime(rows["date"].cast(pa.timestamp("s")), "%Y-%m")
    site, sku = (rows[name].cast(pa.string()) for name in ("site", "sku"))
    return pc.binary_join_element_wise(prefix, month, site, sku, "-")


def _balance_note(rows: pa.Table) -> tuple[str, ...]:
    """Where opening + received − issued + adjusted is not closing."""
    if "opening" not in rows.column_names:
        return ()

    def units(name: str) -> NDArray[np.float64]:
        if name not in rows.column_names:
            return np.zeros(rows.num_rows)
        found = rows[name].to_numpy()
        return found if name == "opening" else np.nan_to_num(found)

    due = units("opening") + units("received") - units("issued") + units("adjusted")
    off = np.flatnonzero(np.abs(due - units("closing")) > 1e-6 * np.maximum(1, np.abs(due)))
    if not len(off):
        return ()
    lines = ", ".join(str(line) for line in rows[FILE_LINE].to_numpy()[off[:5]])
    return (
        f"opening + received − issued + adjusted is not closing in {len(off):,} row(s)"
        f" (kept as they are; lines {lines}{' …' if len(off) > 5 else ''})",
    )
