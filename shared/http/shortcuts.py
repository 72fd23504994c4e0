"""From an address straight to its hot route, past the search through all routes. Finds what the router would find."""

from __future__ import annotations

import re
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

PARAMETER = re.compile(r"{[a-z_]+}")
SAMPLE = "6d9f1f0e-6a3c-5a4e-9a53-5f0b6a0c1f11"


class Shortcuts:
    """Hot routes by address. Only `POST`, and at most one parameter in the path."""

    def __init__(self) -> None:
        self._exact: dict[str, Any] = {}
        self._shaped: dict[str, tuple[Any, str]] = {}
        self._places: dict[int, list[int]] = {}
        self.literal: dict[str, set[str]] = {}
        """Addresses without parameters and all methods they take: `/jars/pour` is never a `/jars/{id}`."""

    def learn(self, routes: Iterable[BaseRoute]) -> None:
        """Take in an app's routes, in their order. What another route would answer first is left to the router."""
        routes = list(routes)
        for route in routes:
            if isinstance(route, Route) and "{" not in route.path:
                self.literal.setdefault(route.path, set()).update(route.methods or ())
        posts = [route for route in routes if isinstance(route, Route) and "POST" in (route.methods or ())]
        for number, route in enumerate(posts):
            sample = PARAMETER.sub(SAMPLE, route.path)
            if any(earlier.path_regex.match(sample) for earlier in posts[:number]):
                continue
            hot = getattr(route, "hot", False)
            names = PARAMETER.findall(route.path)
            if "{" not in route.path:
                self._exact[route.path] = route if hot else None
            elif hot and len(names) == 1 and route.path.count("{") == 1:
                parts = route.path.split("/")
                if names[0] in parts:
                    self._shaped[route.path.replace(names[0], "{}")] = (route, names[0].strip("{}"))
                    places = self._places.setdefault(len(parts), [])
                    if (place := parts.index(names[0])) not in places:
                        places.append(place)

    def find(self, path: str, scope: MutableMapping[str, Any]) -> ASGIApp | None:
        """The app of the hot route at this address, the scope made ready for it; None: ask the router."""
        if scope["method"] != "POST" or scope.get("fastapi.telemetry") is not None:
            return None
        if path in self._exact:
            route, parameters = self._exact[path], {}
        else:
            parts = path.split("/")
            for place in self._places.get(len(parts), ()):
                value, parts[place] = parts[place], "{}"
                found = self._shaped.get("/".join(parts))
                parts[place] = value
                if found is not None and value:
                    route, parameters = found[0], {found[1]: value}
                    break
            else:
                return None
        if route is None:
            return None
        scope["route"] = route
        scope["path_params"] = parameters
        app: ASGIApp = route.app
        return app
