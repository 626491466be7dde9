#include "ades/report.h"

const char *
report_reason_name(enum report_reason reason)
{
	static const char *const names[] = {
	    [REPORT_FINE] = "fine",
	    [REPORT_PLACE] = "wrong-place",
	    [REPORT_FORMAT] = "format",
	    [REPORT_ALGORITHM] = "algorithm",
	    [REPORT_DIGEST] = "changed",
	    [REPORT_SIGNATURE] = "signature",
	    [REPORT_LATER_CHANGE] = "later-change",
	    [REPORT_DROPPED] = "dropped",
	    [REPORT_UNKNOWN_ISSUER] = "unknown-issuer",
	    [REPORT_CHAIN] = "chain",
	    [REPORT_EXPIRED] = "expired",
	    [REPORT_NOT_YET] = "not-yet-valid",
	    [REPORT_REVOKED] = "revoked",
	    [REPORT_REVOKED_UNSURE] = "revoked-order-unknown",
	    [REPORT_NO_STATUS] = "no-status",
	    [REPORT_STAMP] = "time-stamp",
	};
	return names[reason];
}

const char *
report_verdict_name(enum report_verdict verdict)
{
	static const char *const names[] = {"valid", "invalid", "undecided"};
	return names[verdict];
}

const char *
report_change_name(enum report_change change)
{
	static const char *const names[] = {"unchanged", "extended", "changed", "unknown"};
	return names[change];
}
