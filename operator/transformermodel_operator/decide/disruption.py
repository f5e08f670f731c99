"""The PodDisruptionBudget: it exists while a model always has more than one replica."""

from dataclasses import dataclass

from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.disruption_budget import disruption_budget
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.comparison import is_up_to_date
from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.decide.ownership import Ownership, ownership, refusal_of
from transformermodel_operator.objects import Document, Reference, is_terminating
from transformermodel_operator.reasons import EventType
from transformermodel_operator.snapshot import Snapshot


@dataclass(frozen=True)
class BudgetVerdict:
    """What to do about the budget.

    Attributes:
        apply: budgets to write.
        delete: budgets to remove.
        refusal: why there is none although there should be; the model serves anyway.
    """

    apply: tuple[Document, ...] = ()
    delete: tuple[Document, ...] = ()
    refusal: str | None = None


def wants_budget(model: TransformerModel) -> bool:
    """Whether the model always has more than one replica."""
    return model.spec.predictor.min_replicas > 1


def budget_remarks(model: TransformerModel, snapshot: Snapshot) -> tuple[Event, ...]:
    """What the user should know before the model is served: that its budget's name is somebody else's."""
    if not wants_budget(model):
        return ()
    reference = Reference.to(disruption_budget(model.metadata))
    found = snapshot.budget or snapshot.namesakes.get(reference)
    refusal = refusal_of(found, reference, model.metadata, {})
    return (Event(EventType.Warning, refusal.reason, refusal.message),) if refusal is not None else ()


def budget_for(model: TransformerModel, snapshot: Snapshot) -> BudgetVerdict:
    """The verdict for a model that is to be served."""
    found, wanted = snapshot.budget, disruption_budget(model.metadata)
    if not wants_budget(model):
        ours = found is not None and ownership(found, model.metadata) is Ownership.Ours and not is_terminating(found)
        return BudgetVerdict(delete=(found,) if found is not None and ours else ())
    refusal = refusal_of(found, Reference.to(wanted), model.metadata, snapshot.refusals)
    if refusal is not None:
        return BudgetVerdict(refusal=refusal.message)
    if found is not None and (is_terminating(found) or is_up_to_date(found, wanted, FIELD_MANAGER)):
        return BudgetVerdict()
    return BudgetVerdict(apply=(wanted,))
