"""Customers over HTTP."""

from typing import Any

from tandem.crm.customers.http.accounts import AccountController
from tandem.crm.customers.http.consents import (
    ConsentController,
    PublicConsentController,
    SuppressionController,
)
from tandem.crm.customers.http.custom_fields import CustomFieldController
from tandem.crm.customers.http.people import CustomerController
from tandem.crm.customers.http.records import AccountRecordsController, CustomerRecordsController
from tandem.crm.customers.http.segments import SegmentController
from tandem.crm.customers.http.sheets import CustomerImportsController, SheetController
from tandem.crm.customers.http.timeline import CohortController, TimelineController

CONTROLLERS: tuple[Any, ...] = (
    CustomerController,
    CustomerRecordsController,
    AccountController,
    AccountRecordsController,
    CustomFieldController,
    TimelineController,
    CohortController,
    SegmentController,
    ConsentController,
    PublicConsentController,
    SuppressionController,
    CustomerImportsController,
    SheetController,
)
