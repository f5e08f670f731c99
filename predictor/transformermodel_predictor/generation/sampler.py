"""Chooses the next token from a model's logits, like transformers' logits processors."""

from collections.abc import Collection, Sequence

import torch

from transformermodel_predictor.generation.parameters import GenerationParameters

_LIKELY = 1024
"""This many top tokens nearly always have a probability of top_p; finding them is cheaper than sorting all tokens."""

_COLDEST = 1e-6
"""Lower temperatures overflow the logits, and would choose the same token: the most likely has all the probability."""


class Sampler:
    """Chooses the tokens of one sequence. It has its own random generator, so that the batch does not change its text.

    Args:
        parameters: of sampling.
        prompt: tokens that the repetition penalty applies to.
        ends: end-of-sequence tokens.
    """

    def __init__(self, parameters: GenerationParameters, prompt: Sequence[int], ends: Collection[int]) -> None:
        self._parameters = parameters
        self._ends = torch.tensor(sorted(ends), dtype=torch.int64)
        self._generated = 0
        counted = set(prompt) if parameters.repetition_penalty != 1 else set()
        self._seen = torch.tensor(sorted(counted), dtype=torch.int64)
        self._random = torch.Generator()
        if parameters.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(parameters.seed)

    @property
    def takes_the_likeliest(self) -> bool:
        """Whether the next token is simply the one with the largest logit."""
        parameters = self._parameters
        changed = parameters.repetition_penalty != 1 or self._generated < parameters.min_new_tokens
        return not parameters.do_sample and not changed

    def choose(self, logits: torch.Tensor) -> int:
        """The next token, from the last position's logits [vocabulary], float32 on the CPU."""
        if not self._parameters.do_sample:
            return int(self._processed(logits).argmax())
        tokens, probabilities = self.distribution(logits)
        return int(tokens[torch.multinomial(probabilities, 1, generator=self._random)])

    def distribution(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tokens to sample from, and their probabilities."""
        temperature = max(self._parameters.temperature, _COLDEST)
        candidates, tokens = self._candidates(self._processed(logits) / temperature)
        return tokens, candidates.softmax(dim=-1)

    def note(self, token: int) -> None:
        """Record a generated token, whoever chose it."""
        self._generated += 1
        if self._parameters.repetition_penalty != 1:
            self._seen = torch.unique(torch.cat([self._seen, torch.tensor([token])]))

    def _processed(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits with the repetition penalty (Keskar et al. 2019, section 4.1), without a premature end of sequence."""
        penalty = self._parameters.repetition_penalty
        early = self._generated < self._parameters.min_new_tokens
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
        """The logits to sample from, and their tokens."""
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
    """The smallest set of top tokens with a probability of at least top_p (Holtzman et al. 2020), at least one.

    Args:
        logits: in descending order.
        tokens: of these logits.
        top_p: the probability.
        total: logsumexp of all logits; `logits` may hold only the largest.
    """
    shares = (logits - total).exp()
    before = shares.cumsum(-1) - shares
    kept = max(1, int((before < top_p).sum()))
    return logits[:kept], tokens[:kept]
