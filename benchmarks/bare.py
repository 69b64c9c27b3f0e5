"""The least that FastAPI can do: a ping and a file. What the service costs is held against it."""

from __future__ import annotations

import os
from typing import Final

from fastapi import FastAPI
from fastapi.responses import FileResponse

FILE: Final = "BENCHMARK_FILE"


def app() -> FastAPI:
    bare = FastAPI()

    @bare.get("/ping")
    async def ping() -> dict[str, str]:
        return {"status": "ok"}

    @bare.get("/file")
    async def file() -> FileResponse:
        return FileResponse(os.environ[FILE])

    return bare
