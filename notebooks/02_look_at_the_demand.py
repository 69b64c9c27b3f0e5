# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Look at the demand and its gaps
#
# Sales are capped by the shelf: on a day without stock nothing is sold, whatever customers wanted.
# A model that learns from sales alone orders too little of what runs out most. This notebook looks
# at what the record knows of each period, where it is silent, what Vigistock adds for empty
# shelves, and, since the demonstration keeps the truth aside, whether it is right to.
#
# `COMPANY = None` builds a demonstration in a temporary folder. Name a workspace folder of your own
# instead: nothing is written to it.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.calendar import label, labels, to_period
from forecasting.demand import recover
from forecasting.panel import build_panel, default_origin
from forecasting.record import Record
from forecasting.stockout import closed_out
from models.clock import today

COMPANY: Path | None = None

# %%
if COMPANY:
    workspace, demo = open_workspace(COMPANY), None
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, demo = demo_workspace(folder, sites=3, items=40, days=420)

record = Record.open(workspace.database_url)

options = workspace.options
panel = build_panel(record, default_origin(record, options, today()), options)
print(len(panel), "series up to", label(panel.origin, panel.frequency), panel.watermarks)

# %% [markdown]
# ## What is known of each period
#
# The panel is a matrix, series × periods. Four things can be true of a cell, and they are not the
# same: something was sold; nothing was, on a shelf with stock (a zero that means something);
# nothing was, on an empty shelf (it says nothing of demand); or nobody reported (unknown, never a
# zero).

# %%
empty = closed_out(panel, options) == 1.0
kinds = np.select(
    [np.isnan(panel.units), panel.units > 0, empty], ["unknown", "sold", "empty shelf"], "no demand"
)
shares = pd.Series(kinds.ravel()).value_counts(normalize=True).rename("share of cells")
shares.round(3).to_frame()

# %% [markdown]
# Where are the gaps? A white cell below is a period that nobody reported, a dark one an empty
# shelf that sold nothing. Rows are series, by site; a vertical stripe would be a day on which a
# whole site (or its feed) was silent.

# %%
known = [np.isnan(panel.units), panel.units > 0, empty]
codes = np.select(known, [np.nan, 0.0, 1.0], 0.3)[:, -120:]
names = panel.series["site"].astype(str) + " · " + panel.series["sku"].astype(str)
periods = labels(np.arange(panel.origin - codes.shape[1] + 1, panel.origin + 1), panel.frequency)
px.imshow(
    codes,
    x=periods,
    y=names,
    aspect="auto",
    color_continuous_scale="Blues",
    title="empty shelves (dark) and silence (white) of the last 120 periods",
)

# %% [markdown]
# ## What is added
#
# `recover` gives the latent demand: units, and what an empty shelf missed, judged from the series'
# own level and season of that time. No period looks at a later one.

# %%
latent = recover(panel, options)
added = np.nan_to_num(latent.demand - latent.units)
by_series = pd.DataFrame(
    {
        "site": panel.series["site"].astype(str),
        "sku": panel.series["sku"].astype(str),
        "empty periods": empty.sum(axis=1),
        "units": np.nansum(panel.units, axis=1),
        "added": added.sum(axis=1),
    }
)
by_series["share added"] = by_series["added"] / (by_series["units"] + by_series["added"])
by_series.sort_values("added", ascending=False).head(10).round(2)

# %% [markdown]
# Is it worth it? Each class of demand was put on trial: periods with stock were hidden as if the
# shelf had been empty, recovered, and compared. Where raw sales were closer, nothing is added.

# %%
latent.trials.round(3)

# %% [markdown]
# ## One series
#
# The one to which most was added, in its last 120 periods.

# %%
row = int(by_series["added"].idxmax())
figure = go.Figure()
figure.add_bar(x=periods, y=panel.units[row, -120:], name="units sold")
figure.add_bar(x=periods, y=added[row, -120:], name="added")
figure.add_scatter(x=periods, y=panel.on_hand[row, -120:], name="stock at close", yaxis="y2")
figure.update_layout(
    barmode="stack",
    title=names[row],
    yaxis2={"overlaying": "y", "side": "right", "rangemode": "tozero"},
)
figure

# %% [markdown]
# ## Is it right?
#
# Only the demonstration can say: it knows what customers wanted. On the cells with an empty shelf,
# how far are raw sales from the truth, and how far is what we recovered? A single day of a slow
# item is mostly chance: 0 is a good guess of a small count, and a sum of such guesses is a bad one.
# Orders are made of sums, so we ask for both: by cell, and by series over its empty cells.

# %%
if demo:
    truth = pd.read_parquet(demo.truth)
    place = pd.MultiIndex.from_frame(panel.series[["site", "sku"]].astype(str)).get_indexer(
        pd.MultiIndex.from_arrays([truth["site"].astype(str), truth["sku"].astype(str)])
    )
    column = to_period(pd.to_datetime(truth["date"]).to_numpy(), panel.frequency) - panel.start
    inside = (place >= 0) & (column >= 0) & (column < panel.units.shape[1])
    wanted = np.full(panel.units.shape, np.nan)
    wanted[place[inside], column[inside]] = truth["demand"].to_numpy()[inside]
    hidden = empty & np.isfinite(wanted) & np.isfinite(panel.units)
    told = {"raw sales": panel.units, "recovered": latent.demand}
    errors = {name: np.where(hidden, one - wanted, 0.0) for name, one in told.items()}
    total = wanted[hidden].sum()
    verdict = pd.DataFrame(
        {
            name: {
                "WAPE by cell": np.abs(error).sum() / total,
                "WAPE by series": np.abs(error.sum(axis=1)).sum() / total,
                "bias": error.sum() / total,
            }
            for name, error in errors.items()
        }
    )
    print(f"{hidden.sum():,} cells with an empty shelf")
    print(verdict.round(3))

# %% [markdown]
# What it cannot do: a series that is always empty has no level to recover from, and customers who
# learn that an item is never there stop asking. `unmet` (share of unmet demand that is lost) is an
# assumption about your customers; notebook 01 changes it and lets the gate judge.

# %%
record.close()
