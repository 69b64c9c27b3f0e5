"""Where a setting comes from, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.settings import KEYS, Outgoing, Service, load_settings
from forecasting.calendar import Frequency
from forecasting.errors import BadSetting, UnknownName, VigistockError
from forecasting.options import Options


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "vigistock.toml"


def test_flag_over_environment_over_file_over_default(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml.write_text('frequency = "M"\nseed = 2\nworkers = 2\n')
    monkeypatch.setenv("VIGISTOCK_SEED", "3")
    monkeypatch.setenv("VIGISTOCK_WORKERS", "3")
    loaded = load_settings(toml.parent, {"workers": 4, "seed": None})
    found = loaded.settings
    assert (found.frequency, found.seed, found.workers, found.language) == ("M", 3, 4, "fr")
    assert {key: loaded.sources[key] for key in ("frequency", "seed", "workers", "language")} == {
        "frequency": "vigistock.toml",
        "seed": "VIGISTOCK_SEED",
        "workers": "flag",
        "language": "default",
    }


def test_a_blank_variable_is_a_blank_list(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container has it for what nobody filled in."""
    for name in ("HOSTS", "HORIZONS", "SHOP_HOURS"):
        monkeypatch.setenv(f"VIGISTOCK_{name}", "")
    found = load_settings(toml.parent).settings
    assert (found.hosts, found.horizons, found.shop_hours) == ((), (), ())


def test_the_defaults_are_those_of_the_options(toml: Path) -> None:
    assert load_settings(toml.parent).settings.options == Options()
    assert load_settings(toml.parent).settings.service == Service()


