"""Lambda entry of the API: a proxy event in, a proxy answer out, one log line each."""

import functools
import time
import traceback
from collections.abc import Mapping
from typing import Any

from mandala import schema
from mandala.app import App
from mandala.credentials import CredentialsSource
from mandala.database import Database
from mandala.errors import DatabaseUnavailable
from mandala.logs import log
from mandala.release import Release
from mandala.routing import ApiError, Request, Response
from mandala.store import PostgresGoals


def handle(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Answer one request from API Gateway."""
    return respond(application(), event)


@functools.cache
def application() -> App:
    """The app of this process; its database connection outlives the request."""
    goals = PostgresGoals(Database(CredentialsSource()))
    return App(goals, Release.from_environment(), needs_schema=len(schema.load()))


def respond(app: App, event: Mapping[str, Any]) -> dict[str, Any]:
    """Answer, whatever happens, with the release on the answer and a line in the log."""
    began = time.monotonic()
    response = _answer(app, event)
    log(
        "error" if response.status >= 500 else "info",
        "request",
        method=event.get("httpMethod"),
        path=event.get("path"),
        status=response.status,
        ms=round((time.monotonic() - began) * 1000, 1),
        release=app.release.id,
        slot=app.release.slot,
        request_id=(event.get("requestContext") or {}).get("requestId"),
    )
    return response.to_event({"x-kanmon-release": app.release.id, "cache-control": "no-store"})


def _answer(app: App, event: Mapping[str, Any]) -> Response:
    try:
        return app.answer(Request.from_event(event))
    except ApiError as error:
        return Response.refusal(error)
    except DatabaseUnavailable as error:
        log("error", "database unavailable", reason=str(error), release=app.release.id)
        refusal = ApiError(
            503, "database_unavailable", "The database can't be used now.", {"retry-after": "2"}
        )
    except Exception:
        # The last line of defence: without it the client would get API Gateway's 502, without
        # the release on it.
        log("error", "unexpected", trace=traceback.format_exc(), release=app.release.id)
        refusal = ApiError(500, "internal", "Something went wrong; it has been logged.")
    return Response.refusal(refusal)
