"""What compiled functions are given: numba compiles one anew for each type that it meets."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


def fixed(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A view that nobody writes to: the same type to numba, whether the array was made here, shared
    by another process or read from a file.

    >>> here, there = np.zeros(2), np.zeros(2)
    >>> there.flags.writeable = False
    >>> fixed(here).flags == fixed(there).flags, here.flags.writeable
    (True, True)
    """
    view: NDArray[Any] = array.view()
    view.flags.writeable = False
    return view
