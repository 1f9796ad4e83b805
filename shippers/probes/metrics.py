"""The probe ``metrics``: what Fly's Prometheus knows of machines and apps. Knows no schedule."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import SecretStr

from shippers.findings import Finding
from shippers.fly_api.tokens import VARIABLES, authorization, fly_token
from shippers.probes.asking import Unanswered, asked
from shippers.probes.failures import Failure
from shippers.probes.gathering import MOST, Gathered, Gathering
from shippers.probes.lines import failed_line, probe_line
from shippers.probes.metrics_table import APPS, Metrics, Query
from shippers.probes.prometheus_answers import NoVector, Reading, readings
from shippers.probes.trying import tried
from shippers.secrets import SecretError
from streams.core.values import Line

KIND = "metrics"
AT_ONCE = 4  # queries
SHARE = 0.45  # of the round's deadline: what the first query may take, and then all others
# What one query meets all others would meet, too: they are not asked, in this round.
_OF_ALL = frozenset({Failure.AUTH, Failure.NOT_FOUND, Failure.RATE_LIMITED, Failure.DNS, Failure.REFUSED, Failure.TLS})
_MENDING = {
    Failure.AUTH: "set FLY_API_TOKEN to what `fly tokens create readonly` prints for [probes.metrics] org",
    Failure.NOT_FOUND: "check [probes.metrics] org and base: fly orgs list",
    Failure.RATE_LIMITED: "ask less often, or less: [probes.metrics] every, without",
    Failure.BAD_QUERY: "mend that [[probes.metrics.query]], or leave it out",
    Failure.BAD_ANSWER: "check [probes.metrics] base",
}


class _Failed(NamedTuple):
    failure: Failure
    detail: str


_Answer = list[Reading] | _Failed


class MetricsProbe:
    """Asks every query about all apps at once, a few queries beside each other."""

    kind = KIND

    def __init__(self, table: Metrics, environ: Mapping[str, str]) -> None:
        """Read the token; SecretError without one."""
        token = fly_token(environ)
        if token is None:
            raise SecretError(f"{VARIABLES[0]}: is not set, and [probes.metrics] needs it: fly tokens create readonly")
        self.name, self.apps = f"{KIND} {table.org}", tuple(dict.fromkeys(table.apps))
        self.every_s, self.deadline_s = table.every_ms / 1000, table.deadline_ms / 1000
        self._token: SecretStr = token
        self._silent: tuple[str, ...] = ()  # apps of which the last round knew nothing
        self._queries, self._condition = table.queries, table.condition
        self._url = f"{table.base.rstrip('/')}/prometheus/{table.org}/api/v1/query"

    async def measure(self, at_ms: int) -> Sequence[Line]:
        """Ask everything; a query that fails takes nothing from the others."""
        gathering, failed = Gathering(self.apps), list[_Failed]()
        for query, answer in await self._answers(at_ms):
            if isinstance(answer, _Failed):
                failed.append(answer)
            else:
                gathering.add(query, answer)
        if gathering.left_out:
            said = f"{gathering.left_out} series of further machines are left out: at most {MOST} are told"
            failed.append(_Failed(Failure.BAD_ANSWER, said))
        found = list(gathering.told())
        heard = {each.app for each in found}
        self._silent = () if failed else tuple(app for app in self.apps if app not in heard)
        lines = [_machine_line(each, at_ms) for each in found if each.instance]
        of_apps = {each.app: each.fields for each in found if not each.instance}
        return lines + [_app_line(app, of_apps.get(app, {}), failed, at_ms) for app in self.apps if failed or app in of_apps]

    async def try_out(self) -> list[Finding]:
        """Ask once; an app of which nothing is known is worth a word."""
        found = await tried(self, _MENDING)
        silent = "nothing is measured: is its name right, and has it a machine that runs?"
        return [*found, *(Finding(self.name, False, f"{app}: {silent}") for app in self._silent)]

    async def _answers(self, at_ms: int) -> list[tuple[Query, _Answer]]:
        first, *rest = self._queries
        room = asyncio.Semaphore(AT_ONCE)
        answer = await self._ask(first, at_ms, room)
        if isinstance(answer, _Failed) and answer.failure in _OF_ALL:
            return [(first, answer)]
        others = await asyncio.gather(*(self._ask(query, at_ms, room) for query in rest))
        return [(first, answer), *zip(rest, others, strict=True)]

    async def _ask(self, query: Query, at_ms: int, room: asyncio.Semaphore) -> _Answer:
        """Ask one query, soon enough for the round to tell the others' answers if it hangs."""
        bound_s = self.deadline_s * SHARE
        form = {
            "query": query.promql.replace(APPS, self._condition),
            "time": f"{at_ms / 1000:.3f}",
            "timeout": f"{bound_s * 1000:.0f}ms",
        }
        try:
            async with asyncio.timeout(bound_s), room:
                return readings(await asked(self._url, {"Authorization": authorization(self._token)}, form=form))
        except TimeoutError:
            return _Failed(Failure.TIMEOUT, f"{query.name}: no answer within {bound_s:g} s")
        except Unanswered as error:
            return _Failed(error.failure, f"{query.name}: {error}")
        except NoVector as error:
            return _Failed(Failure.BAD_QUERY, f"{query.name}: {error}")
        except ValueError as error:
            return _Failed(Failure.BAD_ANSWER, f"{query.name}: {error}")


def _machine_line(found: Gathered, at_ms: int) -> Line:
    return probe_line(found.app, found.instance, at_ms, KIND, True, found.fields, region=found.region)


def _app_line(app: str, fields: Mapping[str, object], failed: Sequence[_Failed], at_ms: int) -> Line:
    if not failed:
        return probe_line(app, KIND, at_ms, KIND, True, fields)
    detail = "; ".join(failure.detail for failure in failed)
    return failed_line(app, KIND, at_ms, KIND, failed[0].failure, detail, {**fields, "failed_queries": len(failed)})
