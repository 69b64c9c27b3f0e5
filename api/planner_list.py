"""The planner's short list: what is out, then what will run out, in the words of a language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
import pandas as pd
from babel.dates import format_datetime
from babel.numbers import format_percent
from numpy.typing import NDArray

from api.clock import NEAR_DAYS, days_behind, today
from api.readable import (
    amount,
    capitalised,
    counted,
    day,
    punctuated,
    with_ordinal,
    with_readable_dates,
)
from models.health import Alarm, english, french
from models.publication import Provenance, PublicationReader
from models.publication.contracts import SERIES
from models.publication.episodes import PUT_ASIDE

OUT: Final = "out"
TOO_LATE: Final = "too_late"
LEAST_A_DAY: Final = 0.5  # currency; below, it would be told as 0
JOINT: Final = "; "  # between the actions of a published sentence

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "when": "Rupture",
        "what": "Site · article",
        "chance": "Risque",
        "why": "Pourquoi",
        "action": "Que faire",
        "value": "Enjeu",
        "out": "en rupture",
        "back": "retour {day}",
        "a_day": "{value} par jour",
        "beyond": "évite {value}, sites livrés compris",
        "too_late": "Trop tard pour l’éviter.",
        "too_late_but": "Trop tard pour l’éviter ; pour limiter :",
        "nothing_known": "—",
        "title": "Les ruptures qui viennent",
        "from_publication": "Publication {publication}, données jusqu’au {until}, "
        "calculée le {made} UTC",
        "calm": "Rien à signaler : aucune rupture, aucune alerte.",
    },
    "en": {
        "when": "Stockout",
        "what": "Site · item",
        "chance": "Risk",
        "why": "Why",
        "action": "What to do",
        "value": "At stake",
        "out": "out of stock",
        "back": "back {day}",
        "a_day": "{value} a day",
        "beyond": "avoids {value}, sites supplied included",
        "too_late": "Too late to avoid it.",
        "too_late_but": "Too late to avoid it; to limit it:",
        "nothing_known": "—",
        "title": "What will run out",
        "from_publication": "Publication {publication}, data up to {until}, computed {made} UTC",
        "calm": "Nothing to report: no stockout, no warning.",
    },
}

COUNTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "fr": {
        "out": {"one": "{n} référence déjà en rupture", "other": "{n} références déjà en rupture"},
        "warned": {"one": "{n} alerte", "other": "{n} alertes"},
        "shown": {"one": "{n} montrée", "other": "{n} montrées"},
    },
    "en": {
        "out": {"other": "{n} series out already"},
        "warned": {"one": "{n} warning", "other": "{n} warnings"},
        "shown": {"other": "{n} shown"},
    },
}


UNSEEN: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "one": "Stock inconnu de {n} référence\xa0: rien ne peut en être dit.",
        "other": "Stock inconnu de {n} références\xa0: rien ne peut en être dit.",
    },
    "en": {
        "one": "The stock of {n} series is not known: nothing can be said of it.",
        "other": "The stock of {n} series is not known: nothing can be said of them.",
    },
}
OLD_DATA: Final[Mapping[str, Mapping[str, str]]] = {
    "fr": {
        "one": "Les données s’arrêtent au {{until}}, il y a {n} jour : ce qui suit date de là.",
        "other": "Les données s’arrêtent au {{until}}, il y a {n} jours : ce qui suit date de là.",
    },
    "en": {
        "one": "The data end {{until}}, {n} day ago: what follows is as of then.",
        "other": "The data end {{until}}, {n} days ago: what follows is as of then.",
    },
}


@dataclass(frozen=True)
class Line:
    """One series as a planner reads it."""

    warning: int | None
    site: str
    sku: str
    description: str
    is_out: bool
    when: str
    back: str
    chance: str
    cause: str
    actions: list[str]  # one a line; what precedes them included
    value: str
    a_day: str  # of what is out
    beyond: str  # what the advice avoids, where that is more than what is at stake here


@dataclass(frozen=True)
class Listed:
    """The lines, their rows as published, and how many there are in all."""

    rows: pd.DataFrame
    lines: list[Line]
    out: int
    out_shown: int
    warned: int
    warned_shown: int
    unseen: int = 0  # series of which no stock is known, and so nothing can be said

    def counts(self, language: str) -> str:
        """How many there are, and how many of them are shown where that is not all."""
        parts = []
        for name, number, seen in (
            ("out", self.out, self.out_shown),
            ("warned", self.warned, self.warned_shown),
        ):
            text = counted(number, COUNTS[language][name], language)
            if seen < number:
                text += f" ({counted(seen, COUNTS[language]['shown'], language)})"
            parts.append(text)
        return ", ".join(parts)

    def blind_spot(self, language: str) -> str:
        """Says of how many series nothing can be said; "" where there are none."""
        return counted(self.unseen, UNSEEN[language], language) if self.unseen else ""


def old_data(provenance: Mapping[str, Any], language: str) -> str:
    """Says that the data end longer ago than is usual, or than a week; "" where they do not."""
    age, is_old = days_behind(provenance["origin_end"], provenance["frequency"])
    if not is_old and age <= NEAR_DAYS:
        return ""
    until = day(provenance["origin_end"], language, near=today())
    return counted(age, OLD_DATA[language], language).format(until=until)


def odd_data(made: Provenance, language: str) -> list[str]:
    """What looked odd in the data of a publication, in sentences."""
    say = french if language == "fr" else english
    said = (say(Alarm.of(kept)) for kept in made.alarms)
    dated = (with_readable_dates(one, language, made.origin_end) for one in said)
    return [punctuated(one, language) for one in dated]


def source_of(provenance: Mapping[str, Any], language: str) -> str:
    """Which publication says it, how far its data reach, and when it was computed."""
    made = format_datetime(provenance["created_at"], "d MMM y HH:mm", locale=language)
    return WORDS[language]["from_publication"].format(
        publication=provenance["publication"],
        until=day(provenance["origin_end"], language, pattern="d MMMM y"),
        made=with_ordinal(made, language),
    )


def by_priority(table: pd.DataFrame, rates: Mapping[str, float]) -> NDArray[np.intp]:
    """Places of the rows in the planner's order: what is out first; then by value at risk, then
    probability, the largest first, blanks last; then by site and sku.

    `rates`: what other currencies are worth in the workspace's, for ranking alone.
    """
    keys = table.reset_index(drop=True).assign(running=(table["state"] != OUT).to_numpy())
    if rates:
        keys["value_at_risk"] *= keys["currency"].astype(object).map(rates).fillna(1.0)
    ordered = keys.sort_values(
        ["running", "value_at_risk", "probability", "site", "sku"],
        ascending=[True, False, False, True, True],
        na_position="last",
    )
    return ordered.index.to_numpy()


def planner_list(
    reader: PublicationReader,
    language: str,
    *,
    limit: int,
    site: str | None = None,
    min_probability: float | None = None,
    buyer: str | None = None,
    put_aside: bool = False,
) -> Listed:
    """What is out first, then warnings, each in the planner's order.

    What is out takes half of the lines at most where there are warnings for the rest.
    `min_probability` lists every series at or above it instead of the announced ones; `buyer` those
    of one buyer's items ("": of items without one). What somebody put off or settled is left out
    unless `put_aside` or `min_probability` asks for it.
    """
    table = reader.warnings(site=site, every_series=True)
    if not put_aside and min_probability is None:
        table = table[~table["warning"].map(reader.states_of_warnings).isin(PUT_ASIDE)]
    if buyer is not None:
        codes = pd.MultiIndex.from_frame(table[["site", "sku"]])
        table = table[(buyers_of(reader).reindex(codes) == buyer).to_numpy()]
    table = table.iloc[by_priority(table, rates_of(reader))]
    is_out = (table["state"] == OUT).to_numpy()
    if min_probability is None:
        is_warned = table["warning"].notna().to_numpy() & ~is_out
    else:
        is_warned = (table["probability"] >= min_probability).to_numpy() & ~is_out
    out, warned = table[is_out], table[is_warned]
    out_shown = min(len(out), max(limit // 2, limit - len(warned)))
    warned_shown = min(len(warned), limit - out_shown)
    rows = pd.concat([out.head(out_shown), warned.head(warned_shown)], ignore_index=True)
    descriptions = master_of(reader, rows, "description")
    origin = pd.Timestamp(reader.provenance["origin_end"]).date()
    lines = [
        line_of(row, description, language, origin)
        for (_, row), description in zip(rows.iterrows(), descriptions, strict=True)
    ]
    unseen = int((table["state"] == "unknown").sum())
    return Listed(rows, lines, len(out), out_shown, len(warned), warned_shown, unseen)


def rates_of(reader: PublicationReader) -> Mapping[str, float]:
    """Of the settings that the publication was made with."""
    rates: Mapping[str, float] = reader.publication.provenance.options.get("exchange_rates", {})
    return rates


def buyers_of(reader: PublicationReader) -> pd.Series:
    """The buyer of each series, by site and sku; "" where nobody is named."""
    master = reader.part(SERIES)
    known = "buyer" in master.column_names
    buyers = master.column("buyer").to_pylist() if known else [""] * len(reader)
    codes = (master.column(name).to_pylist() for name in ("site", "sku"))
    return pd.Series(buyers, pd.MultiIndex.from_arrays(list(codes)), dtype=object).fillna("")


def master_of(reader: PublicationReader, rows: pd.DataFrame, name: str) -> list[str]:
    """What the master data say of the series of these rows (`site`, `sku`); "" where nothing."""
    master = reader.part(SERIES)
    if name not in master.column_names:
        return [""] * len(rows)
    places = [reader.row(site, sku) for site, sku in zip(rows["site"], rows["sku"], strict=True)]
    return [str(master.column(name)[place].as_py() or "") for place in places]


def line_of(row: pd.Series, description: str, language: str, origin: dt.date) -> Line:
    words = WORDS[language]
    blank = words["nothing_known"]
    is_out = row["state"] == OUT
    lost = row.get("loss_a_day") or 0.0
    a_day = amount(lost, row["currency"], language) if lost >= LEAST_A_DAY else ""
    back = day(row["back_on"], language, near=origin, pattern="d MMM")
    return Line(
        warning=None if pd.isna(row["warning"]) else int(row["warning"]),
        site=row["site"],
        sku=row["sku"],
        description=description,
        is_out=is_out,
        when=words["out"] if is_out else day(row["stockout_on"], language, near=origin) or blank,
        back=words["back"].format(day=back) if is_out and back else "",
        chance="" if is_out else format_percent(round(row["probability"], 2), locale=language),
        cause=punctuated(capitalised(sentence_of(row, "cause", language, origin)), language),
        actions=_actions(row, language, origin) or [blank],
        value=amount(row["value_at_risk"], row["currency"], language) or blank,
        a_day=words["a_day"].format(value=a_day) if is_out and a_day else "",
        beyond=_beyond(row, language),
    )


def _beyond(row: pd.Series, language: str) -> str:
    """Goods that come to a depot also save what the sites supplied by it would lose."""
    actions = orjson.loads(row.get("actions") or "[]")
    most = max((one.get("loss_avoided") or 0.0 for one in actions), default=0.0)
    value, avoided = (
        amount(one, row["currency"], language) for one in (row["value_at_risk"], most)
    )
    is_more = bool(value) and most > row["value_at_risk"] and avoided != value
    return WORDS[language]["beyond"].format(value=avoided) if is_more else ""


def sentence_of(row: pd.Series, name: str, language: str, origin: dt.date) -> str:
    """The sentence that the publication holds; blank where nothing is known."""
    return with_readable_dates(str(row.get(f"{name}_{language}") or ""), language, origin)


def _actions(row: pd.Series, language: str, origin: dt.date) -> list[str]:
    """The recommended actions, each naming its deadline; where they come too late, that first."""
    words = WORDS[language]
    text = sentence_of(row, "action", language, origin)
    actions = [punctuated(capitalised(one), language) for one in text.split(JOINT) if one]
    if row["act_by"] == TOO_LATE and row["state"] != OUT:
        return [words["too_late_but"] if actions else words["too_late"], *actions]
    return actions
