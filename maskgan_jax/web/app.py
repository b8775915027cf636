"""The server as an ASGI application: the API, the page, and who may talk to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from importlib import resources

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data_pipeline.errors import UserError
from maskgan_jax.web.answers import answer_error
from maskgan_jax.web.api import Api
from maskgan_jax.web.device_queue import FullError, SupersededError

LOOPBACK_NAMES = ("localhost", "127.0.0.1")
FORGET_EVERY_SECONDS = 60
HEADERS = {
    b"content-security-policy": b"default-src 'self'; img-src 'self' blob:",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}
"""Of every answer: the page loads nothing from elsewhere, and photos stay in no cache."""


def make_app(api: Api, hosts: Sequence[str] = LOOPBACK_NAMES) -> ASGIApp:
    """Return the application.

    Args:
      api: answers the requests.
      hosts: names that it may be reached by, with a proxy's own port; a page elsewhere can't reach it under a name of
        its own (DNS rebinding). "*" allows every name, and pages of every origin, for a proxy that passes neither on.
    """
    names = [host.partition(":")[0] for host in hosts]
    guards = [Middleware(TrustedHostMiddleware, allowed_hosts=names), Middleware(SameOrigin, hosts=hosts)]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each) for each in (api.queue.serve(), _forget_old(api))]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    page = StaticFiles(directory=str(resources.files("maskgan_jax.web") / "page"), html=True)
    errors = (HTTPException, UserError, SupersededError, FullError, ClientDisconnect, Exception)
    app = Starlette(
        routes=[*api.routes(), Mount("/", page)],
        middleware=[] if "*" in hosts else guards,
        exception_handlers=dict.fromkeys(errors, answer_error),
        lifespan=lifespan,
    )
    return WithHeaders(app)  # around Starlette, whose answer to an unforeseen error passes by its middleware


async def _forget_old(api: Api) -> None:
    """Drop old photos, whether requests come or not."""
    while True:
        await asyncio.sleep(FORGET_EVERY_SECONDS)
        api.photos.forget_old()


class SameOrigin:
    """Refuses requests that a page of another origin makes in a visitor's browser.

    Its own origins are the address that was asked, and the names that `make_app` was given beside this machine's: a
    proxy may ask by another name than its visitors do.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]):
        self.app = app
        self.names = {name.encode() for name in hosts if name not in LOOPBACK_NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        place = origin and origin.partition(b"://")[2]
        if scope["type"] == "http" and origin and place != host and place not in self.names:
            refusal = answer_error(Request(scope), HTTPException(403, "requests from other pages are refused"))
            return await refusal(scope, receive, send)
        return await self.app(scope, receive, send)


class WithHeaders:
    """Adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, send_with_headers)
