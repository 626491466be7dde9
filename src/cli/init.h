/* paraph init: see init_main's --help. */
#ifndef PARAPH_CLI_INIT_H
#define PARAPH_CLI_INIT_H

int init_main(int argc, char **argv);

#endif
