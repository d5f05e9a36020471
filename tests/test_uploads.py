"""Files as base64 text: from a path, from bytes, from an open file; of the right size, without copies, off the loop."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import tracemalloc
from base64 import b64decode
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from support.scripted import answer

from itnio_async import InvalidRequestError
from itnio_async.uploads import as_base64, name_of

CONTENT = bytes(range(256)) * 1000


class Trickle:
    """An open file that gives less than it is asked for."""

    def __init__(self, content: bytes, most: int) -> None:
        self._file = BytesIO(content)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, self._most))


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "bytearray", "file"])
async def test_a_file_in_each_form(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "ring.mp3"
    path.write_bytes(CONTENT)
    forms: dict[str, Any] = {"path": path, "text": str(path), "bytes": CONTENT, "bytearray": bytearray(CONTENT)}
    with path.open("rb") as file:
        source = forms.get(kind, file)
        assert b64decode(str(await as_base64(source)), validate=True) == CONTENT
        assert name_of(source, "other.wav") == "other.wav"
        if kind in ("path", "text", "file"):
            assert name_of(source, None) == "ring.mp3"
        else:
            with pytest.raises(InvalidRequestError, match="no name") as refused:
                name_of(source, None)
            assert refused.value.field == "file_name"


@given(content=st.binary(min_size=1, max_size=50), most=st.integers(1, 7))
async def test_parts_of_any_size_make_one_text(content: bytes, most: int) -> None:
    assert b64decode(str(await as_base64(Trickle(content, most))), validate=True) == content


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("make", [bytes, BytesIO])
async def test_a_file_of_more_than_its_limit_is_refused(make: Any, extra: int) -> None:
    source = make(bytes(100 + extra))
    if not extra:
        assert (await as_base64(source, most=100)).size == 100
        return
    with pytest.raises(InvalidRequestError, match="longer than 100 bytes") as refused:
        await as_base64(source, most=100, code=-38)
    assert (refused.value.field, refused.value.code) == ("file", -38)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "empty"),
        (BytesIO(), "empty"),
        (StringIO("x"), "gives text"),
        (5, "is wanted"),
        ("a\0b", "cannot be read: embedded null"),
        ("a\ud800b", "cannot be read: "),
    ],
)
async def test_what_is_no_content(source: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said) as refused:
        await as_base64(source)
    assert refused.value.field == "file"


async def test_a_path_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await as_base64(tmp_path / "no.mp3")


class Giving:
    """A file whose `read` gives this."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def read(self, size: int, /) -> Any:
        return self.given() if callable(self.given) else self.given


async def coroutine() -> bytes:
    return b"x"


@pytest.mark.parametrize(
    ("given", "said"), [(None, "nothing yet"), (coroutine, "an object of type coroutine"), (5, "an object of type int")]
)
async def test_a_file_that_gives_something_else_than_bytes(given: Any, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"the file gives {said}: open it for reading bytes"):
        await as_base64(Giving(given))


async def test_a_closed_file() -> None:
    file = BytesIO(b"x")
    file.close()
    with pytest.raises(InvalidRequestError, match="cannot be read: I/O operation on closed file"):
        await as_base64(file)


def test_a_pipe_that_nobody_writes_to_holds_nobody_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def give_up() -> None:
        reading = asyncio.create_task(as_base64(pipe))
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert reading.cancelled()

    asyncio.run(give_up())  # which waits for the threads of the loop's pool
    with pipe.open("wb"):  # and the thread ends, too
        pass


class Noting(BytesIO):
    """A file that notes in which threads it was read."""

    threads: set[int]

    def read(self, size: int | None = -1, /) -> bytes:
        self.threads = getattr(self, "threads", set()) | {threading.get_ident()}
        return super().read(size)


async def test_what_is_read_is_read_off_the_loop() -> None:
    file = Noting(b"x")
    await as_base64(file)
    assert threading.get_ident() not in file.threads


async def test_much_content_is_encoded_off_the_loop() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await as_base64(bytes(8 * 2**20))
    counting.cancel()
    assert turns > 1


async def test_a_long_file_is_never_there_three_times(tmp_path: Path, scripted: Any) -> None:
    size = 6 * 2**20
    path = tmp_path / "callees.xls"
    path.write_bytes(bytes(size))
    client, transport = scripted(answer(data={"filePath": "/a.xls"}))
    tracemalloc.start()
    try:
        stored = await client.call_tasks.upload(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stored.file_path == "/a.xls"
    assert len(b64decode(json.loads(transport.sent[0].content)["file"])) == size
    # The text, and the body that is made of it.
    assert peak < 3 * size


async def test_a_ringtone_is_refused_by_its_name_and_its_size(scripted: Any) -> None:
    client, transport = scripted(answer(data={"fileName": "stored", "fileUrl": "http://x"}))
    for name in ("x.mp3", "ring.WAV", "a" * 28 + ".mp3"):
        assert (await client.agent_groups.upload_ringtone(b"ID3", name)).file_name == "stored"
    assert len(transport.sent) == 3
    for name, said in (
        (".mp3", "shorter than 5 characters"),
        ("a" * 29 + ".mp3", "longer than 32 characters"),
        ("ring.ogg", "another ending"),
    ):
        with pytest.raises(InvalidRequestError, match=said) as refused:
            await client.agent_groups.upload_ringtone(b"ID3", name)
        assert refused.value.field == "file_name"
    with pytest.raises(InvalidRequestError, match="1048576 bytes"):
        await client.agent_groups.upload_ringtone(bytes(2**20 + 1), "ring.mp3")
    assert len(transport.sent) == 3
