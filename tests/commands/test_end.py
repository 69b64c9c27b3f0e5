"""How a command ends."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import atexit, gc
atexit.register(lambda: print("left alone" if gc.get_freeze_count() else "searched"))
from api.commands import main
main()
"""


def test_no_circle_is_looked_for_at_the_end_of_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[1] == "left alone"
