"""Problems, as RFC 9457 has them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Fault(BaseModel):
    where: str = Field(examples=["query.limit"])
    problem: str = Field(examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:vigistock:problem:not_found"])
    title: str
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(description="what was found wrong, in words")
    instance: str = Field(description="path of the request")
    code: str = Field(description="kind of the problem, for machines", examples=["not_found"])
    request_id: str = Field("", description="as in the header `X-Request-ID` and in the log")
    next_step: str = Field("", description="what to do about it")
    facts: dict[str, Any] | None = Field(None, description="what was found, for machines")
    errors: list[Fault] | None = Field(None, description="of an invalid request, one by one")
