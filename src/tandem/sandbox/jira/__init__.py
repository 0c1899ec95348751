"""Jira: projects, workflows, issues, comments, attachments, JSM requests and signed webhooks.

Stateful and refusing what the vendor refuses, after Atlassian's OpenAPI of REST v3 (and v2, as Data
Center speaks it). Its credentials are `SandboxSettings.jira_*`. `/jira/` is a page for people,
`/sandbox/jira` steers what the vendor's administration does: webhooks, the per-issue write limit.
"""
