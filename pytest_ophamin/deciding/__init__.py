"""From evidence to verdict: pillars, the rule of one claim, the correction of a campaign, and planning."""
