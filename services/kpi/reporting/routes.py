"""Daily and monthly reports, intelligence, month-end hand-in over HTTP: the routers. The rules are elsewhere."""

from __future__ import annotations

from services.kpi.reporting.intelligence_reads import router as intelligence_reads
from services.kpi.reporting.intelligence_routes import router as intelligence
from services.kpi.reporting.work_report_reads import router as work_report_reads
from services.kpi.reporting.work_report_routes import router as work_reports
from shared.http.route import Router

ROUTERS: tuple[Router, ...] = (work_report_reads, work_reports, intelligence_reads, intelligence)
