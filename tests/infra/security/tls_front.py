"""PostgreSQL over TLS: what stands in front of a server that has none, as a pooler or a proxy does.

The embedded server is built without TLS. This answers libpq's request for it, does the handshake with a
certificate of the test's choice, and passes on what comes then.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
CHUNK = 65_536


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.1)  # what was aborted is closed by the loop's next rounds


@contextlib.contextmanager
def tls_front(certificate: Path, key: Path, port: int) -> Iterator[int]:
    """The port of loopback on which the server at `port` is reached over TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = [writer]
        try:
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            behind = await asyncio.open_connection("127.0.0.1", port)
            ends.append(behind[1])
            await asyncio.gather(_pass_on(reader, behind[1]), _pass_on(behind[0], writer))
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the client does not like the certificate, or has gone
        finally:
            for each in ends:
                each.transport.abort()

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.close()
