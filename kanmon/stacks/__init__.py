"""Changes CloudFormation stacks: creates change sets, executes them and watches the stacks."""
