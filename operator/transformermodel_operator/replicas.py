"""What the pods of a predictor say while a revision is on its way."""

from collections.abc import Sequence
from dataclasses import dataclass

from transformermodel_operator.children.inference_service import REVISION_ANNOTATION
from transformermodel_operator.objects import Document, annotations, condition

CONTAINER = "kserve-container"
"""The container that serves, as KServe calls it."""

LOOP = 3
"""So many ends of a container are no accident any more."""

_WAITS_WITHOUT_NEWS = frozenset({"ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
_MOST_WORDS = 600


@dataclass(frozen=True)
class Trouble:
    """What keeps the pods of one revision from serving.

    Attributes:
        crashes: a pod ends again and again: which, and its last words; None where none does.
        obstacle: why a pod does not run, one sentence; None where there is nothing to tell.
    """

    crashes: str | None = None
    obstacle: str | None = None


def read_trouble(pods: Sequence[Document], revision: str | None) -> Trouble:
    """Read the pods of a predictor, those of one revision alone; others are on their way out."""
    ours = [pod for pod in pods if annotations(pod).get(REVISION_ANNOTATION) == revision]
    newest_first = sorted(ours, key=lambda pod: str(pod["metadata"]["creationTimestamp"]), reverse=True)
    return Trouble(crashes=_first(map(_crashes, newest_first)), obstacle=_first(map(_obstacle, newest_first)))


def _first(sentences: "map[str | None]") -> str | None:
    return next((sentence for sentence in sentences if sentence is not None), None)


def _container(pod: Document) -> Document:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((status for status in statuses if status["name"] == CONTAINER), {})


def _crashes(pod: Document) -> str | None:
    return _last_words(pod) if int(_container(pod).get("restartCount") or 0) >= LOOP else None


def _last_words(pod: Document) -> str | None:
    """How a pod's container has ended, if it does not serve since."""
    container = _container(pod)
    ends = (container.get(name, {}).get("terminated") for name in ("state", "lastState"))
    ended = next((end for end in ends if end), None)
    if ended is None or container.get("ready"):
        return None
    words = " ".join((ended.get("message") or "").split())[-_MOST_WORDS:]
    end = f"{ended.get('reason', 'Error')}, exit status {ended['exitCode']}"
    restarts = int(container.get("restartCount") or 0)
    return f"Pod {pod['metadata']['name']} has ended ({end}) and was restarted {restarts} times. {words}".strip()


def _obstacle(pod: Document) -> str | None:
    waiting = (_container(pod).get("state") or {}).get("waiting") or {}
    if waiting and waiting.get("reason") not in _WAITS_WITHOUT_NEWS:
        return _sentence(pod, waiting)
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return _sentence(pod, scheduled)
    return _last_words(pod)


def _sentence(pod: Document, told: Document) -> str:
    words = ": ".join(told[name] for name in ("reason", "message") if told.get(name))
    return f"Pod {pod['metadata']['name']}: {words}"
