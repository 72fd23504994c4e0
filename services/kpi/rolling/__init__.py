"""X+Y rolling plans (滚动计划)."""
