/* Core's questions: stamps, OCSP answers, the root of the journal behind them, health. Answered in whatever order the key process answers. One thread. */
#ifndef PARAPH_STATUS_COLLEAGUE_H
#define PARAPH_STATUS_COLLEAGUE_H

#include "status/status.h"

/* Takes the descriptor of the channel core-status-N; an old one is closed. */
err_t colleague_connect(struct status *status, int fd);

#endif
