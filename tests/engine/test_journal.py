"""The journal in Redis is trimmed by what SQL has, and by how much is to be kept."""

from tests.engine.conftest import Line


async def test_what_sql_lacks_is_never_trimmed(line: Line) -> None:
    a = await line.box("a")
    await line.queue("sales")
    for n in range(300):
        await a.join(str(n))
    entries = await line.journal()
    await line.engine.trim_journal(keep=10, upto=entries[0].id)
    assert await line.journal() == entries, "SQL has but the first"
    await line.engine.trim_journal(keep=100_000, upto=entries[-1].id)
    assert await line.journal() == entries, "that many may stay"
    await line.engine.trim_journal(keep=100, upto=entries[-1].id)
    left = await line.journal()
    assert 100 <= len(left) < len(entries)
    assert left == entries[-len(left) :]
