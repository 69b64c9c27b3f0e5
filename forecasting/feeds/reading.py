"""The entry: one file, read as one feed through one profile."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.errors import MOST_EXAMPLES, UnknownName
from forecasting.feeds.doubts import check_dates, doubts_of
from forecasting.feeds.faults import Code, Faults, shown
from forecasting.feeds.files import read_raw
from forecasting.feeds.headers import match_headers, unused_note
from forecasting.feeds.keys import QUANTITIES, missing_from, name_lines, settle
from forecasting.feeds.ledger import LEDGER, Made, expand, month_ends
from forecasting.feeds.parse import Writing, parse
from forecasting.feeds.profile import CONTRACTS, Profile, Rules
from forecasting.feeds.raw import FILE_LINE
from forecasting.feeds.reject_keys import RejectKeys, spans_of
from forecasting.feeds.shaping import Shaped, filters_of, shape
from forecasting.feeds.uoms import check_uoms
from forecasting.tables import Kind, Table

_UNITS: Final = ("units", "units_ordered", "on_hand", "issued")  # what control totals add up
SHELF: Final = ("date", "site", "sku")  # what a row of stock is about, its lot apart
_MOST_UNITS: Final = 1e15  # beyond it a quantity counts as unreadable
_ADDED_AT_ONCE: Final = 1_000_000  # Python numbers alive while decimals are added up


@dataclass(frozen=True)
class Batch:
    """Rows of one canonical feed out of one file.

    `rows`: the canonical columns that the file has, and `file_line`: int64. Text is
    dictionary<int32, string> and never null, numbers float64 and dates date32 with null for blank.
    `complete`: stock only, a complete snapshot: a series that is absent has on_hand 0. `unread`:
    date, site and sku of what is there, though its row was set aside: how many, nobody knows.
    `none`: rows without units that count only as corrections of earlier ones.
    """

    feed: str
    rows: pa.Table
    complete: bool
    unread: pa.Table | None = None
    none: pa.Table | None = None

    @property
    def kept(self) -> pa.Table:
        """What the record keeps: `rows`, and `unread` with blank quantities."""
        if self.unread is None or not self.unread.num_rows:
            return self.rows
        return pa.concat_tables([self.rows, self.unread], promote_options="default")


@dataclass(frozen=True)
class Reading:
    """What one file holds: read = accepted + rejected + duplicates, in rows and in units.

    Units are control totals of the feed's quantity (units, units_ordered or on_hand; issued of a
    ledger) over the rows where it could be read; None where the feed has no quantity. Rows that
    were added up count as accepted, so a batch may hold fewer rows than `accepted`.
    `digest` is the sha256 of content, feed and profile, and of the dates that the file's name told.
    """

    source: str
    feed: str
    profile: str
    digest: str
    read: int
    accepted: int
    rejected: int
    duplicates: int
    units_read: float | None
    units_accepted: float | None
    units_rejected: float | None
    units_duplicates: float | None
    batches: tuple[Batch, ...]
    rejects: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def examples(self) -> list[dict[str, Any]]:
        """The first rejects as plain values: line (None: not known), column, code, message, raw."""
        first = self.rejects.head(MOST_EXAMPLES).drop(columns="key", errors="ignore")
        first = first.astype(object).replace({np.nan: None})
        return [
            {str(name): value for name, value in row.items()} for row in first.to_dict("records")
        ]


def read(
    source: Path | bytes,
    feed: str,
    profile: Profile,
    *,
    name: str = "",
    most_cells: int | None = None,
    today: dt.date | None = None,
) -> Reading:
    """Reads a file, or the bytes of a push, whose form `name` tells by its ending.

    `most_cells`: rows × columns beyond which it is refused unread; None: what its form may have.
    `today`: facts dated more than a month after it are rejected; None: no date is too late.

    Raises DeliveryRefused where the whole cannot be trusted, MissingColumns where a required
    column has no header, UnknownName for a feed that does not exist. Faults of single rows raise
    nothing: they are in `rejects`.

    >>> from forecasting.feeds import load_profile
    >>> body = b"date,site,sku,units\\n2026-01-05,S1,00123,2\\n2026-02-30,S1,00123,1\\n"
    >>> reading = read(body, "sales", load_profile("generic"), name="body.csv")
    >>> reading.read, reading.accepted, reading.rejected
    (2, 1, 1)
    >>> reading.rejects[["line", "column", "code"]].values.tolist()
    [[3, 'date', 'not_a_date']]
    """
    if feed not in CONTRACTS:
        raise UnknownName("feed", feed, CONTRACTS)
    table, rules = CONTRACTS[feed], profile.rules(feed)
    data = source if isinstance(source, bytes) else source.read_bytes()
    name = name or ("delivery" if isinstance(source, bytes) else source.name)
    used: dict[str, str] = {}
    filters: dict[str, str] = {}
    notes: list[str] = []

    def choose(headers: Sequence[str]) -> Mapping[str, Kind]:
        free = [*rules.constants, *rules.from_name]
        used.update(match_headers(headers, table, rules.columns, free, name))
        found, missing = filters_of(headers, rules)
        filters.update(found)
        notes.extend([*unused_note(headers, used, table, found.values()), *missing])
        kinds = dict.fromkeys(found.values(), Kind.TEXT)
        return kinds | {header: table.by_name[column].kind for column, header in used.items()}

    raw = read_raw(data, name, profile, choose, most_cells)
    faults = Faults(len(raw.line))
    shaped = shape(raw, table, used, filters, rules, name, faults)
    raw = replace(raw, columns={})  # tens of millions of cells that nobody needs any more
    notes.extend(shaped.notes)
    columns = _parse_columns(shaped, table, profile, rules, faults)
    dated = {column: shaped.cells[column].texts[0].as_py() for column in shaped.formats}
    del shaped
    if "uom" in table.by_name and table.by_series:
        notes.extend(check_uoms(columns, rules.uoms, QUANTITIES, faults))
    units = _units(columns, faults)
    if table is LEDGER:
        columns["date"] = month_ends(columns, faults)
    _check_one_of(columns, table, faults)
    notes.extend(check_dates(columns, today, faults))
    notes.extend(doubts_of(columns, table, ~faults.bad))
    rows = pa.table({**columns, FILE_LINE: raw.line})
    shelves = rows.select(list(SHELF)) if feed == "stock" and rules.complete else None
    del columns
    good = np.flatnonzero(~faults.bad) if faults.bad.any() else None  # None: all
    keys = RejectKeys(table)
    if good is not None:
        bad = np.flatnonzero(faults.bad)
        aside, rows = rows.take(pa.array(bad)), rows.take(pa.array(good))
        keys.add(aside, spans_of(table, rows), bad)
    if rules.repeated == "sum" and feed == "sales":
        rows, named = name_lines(rows)
        notes += [f"{named:,} transfer or scrap row(s) got their kind as line_id"] if named else []
    settled = settle(rows, table.key, rules.repeated or "reject", rules.equal_rows)
    duplicate = settled.duplicate
    if good is not None:
        duplicate = np.zeros(len(raw.line), dtype=bool)
        duplicate[good] = settled.duplicate
    _add_conflicts(settled.conflict, good, rows, table, raw.line, faults, keys)
    if settled.summed:
        notes.append(f"{settled.summed:,} row(s) were added to another row of the same key")
    unread = None if shelves is None else _unread(shelves, settled.rows, table, faults)
    if unread is not None and unread.num_rows:
        notes.append(
            f"{unread.num_rows:,} item(s) of this complete snapshot could not be read: what there"
            " is of them counts as unknown, not as none"
        )
    tables = {feed: Made(settled.rows)}
    if table is LEDGER:
        tables, told = expand(settled.rows)
        notes.extend(told)
    rejects = pd.concat([raw.broken, faults.frame(raw.line, raw.raw, keys.of)], ignore_index=True)
    rejected, duplicates = len(rejects), int(duplicate.sum())
    total = len(raw.line) + len(raw.broken)
    return Reading(
        source=name,
        feed=feed,
        profile=profile.name,
        digest=_digest(data, feed, profile, dated),
        read=total,
        accepted=total - rejected - duplicates,
        rejected=rejected,
        duplicates=duplicates,
        units_read=_total(units, None),
        units_accepted=_total(units, ~faults.bad & ~duplicate),
        units_rejected=_total(units, faults.bad),
        units_duplicates=_total(units, duplicate),
        batches=tuple(
            Batch(
                fed,
                made.rows,
                complete=fed == "stock" and rules.complete,
                unread=unread,
                none=made.none,
            )
            for fed, made in tables.items()
        ),
        rejects=rejects.sort_values("line", kind="stable", ignore_index=True),
        notes=(*raw.notes, *notes),
    )


def _parse_columns(
    shaped: Shaped, table: Table, profile: Profile, rules: Rules, faults: Faults
) -> dict[str, pa.Array]:
    """Canonical columns in the contract's order."""
    return {
        name: parse(
            cells,
            table.by_name[name],
            Writing(
                decimal=profile.decimal,
                thousands=profile.thousands,
                trailing_minus=profile.trailing_minus,
                dates=(shaped.formats[name],) if name in shaped.formats else tuple(profile.dates),
                blank=tuple(rules.blank.get(name, ())),
                words=rules.choices.get(name),
            ),
            faults,
            code=table.by_name[name].required or name in table.key,
        )
        for name, cells in shaped.cells.items()
    }


