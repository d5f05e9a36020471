"""The state's file: kept, private, and never another program's; and steps that are made whole or not at all."""

import sqlite3

import pytest
from support.asking import UPDATE, ask, replacement

from itnio_async import ConfigurationError
from itnio_async.sandbox import Sandbox, relations


def test_a_kept_state_is_its_owners_alone(tmp_path):
    """Whoever rehearses a job with their own file has their own passwords in it."""
    state = tmp_path / "state.db"
    with Sandbox(trunks=3, state=state):
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    with Sandbox(state=state):
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


async def test_a_file_keeps_the_data(tmp_path):
    state = tmp_path / "state.db"
    async with Sandbox(trunks=3, state=state) as sandbox:
        await ask(sandbox, UPDATE, replacement(sandbox.trunk(1), sipTrunkName="kept"))
    async with Sandbox(trunks=50, state=str(state)) as sandbox:
        assert [trunk.sip_trunk_name for trunk in sandbox.trunks] == ["kept", "trunk00002", "trunk00003"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state.db", "state.db.lock"]


def test_a_file_of_something_else_is_left_alone(tmp_path):
    text, database = tmp_path / "text", tmp_path / "database"
    text.write_text("no database, but long enough to be taken for one" * 50)
    other = sqlite3.connect(database)
    other.execute("CREATE TABLE trunk (key_id)")
    other.commit()
    other.close()
    for path in (text, database, tmp_path, tmp_path / "missing" / "state"):
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(ConfigurationError, match=r"^state "), Sandbox(state=path):
            pytest.fail("it started")
        assert (path.read_bytes() if path.is_file() else None) == before


def test_a_step_that_fails_is_undone(sandbox):
    twice = [(5, "five"), (5, "five again")]
    with pytest.raises(sqlite3.IntegrityError), sandbox.state.transaction():
        relations.add_groups(sandbox.state, twice)
    assert relations.group_name(sandbox.state, 5) is None
