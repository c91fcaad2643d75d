"""Runs tap-stripe as it is. It will talk to one host only, so that name is all that it is given; a proxy leads it to us."""

import sys

import stripe

stripe.api_base = "http://api.stripe.com"
import tap_stripe  # noqa: E402  (it keeps the address that it finds)

sys.exit(tap_stripe.main())
