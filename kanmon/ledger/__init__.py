"""The ledger: the durable record of releases and operations, and the lease."""
