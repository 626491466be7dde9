#include "api/certificates.h"
#include "api/files.h"
#include "api/registrations.h"
#include "api/requests.h"
#include "api/service.h"
#include "api/signing.h"

#define READ ROUTE_NO_EVENT
#define FREE ROUTE_RETRY_FREE
#define KEY ROUTE_RETRY_KEY
#define OPTIONAL ROUTE_RETRY_OPTIONAL
#define NONE ROUTE_BODY_NONE
#define JSON ROUTE_BODY_JSON
#define L(name) ROUTE_LIMIT_##name

const struct route route_table[] = {
	{FCGI_POST, "/v1/registrations", ROUTE_REGISTRATION, L(WRITE), "registration.made", JSON, KEY, registrations_post},
	{FCGI_GET, "/v1/registrations/{id}", ROUTE_REGISTRATION, L(READ), READ, NONE, FREE, registrations_get},

	{FCGI_POST, "/v1/files", ROUTE_SENDER, L(UPLOAD), "file.received", ROUTE_BODY_PDF, KEY, files_post},
	{FCGI_GET, "/v1/files/{id}", ROUTE_SENDER, L(READ), READ, NONE, FREE, files_get},

	{FCGI_POST, "/v1/requests", ROUTE_SENDER, L(WRITE), "request.made", JSON, KEY, requests_post},
	{FCGI_GET, "/v1/requests/{id}", ROUTE_SENDER, L(READ), READ, NONE, FREE, requests_get},
	{FCGI_GET, "/v1/requests/{id}/events", ROUTE_SENDER, L(READ), READ, NONE, FREE, requests_events},
	{FCGI_POST, "/v1/requests/{id}/send", ROUTE_SENDER, L(WRITE), "request.sent", NONE, KEY, requests_send},
	{FCGI_POST, "/v1/requests/{id}/cancel", ROUTE_SENDER, L(WRITE), "request.canceled", JSON, KEY, requests_cancel},
	{FCGI_GET, "/v1/requests/{id}/documents/{doc}", ROUTE_SENDER, L(READ), READ, NONE, FREE, requests_document},
	{FCGI_GET, "/v1/requests/{id}/proof", ROUTE_SENDER, L(READ), READ, NONE, FREE, requests_proof},

	{FCGI_POST, "/s/v1/session", ROUTE_PUBLIC, L(LINK), "session.opened", JSON, FREE, signing_session},
	{FCGI_GET, "/s/v1/request", ROUTE_SIGNER, L(SIGNER), READ, NONE, FREE, signing_request},
	{FCGI_GET, "/s/v1/documents/{n}", ROUTE_SIGNER, L(SIGNER), READ, NONE, FREE, signing_document},
	{FCGI_POST, "/s/v1/code", ROUTE_SIGNER, L(SIGNER), "activation.begun", NONE, OPTIONAL, signing_code},
	{FCGI_POST, "/s/v1/code/try", ROUTE_SIGNER, L(SIGNER), "activation.proved", ROUTE_BODY_SECRET, FREE, signing_code_try},
	{FCGI_POST, "/s/v1/consent", ROUTE_SIGNER, L(SIGNER), "activation.complete", JSON, OPTIONAL, signing_consent},
	{FCGI_POST, "/s/v1/sign", ROUTE_SIGNER, L(SIGNER), "intent.committed", NONE, FREE, signing_sign},
	{FCGI_GET, "/s/v1/result", ROUTE_SIGNER, L(SIGNER), READ, NONE, FREE, signing_result},
	{FCGI_POST, "/s/v1/decline", ROUTE_SIGNER, L(SIGNER), "signer.declined", JSON, OPTIONAL, signing_decline},
	{FCGI_GET, "/s/v1/signed/{n}", ROUTE_SIGNER, L(SIGNER), READ, NONE, FREE, signing_signed},
	{FCGI_POST, "/s/v1/revoke", ROUTE_SIGNER, L(SIGNER), "certificate.revoked", NONE, FREE, signing_revoke},

	{FCGI_GET, "/v1/certificates/{serial}", ROUTE_KEY, L(READ), READ, NONE, FREE, certificates_get},
	{FCGI_POST, "/v1/certificates/{serial}/revoke", ROUTE_KEY, L(WRITE), "certificate.revoked", JSON, KEY, certificates_revoke},

	{FCGI_GET, "/v1/health", ROUTE_PUBLIC, L(READ), READ, NONE, FREE, service_health},
	{FCGI_GET, "/v1/audit/checkpoint", ROUTE_PUBLIC, L(READ), READ, NONE, FREE, service_checkpoint},
	{FCGI_GET, "/v1/audit/proof", ROUTE_KEY, L(READ), READ, NONE, FREE, service_audit_proof},
	{FCGI_GET, "/v1/ca/root.pem", ROUTE_PUBLIC, L(READ), READ, NONE, FREE, service_root},
};

const size_t route_table_n = sizeof route_table / sizeof *route_table;
