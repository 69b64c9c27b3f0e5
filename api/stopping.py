"""A stop that nobody notices: not ready first, then no new connections, then the last answers."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def follow_parent() -> None:
    """Stops this process, as SIGTERM does, once the one that started it is gone: workers whose
    supervisor was killed would hold the port, and serve, for ever. Nothing where there is none."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="follows its supervisor", daemon=True).start()


class Stopping:
    """`begun`: the process was told to stop (SIGTERM) and takes requests for a moment longer."""

    def __init__(self, drain_seconds: float) -> None:
        self.begun = False
        self._drain_seconds = drain_seconds

    @contextmanager
    def announced(self) -> Iterator[None]:
        """Between SIGTERM and the server's own stop, `drain_seconds` pass in which `begun` holds.

        So a load balancer sees that the service is not ready before connections are refused. A
        second SIGTERM stops at once; Ctrl-C always does.
        """
        stop = signal.getsignal(signal.SIGTERM)
        if threading.current_thread() is not threading.main_thread() or not callable(stop):
            yield
            return
        loop = asyncio.get_running_loop()

        def begin(number: int, frame: FrameType | None) -> None:
            if self.begun:
                stop(number, frame)
                return
            self.begun = True
            loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, stop, number, None)

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, stop)
