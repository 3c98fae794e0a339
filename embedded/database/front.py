"""The TLS front of a cluster: the effect of `rds.force_ssl=1` on a connection.

The wheel's PostgreSQL is built without OpenSSL, so this answers the SSLRequest, does TLS, and
pipes to the server's Unix socket. Without TLS a client gets PostgreSQL's own refusal, as on
RDS ("Requiring an SSL connection to a PostgreSQL DB instance"). Passwords are the server's matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from asyncio import StreamReader, StreamWriter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
CHUNK = 65536


async def listen(socket_address: str, tls: ssl.SSLContext) -> asyncio.Server:
    """Serve one PostgreSQL server on a free port of 127.0.0.1."""

    async def accept(reader: StreamReader, writer: StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await _negotiate(reader, writer, tls):
                await _pipe(reader, writer, socket_address)
        writer.close()

    return await asyncio.start_server(accept, "127.0.0.1", 0)


async def _negotiate(reader: StreamReader, writer: StreamWriter, tls: ssl.SSLContext) -> bool:
    """Read the first packets of the protocol (message formats, "SSLRequest") up to TLS."""
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        if code == SSL_REQUEST:
            writer.write(b"S")
            await writer.start_tls(tls)
            return True
        if code == GSSENC_REQUEST:
            writer.write(b"N")
            continue
        if code != CANCEL_REQUEST:
            writer.write(_refusal(await reader.readexactly(length - 8)))
            await writer.drain()
        return False


def _refusal(startup: bytes) -> bytes:
    """PostgreSQL's answer to a connection without a line in pg_hba.conf."""
    fields = startup.rstrip(b"\0").split(b"\0")
    options = dict(zip(fields[::2], fields[1::2], strict=False))
    user = options.get(b"user", b"").decode(errors="replace")
    database = options.get(b"database", options.get(b"user", b"")).decode(errors="replace")
    message = (
        f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", database "{database}", no encryption'
    )
    error = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": message}
    body = b"".join(key.encode() + text.encode() + b"\0" for key, text in error.items()) + b"\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


async def _pipe(reader: StreamReader, writer: StreamWriter, socket_address: str) -> None:
    inner_reader, inner_writer = await asyncio.open_unix_connection(socket_address)
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(source: StreamReader, target: StreamWriter) -> None:
    try:
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()