def _check_one_of(columns: Mapping[str, pa.Array], table: Table, faults: Faults) -> None:
    """At least one of some columns must be filled, such as on_hand or availability."""
    present = [columns[name] for name in table.one_of if name in columns]
    if not present:
        return
    blank = np.all([values.is_null().to_numpy(zero_copy_only=False) for values in present], axis=0)
    names = " or ".join(table.one_of)
    faults.add(table.one_of[0], Code.BLANK, blank, lambda _: f"neither {names} is filled")


def _add_conflicts(
    conflict: NDArray[np.bool_],
    good: NDArray[np.int64] | None,
    rows: pa.Table,
    table: Table,
    lines: NDArray[np.int64],
    faults: Faults,
    keys: RejectKeys,
) -> None:
    if not conflict.any():
        return
    key = [name for name in table.key if name in rows.column_names]
    twice = rows.select(key).filter(pa.array(conflict))
    texts = [", ".join(str(value) for value in row.values() if value) for row in twice.to_pylist()]
    places = np.flatnonzero(conflict) if good is None else good[conflict]
    keys.add(twice, {}, places)
    at = dict(zip(places.tolist(), texts, strict=True))
    where = np.zeros(len(lines), dtype=bool)
    where[places] = True
    faults.add(
        ", ".join(key),
        Code.CONFLICT,
        where,
        lambda row: f"the key {shown(at[row])} is there again with other values",
    )


