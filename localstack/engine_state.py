"""Saves the engine's state in whole generations, which a forked child writes and one rename makes current.

    state/current        -> gen-<n> (symbolic link to the generation that a start reads)
    state/gen-<n>/*.json one file for each service, all as of one moment
    state/lambda-blobs/  code of functions by hash, shared by all generations
"""

import copy
import gc
import json
import logging
import os
import shutil
import threading
import time

log = logging.getLogger("state-saver")

SAVE_INTERVAL_SECONDS = 2.0
# Saving takes at most a fifth of one core: the pause after a save is at least four times its duration.
PAUSE_PER_SAVE_SECOND = 4.0
# A child that runs longer hangs on a lock that another thread held at the fork. It is killed.
SAVE_TIMEOUT_SECONDS = 60.0
# The engine keeps all of the following in memory without limit, and an engine with ticks runs for days.
# Log events: a benchmark writes hundreds of thousands.
LOG_EVENTS_PER_STREAM = 2_000
# Each call of a function has a log stream of its own. Readers look at the last minutes, a benchmark at some hundreds.
LOG_STREAM_RETENTION_SECONDS = 3_600
LOG_STREAMS_PER_FUNCTION = 2_000
# Stream records: the relay is seconds behind, never minutes, and a restart drops them anyway.
STREAM_RETENTION_SECONDS = 600
# Whole requests are kept by their ClientRequestToken. A client repeats a request within seconds.
TRANSACTION_TOKEN_SECONDS = 60

# While this file is in the state folder nothing is saved, so that a start never finds half a deploy.
PAUSE_FILE = "saving-paused"

_READS = ("get", "batchget", "list", "describe", "query", "scan", "filter", "receive", "head")


def prepare(root: str) -> str:
    """Removes incomplete files of a killed engine and resets the stream positions of the current generation to 0."""
    os.makedirs(root, exist_ok=True)
    current = _current(root)
    for name in os.listdir(root):
        if name.startswith("gen-") and name != current or name.endswith(".tmp") or name == PAUSE_FILE:
            _remove(os.path.join(root, name))
    _remove_unknown_buckets(os.environ["S3_DATA_DIR"], current and os.path.join(root, current, "s3.json"))
    if current is not None:
        _reset_stream_positions(os.path.join(root, current, "lambda.json"))
    return root


def _current(root: str):
    try:
        name = os.readlink(os.path.join(root, "current"))
    except FileNotFoundError:
        return None
    return name if os.path.isdir(os.path.join(root, name)) else None


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.remove(path)


def _remove_unknown_buckets(data: str, saved) -> None:
    # Objects are written to disk at once, but buckets only with the next save. Without this, a deploy would find that
    # its bucket exists already.
    known = ""
    if saved and os.path.exists(saved):
        with open(saved, encoding="utf-8") as file:
            known = json.dumps(json.load(file)["payload"]["buckets_meta"])
    for account in filter(str.isdigit, os.listdir(data)):
        for bucket in os.listdir(os.path.join(data, account)):
            if f"'{bucket}'" not in known:
                shutil.rmtree(os.path.join(data, account, bucket))


def _reset_stream_positions(path: str) -> None:
    # Stream records are not part of the saved state, so after a restart every stream is empty and starts at 0. A saved
    # position above 0 would skip as many new records.
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as file:
        saved = json.load(file)
    positions = saved.get("payload", {}).get("dynamodb_stream_positions", {}).get("data", {})
    if not any(positions.values()):
        return
    for key in positions:
        positions[key] = 0
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(saved, file)
    os.replace(path + ".tmp", path)


