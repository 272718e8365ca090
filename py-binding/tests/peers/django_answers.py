"""What Django sends over HTTPS for each of a list of settings: a Python literal comes in, JSON goes out.

Run with Django's folder as its argument. Its real middlewares run around one view, which uses the nonce as a template does.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys

sys.path.insert(0, sys.argv[1])

import asgiref.sync  # noqa: E402

if not hasattr(inspect, "markcoroutinefunction"):  # Python 3.11: Django 6.1 takes 3.12's
    setattr(inspect, "markcoroutinefunction", asgiref.sync.markcoroutinefunction)

from django.conf import settings  # noqa: E402

settings.configure()

from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.middleware.clickjacking import XFrameOptionsMiddleware  # noqa: E402
from django.middleware.csp import ContentSecurityPolicyMiddleware, get_nonce  # noqa: E402
from django.middleware.security import SecurityMiddleware  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"<script nonce={get_nonce(request)}></script>")


def answer(given: dict[str, object]) -> dict[str, str]:
    with override_settings(**given):
        app = SecurityMiddleware(ContentSecurityPolicyMiddleware(XFrameOptionsMiddleware(view)))
        return {
            name: value for name, value in app(RequestFactory().get("/", secure=True)).items() if name != "Content-Type"
        }


if __name__ == "__main__":
    print(json.dumps([answer(given) for given in ast.literal_eval(sys.stdin.read())]))
