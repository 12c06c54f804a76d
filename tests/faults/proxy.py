"""A TCP proxy on loopback that can be away, silent or slow, reset connections, and hold one message back."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Where = Literal["question", "answer", "reset"]
CHUNK = 256 * 1024
GREETING = 4_096
OVERLAP = 64
RESET_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Trap:
    """What happens to the first connection of `who` that says all of `words`, one after the other.

    who: bytes of a connection's greeting, such as its application_name in PostgreSQL.
    question: the bytes with the last word stay here; where the client is gone when the trap is released, they
    never arrive. answer: they go on, what is answered stays here. reset: they go on, and with the next bytes
    the connection is reset on both sides.
    """

    who: bytes
    words: tuple[bytes, ...]
    where: Where
    sprung: threading.Event = field(default_factory=threading.Event)
    """Set when the bytes that are held (question, answer) have arrived here, or with the reset."""
    released: threading.Event = field(default_factory=threading.Event)
    taken: bool = False


@dataclass
class _Ear:
    """How far one connection has come in saying the trap's words."""

    trap: Trap
    heard: int = 0
    tail: bytes = b""

    def hears_all(self, chunk: bytes) -> bool:
        text, words = self.tail + chunk, self.trap.words
        while self.heard < len(words) and (at := text.find(words[self.heard])) >= 0:
            text = text[at + len(words[self.heard]) :]
            self.heard += 1
        self.tail = text[-OVERLAP:]
        return self.heard == len(words)


class _Pair:
    """One connection through the proxy."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client, self.server = client, server
        self.greeting = b""
        self.ear: _Ear | None = None
        self.caught: Trap | None = None

    def listen(self, chunk: bytes, trap: Trap | None) -> None:
        """Is caught when its client has said what the trap waits for."""
        if len(self.greeting) < GREETING:
            self.greeting += chunk[:GREETING]
        if trap is None or trap.taken or trap.who not in self.greeting:
            return
        if self.ear is None or self.ear.trap is not trap:
            self.ear = _Ear(trap)
        if self.ear.hears_all(chunk):
            trap.taken, self.caught = True, trap

    def reset(self) -> None:
        for writer in (self.client, self.server):
            with suppress(OSError):
                own = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            writer.transport.abort()


class Proxy:
    """Listens on `port` and connects each client to `target`, both on loopback."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._pairs: set[_Pair] = set()
        self._delay_seconds = 0.0
        self._trap: Trap | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy {port}", daemon=True)
        self._thread.start()
        self._server = self._call(self._listen)

    def close(self) -> None:
        self._call(self._refuse)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def reset(self) -> None:
        """Every connection there is ends at once; new ones are welcome."""
        self._call(self._reset)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens, and who was connected is not any more."""
        self._call(self._refuse)
        try:
            yield
        finally:
            self._server = self._call(self._listen)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Connections stay and are made, and not one byte goes through: a network that swallows all."""
        self._loop.call_soon_threadsafe(self._flows.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._flows.set)

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Whatever goes through takes so much longer, each way."""
        self._delay_seconds = seconds
        try:
            yield
        finally:
            self._delay_seconds = 0.0

    @contextmanager
    def trapped(self, who: bytes, *words: bytes, where: Where) -> Iterator[Trap]:
        """See Trap; when the block ends, what is held goes on."""
        self._trap = trap = Trap(who, words, where)
        try:
            yield trap
        finally:
            self._trap = None
            trap.released.set()

    def _call(self, step: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return asyncio.run_coroutine_threadsafe(step(), self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", self.port, limit=CHUNK)

    async def _refuse(self) -> None:
        self._server.close()
        await self._reset()

    async def _reset(self) -> None:
        for pair in list(self._pairs):
            pair.reset()

    async def _connected(self, questions: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self._target, limit=CHUNK)
        except OSError:
            client.transport.abort()
            return
        pair = _Pair(client, server)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._ask(pair, questions), self._answer(pair, answers))
        finally:
            self._pairs.discard(pair)
            client.close()
            server.close()

    async def _ask(self, pair: _Pair, questions: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while chunk := await questions.read(CHUNK):
                await self._pass()
                if pair.caught is not None and pair.caught.where == "reset":
                    pair.caught.sprung.set()
                    pair.reset()
                    return
                pair.listen(chunk, self._trap)
                if await self._held(pair, "question") and (questions.at_eof() or questions.exception()):
                    break
                pair.server.write(chunk)
                await pair.server.drain()
        pair.server.close()

    async def _answer(self, pair: _Pair, answers: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while chunk := await answers.read(CHUNK):
                await self._pass()
                await self._held(pair, "answer")
                pair.client.write(chunk)
                await pair.client.drain()
        pair.client.close()

    async def _held(self, pair: _Pair, where: Where) -> bool:
        """Wait while the trap that has caught the pair holds this back; whether it did."""
        trap = pair.caught
        if trap is None or trap.where != where:
            return False
        trap.sprung.set()
        while not trap.released.is_set():
            await asyncio.sleep(0.01)
        pair.caught = None
        return True

    async def _pass(self) -> None:
        await self._flows.wait()
        if self._delay_seconds:
            await asyncio.sleep(self._delay_seconds)
