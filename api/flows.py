"""The flow of risk of a publication, or of some of its series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import pyarrow as pa

from models.flow import Flow, flow_of
from models.publication import PublicationReader
from models.publication.contracts import SERIES, WARNINGS

SELECTORS: Final = ("site", "supplier", "category", "sku", "currency")


def flow_in(reader: PublicationReader, asked: Mapping[str, str | None] | None = None) -> Flow:
    """`asked`: codes that the series must have; None: any."""
    master = reader.part(SERIES)
    kept = [
        name
        for name in ("site", "sku", "category", "supplier", "source")
        if name in master.column_names
    ]
    frame = master.select(kept).to_pandas().astype(str)
    if "source" not in frame:  # published before sources were
        frame["source"] = ""
    warned = reader.part(WARNINGS).select(["currency", "value_at_risk", "units_short"])
    frame = frame.join(warned.to_pandas().astype({"currency": str}))
    wanted = {name: code for name, code in (asked or {}).items() if code is not None}
    return flow_of(frame, only=wanted)


def places_of(reader: PublicationReader) -> pd.DataFrame:
    """site, latitude, longitude (degrees) of the sites that have both, by site; none in
    publications made before they told."""
    master = reader.part(SERIES)
    names = ["site", "latitude", "longitude"]
    if not set(names) <= set(master.column_names):
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    rows = master.select(names).to_pandas().astype({"site": str})
    known = rows.dropna().drop_duplicates("site")
    return known.sort_values("site", ignore_index=True)


def names_of(reader: PublicationReader, nodes: pd.DataFrame) -> dict[str, str]:
    """What people call the items among the nodes, by code; none where nobody told."""
    master = reader.part(SERIES)
    if "description" not in master.column_names:
        return {}
    told = master.select(["sku", "description"]).to_pandas().astype(object).fillna("")
    items = nodes.loc[nodes["kind"] == "item", "code"]
    told = told[told["sku"].isin(items) & (told["description"] != "")].drop_duplicates("sku")
    return dict(zip(told["sku"], told["description"], strict=True))


def edges_table(reader: PublicationReader) -> pa.Table:
    """The edges as an export."""
    return pa.Table.from_pandas(flow_in(reader).edges, preserve_index=False)
