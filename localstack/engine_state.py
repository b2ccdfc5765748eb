"""How the engine's state is kept: whole generations, written by a forked child, switched by one rename.

    state/current        -> gen-<n> (symbolic link: the generation that a start reads)
    state/gen-<n>/*.json one file for each service, all of one moment
    state/lambda-blobs/  code of functions by hash, shared by the generations
"""

import copy
import gc
import json
import logging
import os
import shutil
import threading
import time

log = logging.getLogger("state-keeper")

SAVE_EVERY_SECONDS = 2.0
# A save may take at most a fifth of one core: with much state the pause between saves grows with what a save takes.
PAUSE_PER_SAVE_SECOND = 4.0
# A child that has not ended by then hangs on a lock that another thread held at the fork: it is given up.
SAVE_TIMEOUT_SECONDS = 60.0
# What follows stays in the engine's memory for good otherwise, and a tick every few seconds never ends.
# Log events: a bench writes hundreds of thousands.
LOG_EVENTS_PER_STREAM = 2_000
# Each call of a function has a log stream of its own. Whoever reads logs reads the last minutes, a bench some hundreds.
LOG_STREAM_RETENTION_SECONDS = 3_600
LOG_STREAMS_PER_FUNCTION = 2_000
# Stream records: the relay is seconds behind, never minutes, and after a restart they are gone anyway.
STREAM_RETENTION_SECONDS = 600
# Whole requests are kept by their ClientRequestToken; a client that repeats one does so within seconds.
TRANSACTION_TOKEN_SECONDS = 60

# While this file is in the state's folder nothing is saved: a half-made deploy is never what a start finds.
HOLD = "hold"

_READS = ("get", "batchget", "list", "describe", "query", "scan", "filter", "receive", "head")


def prepare(root: str) -> str:
    """Clears what a kill left half written, and makes the current generation's stream positions start at 0 again."""
    os.makedirs(root, exist_ok=True)
    current = _current(root)
    for name in os.listdir(root):
        if name.startswith("gen-") and name != current or name.endswith(".tmp") or name == HOLD:
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
    # Objects are on disk at once, buckets with the next save: a deploy would find its bucket there already.
    known = ""
    if saved and os.path.exists(saved):
        with open(saved, encoding="utf-8") as file:
            known = json.dumps(json.load(file)["payload"]["buckets_meta"])
    for account in filter(str.isdigit, os.listdir(data)):
        for bucket in os.listdir(os.path.join(data, account)):
            if f"'{bucket}'" not in known:
                shutil.rmtree(os.path.join(data, account, bucket))


def _reset_stream_positions(path: str) -> None:
    # Stream records are not part of the engine's state, so after a restart every stream begins empty at 0.
    # A saved position beyond that would skip as many new records.
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


