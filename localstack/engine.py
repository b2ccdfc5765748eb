"""The embedded engine, kept: MiniStack as it is, plus what it lacks for a laptop that may be switched off at any moment.

MiniStack writes its state only at an orderly stop, file by file. Here a point-in-time copy of all services is written
every two seconds by a forked child, as one generation that becomes current by one rename: kill -9 at any moment leaves
the last whole generation. Settings come by environment from `engine.ts`; standard input closing means that the parent
is gone, and stops the engine in order.
"""

import asyncio
import os
import signal
import sys
import threading
import warnings

import engine_state

# The child only reads memory and writes files; the warning is about children that take locks (engine_state.py).
warnings.filterwarnings("ignore", message=".*multi-threaded.*fork.*", category=DeprecationWarning)


def serve() -> None:
    state = engine_state.prepare(os.environ["STATE_DIR"])  # before ministack is imported: it reads STATE_DIR then

    from hypercorn.asyncio import serve as hypercorn_serve
    from hypercorn.config import Config
    from ministack import app as ministack
    from ministack.core import lambda_runtime

    keeper = engine_state.Keeper(state, ministack)

    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1  # an orderly stop must not wait for idle keep-alive connections
    config.loglevel = "WARNING"
    config.accesslog = None

    async def run() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        threading.Thread(target=_watch_parent, args=(loop, stop), daemon=True, name="parent-watch").start()
        await hypercorn_serve(keeper.around(ministack.app), config, shutdown_trigger=stop.wait)

    code = 0
    try:
        asyncio.run(run())
    except OSError as error:
        print(f"engine: {error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        lambda_runtime.reset()  # the workers of functions: none may outlive the engine
        sys.stderr.flush()
        os._exit(code)  # pollers of the engine are threads that never end by themselves


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


if __name__ == "__main__":
    serve()
