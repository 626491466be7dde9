/*
 * Registration records and subjects in the one binary form that this process digests and MACs. Keys believes nothing of
 * a person but what it MACed when the record was enrolled. Pure but for the MAC; any thread.
 */
#ifndef PARAPH_KEYS_REGISTRATION_H
#define PARAPH_KEYS_REGISTRATION_H

#include "keys/keystore.h"
#include "pki/name.h"
#include "wire/message.h"

/* Proves that all is there and well-formed: lengths, UTF-8 without controls, an address that fits the method.
 * ERR_INPUT. */
err_t registration_check(const paraph_Registration *r);
/* The MAC over the canonical form; registration_check first. */
void registration_mac(struct keystore *ks, const paraph_Registration *r, uint8_t ret_mac[KEYSTORE_MAC_LEN]);
/* ERR_MAC when the record is not one that was enrolled here, octet for octet. */
err_t registration_mac_check(struct keystore *ks, const paraph_Registration *r, struct bytes mac);

/* Who wrong codes are counted for, whatever id and digest core gives the record: a MAC over method and address, with small
 * letters for large ones, and an e-mail address without what stands from + to @. */
void registration_address_mac(struct keystore *ks, const paraph_Registration *r, uint8_t ret_mac[KEYSTORE_MAC_LEN]);

/* SHA-256 of the canonical form of a subject: DER SEQUENCE of its eight texts in the order of the message. */
void registration_subject_digest(const paraph_Subject *s, uint8_t ret_digest[DIGEST_SHA256_LEN]);
/* The subject as facts for a name; borrowed from s. ERR_INPUT when a text is not clean. */
err_t registration_subject_facts(const paraph_Subject *s, struct name_facts *ret_facts);

#endif
