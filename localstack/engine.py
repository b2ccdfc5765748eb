"""Runs the embedded engine: MiniStack, unchanged, with state that survives a kill at any moment.

MiniStack writes its state only at an orderly stop, file by file. Here a forked child writes a copy of all services
every two seconds, as of one point in time. Each copy is one generation, and one rename makes it the current one. After a
kill -9 the last complete generation is still there. `engine.ts` passes the settings by environment. When standard input
closes, the parent process has ended, and the engine stops in order.
"""

import asyncio
import os
import signal
import sys
import threading
import warnings

import engine_iam
import engine_state

# The child only reads memory and writes files. The warning is about children that take locks (see engine_state.py).
warnings.filterwarnings("ignore", message=".*multi-threaded.*fork.*", category=DeprecationWarning)


def serve() -> None:
    # Before ministack is imported, because it reads STATE_DIR at its import.
    root = engine_state.prepare(os.environ["STATE_DIR"])

    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack import app as ministack
    from ministack.core import lambda_runtime

    engine_iam.install(ministack)
    saver = engine_state.StateSaver(root, ministack)

    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1  # An orderly stop must not wait for idle keep-alive connections.
    config.loglevel = "WARNING"
    config.accesslog = None

    async def run() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        threading.Thread(target=_watch_parent, args=(loop, stop), daemon=True, name="parent-watch").start()
        await hypercorn_serve(saver.wrap(engine_iam.wrap(ministack.app)), config, shutdown_trigger=stop.wait)

    code = 0
    try:
        asyncio.run(run())
    except OSError as error:
        print(f"engine: {error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        lambda_runtime.reset()  # Stops the function workers. None of them may outlive the engine.
        sys.stderr.flush()
        os._exit(code)  # The engine's pollers are threads that never end.


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    serve()
