"""Agent groups imitated: what agents, team leaders and trunks hang on."""
