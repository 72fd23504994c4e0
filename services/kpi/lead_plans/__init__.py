"""Lead plans and weekly reviews (集客计划)."""
