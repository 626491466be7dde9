/*
 * The forbidden acts that a jailed program tries itself, in its final state, to prove its jail (builds with fault hooks
 * only). A program started with --attempt=ACT[:ARGUMENT] runs everything up to and including its jail, then attempt_main,
 * then exits.
 */
#ifndef PARAPH_OS_ATTEMPT_H
#define PARAPH_OS_ATTEMPT_H

#include "base/err.h"

/* The act asked for among the arguments, NULL when none. Always NULL without fault hooks. */
const char *attempt_wanted(int argc, char **argv);

/* Where a process reaches its final state deep inside its work: tries the act that attempt_wanted found and ends the
 * process with the status of attempt_main; nothing without one. */
void attempt_point(void);

/* Tries the act: read-other:PATH, write-outside:PATH, inet-socket, execve, ptrace:PID, signal:PID, fork, and prints
 * "denied ACT" or "DONE ACT". Gives the exit status: 0 denied, 1 it worked, 2 no such act. */
int attempt_main(const char *act);

#endif
