"""All routes about webhooks, the same in every service."""

from __future__ import annotations

from fastapi import APIRouter

from services.webhooks import making, routes, secret_routes

ROUTERS: tuple[APIRouter, ...] = (making.router, routes.router, secret_routes.router, secret_routes.public_router)
TAG = {"name": "webhooks", "description": "Events pushed to other systems: endpoints, deliveries, replays (推送)"}
