"""containerd with the images that pods name. No registry is reachable, and none is needed."""

import json
from pathlib import Path

from tests.cluster.node import oci, software
from tests.cluster.node.machine import Machine
from tests.cluster.node.processes import Component, NodeFailed, wait_until
from tests.cluster.node.run import PROGRAMS, Run

OPERATOR_IMAGE = "transformermodel.test/operator:test"
PREDICTOR_IMAGE = "transformermodel.test/predictor:test"
OTHER_TAG = "other"
"""Of both images: what is called by it is the same, but Kubernetes cannot know that."""
_PAUSE_IMAGE = "transformermodel.test/pause:test"
_NOBODY = 65532  # the user of images that promise not to need root
SOCKET = Path("/run/containerd/containerd.sock")
"""Inside the node's mount namespace."""


def _images(mounts: dict[Path, Path]) -> list[oci.Image]:
    parents = {str(parent) for place in mounts for parent in (place, *place.parents) if str(parent) != "/"}
    names = [image.rpartition(":")[0] for image in (OPERATOR_IMAGE, PREDICTOR_IMAGE)]
    pause = ((PROGRAMS / "pause").read_bytes(), 0o755)
    return [
        oci.Image(
            (_PAUSE_IMAGE,), files={"/pause": pause}, configuration={"Entrypoint": ["/pause"], "User": "65535:65535"}
        ),
        oci.Image(
            tuple(f"{name}:{tag}" for name in names for tag in ("test", OTHER_TAG)),
            directories={**dict.fromkeys(sorted({"/etc", "/mnt", *parents}), 0o755), "/tmp": 0o1777},
            files={"/etc/passwd": (f"nonroot:x:{_NOBODY}:{_NOBODY}::/tmp:/bin/sh\n".encode(), 0o644)},
            links={f"/{name}": f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")},
            configuration={
                "User": f"{_NOBODY}:{_NOBODY}",
                "Env": [f"PATH={software.PLACE}/bin:/usr/local/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"],
            },
        ),
    ]


def _write_runtime_specification(machine: Machine, path: Path, mounts: dict[Path, Path]) -> None:
    """Every container gets the mounts, so that images hold almost nothing."""
    specification = json.loads(machine.namespaces.run("ctr", "oci", "spec"))
    specification["mounts"] += [
        {
            "destination": str(place),
            "source": str(source),
            "type": "bind",
            "options": ["rbind", "ro", "nosuid", "nodev"],
        }
        for place, source in mounts.items()
    ]
    path.write_text(json.dumps(specification))


def _write_network_configuration(folder: Path, run: Run) -> None:
    folder.mkdir()
    bridge = {
        "type": "bridge",
        "bridge": "pods0",
        "isGateway": True,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": run.addresses.pods_of_node}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    (folder / "pods.conflist").write_text(json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}))


def _write_configuration(path: Path, network: Path, specification: Path) -> None:
    # The native snapshotter copies a few kilobytes where overlayfs would fail on a disk that is itself an overlay.
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE no sandbox could lower its score, and none would start.
    path.write_text(f"""\
version = 2
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{_PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{network}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    base_runtime_spec = "{specification}"
""")


def start(machine: Machine, environment: Path) -> Component:
    """Start containerd and give it the images, whose containers run the environment with the project's wheel."""
    configuration = machine.run.configuration
    mounts = software.mounts(environment)
    specification = configuration / "runtime-specification.json"
    _write_runtime_specification(machine, specification, mounts)
    _write_network_configuration(configuration / "cni", machine.run)
    _write_configuration(configuration / "containerd.toml", configuration / "cni", specification)
    containerd = machine.start("containerd", "containerd", "--config", configuration / "containerd.toml")
    images = machine.run.folder / "images.tar"
    oci.write_archive(images, _images(mounts))
    wait_until(lambda: _answers(machine), "answer from containerd", seconds=60, components=(containerd,))
    machine.namespaces.run("ctr", "-n", "k8s.io", "images", "import", "--snapshotter", "native", images)
    return containerd


def _answers(machine: Machine) -> bool:
    try:
        machine.namespaces.run("ctr", "version")
    except NodeFailed:
        return False
    return True