class Keeper:
    """Saves while the engine runs, and once more when it stops."""

    def __init__(self, root: str, ministack):
        from ministack.core import persistence
        from ministack.services import dynamodb, lambda_svc

        # It takes the folder for code from STATE_DIR when it is imported: before STATE_DIR becomes a generation's.
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
        # A transaction is applied item by item on another thread: a fork in between would keep half of it.
        self._transactions = threading.Lock()
        dynamodb._transact_write_items = _one_by_one(dynamodb._transact_write_items, self._transactions)
        dynamodb._STREAM_RETENTION_SECONDS = STREAM_RETENTION_SECONDS
        dynamodb._TXN_TOKEN_TTL = TRANSACTION_TOKEN_SECONDS
        # The engine's own save at an orderly stop becomes one more generation.
        ministack.save_all = lambda _services: self.save()

    def around(self, app):
        """The same ASGI app. Saving begins when the engine has read its state, since what is not read yet would be
        lost; requests that may change something are counted, so that an idle engine saves nothing."""

        async def kept(scope, receive, send):
            if scope["type"] == "lifespan":
                await app(scope, receive, self._starting_after(send))
                return
            writes = scope["type"] == "http" and not _only_reads(scope)
            # Before and after: a save in the middle of a request must not count as having seen all of it.
            self._changes += writes
            try:
                await app(scope, receive, send)
            finally:
                self._changes += writes

        return kept

    def _starting_after(self, send):
        async def told(message):
            if message["type"] == "lifespan.startup.complete":
                threading.Thread(target=self._run, daemon=True, name="state-keeper").start()
            await send(message)

        return told

    def _run(self) -> None:
        while True:
            before = time.monotonic()
            if self._changes != self._saved_changes:
                try:
                    self.save()
                except Exception:  # a full disk, or whatever else: said in the log, tried again, never the end of saving
                    log.exception("could not save")
            spent = time.monotonic() - before
            time.sleep(max(SAVE_EVERY_SECONDS - spent, spent * PAUSE_PER_SAVE_SECOND))

    def save(self) -> None:
        with self._lock:
            if os.path.exists(os.path.join(self._root, HOLD)):
                return
            changes = self._changes
            self._trim()
            name = f"gen-{self._generation + 1}"
            services = self._ministack._build_persistence_save_dict()
            with self._transactions:
                pid = os.fork()
            if pid == 0:
                self._write_and_exit(name, services)
            if not _ended_well(pid):
                log.error("a save failed or hung; the one before stays current")
                shutil.rmtree(os.path.join(self._root, name), ignore_errors=True)
                return
            self._switch(name)
            self._saved_changes = changes

    def _write_and_exit(self, name: str, services: dict) -> None:
        code = 1
        try:
            os.closerange(3, 65_536)  # the child must not hold the port or the workers' pipes
            os.nice(10)
            gc.disable()
            # Nothing else runs in this child, so its memory is the copy already.
            copy.deepcopy = lambda value, _memo=None: value
            # One call of the C encoder instead of a Python generator: ten times as fast.
            json.dump = lambda value, file, **options: file.write(json.dumps(value, **options))
            target = os.path.join(self._root, name)
            os.makedirs(target, exist_ok=True)
            self._persistence.STATE_DIR = target
            # The generation before may still need them until this one is current.
            self._lambda._prune_orphan_code_blobs = lambda _referenced: None
            failures = _Failures()
            logging.getLogger("persistence").addHandler(failures)
            self._persistence.save_all(services)
            with open(os.path.join(target, "saved-at"), "w", encoding="utf-8") as file:
                file.write(str(time.time()))
            code = 1 if failures.seen else 0
        finally:
            os._exit(code)

    def _switch(self, name: str) -> None:
        link = os.path.join(self._root, "current")
        old = _current(self._root)
        if os.path.lexists(link + ".tmp"):
            os.remove(link + ".tmp")
        os.symlink(name, link + ".tmp")
        os.replace(link + ".tmp", link)
        self._generation += 1
        if old is not None:
            shutil.rmtree(os.path.join(self._root, old), ignore_errors=True)

    def _trim(self) -> None:
        from ministack.services import cloudwatch_logs, eventbridge

        for group in list(cloudwatch_logs._log_groups._data.values()):
            _trim_streams(group["streams"], time.time() - LOG_STREAM_RETENTION_SECONDS)
            for stream in list(group["streams"].values()):
                surplus = len(stream["events"]) - LOG_EVENTS_PER_STREAM
                if surplus > LOG_EVENTS_PER_STREAM // 4:
                    del stream["events"][:surplus]
        # every event that was ever put, which the engine itself never reads
        for events in list(eventbridge._events_log._data.values()):
            events.clear()


def _trim_streams(streams: dict, since: float) -> None:
    # In the order in which they were made; those before the first young one are the old ones.
    surplus = len(streams) - LOG_STREAMS_PER_FUNCTION
    for place, (name, stream) in enumerate(list(streams.items())):
        if place >= surplus and stream["creationTime"] >= since * 1000:
            return
        streams.pop(name, None)


def _one_by_one(work, lock):
    def alone(data):
        with lock:
            return work(data)

    return alone


class _Failures(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.seen = False

    def emit(self, record):
        self.seen = True


def _only_reads(scope) -> bool:
    target = next((value for name, value in scope["headers"] if name == b"x-amz-target"), None)
    if target is None:
        return scope["method"] in ("GET", "HEAD")
    return target.decode("latin-1").rpartition(".")[2].lower().startswith(_READS)


def _ended_well(pid: int) -> bool:
    deadline = time.monotonic() + SAVE_TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return False
