"""A client of the API that knows what an error must look like."""

from typing import Any

import httpx

from coordinator.errors import REFUSALS


class Client(httpx.AsyncClient):
    """Sends a token; checks statuses and the shape of problems."""

    def __init__(self, transport: httpx.AsyncBaseTransport, token: str | None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(transport=transport, base_url="http://coordinator", headers=headers)
        self.token = token or ""

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The body of an answer that must have this status."""
        response = await self.request(method, path, **options)
        assert response.status_code == status, response.text
        return response.json() if response.content else None

    async def refused(self, code: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The problem that this request must meet."""
        response = await self.request(method, path, **options)
        assert response.headers["content-type"] == "application/problem+json", response.text
        problem: dict[str, Any] = response.json()
        assert problem["code"] == code, problem
        assert problem["status"] == response.status_code == REFUSALS[code].status
        assert problem["title"]
        assert problem["type"]
        if code != "invalid":  # which may show a pattern
            assert "?" not in problem["detail"], "a detail is missing from the sentence"
        return problem
