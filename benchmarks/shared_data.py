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


def m5_feeds(folder: Path, target: Path) -> dict[str, Path]:
    """Write M5's wide table as `sales` (with prices) and `events`; returns the files by feed."""
    wide = pd.read_parquet(folder / "sales_wide_d1_d1941.parquet")
    calendar = pd.read_csv(folder / "calendar.csv", dtype={"date": str})
    days = [name for name in wide.columns if name.startswith("d_")]
    count = len(days)
    dates = M5_FIRST_DAY + np.arange(count)
    prices = pd.read_parquet(folder / "sell_prices.parquet")
    weeks = calendar["wm_yr_wk"].to_numpy()[:count]
    price = (
        prices.pivot(index=["store_id", "item_id"], columns="wm_yr_wk", values="sell_price")
        .reindex(pd.MultiIndex.from_frame(wide[["store_id", "item_id"]]))
        .reindex(columns=pd.unique(weeks))
        .loc[:, weeks]
        .to_numpy(float)
    )

    def repeated(column: str) -> pa.Array:
        codes, names = pd.factorize(wide[column])
        return pa.DictionaryArray.from_arrays(
            np.repeat(codes.astype(np.int32), count), pa.array(names.tolist())
        )

    sales = pa.table(
        {
            "date": pa.array(np.tile(dates, len(wide))).cast(pa.date32()),
            "site": repeated("store_id"),
            "sku": repeated("item_id"),
            "units": wide[days].to_numpy(np.float64).ravel(),
            "price": pa.array(price.ravel(), from_pandas=True),
        }
    )
    items = wide[["item_id", "cat_id"]].drop_duplicates()
    named = [
        calendar.loc[calendar[name].notna(), ["date", name]].set_axis(["start", "name"], axis=1)
        for name in ("event_name_1", "event_name_2")
    ]
    files = {
        "items": target / "items.csv",
        "events": target / "events.csv",
        "sales": target / "sales.parquet",
    }
    items.set_axis(["sku", "category"], axis=1).to_csv(files["items"], index=False)
    pd.concat(named).assign(kind="holiday").to_csv(files["events"], index=False)
    pq.write_table(sales, files["sales"])
    return files
