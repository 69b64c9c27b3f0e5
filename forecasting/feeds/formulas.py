"""Texts that a spreadsheet would run as a formula, made harmless in CSV and read back as they were.

An apostrophe is put before a text that begins with a formula sign, or with apostrophes and then
such a sign; taking one away from exactly these gives back what was written. Other texts, such as
`'t Hof`, are left alone by both. (OWASP, "CSV Injection".)
"""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_SIGNS: Final = r"[=+\-@\t\r]"
_RISKY: Final = re.compile(f"'*{_SIGNS}")
_DEFUSED: Final = f"^'('*{_SIGNS})"


def defused(text: str) -> str:
    """
    >>> defused("=1+1"), defused("'=1+1"), defused("'t Hof"), defused("A-1")
    ("'=1+1", "''=1+1", "'t Hof", 'A-1')
    """
    return f"'{text}" if _RISKY.match(text) else text


def undone(texts: pa.StringArray) -> pa.StringArray:
    """The texts that `defused` was given.

    >>> undone(pa.array(["'=1+1", "''=1+1", "'t Hof", "=1+1", None])).to_pylist()
    ['=1+1', "'=1+1", "'t Hof", '=1+1', None]
    """
    return pc.replace_substring_regex(texts, _DEFUSED, r"\1", max_replacements=1)
