"""An app that sends plain HTTP to TLS: behind a proxy that its server believes, and behind one that the app believes."""

from fastapi import FastAPI
from sallet.fastapi import protect
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware


def make() -> FastAPI:
    application = FastAPI()

    @application.get("/items")
    async def items() -> str:
        return "items"

    protect(application, https_redirect="www.example.com")
    return application


app = make()
believing = make()
believing.add_middleware(ProxyHeadersMiddleware, trusted_hosts="127.0.0.1")
