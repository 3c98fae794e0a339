"""The command line: `kanmon <command>`. You can do everything an action does here, too."""
