"""The real service on a real socket, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.commands.service import listening
from api.settings import Service
from models.workspace import Workspace


@contextmanager
def serving(workspace: Workspace, service: Service | None = None) -> Iterator[httpx.Client]:
    with serving_app(create_app(workspace, service)) as client:
        yield client


@contextmanager
def serving_app(app: FastAPI) -> Iterator[httpx.Client]:
    """A client whose addresses are relative to the service."""
    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the service did not start"
                time.sleep(0.005)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
