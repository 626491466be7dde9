/*
 * Judges every signature of a PDF file: place, cryptography, chain to the certificates that the caller trusts, proven
 * time, status, what came later. From the newest time-stamp to the oldest signature, each proven time being the time at
 * which what it covers is judged [EN 319 102-1 5.6] in its main lines. What it cannot decide it says. Pure: the time is
 * a parameter, nothing is fetched. Files of strangers: the calling process must be jailed.
 */
#ifndef PARAPH_ADES_JUDGE_H
#define PARAPH_ADES_JUDGE_H

#include "ades/report.h"
#include "base/arena.h"

enum { JUDGE_ANCHORS_MAX = 64 };

/* anchors: DER certificates that are trusted (may be none). *ret_report lives in the arena. A file that cannot be read is
 * a report, not an error; errors are those of the arena. */
err_t judge_file(struct bytes data, const struct bytes *anchors, size_t anchors_n, int64_t now, struct arena *arena,
    struct report **ret_report);

#endif
