"""The next token from a model's logits, as transformers' logits processors define it."""

from collections.abc import Collection, Sequence

import torch

from transformermodel_predictor.generation.parameters import GenerationParameters

_LIKELY = 1024
"""So many of the likeliest tokens nearly always hold the share of top_p; finding them is cheaper than sorting all."""

_COLDEST = 1e-6
"""Lower temperatures make infinities of logits, and choose no other token: the likeliest has all of the share."""


class Sampler:
    """Chooses the tokens of one sequence. Its random numbers are its own, so neighbours do not change them.

    Args:
        parameters: how to choose.
        prompt: the tokens that the repetition penalty counts as there already.
        ends: the tokens that end a text.
    """

    def __init__(self, parameters: GenerationParameters, prompt: Sequence[int], ends: Collection[int]) -> None:
        self._parameters = parameters
        self._ends = torch.tensor(sorted(ends), dtype=torch.int64)
        self._made = 0
        counted = set(prompt) if parameters.repetition_penalty != 1 else set()
        self._seen = torch.tensor(sorted(counted), dtype=torch.int64)
        self._random = torch.Generator()
        if parameters.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(parameters.seed)

    @property
    def takes_the_likeliest(self) -> bool:
        """Whether the next token is the one with the largest logit, whatever the others are."""
        parameters = self._parameters
        changed = parameters.repetition_penalty != 1 or self._made < parameters.min_new_tokens
        return not parameters.do_sample and not changed

    def choose(self, logits: torch.Tensor) -> int:
        """The next token, from the logits [vocabulary] of the last position in float32 on the CPU."""
        if not self._parameters.do_sample:
            return int(self._processed(logits).argmax())
        tokens, probabilities = self.distribution(logits)
        return int(tokens[torch.multinomial(probabilities, 1, generator=self._random)])

    def distribution(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens that are drawn from, and their probabilities."""
        temperature = max(self._parameters.temperature, _COLDEST)
        candidates, tokens = self._candidates(self._processed(logits) / temperature)
        return tokens, candidates.softmax(dim=-1)

    def note(self, token: int) -> None:
        """A token was made, whoever chose it."""
        self._made += 1
        if self._parameters.repetition_penalty != 1:
            self._seen = torch.unique(torch.cat([self._seen, torch.tensor([token])]))

    def _processed(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits after the repetition penalty (Keskar et al. 2019, section 4.1), without an end that comes early."""
        penalty = self._parameters.repetition_penalty
        early = self._made < self._parameters.min_new_tokens
        if penalty == 1 and not early:
            return logits
        logits = logits.clone()
        if penalty != 1:
            seen = logits[self._seen]
            logits[self._seen] = torch.where(seen < 0, seen * penalty, seen / penalty)
        if early:
            logits[self._ends] = -torch.inf
        return logits

    def _candidates(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The logits that are drawn from, and their tokens."""
        top_k, top_p = self._parameters.top_k, self._parameters.top_p
        if 0 < top_k < len(logits):
            logits, tokens = logits.topk(top_k)
            return (logits, tokens) if top_p == 1 else _nucleus(logits, tokens, top_p, logits.logsumexp(-1))
        if top_p == 1:
            return logits, torch.arange(len(logits))
        total = logits.logsumexp(-1)
        likely, tokens = logits.topk(min(_LIKELY, len(logits)))
        if len(likely) < len(logits) and float((likely - total).exp().sum()) < top_p:
            likely, tokens = logits.sort(descending=True)
        return _nucleus(likely, tokens, top_p, total)


def _nucleus(
    logits: torch.Tensor, tokens: torch.Tensor, top_p: float, total: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The fewest of the likeliest tokens whose share is at least top_p (Holtzman et al. 2020), always one.

    Args:
        logits: in descending order.
        tokens: to which they belong.
        top_p: the share.
        total: logsumexp of all logits, of which these may be the largest only.
    """
    shares = (logits - total).exp()
    before = shares.cumsum(-1) - shares
    kept = max(1, int((before < top_p).sum()))
    return logits[:kept], tokens[:kept]
