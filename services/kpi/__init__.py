"""The kpi service: figures over what the other services published."""
