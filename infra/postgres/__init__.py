"""The platform's database: its roles, its migrations, and the tables that no contract asks for."""
