"""Every HTTP route of the suite. A service adds its controllers here."""

from typing import Any

from tandem.app.health import healthz, metrics, readyz
from tandem.crm.analytics.http import CONTROLLERS as ANALYTICS
from tandem.crm.customers.http import CONTROLLERS as CUSTOMERS
from tandem.crm.identity.http import (
    AuditController,
    CompanyController,
    ImpersonationController,
    InvitationController,
    KeyController,
    OauthController,
    PasskeyController,
    PeopleController,
    RoleController,
    ScimController,
    ScimSettingsController,
    SecurityController,
    SessionController,
    SignInController,
    TeamController,
    TerritoryController,
    TokenController,
)
from tandem.crm.marketing.http import CONTROLLERS as MARKETING
from tandem.crm.notifications.http import MessagesController, TextReportsController
from tandem.crm.notifications.http.callbacks import ProviderReportsController
from tandem.crm.notifications.http.inbox import (
    InboxController,
    NotificationTypesController,
    PreferencesController,
)
from tandem.crm.notifications.http.providers import ProvidersController
from tandem.crm.notifications.http.registered import DltController
from tandem.crm.notifications.http.rules import SendingRulesController
from tandem.crm.notifications.http.templates import TemplatesController, TemplateVersionsController
from tandem.crm.sales.http import CONTROLLERS as SALES
from tandem.crm.webhooks.http import WebhookController
from tandem.flows.http.access import AccessController
from tandem.flows.http.alerts import AlertsController
from tandem.flows.http.assigning import AssigningController
from tandem.flows.http.automations import AutomationController
from tandem.flows.http.bulk import BulkController, BulkJobsController
from tandem.flows.http.campaigns import CampaignFlowsController
from tandem.flows.http.complaints import ComplaintFlowsController
from tandem.flows.http.converting import ConversionsController
from tandem.flows.http.customer_preferences import CustomerPreferencesController
from tandem.flows.http.customers import ErasureController, MergeController
from tandem.flows.http.dashboards import DashboardsController
from tandem.flows.http.deal_fields import DealFieldsController
from tandem.flows.http.deal_lines import DealLinesController
from tandem.flows.http.disputes import DisputeFlowsController
from tandem.flows.http.exports import ExportsController
from tandem.flows.http.followed import FollowedController
from tandem.flows.http.journeys import JourneysController
from tandem.flows.http.lead_imports import LeadImportsController
from tandem.flows.http.lead_inlets import InletController, PublicInletController
from tandem.flows.http.lead_scores import (
    LeadScoreController,
    ScoreRulesController,
    ScoreThresholdsController,
)
from tandem.flows.http.leads import LeadMergesController, LeadsController
from tandem.flows.http.mail_keys import DomainKeysController, MailKeysController
from tandem.flows.http.notes import DealNotesController, OrderNotesController
from tandem.flows.http.notifications import NotificationsController, TimeZonesController
from tandem.flows.http.opportunities import OpportunityFlowsController
from tandem.flows.http.opt_out import UnsubscribeController
from tandem.flows.http.orders import OrderFlowsController
from tandem.flows.http.payment_links import PaymentLinksController
from tandem.flows.http.pick_lists import PickListsController
from tandem.flows.http.public_complaints import PublicComplaintsController
from tandem.flows.http.public_forms import PublicFormsController
from tandem.flows.http.qualifying import QualifyingController
from tandem.flows.http.quotas import QuotasController
from tandem.flows.http.quotes import QuotesController
from tandem.flows.http.report_links import ReportLinksController
from tandem.flows.http.resolve import ResolveController
from tandem.flows.http.sales_sheets import LeadExportController, OpportunityExportController
from tandem.flows.http.sequences import SequenceController, SequenceRunController
from tandem.flows.http.shipments import ShipmentFlowsController
from tandem.flows.http.stock import StockFlowsController
from tandem.flows.http.stuck_events import StuckEventsController
from tandem.flows.http.subscriptions import SubscriptionsController
from tandem.flows.http.tasks import TasksController
from tandem.flows.http.try_words import TryWordsController
from tandem.scm.catalog.http import ProductController, VariantController
from tandem.scm.delivery.http import CONTROLLERS as DELIVERY
from tandem.scm.inventory.http import InventoryController
from tandem.scm.invoicing.http import InvoiceController, ReturnsController, TaxController
from tandem.scm.orders.http import OrdersController
from tandem.scm.payments.http import (
    PayController,
    PaymentDisputesController,
    PaymentExceptionsController,
    PaymentsController,
    PaymentSettingsController,
    RazorpayWebhooksController,
    SettlementExceptionsController,
    SettlementsController,
)
from tandem.scm.shipping.http import (
    CarrierAccountController,
    CarrierWebhookController,
    ManifestController,
    QuoteController,
    ServiceabilityController,
    SettingsController,
    ShipmentController,
    UndeliveredController,
)
from tandem.scm.support.http import CONTROLLERS as SUPPORT

ROUTES: list[Any] = [
    healthz,
    readyz,
    metrics,
    AuditController,
    ScimController,
    ScimSettingsController,
    WebhookController,
    ImpersonationController,
    OauthController,
    SessionController,
    SignInController,
    SecurityController,
    PasskeyController,
    TokenController,
    CompanyController,
    PeopleController,
    RoleController,
    TeamController,
    TerritoryController,
    InvitationController,
    AccessController,
    KeyController,
    *CUSTOMERS,
    MergeController,
    ErasureController,
    ProductController,
    VariantController,
    InventoryController,
    OrdersController,
    OrderFlowsController,
    StockFlowsController,
    StuckEventsController,
    OpportunityFlowsController,
    LeadsController,
    LeadMergesController,
    LeadImportsController,
    BulkController,
    BulkJobsController,
    LeadExportController,
    SequenceController,
    SequenceRunController,
    OpportunityExportController,
    LeadScoreController,
    ScoreRulesController,
    ScoreThresholdsController,
    AssigningController,
    AutomationController,
    InletController,
    PublicInletController,
    QualifyingController,
    ConversionsController,
    DealNotesController,
    OrderNotesController,
    FollowedController,
    TasksController,
    DealFieldsController,
    DealLinesController,
    QuotesController,
    QuotasController,
    *SALES,
    *ANALYTICS,
    DashboardsController,
    ExportsController,
    ReportLinksController,
    SubscriptionsController,
    AlertsController,
    *MARKETING,
    NotificationsController,
    TimeZonesController,
    SendingRulesController,
    CampaignFlowsController,
    DomainKeysController,
    MailKeysController,
    JourneysController,
    ResolveController,
    QuoteController,
    ServiceabilityController,
    SettingsController,
    ShipmentController,
    PickListsController,
    UndeliveredController,
    CarrierAccountController,
    CarrierWebhookController,
    ShipmentFlowsController,
    ManifestController,
    InvoiceController,
    ReturnsController,
    TaxController,
    PayController,
    PaymentExceptionsController,
    DisputeFlowsController,
    PaymentDisputesController,
    PaymentSettingsController,
    PaymentsController,
    RazorpayWebhooksController,
    SettlementsController,
    SettlementExceptionsController,
    PaymentLinksController,
    *DELIVERY,
    MessagesController,
    TextReportsController,
    ProvidersController,
    ProviderReportsController,
    DltController,
    TemplatesController,
    TemplateVersionsController,
    InboxController,
    PreferencesController,
    NotificationTypesController,
    UnsubscribeController,
    TryWordsController,
    CustomerPreferencesController,
    ComplaintFlowsController,
    PublicComplaintsController,
    PublicFormsController,
    *SUPPORT,
]
