"""The backorders file, read strictly: what is wrong is told with file, line and column."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import DeliveryRefused, did_you_mean, examples
from models.risk.snapshots import COLUMNS, FLAGS, NUMBERS

KEY: Final = "sku"
LABEL: Final = "went_on_backorder"
NOT_KNOWN: Final = frozenset({"", "na", "nan", "null"})
FOOTER: Final = re.compile(r"\(\d+ rows?\)")  # what a database prints below a table


@dataclass(frozen=True)
class Snapshots:
    """One row a SKU, in the file's order. `event` is None where the file has no labels."""

    sku: NDArray[np.object_]
    frame: pd.DataFrame  # models.risk.snapshots.COLUMNS
    event: NDArray[np.bool_] | None


def read_snapshots(path: Path) -> Snapshots:
    """A CSV, gzipped or not. Raises DeliveryRefused."""
    header, rows, lines = _rows(path)
    absent = [name for name in (KEY, *COLUMNS) if name not in header]
    if absent:
        hint = "".join(did_you_mean(name, header) for name in absent[:1])
        problem = f"missing column(s) {examples(absent)}; found {examples(header)}{hint}"
        raise _refused(path, problem, 1)
    text = pd.DataFrame(rows, columns=header, index=lines)
    blank = text[KEY] == ""
    if blank.any():
        raise _refused(path, f"column '{KEY}' is blank", int(text.index[blank][0]))
    found: dict[str, NDArray[Any]] = {name: _numbers(path, text[name]) for name in NUMBERS}
    found |= {name: _yes_or_no(path, text[name]) for name in FLAGS}
    return Snapshots(
        text[KEY].to_numpy(object),
        pd.DataFrame(found)[list(COLUMNS)].reset_index(drop=True),
        _labels(path, text[LABEL]) if LABEL in header else None,
    )


def _rows(path: Path) -> tuple[list[str], list[list[str]], list[int]]:
    """Header, data rows and their line numbers; blank lines and a closing footer are no rows."""
    opened = gzip.open if path.suffix == ".gz" else open
    rows, lines = [], []
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            for row in reader:
                if any(cell.strip() for cell in row):
                    rows.append([cell.strip() for cell in row])
                    lines.append(reader.line_num)
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from error
    except (EOFError, zlib.error) as error:
        raise _refused(path, f"the gzip file is damaged ({error})", len(lines) + 2) from error
    except UnicodeDecodeError as error:
        raise _refused(path, "is not UTF-8 text") from error
    except csv.Error as error:
        raise _refused(path, str(error), reader.line_num) from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise _refused(path, f"column(s) named twice: {examples(twice)}", 1)
    if rows and FOOTER.fullmatch(rows[-1][0]) and not any(rows[-1][1:]):
        rows.pop()
        lines.pop()
    if not rows:
        raise _refused(path, "no data row")
    for row, line in zip(rows, lines, strict=True):
        if len(row) != len(header):
            raise _refused(path, f"{len(row)} cells where the header has {len(header)}", line)
    return header, rows, lines


def _numbers(path: Path, text: pd.Series) -> NDArray[np.float64]:
    number = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(number) & ~text.str.lower().isin(NOT_KNOWN).to_numpy()
    _refuse_first(path, text, wrong, "a number")
    return number


def _yes_or_no(path: Path, text: pd.Series) -> NDArray[np.object_]:
    """Yes, No, or None where nobody says."""
    known = ~text.str.lower().isin(NOT_KNOWN).to_numpy()
    _refuse_first(path, text, known & ~text.isin(["Yes", "No"]).to_numpy(), "Yes or No")
    return text.where(known, None).to_numpy(object)


def _labels(path: Path, text: pd.Series) -> NDArray[np.bool_] | None:
    """None where all are blank."""
    told = _yes_or_no(path, text)
    unknown = np.array([one is None for one in told])
    if unknown.all():
        return None
    _refuse_first(path, text, unknown, "Yes or No, as in other rows")
    return told == "Yes"


def _refuse_first(path: Path, text: pd.Series, wrong: NDArray[np.bool_], rule: str) -> None:
    bad = text[wrong]
    if len(bad):
        problem = f"column '{text.name}' holds {bad.iloc[0]!r}, which is not {rule}"
        raise _refused(path, problem + _more(len(bad) - 1), int(bad.index[0]))


def _more(count: int) -> str:
    return f" (and so in {count} more row{'s' if count > 1 else ''})" if count else ""


def _refused(path: Path, problem: str, line: int | None = None) -> DeliveryRefused:
    return DeliveryRefused(str(path), problem, next_step="Correct the file.", line=line)
