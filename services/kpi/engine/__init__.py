"""KPI definitions, values, drill-down (指标)."""
