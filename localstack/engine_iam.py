"""Makes the embedded engine check permissions as AWS does, and records each checked call.

MiniStack enforces IAM if AUTH is true: each function calls with a session of its own role, and the key `test` may do
everything. Two of its rules differ from AWS and are corrected here. `engine.ts` passes the file of the record by
environment.
"""

import contextvars
import json
import os

# A request that says that its client used plain HTTP. Tests send it to show that queues refuse plain HTTP.
_says_plain_http = contextvars.ContextVar("oncebox_says_plain_http", default=False)


def install(ministack) -> None:
    """Corrects the engine's check, and records calls if ONCEBOX_CALL_LOG names a file."""
    from ministack.core import iam_evaluator

    _trust_loopback(ministack)
    path = os.environ.get("ONCEBOX_CALL_LOG")
    record = CallLog(path).record if path else None
    iam_evaluator.enforce = _with_aws_actions(iam_evaluator.enforce, record)


def wrap(app):
    """Returns the ASGI app with a note of requests that say that they came over plain HTTP."""

    async def note_and_forward(scope, receive, send):
        if scope["type"] == "http":
            _says_plain_http.set((b"x-forwarded-proto", b"http") in scope["headers"])
        await app(scope, receive, send)

    return note_and_forward


def _trust_loopback(ministack) -> None:
    # Policies of queues and of the bucket of the CDK deny all calls without TLS. The engine listens on 127.0.0.1 only,
    # so no call ever leaves the machine, and each one counts as secure. The policies stay as they are on AWS
    # (docs/adr/0014).
    pin_request_origin = ministack.pin_request_origin
    ministack.pin_request_origin = lambda address, _is_secure: pin_request_origin(address, not _says_plain_http.get())


def _with_aws_actions(enforce, record):
    def enforce_and_record(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
        # On AWS, the action of one message also covers the batch of SQS. The engine knows no such action.
        action = iam_action.removesuffix("Batch") if service == "sqs" else iam_action
        refusal = enforce(access_key_id, action, service, region, resource_arn, service_context)
        if record is not None:
            record(access_key_id, action, resource_arn, refusal)
        return refusal

    return enforce_and_record


class CallLog:
    """Appends each different call to a file as one JSON line: who called what, and whether it was allowed."""

    def __init__(self, path: str):
        self._path = path
        self._written = set()

    def record(self, access_key_id: str, action: str, resource: str, refusal) -> None:
        caller = _caller(access_key_id)
        # The key `test` may do everything, so its calls prove nothing.
        if caller is None and refusal is None:
            return
        line = json.dumps(
            {"caller": caller, "action": action, "resource": resource, "refusal": refusal and _reason(refusal)}
        )
        if line in self._written:
            return
        self._written.add(line)
        # Several engines of one test run append to the same file. One short write is atomic.
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line + "\n")


def _caller(access_key_id: str):
    """Returns the name of a role's session. Sessions of functions have the name of the function."""
    from ministack.services import sts

    session = sts._sessions.get(access_key_id)
    return session["Arn"].rpartition("/")[2] if session else None


def _reason(refusal) -> str:
    # A refused credential has a code and a message, a refused action a decision and its reason.
    return f"{refusal.code}: {refusal.message}" if hasattr(refusal, "code") else f"{refusal.decision}: {refusal.reason}"
