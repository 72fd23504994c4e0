"""Annual plans and targets (年度计划)."""
