"""Every page. An area adds its controllers here."""

from typing import Any

from tandem.web import shown
from tandem.web.console.accounts import AccountPage, AccountsPage
from tandem.web.console.alerts import AlertsPage
from tandem.web.console.api_keys import ApiKeysPage
from tandem.web.console.assignment import AssignmentPage, AssignmentRulePage
from tandem.web.console.attribution import AttributionPage
from tandem.web.console.audit import AuditPage
from tandem.web.console.automations import AutomationPage, AutomationsPage
from tandem.web.console.availability import AvailabilityPage
from tandem.web.console.bulk import BulkPage
from tandem.web.console.campaign_approvals import CampaignApprovalPage, CampaignApprovalsPage
from tandem.web.console.campaigns import CampaignPage, CampaignsPage
from tandem.web.console.churn import ChurnPage
from tandem.web.console.custom_fields import CustomFieldsPage
from tandem.web.console.customer_merging import DuplicatesPage, MergePage
from tandem.web.console.customer_privacy import ErasuresPage, PrivacyPage
from tandem.web.console.customer_records import AccountKeptPage, CustomerKeptPage
from tandem.web.console.customers import CustomerPage, CustomersPage
from tandem.web.console.dashboards import DashboardsPage
from tandem.web.console.deal_list import DealListPage
from tandem.web.console.deals import DealPage, DealsPage
from tandem.web.console.explore import ExplorePage
from tandem.web.console.exports import ExportsPage
from tandem.web.console.forecast import ForecastPage
from tandem.web.console.funnels import FunnelsPage
from tandem.web.console.home import HomePage
from tandem.web.console.impersonation import ImpersonationPage
from tandem.web.console.imports import CustomerImportsPage, LeadImportsPage
from tandem.web.console.inbox import InboxPage, MyNotificationsPage, NotificationDefaultsPage
from tandem.web.console.invoices import InvoicesPage
from tandem.web.console.jira_complaint import ComplaintInJira
from tandem.web.console.jira_settings import JiraConnectionPage, JiraSettingsPage
from tandem.web.console.journey_approvals import JourneyApprovalsPage
from tandem.web.console.journeys import JourneyPage, JourneysPage
from tandem.web.console.lead_actions import LeadActions
from tandem.web.console.lead_forms import LeadFormPage, LeadFormsPage
from tandem.web.console.lead_inlets import InletPage, InletsPage
from tandem.web.console.lead_page import LeadPage
from tandem.web.console.lead_scoring import LeadScoringPage, LeadScoringRulePage
from tandem.web.console.lead_statuses import LeadStatusesPage
from tandem.web.console.leads import LeadsPage
from tandem.web.console.line_editor import PricingPage
from tandem.web.console.live import LiveController
from tandem.web.console.messages import MessagesPage
from tandem.web.console.new_order import NewOrderPage
from tandem.web.console.notes import DealNotesPage, OrderNotesPage
from tandem.web.console.order_page import OrderPage
from tandem.web.console.orders import OrdersPage
from tandem.web.console.payment_disputes import PaymentDisputesPage
from tandem.web.console.payment_links import PaymentLinksPage
from tandem.web.console.payment_settlements import SettlementPage, SettlementsPage
from tandem.web.console.payments import PaymentPage, PaymentsPage
from tandem.web.console.people import PeoplePage, PersonPage
from tandem.web.console.pick_lists import PickListPage
from tandem.web.console.pipelines import PipelinesPage
from tandem.web.console.product_import import ProductImport
from tandem.web.console.products import ProductPage, ProductsPage, VariantPage
from tandem.web.console.qualification import QualificationPage
from tandem.web.console.quotes import DealLinesPage, QuotePage, QuotesPage
from tandem.web.console.registered_texts import RegisteredTextsPage
from tandem.web.console.report_links import ReportLinksPage
from tandem.web.console.retention import RetentionPage
from tandem.web.console.roles import RolesPage
from tandem.web.console.sales_reminders import SalesRemindersPage
from tandem.web.console.segments import SegmentPage, SegmentsPage
from tandem.web.console.sending import SendingPage
from tandem.web.console.sending_rules import SendingRulesPage
from tandem.web.console.sequences import SequencesPage
from tandem.web.console.settings import SettingsPage
from tandem.web.console.settings_carriers import CarrierSettings
from tandem.web.console.settings_directory import DirectoryPage
from tandem.web.console.settings_integrations import IntegrationsPage
from tandem.web.console.settings_mail_domains import MailDomainsPage
from tandem.web.console.settings_promise import PromiseSettings
from tandem.web.console.settings_stuck import StuckEventsPage
from tandem.web.console.shipments import ShipmentPage, ShipmentsPage
from tandem.web.console.stock import ShelfPage, StockPage
from tandem.web.console.subscriptions import SubscriptionsPage
from tandem.web.console.suggestions import Suggestions
from tandem.web.console.support import ComplaintsPage
from tandem.web.console.support_page import ComplaintPage
from tandem.web.console.support_settings import ReplySettings, SupportSettings
from tandem.web.console.tasks import TasksPage
from tandem.web.console.teams import TeamsPage
from tandem.web.console.views import ViewsController
from tandem.web.console.webhooks import WebhooksPage
from tandem.web.console.words import TemplatesPage, TemplateVersionPage
from tandem.web.dispatch import DISPATCH_PAGES
from tandem.web.driver import DriverPage
from tandem.web.files import static_file
from tandem.web.joining import Joining
from tandem.web.portal import PORTAL_PAGES
from tandem.web.public.pages import PUBLIC_PAGES
from tandem.web.security import CompaniesPage, SecurityPage
from tandem.web.signing_in import Forgetting, SigningIn
from tandem.web.sso import SignInSettings, SingleSignOn

