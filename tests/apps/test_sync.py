"""The client from threads: plain ones, those of a WSGI server with Django, and those of Celery."""

import json
import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import pytest

from itnio_async import AsyncClient, ConflictError, InvalidRequestError, SipTrunk, SipTrunkUpdate
from itnio_async.sandbox import Fault, Sandbox

from . import sync

THREADS = 4
CALLS = 40


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(trunks=CALLS) as sandbox:
        monkeypatch.setenv("ITNIO_API_KEY", sandbox.api_key)
        monkeypatch.setenv("ITNIO_API_SECRET", sandbox.api_secret)
        monkeypatch.setenv("ITNIO_BASE_URL", sandbox.url)
        yield sandbox


@pytest.fixture
def background(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[sync.Background]:
    monkeypatch.setattr(sync, "_background", None)
    made = sync.background()
    yield made
    made.close()


def updates(prefix: str) -> list[SipTrunkUpdate]:
    page = sync.background().run(sync.background().client.sip_trunks.list())
    return [trunk.to_update(sip_prefix=prefix) for trunk in page]


def by_background(update: SipTrunkUpdate) -> None:
    background = sync.background()
    background.run(background.client.sip_trunks.update(update))


def in_threads(work: Callable[[Any], Any], items: list[Any]) -> list[Any]:
    """Do the work in four threads that begin together."""
    together = threading.Barrier(THREADS)

    def some(share: list[Any]) -> list[Any]:
        together.wait(10)
        return [work(item) for item in share]

    with ThreadPoolExecutor(THREADS) as threads:
        shares = threads.map(some, [items[number::THREADS] for number in range(THREADS)])
        return [done for share in shares for done in share]


def assert_prefixes(sandbox: Sandbox, prefix: str) -> None:
    assert {trunk.sip_prefix for trunk in sandbox.trunks} == {prefix}


def test_threads_share_one_client_on_one_loop(sandbox: Sandbox, background: sync.Background) -> None:
    in_threads(by_background, updates("7"))
    assert_prefixes(sandbox, "7")
    stats = background.client.stats
    assert (stats.requests, stats.in_use) == (CALLS + 1, 0)
    assert stats.connections_opened <= THREADS


def test_threads_that_ask_at_once_get_the_same_loop(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "_background", None)
    (made,) = set(in_threads(lambda _: sync.background(), [None] * THREADS))
    made.close()


def test_a_call_that_takes_too_long_is_cancelled(sandbox: Sandbox, background: sync.Background) -> None:
    sandbox.order(Fault("wait", seconds=30, endpoint="query", count=1))
    with pytest.raises(TimeoutError):
        background.run(background.client.sip_trunks.list(), timeout=0.2)
    assert len(background.run(background.client.sip_trunks.list())) == CALLS
    assert background.client.stats.in_use == 0


def test_the_portal_of_anyio_does_the_same(sandbox: Sandbox) -> None:
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(AsyncClient()) as client:

        async def trunks() -> list[SipTrunk]:
            return [trunk async for trunk in client.sip_trunks.list()]

        changed = [trunk.to_update(sip_prefix="8") for trunk in portal.call(trunks)]
        in_threads(lambda update: portal.call(client.sip_trunks.update, update), changed)
    assert_prefixes(sandbox, "8")


# -- Django -----------------------------------------------------------------------------------------------------------


class ThreadedServer(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own."""

    daemon_threads = False


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(background: sync.Background) -> Iterator[str]:
    """A Django site that updates trunks, behind a threaded WSGI server."""
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    def update(request: HttpRequest) -> JsonResponse:
        try:
            by_background(SipTrunkUpdate.from_dict(json.loads(request.body)))
        except InvalidRequestError as error:
            return JsonResponse({"detail": str(error)}, status=422)
        return JsonResponse({"thread": threading.current_thread().name})

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["127.0.0.1"], SECRET_KEY="x", LOGGING_CONFIG=None)
        django.setup()
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("update", update)]})
    with ThreadedServer(("127.0.0.1", 0), Quiet) as server:
        server.set_app(WSGIHandler())
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_a_django_site_with_four_callers(sandbox: Sandbox, site: str) -> None:
    def ask(update: SipTrunkUpdate) -> str:
        request = urllib.request.Request(f"{site}/update", data=update.to_json(secrets=True).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["thread"]

    threads = in_threads(ask, updates("9"))
    assert len(set(threads)) >= THREADS
    assert_prefixes(sandbox, "9")


# -- Celery -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def celery_app(background: sync.Background) -> Iterator[Any]:
    """A Celery worker with four threads in this process; results are JSON, as by default."""
    from celery import Celery
    from celery.contrib.testing.worker import start_worker

    app = Celery("apps", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.update(broker_connection_retry_on_startup=False, worker_hijack_root_logger=False)

    @app.task(name="update", shared=False)
    def update(body: dict[str, Any]) -> str:
        by_background(SipTrunkUpdate.from_dict(body))
        return threading.current_thread().name

    with start_worker(app, pool="threads", concurrency=THREADS, perform_ping_check=False, shutdown_timeout=30):
        yield app


def test_celerys_threads(sandbox: Sandbox, celery_app: Any) -> None:
    changed = updates("5")
    results = [celery_app.tasks["update"].delay(update.to_dict(secrets=True)) for update in changed]
    assert {result.get(timeout=20) for result in results}
    assert_prefixes(sandbox, "5")
    # An error comes through Celery's JSON as what it was.
    taken = changed[0].to_dict() | {"sipTrunkName": changed[1].sip_trunk_name}
    with pytest.raises(ConflictError) as caught:
        celery_app.tasks["update"].delay(taken).get(timeout=20)
    assert (caught.value.code, caught.value.may_have_been_processed) == (-47, False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_gets_a_loop_of_its_own(sandbox: Sandbox, background: sync.Background) -> None:
    background.run(background.client.sip_trunks.list())
    child = os.fork()
    if not child:
        status = 1
        try:
            own = sync.background()
            status = 0 if own is not background and len(own.run(own.client.sip_trunks.list())) == CALLS else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(background.run(background.client.sip_trunks.list())) == CALLS
