"""Who is known to be good: addresses, proxies, search bots, paths. Knows no rule."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from streams.core.security.catalogue import Allow, Engine

REMEMBERED = 8_192
Network = IPv4Network | IPv6Network


class KnownGood:
    """Answers what the ``[allow]`` table says; the answers of addresses and agents are remembered."""

    __slots__ = ("_agents", "_paths", "address", "agent", "has_paths", "proxy")

    def __init__(self, allow: Allow, engine: Engine) -> None:
        """Make the searches."""
        self._agents = allow.agents
        self._paths = engine.several(allow.paths) if allow.paths else None
        self.has_paths = self._paths is not None
        self.agent = lru_cache(REMEMBERED)(self._agent)
        self.address = lru_cache(REMEMBERED)(_Within(allow.addresses))
        self.proxy = lru_cache(REMEMBERED)(_Within(allow.proxies))

    def _agent(self, agent: str | None) -> bool:
        """Tell whether an agent calls itself one of those that are welcome."""
        small = (agent or "").lower()
        return any(word in small for word in self._agents)

    def path(self, path: bytes) -> bool:
        """Tell whether nothing is to be told of a path."""
        return self._paths is not None and bool(self._paths(path))


class _Within:
    __slots__ = ("_networks",)

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(network, strict=False) for network in networks)

    def __call__(self, address: str | None) -> bool:
        if not address or not self._networks:
            return False
        try:
            found: IPv4Address | IPv6Address = ip_address(address)
        except ValueError:  # a host's name, or nothing of the kind
            return False
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return any(found in network for network in self._networks)
