"""The bot in a process of its own: whatever happened while it was idle, it answers at once."""

import asyncio
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import until

from itnio_async.sandbox import Fault, Sandbox

from .running import Program

TRUNKS = "1 trunk00001, 2 trunk00002, 3 trunk00003"
# Much more than an answer takes, and much less than any timeout of the client.
AT_ONCE = 2.0


class RunningBot(Program):
    """The bot, and a conversation with it."""

    def __init__(self, sandbox: Sandbox, folder: Path, *, keepalive: float = 20.0) -> None:
        super().__init__(
            sandbox, "bot.py", "0", str(keepalive), ready=r"listening on port (\d+)\n", log=folder / "bot.log"
        )

    async def ask(self, command: str, within: float = AT_ONCE) -> str:
        """Give it a command on a connection of its own and return its answer, which must come in time."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"{command}\n".encode())
            async with asyncio.timeout(within):
                return (await reader.readline()).decode().rstrip("\n")
        finally:
            writer.close()
            await writer.wait_closed()

    async def quits(self) -> None:
        """It ends when told to, and has never complained."""
        assert await self.ask("quit") == "Bye."
        assert await self.ended() == 0
        assert self.log == f"listening on port {self.port}\n"

    def files(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def memory(self) -> int:
        """How many bytes it has in memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(trunks=3) as sandbox:
        yield sandbox


@pytest.fixture
def bot(sandbox: Sandbox, tmp_path: Path) -> Iterator[RunningBot]:
    with RunningBot(sandbox, tmp_path) as bot:
        yield bot


async def test_commands(bot, sandbox):
    assert await bot.ask("list") == TRUNKS
    assert await bot.ask("rename 1 berlin") == "Trunk 1 is updated."
    assert await bot.ask("gateway 1 192.0.2.7") == "Trunk 1 is updated."
    trunk = sandbox.trunk(1)
    assert (trunk.sip_trunk_name, trunk.sip_gateway_ip) == ("berlin", "192.0.2.7")
    assert await bot.ask("rename 9 berlin") == "There is no trunk 9."
    assert await bot.ask("dance") == "I know: list, rename 1 NAME, gateway 1 ADDRESS, quit."
    await bot.quits()


async def test_errors_are_sentences(bot, sandbox):
    taken = await bot.ask("rename 1 trunk00002")
    assert taken.startswith("Sorry: ")
    assert "-47" in taken
    assert "It may have been done" not in taken
    order = sandbox.order(Fault("drop", endpoint="update", processed=True))
    lost = await bot.ask("rename 1 berlin")
    order.cancel()
    assert lost.startswith("Sorry: ")
    assert lost.endswith(" It may have been done all the same.")
    assert sandbox.trunk(1).sip_trunk_name == "berlin"
    await bot.quits()


@pytest.mark.parametrize(
    ("vendor", "client"),
    [pytest.param(0.1, 20.0, id="the vendor ends connections"), pytest.param(75.0, 0.1, id="the client ends them")],
)
async def test_idle_for_longer_than_the_keep_alive(tmp_path, vendor, client):
    with Sandbox(trunks=3, keep_alive=vendor) as sandbox, RunningBot(sandbox, tmp_path, keepalive=client) as bot:
        for number in range(1, 6):
            assert await bot.ask("list") == TRUNKS
            assert sandbox.connections == number
            await until(lambda: sandbox.connections_open == 0)
        await bot.quits()


async def test_the_vendor_ends_connections_just_as_a_command_comes(tmp_path):
    with Sandbox(trunks=3, keep_alive=0.05) as sandbox, RunningBot(sandbox, tmp_path) as bot:
        for number in range(25):
            assert await bot.ask("list") == TRUNKS
            # Not to wait for something, but to ask at all moments around the end of the connection.
            await asyncio.sleep(0.04 + 0.0008 * number)
        await bot.quits()


async def test_the_vendor_is_restarted(bot, sandbox):
    assert await bot.ask("list") == TRUNKS
    await sandbox.restart()
    assert await bot.ask("list") == TRUNKS
    sandbox.stop()
    nobody = await bot.ask("rename 1 berlin")
    assert nobody.startswith("Sorry: ")
    assert "nothing was sent" in nobody
    sandbox.start()
    assert await bot.ask("rename 1 berlin") == "Trunk 1 is updated."
    await bot.quits()


async def test_a_clock_that_drifts(bot, sandbox):
    assert await bot.ask("list") == TRUNKS
    for drift in (3600, -3600, 0):
        refused = sandbox.codes[-16]
        sandbox.clock = lambda drift=drift: time.time() + drift
        for _ in range(3):
            assert await bot.ask("rename 1 berlin") == "Trunk 1 is updated."
        # Refused once, then the bot knew.
        assert sandbox.codes[-16] == refused + 1
    await bot.quits()


async def test_a_vendor_in_trouble(bot, sandbox):
    order = sandbox.order(Fault("minus18", endpoint="query", count=2))
    # The two pauses, at most 0.2 and 0.4 s long, come on top.
    assert await bot.ask("list", within=AT_ONCE + 0.6) == TRUNKS
    assert order.struck == 2
    order = sandbox.order(Fault("minus18", endpoint="query"))
    answer = await bot.ask("list", within=AT_ONCE + 1.4)
    assert "-18" in answer
    assert "(4 attempts.)" in answer
    order.cancel()
    assert await bot.ask("list") == TRUNKS
    await bot.quits()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts files in /proc")
async def test_memory_and_files_stay_flat(bot, sandbox):
    async def some_weeks(commands: int) -> None:
        """Commands of all kinds, with all that happens in between."""
        for number in range(commands):
            if number % 20 == 0:
                await sandbox.restart()
            if number % 20 == 10:
                sandbox.order(Fault("drop", endpoint="update", count=1, reset=True))
            await bot.ask("list" if number % 3 else "rename 1 berlin")

    await some_weeks(150)  # until caches and arenas have their size
    files, memory = bot.files(), bot.memory()
    await some_weeks(300)
    await until(lambda: bot.files() <= files)
    assert bot.memory() - memory < 2**20
    await bot.quits()
