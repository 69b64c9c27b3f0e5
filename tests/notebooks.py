"""Run one notebook: `python -m tests.notebooks notebooks/01_….py [--company FOLDER]`.

The `.ipynb` beside it must hold the same cells and no outputs; it runs in a fresh kernel, on a
demonstration or, by its one variable `COMPANY`, on a workspace.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Final

import jupytext
import nbformat
from nbclient import NotebookClient

COMPANY: Final = "COMPANY: Path | None = None"


def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source.strip()) for cell in notebook.cells]


def main(path: Path, company: Path | None = None) -> None:
    script = jupytext.read(path)
    pair = path.with_suffix(".ipynb")
    if not pair.exists() or cells(nbformat.read(pair, as_version=4)) != cells(script):
        raise SystemExit(f"{pair} is not in step: run `jupytext --to ipynb {path}`.")
    stored = [cell for cell in nbformat.read(pair, as_version=4).cells if cell.get("outputs")]
    if stored:
        raise SystemExit(f"{pair} stores outputs of {len(stored)} cells: clear them.")
    begun = time.monotonic()
    notebook = nbformat.read(pair, as_version=4)
    if company is not None:
        [cell] = [one for one in notebook.cells if COMPANY in one.source]
        cell.source = cell.source.replace(COMPANY, f"COMPANY = Path({str(company.absolute())!r})")
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("text"):
                print(output["text"].rstrip())
    print(f"{path.name} ran in {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--company", type=Path, help="a workspace; default: a demonstration")
    asked = parser.parse_args()
    main(asked.notebook, asked.company)
