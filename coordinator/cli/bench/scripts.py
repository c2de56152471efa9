"""What the line is held against: the least a script can do, and one of a transition's commands."""

import asyncio
from dataclasses import dataclass

from coordinator.cli.bench.resp import Pipe, packed
from coordinator.cli.bench.valkey import Server

#: Both register one function each: called as the line's are, with the same bytes to and fro.
LIBRARY = """#!lua name=gvq_bench
redis.register_function('bench_bare', function(keys, args)
  redis.call('ZADD', keys[1] .. 'line', 0, args[1])
  redis.call('XADD', keys[1] .. 'journal', '*', 'type', 'caller.joined', 'call_id', args[1])
  return {'ok', '0', '0'}
end)

redis.register_function('bench_seventeen', function(keys, args)
  local p, id = keys[1], args[1]
  local agent, offer, call = p .. 'a:' .. id % 200, p .. 'o:' .. id % 200, p .. 'c:' .. id % 500
  local now = redis.call('TIME')
  redis.call('HMGET', p .. 'box', 'link', 'seq', 'fresh')
  redis.call('HSET', p .. 'box', 'seq', id, 'heard', now[1])
  redis.call('HGETALL', call)
  redis.call('HGETALL', agent)
  redis.call('HGET', p .. 'queue', 'strategy')
  redis.call('HSET', call, 'state', 'ringing', 'offers', id, 'tried', id, 'agent', id,
    'channel', 'PJSIP/trunk-1', 'place', id, 'joined', now[1])
  redis.call('HSET', agent, 'state', 'ringing', 'offer', id, 'free', '', 'device', 'NOT_INUSE')
  redis.call('HSET', offer, 'call_id', id, 'agent', id, 'fence', id, 'made', now[1])
  redis.call('ZADD', p .. 'line', 0, id)
  redis.call('ZRANK', p .. 'line', id)
  redis.call('ZADD', p .. 'free', 0, id)
  redis.call('ZRANGEBYLEX', p .. 'free', '-', '+', 'LIMIT', 0, 1)
  redis.call('ZREM', p .. 'free', id)
  redis.call('ZADD', p .. 'timers', now[1], id % 200)
  redis.call('XADD', p .. 'journal', '*', 'type', 'offer.made', 'at_us', now[1], 'queue', 'sales',
    'call_id', id, 'agent', id, 'offer_id', id, 'fence', id, 'position', '1')
  redis.call('XADD', p .. 'commands', '*', 'kind', 'originate', 'offer_id', id, 'fence', id,
    'call_id', id, 'agent', id, 'interface', 'PJSIP/101')
  return {'ok', now[1], '0'}
end)
"""

#: The same length of a pipeline as a round of the line's load has.
PIPELINE = 75


@dataclass(frozen=True, slots=True)
class Script:
    """One function of LIBRARY under load. `commands`: redis.call a call."""

    server: Server
    function: str
    commands: int

    async def play(self, clients: int, seconds: float) -> int:
        """So many connections call it for so long. Returns how often."""
        until = asyncio.get_running_loop().time() + seconds
        return sum(await asyncio.gather(*(self._client(n, until) for n in range(clients))))

    async def _client(self, number: int, until: float) -> int:
        pipe = await Pipe.open(self.server.path)
        clock, made = asyncio.get_running_loop().time, 0
        try:
            while clock() < until:
                ids = range(made * 100 + number, (made + PIPELINE) * 100 + number, 100)
                await pipe.ask(packed("FCALL", self.function, 1, "gvq:{s}:", n) for n in ids)
                made += PIPELINE
        finally:
            await pipe.close()
        return made


async def load(server: Server) -> tuple[Script, Script]:
    """The bare script and that of 17 commands, ready to be called."""
    await server.client.function_load(LIBRARY, replace=True)
    return Script(server, "bench_bare", 2), Script(server, "bench_seventeen", 17)
