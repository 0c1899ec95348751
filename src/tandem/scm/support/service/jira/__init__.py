"""Complaints that live in Jira and here as one."""

from tandem.scm.support.service.jira.arriving import accept, forget, is_genuine
from tandem.scm.support.service.jira.connections import (
    CONNECTION,
    SYSTEM,
    add_connection,
    find_active,
    get_connection,
    list_connections,
    read_webhook_secret,
    replace_secrets,
    rotate_webhook_secret,
    save_mappings,
    set_state,
)
from tandem.scm.support.service.jira.demo import prove, seed_demo
from tandem.scm.support.service.jira.linking import link_issue
from tandem.scm.support.service.jira.overseeing import (
    DeadLetter,
    Health,
    SyncLog,
    decide,
    drop,
    list_clashes,
    list_dead_letters,
    list_links,
    read_health,
    read_log,
    retry,
)
from tandem.scm.support.service.jira.queueing import (
    find_link,
    link_complaint,
    queue,
    unlink_complaint,
)
from tandem.scm.support.service.jira.reconciling import Finding, Report, catch_up, reconcile
from tandem.scm.support.service.jira.setting_up import (
    Details,
    Preview,
    describe_project,
    list_projects,
    preview,
    problems,
    register_webhook,
    test_connection,
)
from tandem.scm.support.service.jira.site import webhook_url
from tandem.scm.support.service.jira.sweeping import link_unlinked, list_due
from tandem.scm.support.service.jira.syncing import sync_link

__all__ = [
    "CONNECTION",
    "SYSTEM",
    "DeadLetter",
    "Details",
    "Finding",
    "Health",
    "Preview",
    "Report",
    "SyncLog",
    "accept",
    "add_connection",
    "catch_up",
    "decide",
    "describe_project",
    "drop",
    "find_active",
    "find_link",
    "forget",
    "get_connection",
    "is_genuine",
    "link_complaint",
    "link_issue",
    "link_unlinked",
    "list_clashes",
    "list_connections",
    "list_dead_letters",
    "list_due",
    "list_links",
    "list_projects",
    "preview",
    "problems",
    "prove",
    "queue",
    "read_health",
    "read_log",
    "read_webhook_secret",
    "reconcile",
    "register_webhook",
    "replace_secrets",
    "retry",
    "rotate_webhook_secret",
    "save_mappings",
    "seed_demo",
    "set_state",
    "sync_link",
    "test_connection",
    "unlink_complaint",
    "webhook_url",
]
