# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that makes round trips longer, for machines without netem."""
import asyncio
import threading


class DelayProxy:
    """Listens on 127.0.0.1:port and passes on to 127.0.0.1:target. Each connection keeps the round trip (seconds) that was
    set when it was made; the kernel answers the TCP handshake at once, so the first bytes wait one round trip more."""

    def __init__(self, target, port=0):
        self.target = target
        self.round_trip = 0.0
        self.loop = asyncio.new_event_loop()
        listening = threading.Event()
        threading.Thread(target=self._run, args=(port, listening), daemon=True).start()
        if not listening.wait(10):
            raise RuntimeError("the proxy does not listen")

    def _run(self, port, listening):
        asyncio.set_event_loop(self.loop)

        async def serve():
            server = await asyncio.start_server(self._accepted, "127.0.0.1", port)
            self.port = server.sockets[0].getsockname()[1]
            listening.set()
            await server.serve_forever()

        self.loop.run_until_complete(serve())

    async def _accepted(self, reader, writer):
        trip, start = self.round_trip, self.loop.time()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pass(reader, far_writer, trip / 2, start + 1.5 * trip if trip else 0),
                             self._pass(far_reader, writer, trip / 2, 0))
        for w in (writer, far_writer):
            w.close()

    async def _pass(self, reader, writer, delay, not_before):
        """Bytes and their end, each `delay` later, as a pipe of unlimited bandwidth."""
        queue = asyncio.Queue()

        async def take():
            data = b"first"
            while data:
                try:
                    data = await reader.read(262144)
                except OSError:
                    data = b""
                await queue.put((max(self.loop.time() + delay, not_before), data))

        taking = asyncio.ensure_future(take())
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - self.loop.time()))
                if not data:
                    writer.write_eof()
                    break
                writer.write(data)
                await writer.drain()
        except (OSError, RuntimeError):
            pass
        await taking
