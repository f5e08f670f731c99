"""What Kubernetes' NetworkPolicies let through, as a function over manifests.

After https://kubernetes.io/docs/concepts/services-networking/network-policies/. The cluster of the tests has no network
plugin that enforces them; what they say can be read all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Label that the API server gives to every namespace."""

Policy = Mapping[str, Any]
Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod as policies see it; its namespace has no labels but its name."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Host:
    """Something that is no pod."""

    address: str


End = Pod | Host


def lets_through(policies: Sequence[Policy], source: End, target: End, port: int, protocol: str = "TCP") -> bool:
    """Whether a connection from one to the other is let out there and let in here."""
    ends = (("Egress", "egress", "to", source, target), ("Ingress", "ingress", "from", target, source))
    for kind, rules, peers, own, other in ends:
        binding = [policy for policy in policies if _binds(policy, kind, own)]
        if binding and not any(
            _peer_matches(rule.get(peers), other, policy) and _port_matches(rule.get("ports"), port, protocol)
            for policy in binding
            for rule in policy["spec"].get(rules) or ()
        ):
            return False
    return True


def selected(policy: Policy, pod: Pod) -> bool:
    """Whether a policy is about a pod."""
    same = policy["metadata"]["namespace"] == pod.namespace
    return same and _selects(policy["spec"]["podSelector"], pod.labels)


def _binds(policy: Policy, kind: str, end: End) -> bool:
    return isinstance(end, Pod) and kind in policy["spec"]["policyTypes"] and selected(policy, end)


def _peer_matches(peers: Sequence[Rule] | None, end: End, policy: Policy) -> bool:
    return not peers or any(_is_peer(peer, end, policy["metadata"]["namespace"]) for peer in peers)


def _is_peer(peer: Rule, end: End, own_namespace: str) -> bool:
    if isinstance(end, Host):
        return "ipBlock" in peer and _is_in(peer["ipBlock"], end.address)
    if "ipBlock" in peer:
        return False
    namespaces = peer.get("namespaceSelector", {"matchLabels": {NAMESPACE_LABEL: own_namespace}})
    there = _selects(namespaces, {NAMESPACE_LABEL: end.namespace})
    return there and _selects(peer.get("podSelector", {}), end.labels)


def _is_in(block: Rule, address: str) -> bool:
    def within(cidr: str) -> bool:
        return ip_address(address) in ip_network(cidr)

    return within(block["cidr"]) and not any(map(within, block.get("except") or ()))


def _port_matches(ports: Sequence[Rule] | None, port: int, protocol: str) -> bool:
    return not ports or any((entry.get("protocol", "TCP"), entry["port"]) == (protocol, port) for entry in ports)


def _selects(selector: Rule, labels: Mapping[str, str]) -> bool:
    return all(_requirements(selector, labels))


def _requirements(selector: Rule, labels: Mapping[str, str]) -> Iterator[bool]:
    for key, value in (selector.get("matchLabels") or {}).items():
        yield labels.get(key) == value
    for requirement in selector.get("matchExpressions") or ():
        found, values = labels.get(requirement["key"]), requirement.get("values") or ()
        yield {
            "In": found in values,
            "NotIn": found not in values,
            "Exists": found is not None,
            "DoesNotExist": found is None,
        }[requirement["operator"]]
