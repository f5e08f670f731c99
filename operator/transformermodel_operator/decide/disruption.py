"""The PodDisruptionBudget: it exists while a model always has more than one replica."""

from dataclasses import dataclass

from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.disruption_budget import disruption_budget
from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.comparison import settled
from transformermodel_operator.decide.ownership import Ownership, ownership, refusal_of
from transformermodel_operator.objects import Document, Reference, is_terminating
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


def budget_for(model: TransformerModel, snapshot: Snapshot) -> BudgetVerdict:
    """The verdict for a model that is to be served."""
    found, wanted = snapshot.budget, disruption_budget(model.metadata)
    if model.spec.predictor.min_replicas < 2:
        ours = found is not None and ownership(found, model.metadata) is Ownership.Ours and not is_terminating(found)
        return BudgetVerdict(delete=(found,) if found is not None and ours else ())
    refusal = refusal_of(found, Reference.to(wanted), model.metadata, snapshot.refusals)
    if refusal is not None:
        return BudgetVerdict(refusal=refusal.message)
    if found is not None and (is_terminating(found) or settled(found, wanted, FIELD_MANAGER)):
        return BudgetVerdict()
    return BudgetVerdict(apply=(wanted,))
