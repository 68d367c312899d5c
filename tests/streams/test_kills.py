"""`kill -9` at twenty random moments of a rebuild, and of a switch: it goes on, and ends equal."""

import pytest

from projections.catalogue import BY_NAME
from projections.stores import Model, State
from streams.rebuild import rebuild, switch
from streams.verifying import verify
from tests.projections.feeding import feed_all, sqlite_models
from tests.streams import killing


@pytest.mark.parametrize("name", ["counters", "timelines"])
async def test_a_rebuild_that_is_killed_anywhere_goes_on_and_ends_equal(tmp_path, name):
    projection, log = BY_NAME[name], killing.history()
    calls = killing.calls_of(killing.rebuilding, tmp_path / "counted", name)
    died = 0
    for at in killing.moments(calls, seed=3):
        directory = tmp_path / str(at)
        died += killing.killed(killing.rebuilding, directory, name, at)
        async with sqlite_models(directory) as models:
            built = await rebuild(projection, log=log, models=models)
            assert {status.state for status in await models.status() if status.model == built} == {State.READY}
            plain = await feed_all(models, projection, log)
            verdict = await verify(projection, plain, built, models=models)
            assert verdict.equal, (at, verdict)
            assert verdict.rows
    assert died > 15


async def test_a_switch_that_is_killed_anywhere_leaves_one_live_build_and_can_be_repeated(tmp_path):
    name = "likes"
    projection, log = BY_NAME[name], killing.history()
    await killing.prepared(tmp_path / "counted", name)
    calls = killing.calls_of(killing.switching, tmp_path / "counted", name)
    died = 0
    for at in killing.moments(calls, seed=4):
        directory = tmp_path / str(at)
        await killing.prepared(directory, name)
        died += killing.killed(killing.switching, directory, name, at)
        async with sqlite_models(directory) as models:
            states = {status.model.build: status.state for status in await models.status()}
            assert sorted(states) == [1, 2]
            assert [state for state in states.values() if state is State.LIVE] == [State.LIVE], (at, states)
            await switch(Model(name, 2), projection, log=log, models=models)
            states = {status.model.build: status.state for status in await models.status()}
            assert states == {1: State.RETIRED, 2: State.LIVE}
            verdict = await verify(projection, Model(name, 1), Model(name, 2), models=models)
            assert verdict.equal
    assert died > 15
