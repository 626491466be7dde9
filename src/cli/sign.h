/* paraph sign: see its --help. */
#ifndef PARAPH_CLI_SIGN_H
#define PARAPH_CLI_SIGN_H

int sign_main(int argc, char **argv);

#endif
