"""The tables a meeting can look at, and where each is read again as it was. Knows no figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import urlencode

TableName = Literal[
    "hot_customers",
    "hot_customer_changes",
    "pipeline",
    "pipeline_flow",
    "pipeline_shape",
    "defeats",
    "defeat_analysis",
    "recalls",
    "visits",
    "visits_due",
    "follow_ups",
    "follow_up_report",
    "leads",
    "lead_report",
    "spend",
    "outcomes",
    "deliveries_late",
    "receivables",
    "reported",
    "projects",
    "funnel",
    "kpi_values",
    "instructions",
]

PATHS: Final[Mapping[str, tuple[str, str, str]]] = {
    "hot_customers": ("/v1/hot-customers", "热点客户管理表", "Hot customers"),
    "hot_customer_changes": ("/v1/hot-customers/changes", "热点客户变化", "Changes of hot customers"),
    "pipeline": ("/v1/pipeline", "漏斗", "Pipeline"),
    "pipeline_flow": ("/v1/pipeline/flow", "漏斗流量", "Pipeline flow"),
    "pipeline_shape": ("/v1/pipeline/shape", "漏斗形态", "Funnel shape"),
    "defeats": ("/v1/defeats", "战败客户分析表", "Defeats"),
    "defeat_analysis": ("/v1/defeats/analysis", "战败原因分析", "Defeat analysis"),
    "recalls": ("/v1/recalls", "召回清单", "Recalls"),
    "visits": ("/v1/visits", "走访跟踪表", "Visits"),
    "visits_due": ("/v1/accounts/visits-due", "应访客户", "Visits due"),
    "follow_ups": ("/v1/follow-ups", "跟进清单", "Follow-ups"),
    "follow_up_report": ("/v1/reports/follow-ups", "跟进及时率", "Follow-up report"),
    "leads": ("/v1/leads", "线索", "Leads"),
    "lead_report": ("/v1/reports/leads", "集客报表", "Lead report"),
    "spend": ("/v1/spend", "集客费用", "Spend"),
    "outcomes": ("/v1/outcomes", "成果", "Outcomes"),
    "deliveries_late": ("/v1/deliveries/late", "逾期交付", "Late deliveries"),
    "receivables": ("/v1/receivables", "应收款", "Receivables"),
    "reported": ("/v1/reports/reported", "订单交付提报对照", "Ordered, delivered, reported"),
    "projects": ("/v1/reports/projects", "项目进展", "Projects"),
    "funnel": ("/v1/kpi/funnel", "转化流量", "Funnel"),
    "kpi_values": ("/v1/kpi/values", "指标", "KPI values"),
    "instructions": ("/v1/kpi/instructions", "会议指令", "Instructions"),
}
"""By name: the path, and what it is called in Chinese and English."""

USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "weekly": ("hot_customers", "hot_customer_changes", "lead_report", "instructions"),
    "monthly": ("pipeline", "defeat_analysis", "funnel", "instructions"),
    "other": (),
}
"""What a meeting looks at unless it says otherwise (docs/meetings.md; ours)."""


def title(name: str, language: str) -> str:
    """What a table is called."""
    _, zh, en = PATHS[name]
    return en if language == "en" else zh


def path(name: str, query: Mapping[str, str], *, as_of: datetime, known_at: int) -> str:
    """Where the table is read as it was fixed."""
    asked = {**query, "as_of": as_of.isoformat(), "known_at": str(known_at)}
    return f"{PATHS[name][0]}?{urlencode(asked)}"


assert set(get_args(TableName)) == set(PATHS)
