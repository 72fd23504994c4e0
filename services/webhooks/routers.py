"""All routes about webhooks, the same in every service."""

from __future__ import annotations

from fastapi import APIRouter

from services.webhooks import (
    attempts,
    lanes,
    making,
    notices,
    replays,
    routes,
    secret_routes,
    statistics,
    trying,
)

ROUTERS: tuple[APIRouter, ...] = (
    notices.router,  # before the endpoints, whose ids stand in the same place of the path
    making.router,
    routes.router,
    secret_routes.router,
    secret_routes.public_router,
    replays.router,
    attempts.router,
    lanes.router,
    statistics.router,
    trying.router,
)
TAG = {"name": "webhooks", "description": "Events pushed to other systems: endpoints, deliveries, replays (推送)"}
