"""Every page for people without an account."""

from typing import Any

from tandem.web.public.complaints import ComplaintPages
from tandem.web.public.consenting import ConsentPages
from tandem.web.public.forms import FormConfirmations, FormPages
from tandem.web.public.opting_out import PreferencePages
from tandem.web.public.paying import PayPages
from tandem.web.public.quotes import QuotePages
from tandem.web.public.report import SharedReportPage
from tandem.web.public.streets import StreetsController
from tandem.web.public.tracking import TrackingPages

PUBLIC_PAGES: list[Any] = [
    StreetsController,
    TrackingPages,
    ComplaintPages,
    PayPages,
    ConsentPages,
    PreferencePages,
    FormPages,
    SharedReportPage,
    FormConfirmations,
    QuotePages,
]
