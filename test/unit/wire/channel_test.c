#include "wire/channel.h"
#include "unit.h"

#include <pb_encode.h>
#include <sys/socket.h>

static int ends[2];

static int
open_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int
close_pair(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static size_t
encode(uint8_t *room, size_t n, const paraph_Keys *m)
{
	pb_ostream_t out = pb_ostream_from_buffer(room, n);
	assert_true(pb_encode(&out, paraph_Keys_fields, m));
	return out.bytes_written;
}

static void
fill(paraph_Keys *m)
{
	m->id = 7;
	m->which_body = paraph_Keys_dss_put_tag;
	paraph_DssPut *d = &m->body.dss_put;
	d->certificates_count = sizeof d->certificates / sizeof d->certificates[0];
	for (size_t i = 0; i < d->certificates_count; i++) {
		d->certificates[i].size = 300;
		memset(d->certificates[i].bytes, 0xa5, 300);
	}
}

static bool
all_zero(const paraph_Keys *m)
{
	for (size_t i = 0; i < sizeof *m; i++)
		if (((const uint8_t *)m)[i] != 0)
			return false;
	return true;
}

/* Whatever was in a message before, the next one from the heap holds nothing of it. */
static void
new_messages_are_zero(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		paraph_Keys *some[20];
		for (size_t i = 0; i < 20; i++) {
			some[i] = message_new(&message_keys);
			assert_true(all_zero(some[i]));
			if (i % 3 == 0)
				fill(some[i]);
			else if (i % 3 == 1)
				message_outcome(&message_keys, some[i], 5, err_make(ERR_INPUT, "text"));
			else
				some[i]->body.dss_put.certificates[2].bytes[99] = 1; /* a body that never got its name */
		}
		for (size_t i = 0; i < 20; i++)
			message_free(&message_keys, some[i]);
	}
}

/* A short message after a long one: nothing of the long one is left behind the short one. */
static void
one_after_the_other(void **state)
{
	(void)state;
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	paraph_Keys *m = message_new(&message_keys), *in = message_new(&message_keys);
	fill(m);
	assert_ok(channel_send(ends[0], &message_keys, m, NULL, 0));
	assert_ok(channel_receive(ends[1], &message_keys, true, in, fds, &got));
	assert_true(got && in->which_body == paraph_Keys_dss_put_tag && in->body.dss_put.certificates[1].size == 300);
	assert_ok(channel_send_outcome(ends[0], &message_keys, 9, OK));
	assert_ok(channel_receive(ends[1], &message_keys, true, in, fds, &got));
	assert_true(got && in->which_body == paraph_Keys_outcome_tag);
	message_clear(&message_keys, in);
	assert_true(all_zero(in));
	message_free(&message_keys, m);
	message_free(&message_keys, in);
}

/* Two bodies in one packet, in both orders, and cut ones. */
static void
two_bodies_are_refused(void **state)
{
	(void)state;
	static uint8_t packet[LIMIT_WIRE_MESSAGE];
	int fds[LIMIT_WIRE_FDS];
	bool got = false;
	paraph_Keys *m = message_new(&message_keys), *small = message_new(&message_keys), *in = message_new(&message_keys);
	fill(m);
	small->which_body = paraph_Keys_health_tag;
	for (int order = 0; order < 2; order++) {
		size_t n = encode(packet, sizeof packet, order == 0 ? m : small);
		size_t all = n + encode(packet + n, sizeof packet - n, order == 0 ? small : m);
		assert_int_equal(send(ends[0], packet, all, 0), all);
		assert_err(channel_receive(ends[1], &message_keys, true, in, fds, &got), ERR_WIRE);
		for (size_t cut = 1; cut < n; cut += 97) {
			assert_int_equal(send(ends[0], packet, n - cut, 0), n - cut);
			assert_err(channel_receive(ends[1], &message_keys, true, in, fds, &got), ERR_WIRE);
		}
	}
	message_free(&message_keys, m);
	message_free(&message_keys, small);
	message_free(&message_keys, in);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(new_messages_are_zero),
    cmocka_unit_test_setup_teardown(one_after_the_other, open_pair, close_pair),
    cmocka_unit_test_setup_teardown(two_bodies_are_refused, open_pair, close_pair)};
UNIT_MAIN(tests)
