"""Counters of what was decided, for Prometheus and for OpenTelemetry.

pip install prometheus-client opentelemetry-sdk; uvicorn metrics:app
"""

from __future__ import annotations

from fastapi import FastAPI
from opentelemetry import metrics
from prometheus_client import Counter, make_asgi_app
from sallet import Decision, Keyring
from sallet.fastapi import Bearer, protect

# The labels have few values: reason is a sentence of Sallet's. The path, the client and the method are the client's to choose, and so no labels.
PROMETHEUS = Counter("sallet_decisions", "Requests by what was decided", ["outcome", "scheme", "reason"])
OPENTELEMETRY = metrics.get_meter("sallet").create_counter("sallet.decisions", description="Requests by what was decided")


def count(decision: Decision) -> None:
    labels = {"outcome": decision.outcome, "scheme": decision.scheme or "", "reason": decision.reason or ""}
    PROMETHEUS.labels(**labels).inc()
    OPENTELEMETRY.add(1, labels)


app = FastAPI()
app.mount("/metrics", make_asgi_app())
protect(app, auth=Bearer(Keyring.from_env()), public=["/metrics/*"], on_decision=count)
