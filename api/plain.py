"""Any answer of ours as JSON: NaN is null, dates are ISO 8601, broken unicode is mended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

_OPTIONS: Final = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def to_json(value: Any, *, indent: bool = False) -> bytes:
    """
    >>> to_json({"mean": float("nan"), "sku": "A\\ud800"})
    b'{"mean":null,"sku":"A?"}'
    """
    options = _OPTIONS | (orjson.OPT_INDENT_2 if indent else 0)
    try:
        return orjson.dumps(value, default=_plain, option=options)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits: what a client may send
        return orjson.dumps(_mended(value), default=_plain, option=options)


def _plain(value: Any) -> Any:
    if type(value).__name__ in ("NaTType", "NAType"):  # pandas' own blanks
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    return list(value) if isinstance(value, set | frozenset) else str(value)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_mended(key): _mended(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    return value
