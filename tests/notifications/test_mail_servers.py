"""How twenty mail servers say that a letter could not be delivered (A-MKT-10).

Written by hand after what they send; the public collections are not here. Each came to a return
path of ours, so that only the reading is asked about.
"""

import pytest

from tandem.crm.notifications.domain.reports import What
from tandem.crm.notifications.domain.returned_mail import read_returned

ANN = "ann@example.net"
HARD, SOFT = What.HARD_BOUNCE, What.SOFT_BOUNCE
ORIGINAL = f"From: shop@example.test\nTo: {ANN}\nSubject: Your order\nMessage-ID: <x@shop.test>\n"


def report(sender: str, subject: str, says: str, fields: str, head: str = "") -> str:
    return (
        f"From: {sender}\nSubject: {subject}\nTo: bounces@example.test\n{head}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=b"\n\n'
        f"--=b\nContent-Type: text/plain; charset=utf-8\n\n{says}\n\n"
        f"--=b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"{fields}\n\n--=b\nContent-Type: text/rfc822-headers\n\n{ORIGINAL}\n--=b--\n"
    )


def letter(sender: str, subject: str, text: str, head: str = "") -> str:
    return f"From: {sender}\nSubject: {subject}\nTo: bounces@example.test\n{head}\n{text}"


SAMPLES: dict[str, tuple[str, What, str]] = {
    "Postfix": (
        report(
            "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
            "Undelivered Mail Returned to Sender",
            f"<{ANN}>: host mx2 said: 550 5.1.1 <{ANN}>: Recipient address rejected: User unknown",
            f"Final-Recipient: rfc822; {ANN}\nOriginal-Recipient: rfc822;{ANN}\nAction: failed\n"
            f"Status: 5.1.1\nRemote-MTA: dns; mx2\nDiagnostic-Code: smtp; 550 5.1.1 <{ANN}>: "
            "Recipient address rejected:\n    User unknown in virtual mailbox table",
        ),
        HARD,
        ANN,
    ),
    "Sendmail": (
        report(
            "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
            "Returned mail: see transcript for details",
            "550 5.1.2 ann@example.net... Host unknown (Name server: example.net: host not found)",
            f"Final-Recipient: RFC822; {ANN}\nAction: failed\nStatus: 5.1.2\n"
            "Remote-MTA: DNS; example.net\nLast-Attempt-Date: Sun, 22 Nov 2026 10:00:00 GMT",
        ),
        HARD,
        ANN,
    ),
    "Exim": (
        letter(
            "Mail Delivery System <Mailer-Daemon@mx.example.net>",
            "Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\nA message that "
            f"you sent could not be delivered to all of its recipients:\n\n  {ANN}\n    host mx2 "
            "[192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:\n    550 No Such "
            f"User Here\n\n------ This is a copy of the message. ------\n\n{ORIGINAL}",
            f"X-Failed-Recipients: {ANN}\nAuto-Submitted: auto-replied\n",
        ),
        HARD,
        ANN,
    ),
    "qmail": (
        letter(
            "MAILER-DAEMON@mx.example.net",
            "failure notice",
            "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to "
            "deliver your message to the following addresses.\nThis is a permanent error; I've "
            f"given up. Sorry it didn't work out.\n\n<{ANN}>:\nSorry, no mailbox here by that "
            f"name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
        ),
        HARD,
        ANN,
    ),
    "Exchange": (
        report(
            "postmaster@corp.example.net",
            "Undeliverable: Your order",
            f"Delivery has failed to these recipients or groups:\n\n{ANN}\nThe e-mail address you "
            "entered couldn't be found.",
            f"Final-Recipient: rfc822;{ANN}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: "
            "smtp;550 5.1.1 RESOLVER.ADR.RecipNotFound; not found\nX-Display-Name: Ann",
        ),
        HARD,
        ANN,
    ),
    "Microsoft 365": (
        report(
            "Microsoft Outlook <MicrosoftExchange329e71ec@corp.example.net>",
            "Undeliverable: Your order",
            "Your message couldn't be delivered. The recipient's mailbox is full.",
            f"Final-Recipient: rfc822;{ANN}\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: "
            "smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException",
        ),
        SOFT,
        ANN,
    ),
    "Gmail": (
        report(
            "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            "Delivery Status Notification (Failure)",
            f"** Address not found **\n\nYour message wasn't delivered to {ANN}.",
            f"Final-Recipient: rfc822; {ANN}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp;"
            " 550-5.1.1 The email account that you tried to reach does not exist.",
            f"X-Failed-Recipients: {ANN}\nAuto-Submitted: auto-replied\n",
        ),
        HARD,
        ANN,
    ),
    "Gmail, for now": (
        report(
            "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            "Delivery Status Notification (Delay)",
            "** Delivery incomplete **\n\nThere was a temporary problem. Gmail will retry.",
            f"Final-Recipient: rfc822; {ANN}\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: "
            "Tue, 24 Nov 2026 10:00:00 -0800",
        ),
        What.DEFERRED,
        ANN,
    ),
    "Amazon SES": (
        report(
            "MAILER-DAEMON@amazonses.com",
            "Delivery Status Notification (Failure)",
            f"An error occurred while trying to deliver the mail to: {ANN}",
            f"Original-Recipient: rfc822;{ANN}\nFinal-Recipient: rfc822;{ANN}\nAction: failed\n"
            "Status: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 Message rejected as spam by policy",
        ),
        SOFT,
        ANN,
    ),
    "Courier": (
        report(
            "Courier mail server at mx.example.net <postmaster@mx.example.net>",
            "NOTICE: mail delivery status.",
            f"<{ANN}>:\n    mx2 [192.0.2.1]:\n    <<< 550 User <{ANN}> unknown",
            f"Final-Recipient: rfc822; {ANN}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;"
            f" 550 User unknown <{ANN}>",
        ),
        HARD,
        ANN,
    ),
    "OpenSMTPD": (
        report(
            "Mailer Daemon <MAILER-DAEMON@mx.example.net>",
            "Delivery status notification: error",
            f"Hi!\n\nThis is the MAILER-DAEMON.\n\n    {ANN}: 550 Invalid recipient",
            f"Final-Recipient: rfc822; {ANN}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp;"
            " 550 Invalid recipient",
        ),
        HARD,
        ANN,
    ),
    "Domino": (
        report(
            "Postmaster@corp.example.net",
            "DELIVERY FAILURE: User ann (ann@example.net) not listed in Domino Directory",
            "Your message was not delivered because: User ann not listed in Domino Directory",
            f"Final-Recipient: rfc822;{ANN}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: "
            "X-Notes; User ann (ann@example.net) not listed in Domino Directory",
        ),
        HARD,
        ANN,
    ),
    "Yahoo": (
        letter(
            "MAILER-DAEMON@yahoo.example",
            "Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n\n"
            f"<{ANN}>:\n554: delivery error: dd This user doesn't have a yahoo.example account "
            f"({ANN}) [0] - mta1\n\n--- Below this line is a copy of the message.\n\n{ORIGINAL}",
        ),
        HARD,
        ANN,
    ),
    "Barracuda": (
        letter(
            "postmaster@gw.example.net",
            "Undeliverable message",
            f"Your message to {ANN} was blocked: 554 rejected due to spam content. It can be sent "
            "again later.",
        ),
        SOFT,
        ANN,
    ),
}
SAMPLES |= {
    "Exchange 5.5, whose copy went to a list": (
        letter(
            "System Administrator <postmaster@corp.example.net>",
            "Undeliverable: A virus in my mail",
            "Your message\n\n  To:      everybody@lists.example.test\n  Subject: A virus in my mail"
            f"\n\ndid not reach the following recipient(s):\n\n{ANN} on Fri, 20 Nov 2026 09:13:24 "
            "-0600\n    The recipient name is not recognized\n    MSEXCH:IMS:CORP 0 (000C05A6)",
        ),
        HARD,
        ANN,
    ),
    "IMail": (
        letter(
            "Postmaster <postmaster@mx.example.net>",
            "Undeliverable Mail",
            f"User mailbox exceeds allowed size: {ANN}\n\nOriginal message follows.\n\n{ORIGINAL}",
        ),
        SOFT,
        ANN,
    ),
    "Mail.ru, which calls it a reply": (
        letter(
            "Mail Delivery System <Mailer-Daemon@mx.example.ru>",
            "=?utf-8?b?0JLQsNGI0LUg0YHQvtC+0LHRidC10L3QuNC1INC90LUg0LTQvtGB0YLQsNCy0LvQtdC90L4=?=",
            f"Message was not accepted -- invalid mailbox.\nLocal mailbox {ANN} is unavailable: "
            f"user not found\n\n------ This is a copy of your message.\n\n{ORIGINAL}",
            "Auto-Submitted: auto-replied\n",
        ),
        HARD,
        ANN,
    ),
    "Dovecot": (
        letter(
            "Mail Delivery Subsystem <admin@mx.example.net>",
            "Automatically rejected mail",
            f"Your message to <{ANN}> was automatically rejected:\nQuota exceeded",
            "Auto-Submitted: auto-replied (rejected)\n",
        ),
        SOFT,
        ANN,
    ),
    "a relay that is none": (
        report(
            "MAILER-DAEMON@mx.example.net (Mail Delivery System)",
            "Undelivered Mail Returned to Sender",
            "I'm sorry to have to inform you that your message could not be delivered.",
            f"Final-Recipient: rfc822; {ANN}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: "
            "X-Postfix; host mx2 said: 553 sorry, that domain isn't in my list of rcpthosts",
        ),
        SOFT,
        ANN,
    ),
    "Sun, with its reason beside the status": (
        report(
            "Internet Mail Delivery <postmaster@mx.example.net>",
            "Delivery Notification: Delivery has failed",
            "Your message cannot be delivered to the following recipients:",
            f"Original-Recipient: rfc822;{ANN}\nFinal-Recipient: rfc822;ann@inside.example.net\n"
            "Action: failed\nStatus: 5.0.0 (recipient reached disk quota)",
        ),
        SOFT,
        ANN,
    ),
}
NO_REPORTS = {
    "an answer about a failure": letter(
        "Ann <ann@example.net>", "Re: Undeliverable: Your order", "550 unknown user? Not me!"
    ),
    "vacation": letter(
        "Ann <ann@example.net>",
        "Out of office: Your order",
        "I am away until Monday.",
        "Auto-Submitted: auto-replied\n",
    ),
    "an answer": letter("Ann <ann@example.net>", "Re: Your order", "550 thanks for the tea!"),
}


@pytest.mark.parametrize("server", SAMPLES)
def test_each_server_s_way_of_saying_it_is_understood(server: str) -> None:
    raw, what, recipient = SAMPLES[server]
    found = read_returned(raw.replace("\n", "\r\n").encode())
    assert found is not None
    assert (found.what, found.recipient) == (what, recipient)
    assert read_returned(raw.encode()) == found, "line ends say nothing"


@pytest.mark.parametrize("kind", NO_REPORTS)
def test_what_people_and_their_programs_write_is_no_report(kind: str) -> None:
    assert read_returned(NO_REPORTS[kind].replace("\n", "\r\n").encode()) is None
