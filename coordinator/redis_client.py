"""GVQ_REDIS_URL → a client: standalone, Sentinel or Cluster, with or without TLS.

    redis://…  rediss://…  unix://…             as redis-py reads them
    redis+sentinel://[user:password@]host[:26379][,host…]/service[/db]
    redis+cluster://[user:password@]host[:6379][,host…]
    rediss+sentinel://…  rediss+cluster://…     the same over TLS

The user and password are those of Redis; sentinels are asked without.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig

#: What a call to Redis raises when Redis is away, restarting, failing over or out of memory.
AWAY = (RedisError, RedisClusterException, OSError)

#: First words of the errors by which a server says that it cannot serve now. Any other error means
#: that it served, and that what it was told to do is wrong.
OUTAGES = frozenset(
    {
        "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF",
        "NOREPLICAS", "BUSY",
    }
)  # fmt: skip

#: Seconds until a Redis that does not answer counts as away. Longer than any blocking read here.
ANSWER_S = 10.0
CONNECT_S = 3.0

#: One connection per linked box (its command stream is a blocking read), and those at work.
MAX_CONNECTIONS = 4096

SENTINEL_PORT = 26379
CLUSTER_PORT = 6379


@dataclass(frozen=True, slots=True)
class _Address:
    """A URL that names several hosts, taken apart."""

    tls: bool
    kind: str
    hosts: list[tuple[str, int]]
    credentials: dict[str, str]
    path: list[str]


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    """A client for the URL as long as the block runs; connects at its first call.

    Each call is sent once. When its answer is lost, only who asked can tell what to do: a box sends
    its event again under the same number, the keeper ticks anew, but a caller withdrawn twice would
    be an unknown one. A connection that broke while idle is no outage: it is noticed before use
    (on a Cluster: by the call that fails).

    Raises ValueError for a URL that is none.
    """
    async with AsyncExitStack() as stack:
        if "+" in url.partition("://")[0]:
            client = await _many_hosts(stack, _parse(url))
        else:
            client = _one_host(url)
        stack.push_async_callback(client.aclose)
        yield client


def _one_host(url: str) -> Redis:
    try:
        return Redis.from_url(url, **_options(), **_NO_NOTICES)
    except ValueError:  # its sentence may show what stands in the URL, and so a password
        raise ValueError(
            "GVQ_REDIS_URL is no URL like redis://host:6379/0; also taken are rediss://, unix://, "
            "redis+sentinel:// and redis+cluster://"
        ) from None


def is_outage(error: ResponseError) -> bool:
    """Whether the server could not serve, and so did nothing.

    An error from inside a function names its script, whatever word it begins with.
    """
    code = error.status_code or str(error).partition(" ")[0]
    return code in OUTAGES and " script: " not in str(error)


async def server_id(client: Redis, key: str) -> str:
    """The run id of the server process that holds `key`: another one after each restart."""
    info = await _ask_holder(client, key, "INFO", "server")
    return str(info["run_id"])


async def server_time(client: Redis, key: str) -> int:
    """The time of the server that holds `key`, µs since 1970: the line's clock."""
    seconds, microseconds = await _ask_holder(client, key, "TIME")
    return int(seconds) * 1_000_000 + int(microseconds)


async def eviction(client: Redis, key: str) -> str:
    """The policy by which the server that holds `key` drops keys of the line when its memory is
    full; empty when it drops none. (Those named volatile-… drop what expires; the line's never do.)
    """
    info = await _ask_holder(client, key, "INFO", "memory")
    policy = str(info.get("maxmemory_policy", ""))
    return policy if info.get("maxmemory") and policy.startswith("allkeys-") else ""


async def _ask_holder(client: Redis, key: str, *command: str) -> Any:
    """A command without a key, put to the node of a Cluster where `key` is."""
    if isinstance(client, RedisCluster):
        await client.initialize()
        node = client.get_node_from_key(key)
        return await client.execute_command(*command, target_nodes=node)
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]


#: Redis Enterprise's notices of maintenance. With them on, redis-py does not look whether a
#: connection broke while it was idle.
_NO_NOTICES: dict[str, Any] = {
    "maint_notifications_config": MaintNotificationsConfig(enabled=False)
}


def _options() -> dict[str, Any]:
    return {
        "decode_responses": True,
        "socket_timeout": ANSWER_S,
        "socket_connect_timeout": CONNECT_S,
        "retry": Retry(NoBackoff(), 0),
        "max_connections": MAX_CONNECTIONS,
    }


async def _many_hosts(stack: AsyncExitStack, address: _Address) -> Redis:
    options = {**_options(), **address.credentials, "ssl": address.tls}
    if address.kind == "cluster":
        # RedisCluster has the commands of Redis that the line uses, but not its type.
        nodes = [ClusterNode(host, port) for host, port in address.hosts]
        return cast(Redis, RedisCluster(startup_nodes=nodes, **options))
    if not address.path:
        raise ValueError("GVQ_REDIS_URL names no service: redis+sentinel://host/service")
    timeouts = {name: value for name, value in options.items() if name.startswith("socket_")}
    asked = {**timeouts, "ssl": address.tls}
    sentinel = Sentinel(address.hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    stack.push_async_callback(sentinel.aclose)
    db = int(address.path[1]) if len(address.path) > 1 else 0
    return cast(Redis, sentinel.master_for(address.path[0], db=db, **options, **_NO_NOTICES))


def _parse(url: str) -> _Address:
    scheme, _, rest = url.partition("://")
    redis, _, kind = scheme.partition("+")
    if redis not in ("redis", "rediss") or kind not in ("sentinel", "cluster"):
        raise ValueError(
            f"GVQ_REDIS_URL begins with {scheme}://, not redis:// or redis+sentinel://"
        )
    netloc, _, path = rest.partition("/")
    user_info, _, hosts = netloc.rpartition("@")
    default = SENTINEL_PORT if kind == "sentinel" else CLUSTER_PORT
    return _Address(
        redis == "rediss",
        kind,
        [_host(host, default) for host in hosts.split(",")],
        _credentials(user_info),
        [part for part in path.split("/") if part],
    )


def _host(text: str, default: int) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]` or `[v6]:port`."""
    bracketed, closing, tail = text.rpartition("]")
    host, _, port = (bracketed[1:], "", tail[1:]) if closing else text.partition(":")
    if not host or (port and not port.isdigit()):
        raise ValueError(f"GVQ_REDIS_URL has no host and port in {text!r}")
    return host, int(port or default)


def _credentials(user_info: str) -> dict[str, str]:
    user, _, password = user_info.partition(":")
    named = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in named.items() if value}
