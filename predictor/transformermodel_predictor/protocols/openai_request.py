"""Reads requests of OpenAI's API for completions and chat completions. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.sizes import require_messages, require_rows

_MOST_CHOICES = 16
_MOST_LOGPROBS = 20

_PARAMETERS = (
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "min_tokens",
    "top_k",
    "repetition_penalty",
    "do_sample",
)
"""Generation parameters, which the task reads. The last four are not OpenAI's own."""

_SEEDS = 2**63
"""Number of seeds that the task accepts, from 0; OpenAI's seeds are signed."""

_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "audio": (),
    "frequency_penalty": (0,),
    "function_call": ("none", "auto"),
    "functions": ([],),
    "logit_bias": ({},),
    "modalities": (["text"],),
    "prediction": (),
    "presence_penalty": (0,),
    "response_format": ({"type": "text"},),
    "suffix": ("",),
    "tool_choice": ("none", "auto"),
    "tools": ([],),
    "web_search_options": (),
}
"""Members that are not supported, with the values that request nothing and are accepted; null always is."""

_IGNORED = frozenset(
    {
        "metadata",
        "moderation",
        "parallel_tool_calls",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "safety_identifier",
        "service_tier",
        "store",
        "user",
        "verbosity",
    }
)
"""Members that do not change the answer."""

_KINDS_OF_PROMPTS = "must be a string, a list of token ids, or a list of one or the other; no list may be empty"

_STREAM_OPTIONS = frozenset({"include_usage", "include_obfuscation"})

ROLES = {"developer": "system", **{role: role for role in ("system", "user", "assistant")}}
"""The roles of messages, with chat templates' names for them: newer clients send `developer` for `system`."""

_MESSAGE_MEMBERS = frozenset({"role", "content", "name"})
"""The members of a message that are read; the chat template decides whether to write the name."""


@dataclass(frozen=True)
class CompletionRequest:
    """A client's request.

    Attributes:
        model: the model's name.
        prompts: the questions as named fields, `text` or `messages`.
        parameters: generation parameters, as sent.
        choices: number of answers to each prompt.
        stream: whether to stream the answers.
        usage: whether a stream ends with the usage.
        logprobs: number of most probable tokens to return at each position, beside the chosen one, with their
            log-probabilities; None if no log-probabilities are requested.
        tokens: the token ids of each prompt, not yet validated, if prompts were sent as such; their texts are empty.
    """

    model: str
    prompts: tuple[Mapping[str, Any], ...]
    parameters: Mapping[str, Any]
    choices: int
    stream: bool
    usage: bool
    logprobs: int | None = None
    tokens: tuple[Sequence[int], ...] = ()


def read_completion(body: object, most_rows: int | None = None) -> CompletionRequest:
    """Read the body of a request for completions.

    Args:
        body: the JSON value.
        most_rows: most choices allowed in all, prompts times `n`; None for no limit.

    Raises:
        InvalidRequest: a member is missing, wrong or not supported; message and field name it.
        TooManyRows: there are too many choices.
    """
    document = _document(body, ("prompt", "echo", "logprobs"))
    prompts = _prompts(document)
    require_rows(len(prompts) * _choices(document), most_rows, "prompts, each counted n times", "prompt")
    texts = [prompt for prompt in prompts if isinstance(prompt, str)]
    tokens = tuple(prompt for prompt in prompts if isinstance(prompt, list) and prompt)
    if len(prompts) not in (len(texts), len(tokens)):
        raise _wrong("prompt", _KINDS_OF_PROMPTS)
    echo, logprobs = _flag(document, "echo"), _completion_logprobs(document)
    if echo and logprobs is not None:
        raise _wrong("logprobs", "are those of the generated text, not of the prompt; leave out echo or logprobs")
    request = _request(document, [{"text": text} for text in texts or [""] * len(tokens)], {"return_full_text": echo})
    return replace(request, logprobs=logprobs, tokens=tokens)


def read_chat(body: object, most_rows: int | None = None) -> CompletionRequest:
    """Read the body of a request for a chat completion.

    Args:
        body: the JSON value.
        most_rows: most messages allowed, and most parts of all messages together; None for no limit.

    Raises:
        InvalidRequest: a member is missing, wrong or not supported; message and field name it.
        TooManyRows: there are too many messages, or parts.
    """
    document = _document(body, ("messages", "logprobs", "top_logprobs"))
    messages = document.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _wrong("messages", "must be a list with at least one message")
    require_messages(len(messages), sum(map(_parts, messages)), most_rows)
    read = [_message(message, f"messages[{index}]") for index, message in enumerate(messages)]
    request = _request(document, [{"messages": read}], {"return_full_text": False})
    return replace(request, logprobs=_chat_logprobs(document))


def _document(body: object, own: tuple[str, ...]) -> Mapping[str, Any]:
    """The members of a body that are not null; refuses unknown and unsupported ones.

    Args:
        body: the JSON value.
        own: members that only this kind of request has.
    """
    if not isinstance(body, Mapping):
        raise InvalidRequest("the body must be an object")
    known = {"model", "n", "best_of", "stream", "stream_options", *own, *_PARAMETERS, *_NEUTRAL, *_IGNORED}
    for name, value in body.items():
        if name not in known:
            raise _wrong(name, "is not known here")
        if value is not None and name in _NEUTRAL and value not in _NEUTRAL[name]:
            raise _wrong(name, "is not supported; leave it out")
    return {name: value for name, value in body.items() if value is not None}


