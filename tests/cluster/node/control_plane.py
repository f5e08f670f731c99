"""etcd, API server, controllers and scheduler."""

import json

from tests.cluster.node import audit
from tests.cluster.node.certificates import Authority
from tests.cluster.node.machine import Machine
from tests.cluster.node.processes import Component, wait_until
from tests.cluster.node.run import PROGRAMS

_ETCD = "http://127.0.0.1:2379"
_ISSUER = "https://kubernetes.default.svc"
_FRONT_PROXY = "front-proxy"


def start(machine: Machine, authority: Authority) -> tuple[Component, ...]:
    """Start the control plane and write the administrator's kubeconfig; returns when the API server is ready."""
    run = machine.run
    admin = authority.issue("admin", "/O=system:masters/CN=admin")
    authority.write_kubeconfig(run.kubeconfig, run.addresses.api, admin)
    etcd = machine.start(
        "etcd",
        PROGRAMS / "etcd",
        f"--data-dir={run.folder / 'etcd'}",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",  # nothing of a run is worth keeping
        "--log-level=warn",
    )
    api_server = _start_api_server(machine, authority)

    def ready() -> bool:
        return machine.kubectl("get", "--raw=/readyz").returncode == 0

    wait_until(ready, "ready API server", seconds=90, components=(etcd, api_server))
    return etcd, api_server, _start_controllers(machine, authority), _start_scheduler(machine, authority)


def _start_api_server(machine: Machine, authority: Authority) -> Component:
    addresses = machine.run.addresses
    names = ("IP:127.0.0.1", f"IP:{addresses.node}", f"IP:{addresses.api_service}", "DNS:kubernetes.default.svc")
    server = authority.issue("kube-apiserver", "/CN=kube-apiserver", names)
    # To the kubelet the API server is an administrator: it reads logs and executes commands for those it has let in.
    client = authority.issue("kube-apiserver-to-kubelet", "/O=system:masters/CN=kube-apiserver")
    # To the servers of further APIs it says so who asks.
    proxy = authority.issue("front-proxy", f"/CN={_FRONT_PROXY}")
    policy = machine.run.configuration / "audit-policy.json"
    policy.write_text(json.dumps(audit.POLICY))
    return machine.start(
        "kube-apiserver",
        PROGRAMS / "kube-apiserver",
        f"--etcd-servers={_ETCD}",
        f"--advertise-address={addresses.node}",
        f"--secure-port={addresses.api_port}",
        f"--service-cluster-ip-range={addresses.services}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={authority.certificate}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--service-account-key-file={authority.service_account_key}",
        f"--service-account-signing-key-file={authority.service_account_key}",
        f"--service-account-issuer={_ISSUER}",
        f"--kubelet-client-certificate={client.certificate}",
        f"--kubelet-client-key={client.key}",
        f"--kubelet-certificate-authority={authority.certificate}",
        f"--proxy-client-cert-file={proxy.certificate}",
        f"--proxy-client-key-file={proxy.key}",
        f"--requestheader-client-ca-file={authority.certificate}",
        f"--requestheader-allowed-names={_FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={machine.run.audit_log}",
        "--kubelet-preferred-address-types=InternalIP",  # the node's name resolves nowhere
    )


def _start_controllers(machine: Machine, authority: Authority) -> Component:
    name = "kube-controller-manager"
    kubeconfig = machine.run.configuration / f"{name}.kubeconfig"
    authority.write_kubeconfig(kubeconfig, machine.run.addresses.api, authority.issue(name, f"/CN=system:{name}"))
    return machine.start(
        name,
        PROGRAMS / name,
        f"--kubeconfig={kubeconfig}",
        f"--service-account-private-key-file={authority.service_account_key}",
        f"--root-ca-file={authority.certificate}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        f"--cluster-cidr={machine.run.addresses.pods}",
        "--allocate-node-cidrs=true",
        # An autoscaler looks more often than every 15 s, and does not wait 5 min before it takes a replica away.
        "--horizontal-pod-autoscaler-sync-period=2s",
        "--horizontal-pod-autoscaler-downscale-stabilization=5s",
        "--pvclaimbinder-sync-period=1s",  # a claim that is seen before its volume waits for the next round
        "--bind-address=127.0.0.1",
    )


def _start_scheduler(machine: Machine, authority: Authority) -> Component:
    name = "kube-scheduler"
    kubeconfig = machine.run.configuration / f"{name}.kubeconfig"
    authority.write_kubeconfig(kubeconfig, machine.run.addresses.api, authority.issue(name, f"/CN=system:{name}"))
    return machine.start(
        name, PROGRAMS / name, f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--bind-address=127.0.0.1"
    )
