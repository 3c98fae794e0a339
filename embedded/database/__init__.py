"""The embedded RDS data plane: a PostgreSQL server per cluster behind TLS on loopback."""
