"""The one settings class: a flat `vigistock.toml`, the environment and flags, checked once.

Precedence: flag, environment (`VIGISTOCK_…`), toml, default. Whatever is wrong is refused here, by
name and place, before any work begins.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from forecasting.calendar import Frequency
from forecasting.errors import BadSetting, UnknownName, VigistockError
from forecasting.options import FORECAST_HORIZONS, QUANTILES, RISK_HORIZONS, Options

TOML_NAME: Final = "vigistock.toml"
PREFIX: Final = "VIGISTOCK_"
NOT_SETTINGS: Final = frozenset(
    {"VIGISTOCK_WORKSPACE", "VIGISTOCK_DEBUG", "VIGISTOCK_SHARED_DATA"}
    | {"VIGISTOCK_SMTP_PASSWORD", "VIGISTOCK_WEBHOOK_SECRET"}
)
_SECRETS: Final = (
    (re.compile(r"(://[^:/@\s]*):[^@\s]*@"), r"\1:***@"),  # all that SQLAlchemy reads as one
    (re.compile(r":[^:/@]+@"), ":***@"),
    (re.compile(r"([?&](?:ssl)?password=)[^&\s]*"), r"\1***"),
)
MOST_PERIODS: Final = 400  # a year of days and a month; beyond it a forecast says nothing


class BadSettingsFile(VigistockError):
    code = "bad_settings_file"
    title = "The settings file cannot be read"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path}: {problem}.",
            next_step="It is TOML, one `key = value` a line; text stands in quotes.",
            path=str(path),
            problem=problem,
        )


def _listed(value: Any) -> Any:
    """An environment variable's `7,14,28` or `[7, 14, 28]` as a list; blank is an empty one."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return []
    return _json(value, "7,14,28") if value.strip().startswith("[") else value.split(",")


