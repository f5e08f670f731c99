"""CEL rules for the task Custom: which fields it requires or excludes, and which only it may have."""

from transformermodel_api.rules import Rule

_NOT_CUSTOM = "self.task != 'Custom'"
_PREPARATION_UNSAID = (
    "(!has(self.preparation.format) || self.preparation.format == 'Auto')"
    " && (!has(self.preparation.engine) || self.preparation.engine == 'Auto')"
    " && (!has(self.preparation.precision) || self.preparation.precision == 'Auto')"
    " && (!has(self.preparation.deviceMap) || self.preparation.deviceMap == 'Single')"
    " && (!has(self.preparation.attention) || self.preparation.attention == 'Auto')"
    " && !has(self.preparation.maxLength) && !has(self.preparation.doLowerCase) && !has(self.preparation.labels)"
    " && !has(self.preparation.numLabels) && !has(self.preparation.batchSize) && !has(self.preparation.compile)"
    " && !has(self.preparation.parity)"
)
# IntegratedGradients used to be the method's default, so older stored resources contain it.
_EXPLANATIONS_UNSAID = (
    "self.predictor.explanations.enabled && (!has(self.predictor.explanations.method)"
    " || self.predictor.explanations.method == 'IntegratedGradients')"
    " && self.predictor.explanations.baseline == 'Pad' && self.predictor.explanations.tolerance == '0.02'"
    " && !has(self.predictor.explanations.steps) && !has(self.predictor.explanations.maxSteps)"
    " && !has(self.predictor.explanations.samples)"
)

CUSTOM_RULES = (
    Rule(
        f"{_NOT_CUSTOM} || (has(self.source.trustRemoteCode) && self.source.trustRemoteCode == 'Allowed')",
        "trustRemoteCode must be Allowed for the task Custom, which runs the archive's own code",
        field=".source.trustRemoteCode",
    ),
    Rule(
        f"{_NOT_CUSTOM} || !has(self.source.adapterUri)",
        "adapterUri is not for the task Custom, whose handler loads the model itself; remove it",
        field=".source.adapterUri",
    ),
    Rule(
        f"{_NOT_CUSTOM} || !has(self.preparation) || ({_PREPARATION_UNSAID})",
        "of preparation only deadlineSeconds, ttlSecondsAfterFinished, serviceAccountName, resources, nodeSelector and "
        "tolerations are for the task Custom, whose handler decides the rest; remove the others",
        field=".preparation",
    ),
    Rule(
        f"{_NOT_CUSTOM} || !has(self.predictor) || !has(self.predictor.batching.maxTokens)",
        "maxTokens is not for the task Custom, whose requests are not tokens; use maxBatchSize",
        field=".predictor.batching.maxTokens",
    ),
    Rule(
        f"{_NOT_CUSTOM} || !has(self.predictor) || ({_EXPLANATIONS_UNSAID})",
        "explanations are the handler's own for the task Custom; remove them",
        field=".predictor.explanations",
    ),
    Rule(
        f"{_NOT_CUSTOM} || !has(self.tests) || "
        "self.tests.all(test, !has(test.expect.score) && !has(test.expect.entities))",
        "tests of the task Custom expect a reply: say it as label or answer, or how it begins as generatedText",
        field=".tests",
    ),
    Rule(
        "self.task == 'Custom' || !has(self.source.requirements) || self.source.requirements == 'Ignored'",
        "requirements are only for the task Custom; remove them",
        field=".source.requirements",
    ),
    Rule(
        "self.task == 'Custom' || !has(self.predictor) || !has(self.predictor.workers)",
        "workers are only for the task Custom; remove them",
        field=".predictor.workers",
    ),
)
