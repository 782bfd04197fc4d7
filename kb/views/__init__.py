"""The screens of the knowledge base, one module a screen; they ask the policy and the verbs, and decide nothing."""