def _json(text: str, example: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise ValueError(f"written like {example}") from None


def _mapping(text: str, example: str, between: str = ",") -> Any:
    """An environment variable's `day=28,week=13`, or JSON."""
    if text.strip().startswith("{"):
        return _json(text, example)
    if all("=" in pair for pair in text.split(between)):
        return {
            name.strip(): value.strip()
            for name, value in (pair.split("=", 1) for pair in text.split(between))
        }
    raise ValueError(f"written like {example}")


def _by_grain(value: Any) -> Any:
    """Grains left out keep theirs."""
    value = _mapping(value, "day=28,week=13") if isinstance(value, str) else value
    return {**FORECAST_HORIZONS, **value} if isinstance(value, Mapping) else value


def _by_buyer(value: Any) -> Any:
    if isinstance(value, str):
        return _mapping(value, "Name=one@example.com;*=all@example.com", ";") if value else {}
    return value


def _by_currency(value: Any) -> Any:
    if isinstance(value, str):
        value = _mapping(value, "USD=0.92,GBP=1.17") if value else {}
    if isinstance(value, Mapping):
        return {_upper(currency): rate for currency, rate in value.items()}
    return value


def _frequency(value: Any) -> Any:
    words = {"DAY": "D", "WEEK": "W", "MONTH": "M"}
    return words.get(value.upper(), value.upper()) if isinstance(value, str) else value


def _share_lost(value: Any) -> Any:
    return {"lost": 1.0, "backordered": 0.0}.get(value, value) if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Periods = Annotated[int, Field(ge=1, le=MOST_PERIODS)]
Level = Annotated[float, Field(gt=0, lt=1)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True)
class Service:
    """What of the settings concerns the HTTP service alone; they change no number."""

    hosts: tuple[str, ...] = ()
    https: bool = False
    rate_limit: str = "240000/minute"
    request_seconds: float = 60.0
    drain_seconds: float = 2.0
    access_log: bool = True
    push_mib: int = 64
    push_seconds: float = 300.0


@dataclass(frozen=True)
class Outgoing:
    """What of the settings concerns messages that nobody asked for; they change no number."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_tls: str = "starttls"
    smtp_user: str = ""
    mail_from: str = ""
    mail_to: Mapping[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    webhook_private: bool = False


class Settings(BaseSettings):
    """Every key of `vigistock.toml`, with what it may hold."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=False
    )

    frequency: Annotated[Frequency, BeforeValidator(_frequency)] = Field(
        Frequency.DAY, description="length of a period: D, W or M"
    )
    database: str = Field("", description="URL of the record; blank: SQLite in the workspace")
    tracking: str = Field("", description="URL of MLflow's store; blank: SQLite in the workspace")
    quantiles: Annotated[tuple[Level, ...], NoDecode, BeforeValidator(_listed)] = Field(
        QUANTILES,
        min_length=1,
        description="levels of every forecast, between 0 and 1, whole thousandths",
    )
    horizons: Annotated[tuple[Periods, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), description="of risk, in periods; the second, or the only one, is the main one"
    )
    forecast_horizons: Annotated[
        dict[Literal["day", "week", "month"], Periods], NoDecode, BeforeValidator(_by_grain)
    ] = Field(
        default_factory=lambda: dict(FORECAST_HORIZONS),
        validate_default=True,
        description="periods forecast, by grain",
    )
    stockout_availability: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.5, description="at most this share of the period in stock is a stockout"
    )
    availability_basis: Literal["time", "sales"] = Field(
        "time", description="time or sales: what availability is a share of"
    )
    shop_hours: Annotated[
        tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...],
        NoDecode,
        BeforeValidator(_listed),
    ] = Field((), description="usual sales of each of the 24 hours, any unit; blank: flat hours")
    unmet: Annotated[float, BeforeValidator(_share_lost), Field(ge=0, le=1)] = Field(
        1.0, description="unmet demand: lost, backordered, or the share that is lost"
    )
    country: Annotated[str, BeforeValidator(_upper), Field(pattern=r"^([A-Z]{2})?$")] = Field(
        "", description="two letters, ISO 3166-1, for holidays; blank: none"
    )
    language: Literal["fr", "en"] = Field(
        "fr",
        description="fr or en, of tables and e-mails, and of pages whose reader speaks neither",
    )
    currency: Annotated[str, BeforeValidator(_upper), Field(pattern=r"^[A-Z]{3}$")] = Field(
        "EUR", description="three letters, ISO 4217"
    )
    daily_budget: Annotated[int, Field(ge=1, le=10_000)] = Field(
        20, description="actions of today that each buyer is shown"
    )
    holding_rate: Cost | None = Field(None, description="share of the unit cost a year")
    expedite_cost: Cost | None = Field(None, description="currency an order")
    transfer_cost: Cost | None = Field(None, description="currency a transfer")
    order_cost: Cost | None = Field(None, description="currency an order")
    count_cost: Cost | None = Field(None, description="currency a shelf counted")
    least_saving: Cost = Field(
        10.0, description="currency, that an action is worth though it saves next to no units"
    )
    exchange_rates: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Z]{3}$")],
            Annotated[float, Field(gt=0, allow_inf_nan=False)],
        ],
        NoDecode,
        BeforeValidator(_by_currency),
    ] = Field(
        default_factory=dict,
        description="what a unit of each other currency is worth in `currency`, to rank by",
    )
    keep_publications: Annotated[int, Field(ge=2)] = Field(
        100, description="the newest so many publications keep their files"
    )
    keep_months: Annotated[int, Field(ge=0)] = Field(
        36, description="of the last so many months, the last publication of each keeps its files"
    )
    seed: Annotated[int, Field(ge=0, lt=2**32)] = Field(1, description="of every random draw")
    workers: Annotated[int, Field(ge=1, le=256)] = Field(
        1, description="processes of `train` and `serve`"
    )
    engine: Literal["local", "dask"] = Field(
        "local", description="where series are computed; all is `local` so far"
    )
    schema_: Annotated[str, Field(pattern=r"^([a-z_][a-z0-9_]{0,62})?$")] = Field(
        "", alias="schema", description="a PostgreSQL schema in small letters; blank: the usual one"
    )
    hosts: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(\*\.)?[\w.:\[\]-]+$")], ...],
        NoDecode,
        BeforeValidator(_listed),
    ] = Field((), description="names the service answers to, such as `*.example.com`; blank: any")
    https: bool = Field(False, description="behind TLS: browsers are told to use nothing else")
    rate_limit: Annotated[str, Field(pattern=r"^([1-9]\d*/(second|minute|hour))?$")] = Field(
        "240000/minute", description="requests a key, or an address without one; blank: no limit"
    )
    request_seconds: Annotated[Seconds, Field(gt=0)] = Field(
        60.0, description="after which a request without an answer gets 504"
    )
    push_mib: Annotated[int, Field(ge=1, le=2_048)] = Field(
        64, description="largest body of a push over HTTP, MiB"
    )
    push_seconds: Annotated[Seconds, Field(gt=0)] = Field(
        300.0, description="within which a push must be taken in; else 503"
    )
    drain_seconds: Annotated[Seconds, Field(ge=0, le=600)] = Field(
        2.0, description='between "not ready" and the stop, after SIGTERM'
    )
    access_log: bool = Field(True, description="a JSON line for each request on the error stream")

    smtp_host: str = Field("", description="mail server of `digest --send`; blank: none")
    smtp_port: Annotated[int, Field(ge=1, le=65_535)] = Field(587, description="of the mail server")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls or none: how the mail server is spoken to"
    )
    smtp_user: str = Field("", description="of the mail server; blank: it asks nobody")
    mail_from: Annotated[str, Field(pattern=r"^([^\s@]+@[^\s@]+)?$")] = Field(
        "", description="address that the e-mails come from"
    )
    mail_to: Annotated[
        dict[str, Annotated[str, Field(pattern=r"^[^\s@,]+@[^\s@,]+(, *[^\s@,]+@[^\s@,]+)*$")]],
        NoDecode,
        BeforeValidator(_by_buyer),
    ] = Field(default_factory=dict, description="addresses by buyer; `*`: of all others")
    webhook_private: bool = Field(
        False, description="the webhook may have an address of a private network, and speak HTTP"
    )
    webhook_url: Annotated[str, Field(pattern=r"^(https?://[^\s/@]+(/\S*)?)?$")] = Field(
        "", description="called after a publication with new and worsened warnings; blank: none"
    )

    @field_validator("quantiles")
    @classmethod
    def _in_thousandths(cls, levels: tuple[float, ...]) -> tuple[float, ...]:
        if any(abs(level * 1000 - round(level * 1000)) > 1e-9 for level in levels):
            raise ValueError(
                "whole thousandths, such as 0.005 or 0.9 (columns are named q005, q900)"
            )
        return tuple(sorted(set(levels)))

    @field_validator("shop_hours")
    @classmethod
    def _a_day(cls, curve: tuple[float, ...]) -> tuple[float, ...]:
        if curve and (len(curve) != 24 or not sum(curve) > 0):
            raise ValueError("24 numbers, midnight to midnight, some above 0; or left blank")
        return curve

    @field_validator("horizons")
    @classmethod
    def _rising(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(horizons)))

    @field_validator("forecast_horizons")
    @classmethod
    def _covers_the_risk(cls, horizons: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        frequency: Frequency = info.data.get("frequency", Frequency.DAY)
        longest = max(info.data.get("horizons") or RISK_HORIZONS[frequency])
        if horizons[frequency.grain] < longest:
            raise ValueError(f"at least {longest} for {frequency.grain}: the longest risk horizon")
        return horizons

    @field_validator("webhook_url")
    @classmethod
    def _safe_on_the_way(cls, url: str, info: ValidationInfo) -> str:
        if url.startswith("http:") and not info.data.get("webhook_private"):
            raise ValueError("https://…, or http:// with webhook_private = true")
        return url

    @field_validator("database", "tracking")
    @classmethod
    def _an_address(cls, url: str) -> str:
        if url and "://" not in url:
            raise ValueError(
                "a URL, such as postgresql://user@host/base or sqlite:////path/file.db"
            )
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what it is given: `load_settings` merges the layers and remembers their sources."""
        return (init_settings,)

    @property
    def options(self) -> Options:
        names = {field.name for field in fields(Options)}
        return Options(**{key: value for key, value in self if key in names})

    @property
    def service(self) -> Service:
        names = {field.name for field in fields(Service)}
        return Service(**{key: value for key, value in self if key in names})

    @property
    def outgoing(self) -> Outgoing:
        names = {field.name for field in fields(Outgoing)}
        return Outgoing(**{key: value for key, value in self if key in names})


DESCRIPTIONS: Final[Mapping[str, str]] = {
    field.alias or name: field.description or "" for name, field in Settings.model_fields.items()
}
KEYS: Final = tuple(DESCRIPTIONS)


@dataclass(frozen=True)
class Loaded:
    """Settings and, key by key, where the value came from: flag, a variable, the file, default."""

    settings: Settings
    sources: Mapping[str, str]
    unused_variables: tuple[str, ...]  # VIGISTOCK_… that name no setting: surely misspelt


def load_settings(folder: Path, flags: Mapping[str, Any] | None = None) -> Loaded:
    """The settings of a workspace folder; a missing toml is an empty one.

    Raises BadSetting, BadSettingsFile, or UnknownName with a suggestion.
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    layers = [
        ("flag", given),
        ("environment", _from_environment()),
        (TOML_NAME, _from_toml(folder / TOML_NAME)),
    ]
    merged: dict[str, Any] = {}
    sources = dict.fromkeys(KEYS, "default")
    for source, values in reversed(layers):
        merged |= values
        sources |= {
            key: f"{PREFIX}{key.upper()}" if source == "environment" else source for key in values
        }
    try:
        settings = Settings(**merged)
    except ValidationError as error:
        raise _first_fault(error, merged, sources) from None
    return Loaded(settings, sources, _unused_variables())


def hide_password(url: str) -> str:
    """
    >>> hide_password("postgresql://erp:secret@host/base")
    'postgresql://erp:***@host/base'
    >>> hide_password("postgresql://erp:se/c:ret@host/base?sslmode=require&password=secret")
    'postgresql://erp:***@host/base?sslmode=require&password=***'
    """
    for secret, shown in _SECRETS:
        url = secret.sub(shown, url)
    return url


def _from_environment() -> dict[str, Any]:
    try:
        values = EnvSettingsSource(Settings)()
    except SettingsError as error:
        raise BadSetting("environment", str(error), "readable", PREFIX + "…") from None
    names = {name: field.alias or name for name, field in Settings.model_fields.items()}
    values = {names.get(key, key): value for key, value in values.items()}
    schema = os.environ.get(PREFIX + "SCHEMA")
    return values if schema is None else values | {"schema": schema}


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise BadSettingsFile(path, str(error)) from None
    for key in values:
        if key not in KEYS:
            raise UnknownName(f"setting (in {path})", key, KEYS)
    return values


def _unused_variables() -> tuple[str, ...]:
    known = NOT_SETTINGS | {PREFIX + key.upper() for key in KEYS}
    return tuple(
        sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    )


def _first_fault(
    error: ValidationError, merged: Mapping[str, Any], sources: Mapping[str, str]
) -> BadSetting:
    fault = error.errors(include_url=False)[0]
    key = str(fault["loc"][0])
    rule = re.sub(r"^(Value error, |Input should be )", "", fault["msg"])
    if fault["type"] == "string_pattern_mismatch":
        rule = DESCRIPTIONS[key]
    value = merged.get(key, fault["input"])
    shown = hide_password(value) if isinstance(value, str) else value
    return BadSetting(key, shown, rule, sources.get(key, "default"))
