"""What goes back to a sender: thanks when its lines are safe, else the reason, each in the sender's own encoding.

Knows no body and no lines.
"""

from enum import StrEnum

import orjson
from aiohttp import web

from shippers.receiving import otlp_protobuf
from shippers.receiving.refusals import Refused

JSON, PROTOBUF = "application/json", "application/x-protobuf"


class Form(StrEnum):
    """How a sender speaks, and is answered."""

    LOGS = "logs"
    DRAIN = "drain"
    OTLP_JSON = "otlp_json"
    OTLP_PROTOBUF = "otlp_protobuf"


def thanks(form: Form, lines: int, told: str) -> web.Response:
    """Answer a request whose lines are safe; ``told``: a warning, or nothing."""
    match form:
        case Form.DRAIN:
            return web.Response(status=204)
        case Form.OTLP_PROTOBUF:
            return web.Response(body=otlp_protobuf.answer(told), content_type=PROTOBUF)
        case Form.OTLP_JSON:
            # No record was rejected, so this is what the protocol calls a warning.
            return _json(200, {"partialSuccess": {"errorMessage": told}} if told else {})
    return _json(200, {"lines": lines})


def refusal(form: Form, refused: Refused) -> web.Response:
    """Answer a request that was not taken."""
    if form is Form.OTLP_PROTOBUF:
        body = otlp_protobuf.refusal(refused.reason)
        response = web.Response(status=refused.status, body=body, content_type=PROTOBUF)
    else:
        key = "message" if form is Form.OTLP_JSON else "error"
        response = _json(refused.status, {key: refused.reason})
    if refused.retry_s is not None:
        response.headers["Retry-After"] = str(refused.retry_s)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="flyship", Basic realm="flyship"'
    if refused.status == 405:
        response.headers["Allow"] = "POST"
    if refused.close:
        response.force_close()
    return response


def health(closing: bool) -> web.Response:
    """Answer whoever asks whether requests are taken."""
    return _json(503 if closing else 200, {"taking": not closing})


def _json(status: int, document: object) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(document), content_type=JSON)