PAGES: list[Any] = [
    static_file,
    SigningIn,
    Joining,
    Forgetting,
    SecurityPage,
    CompaniesPage,
    SingleSignOn,
    SignInSettings,
    HomePage,
    LiveController,
    ViewsController,
    Suggestions,
    OrdersPage,
    NewOrderPage,
    OrderPage,
    MailDomainsPage,
    JourneysPage,
    JourneyPage,
    JourneyApprovalsPage,
    CampaignsPage,
    CampaignApprovalPage,
    CampaignApprovalsPage,
    CampaignPage,
    DealsPage,
    DealPage,
    DealLinesPage,
    ForecastPage,
    QuotesPage,
    PricingPage,
    QuotePage,
    LeadsPage,
    LeadImportsPage,
    BulkPage,
    DealListPage,
    LeadPage,
    LeadFormsPage,
    LeadFormPage,
    LeadScoringPage,
    LeadScoringRulePage,
    LeadActions,
    QualificationPage,
    LeadStatusesPage,
    PipelinesPage,
    SalesRemindersPage,
    DealNotesPage,
    OrderNotesPage,
    TasksPage,
    AssignmentPage,
    AssignmentRulePage,
    AutomationPage,
    AutomationsPage,
    SequencesPage,
    InletPage,
    InletsPage,
    AvailabilityPage,
    ProductsPage,
    ProductImport,
    ProductPage,
    VariantPage,
    StockPage,
    ShelfPage,
    CustomersPage,
    CustomerPage,
    CustomerKeptPage,
    DuplicatesPage,
    CustomerImportsPage,
    MergePage,
    PrivacyPage,
    ErasuresPage,
    AccountsPage,
    AccountPage,
    AccountKeptPage,
    DashboardsPage,
    AttributionPage,
    ChurnPage,
    ExplorePage,
    FunnelsPage,
    RetentionPage,
    ExportsPage,
    ReportLinksPage,
    SubscriptionsPage,
    AlertsPage,
    SegmentsPage,
    SegmentPage,
    CustomFieldsPage,
    InvoicesPage,
    PaymentsPage,
    PaymentPage,
    PaymentDisputesPage,
    PaymentLinksPage,
    SettlementsPage,
    SettlementPage,
    ShipmentsPage,
    ShipmentPage,
    PickListPage,
    MessagesPage,
    SendingRulesPage,
    TemplatesPage,
    TemplateVersionPage,
    InboxPage,
    MyNotificationsPage,
    NotificationDefaultsPage,
    ComplaintsPage,
    ComplaintPage,
    SupportSettings,
    ReplySettings,
    SettingsPage,
    PeoplePage,
    PersonPage,
    TeamsPage,
    RolesPage,
    AuditPage,
    WebhooksPage,
    CarrierSettings,
    SendingPage,
    RegisteredTextsPage,
    ApiKeysPage,
    DirectoryPage,
    ImpersonationPage,
    PromiseSettings,
    IntegrationsPage,
    ComplaintInJira,
    JiraConnectionPage,
    JiraSettingsPage,
    StuckEventsPage,
]

PAGES += PUBLIC_PAGES
PAGES += PORTAL_PAGES
PAGES += DISPATCH_PAGES
PAGES.append(DriverPage)
shown.tell(PAGES)
