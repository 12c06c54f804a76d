"""The platform is run and shown: command line, local stack, databases, dashboards."""
