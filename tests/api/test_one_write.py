"""The transport that joins head and body of an answer: every byte, in order, in fewer writes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from api.one_write import Joining


class Wire(asyncio.Transport):
    """What would be sent, call by call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.calls.append(b"".join(list_of_data))

    def close(self) -> None:
        self.calls.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.calls


def test_head_and_body_of_one_turn_leave_together() -> None:
    async def answer() -> list[bytes]:
        wire = Wire()
        transport = Joining(wire)
        transport.write(b"head ")
        transport.write(b"body")
        await asyncio.sleep(0)
        return wire.calls

    assert asyncio.run(answer()) == [b"head body"]


def test_a_head_alone_waits_no_longer_than_the_turn() -> None:
    async def answer() -> tuple[list[bytes], list[bytes]]:
        wire = Wire()
        transport = Joining(wire)
        transport.write(b"head ")
        before = list(wire.calls)
        await asyncio.sleep(0)
        return before, wire.calls

    assert asyncio.run(answer()) == ([], [b"head "])


def test_order_is_kept_over_turns_and_a_close_sends_first_what_is_kept() -> None:
    async def answer() -> tuple[list[bytes], bool]:
        wire = Wire()
        transport = Joining(wire)
        for part in (b"1", b"2", b"3", b"4", b"5"):
            transport.write(part)
            if part == b"3":
                await asyncio.sleep(0)
        transport.close()
        await asyncio.sleep(0)
        return wire.calls, transport.is_closing()

    assert asyncio.run(answer()) == ([b"12", b"3", b"45", b"closed"], True)