class StateSaver:
    """Saves the state while the engine runs, and once more when it stops."""

    def __init__(self, root: str, ministack):
        from ministack.core import persistence

        # lambda_svc takes its folder for code from STATE_DIR at its import, so it is imported before STATE_DIR is set
        # to a generation.
        from ministack.services import dynamodb, lambda_svc

        self._lambda = lambda_svc
        self._root = root
        self._ministack = ministack
        self._persistence = persistence
        self._changes = 0
        self._saved_changes = 0
        self._lock = threading.Lock()
        current = _current(root)
        self._generation = int(current.removeprefix("gen-")) if current else 0
        if current:
            persistence.STATE_DIR = os.path.join(root, current)
        # The engine applies a transaction item by item on another thread. A fork in between would save half of it.
        self._transactions = threading.Lock()
        dynamodb._transact_write_items = _with_lock(dynamodb._transact_write_items, self._transactions)
        dynamodb._STREAM_RETENTION_SECONDS = STREAM_RETENTION_SECONDS
        dynamodb._TXN_TOKEN_TTL = TRANSACTION_TOKEN_SECONDS
        # The engine's own save at an orderly stop becomes one more generation.
        ministack.save_all = lambda _services: self.save()

    def wrap(self, app):
        """Returns the ASGI app with saving. Saving starts when the engine has read its state, since a save before that
        would lose what is not read yet. Requests that may change something are counted, so that an idle engine saves
        nothing."""

        async def count_and_forward(scope, receive, send):
            if scope["type"] == "lifespan":
                await app(scope, receive, self._start_after_startup(send))
                return
            is_write = scope["type"] == "http" and not _only_reads(scope)
            # Counted before and after, so that a save during the request does not count as having all of it.
            self._changes += is_write
            try:
                await app(scope, receive, send)
            finally:
                self._changes += is_write

        return count_and_forward

    def _start_after_startup(self, send):
        async def start_and_send(message):
            if message["type"] == "lifespan.startup.complete":
                threading.Thread(target=self._run, daemon=True, name="state-saver").start()
            await send(message)

        return start_and_send

    def _run(self) -> None:
        while True:
            started = time.monotonic()
            if self._changes != self._saved_changes:
                try:
                    self.save()
                except Exception:  # For example a full disk: it is logged and tried again, and must not end the loop.
                    log.exception("cannot save the state")
            elapsed = time.monotonic() - started
            time.sleep(max(SAVE_INTERVAL_SECONDS - elapsed, elapsed * PAUSE_PER_SAVE_SECOND))

    def save(self) -> None:
        with self._lock:
            if os.path.exists(os.path.join(self._root, PAUSE_FILE)):
                return
            changes = self._changes
            self._trim()
            name = f"gen-{self._generation + 1}"
            services = self._ministack._build_persistence_save_dict()
            with self._transactions:
                pid = os.fork()
            if pid == 0:
                self._write_and_exit(name, services)
            if not _wait_for_success(pid):
                log.error("a save failed or timed out; the previous generation stays current")
                shutil.rmtree(os.path.join(self._root, name), ignore_errors=True)
                return
            self._switch(name)
            self._saved_changes = changes

    def _write_and_exit(self, name: str, services: dict) -> None:
        code = 1
        try:
            os.closerange(3, 65_536)  # The child must not hold the port or the pipes of the workers.
            os.nice(10)
            gc.disable()
            # No other thread runs in this child, so its memory needs no further copy.
            copy.deepcopy = lambda value, _memo=None: value
            # json.dumps uses the C encoder, which is ten times as fast as the Python generator of json.dump.
            json.dump = lambda value, file, **options: file.write(json.dumps(value, **options))
            target = os.path.join(self._root, name)
            os.makedirs(target, exist_ok=True)
            self._persistence.STATE_DIR = target
            # The previous generation may need the blobs until this one is current.
            self._lambda._prune_orphan_code_blobs = lambda _referenced: None
            errors = _ErrorCounter()
            logging.getLogger("persistence").addHandler(errors)
            self._persistence.save_all(services)
            with open(os.path.join(target, "saved-at"), "w", encoding="utf-8") as file:
                file.write(str(time.time()))
            code = 1 if errors.count else 0
        finally:
            os._exit(code)

    def _switch(self, name: str) -> None:
        link = os.path.join(self._root, "current")
        previous = _current(self._root)
        if os.path.lexists(link + ".tmp"):
            os.remove(link + ".tmp")
        os.symlink(name, link + ".tmp")
        os.replace(link + ".tmp", link)
        self._generation += 1
        if previous is not None:
            shutil.rmtree(os.path.join(self._root, previous), ignore_errors=True)

    def _trim(self) -> None:
        from ministack.services import cloudwatch_logs, eventbridge

        for group in list(cloudwatch_logs._log_groups._data.values()):
            _trim_streams(group["streams"], time.time() - LOG_STREAM_RETENTION_SECONDS)
            for stream in list(group["streams"].values()):
                surplus = len(stream["events"]) - LOG_EVENTS_PER_STREAM
                if surplus > LOG_EVENTS_PER_STREAM // 4:
                    del stream["events"][:surplus]
        # The log holds every event that was ever put. The engine itself never reads it.
        for events in list(eventbridge._events_log._data.values()):
            events.clear()


def _trim_streams(streams: dict, since: float) -> None:
    # Streams are in the order of their creation, so all expired streams come before the first recent one.
    surplus = len(streams) - LOG_STREAMS_PER_FUNCTION
    for index, (name, stream) in enumerate(list(streams.items())):
        if index >= surplus and stream["creationTime"] >= since * 1000:
            return
        streams.pop(name, None)


def _with_lock(function, lock):
    def locked(data):
        with lock:
            return function(data)

    return locked


class _ErrorCounter(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record):
        self.count += 1


def _only_reads(scope) -> bool:
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), None)
    if target is None:
        return scope["method"] in ("GET", "HEAD")
    return target.decode("latin-1").rpartition(".")[2].lower().startswith(_READS)


def _wait_for_success(pid: int) -> bool:
    """Waits for the child and returns whether it succeeded. Kills it after the timeout."""
    deadline = time.monotonic() + SAVE_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        exited, status = os.waitpid(pid, os.WNOHANG)
        if exited:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return False