def _prompts(document: Mapping[str, Any]) -> list[Any]:
    """The prompts; a single one need not be in a list: a text, or a list that begins with a number."""
    prompt = document.get("prompt")
    if isinstance(prompt, str):
        return [prompt]
    if not isinstance(prompt, list) or not prompt:
        raise _wrong("prompt", _KINDS_OF_PROMPTS)
    return [prompt] if type(prompt[0]) is int else prompt


def _request(
    document: Mapping[str, Any], prompts: list[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> CompletionRequest:
    model = document.get("model")
    if not isinstance(model, str):
        raise _wrong("model", "must be the name of a model")
    options = _stream_options(document)
    return CompletionRequest(
        model=model,
        prompts=tuple(prompts),
        parameters={**parameters, **_generation_parameters(document)},
        choices=_choices(document),
        stream=_flag(document, "stream"),
        usage=_flag(options, "include_usage", "stream_options."),
    )


def _choices(document: Mapping[str, Any]) -> int:
    choices = document.get("n", 1)
    if isinstance(choices, bool) or not isinstance(choices, int) or not 1 <= choices <= _MOST_CHOICES:
        raise _wrong("n", f"must be a whole number from 1 to {_MOST_CHOICES}")
    best_of = document.get("best_of", choices)
    if isinstance(best_of, bool) or best_of != choices:
        raise _wrong("best_of", f"must be n, which is {choices}: all choices that are generated are answered")
    return choices


def _stream_options(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a stream; refused if the request does not stream."""
    options = document.get("stream_options", {})
    if not isinstance(options, Mapping):
        raise _wrong("stream_options", "must be an object")
    for name in options:
        if name not in _STREAM_OPTIONS:
            raise _wrong(f"stream_options.{name}", "is not known here")
    if _flag(options, "include_obfuscation", "stream_options."):
        raise _wrong("stream_options.include_obfuscation", "is not supported; leave it out")
    if options and not _flag(document, "stream"):
        raise _wrong("stream_options", "needs stream to be true")
    return options


def _generation_parameters(document: Mapping[str, Any]) -> dict[str, Any]:
    """The generation parameters, as the task reads them."""
    parameters = {name: document[name] for name in _PARAMETERS if name in document}
    stop, seed = parameters.get("stop"), parameters.get("seed")
    if isinstance(stop, str):  # the task would parse a text that looks like a JSON list
        parameters["stop"] = [stop]
    if type(seed) is int and -_SEEDS <= seed < 0:
        parameters["seed"] = seed + _SEEDS
    return parameters


def _completion_logprobs(document: Mapping[str, Any]) -> int | None:
    """Number of most probable tokens that a completion returns per position; None for `false`, as for null."""
    count = document.get("logprobs", False)
    return None if count is False else _likeliest(count, "logprobs")


def _chat_logprobs(document: Mapping[str, Any]) -> int | None:
    """Number of most probable tokens that a chat message returns per position."""
    likeliest = _likeliest(document.get("top_logprobs", 0), "top_logprobs")
    if _flag(document, "logprobs"):
        return likeliest
    if likeliest:
        raise _wrong("top_logprobs", "needs logprobs to be true")
    return None


def _likeliest(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_LOGPROBS:
        raise _wrong(name, f"must be a whole number from 0 to {_MOST_LOGPROBS}")
    return value


def _message(message: object, name: str) -> dict[str, str]:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise _wrong(name, "must be an object with role and content")
    if message.get("tool_calls") or message.get("function_call") or message["role"] in ("tool", "function"):
        raise _wrong(name, "uses tools, which are not supported")
    for member, value in message.items():
        if member not in _MESSAGE_MEMBERS and value not in (None, []):
            raise InvalidRequest(f"{member} of {name} is not supported; leave it out", f"{name}.{member}")
    if message["role"] not in ROLES:
        raise InvalidRequest(f"the role of {name} must be one of {', '.join(ROLES)}", f"{name}.role")
    speaker = message.get("name")
    if not isinstance(speaker, str | None):
        raise InvalidRequest(f"the name of {name} must be a string", f"{name}.name")
    read = {"role": ROLES[message["role"]], "content": _content(message.get("content"), name)}
    return read if speaker is None else {**read, "name": speaker}


def _parts(message: object) -> int:
    content = message.get("content") if isinstance(message, Mapping) else None
    return len(content) if isinstance(content, list) else 0


def _content(content: object, name: str) -> str:
    """A message's text: a string, or the joined texts of its parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [None]
    texts = [part.get("text") for part in parts if isinstance(part, Mapping) and part.get("type") == "text"]
    if len(texts) != len(parts) or not all(isinstance(text, str) for text in texts):
        raise InvalidRequest(
            f"the content of {name} must be a string or a list of text parts; no others are supported",
            f"{name}.content",
        )
    return "".join(str(text) for text in texts)


def _flag(document: Mapping[str, Any], name: str, within: str = "") -> bool:
    value = document.get(name, False)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(f"{within}{name}", "must be true or false")
    return value


def _wrong(field: str, why: str) -> InvalidRequest:
    """The error for a member, whose name begins the message."""
    return InvalidRequest(f"{field} {why}", field)