def _unread(shelves: pa.Table, rows: pa.Table, table: Table, faults: Faults) -> pa.Table:
    """Shelves of which `rows` says nothing, for their quantities could not be read or contradict
    each other; of sites that have other rows. What the profile leaves out is no shelf."""
    aside = faults.where(
        lambda column, code: (
            code is Code.CONFLICT
            or (code is not Code.EXCLUDED and column in table.by_name and column not in table.key)
        )
    )
    found = shelves.filter(pa.array(aside))
    here = pc.is_in(
        found["site"].cast(pa.string()), value_set=pc.unique(rows["site"].cast(pa.string()))
    )
    return missing_from(rows, found.filter(here))


def _units(columns: Mapping[str, pa.Array], faults: Faults) -> NDArray[np.float64] | None:
    """The quantity of each row, 0 where it could not be read."""
    name = next((name for name in _UNITS if name in columns), None)
    if name is None:
        return None
    units = columns[name].to_numpy(zero_copy_only=False)
    sane = (units >= -_MOST_UNITS) & (units <= _MOST_UNITS)
    return units if sane.all() else np.where(sane, units, 0.0)


def _total(units: NDArray[np.float64] | None, where: NDArray[np.bool_] | None) -> float | None:
    """The sum, rounded once: in any order of the rows, the same bits."""
    if units is None:
        return None
    chosen = units if where is None or where.all() else units[where]
    if _are_whole(chosen) and len(chosen) * np.abs(chosen).max(initial=0.0) < 2**53:
        return float(chosen.sum()) + 0.0  # no partial sum is ever rounded
    parts = np.array_split(chosen, len(chosen) // _ADDED_AT_ONCE + 1)
    return math.fsum(chain.from_iterable(part.tolist() for part in parts))


def _are_whole(values: NDArray[np.float64]) -> bool:
    return bool((np.floor(values) == values).all())


def _digest(data: bytes, feed: str, profile: Profile, dated: Mapping[str, str]) -> str:
    """`dated`: by column, the date that the file's name told of its rows: of another day, the same
    bytes are another delivery."""
    told = "".join(f"{column} {text}\n" for column, text in dated.items())
    digest = hashlib.sha256(f"{feed}\n{profile.digest}\n{told}".encode())
    digest.update(data)
    return digest.hexdigest()
