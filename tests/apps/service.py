"""A web service that lists and replaces SIP trunks: one client for the whole service, its errors as HTTP answers.

Run it with `uvicorn service:app`; ITNIO_API_KEY and ITNIO_API_SECRET are the account's.
"""

import asyncio
from contextlib import asynccontextmanager
from typing import Annotated

import attrs
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from itnio_async import (
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    GroupBinding,
    InvalidRequestError,
    ItnioError,
    NotFoundError,
    PoolTimeout,
    SipTrunkUpdate,
    TransientError,
    ValidationError,
)

# The first that fits; what is left is the vendor's gateway or the network.
HTTP_STATUS = (
    ((AuthenticationError, ConfigurationError), 500),
    ((InvalidRequestError, ValidationError), 422),
    (NotFoundError, 404),
    (ConflictError, 409),
    ((TransientError, PoolTimeout), 503),
    (TimeoutError, 504),
    (ItnioError, 502),
)


class CancelOnDisconnect:
    """ASGI middleware that cancels the handler of a caller that went away, which no server does by itself.

    It reads the body ahead of the handler: keep large uploads away from it.
    """

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        messages = asyncio.Queue()

        async def watch():
            while (message := await receive())["type"] != "http.disconnect":
                messages.put_nowait(message)
            messages.put_nowait(message)
            handler.cancel()

        async def answer(message):
            # The server says "disconnected" after every answer, too.
            watcher.cancel()
            await send(message)

        handler = asyncio.create_task(self.app(scope, messages.get, answer))
        watcher = asyncio.create_task(watch())
        try:
            await handler
        except asyncio.CancelledError:
            gone = watcher.done() and not watcher.cancelled()
            if not gone:
                raise
        finally:
            watcher.cancel()


class Group(BaseModel):
    voice_group_id: int
    number: str | None = None


class Trunk(BaseModel):
    """The whole of a trunk: what is left out may be lost."""

    sip_trunk_name: str
    group_list: list[Group]
    sip_trunk_state: bool = False
    sip_gateway_ip: str | None = None
    sip_white_ip: str | None = None

    def to_update(self, key_id: int) -> SipTrunkUpdate:
        given = self.model_dump(exclude_unset=True, exclude={"group_list", "sip_trunk_state"})
        groups = [GroupBinding(**group.model_dump(exclude_unset=True)) for group in self.group_list]
        return SipTrunkUpdate(key_id=key_id, group_list=groups, sip_trunk_state=self.sip_trunk_state, **given)


@asynccontextmanager
async def lifespan(app: FastAPI):
    async with AsyncClient() as client:
        app.state.client = client
        app.state.cancelled = 0
        yield


async def the_client(request: Request) -> AsyncClient:
    return request.app.state.client


Client = Annotated[AsyncClient, Depends(the_client)]

app = FastAPI(lifespan=lifespan)
app.add_middleware(CancelOnDisconnect)


@app.exception_handler(ItnioError)
async def refuse(request: Request, error: ItnioError) -> JSONResponse:
    status = next(status for kinds, status in HTTP_STATUS if isinstance(error, kinds))
    # How we are set up is nothing for the caller.
    detail = "This service is set up wrongly." if status == 500 else str(error)
    return JSONResponse({"detail": detail, "may_have_been_processed": error.may_have_been_processed}, status)


@app.get("/trunks")
async def list_trunks(client: Client, name: str | None = None):
    # Field by field: a listing may hold passwords.
    return [
        {"key_id": trunk.key_id, "sip_trunk_name": trunk.sip_trunk_name, "sip_gateway_ip": trunk.sip_gateway_ip}
        async for trunk in client.sip_trunks.list(sip_trunk_name=name)
    ]


@app.put("/trunks/{key_id}")
async def replace_trunk(client: Client, key_id: int, trunk: Trunk):
    try:
        await client.sip_trunks.update(trunk.to_update(key_id))
    except asyncio.CancelledError:
        # The vendor may have carried it out all the same; whoever asks again does no harm.
        app.state.cancelled += 1
        raise
    return {"updated": key_id}


@app.get("/debug")
async def debug(client: Client):
    return {"cancelled": app.state.cancelled, **attrs.asdict(client.stats)}
