"""Ctrl-C and SIGTERM while something is written: the first one stops starting, the second one stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from reconciler.live.apply import Interrupt


@asynccontextmanager
async def listening(interrupt: Interrupt, on_interrupt: Callable[[], None] | None) -> AsyncIterator[None]:
    """Sets `interrupt` on signals that arrive within the block; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    async with anyio.create_task_group() as group:
        await group.start(_listen, interrupt, on_interrupt)
        try:
            yield
        finally:
            group.cancel_scope.cancel()


async def _listen(
    interrupt: Interrupt,
    on_interrupt: Callable[[], None] | None,
    *,
    task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    try:
        receiver = anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM)
        with receiver as signals:
            task_status.started()
            async for _ in signals:
                if interrupt.stop.is_set():
                    interrupt.now.set()
                    continue
                interrupt.stop.set()
                if on_interrupt is not None:
                    on_interrupt()
    except NotImplementedError:  # Windows: Ctrl-C ends the run as it ends any program
        task_status.started()
