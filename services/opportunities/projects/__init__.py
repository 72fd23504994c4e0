"""Projects: phases, milestones, budget, risks, acceptance, lessons."""
