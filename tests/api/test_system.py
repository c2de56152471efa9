"""Alive, ready, in figures."""

from prometheus_client.parser import text_string_to_metric_families

from coordinator.api.services import Services
from tests.api.client import Client
from tests.api.lines import Box


async def test_alive_and_ready(nobody: Client) -> None:
    assert await nobody.ask("GET", "/healthz") == {"status": "ok"}
    assert await nobody.ask("GET", "/readyz") == {"status": "ok"}


async def test_figures(admin: Client, nobody: Client, services: Services) -> None:
    await admin.ask("PUT", "/v1/queues/sales", 201, json={})
    await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
    await admin.ask("PUT", "/v1/queues/sales/members/alice", 201)
    box = Box(services.engine, "a")
    await box.attach()
    for number in (1, 2):
        await box.join("sales", number)
    answer = await nobody.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["gvq_callers", "sales"] == 2
    assert samples["gvq_members", "sales"] == 1
    assert samples["gvq_available_agents", "sales"] == 0
    assert samples["gvq_agents", "offline"] == 1
    assert samples["gvq_agents", "available"] == 0
    assert samples["gvq_box_attached", "a"] == 1
    assert samples["gvq_box_calls", "a"] == 2
    assert samples["gvq_calls_total", "completed", "sales"] == 0
    assert samples["gvq_event_listeners",] == 0
