"""Problems: every answer that is not a success, as RFC 9457. Knows no route and no business word.

A problem is its `code`. Its status and its texts in Chinese and English stand beside the code in a catalogue: the
kit's own in `texts.py`, a service's own given to `create_app(texts=…)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
MEDIA_TYPE = b"application/problem+json"


class Text(NamedTuple):
    """What a code is called, in both languages, and one sentence about this occurrence (`{params}` are filled in).

    Titles never vary. A missing detail is the title, or, in English, the sentence the code raised.
    """

    zh: str
    en: str
    zh_detail: str = ""
    en_detail: str = ""
    status: int = 0


Texts = Mapping[str, Any]
"""code → Text, or just (zh, en) or (zh, en, zh detail, en detail)."""


class At(NamedTuple):
    """What is wrong with one part of the request: `where` is body, query, path or header; `pointer` a JSON pointer."""

    pointer: str
    code: str
    detail: str = ""
    params: Mapping[str, Any] = {}
    where: str = "body"


class Problem(Exception):
    """Stop here and answer with this status and code. Never holds internals or personal data.

    `errors` name the parts at fault, `params` fill the translated texts (left out: those of the first error with
    the same code), `headers` are sent along (`Retry-After`, `ETag`), `extra` are further members of the document.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[At] = (),
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or code)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.params: Mapping[str, Any] = params or next((at.params for at in errors if at.code == code), {})
        self.headers: Mapping[str, str] = headers or {}
        self.extra: Mapping[str, Any] = extra or {}


class Catalogue:
    """All codes a service can answer with, and their texts."""

    def __init__(self, *parts: Texts) -> None:
        self._texts: dict[str, Text] = {}
        for part in parts:
            for code, text in part.items():
                self._texts[code] = Text(*text)

    def __contains__(self, code: object) -> bool:
        return code in self._texts

    def codes(self) -> Iterable[str]:
        return sorted(self._texts)

    def text(self, code: str, status: int) -> Text:
        return self._texts.get(code) or self._texts.get(f"status_{status}") or self._texts["status_500"]

    def title(self, code: str, status: int, language: Language) -> str:
        text = self.text(code, status)
        return text.zh if language == "zh-CN" else text.en

    def detail(self, code: str, status: int, language: Language, given: str, params: Mapping[str, Any]) -> str:
        text = self.text(code, status)
        template = text.zh_detail if language == "zh-CN" else text.en_detail
        if template:
            return template.format_map(_Shown(params))
        if language == "en" and given:
            return given
        return text.zh if language == "zh-CN" else text.en

    def render(self, problem: Problem, language: Language, *, instance: str, trace_id: str) -> bytes:
        """The problem document, as JSON."""
        document: dict[str, Any] = {
            "type": f"/problems/{problem.code}",
            "title": self.title(problem.code, problem.status, language),
            "status": problem.status,
            "detail": self.detail(problem.code, problem.status, language, problem.detail, problem.params),
            "instance": instance,
            "code": problem.code,
            "trace_id": trace_id,
        }
        if problem.errors:
            document["errors"] = [
                {
                    "in": at.where,
                    "pointer": at.pointer,
                    "code": at.code,
                    "detail": self.detail(at.code, problem.status, language, at.detail, at.params),
                    "params": dict(at.params),
                }
                for at in problem.errors
            ]
        document.update(problem.extra)
        return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)

    def explain(self, code: str) -> dict[str, Any] | None:
        """What `GET /problems/{code}` answers; None when no such code is known."""
        text = self._texts.get(code)
        if text is None:
            return None
        return {
            "type": f"/problems/{code}",
            "code": code,
            "status": text.status or None,
            "title": {"zh-CN": text.zh, "en": text.en},
            "detail": {"zh-CN": text.zh_detail or text.zh, "en": text.en_detail or text.en},
        }


class _Shown(dict[str, Any]):
    """Parameters of a text; one that is not given is shown by its name."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__(params)

    def __missing__(self, key: str) -> str:
        return key


def language_of(accept: str) -> Language:
    """The language to answer in, by `Accept-Language`: zh-CN unless English is preferred to Chinese."""
    if not accept:
        return "zh-CN"
    best: tuple[float, Language] = (-1.0, "zh-CN")
    for part in accept[:200].split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().lower()
        language: Language | None = "zh-CN" if name.startswith("zh") else "en" if name.startswith("en") else None
        if language is None:
            continue
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0 and quality > best[0]:
            best = (quality, language)
    return best[1]
