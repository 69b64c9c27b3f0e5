"""Trees that LightGBM learned, asked by its C library.

Its Python package brings scikit-learn and scipy.stats with it: a second of work for each command
that only asks. The calls are those that the package's own `Booster` makes, so the answers are the
same. (Declared in LightGBM's `include/LightGBM/c_api.h`, which its versions keep.)
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forecasting.engine import in_threads

Vector = NDArray[np.float64]

SUFFIX: Final = {"win32": ".dll", "darwin": ".dylib"}
KINDS: Final = {np.dtype(np.float32): 0, np.dtype(np.float64): 1}  # C_API_DTYPE_…
ROW_MAJOR: Final = 1
RAW_SCORE: Final = 1  # C_API_PREDICT_RAW_SCORE
ALL: Final = -1


class Trees:
    """A model as LightGBM wrote it; `rounds` it has learned for."""

    def __init__(self, text: bytes) -> None:
        """Raises ImportError or OSError where LightGBM cannot be loaded, ValueError for no model
        of it."""
        self.text = text
        self._library, self._handle = _library(), ctypes.c_void_p()
        rounds, columns = ctypes.c_int(), ctypes.c_int()
        given = ctypes.c_char_p(text)
        self._call("LoadModelFromString", given, ctypes.byref(rounds), ctypes.byref(self._handle))
        self._call("GetNumFeature", self._handle, ctypes.byref(columns))
        self.rounds, self.columns = rounds.value, columns.value

    def raw_score(self, inputs: NDArray[Any], rounds: int = ALL) -> Vector:
        """[k] sum of the leaves that each row of the features [k, F] falls into; rows know nothing
        of each other, so that the number of cores changes nothing."""
        if inputs.ndim != 2 or inputs.shape[1] != self.columns:
            raise ValueError(f"{self.columns} columns are wanted, not those of {inputs.shape}")
        given, found = np.ascontiguousarray(inputs), np.empty(len(inputs))
        in_threads(
            lambda begin, end: self._score(given[begin:end], found[begin:end], rounds), len(given)
        )
        return found

    def _score(self, given: NDArray[Any], found: Vector, rounds: int) -> None:
        """Of some rows, written into `found`."""
        if not len(given):
            return
        count = ctypes.c_int64()
        self._call(
            "PredictForMat",
            self._handle,
            given.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_int(KINDS[given.dtype]),
            ctypes.c_int32(given.shape[0]),
            ctypes.c_int32(given.shape[1]),
            ctypes.c_int(ROW_MAJOR),
            ctypes.c_int(RAW_SCORE),
            ctypes.c_int(0),
            ctypes.c_int(rounds),
            ctypes.c_char_p(b"num_threads=1"),
            ctypes.byref(count),
            found.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )

    def __reduce__(self) -> tuple[type[Trees], tuple[bytes]]:
        return Trees, (self.text,)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.LGBM_BoosterFree(self._handle)

    def _call(self, name: str, *given: Any) -> None:
        if getattr(self._library, f"LGBM_Booster{name}")(*given):
            said = self._library.LGBM_GetLastError()
            raise ValueError(f"no LightGBM model: {said.decode('utf-8', 'replace')}")


@cache
def _library_at(folder: Path) -> ctypes.CDLL:
    name = f"lib_lightgbm{SUFFIX.get(sys.platform, '.so')}"
    found = [path for place in ("lib", "bin") if (path := folder / place / name).is_file()]
    if not found:
        raise ImportError(f"no {name} in {folder}")
    library = ctypes.CDLL(str(found[0]))
    library.LGBM_GetLastError.restype = ctypes.c_char_p
    return library


def _library() -> ctypes.CDLL:
    """That of the installed package, which is not imported."""
    spec = find_spec("lightgbm")
    if spec is None or spec.origin is None:
        raise ImportError("LightGBM is not installed")
    return _library_at(Path(spec.origin).parent)
