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
# # A candidate of your own, and what the gate says of it
#
# A candidate is a function from the history of one series to a level. Every series weighs its
# candidates by how they did at past origins, so that a bad one is hardly heard, and a good one is
# heard where it is good. Here: write one, train with it, and let the gate compare the two versions
# on the same past. `COMPANY = None` builds a small demonstration in a temporary folder; name a
# workspace folder of your own instead to try it on your data.

# %%
import tempfile
from pathlib import Path

import pandas as pd
import plotly.express as px
from scipy.stats import trim_mean

from api.demo.history import demo_workspace
from api.workspaces import open_workspace
from forecasting.candidates.registry import Candidate, trying
from forecasting.record import Record
from models.gate import judge
from models.ledger import DEMAND
from models.pipelines.train import train
from models.registry import Registry

COMPANY: Path | None = None

if COMPANY:
    workspace = open_workspace(COMPANY)
else:
    folder = Path(tempfile.mkdtemp(prefix="vigistock-"))
    workspace, _ = demo_workspace(folder, sites=1, items=12, days=180)

record = Record.open(workspace.database_url)

# %% [markdown]
# ## The champion

# %%
champion = train(workspace, hold=True)
champion.demand_version

# %% [markdown]
# ## The candidate
#
# The trimmed mean of the last eight weeks: one large order moves it little. `history` holds the
# known, seasonally adjusted demand of one series, oldest first.

# %%
trimmed = Candidate(
    "trimmed_mean",
    level=lambda history, frequency: float(trim_mean(history[-56:], 0.1)),
)

# %%
with trying(trimmed):
    challenger = train(workspace, hold=True)
challenger.demand_version

# %% [markdown]
# ## The verdict
#
# The gate reads what both trainings kept of the same past origins. A challenger that is equal is
# not refused, and one that is better on average and ruins a segment is.

# %%
registry = Registry(workspace, record.engine)
made, old = (registry.ledger.version(DEMAND, one.demand_version) for one in (challenger, champion))
verdict = judge(DEMAND, registry.evidence(made), registry.evidence(old))
print(verdict.basis, verdict.summary(), sep="\n")
measures = pd.DataFrame([vars(one) for one in verdict.overall]).set_index("measure")
measures.drop(columns="segment").round(3)

# %%
changes = pd.DataFrame({"champion": champion.metrics, "challenger": challenger.metrics})
grain = workspace.options.frequency.grain
changes = changes[changes.index.str.startswith(f"{grain}/")]
ratio = (changes["challenger"] / changes["champion"]).dropna().rename("challenger ÷ champion")
px.bar(ratio, orientation="h", title="Measures of the backtest: 1 is no change")

# %% [markdown]
# ## To keep it
#
# Put the candidate into a file of `forecasting/candidates/`, name it in `ADDED` of
# `registry.py`, train, and `vigistock models promote demand-forecast VERSION`. A version that
# weighs a candidate is loaded only where that candidate is registered.

# %%
record.close()
