"""kubelet and kube-proxy: what makes the machine a node."""

import json
from pathlib import Path

from tests.cluster.node import containerd
from tests.cluster.node.certificates import Authority, Certificate
from tests.cluster.node.machine import Machine
from tests.cluster.node.processes import Component
from tests.cluster.node.run import PROGRAMS

NODE_NAME = "node"

PRIVATE_FOLDERS = ("/var/lib/cni", "/var/lib/containerd", "/var/lib/kubelet", "/var/log/containers", "/var/log/pods")
"""Where kubelet, containerd and network plugins keep things; some of the paths are fixed in their programs."""

KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What the kubelet wants to find, and would set for the whole machine if it did not."""


def _kubelet_configuration(machine: Machine, authority: Authority, server: Certificate) -> dict[str, object]:
    resolver = machine.run.configuration / "resolv.conf"
    resolver.write_text("")  # there is no name service
    never = dict.fromkeys(
        ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree"), "0%"
    )
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": machine.run.addresses.node,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{machine.run.name}",
        "containerRuntimeEndpoint": f"unix://{containerd.SOCKET}",
        "evictionHard": never,  # a full disk is the developer's business
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,  # the images could not be fetched again
        "imageGCLowThresholdPercent": 99,
        "localStorageCapacityIsolation": False,
        "nodeStatusUpdateFrequency": "4s",
        "resolvConf": str(resolver),
        "tlsCertFile": str(server.certificate),
        "tlsPrivateKeyFile": str(server.key),
    }


def _proxy_configuration(machine: Machine, kubeconfig: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "nftables": {"minSyncPeriod": "0s"},  # Services follow their pods at once, not once a second
        "clusterCIDR": machine.run.addresses.pods,
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "conntrack": {"maxPerCore": 0},  # leaves the kernel's limits as they are
        "hostnameOverride": NODE_NAME,
    }


def start(machine: Machine, authority: Authority) -> Component:
    """Start the kubelet."""
    run = machine.run
    node = authority.issue(
        "kubelet", f"/O=system:nodes/CN=system:node:{NODE_NAME}", (f"IP:{run.addresses.node}", f"DNS:{NODE_NAME}")
    )
    kubeconfig = run.configuration / "kubelet.kubeconfig"
    authority.write_kubeconfig(kubeconfig, run.addresses.api, node)
    configuration = run.configuration / "kubelet.json"
    configuration.write_text(json.dumps(_kubelet_configuration(machine, authority, node)))
    return machine.start(
        "kubelet",
        PROGRAMS / "kubelet",
        f"--config={configuration}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={run.addresses.node}",
    )


def start_proxy(machine: Machine, authority: Authority) -> Component:
    """Start kube-proxy, which makes the addresses of Services work."""
    run = machine.run
    kubeconfig = run.configuration / "kube-proxy.kubeconfig"
    authority.write_kubeconfig(kubeconfig, run.addresses.api, authority.issue("kube-proxy", "/CN=system:kube-proxy"))
    configuration = run.configuration / "kube-proxy.json"
    configuration.write_text(json.dumps(_proxy_configuration(machine, kubeconfig)))
    return machine.start("kube-proxy", PROGRAMS / "kube-proxy", f"--config={configuration}")
