/*
 * Every limit of the service that is not policy, in one place. Policy numbers (lifetimes, windows) are in policy/ and conf.
 */
#ifndef PARAPH_BASE_LIMITS_H
#define PARAPH_BASE_LIMITS_H

enum {
	LIMIT_WIRE_MESSAGE = 64 * 1024,          /* octets of one message between programs */
	LIMIT_WIRE_FDS = 4,                      /* descriptors with one message */
	LIMIT_JSON_BODY = 256 * 1024,            /* octets of a JSON body */
	LIMIT_BODY_SECONDS = 60,                 /* that any body may take, however it comes … */
	LIMIT_BODY_RATE = 16 * 1024,             /* … and one second more for so many octets that came: less is too slow */
	LIMIT_DOCUMENT_MB = 500,                 /* MiB of one uploaded document */
	LIMIT_INCREMENT = 16 * 1024 * 1024,      /* octets that one signature may append */
	LIMIT_PAGES = 2000,                      /* pages above which the sender is warned */
	LIMIT_DOCUMENT_OBJECTS = 1000000,        /* objects of one PDF */
	LIMIT_DOCUMENT_CPU_SECONDS = 10,         /* CPU time of one document child */
	LIMIT_DOCUMENT_MEMORY_MB = 512,          /* address space of a document child, plus the file's size */
	LIMIT_SIGNERS = 20,                      /* signers of one request */
	LIMIT_DOCUMENTS = 10,                    /* documents of one request */
	LIMIT_PLAN = 256 * 1024,                 /* octets of a plan */
	LIMIT_NAME = 64,                         /* characters of a name [RFC 5280 ub-common-name], so … */
	LIMIT_NAME_OCTETS = 4 * LIMIT_NAME,      /* … many octets of UTF-8 */
	LIMIT_TITLE = 200,                       /* octets of a title */
	LIMIT_CODE_TRIES = 5,                    /* per signer and request, for ever */
	LIMIT_WRONG_CODES = 50,                  /* per address, for ever, less one for each right one: then another address */
	LIMIT_CODE_SENDS = 3,                    /* per signer and request, for ever */
	LIMIT_OCSP_REQUEST = 4096,               /* octets */
	LIMIT_TSP_REQUEST = 4096,                /* octets */
	LIMIT_SIGNATURE_HOLE = 16 * 1024,        /* octets of DER that may be kept for the CMS of a signature, and … */
	LIMIT_STAMP_HOLE = 8 * 1024,             /* … for a document time-stamp; as many are kept as the certificates ask for */
};

#endif
