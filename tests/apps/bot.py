"""A bot that takes commands from a local socket, a line each, and answers each with a line.

    list                    the trunks by key id
    rename 1 NAME           give trunk 1 another name
    gateway 1 ADDRESS       give trunk 1 another gateway
    quit                    end the bot

Run it with `python bot.py PORT [SECONDS]`; ITNIO_API_KEY and ITNIO_API_SECRET are the account's. SECONDS is for how
long an idle connection to the vendor is kept.
"""

import asyncio
import sys

import httpx

from itnio_async import AsyncClient, ItnioError


class Bot:
    """Answers commands until it is told to quit."""

    def __init__(self, client: AsyncClient):
        self.trunks = client.sip_trunks
        self.quitting = asyncio.Event()
        self.talking = set()

    async def converse(self, reader, writer):
        """Read commands from a connection and answer them, one after the other."""
        self.talking.add(writer)
        try:
            while line := await reader.readline():
                answer = await self.answer(line.decode(errors="replace").split())
                writer.write(f"{answer}\n".encode())
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # who asked is gone, or sent a line without an end
        finally:
            self.talking.discard(writer)
            writer.close()

    def hang_up(self):
        """End all conversations; what is being done is done to its end."""
        for writer in self.talking:
            writer.close()

    async def answer(self, command):
        """Return what a command comes to, as text: whatever happens, there is an answer."""
        try:
            match command:
                case ["list"]:
                    found = [f"{trunk.key_id} {trunk.sip_trunk_name}" async for trunk in self.trunks.list()]
                    return ", ".join(found) or "There are no trunks."
                case ["rename", key_id, name]:
                    return await self.change(key_id, sip_trunk_name=name)
                case ["gateway", key_id, address]:
                    return await self.change(key_id, sip_gateway_ip=address)
                case ["quit"]:
                    self.quitting.set()
                    return "Bye."
                case _:
                    return "I know: list, rename 1 NAME, gateway 1 ADDRESS, quit."
        except ItnioError as error:
            outcome = " It may have been done all the same." if error.may_have_been_processed else ""
            return f"Sorry: {error}{outcome}"

    async def change(self, key_id, **changes):
        """Update one trunk: an update replaces it whole, so that the rest comes from the listing."""
        async for trunk in self.trunks.list():
            if str(trunk.key_id) == key_id:
                await self.trunks.update(trunk.to_update(**changes))
                return f"Trunk {key_id} is updated."
        return f"There is no trunk {key_id}."


async def main(port: int, keepalive: float = 20.0):
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=keepalive)
    async with AsyncClient(limits=limits) as client, asyncio.TaskGroup() as conversations:
        bot = Bot(client)

        def accept(reader, writer):
            conversations.create_task(bot.converse(reader, writer))

        server = await asyncio.start_server(accept, "127.0.0.1", port)
        print(f"listening on port {server.sockets[0].getsockname()[1]}", flush=True)  # noqa: T201
        await bot.quitting.wait()
        server.close()
        bot.hang_up()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *map(float, sys.argv[2:])))
