"""Everything has a limit (Law 10). Past one there is a clear refusal."""

import os

# the door
BODY_BYTES = 1 << 20
REQUEST_LINE_BYTES = 16 << 10
HEAD_BYTES = 64 << 10
REQUEST_SECONDS = 60.0  # from a request's first byte to its last, and for its answer to be taken
CONNECTIONS = 2_048  # to a process; past it, who has rested longest goes
CALLS = 1_024  # in work at once: twice what one bank that hangs can hold
SPARE_FILES = 64  # descriptors that no connection of a caller takes: the database's, the rails'
BODY_ORDINARY, BODIES_LONG = 64 << 10, 32  # bytes of an ordinary body; how many longer ones may be on their way at once
HEADERS = 256
PIPELINED = 16  # requests on one connection that wait for the answers to those before them
PARAMETERS = 1_000
PARAMETER_DEPTH = 10
PARAMETER_KEY_BYTES = 512
EXPAND_DEPTH = 4
EXPANSIONS = 20
PAGE_DEFAULT, PAGE_MOST = 10, 100
IDEMPOTENCY_KEY = 255

METERED = 100_000  # keys, addresses and cards that are counted at once, of each kind
LIMIT_SECONDS = 600.0  # in which as many guesses and declines as are allowed drain away
TESTERS = 20  # addresses that may be declined as often as one may, before a publishable key is held back everywhere

# free-form data (B-2.23)
METADATA_KEYS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
AMOUNT_MOST = 99_999_999

# the store
LANES = 2
GROUP_MOST = 64
QUEUE_MOST = 4_096
QUEUE_SECONDS = 5.0  # what has not been begun by then is refused: nothing has happened
READERS, BESIDE = 6, 2
READS_MOST = 1_024
CONNECT_SECONDS, LOOK_SECONDS = 5.0, 2.0  # for one of several servers to answer; between two looks for a new primary
GROUP_LOCK_MS, ALONE_LOCK_MS, STATEMENT_MS = 200, 4_000, 15_000
LOOKS = 8  # times a path looks again when the rows it judged have moved

# the money path
SETTLES_AFTER = 2 * 86_400  # seconds until a payment's money is available, unless the operator says otherwise
RECOVERY_TURN = 5.0  # seconds for which one rail account's instructions are taken up, as long as it answers
RAIL_SECONDS = float(os.environ.get("SLUICE_RAIL_SECONDS", "10"))
LEASE_MARGIN = 2.0
IN_FLIGHT = 512
WAIT_FOR_KEY, WAITERS = 5.0, 256

# what waits
CVC_SECONDS = 15 * 60
TOKEN_SECONDS = 15 * 60
EPHEMERAL_SECONDS, SESSION_SECONDS = 3_600, 1_800  # of an ephemeral key, of a customer session
CONFIRMATION_SECONDS = 12 * 3_600  # of a confirmation token, as the public API has it
KEY_HOURS = 24
EVENT_DAYS = 30
ENDPOINTS = 16
RESEND_MOST = 10_000  # events to one call
DELIVERIES_AT_ONCE, DELIVERIES_PER_ENDPOINT = 64, 8
DELIVERY_SECONDS, DELIVERY_HEAD = 20.0, 512
LOG_LINE = 8_192
