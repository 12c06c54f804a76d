"""The parts of a deployment: what is planned, what is stored, what the dashboards do, what was before."""
