"""AWS's clients and their errors. Only this package makes clients and turns their errors into Kanmon's."""
