"""The KPIs that ship, by what they are about. Definitions alone: no SQL and no rule of how they are computed."""
