"""Units of measure: what a profile converts, and what must not be added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecasting.feeds.faults import Code, Faults


def check_uoms(
    columns: dict[str, pa.Array],
    factors: Mapping[str, float],
    quantities: Iterable[str],
    faults: Faults,
) -> tuple[str, ...]:
    """Quantities of declared units of measure, converted in place; what cannot be is a fault.

    Without `factors` nothing is converted: a series that comes in several units of measure, which
    would be added up, is told to `faults`, all of its rows.
    """
    if "uom" not in columns:
        return ()
    uom = columns["uom"]
    index = uom.indices.to_numpy(zero_copy_only=False)
    words = uom.dictionary.to_pylist()
    if not factors:
        _mixed(columns, index, words, faults)
        return ()
    known = {word.casefold(): factor for word, factor in factors.items()} | {"": 1.0}
    factor = np.array([known.get(word.casefold(), np.nan) for word in words])[index]
    listed = ", ".join(factors)
    faults.add(
        "uom",
        Code.UNKNOWN_UOM,
        np.isnan(factor),
        lambda row: f"{words[index[row]]!r} is none of the profile's uoms ({listed})",
    )
    changed = ~np.isnan(factor) & (factor != 1.0)
    for name in quantities:
        if name in columns:
            columns[name] = _scaled(columns[name], np.where(changed, factor, 1.0))
    if "price" in columns:
        columns["price"] = _scaled(columns["price"], 1.0 / np.where(changed, factor, 1.0))
    blank = np.zeros(len(index), dtype=np.int32)
    columns["uom"] = pa.DictionaryArray.from_arrays(pa.array(blank), pa.array([""]))
    count = int((changed & ~faults.bad).sum())
    return (f"{count:,} row(s) were converted to the item's own unit of measure",) if count else ()


def _scaled(values: pa.Array, factor: NDArray[np.float64]) -> pa.Array:
    return pc.multiply(values, pa.array(factor))


def _mixed(
    columns: Mapping[str, pa.Array], index: NDArray[np.int32], words: list[str], faults: Faults
) -> None:
    good = ~faults.bad
    if len(np.unique(index[good])) < 2:
        return
    site, sku = (columns[name].indices.to_numpy().astype(np.int64) for name in ("site", "sku"))
    series = site * (int(sku.max()) + 1) + sku
    used = np.unique(np.column_stack([series[good], index[good]]), axis=0)
    again, count = np.unique(used[:, 0], return_counts=True)
    several = again[count > 1]
    faults.add(
        "uom",
        Code.MIXED_UOM,
        np.isin(series, several),
        lambda row: (
            f"{words[index[row]]!r} is not the only unit of measure of this series in the file;"
            " declare `uoms` in the profile"
        ),
    )
