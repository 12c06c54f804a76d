"""The platform's database: migrations, roles, and the tables that contracts ask for."""
