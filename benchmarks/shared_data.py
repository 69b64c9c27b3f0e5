"""Where the real data of the benchmarks lies, and M5 as the feeds an ERP would send."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

M5_FIRST_DAY = np.datetime64("2011-01-29")


def shared_data(name: str) -> Path | None:
    """The folder of a data set, `../shared/data/<name>` beside the repository, if it is there."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("VIGISTOCK_SHARED_DATA", beside)) / name
    return folder if folder.is_dir() else None


def m5_wide(folder: Path) -> pd.DataFrame:
    """M5's daily units: one row a series, one column a day (`d_1`, `d_2`, …)."""
    return pd.read_parquet(folder / "sales_wide_d1_d1941.parquet")


def m5_days(wide: pd.DataFrame) -> list[str]:
    return [name for name in wide.columns if name.startswith("d_")]


def m5_prices(folder: Path, wide: pd.DataFrame) -> np.ndarray:
    """[n, days] price of each series on each day; NaN where it was not offered."""
    calendar = pd.read_csv(folder / "calendar.csv", usecols=["wm_yr_wk"])
    weeks = calendar["wm_yr_wk"].to_numpy()[: len(m5_days(wide))]
    prices = pd.read_parquet(folder / "sell_prices.parquet")
    table = prices.pivot(index=["store_id", "item_id"], columns="wm_yr_wk", values="sell_price")
    own = table.reindex(pd.MultiIndex.from_frame(wide[["store_id", "item_id"]]))
    return own.reindex(columns=pd.unique(weeks)).loc[:, weeks].to_numpy(float)


def m5_tables(folder: Path, wide: pd.DataFrame) -> dict[str, pa.Table]:
    """`items`, `sales` (with prices) and `events` (holidays; SNAP days by store) of M5's series."""
    days = m5_days(wide)
    dates = M5_FIRST_DAY + np.arange(len(days))

    def repeated(column: str) -> pa.Array:
        codes, names = pd.factorize(wide[column])
        return pa.DictionaryArray.from_arrays(
            np.repeat(codes.astype(np.int32), len(days)), pa.array(names.tolist())
        )

    sales = pa.table(
        {
            "date": pa.array(np.tile(dates, len(wide))).cast(pa.date32()),
            "site": repeated("store_id"),
            "sku": repeated("item_id"),
            "units": wide[days].to_numpy(np.float64).ravel(),
            "price": pa.array(m5_prices(folder, wide).ravel(), from_pandas=True),
        }
    )
    items = wide[["item_id", "cat_id"]].drop_duplicates().set_axis(["sku", "category"], axis=1)
    return {
        "items": pa.Table.from_pandas(items, preserve_index=False),
        "events": pa.Table.from_pandas(m5_events(folder, wide), preserve_index=False),
        "sales": sales,
    }


def m5_events(folder: Path, wide: pd.DataFrame) -> pd.DataFrame:
    calendar = pd.read_csv(folder / "calendar.csv")
    calendar["start"] = pd.to_datetime(calendar["date"]).dt.date
    parts = [
        calendar.loc[calendar[name].notna(), ["start", name]]
        .set_axis(["start", "name"], axis=1)
        .assign(kind="holiday", site="")
        for name in ("event_name_1", "event_name_2")
    ]
    stores = wide[["store_id", "state_id"]].drop_duplicates()
    for store, state in stores.itertuples(index=False):
        benefit = calendar.loc[calendar[f"snap_{state}"] == 1, ["start"]]
        parts.append(benefit.assign(name="SNAP", kind="other", site=store))
    return pd.concat(parts, ignore_index=True)


def m5_feeds(folder: Path, target: Path) -> dict[str, Path]:
    """Write M5's feeds as the files an ERP would send; returns the files by feed."""
    tables = m5_tables(folder, m5_wide(folder))
    files = {
        "items": target / "items.csv",
        "events": target / "events.csv",
        "sales": target / "sales.parquet",
    }
    for feed in ("items", "events"):
        tables[feed].to_pandas().to_csv(files[feed], index=False)
    pq.write_table(tables["sales"], files["sales"])
    return files