def test_every_key_of_the_design_can_be_set(toml: Path) -> None:
    toml.write_text(
        'frequency = "W"\ndatabase = "sqlite:////x/y.db"\ntracking = "http://mlflow:5000"\n'
        "quantiles = [0.1, 0.5, 0.9]\nhorizons = [2, 6]\n"
        "forecast_horizons = { week = 20 }\nstockout_availability = 0.2\n"
        'availability_basis = "sales"\nshop_hours = []\nunmet = "backordered"\n'
        'country = "fr"\nlanguage = "en"\n'
        'currency = "usd"\ndaily_budget = 5\nholding_rate = 0.2\nexpedite_cost = 50\n'
        "transfer_cost = 5\norder_cost = 10\ncount_cost = 2\nleast_saving = 8\n"
        "exchange_rates = { usd = 0.9 }\n"
        "keep_publications = 7\nkeep_months = 0\n"
        'seed = 9\nworkers = 2\nengine = "dask"\n'
        'schema = "erp"\nhosts = ["*.example.com"]\nhttps = true\nrate_limit = "9/second"\n'
        "request_seconds = 5\ndrain_seconds = 0\naccess_log = false\n"
        "push_mib = 8\npush_seconds = 30\n"
        'smtp_host = "mail"\nsmtp_port = 25\nsmtp_tls = "none"\nsmtp_user = "me"\n'
        'mail_from = "a@b.c"\nmail_to = { "*" = "d@e.f" }\n'
        'webhook_private = true\nwebhook_url = "http://hook/"\n'
    )
    loaded = load_settings(toml.parent)
    assert set(loaded.sources.values()) == {"vigistock.toml"}
    options = loaded.settings.options
    assert options.frequency is Frequency.WEEK
    assert options.forecast_horizons == {"day": 28, "week": 20, "month": 12}
    assert (options.unmet, options.country, options.currency) == (0.0, "FR", "USD")
    assert loaded.settings.schema_ == "erp"
    assert loaded.settings.service == Service(
        ("*.example.com",), True, "9/second", 5.0, 0.0, False, 8, 30.0
    )
    assert loaded.settings.outgoing == Outgoing(
        "mail", 25, "none", "me", "a@b.c", {"*": "d@e.f"}, "http://hook/", True
    )


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("HORIZONS", "7,14", "horizons", (7, 14)),
        ("HORIZONS", "[14, 7]", "horizons", (7, 14)),
        ("QUANTILES", "0.5", "quantiles", (0.5,)),
        ("SHOP_HOURS", ",".join(["0"] * 8 + ["2.5"] * 16), "shop_hours", (0,) * 8 + (2.5,) * 16),
        ("FORECAST_HORIZONS", "day=35", "forecast_horizons", {"day": 35, "week": 13, "month": 12}),
        ("UNMET", "0.3", "unmet", 0.3),
        ("FREQUENCY", "month", "frequency", Frequency.MONTH),
    ],
)
def test_lists_in_the_environment(
    toml: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, key: str, value: Any
) -> None:
    monkeypatch.setenv(f"VIGISTOCK_{variable}", text)
    assert getattr(load_settings(toml.parent).settings, key) == value


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('frequency = "X"', "frequency"),
        ("horizons = [0]", "horizons"),
        ("shop_hours = [1, 2, 3]", "shop_hours"),
        (f"shop_hours = {[0] * 24}", "shop_hours"),
        (f"shop_hours = {[1] * 23 + [-1]}", "shop_hours"),
        ("horizons = [40]", "forecast_horizons"),
        ("quantiles = [0.1234]", "quantiles"),
        ("quantiles = [1.0]", "quantiles"),
        ("quantiles = []", "quantiles"),
        ("forecast_horizons = { day = 7 }", "forecast_horizons"),
        ("forecast_horizons = { hour = 7 }", "forecast_horizons"),
        ("stockout_availability = 1.0", "stockout_availability"),
        ("unmet = nan", "unmet"),
        ("unmet = 1.1", "unmet"),
        ("holding_rate = inf", "holding_rate"),
        ("seed = 1.5", "seed"),
        ("workers = 0", "workers"),
        ('currency = "euro"', "currency"),
        ('country = "FRA"', "country"),
        ('language = "de"', "language"),
        ('engine = "spark"', "engine"),
        ('database = "record.db"', "database"),
        ('schema = "a; drop"', "schema"),
        ('hosts = ["http://x"]', "hosts"),
        ('hosts = ["a.*.com"]', "hosts"),
        ('rate_limit = "0/second"', "rate_limit"),
        ('rate_limit = "many"', "rate_limit"),
        ("request_seconds = 0", "request_seconds"),
        ("request_seconds = inf", "request_seconds"),
        ("drain_seconds = -1", "drain_seconds"),
        ('access_log = "maybe"', "access_log"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_place(toml: Path, line: str, key: str) -> None:
    toml.write_text(line)
    with pytest.raises(BadSetting) as refused:
        load_settings(toml.parent)
    assert refused.value.facts["key"] == key
    assert refused.value.facts["source"] in ("vigistock.toml", "default")


def test_an_unknown_key_is_refused_with_a_suggestion(toml: Path) -> None:
    toml.write_text("frequncy = 'M'")
    with pytest.raises(UnknownName, match="Did you mean 'frequency'"):
        load_settings(toml.parent)


def test_a_file_that_is_no_toml(toml: Path) -> None:
    toml.write_bytes(b"seed = \xff")
    with pytest.raises(VigistockError) as refused:
        load_settings(toml.parent)
    assert refused.value.code == "bad_settings_file"


def test_a_password_is_never_shown(toml: Path) -> None:
    toml.write_text('database = "postgres:me:secret@host"\ntracking = "x://me:secret@host"')
    with pytest.raises(BadSetting) as refused:
        load_settings(toml.parent)
    assert "secret" not in str(refused.value)


def test_variables_that_name_no_setting_are_told(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGISTOCK_FREQUENC", "M")
    assert load_settings(toml.parent).unused_variables == ("VIGISTOCK_FREQUENC",)


def test_keys_are_the_designs_and_those_of_retention() -> None:
    assert " ".join(KEYS) == (
        "frequency database tracking quantiles horizons forecast_horizons stockout_availability "
        "availability_basis shop_hours unmet country language currency daily_budget holding_rate "
        "expedite_cost transfer_cost order_cost count_cost least_saving exchange_rates "
        "keep_publications keep_months seed workers engine schema hosts "
        "https rate_limit request_seconds push_mib push_seconds drain_seconds access_log "
        "smtp_host smtp_port smtp_tls smtp_user mail_from mail_to webhook_private webhook_url"
    )
