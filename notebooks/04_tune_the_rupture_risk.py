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
# # Tune the rupture risk with cross-validation in time
#
# `rupture-risk` learns from past origins: what was known then, and whether the shelf was empty some
# periods later. Rows of the same weeks share their shocks (a late supplier, a heat wave), so rows
# drawn by lot would flatter every model. Here we hold out blocks of time, leave out what overlaps
# with them, and ask which effort of boosting deserves to be trusted.
#
# `COMPANY = None` builds a demonstration. Name a workspace folder of your
# own instead: nothing is written to it.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.express as px

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.forecaster import DemandForecaster
from forecasting.panel import build_panel, default_origin
from forecasting.record import Record
from models.clock import today
from models.risk import RuptureRiskClassifier
from models.risk.boosters import log_loss
from models.risk.effects import effects_of
from models.risk.features import MONOTONE
from models.risk.hazard import EFFORT, RuptureHazard, log_odds
from models.risk.past import lessons_of
from models.scorecard.measures import average_precision, reliability

COMPANY: Path | None = None

# %%
if COMPANY:
    workspace = open_workspace(COMPANY)
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, _ = demo_workspace(folder, sites=2, items=18, days=320)

record = Record.open(workspace.database_url)
options = workspace.options
panel = build_panel(record, default_origin(record, options, today()), options)
fitted = DemandForecaster(options).fit(panel)

# %% [markdown]
# ## The lessons
#
# Each past origin gets its own panel, as of then. A row is a series at an origin and a span of
# periods after it; the event is that the shelf closed empty within the span, given that it had not
# before.

# %%
lessons = lessons_of(record, panel, fitted, options, print)
assert lessons is not None, "too few ruptures on record: the structure speaks alone"
told = pd.DataFrame({"origin": lessons.origin, "end": lessons.end, "event": lessons.event})
print(f"{len(told):,} rows, {told['event'].sum():,} events, {lessons.features.shape[1]} features")
told.groupby("end")["event"].agg(["size", "mean"]).round(4)

# %% [markdown]
# ## Blocks of time
#
# Three blocks of neighbouring origins, each held out once. A row teaches only if its outcome lies
# wholly before the first origin held out, or its origin after the last outcome held out.

# %%
ends = lessons.origin + lessons.end
cv = []
for block in np.array_split(np.unique(lessons.origin), 3):
    held = np.isin(lessons.origin, block)
    beside = (lessons.origin < ends[held].max()) & (ends > block[0])
    cv.append((np.flatnonzero(~held & ~beside), np.flatnonzero(held)))
pd.DataFrame([{"teach": len(a), "held out": len(b)} for a, b in cv])

# %% [markdown]
# ## Which effort?
#
# `RuptureRiskClassifier` is a scikit-learn classifier: `held_out_` are the log odds of each row by
# boosters that did not see it. The structural chance (stock walked along demand paths) is the rival
# that costs nothing; the product mixes both, by as much as held-out rows ask for.

# %%
monotone = {name: MONOTONE[name] for name in map(str, lessons.features) if name in MONOTONE}
trials = {
    "as in production": EFFORT,
    "shallow": {**EFFORT, "leaves": 7},
    "slow": {**EFFORT, "learning_rate": 0.02, "rounds": 400},
    "stumps": {**EFFORT, "leaves": 2, "rounds": 400},
}
models = {
    name: RuptureRiskClassifier(cv=cv, monotone=monotone, random_state=options.seed, **effort).fit(
        lessons.features, lessons.event, sample_weight=lessons.weight
    )
    for name, effort in trials.items()
}

# %%
rows = np.isfinite(models["as in production"].held_out_)
rows &= np.isfinite(lessons.features["structural"].to_numpy())
event, weight = lessons.event[rows], lessons.weight[rows]
said = {name: model.held_out_[rows] for name, model in models.items()}
said["structural alone"] = log_odds(lessons.features["structural"].to_numpy(float)[rows])
table = pd.DataFrame(
    {
        name: {
            "log loss": log_loss(event, odds, weight),
            "average precision": average_precision(event, odds),
            "trees": sum(models[name].rounds_) if name in models else 0,
        }
        for name, odds in said.items()
    }
).T
table.sort_values("log loss").round(4)

# %% [markdown]
# Differences in the third digit are luck: as many origins as we have, the same few shocks. Choose
# the simplest of those that cannot be told apart.
#
# ## Are the chances right?

# %%
bins = pd.concat(
    {name: reliability(event, 1 / (1 + np.exp(-odds))) for name, odds in said.items()},
    names=["model"],
).reset_index("model")
px.line(bins, x="chance", y="rate", color="model", markers=True, title="reliability, held out")

# %% [markdown]
# ## What moves the risk?
#
# How far the log odds go when one feature is shuffled over the rows.

# %%
hazard = RuptureHazard.learn(lessons, options.seed, options.workers)
if hazard is None:
    print("too few ruptures: the structure speaks alone")
else:
    print("say of the trees, in stock and out:", [round(share, 2) for share in hazard.shares])
    print(effects_of(hazard, lessons, options.seed).head(12).round(3).to_string())

# %% [markdown]
# To take a new effort into production, change `EFFORT` in `models/risk/hazard.py`, train with
# `vigistock train --challenger`, and let the gate judge: `vigistock models promote rupture-risk N`.

# %%
record.close()
