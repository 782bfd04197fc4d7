"""The daily job. It handles personnel changes, leave, assignment rules and mail."""
