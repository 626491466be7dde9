/* Plans for the tests of pdf: one by hand, and as many random ones as a property test wants. */
#ifndef PARAPH_TEST_PDF_SAMPLES_H
#define PARAPH_TEST_PDF_SAMPLES_H

#include "pdf/plan.h"
#include "unit.h"

/* Two signers, visible and invisible, each with a time-stamp field. */
static inline void
samples_plan(struct plan *p, enum plan_xref xref)
{
	*p = (struct plan){.xref = xref, .length = 5000, .startxref = 4800, .next = 30, .root = {1, 0}, .info = {2, 0},
	    .id = {BYTES_OF("0123456789abcde"), BYTES_OF("fedcba987654321")}, .trailer = str_bytes(STR(" /DocChecksum /00")), .dss = {20, 0},
	    .dss_entries = str_bytes(STR("/Type /DSS")), .dss_certs = str_bytes(STR("12 0 R")), .fields_n = 4};
	p->fields[0] = (struct plan_field){.kind = PLAN_SIGNATURE, .signer = 0, .object = {21, 0}, .page = {3, 0}, .page_number = 1,
	    .rect = {1000, -2000, 181500, 52000}, .name = STR("Signature1"), .entries = str_bytes(STR("/FT /Sig")), .appearance = {22, 0},
	    .appearance_entries = str_bytes(STR("/Type /XObject /Subtype /Form /BBox [0 0 9 9]")), .appearance_data = str_bytes(STR("0 0 m"))};
	p->fields[1] = (struct plan_field){.kind = PLAN_SIGNATURE, .signer = 1, .object = {23, 7}, .page = {3, 0}, .page_number = 1,
	    .name = STR("Υπογραφή"), .entries = str_bytes(STR("/FT /Sig /Kids [24 0 R]")), .widget = {24, 0},
	    .widget_entries = str_bytes(STR("/Subtype /Widget")), .appearance = {25, 0}, .appearance_data = str_bytes(STR("x"))};
	p->fields[2] = (struct plan_field){.kind = PLAN_STAMP, .signer = 0, .object = {26, 0}, .name = STR("t0"),
	    .entries = str_bytes(STR("/FT /Sig"))};
	p->fields[3] = (struct plan_field){.kind = PLAN_STAMP, .signer = 1, .object = {27, 0}, .name = STR("t1"),
	    .entries = str_bytes(STR("/FT /Sig"))};
}

static inline struct bytes
samples_run(uint8_t *room, size_t *at, size_t most)
{
	size_t n = unit_below(4) == 0 ? 0 : unit_below(most + 1);
	struct bytes run = {room + *at, n};
	*at += n;
	return run;
}

static inline struct literal_ref
samples_ref(bool least_one)
{
	return (struct literal_ref){(uint32_t)(unit_below(1u << 31) + least_one), (uint16_t)unit_next()};
}

enum { SAMPLES_ROOM = 1 << 18 };

/* A random plan within its limits; its octets are in room (SAMPLES_ROOM of them, filled with random octets before). */
static inline void
samples_random(struct plan *p, uint8_t *room)
{
	size_t at = 0;
	*p = (struct plan){.xref = (enum plan_xref)(1 + unit_below(3)), .length = 1 + unit_below(PLAN_LENGTH_MAX),
	    .next = (uint32_t)unit_below(PLAN_NUMBER_MAX), .root = samples_ref(true), .info = samples_ref(false), .dss = samples_ref(true)};
	p->startxref = unit_below(p->length);
	p->shift = (uint32_t)(unit_below(p->length) & 1023);
	if (p->shift >= p->length)
		p->shift = 0;
	if (unit_below(2) == 1) {
		p->id[0] = bytes(room, 1 + unit_below(PLAN_ID_MAX));
		p->id[1] = bytes(room, 1 + unit_below(PLAN_ID_MAX));
	}
	p->trailer = samples_run(room, &at, 500);
	p->dss_entries = samples_run(room, &at, 500);
	p->dss_certs = samples_run(room, &at, 500);
	p->dss_ocsps = samples_run(room, &at, 500);
	p->dss_crls = samples_run(room, &at, 500);
	p->fields_n = unit_below(PLAN_FIELDS_MAX + 1);
	for (size_t i = 0; i < p->fields_n; i++) {
		struct plan_field *f = &p->fields[i];
		*f = (struct plan_field){.kind = (enum plan_kind)(1 + unit_below(2)), .signer = (uint16_t)unit_below(LIMIT_SIGNERS),
		    .object = samples_ref(true), .page = samples_ref(false), .page_number = (uint32_t)unit_next(),
		    .name = unit_below(2) ? STR("Name") : STR("签名"), .entries = samples_run(room, &at, 800)};
		for (size_t j = 0; j < 4; j++)
			f->rect[j] = (int32_t)(uint32_t)unit_next();
		if (unit_below(2) == 1) {
			f->widget = samples_ref(true);
			f->widget_entries = samples_run(room, &at, 300);
		}
		if (unit_below(2) == 1) {
			f->appearance = samples_ref(true);
			f->appearance_entries = samples_run(room, &at, 600);
			f->appearance_data = samples_run(room, &at, 2000);
		}
	}
}

#endif
