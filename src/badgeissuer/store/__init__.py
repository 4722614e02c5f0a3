"""The database: tables, and the queries on them. No decision is taken here."""
