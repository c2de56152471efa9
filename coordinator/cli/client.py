"""The coordinator's REST API as commands use it: bearer token, refusals as sentences."""

import os
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from coordinator.cli.errors import CliError
from coordinator.journal import Entry

if TYPE_CHECKING:
    import httpx  # a third of what `gvq` loads: for commands that ask only

DEFAULT_URL = "http://127.0.0.1:8800"

#: Seconds for an answer.
DEADLINE_S = 10.0

#: By these the API says that there is nothing to change yet.
NOT_THERE = frozenset({"unknown_queue", "unknown_agent", "not_a_member"})

#: Journal entries asked for at a time.
PAGE = 1000


class ApiRefused(CliError):
    """The coordinator refused. `code`: of errors.py; `details`: the facts in its sentence."""

    def __init__(self, sentence: str, code: str, details: Mapping[str, Any]) -> None:
        super().__init__(sentence)
        self.code = code
        self.details = details


class Client:
    """One coordinator. Every failure is a CliError with the API's own sentence.

    A command makes a few requests, so each has a connection of its own and none is left open.

    url, token: GVQ_URL and GVQ_API_TOKEN when not given.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        transport: "httpx.BaseTransport | None" = None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        import httpx

        self.url = (url or os.environ.get("GVQ_URL") or DEFAULT_URL).rstrip("/")
        token = token or os.environ.get("GVQ_API_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._has_token = bool(token)
        self._deadline_s = deadline_s
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=deadline_s,
            transport=transport,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def get(self, path: str, **query: Any) -> Any:
        """Body of the answer."""
        return self._ask("GET", path, params=query)

    def put(self, path: str, body: Any = None) -> Any:
        """Create or change."""
        return self._ask("PUT", path, json={} if body is None else body)

    def patch(self, path: str, body: Any) -> Any:
        """Change what the body names."""
        return self._ask("PATCH", path, json=body)

    def save(
        self, path: str, body: dict[str, Any], begin: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Any, bool]:
        """Change what the body names of what is there, else create it, and whether it is new.

        begin: what only a new one has.
        """
        try:
            return self.patch(path, body), False
        except ApiRefused as refused:
            if refused.code not in NOT_THERE:
                raise
        return self.put(path, {**body, **begin}), True

    def post(self, path: str, body: Any = None) -> Any:
        """Do."""
        return self._ask("POST", path, json={} if body is None else body)

    def delete(self, path: str, **query: Any) -> Any:
        """Remove; None where the API answers with nothing."""
        return self._ask("DELETE", path, params=query)

    def journal(self, after: str = "0") -> Iterator[Entry]:
        """Every journal entry after that id, to the present end."""
        while page := self.get("/v1/journal", after=after, limit=PAGE):
            yield from map(Entry.from_json, page)
            after = str(page[-1]["id"])

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, path, **more)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise CliError(f"GVQ_URL is {self.url!r}, no URL like {DEFAULT_URL}.") from None
        except httpx.TimeoutException:
            raise CliError(f"{self.url} did not answer within {self._deadline_s:.0f} s.") from None
        except httpx.HTTPError as error:
            raise CliError(
                f"No coordinator answers at {self.url} ({error}); start one with `gvq serve`, or "
                "say where it is with GVQ_URL."
            ) from None
        return self._body(answer)

    def _body(self, answer: "httpx.Response") -> Any:
        if answer.status_code == HTTPStatus.UNAUTHORIZED and not self._has_token:
            raise CliError(
                "GVQ_API_TOKEN is not set; `gvq serve` printed the first token at its first start, "
                "and `gvq token add admin --local` makes another."
            )
        if answer.is_success:
            return answer.json() if answer.content else None
        raise _refusal(answer)


def _refusal(answer: "httpx.Response") -> CliError:
    """The problem's own sentence (RFC 9457); the status where there is none."""
    try:
        problem = answer.json()
        return ApiRefused(
            str(problem["detail"]), problem.get("code", ""), problem.get("details", {})
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return CliError(f"{answer.url} answered {answer.status_code} {answer.reason_phrase}.")


def path(*parts: str) -> str:
    """A path of the API; names stand in it as they are, whatever they contain."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)
