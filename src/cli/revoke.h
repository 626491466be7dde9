/* paraph revoke: see its --help. */
#ifndef PARAPH_CLI_REVOKE_H
#define PARAPH_CLI_REVOKE_H

int revoke_main(int argc, char **argv);

#endif
