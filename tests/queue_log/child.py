"""A process of its own that keeps a queue_log file up, until it is killed.

python -m tests.queue_log.child REDIS TENANT DATABASE FILE
"""

import asyncio
import sys
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy import make_url

from coordinator.database import Database
from coordinator.history import following
from coordinator.history.queries import History
from coordinator.line.engine import Engine
from coordinator.queue_log import writer
from coordinator.queue_log.lines import Style


async def main(redis: str, tenant: str, database: str, file: str) -> None:
    engine = Engine(Redis.from_url(redis, decode_responses=True), tenant)
    history = History(engine, Database(make_url(database)))
    await writer.Writer(engine, history, Path(file), Style()).run()


if __name__ == "__main__":
    # Many small batches, so that a kill has many places to hit.
    following.BATCH, following.LINGER_S = 3, 0.0
    asyncio.run(main(*sys.argv[1:]))
