"""What needs no sign-in: tracking by link, the look-up by number and phone, drivers' codes."""

from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from tandem.kernel.errors import Gone, NotFound
from tandem.kernel.http import PUBLIC, Store, limited, refusals
from tandem.kernel.limits import Limit
from tandem.scm.delivery import service
from tandem.scm.delivery.domain.doorcodes import Code, DoorCodeLocked, NotAtTheDoor, TooManySends
from tandem.scm.delivery.domain.fleet import Name, Phone, WrongSignInCode
from tandem.scm.delivery.domain.visibility import Tracking

LOOK_UP_LIMIT = Limit(name="track_look_up", count=20, seconds=60)
SIGN_IN_LIMIT = Limit(name="driver_sign_in", count=10, seconds=60)
RESEND_LIMIT = Limit(name="door_code_resend", count=5, seconds=60)

NO_STORE = {"cache-control": "no-store"}


class LookUp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An order's or a shipment's number, and the phone the parcel was sent to."""

    number: Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00]*$")]
    phone: Annotated[str, msgspec.Meta(max_length=30, pattern=r"^[^\x00]*$")] = ""


class Found(msgspec.Struct, kw_only=True):
    token: str


class PhoneOnly(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    phone: Phone


class DriverSignIn(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    phone: Phone
    code: Code
    device_name: Name = "Phone"


class SignedIn(msgspec.Struct, kw_only=True):
    """`token` is shown this once; the phone sends it as `Authorization: Bearer`."""

    token: str
    driver_name: str


class PublicDeliveryController(Controller):
    path = "/v1/public"
    tags = ("public",)

    @get("/track/{token:str}", opt=PUBLIC, responses=refusals(NotFound, Gone))
    async def track(self, token: FromPath[str], database: Store) -> Response[Tracking]:
        """One delivery, by its own or its order's link: steps always; the vehicle only while it
        carries this parcel and this door is next."""
        watched = await service.watch(database, token)
        return Response(watched.tracking, headers=NO_STORE)

    @post(
        "/track-lookups",
        status_code=200,
        opt={**PUBLIC, **limited(LOOK_UP_LIMIT)},
        responses=refusals(NotFound),
    )
    async def look_up(self, data: JSONBody[LookUp], database: Store) -> Response[Found]:
        """The tracking link for a number and a phone; one refusal, whichever is wrong."""
        token = await service.look_up(database, number=data.number, phone=data.phone)
        return Response(Found(token=token), headers=NO_STORE)

    @post(
        "/track/{token:str}/door-code-requests",
        status_code=202,
        opt={**PUBLIC, **limited(RESEND_LIMIT)},
        responses=refusals(NotFound, NotAtTheDoor, DoorCodeLocked, TooManySends),
    )
    async def request_door_code(self, token: FromPath[str], database: Store) -> dict[str, bool]:
        """Send the buyer's door code once more, to the buyer's own phone and address."""
        await service.resend_door_code(database, token)
        return {"is_requested": True}

    @post(
        "/driver-sign-in-codes",
        status_code=202,
        opt={**PUBLIC, **limited(SIGN_IN_LIMIT)},
    )
    async def request_sign_in_code(
        self, data: JSONBody[PhoneOnly], database: Store
    ) -> dict[str, bool]:
        """Text a sign-in code to a driver. The answer is the same whether there is one, and as
        soon."""
        await service.request_sign_in_code(database, data.phone)
        return {"is_requested": True}

    @post(
        "/driver-sessions",
        opt={**PUBLIC, **limited(SIGN_IN_LIMIT)},
        responses=refusals(WrongSignInCode),
    )
    async def sign_in(self, data: JSONBody[DriverSignIn], database: Store) -> Response[SignedIn]:
        """Trade a texted code for this phone's token."""
        driver, _, token = await service.sign_in(
            database, phone=data.phone, code=data.code, device_name=data.device_name
        )
        return Response(SignedIn(token=token, driver_name=driver.name), headers=NO_STORE)
