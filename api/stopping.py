"""A stop that nobody notices: not ready first, then no new connections, then the last answers."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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
