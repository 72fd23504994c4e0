"""All routes about webhooks, the same in every service."""

from __future__ import annotations

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
TAG = {"name": "webhooks", "description": "Events pushed to other systems: endpoints, deliveries, replays (推送)"}
